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

"""The 68-point layout of a face, as of 300-W (Sagonas et al. 2013) and Multi-PIE before it.

Right and left are the person's own; points run from the person's right to the left, and around an
eye or the lips clockwise as the camera sees them, from the corner at the person's right.
"""

import numpy as np
from numpy.typing import NDArray

POINTS = 68
JAW = slice(0, 17)
RIGHT_BROW, LEFT_BROW = slice(17, 22), slice(22, 27)
NOSE = slice(27, 36)
NOSE_TIP = 30
RIGHT_EYE, LEFT_EYE = slice(36, 42), slice(42, 48)  # corner, two above, corner, two below
RIGHT_EYE_CORNER, LEFT_EYE_CORNER = 36, 45  # the outer ones
OUTER_LIPS, INNER_LIPS = slice(48, 60), slice(60, 68)
RIGHT_MOUTH_CORNER, LEFT_MOUTH_CORNER = 48, 54

_JAW, _BROWS, _NOSE = range(16, -1, -1), range(26, 16, -1), (27, 28, 29, 30, 35, 34, 33, 32, 31)
_EYES = (45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40)
_LIPS = (54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55, 64, 63, 62, 61, 60, 67, 66, 65)
MIRRORED = np.array([*_JAW, *_BROWS, *_NOSE, *_EYES, *_LIPS])
"""Point i of a mirrored face is point ``MIRRORED[i]`` of the face, mirrored."""


def mirror(points: NDArray[np.float32], width: float) -> NDArray[np.float32]:
    """Return the points (..., 68, 2) of the mirror image, in an image of ``width`` pixels."""
    swapped = points[..., MIRRORED, :]
    return np.stack([width - 1 - swapped[..., 0], swapped[..., 1]], axis=-1)


def eye_distance(points: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the distance (...) between the outer corners of the eyes of points (..., 68, 2)."""
    across = points[..., LEFT_EYE_CORNER, :] - points[..., RIGHT_EYE_CORNER, :]
    return np.hypot(across[..., 0], across[..., 1])


def point_errors(found: NDArray[np.float32], true: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return each point's distance (..., 68) from the truth, in inter-ocular units.

    The unit is the distance between the outer corners of the true eyes, as on 300-W. The mean over
    the points of a face is its NME, the normalised mean error.
    """
    distance = np.hypot(found[..., 0] - true[..., 0], found[..., 1] - true[..., 1])
    return distance / np.maximum(eye_distance(true), 1e-6)[..., None]


def five_points(points: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the five points (..., 5, 2) that face detectors give.

    Right and left eye (the mean around each), nose tip, right and left corner of the mouth.
    """
    eyes = [points[..., eye, :].mean(axis=-2) for eye in (RIGHT_EYE, LEFT_EYE)]
    others = (NOSE_TIP, RIGHT_MOUTH_CORNER, LEFT_MOUTH_CORNER)
    return np.stack([*eyes, *(points[..., other, :] for other in others)], axis=-2)
