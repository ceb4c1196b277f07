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

from pathlib import Path

import librosa
import numpy as np
import pytest
import soundfile

from emotion_recognition.audio.pitch import PITCH_FRAME, yin

RATE = 16000


def frames_of(signal: np.ndarray) -> np.ndarray:
    return np.lib.stride_tricks.sliding_window_view(signal, PITCH_FRAME)[::256]


def tone(hz: float, harmonics: int, seconds: float = 1.0) -> np.ndarray:
    time = np.arange(int(seconds * RATE)) / RATE
    return 0.1 * sum(np.sin(2 * np.pi * hz * k * time + k) / k for k in range(1, harmonics + 1))


@pytest.mark.parametrize("harmonics", [1, 12])
@pytest.mark.parametrize("hz", [66, 80, 100, 147.3, 220, 330, 440, 495])
def test_tones_within_one_percent(hz: float, harmonics: int) -> None:
    pitch = yin(frames_of(tone(hz, harmonics)), RATE)
    np.testing.assert_allclose(pitch, hz, rtol=0.01)


def test_the_level_does_not_matter() -> None:
    signal = tone(180, 8)
    quiet = yin(frames_of(signal * 0.01), RATE)
    np.testing.assert_allclose(quiet, yin(frames_of(signal), RATE), rtol=1e-6)


def test_a_glide_is_followed() -> None:
    seconds = np.arange(2 * RATE) / RATE
    hz = 120 + 60 * seconds
    signal = 0.2 * np.sin(2 * np.pi * np.cumsum(hz) / RATE)
    pitch = yin(frames_of(signal), RATE)
    # The window of 774 samples compares with the one a period later: the middle is what is heard.
    middle = np.arange(len(pitch)) * 256 + 440
    np.testing.assert_allclose(pitch, hz[middle], rtol=0.02)


@pytest.mark.parametrize(
    "signal",
    [
        np.zeros(RATE),
        np.random.default_rng(0).standard_normal(RATE),
        tone(200, 4) * 1e-5,  # below the rounding noise of 16 bits
        tone(25, 1),  # lower than any voice
    ],
    ids=["silence", "noise", "too quiet", "too low"],
)
def test_what_is_no_voice_has_no_pitch(signal: np.ndarray) -> None:
    assert np.mean(yin(frames_of(signal), RATE) > 0) < 0.02


def test_no_frames() -> None:
    assert yin(np.zeros((0, PITCH_FRAME)), RATE).shape == (0,)


def clip(shared_data: Path, actor: int) -> np.ndarray:
    name = f"ravdess_speech/Actor_{actor:02d}/03-01-01-01-01-01-{actor:02d}.flac"
    return soundfile.read(shared_data / name)[0]


@pytest.mark.shared
@pytest.mark.parametrize("actor", [1, 2, 5, 12, 23, 24])
def test_neutral_voices_of_men_are_lower_than_those_of_women(shared_data: Path, actor: int) -> None:
    pitch = yin(frames_of(clip(shared_data, actor)), RATE)
    median = np.median(pitch[pitch > 0])
    low, high = (75, 160) if actor % 2 else (160, 280)
    assert low < median < high


@pytest.mark.shared
def test_agrees_with_librosa_on_a_voice(shared_data: Path) -> None:
    signal = clip(shared_data, 2)
    pitch = yin(frames_of(signal), RATE)
    reference = librosa.yin(
        signal,
        fmin=65,
        fmax=500,
        sr=RATE,
        frame_length=1024,
        hop_length=256,
        center=False,
        trough_threshold=0.2,
    )
    voiced = pitch > 0
    assert voiced.sum() > 40
    assert np.mean(np.abs(pitch / reference - 1)[voiced] < 0.03) > 0.9
