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

"""Features of clips are computed once, and anew when clips, noise or the front end change."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from emotion_recognition.audio.stream import AudioConfig, features_of
from emotion_recognition.evaluation import voice_features as module
from emotion_recognition.evaluation.noise import with_noise
from emotion_recognition.evaluation.voice_features import (
    Change,
    clip_features,
    noise_at,
    voice_features,
)
from emotion_recognition.training.room_and_noise import room_and_noise

RATE = 16000


@pytest.fixture
def clips(tmp_path: Path) -> list[Path]:
    generator = np.random.default_rng(0)
    paths = [tmp_path / f"{name}.wav" for name in ("a", "b", "c")]
    for path in paths:
        soundfile.write(path, 0.1 * generator.standard_normal(RATE // 2), RATE)
    return paths


@pytest.fixture
def computed(monkeypatch) -> list[str]:
    """Names of the clips that the front end was asked for."""
    names: list[str] = []

    def counted(path: Path, change: Change | None = None) -> np.ndarray:
        names.append(path.stem)
        return clip_features(path, change)

    monkeypatch.setattr(module, "clip_features", counted)
    return names


def test_features_are_those_of_the_deployed_front_end(clips, tmp_path: Path) -> None:
    found = voice_features(clips, tmp_path / "new" / "clean.npz")
    samples, rate = soundfile.read(clips[1], dtype="float32")
    expected = features_of(samples, rate, AudioConfig())
    assert list(found) == ["a", "b", "c"]
    np.testing.assert_array_equal(found["b"], expected.astype(np.float16))


def test_they_are_computed_once_and_new_clips_are_added(clips, computed, tmp_path: Path) -> None:
    cache = tmp_path / "clean.npz"
    first = voice_features(clips[:2], cache)
    again = voice_features(clips, cache)
    assert computed == ["a", "b", "c"]
    np.testing.assert_array_equal(first["a"], again["a"])
    assert list(voice_features(clips[1:], cache)) == ["b", "c"]
    assert len(computed) == 3


def test_another_front_end_or_clip_is_computed_anew(
    clips, computed, tmp_path: Path, monkeypatch
) -> None:
    cache = tmp_path / "clean.npz"
    voice_features(clips, cache)
    soundfile.write(clips[0], np.zeros(RATE), RATE)
    voice_features(clips, cache)
    assert computed == ["a", "b", "c", "a"]
    monkeypatch.setattr(module, "AudioConfig", lambda: AudioConfig(denoise=False))
    voice_features(clips, cache)
    assert computed[4:] == ["a", "b", "c"]
    prints = [None, noise_at(20.0), noise_at(10.0), room_and_noise(1), room_and_noise(2)]
    assert len({module.fingerprint(change) for change in prints}) == len(prints)


def test_noise_is_added_before_the_front_end(clips, tmp_path: Path) -> None:
    noisy = voice_features(clips, tmp_path / "noisy.npz", noise_at(0.0))
    clean = voice_features(clips, tmp_path / "clean.npz")
    assert all(np.abs(noisy[name].astype(float) - clean[name]).mean() > 0.5 for name in clean)
    again = clip_features(clips[0], noise_at(0.0))
    np.testing.assert_array_equal(noisy["a"], again.astype(np.float16))  # the same at each call
    samples, rate = soundfile.read(clips[0], dtype="float32")
    other = features_of(with_noise(samples, rate, 0.0, seed=5), rate, AudioConfig())
    assert np.abs(other - again).max() > 0.1


def test_what_was_computed_before_an_interruption_is_kept(
    clips, computed, tmp_path: Path, monkeypatch
) -> None:
    cache = tmp_path / "clean.npz"
    broken = tmp_path / "d.wav"
    broken.write_bytes(b"no sound")
    monkeypatch.setattr(module, "CLIPS_A_WRITE", 2)
    with pytest.raises(soundfile.LibsndfileError):
        voice_features([*clips, broken], cache)
    voice_features(clips, cache)
    assert computed == ["a", "b", "c", "d", "c"]


def test_a_file_of_another_kind_is_named(clips, tmp_path: Path) -> None:
    cache = tmp_path / "other.npz"
    np.savez(cache, frames=np.zeros(3))
    with pytest.raises(ValueError, match=r"other\.npz' is no cache of voice features"):
        voice_features(clips, cache)
