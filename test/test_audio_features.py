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

from functools import cache
from pathlib import Path

import librosa
import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from emotion_recognition.audio.features import (
    FEATURE_SIZE,
    FEATURES,
    FRAME,
    HOP,
    N_MELS,
    N_MFCC,
    SAMPLE_RATE,
    FeatureExtractor,
)


def synthetic(seconds: float = 1.5) -> np.ndarray:
    """Vowel-like bursts with a moving pitch in a little noise."""
    rng = np.random.default_rng(5)
    time = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    phase = 2 * np.pi * np.cumsum(150 + 40 * np.sin(3 * time)) / SAMPLE_RATE
    voice = sum(np.sin(phase * k) / k for k in range(1, 20))
    envelope = np.clip(np.sin(2 * np.pi * 2.5 * time), 0, None)
    return 0.05 * voice * envelope + 0.001 * rng.standard_normal(len(time))


@pytest.fixture
def clip(shared_data: Path) -> np.ndarray:
    name = "ravdess_speech/Actor_01/03-01-05-01-01-01-01.flac"
    return soundfile.read(shared_data / name)[0]


@cache
def kept_extractor(denoise: bool, normalise: bool) -> FeatureExtractor:
    return FeatureExtractor(denoise, normalise)


def fresh(denoise: bool = True, normalise: bool = True) -> FeatureExtractor:
    """An extractor as new; making one takes far longer than most of the tests."""
    extractor = kept_extractor(denoise, normalise)
    extractor.reset()
    return extractor


def plain() -> FeatureExtractor:
    return fresh(denoise=False, normalise=False)


def librosa_mel(signal: np.ndarray) -> np.ndarray:
    mel = librosa.feature.melspectrogram(
        y=signal, sr=16000, n_fft=512, hop_length=256, window="hann", center=False, n_mels=64,
        fmin=50, fmax=8000,
    )  # fmt: skip
    return librosa.power_to_db(mel, ref=1.0, amin=1e-10, top_db=None)


def check_against_librosa(signal: np.ndarray) -> None:
    values = plain().process(signal)
    log_mel = librosa_mel(signal)
    mfcc = librosa.feature.mfcc(S=log_mel, n_mfcc=20)
    rms = librosa.feature.rms(y=signal, frame_length=512, hop_length=256, center=False)
    np.testing.assert_allclose(values[:, FEATURES["log_mel"]], log_mel.T, atol=1e-4)
    np.testing.assert_allclose(values[:, FEATURES["mfcc"]], mfcc.T, atol=1e-4)
    energy = 20 * np.log10(np.maximum(rms[0], 1e-5))
    np.testing.assert_allclose(values[:, FEATURES["energy"]][:, 0], energy, atol=1e-4)


def test_columns_fill_the_vector_once() -> None:
    columns = np.concatenate([np.arange(FEATURE_SIZE)[part] for part in FEATURES.values()])
    np.testing.assert_array_equal(columns, np.arange(FEATURE_SIZE))
    sizes = [part.stop - part.start for part in FEATURES.values()]
    assert dict(zip(FEATURES, sizes, strict=True)) == {
        "log_mel": N_MELS, "mfcc": N_MFCC, "pitch": 1, "energy": 1, "speech": 1,
    }  # fmt: skip


def test_equal_to_librosa_on_a_synthetic_voice() -> None:
    check_against_librosa(synthetic())


@pytest.mark.shared
def test_equal_to_librosa_on_a_real_voice(clip: np.ndarray) -> None:
    check_against_librosa(clip)


