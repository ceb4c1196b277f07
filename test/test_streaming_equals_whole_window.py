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

"""Streaming gives what the same model gives when it is fed a whole clip at once.

On each clip of the benchmark ``ravdess-actor01``: once chunk by chunk and frame by frame through
the recogniser, and once with the sound as one signal, all faces as one batch and all windows as
another, and the windows laid out here anew.
"""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
import soundfile
import torch

from emotion_recognition.audio.chunk import AudioChunk
from emotion_recognition.audio.features import FEATURES
from emotion_recognition.audio.stream import features_of
from emotion_recognition.corpora import ravdess
from emotion_recognition.corpora.clip_window import read_strip
from emotion_recognition.estimate import Estimate, Flags
from emotion_recognition.model.emotion_model import (
    AUDIO_STEPS,
    VIDEO_STEPS,
    EmotionModel,
    load_model,
)
from emotion_recognition.recognizer import Recognizer, RecognizerConfig
from emotion_recognition.vision.detect import Detection, make_detector
from emotion_recognition.vision.stream import FaceStream

CLIPS, PARTS, CHUNK_S = 52, 4, 0.1
START_NS, SECOND_NS = 1_000_000_000_000, 1_000_000_000
WINDOW_NS, HOP_NS, FRAME_NS, FACE_NS = 3_600_000_000, 16_000_000, 32_000_000, 100_000_000
LEAST_VOICE_S = 0.1
CONFIG = RecognizerConfig(smoothing="none", publish_rate=2.0)


Frames = list[tuple[int, np.ndarray]]


class OneLook:
    """A face detector that is done with a clip once it found a face: he hardly moves."""

    def __init__(self) -> None:
        self._detector = make_detector()
        self.name, self.gives_points = self._detector.name, self._detector.gives_points
        self._found: list[Detection] = []

    def look(self, frames: Frames) -> None:
        found = (self._detector.detect(image) for _, image in frames)
        self._found = next(filter(None, found))

    def detect(self, image: np.ndarray) -> list[Detection]:
        return self._found


def read(path: Path, voices: Path) -> tuple[Frames, np.ndarray, int]:
    """Frames with their stamps, sound (n, channels) and its rate."""
    sound, rate = soundfile.read(
        voices / f"{ravdess.parse_clip(path).sound_name}.flac", dtype="float32", always_2d=True
    )
    strip = read_strip(path)[::2]
    step_ns = SECOND_NS * len(sound) // rate // len(strip)
    pictures = [cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR) for grey in strip]
    return [(START_NS + n * step_ns, each) for n, each in enumerate(pictures)], sound, rate


def streamed(
    recognizer: Recognizer, frames: Frames, sound: np.ndarray, rate: int
) -> Iterator[Estimate]:
    """Sound and pictures in the order of their times."""
    recognizer.reset()
    waiting = list(frames)
    size = int(CHUNK_S * rate)
    for begin in range(0, len(sound), size):
        stamp_ns = START_NS + SECOND_NS * begin // rate
        while waiting and waiting[0][0] <= stamp_ns:
            at_ns, image = waiting.pop(0)
            if recognizer.wants_frame(at_ns):
                recognizer.add_frame(at_ns, image)
                yield from recognizer.estimates()
        recognizer.add_audio(AudioChunk(stamp_ns, rate, sound[begin : begin + size]))
        yield from recognizer.estimates()


def nearest(stamps: np.ndarray, at_ns: int, within_ns: int) -> int | None:
    """Place of the stamp nearest to a time, of two the later; None if it is farther off."""
    if not len(stamps):
        return None
    place = len(stamps) - 1 - int(np.abs(stamps - at_ns)[::-1].argmin())
    return place if abs(int(stamps[place]) - at_ns) <= within_ns else None


def laid_out(
    stamps: np.ndarray, rows: np.ndarray, end_ns: int, steps: int, period_ns: int
) -> tuple[np.ndarray, np.ndarray]:
    values, mask = np.zeros((steps, rows.shape[1]), np.float32), np.zeros(steps, bool)
    for step in range(steps):
        place = nearest(stamps, end_ns - (steps - 1 - step) * period_ns, period_ns)
        if place is not None:
            values[step], mask[step] = rows[place], True
    return values, mask


def at_once(
    model: EmotionModel,
    faces: FaceStream,
    frames: Frames,
    sound: np.ndarray,
    rate: int,
    ends_ns: list[int],
) -> np.ndarray:
    """Probabilities (n, 8) of the windows that end at ``ends_ns``."""
    features = features_of(sound, rate)
    heard_ns = START_NS + FRAME_NS + HOP_NS * np.arange(len(features))
    faces.reset()
    seen = [faces.add(at_ns, image) for at_ns, image in frames]
    shown = [face for face in seen if face is not None]
    vectors = model.encode_faces(np.stack([face.crop for face in shown]))
    shown_ns = np.array([face.stamp_ns for face in shown])
    tracks = np.array([face.track_id for face in shown])
    windows = []
    for end_ns in ends_ns:
        voice = (heard_ns > end_ns - WINDOW_NS) & (heard_ns <= end_ns)
        speech = features[voice, FEATURES["speech"].start]
        if np.count_nonzero(speech) * HOP_NS / SECOND_NS < LEAST_VOICE_S:
            voice[:] = False
        face = (shown_ns > end_ns - WINDOW_NS) & (shown_ns <= end_ns)
        face &= tracks == tracks[face][-1] if face.any() else False
        windows.append(
            (
                *laid_out(heard_ns[voice], features[voice], end_ns, AUDIO_STEPS, HOP_NS),
                *laid_out(shown_ns[face], vectors[face], end_ns, VIDEO_STEPS, FACE_NS),
            )
        )
    found = model.predict_batch(*(np.stack(each) for each in zip(*windows, strict=True)))
    return np.stack([each.probabilities for each in found])


@pytest.fixture(scope="module")
def model() -> EmotionModel:
    torch.set_num_threads(1)
    return load_model(device="cpu")


@pytest.mark.shared
@pytest.mark.parametrize("part", range(PARTS))
def test_streaming_equals_the_whole_window_on_every_benchmark_clip(
    shared_data: Path, monkeypatch: pytest.MonkeyPatch, model: EmotionModel, part: int
) -> None:
    detector = OneLook()
    monkeypatch.setattr("emotion_recognition.vision.stream.make_detector", lambda *_: detector)
    recognizer, faces = Recognizer(CONFIG, model), FaceStream(CONFIG.vision)
    voices = shared_data / "ravdess_speech" / "Actor_01"
    paths = sorted((shared_data / "ravdess_actor01_faces").glob("01-*.jpg"))
    assert len(paths) == CLIPS
    windows = with_face = 0
    for path in paths[part::PARTS]:
        frames, sound, rate = read(path, voices)
        detector.look(frames)
        estimates = [e for e in streamed(recognizer, frames, sound, rate) if e.available]
        assert len(estimates) >= 3, path.name
        ends_ns = [each.stamp_ns for each in estimates]
        expected = at_once(model, faces, frames, sound, rate, ends_ns)
        found = np.array([each.probabilities for each in estimates])
        np.testing.assert_allclose(found, expected, atol=1e-4, err_msg=path.name)
        windows += len(estimates)
        with_face += sum(not each.flags & Flags.NO_FACE for each in estimates)
    assert with_face > 0.9 * windows
