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

"""Streams, a detector and a model that tests of the recogniser can read."""

import math
from dataclasses import dataclass

import numpy as np
import pytest

from emotion_recognition.audio.chunk import AudioChunk
from emotion_recognition.audio.features import FEATURE_SIZE, FEATURES
from emotion_recognition.audio.stream import AudioFeatures
from emotion_recognition.emotions import EMOTIONS
from emotion_recognition.estimate import Box, Estimate
from emotion_recognition.model.backbones import FaceInput
from emotion_recognition.model.emotion_model import AUDIO_STEPS, VIDEO_STEPS, Prediction
from emotion_recognition.recognizer import Recognizer, RecognizerConfig
from emotion_recognition.vision.detect import Detection

SECOND = 1_000_000_000
FRAME = SECOND // 30
CHUNK = SECOND // 50
HOP = 16_000_000
START = 100 * SECOND + 123_456_789  # windows must not depend on where the streams begin
NO_FACE, LEFT, RIGHT = 0, 50, 200  # brightness of a frame: who is in it


class BrightnessDetector:
    """Finds a face on the left of a dark frame, on the right of a bright one, none in black."""

    name = "brightness"
    gives_points = False

    def detect(self, image: np.ndarray) -> list[Detection]:
        if image.max() == NO_FACE:
            return []
        return [Detection(Box(10 if image.max() == LEFT else 200, 20, 40, 40), 1.0, None)]


class LoudnessFeatures:
    """Frames every 16 ms; the speech column says whether the chunk is loud, column 0 its value."""

    def __init__(self, config: object = None) -> None:
        self.reset()

    def reset(self) -> None:
        self._next_ns: int | None = None
        self.end_ns: int | None = None
        self._chunks: list[AudioChunk] = []

    def put(self, chunk: AudioChunk) -> None:
        self.end_ns = chunk.stamp_ns + CHUNK
        self._chunks.append(chunk)

    def take(self) -> AudioFeatures:
        found = [self.add(chunk) for chunk in self._chunks]
        self._chunks.clear()
        return AudioFeatures(
            np.concatenate([np.zeros(0, np.int64), *(each.stamps_ns for each in found)]),
            np.concatenate([np.zeros((0, FEATURE_SIZE)), *(each.values for each in found)]),
            np.concatenate([np.zeros((0, 256)), *(each.samples for each in found)]),
        )

    def add(self, chunk: AudioChunk) -> AudioFeatures:
        begin, end = chunk.stamp_ns, chunk.stamp_ns + CHUNK
        if self._next_ns is None or abs(begin - self._next_ns) > SECOND:
            self._next_ns = begin + HOP
        stamps = list(range(self._next_ns, end + 1, HOP))
        self._next_ns += HOP * len(stamps)
        values = np.zeros((len(stamps), FEATURE_SIZE), np.float32)
        values[:, 0] = chunk.samples.max()
        values[:, FEATURES["speech"]] = chunk.samples.max() > 0
        sound = np.zeros((len(stamps), 256), np.float32)
        return AudioFeatures(np.array(stamps, np.int64), values, sound)


class CountingModel:
    """The more face vectors fill the window, the more 'happy'; keeps what it was given."""

    labels = EMOTIONS
    id = "counting"
    face = FaceInput(48, 1, 128)
    voice_encoder = None

    def __init__(self) -> None:
        self.encoded = 0
        self.inputs: list[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]] = []
        self.probabilities: list[np.ndarray] = []

    def encode_faces(self, crops: np.ndarray) -> np.ndarray:
        self.encoded += len(crops)
        return np.repeat(crops.mean(axis=(1, 2))[:, None], 128, axis=1).astype(np.float32)

    def predict_batch(self, *windows) -> list[Prediction]:
        return [self.predict(*window) for window in zip(*windows, strict=True)]

    def predict(self, audio, audio_mask, video, video_mask) -> Prediction:
        assert audio.shape == (AUDIO_STEPS, FEATURE_SIZE)
        assert video.shape == (VIDEO_STEPS, 128)
        assert audio_mask.any() or video_mask.any()
        self.inputs.append((audio, audio_mask, video, video_mask))
        happy = 0.4 + 0.5 * float(video_mask.mean())
        probabilities = np.full(8, (1 - happy) / 7)
        probabilities[EMOTIONS.index("happy")] = happy
        self.probabilities.append(probabilities)
        heard, seen = float(audio_mask.any()), float(video_mask.any())
        total = heard + seen
        intensity = 0.5 if heard else math.nan
        return Prediction(probabilities, 0.1, 0.2, intensity, heard / total, seen / total)


@dataclass(frozen=True)
class Frame:
    stamp: int
    brightness: int = LEFT


@dataclass(frozen=True)
class Sound:
    stamp: int
    level: float = 0.5

    @property
    def chunk(self) -> AudioChunk:
        return AudioChunk(self.stamp, 16_000, np.full((320, 1), self.level, np.float32))


def frames(begin: float, end: float, brightness: int = LEFT) -> list[Frame]:
    """Frames at 30 Hz from ``begin`` to ``end``, seconds after START."""
    return [Frame(START + n * FRAME, brightness) for n in range(int(begin * 30), int(end * 30))]


def sounds(begin: float, end: float, level: float = 0.5) -> list[Sound]:
    return [Sound(START + n * CHUNK, level) for n in range(int(begin * 50), int(end * 50))]


def arrival(event: Frame | Sound) -> int:
    return event.stamp + (CHUNK if isinstance(event, Sound) else 0)


def in_order(*streams: list) -> list:
    return sorted((event for stream in streams for event in stream), key=arrival)


@pytest.fixture(autouse=True)
def readable_streams(monkeypatch):
    monkeypatch.setattr(
        "emotion_recognition.vision.stream.make_detector", lambda *_: BrightnessDetector()
    )
    monkeypatch.setattr("emotion_recognition.recognizer.stream.AudioStream", LoudnessFeatures)


def recognizer(**settings) -> Recognizer:
    return Recognizer(
        RecognizerConfig(**{"smoothing": "none", "withhold_below": 0.0, **settings}),
        CountingModel(),
    )


def feed(
    target: Recognizer, events: list, latest_only: bool = False, never_ask: bool = False
) -> list[Estimate]:
    found: list[Estimate] = []
    for event in events:
        if isinstance(event, Sound):
            target.add_audio(event.chunk)
        elif target.wants_frame(event.stamp):
            image = np.full((240, 320, 3), event.brightness, np.uint8)
            target.add_frame(event.stamp, image, "camera_optical")
        found += [] if never_ask else target.estimates(latest_only)
    return found
