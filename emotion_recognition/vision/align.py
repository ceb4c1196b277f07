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

"""Cutting a face out of a frame so that eyes and mouth always lie at the same place.

A similarity transform (shift, turn, scale) brings the five points of a face as near as it can, in
the least-squares sense, to those of a template (Umeyama 1991, in the plane: one complex factor and
one complex shift). The template is where the points lie, on average, in the images that the frame
encoder learns from, so the encoder meets faces as it knows them.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from emotion_recognition.estimate import Box
from emotion_recognition.vision.detect import Detection

# Pixels of a 48x48 crop, pixel centres at whole numbers: right eye, left eye, nose tip, right and
# left corner of the mouth. Medians over FER+ training faces, made symmetric; printed by the bench.
TEMPLATE = np.array(
    [[14.5, 18.1], [32.3, 18.1], [23.4, 28.2], [16.3, 36.4], [30.5, 36.4]], np.float32
)
TEMPLATE_SIZE = 48
# Share of the box, where a detector finds boxes only: the Haar cascade's, printed by the bench.
BOX_POINTS = np.array(
    [[0.30, 0.40], [0.68, 0.40], [0.48, 0.63], [0.34, 0.81], [0.67, 0.81]], np.float32
)
MAX_OVERSAMPLING = 8


@dataclass(frozen=True)
class Placement:
    """The similarity that takes pixels of an image to pixels of a crop.

    Points are complex numbers, x + iy: ``crop = factor * image + shift``.
    """

    factor: complex
    shift: complex

    def resized(self, size: int) -> "Placement":
        """Return the placement of the same crop at ``size`` pixels, where this is for a 48x48."""
        scale = size / TEMPLATE_SIZE
        return Placement(self.factor * scale, (self.shift + 0.5 + 0.5j) * scale - (0.5 + 0.5j))

    def to_image(self, points: np.ndarray) -> np.ndarray:
        """Return where points (n, 2) of the crop lie in the image, (n, 2) float32."""
        places = (points.astype(np.float64) @ [1, 1j] - self.shift) / self.factor
        return np.stack([places.real, places.imag], axis=1).astype(np.float32)


def place_face(points: np.ndarray, size: int = TEMPLATE_SIZE) -> Placement:
    """Return the placement that brings five points (5, 2) of a face nearest to the template's.

    Args:
        points: Pixels of the image; as of ``Detection``.
        size: Side of the crop in pixels.
    """
    factor, shift = fit_similarity(points, (TEMPLATE + 0.5) * size / TEMPLATE_SIZE - 0.5)
    return Placement(factor, shift)


def align_face(
    image: np.ndarray, detection: Detection, size: int = TEMPLATE_SIZE, colour: bool = False
) -> np.ndarray:
    """Cut out one face.

    Args:
        image: uint8 BGR (height, width, 3).
        detection: The face; without points the typical place of the points in its box is used.
        size: Side of the result in pixels.
        colour: RGB in place of grey.

    Returns:
        uint8 grey (size, size) or RGB (size, size, 3). Parts outside of the image repeat its edge.
    """
    return cut_face(image, place_face(points_of(detection), size), size, colour)


def cut_face(
    image: np.ndarray, placement: Placement, size: int = TEMPLATE_SIZE, colour: bool = False
) -> np.ndarray:
    """Cut out a face that is placed already; arguments and result as of ``align_face``."""
    factor, shift = placement.factor, placement.shift
    # Sampled about as finely as the image itself and then averaged down: no aliasing.
    shrinkage = 1 / max(abs(factor), 1 / MAX_OVERSAMPLING)
    fine = max(1, int(np.ceil(shrinkage - 0.01)))
    factor, shift = factor * fine, (shift + 0.5 + 0.5j) * fine - (0.5 + 0.5j)
    warp = np.array(
        [[factor.real, -factor.imag, shift.real], [factor.imag, factor.real, shift.imag]]
    )
    patch = cv2.warpAffine(image, warp, (size * fine, size * fine), borderMode=cv2.BORDER_REPLICATE)
    patch = cv2.cvtColor(patch, cv2.COLOR_BGR2RGB if colour else cv2.COLOR_BGR2GRAY)
    return cv2.resize(patch, (size, size), interpolation=cv2.INTER_AREA)


def fit_similarity(source: np.ndarray, target: np.ndarray) -> tuple[complex, complex]:
    """Find ``factor`` and ``shift`` that minimise the sum of |factor * source + shift - target|^2.

    Args:
        source: (n, 2) points in the plane, x and y, not all the same.
        target: (n, 2) points.

    Returns:
        Complex numbers: ``abs(factor)`` is the scale, its angle the rotation.
    """
    from_, to = (points.astype(np.float64) @ [1, 1j] for points in (source, target))
    centred = from_ - from_.mean()
    spread = max(float(np.sum(np.abs(centred) ** 2)), 1e-12)  # points all in one place: scale 0
    factor = complex(np.sum(np.conj(centred) * (to - to.mean())) / spread)
    return factor, complex(to.mean() - factor * from_.mean())


def points_of(detection: Detection) -> np.ndarray:
    """The five points (5, 2) of a detection, or where they typically lie in its box."""
    return box_points(detection.box) if detection.points is None else detection.points


def box_points(box: Box) -> np.ndarray:
    """Where the five points (5, 2) of a face typically lie in a box."""
    return BOX_POINTS * [box.width, box.height] + [box.x, box.y]
