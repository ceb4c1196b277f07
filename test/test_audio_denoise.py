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
from hypothesis import given, settings
from hypothesis import strategies as st

from emotion_recognition.audio.denoise import FLOOR_DB, NoiseReducer

BINS = 257


def noise(frames: int, level: float = 1.0, seed: int = 0) -> np.ndarray:
    """Power spectra of white noise: exponentially distributed, mean ``level``."""
    return level * np.random.default_rng(seed).exponential(size=(frames, BINS))


def db(power: np.ndarray) -> float:
    return float(10 * np.log10(power.mean()))


def test_stationary_noise_is_lowered_but_never_beyond_the_floor() -> None:
    power = noise(300)
    reduced = NoiseReducer().process(power)
    assert db(reduced[100:]) - db(power[100:]) < -8
    assert np.all(reduced >= power * 10 ** (FLOOR_DB / 10) * (1 - 1e-12))
    assert np.all(reduced <= power)


def test_a_voice_over_the_noise_is_kept() -> None:
    power = noise(200)
    power[100:110, 20:60] += 300.0  # 25 dB over the noise, 160 ms
    reduced = NoiseReducer().process(power)
    kept = db(reduced[101:110, 20:60]) - db(power[101:110, 20:60])
    assert -0.5 < kept <= 0
    assert db(reduced[101:110, 100:]) - db(power[101:110, 100:]) < -8  # and the noise beside it not


@pytest.mark.parametrize("change_db", [10, 25])
def test_louder_noise_is_learnt_within_seconds(change_db: int) -> None:
    power = np.concatenate([noise(150), noise(400, 10 ** (change_db / 10), seed=1)])
    reduced = NoiseReducer().process(power)
    assert db(reduced[-50:]) - db(power[-50:]) < -8


def test_noise_after_digital_silence_is_learnt_too() -> None:
    power = np.concatenate([np.zeros((100, BINS)), noise(300)])
    reduced = NoiseReducer().process(power)
    assert np.all(reduced[:100] == 0)
    assert db(reduced[-50:]) - db(power[-50:]) < -8


def test_a_mute_does_not_make_it_forget() -> None:
    reducer = NoiseReducer()
    reducer.process(noise(150))
    reducer.process(np.zeros((500, BINS)))
    after = noise(20, seed=2)
    assert db(reducer.process(after)) - db(after) < -8


def test_the_level_of_the_microphone_does_not_matter() -> None:
    power = noise(100)
    power[50:60, 20:60] += 300.0
    np.testing.assert_allclose(
        NoiseReducer().process(power * 1e-4), NoiseReducer().process(power) * 1e-4, rtol=1e-3
    )


@settings(max_examples=20)
@given(st.lists(st.integers(0, 30), max_size=8))
def test_the_result_does_not_depend_on_the_cut(sizes: list[int]) -> None:
    power = noise(80)
    reducer = NoiseReducer()
    pieces = np.split(power, np.minimum(np.cumsum(sizes), len(power)).astype(int))
    result = np.concatenate([reducer.process(piece) for piece in pieces])
    np.testing.assert_array_equal(result, NoiseReducer().process(power))


def test_reset_forgets() -> None:
    reducer = NoiseReducer()
    reducer.process(noise(100, 1000.0))
    reducer.reset()
    np.testing.assert_array_equal(reducer.process(noise(50)), NoiseReducer().process(noise(50)))
