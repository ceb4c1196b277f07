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

from emotion_recognition.audio.level import MAX_GAIN_DB, TARGET_DBFS, LevelNormaliser

RATE = 62.5


def gains(level_db: float, seconds: float, active: bool = True) -> np.ndarray:
    frames = int(seconds * RATE)
    power = np.full(frames, 10 ** (level_db / 10))
    return LevelNormaliser(RATE).process(power, np.full(frames, active))


@pytest.mark.parametrize("level_db", [-50, -40, -26, -10, 0])
def test_the_voice_reaches_the_target_within_two_seconds(level_db: float) -> None:
    assert level_db + gains(level_db, 2.0)[-1] == pytest.approx(TARGET_DBFS, abs=0.01)


@pytest.mark.parametrize(("level_db", "limit"), [(-90, MAX_GAIN_DB), (30, -MAX_GAIN_DB)])
def test_the_gain_is_limited(level_db: float, limit: float) -> None:
    assert gains(level_db, 3.0)[-1] == pytest.approx(limit)


def test_the_gain_moves_by_20_db_a_second_at_most() -> None:
    assert np.abs(np.diff(gains(-80, 1.0), prepend=0.0)).max() <= 20 / RATE + 1e-9


def test_pauses_are_not_pumped_up() -> None:
    normaliser = LevelNormaliser(RATE)
    speech = normaliser.process(np.full(200, 1e-4), np.ones(200, bool))
    pause = normaliser.process(np.full(500, 1e-8), np.zeros(500, bool))
    assert np.all(pause == speech[-1])
    assert not gains(-60, 1.0, active=False).any()


def test_loud_words_stay_louder_than_soft_ones() -> None:
    level_db = np.where(np.arange(1250) // 31 % 2, -30.0, -42.0)  # half a second each
    gain = LevelNormaliser(RATE).process(10 ** (level_db / 10), np.ones(len(level_db), bool))
    after = (level_db + gain)[600:]
    loud, soft = after[level_db[600:] == -30].mean(), after[level_db[600:] == -42].mean()
    assert loud - soft == pytest.approx(12, abs=1)


def test_a_microphone_that_is_turned_up_is_followed() -> None:
    normaliser = LevelNormaliser(RATE)
    normaliser.process(np.full(400, 1e-5), np.ones(400, bool))
    gain = normaliser.process(np.full(1250, 1e-3), np.ones(1250, bool))  # 20 s
    assert -30 + gain[-1] == pytest.approx(TARGET_DBFS, abs=0.5)


def test_silence_marked_as_voice_gives_a_finite_gain() -> None:
    normaliser = LevelNormaliser(RATE)
    assert np.isfinite(normaliser.process(np.zeros(200), np.ones(200, bool))).all()


def test_reset_forgets() -> None:
    normaliser = LevelNormaliser(RATE)
    normaliser.process(np.full(100, 1.0), np.ones(100, bool))
    normaliser.reset()
    result = normaliser.process(np.full(9, 1e-4), np.ones(9, bool))
    np.testing.assert_array_equal(result, gains(-40, 9.5 / RATE))
