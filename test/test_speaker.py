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

"""Who speaks, by openings of mouths that are written out."""

import numpy as np
import pytest

from emotion_recognition.recognizer.speaker import (
    LEAST,
    MOVING,
    NOBODY,
    mouth_changes,
    speakers,
)

STEPS = 36
TENTH = 100_000_000
ALL = np.ones(STEPS, bool)
STILL = np.full(STEPS, MOVING / 4, np.float32)
TALK = np.full(STEPS, 3 * MOVING, np.float32)


def stamps(count: int, period_ns: int = TENTH) -> np.ndarray:
    return 7 * TENTH + period_ns * np.arange(count)


def told(changes: list[np.ndarray], voiced: np.ndarray = ALL) -> list[int]:
    return speakers(np.array(changes), voiced).tolist()


def test_changes_are_differences_of_a_tenth_of_a_second():
    openings = np.array([0.1, 0.3, 0.25, 0.25], np.float32)
    np.testing.assert_allclose(
        mouth_changes(stamps(4), openings), [np.nan, 0.2, 0.05, 0], atol=1e-7
    )


def test_a_quick_camera_gives_the_changes_of_a_slow_one():
    # A mouth that opens and shuts three times a second, seen 60 and 10 times a second.
    def mean_change(rate: int) -> float:
        times = stamps(3 * rate, 10**9 // rate)
        openings = 0.1 * np.sin(2 * np.pi * 3 * times / 1e9).astype(np.float32)
        return float(np.nanmean(mouth_changes(times, openings)))

    assert mean_change(60) == pytest.approx(mean_change(10), rel=0.15)


def test_a_mouth_that_was_not_seen_changes_nothing_known():
    openings = np.array([0.1, np.nan, 0.3, 0.35], np.float32)
    known = np.isfinite(mouth_changes(stamps(4), openings))
    assert known.tolist() == [False, False, False, True]


def test_sightings_that_lie_far_apart_are_not_compared():
    openings = np.array([0.1, 0.3], np.float32)
    assert np.isnan(mouth_changes(stamps(2, 6 * TENTH), openings)).all()
    assert mouth_changes(stamps(2, 5 * TENTH), openings)[1] == pytest.approx(0.2)


def test_a_mouth_never_seen():
    assert mouth_changes(np.zeros(0, np.int64), np.zeros(0, np.float32)).shape == (0,)


def test_the_face_whose_mouth_moves_speaks():
    assert told([STILL, TALK]) == [1] * STEPS
    assert told([TALK, STILL, 0.5 * TALK]) == [0] * STEPS


def test_no_mouth_moves_enough():
    assert told([STILL, 0.9 * MOVING / STILL.max() * STILL]) == [NOBODY] * STEPS
    assert told([STILL]) == [NOBODY] * STEPS


def test_without_a_voice_or_a_face_nobody_speaks():
    assert told([TALK, STILL], ~ALL) == [NOBODY] * STEPS
    assert speakers(np.zeros((0, STEPS)), ALL).tolist() == [NOBODY] * STEPS


def test_of_two_who_take_turns_each_gets_what_is_theirs():
    first, second = TALK.copy(), STILL.copy()
    first[18:], second[18:] = STILL[18:], TALK[18:]
    assert told([first, second]) == [0] * 18 + [1] * 18


def test_what_moves_while_nobody_speaks_does_not_count():
    voiced = np.arange(STEPS) >= 18
    chewing = np.where(voiced, STILL, 5 * TALK)
    assert told([chewing, TALK], voiced) == [1] * STEPS


def test_a_pause_stays_with_the_words_beside_it():
    first, second = TALK.copy(), STILL.copy()
    first[20:], second[20:] = STILL[20:], TALK[20:]
    voiced = ALL.copy()
    voiced[[5, 6, 18, 19, 20, 21, 22, 30]] = False
    assert told([first, second], voiced) == [0] * 21 + [1] * 15


def test_a_lone_face_whose_mouth_cannot_be_seen_gets_the_voice():
    unseen = np.full(STEPS, np.nan, np.float32)
    assert told([unseen]) == [0] * STEPS
    assert told([unseen, unseen]) == [NOBODY] * STEPS
    assert told([unseen, TALK]) == [1] * STEPS


def test_a_few_sightings_tell_nothing():
    def seen(count: int) -> np.ndarray:
        changes = np.full(STEPS, np.nan, np.float32)
        changes[10 : 10 + count] = 3 * MOVING
        return changes

    assert set(told([seen(LEAST - 1), STILL])) == {NOBODY}
    assert 0 in told([seen(LEAST), STILL])
