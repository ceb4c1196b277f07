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

"""Rooms and noise for training: their ratios, decay, spectra and repeatability."""

from pathlib import Path

import numpy as np
import pytest
from scipy.signal import fftconvolve, welch

from emotion_recognition.evaluation.noise import speech_shaped_noise, voice_power
from emotion_recognition.evaluation.voice_features import fingerprint
from emotion_recognition.training import room_and_noise as module
from emotion_recognition.training.room_and_noise import (
    coloured_noise,
    convolve,
    in_room_and_noise,
    place_noise,
    room_and_noise,
    room_response,
)

RATE = 16000


def seeded(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def voice() -> np.ndarray:
    """A second of noise like speech, between two pauses of half a second."""
    loud = 0.1 * speech_shaped_noise(RATE, RATE, seeded())
    pause = np.zeros(RATE // 2)
    return np.concatenate([pause, loud, pause]).astype(np.float32)


def test_a_room_falls_by_60_db_in_its_time_and_has_the_ratio_that_was_asked_for() -> None:
    response = room_response(RATE, 0.5, 6.0, seeded())
    assert response[0] == 1.0
    tail = response[1:] ** 2
    assert -10 * np.log10(tail.sum()) == pytest.approx(6.0, abs=1e-6)
    # Schroeder's backward integration: the energy that is still to come falls by 6 dB a tenth.
    left = 10 * np.log10(np.cumsum(tail[::-1])[::-1] / tail.sum())
    fall = np.polyfit(np.arange(1000, 5000) / RATE, left[1000:5000], 1)[0]
    assert fall == pytest.approx(-120, rel=0.05)  # 60 dB in 0.5 s


def test_convolution_is_that_of_scipy() -> None:
    sound, response = seeded(1).standard_normal(1000), seeded(2).standard_normal(300)
    expected = fftconvolve(sound, response)[:1000]
    np.testing.assert_allclose(convolve(sound, response), expected, atol=1e-9)


@pytest.mark.parametrize("slope_db", [0.0, -3.0, -8.0])
def test_noise_has_power_one_and_the_slope_that_was_asked_for(slope_db: float) -> None:
    noise = coloured_noise(30 * RATE, RATE, slope_db, seeded())
    assert np.mean(noise**2) == pytest.approx(1)
    frequencies, density = welch(noise, RATE, nperseg=4096)
    inside = (frequencies > 100) & (frequencies < 7000)
    octaves = np.log2(frequencies[inside])
    found = np.polyfit(octaves, 10 * np.log10(density[inside]), 1)[0]
    assert found == pytest.approx(slope_db, abs=0.2)


def test_places_differ_and_have_power_one() -> None:
    places = [place_noise(2 * RATE, RATE, seeded(seed)) for seed in range(30)]
    assert all(np.mean(place**2) == pytest.approx(1) for place in places)
    levels = [
        10 * np.log10(np.mean(place.reshape(-1, RATE // 10) ** 2, axis=1)).std() for place in places
    ]
    assert min(levels) < 1 < 3 < max(levels)  # steady ones and fluctuating ones
    peaks = [np.max(welch(place, RATE, nperseg=4096)[1][20:]) for place in places]
    assert max(peaks) > 20 * min(peaks)  # humming ones and hissing ones


def test_the_ratio_of_voice_to_noise_is_drawn_from_its_range(monkeypatch) -> None:
    monkeypatch.setattr(module, "IN_A_ROOM", 0.0)
    clean, ratios = voice(), []
    for seed in range(60):
        noise = in_room_and_noise(clean, RATE, seeded(seed)).astype(np.float64) - clean
        ratios.append(10 * np.log10(voice_power(clean, RATE) / np.mean(noise**2)))
    assert -0.1 <= min(ratios) < 5 and 25 < max(ratios) <= 30.1
    assert np.mean(ratios) == pytest.approx(15, abs=4)


def test_a_room_fills_the_pause_behind_a_voice(monkeypatch) -> None:
    monkeypatch.setattr(module, "SNR_DB", (90.0, 90.0))
    after = slice(RATE * 3 // 2 + 160, RATE * 3 // 2 + 1600)
    for share, full in ((0.0, False), (1.0, True)):
        monkeypatch.setattr(module, "IN_A_ROOM", share)
        heard = in_room_and_noise(voice(), RATE, seeded(3))
        assert (np.mean(heard[after] ** 2) > 1e-3 * voice_power(heard, RATE)) == full
        assert voice_power(heard, RATE) == pytest.approx(voice_power(voice(), RATE), rel=0.01)


def test_a_version_of_a_clip_is_always_the_same_and_stereo_becomes_mono() -> None:
    first, again = (room_and_noise(1).apply(voice(), RATE, "a") for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert first.dtype == np.float32
    for other in (
        room_and_noise(2).apply(voice(), RATE, "a"),
        room_and_noise(1).apply(voice(), RATE, "b"),
    ):
        assert np.abs(first - other).max() > 1e-3
    stereo = np.stack([voice(), voice()], axis=1)
    np.testing.assert_array_equal(first, room_and_noise(1).apply(stereo, RATE, "a"))


def test_features_are_computed_anew_when_rooms_are_made_otherwise(
    tmp_path: Path, monkeypatch
) -> None:
    before = fingerprint(room_and_noise(1))
    changed = tmp_path / "room_and_noise.py"
    changed.write_text("# another")
    monkeypatch.setattr(module, "__file__", str(changed))
    assert fingerprint(room_and_noise(1)) != before


def test_a_snippet_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one frame"):
        in_room_and_noise(np.zeros(100, np.float32), RATE, seeded())
