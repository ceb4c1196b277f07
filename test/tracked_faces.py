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

"""Faces as ROS4HRI tracks them, out of real clips: one crop for each image, with its time."""

from pathlib import Path

import cv2
import numpy as np

from emotion_recognition.bags.events import FrameEvent
from emotion_recognition.bags.read import read_events
from emotion_recognition.vision.detect import make_detector

SIDE = 128  # px, the default of REP-155


def crops_of(clip: Path, margin: float = 0.0, every: int = 3) -> list[tuple[int, np.ndarray]]:
    """Stamps, and crops about the face of a clip, filled up with zeros to a square of SIDE.

    The face is sought by the Haar cascade, which the package does not use for crops, so that its
    own search is put to the test; ``margin`` is left about it, in shares of its size.
    """
    detector = make_detector("haar")
    found = []
    for index, event in enumerate(read_events(clip, with_audio=False)):
        assert isinstance(event, FrameEvent)
        if index % every:
            continue
        image = event.image()
        faces = detector.detect(image)
        if faces:
            box = max(faces, key=lambda face: face.box.width).box
            x, y = round(margin * box.width), round(margin * box.height)
            rows = slice(max(0, box.y - y), box.y + box.height + y)
            columns = slice(max(0, box.x - x), box.x + box.width + x)
            found.append((event.stamp_ns, padded(image[rows, columns])))
    return found


def padded(image: np.ndarray) -> np.ndarray:
    """The image scaled into the middle of a black square."""
    scale = SIDE / max(image.shape[:2])
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    small = small[:SIDE, :SIDE]
    square = np.zeros((SIDE, SIDE, 3), np.uint8)
    top, left = (SIDE - small.shape[0]) // 2, (SIDE - small.shape[1]) // 2
    square[top : top + small.shape[0], left : left + small.shape[1]] = small
    return square