@pytest.mark.parametrize("samples", [0, 1, 511, 512, 767, 768, 5000])
def test_a_frame_comes_with_its_last_sample(samples: int) -> None:
    values = plain().process(np.zeros(samples))
    assert values.shape == (max((samples - FRAME) // HOP + 1, 0), FEATURE_SIZE)
    assert values.dtype == np.float32


@settings(max_examples=25)
@given(
    sizes=st.lists(st.integers(0, 3000), max_size=12),
    denoise=st.booleans(),
    normalise=st.booleans(),
)
def test_streaming_equals_the_whole_signal(
    sizes: list[int], denoise: bool, normalise: bool
) -> None:
    signal = synthetic()
    extractor = fresh(denoise, normalise)
    whole = extractor.process(signal)
    extractor.reset()
    pieces = np.split(signal, np.minimum(np.cumsum(sizes), len(signal)).astype(int))
    streamed = np.concatenate([extractor.process(piece) for piece in pieces])
    np.testing.assert_allclose(streamed, whole, atol=1e-4)


@pytest.mark.shared
def test_streaming_sample_by_sample_equals_the_whole_clip(clip: np.ndarray) -> None:
    signal = clip[12000:20000]
    extractor = fresh()
    streamed = [extractor.process(signal[index : index + 1]) for index in range(len(signal))]
    np.testing.assert_allclose(np.concatenate(streamed), fresh().process(signal), atol=1e-4)


@pytest.mark.parametrize(
    "signal",
    [
        np.zeros(8000),
        np.ones(8000),
        np.full(8000, 1e6),
        np.sign(synthetic(0.5)),
        np.eye(1, 8000)[0],
    ],
    ids=["silence", "offset", "huge", "clipped", "click"],
)
def test_features_are_always_finite(signal: np.ndarray) -> None:
    values = fresh().process(signal)
    assert len(values) == 30
    assert np.isfinite(values).all()


def test_digital_silence_lies_at_the_floor() -> None:
    values = fresh().process(np.zeros(4000))
    assert np.all(values[:, FEATURES["log_mel"]] == -100)
    assert np.all(values[:, FEATURES["energy"]] == -100)
    assert np.all(values[:, FEATURES["pitch"]] == 0)
    assert np.all(values[:, FEATURES["speech"]] == 0)


def test_a_click_appears_in_the_frames_that_hold_it() -> None:
    signal = np.zeros(8000)
    signal[3000] = 0.5
    energy = plain().process(signal)[:, FEATURES["energy"]][:, 0]
    assert np.flatnonzero(energy > -100).tolist() == [10, 11]  # 2560..3071 and 2816..3327


@pytest.mark.shared
def test_quiet_and_loud_microphones_agree_after_two_seconds_of_speech(clip: np.ndarray) -> None:
    signal = np.concatenate([clip, clip])
    loud = fresh().process(signal)
    quiet = fresh().process(signal * 0.1)
    # Within 40 dB of the loudest band: below, the floor of -100 dB shows in the quiet one.
    after = np.flatnonzero(loud[:, 86])[125:]
    heard = loud[after, :64] > loud[after, :64].max() - 40
    difference = np.abs(loud[after, :64] - quiet[after, :64])[heard]
    assert len(after) > 50
    assert np.percentile(difference, 95) < 1.0
    assert np.abs(loud[after, 85] - quiet[after, 85]).mean() < 1.0


@pytest.mark.shared
def test_noise_reduction_hardly_touches_clean_speech(clip: np.ndarray) -> None:
    reduced = fresh(denoise=True, normalise=False).process(clip)[:, :64]
    original = plain().process(clip)[:, :64]
    speech = original > original.max() - 35
    assert np.abs(reduced - original)[speech].mean() < 1.0


@pytest.mark.shared
@pytest.mark.parametrize("snr_db", [10, 0])
def test_noise_reduction_brings_noisy_speech_nearer_to_the_clean(
    clip: np.ndarray, snr_db: int
) -> None:
    original = plain().process(clip)[:, :64]
    power = np.mean(clip[np.abs(clip) > 0.01] ** 2) / 10 ** (snr_db / 10)
    noisy = clip + np.random.default_rng(0).standard_normal(len(clip)) * np.sqrt(power)
    before = np.abs(plain().process(noisy)[:, :64] - original).mean()
    reduced = fresh(denoise=True, normalise=False).process(noisy)[:, :64]
    assert np.abs(reduced - original).mean() < 0.85 * before


def test_a_restart_keeps_the_noise_and_a_reset_forgets_it() -> None:
    noise = 0.01 * np.random.default_rng(0).standard_normal(32000)
    extractor = fresh(denoise=True, normalise=False)
    extractor.process(noise)
    extractor.restart()
    kept = extractor.process(noise[:2048])
    extractor.reset()
    anew = extractor.process(noise[:2048])
    assert kept[0, :64].mean() < anew[0, :64].mean() - 3
    np.testing.assert_array_equal(anew, FeatureExtractor(True, False).process(noise[:2048]))
