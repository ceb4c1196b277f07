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

"""What the landmarks of a face say about its expression: openings, heights, widths.

Each number is a distance over another of the same face, so neither the size of the face in the
image nor a turn of the head within the image plane changes it. Which distances tell expressions
apart follows Tian, Kanade and Cohn 2001 ("Recognizing action units for facial expression
analysis", table 4); the action units named are those of FACS (Ekman and Friesen 1978). They vary
from person to person: compare a face with itself at rest.
"""

from dataclasses import dataclass

import numpy as np

from emotion_recognition.model.face_points import (
    INNER_LIPS,
    LEFT_BROW,
    LEFT_EYE,
    LEFT_EYE_CORNER,
    LEFT_MOUTH_CORNER,
    OUTER_LIPS,
    POINTS,
    RIGHT_BROW,
    RIGHT_EYE,
    RIGHT_EYE_CORNER,
    RIGHT_MOUTH_CORNER,
)


@dataclass(frozen=True)
class FaceGeometry:
    """Proportions of one face; the unit is the distance between the outer corners of the eyes.

    Right and left are the person's own. The eyes' openings are ratios of each eye.
    """

    right_eye_opening: float  # eye aspect ratio, about 0.1 shut and 0.3 open
    left_eye_opening: float
    right_brow_height: float  # middle of the brow over the middle of the eye (units 1, 2, less 4)
    left_brow_height: float
    brow_gap: float  # between the inner ends of the brows (less with unit 4)
    mouth_opening: float  # between the inner edges of the lips (units 25 to 27)
    mouth_width: float  # from corner to corner (more with 12 and 20, less with 18)
    mouth_corner_lift: float  # corners over the middle of the lips (unit 12; negative: 15)
    roll: float  # radians, the line of the eyes against the image's rows; clockwise is positive


def face_geometry(points: np.ndarray) -> FaceGeometry:
    """Measure a face.

    Args:
        points: (68, 2) landmarks, x to the right and y down, in any unit.

    Raises:
        ValueError: The points have another shape, or the eyes lie in one place.
    """
    if points.shape != (POINTS, 2):
        raise ValueError(f"landmarks {points.shape}: expected ({POINTS}, 2)")
    across = points[LEFT_EYE_CORNER] - points[RIGHT_EYE_CORNER]
    unit = float(np.hypot(*across))
    if not unit > 0:
        raise ValueError("the outer corners of both eyes lie in the same place")
    up = np.array([across[1], -across[0]]) / unit

    def height(higher: np.ndarray, lower: np.ndarray) -> float:
        """How much one point lies over another, square to the line of the eyes."""
        return float((higher - lower) @ up) / unit

    def distance(first: int, second: int) -> float:
        return float(np.hypot(*(points[first] - points[second]))) / unit

    right_eye, left_eye = points[RIGHT_EYE], points[LEFT_EYE]
    lips, inner = points[OUTER_LIPS], points[INNER_LIPS]
    corners = (points[RIGHT_MOUTH_CORNER] + points[LEFT_MOUTH_CORNER]) / 2
    return FaceGeometry(
        right_eye_opening=eye_aspect_ratio(right_eye),
        left_eye_opening=eye_aspect_ratio(left_eye),
        right_brow_height=height(points[RIGHT_BROW].mean(axis=0), right_eye.mean(axis=0)),
        left_brow_height=height(points[LEFT_BROW].mean(axis=0), left_eye.mean(axis=0)),
        brow_gap=distance(RIGHT_BROW.stop - 1, LEFT_BROW.start),
        # Three pairs, one above the other, between the inner corners.
        mouth_opening=height(inner[[1, 2, 3]].mean(axis=0), inner[[7, 6, 5]].mean(axis=0)),
        mouth_width=distance(RIGHT_MOUTH_CORNER, LEFT_MOUTH_CORNER),
        mouth_corner_lift=height(corners, (lips[3] + lips[9]) / 2),
        roll=float(np.arctan2(across[1], across[0])),
    )


def eye_aspect_ratio(eye: np.ndarray) -> float:
    """Height over width of one eye, (6, 2) points: Soukupová and Čech 2016, equation 1."""
    height = np.hypot(*(eye[1] - eye[5])) + np.hypot(*(eye[2] - eye[4]))
    return float(height / max(2 * np.hypot(*(eye[0] - eye[3])), 1e-9))
