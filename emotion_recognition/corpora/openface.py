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

"""Action units of the RAVDESS audio-video clips, by OpenFace: each clip's mean over its frames.

A semicolon-separated table: 17 intensities (``AU01_r`` ..., 0 to 5), 18 presences (``AU01_c`` ...,
share of the frames, 0 to 1) and ``name``, the clip's.
"""

import csv
import logging
from pathlib import Path

import numpy as np
import numpy.typing as npt

logger = logging.getLogger(__name__)

FILE = "ravdess_openface_aus.csv"

INTENSITIES, PRESENCES = 17, 18

ACTION_UNITS = INTENSITIES + PRESENCES
"""Numbers that describe a clip's face."""


def clip_key(name: str) -> str:
    """Return what a clip's sound and video share in their names: all but modality and channel."""
    return name.split("-", 2)[2]


def action_units(data: Path) -> dict[str, npt.NDArray[np.float32]]:
    """Read ``data/ravdess_openface_aus.csv``: (35,) intensities, then presences, by clip key.

    Rows that are cut off are left out, with a warning.

    Raises:
        FileNotFoundError: there is no such table.
        ValueError: it has other columns.
    """
    path = data / FILE
    if not path.is_file():
        raise FileNotFoundError(f"no table of action units '{path}': check --data")
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file, delimiter=";")
        columns = [c for c in reader.fieldnames or () if c.startswith("AU")]
        found = (
            sum(c.endswith("_r") for c in columns),
            sum(c.endswith("_c") for c in columns),
            "name" in (reader.fieldnames or ()),
        )
        if found != (INTENSITIES, PRESENCES, True):
            raise ValueError(
                f"'{path}' has {found[0]} columns AU.._r and {found[1]} AU.._c: expected "
                f"{INTENSITIES}, {PRESENCES} and 'name', separated by ';'"
            )
        rows = list(reader)
    whole = [row for row in rows if row["name"]]
    if len(whole) < len(rows):
        logger.warning("'%s': %d row(s) are cut off, left out", path, len(rows) - len(whole))
    return {
        clip_key(row["name"]): np.array([row[c] for c in columns], dtype=np.float32)
        for row in whole
    }
