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

"""The detector for images that are cut out about one face: somebody else has found it already."""

import numpy as np
from numpy.typing import NDArray

from emotion_recognition.estimate import Box
from emotion_recognition.vision.detect import Detection, FaceDetector

_LEAST_SCORE = 0.6
_LEAST_SHARE = 1 / 3  # of the crop's longest side


class CroppedFace:
    """Takes what an image shows for one face, wherever a detector sees none; see ``FaceDetector``.

    A detector says where in the crop eyes and mouth are, however wide the crop is cut. Where it
    finds nothing (turned away, covered, too coarse), the whole crop is the face all the same, save
    for black rows and columns at its edges: REP-155 has crops filled up with zeros where their
    sides do not fit.
    """

    gives_points = False  # not always: the landmarks are to be found

    def __init__(self, detector: FaceDetector) -> None:
        self._detector = detector
        self.name = f"tracked faces, {detector.name}"

    def detect(self, image: np.ndarray) -> list[Detection]:
        """Return the one face of a uint8 BGR image (height, width, 3); none if all is black."""
        least = _LEAST_SHARE * max(image.shape[:2])
        seen = [
            face
            for face in self._detector.detect(image)
            if face.score >= _LEAST_SCORE and max(face.box.width, face.box.height) >= least
        ]
        if seen:
            return [max(seen, key=lambda face: face.score)]
        box = shown(image)
        return [] if box is None else [Detection(box, 1.0, None)]


def shown(image: np.ndarray) -> Box | None:
    """Return the part of a uint8 image (height, width, 3) within black edges; None if all is."""
    pixels: NDArray[np.bool_] = image.max(axis=2) > 0
    rows, columns = np.flatnonzero(pixels.any(axis=1)), np.flatnonzero(pixels.any(axis=0))
    if not len(rows):
        return None
    left, top = int(columns[0]), int(rows[0])
    return Box(left, top, int(columns[-1]) - left + 1, int(rows[-1]) - top + 1)
