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

"""Squares as faces: where they are painted they are found, and their brightness is their mouth."""

from collections.abc import Iterable, Sequence

import numpy as np
import pytest
from readable_streams import CHUNK, SECOND, START, CountingModel, Sound

from emotion_recognition.estimate import Box, Estimate
from emotion_recognition.model.emotion_model import Prediction
from emotion_recognition.model.face_points import POINTS
from emotion_recognition.recognizer import Recognizer, RecognizerConfig
from emotion_recognition.vision.align import TEMPLATE
from emotion_recognition.vision.detect import Detection
from emotion_recognition.vision.landmarks import Landmarks
from emotion_recognition.vision.stream import VisionConfig

SIZE, TOP = 60, 80  # px, of a face
STILL = 100  # brightness of a mouth that does not move
UNSEEN = 200  # brightness of a face whose mouth cannot be seen


def paint(*faces: tuple[int, int]) -> np.ndarray:
    """A picture (240, 640) with a face for each (left side, brightness)."""
    image = np.zeros((240, 640, 3), np.uint8)
    for left, brightness in faces:
        image[TOP : TOP + SIZE, left : left + SIZE] = brightness
    return image


def talking(index: int) -> int:
    """Brightness of a speaking mouth in the image of that number, of ten a second."""
    return (STILL, 140, 120, 160)[index % 4]


class SquareDetector:
    name = "squares"
    gives_points = True

    def detect(self, image: np.ndarray) -> list[Detection]:
        shown = np.pad(image[TOP, :, 0] > 0, 1).astype(int)
        begins, ends = (np.flatnonzero(np.diff(shown) == edge) for edge in (1, -1))
        found = []
        for left, width in zip(begins.tolist(), (ends - begins).tolist(), strict=True):
            points = (TEMPLATE / 48 * SIZE + [left, TOP]).astype(np.float32)
            found.append(Detection(Box(left, TOP, width, SIZE), 0.9, points))
        return found


class BrightnessFinder:
    """A thousandth of the brightness is how far the mouth is open."""

    def find_all(self, crops: Sequence[np.ndarray], _placements: object) -> list[Landmarks | None]:
        return [self._landmarks(float(crop[24, 24])) for crop in crops]

    def _landmarks(self, brightness: float) -> Landmarks | None:
        if brightness == UNSEEN:
            return None
        points = np.zeros((POINTS, 2), np.float32)
        points[45] = (100, 0)  # the outer corners of the eyes are 100 px apart
        points[60:68] = (50, 60)
        points[65:68] += (0, brightness / 10)  # the lower lip
        return Landmarks(points, 0.02)


class BatchModel(CountingModel):
    """Notes how many faces and windows it was given at once."""

    def __init__(self) -> None:
        super().__init__()
        self.face_batches: list[int] = []
        self.window_batches: list[int] = []

    def encode_faces(self, crops: np.ndarray) -> np.ndarray:
        self.face_batches.append(len(crops))
        return super().encode_faces(crops)

    def predict_batch(self, *windows: np.ndarray) -> list[Prediction]:
        self.window_batches.append(len(windows[0]))
        return super().predict_batch(*windows)


@pytest.fixture(autouse=True)
def painted_people(readable_streams, monkeypatch):
    monkeypatch.setattr(
        "emotion_recognition.vision.stream.make_detector", lambda *_: SquareDetector()
    )
    monkeypatch.setattr("emotion_recognition.vision.stream.LandmarkFinder", BrightnessFinder)


def people(max_faces: int = 4, cameras: Sequence[str] = ("",), **settings) -> Recognizer:
    vision = VisionConfig(max_faces=max_faces)
    values = {"smoothing": "none", "withhold_below": 0.0, "vision": vision, **settings}
    return Recognizer(RecognizerConfig(**values), BatchModel(), cameras)


def watch(
    target: Recognizer,
    images: Iterable[np.ndarray | dict[str, np.ndarray]],
    voice: Sequence[float] = (),
    begin: int = START,
) -> list[Estimate]:
    """Show ten images a second, and let a voice be heard: its level in each tenth of a second.

    An image is that of the only camera, or those of each by name.
    """
    found = []
    for index, shown in enumerate(images):
        stamp = begin + index * SECOND // 10
        for camera, image in (shown if isinstance(shown, dict) else {"": shown}).items():
            if target.wants_frame(stamp, camera):
                target.add_frame(stamp, image, f"eye {camera}".strip(), camera)
        for part in range(5 if index < len(voice) else 0):
            target.add_audio(Sound(stamp + part * CHUNK, voice[index]).chunk)
        found += target.estimates()
    return found
