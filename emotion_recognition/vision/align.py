"""Cutting a face out of a frame so that eyes and mouth always lie at the same place.

A similarity transform (shift, turn, scale) brings the five points of a face as near as it can, in
the least-squares sense, to those of a template (Umeyama 1991, in the plane: one complex factor and
one complex shift). The template is where the points lie, on average, in the images that the frame
encoder learns from, so the encoder meets faces as it knows them.
"""

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


def align_face(
    image: np.ndarray, detection: Detection, size: int = 48, colour: bool = False
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
    points = detection.points if detection.points is not None else box_points(detection.box)
    factor, shift = fit_similarity(points, (TEMPLATE + 0.5) * size / TEMPLATE_SIZE - 0.5)
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


def box_points(box: Box) -> np.ndarray:
    """Where the five points (5, 2) of a face typically lie in a box."""
    return BOX_POINTS * [box.width, box.height] + [box.x, box.y]
