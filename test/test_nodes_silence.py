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
"""A silence is noticed by a clock that may stand, or be set."""

from collections.abc import Callable

import pytest

pytest.importorskip("emotion_recognition.msg", reason="the interfaces are not built: colcon build")

from rclpy.clock import ClockType
from rclpy.time import Time

from emotion_recognition.nodes.emotion.silence import SilenceWatch

SECOND_NS = 1_000_000_000
HOUR_NS = 3600 * SECOND_NS


class TimerNode:
    """A node whose clock and timer the test turns."""

    def __init__(self) -> None:
        self.now_ns = 5000 * SECOND_NS
        self.timers: list[tuple[Callable[[], None], ClockType]] = []

    def get_clock(self) -> "TimerNode":
        return self

    def now(self) -> Time:
        return Time(nanoseconds=self.now_ns)

    def create_timer(self, period_s: float, callback: Callable[[], None], clock) -> int:
        self.timers.append((callback, clock.clock_type))
        return len(self.timers) - 1

    def destroy_timer(self, timer: int) -> None:
        del self.timers[timer]

    def look(self, after_ns: int) -> None:
        self.now_ns += after_ns
        for callback, _ in self.timers:
            callback()


class Watched(TimerNode):
    """It, and what a watch tells of it; more than a second is silence."""

    def __init__(self) -> None:
        super().__init__()
        self.longest_ns: int | None = SECOND_NS
        self.told: list[int] = []
        self.watch = SilenceWatch(self, lambda: self.longest_ns, self.told.append)


def test_a_silence_is_told_at_each_look_from_the_second_on():
    node = Watched()
    for _ in range(4):
        node.look(SECOND_NS // 4)
    assert node.told == []
    node.look(1)
    node.look(1)
    node.look(1)
    assert node.told == [5001 * SECOND_NS + 2, 5001 * SECOND_NS + 3]


def test_what_arrives_ends_it():
    node = Watched()
    node.look(2 * SECOND_NS)
    assert node.watch.arrived() == node.now_ns
    node.look(SECOND_NS // 4)
    node.look(SECOND_NS // 4)
    assert node.told == []


def test_a_clock_set_forward_makes_no_silence_up():
    node = Watched()
    node.look(HOUR_NS)
    node.watch.arrived()
    node.look(SECOND_NS // 4)
    assert node.told == []


def test_a_clock_set_back_hides_no_silence():
    node = Watched()
    node.look(-HOUR_NS)
    for _ in range(6):
        node.look(SECOND_NS // 4)
    assert len(node.told) == 1


def test_nobody_is_told_who_does_not_want_to_know():
    node = Watched()
    node.longest_ns = None
    node.look(5 * SECOND_NS)
    node.look(5 * SECOND_NS)
    assert node.told == []


def test_it_looks_by_a_clock_that_goes_on_and_stops_when_closed():
    node = Watched()
    assert [clock for _, clock in node.timers] == [ClockType.STEADY_TIME]
    node.watch.close()
    assert node.timers == []
