# Copyright 2026 The emotion_recognition authors
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.

"""AffectNet faces (Mollahosseini et al. 2017), rated by 25 people: classes, valence, arousal."""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

CLASSES: tuple[str, ...] = (
    "happiness",
    "sadness",
    "surprise",
    "fear",
    "disgust",
    "anger",
    "contempt",
    "neutral",
)
"""Expressions in the order of their numbers in the files."""


@dataclass(frozen=True)
class RatedFaces:
    """What 25 people saw in each of N faces.

    Attributes:
        expressions: (N, 8) share of the people who chose each of ``CLASSES``; rows sum to 1.
        valence: (N,) mean rating, -1 to 1.
        arousal: (N,) mean rating, -1 to 1.
    """

    expressions: npt.NDArray[np.float64]
    valence: npt.NDArray[np.float64]
    arousal: npt.NDArray[np.float64]


def rated_faces(data: Path, number: int) -> RatedFaces:
    """Read set 1 or 2 below ``data/affectnet_c25``.

    Raises:
        FileNotFoundError: a file of the set is missing.
        ValueError: the three files do not list the same faces.
    """
    folder = data / "affectnet_c25"
    faces, choices = _table(folder / f"expression_set{number}_C25.csv")
    valence_faces, valence = _table(folder / f"valence_set{number}_C25.csv")
    arousal_faces, arousal = _table(folder / f"arousal_set{number}_C25.csv")
    if not faces == valence_faces == arousal_faces:
        raise ValueError(f"the files of set {number} in '{folder}' do not list the same faces")
    shares = (choices[:, :, None] == np.arange(len(CLASSES))).mean(axis=1)
    return RatedFaces(shares, valence.mean(axis=1), arousal.mean(axis=1))


def _table(path: Path) -> tuple[list[str], npt.NDArray[np.float64]]:
    with path.open(newline="") as file:
        rows = list(csv.reader(file))[1:]
    return [row[1] for row in rows], np.array([row[2:] for row in rows], dtype=np.float64)
