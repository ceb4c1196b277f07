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

"""Fit the map from class probabilities to valence and arousal on people's ratings of faces.

``python -m emotion_recognition.training.valence_arousal --data DIR`` prints the rating of each
class. The fusion stage fits the same map and stores it with the network.
"""

import argparse
from pathlib import Path

import numpy as np
import numpy.typing as npt

from emotion_recognition.corpora import affectnet
from emotion_recognition.emotions import EMOTIONS, canonical

CALM_AROUSAL = -0.1
"""Arousal of calm relative to neutral: our assumption, since nobody rated calm faces here.

Calm and neutral faces are alike in valence; the circumplex of affect (Russell 1980) places calm
below the middle of arousal.
"""


def fit_ratings(faces: affectnet.RatedFaces) -> npt.NDArray[np.floating]:
    """Fit by least squares, for each of AffectNet's classes, its valence and arousal (8, 2).

    The rating of a face is the mean of its classes' ratings, weighted by the share of people who
    chose each. Shares sum to 1, so there is no constant term.
    """
    ratings = np.stack([faces.valence, faces.arousal], axis=1)
    return np.linalg.lstsq(faces.expressions, ratings, rcond=None)[0]


def emotion_ratings(affectnet_ratings: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
    """Carry the ratings (8, 2) of AffectNet's classes over to ``EMOTIONS``.

    Contempt is not among ours; calm is placed at neutral with arousal ``CALM_AROUSAL`` lower.
    """
    by_name = {
        canonical(name): rating
        for name, rating in zip(affectnet.CLASSES, affectnet_ratings, strict=True)
        if name != "contempt"
    }
    by_name["calm"] = by_name["neutral"] + (0.0, CALM_AROUSAL)
    return np.stack([by_name[name] for name in EMOTIONS]).clip(-1, 1)


def main(arguments: list[str] | None = None) -> None:
    """Print the rating of each class."""
    parser = argparse.ArgumentParser(description="Fit valence and arousal of each emotion.")
    parser.add_argument("--data", type=Path, required=True, help="folder of the corpora")
    options = parser.parse_args(arguments)
    ratings = emotion_ratings(fit_ratings(affectnet.rated_faces(options.data, 1)))
    for name, (valence, arousal) in zip(EMOTIONS, ratings, strict=True):
        print(f"{name:10} valence {valence:+.3f} arousal {arousal:+.3f}")


if __name__ == "__main__":
    main()
