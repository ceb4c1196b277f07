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

from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("emotion_recognition.msg", reason="the interfaces are not built: colcon build")

from emotion_recognition.nodes.ros.convert import time_message
from emotion_recognition.nodes.watching.stream_watch import (
    Progress,
    StreamWatch,
    Timing,
    lost_share,
)

SECOND_NS = 1_000_000_000


def message(stamp_s: float, size: int = 100) -> SimpleNamespace:
    header = SimpleNamespace(stamp=time_message(round(stamp_s * SECOND_NS)))
    return SimpleNamespace(header=header, data=bytes(size))


def watched(arrivals_s: np.ndarray, age_s: float = 0.02, size: int = 100) -> StreamWatch:
    """A stream whose messages are ``age_s`` old when they arrive, on a clock that began at 1000."""
    watch = StreamWatch()
    for arrived_s in arrivals_s:
        received_s = 1000 + arrived_s
        watch.note(message(received_s - age_s, size), arrived_s, round(received_s * SECOND_NS))
    return watch


def test_rate_age_and_size_of_a_steady_stream():
    timing = watched(np.arange(0, 10, 1 / 30), age_s=0.25, size=921600).timing(10.0)
    assert timing.rate == pytest.approx(30, rel=0.02)
    assert timing.age_s == pytest.approx(0.25)
    assert timing.lost == pytest.approx(0, abs=0.01)
    assert timing.message_bytes == 921600


def test_a_stamp_that_is_ahead_gives_a_negative_age():
    assert watched(np.arange(0, 3, 0.1), age_s=-2.0).timing(3.0).age_s == pytest.approx(-2.0)


def test_only_the_newest_five_seconds_count():
    slow_then_fast = np.concatenate([np.arange(0, 20, 1.0), np.arange(20, 25, 0.1)])
    assert watched(slow_then_fast).timing(25.0).rate == pytest.approx(10, rel=0.05)


def test_a_rate_is_not_judged_before_there_is_enough_to_tell():
    assert watched(np.arange(0, 1, 0.1)).timing(1.0).rate is None
    assert StreamWatch().timing(5.0) == Timing()


def test_messages_without_a_header_are_counted_and_have_no_age():
    watch = StreamWatch()
    for arrived_s in np.arange(0, 3, 0.1):
        watch.note(SimpleNamespace(data=b"ab"), arrived_s, SECOND_NS)
    assert watch.count == 30
    timing = watch.timing(3.0)
    assert timing.age_s is None and timing.lost == 0
    assert timing.rate == pytest.approx(10, rel=0.05)


def test_messages_with_an_empty_stamp_have_no_age():
    watch = StreamWatch()
    for arrived_s in np.arange(0, 3, 0.1):
        watch.note(message(0.0), arrived_s, SECOND_NS)
    assert watch.timing(3.0).age_s is None


@pytest.mark.parametrize("lost", [0.2, 0.4, 0.6])
def test_the_share_of_lost_messages_is_found_by_the_gaps(lost):
    chance = np.random.default_rng(7)
    stamps = np.flatnonzero(chance.random(3000) >= lost) / 30
    assert lost_share(np.diff(stamps)) == pytest.approx(lost, abs=0.05)


def test_jitter_is_no_loss():
    chance = np.random.default_rng(7)
    stamps = np.arange(300) / 30 + chance.uniform(-0.012, 0.012, 300)
    assert lost_share(np.diff(stamps)) < 0.1


def test_pauses_and_jumps_of_the_clock_are_no_loss():
    steady = np.full(60, 0.1)
    assert lost_share(np.concatenate([steady, [7.0, -3600.0, 0.0], steady])) == pytest.approx(0)


def test_a_slow_steady_stream_loses_nothing():
    assert lost_share(np.full(20, 0.8)) == pytest.approx(0)


def test_few_messages_tell_nothing_of_loss():
    assert lost_share(np.array([0.1, 0.4, 0.1, 0.1])) == 0


def test_progress_is_what_a_total_grew_in_the_window():
    progress = Progress(10.0)
    assert progress.grown == 0 and progress.rate(1.0) is None
    for second in range(30):
        progress.note(100 + 3 * second, second)
    assert progress.grown == 30
    assert progress.rate(5.0) == pytest.approx(3)


def test_progress_needs_a_while_and_starts_afresh_where_the_clock_is_set_back():
    progress = Progress(10.0)
    progress.note(0, 100.0)
    progress.note(4, 104.0)
    assert progress.rate(5.0) is None
    progress.note(5, 50.0)
    assert progress.grown == 0
