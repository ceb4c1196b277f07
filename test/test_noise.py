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

"""Noise in tests of voices: its ratio, its spectrum, its repeatability."""

import numpy as np
import pytest
from scipy.signal import welch

from emotion_recognition.evaluation.noise import speech_shaped_noise, voice_power, with_noise

RATE = 16000


def voice(pause_s: float = 1.0) -> np.ndarray:
    """A second of a loud tone between two pauses."""
    tone = 0.2 * np.sin(2 * np.pi * 220 * np.arange(RATE) / RATE)
    pause = np.zeros(round(pause_s * RATE))
    return np.concatenate([pause, tone, pause]).astype(np.float32)


@pytest.mark.parametrize("snr_db", [20.0, 10.0, 0.0])
def test_noise_has_the_ratio_that_was_asked_for(snr_db: float) -> None:
    clean = voice()
    noise = with_noise(clean, RATE, snr_db, seed=1).astype(np.float64) - clean
    # The tone has power 0.2^2 / 2; the pauses do not count.
    expected = 10 * np.log10(0.02 / np.mean(noise**2))
    assert expected == pytest.approx(snr_db, abs=0.2)


def test_pauses_do_not_make_a_voice_weaker() -> None:
    assert voice_power(voice(0.5), RATE) == pytest.approx(voice_power(voice(3), RATE), rel=0.05)
    assert voice_power(voice(), RATE) == pytest.approx(0.02, rel=0.05)


def test_noise_is_the_same_for_a_seed_and_scales_with_the_ratio() -> None:
    clean = voice()
    loud, again, other = (with_noise(clean, RATE, 0.0, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(loud, again)
    assert np.abs(loud - other).max() > 0.01
    soft = with_noise(clean, RATE, 20.0, 1)
    np.testing.assert_allclose(soft - clean, (loud - clean) / 10, atol=1e-6)


def test_noise_is_shaped_like_speech() -> None:
    noise = speech_shaped_noise(60 * RATE, RATE, np.random.default_rng(0))
    assert np.mean(noise**2) == pytest.approx(1)
    frequencies, density = welch(noise, RATE, nperseg=4096)

    def band_db(centre: float) -> float:
        """Level of a third-octave band."""
        inside = (frequencies >= centre * 2 ** (-1 / 6)) & (frequencies < centre * 2 ** (1 / 6))
        return float(10 * np.log10(density[inside].sum()))

    # Levels of Byrne et al. 1994 against that of 500 Hz, 62.1 dB.
    for centre, level in ((250, 60.3), (1000, 53.7), (2000, 48.7), (4000, 45.6)):
        assert band_db(centre) - band_db(500) == pytest.approx(level - 62.1, abs=1.5)
    assert density[frequencies < 50].max() < 1e-3 * density.max()


def test_each_channel_hears_the_same_noise() -> None:
    stereo = np.stack([voice(), voice()], axis=1)
    noisy = with_noise(stereo, RATE, 5.0, 3)
    assert noisy.shape == stereo.shape and noisy.dtype == np.float32
    np.testing.assert_array_equal(noisy[:, 0], noisy[:, 1])
    np.testing.assert_array_equal(noisy[:, 0], with_noise(voice(), RATE, 5.0, 3))


def test_a_snippet_is_refused() -> None:
    with pytest.raises(ValueError, match="100 samples: expected at least one frame of 512"):
        with_noise(np.ones(100, np.float32), RATE, 0.0, 0)
