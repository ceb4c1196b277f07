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

"""The live picture: a camera image, made smaller, as JPEG, with faces and landmarks as data."""

from collections.abc import Mapping

import cv2
import numpy as np

from emotion_recognition.dashboard.convert import box_view, landmark_points
from emotion_recognition.dashboard.schemas import FaceView, FrameHeader, ImageSize
from emotion_recognition.estimate import Box
from emotion_recognition.model.face_points import five_points
from emotion_recognition.vision.align import cut_face, place_face, points_of
from emotion_recognition.vision.detect import Detection
from emotion_recognition.vision.landmarks import LandmarkFinder, Landmarks

_QUALITY = 70


class Preview:
    """Makes the binary messages of the live view: header, then JPEG (see docs/dashboard-api.md)."""

    def __init__(self, width: int) -> None:
        """Load the landmark network.

        Raises:
            model.checkpoint.CheckpointError: Its weights are missing or damaged.
        """
        self._width = width
        self._finder = LandmarkFinder()

    def message(self, stamp_ns: int, image: np.ndarray, faces: Mapping[str, Box]) -> bytes:
        """Return the message of one image.

        Args:
            stamp_ns: Its time.
            image: uint8 BGR (height, width, 3).
            faces: Box of each person's face, pixels, as of the newest estimates.
        """
        height, width = image.shape[:2]
        small = image
        if width > self._width:
            size = self._width, max(1, round(height * self._width / width))
            small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
        _, jpeg = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
        header = FrameHeader(
            time=stamp_ns / 1e9,
            width=small.shape[1],
            height=small.shape[0],
            image=ImageSize(width=width, height=height),
            faces=[self._face(image, subject, box) for subject, box in faces.items()],
        )
        return framed(header, jpeg.tobytes())

    def _face(self, image: np.ndarray, subject: str, box: Box) -> FaceView:
        landmarks = self._landmarks(image, box)
        points = None if landmarks is None else landmark_points(landmarks)
        return FaceView(subject=subject, box=box_view(box), landmarks=points)

    def _landmarks(self, image: np.ndarray, box: Box) -> Landmarks | None:
        """Find landmarks near a box, which is of an image some tenths of a second before."""
        placement = place_face(points_of(Detection(box, 1.0, None)))
        first = self._finder.find(cut_face(image, placement), placement)
        if first is None:
            return None
        placement = place_face(five_points(first.points))
        return self._finder.find(cut_face(image, placement), placement) or first


def framed(header: FrameHeader, jpeg: bytes) -> bytes:
    """Return length of the header (4 bytes, big-endian), the header as JSON, and the JPEG."""
    text = header.model_dump_json().encode()
    return len(text).to_bytes(4, "big") + text + jpeg
