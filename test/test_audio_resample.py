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

import numpy as np
import pytest
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st

from emotion_recognition.audio.resample import StreamingResampler

RATES = [8000, 11025, 16000, 22050, 32000, 44100, 48000, 96000, 192000]


def in_pieces(signal: np.ndarray, rate: int, sizes: list[int]) -> np.ndarray:
    resampler = StreamingResampler(rate)
    pieces, start, turn = [], 0, 0
    while start < len(signal):
        size = sizes[turn % len(sizes)]
        pieces.append(resampler.process(signal[start : start + size]))
        start, turn = start + size, turn + 1
    return np.concatenate([*pieces, resampler.flush()])


@settings(max_examples=30)
@given(
    rate=st.sampled_from(RATES),
    sizes=st.lists(st.sampled_from([1, 2, 7, 100, 441, 960, 5000]), min_size=1, max_size=6),
)
def test_there_are_no_seams_however_the_signal_is_cut(rate: int, sizes: list[int]) -> None:
    signal = np.random.default_rng(1).standard_normal(4000).astype(np.float32)
    whole = StreamingResampler(rate)
    expected = np.concatenate([whole.process(signal), whole.flush()])
    np.testing.assert_array_equal(in_pieces(signal, rate, sizes), expected)


@pytest.mark.parametrize("rate", RATES)
def test_equal_to_the_whole_signal_at_once(rate: int) -> None:
    signal = np.random.default_rng(2).standard_normal(rate // 2).astype(np.float32)
    expected = soxr.resample(signal, rate, 16000)
    result = in_pieces(signal, rate, [rate // 50])
    assert abs(len(result) - len(expected)) <= 1
    size = min(len(result), len(expected))
    np.testing.assert_allclose(result[:size], expected[:size], atol=1e-4)


@pytest.mark.parametrize("rate", RATES)
def test_a_tone_keeps_pitch_phase_and_level(rate: int) -> None:
    time_in = np.arange(rate) / rate
    tone = np.sin(2 * np.pi * 997 * time_in).astype(np.float32)
    result = in_pieces(tone, rate, [rate // 100])
    expected = np.sin(2 * np.pi * 997 * np.arange(16000) / 16000)
    middle = slice(2000, 14000)  # away from the edges of the finite tone
    np.testing.assert_allclose(result[middle], expected[middle], atol=2e-4)


@pytest.mark.parametrize("rate", [32000, 44100, 48000, 192000])
def test_what_16_khz_cannot_hold_is_filtered_out(rate: int) -> None:
    tone = np.sin(2 * np.pi * 9500 * np.arange(rate) / rate).astype(np.float32)
    assert np.abs(in_pieces(tone, rate, [512])[2000:14000]).max() < 1e-4


@pytest.mark.parametrize("rate", RATES)
def test_a_click_stays_at_its_time(rate: int) -> None:
    signal = np.zeros(rate, np.float32)
    signal[rate // 3] = 1.0
    peak = np.abs(in_pieces(signal, rate, [rate // 50])).argmax()
    assert abs(peak / 16000 - (rate // 3) / rate) <= 1 / 16000


def test_only_the_newest_output_is_held_back() -> None:
    resampler = StreamingResampler(48000)
    seen = sum(len(resampler.process(np.zeros(960, np.float32))) for _ in range(50))
    assert 0 <= 16000 - seen <= 0.05 * 16000


def test_after_a_flush_a_new_signal_starts() -> None:
    resampler = StreamingResampler(48000)
    signal = np.random.default_rng(3).standard_normal(4800).astype(np.float32)
    first = np.concatenate([resampler.process(signal), resampler.flush()])
    second = np.concatenate([resampler.process(signal), resampler.flush()])
    np.testing.assert_array_equal(first, second)
