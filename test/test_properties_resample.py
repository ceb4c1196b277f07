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

"""The resampler against the sines that it is given: what they are between their samples."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from emotion_recognition.audio.resample import StreamingResampler

OUT = 16_000


@settings(max_examples=40)
@given(
    rate=st.integers(4000, 384_000),
    tones=st.lists(st.tuples(st.floats(0.01, 0.8), st.floats(0, 6.28)), min_size=1, max_size=3),
    cuts=st.lists(st.integers(0, 3000), max_size=8),
)
def test_any_rate_gives_the_same_sines_at_any_cut(
    rate: int, tones: list[tuple[float, float]], cuts: list[int]
):
    """``tones``: share of the lower of both Nyquist frequencies, and phase."""

    def wave(times: np.ndarray) -> np.ndarray:
        nyquist = min(rate, OUT) / 2
        each = [np.sin(2 * np.pi * share * nyquist * times + phase) for share, phase in tones]
        return np.sum(each, axis=0) / len(tones)

    seconds = 0.5
    signal = wave(np.arange(round(seconds * rate)) / rate).astype(np.float32)
    resampler = StreamingResampler(rate, OUT)
    pieces = [resampler.process(piece) for piece in np.split(signal, sorted(cuts))]
    found = np.concatenate([*pieces, resampler.flush()])

    assert abs(len(found) - seconds * OUT) <= 2 + OUT / rate
    edge = round(0.125 * OUT)  # away from the ends, which the filter cannot know
    expected = wave(np.arange(len(found)) / OUT)
    np.testing.assert_allclose(found[edge:-edge], expected[edge:-edge], atol=2e-3)


@settings(max_examples=40)
@given(
    rate=st.integers(4000, 384_000),
    sizes=st.lists(st.integers(0, 4000), min_size=1, max_size=10),
)
def test_no_more_comes_out_than_has_gone_in_and_the_rest_by_a_flush(rate: int, sizes: list[int]):
    resampler = StreamingResampler(rate, OUT)
    given_s = heard = 0.0
    for size in sizes:
        given_s += size / rate
        heard += len(resampler.process(np.ones(size, np.float32)))
        assert heard <= given_s * OUT + 1
    heard += len(resampler.flush())
    assert abs(heard - given_s * OUT) <= 2 + OUT / rate
    assert len(resampler.flush()) == 0
