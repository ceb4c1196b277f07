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

"""Which windows are given up by a machine that falls behind."""

import pytest
from readable_streams import (
    feed,
    frames,
    in_order,
    readable_streams,  # noqa: F401 - a fixture for every test here
    recognizer,
    sounds,
)

from emotion_recognition.recognizer import Recognizer
from emotion_recognition.recognizer.pace import Pace


def behind(seconds: float = 2.0) -> Recognizer:
    """One that has taken up some seconds without being asked for an estimate."""
    target = recognizer()
    for event in in_order(frames(0, seconds), sounds(0, seconds)):
        feed(target, [event], never_ask=True)
    return target


def due(seconds: float = 2.0) -> list[int]:
    events = in_order(frames(0, seconds), sounds(0, seconds))
    return [estimate.stamp_ns for estimate in feed(recognizer(), events)]


def stamps(estimates: list) -> list[int]:
    return [estimate.stamp_ns for estimate in estimates]


def test_a_machine_that_keeps_up_gives_every_window():
    assert len(due()) > 3
    assert stamps(Pace(behind()).estimates(0.0, False, next_waits=False)) == due()
    assert stamps(Pace(behind()).estimates(0.25, True, next_waits=False)) == due()


@pytest.mark.parametrize(("waited_s", "more_wait"), [(0.26, False), (0.1, True), (0.0, False)])
def test_after_a_late_message_those_behind_it_come_first(waited_s: float, more_wait: bool):
    target = behind()
    pace = Pace(target)
    assert pace.estimates(0.26, True, next_waits=True) == []
    assert stamps(pace.estimates(waited_s, more_wait, next_waits=False)) == due()[-1:]
    assert target.status().dropped_estimates == len(due()) - 1


@pytest.mark.parametrize("next_waits", [False, True])
def test_a_batch_that_becomes_late_ends_with_the_newest_window_unless_another_waits(next_waits):
    """Nothing may follow that would bring it."""
    target = recognizer()
    pace = Pace(target)
    events = in_order(frames(0, 3), sounds(0, 3))
    middle = len(events) // 2
    feed(target, events[:middle], never_ask=True)
    assert pace.estimates(0.1, True, next_waits)
    feed(target, events[middle:], never_ask=True)
    assert pace.estimates(0.4, True, next_waits) == []
    newest = [] if next_waits else due(3.0)[-1:]
    assert stamps(pace.estimates(0.4, False, next_waits)) == newest


def test_late_is_later_than_a_period_of_slow_estimates():
    target = recognizer(publish_rate=0.5)
    events = in_order(frames(0, 6), sounds(0, 6))
    feed(target, events, never_ask=True)
    assert len(Pace(target).estimates(1.9, True, next_waits=False)) > 1
