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

"""The simulated machine that is too slow for every window."""

from functools import cache, partial
from itertools import pairwise

import numpy as np
import pytest
from readable_streams import (
    CHUNK,
    START,
    Frame,
    frames,
    in_order,
    readable_streams,  # noqa: F401 - a fixture for every test here
    recognizer,
    sounds,
)

from emotion_recognition.bags.events import AudioEvent, Event, FrameEvent
from emotion_recognition.estimate import Estimate
from emotion_recognition.evaluation.offline import estimates_of
from emotion_recognition.studies.live_timing import live_estimates

SECONDS = 20
GRID = [START - START % 250_000_000 + n * 250_000_000 for n in range(4 * SECONDS + 1)]


@cache
def events() -> list[Event]:
    """Frames at 30 Hz and sound in pieces of 20 ms, each arriving when it is complete."""
    made: list[Event] = []
    for each in in_order(frames(0, SECONDS), sounds(0, SECONDS)):
        if isinstance(each, Frame):
            image = partial(np.full, (240, 320, 3), each.brightness, np.uint8)
            made.append(FrameEvent(each.stamp, each.stamp, "camera", image))
        else:
            made.append(AudioEvent(each.stamp + CHUNK, each.chunk))
    return made


def live(update_ms: float, max_images: int = 10, max_audio_s: float = 2.0) -> list[Estimate]:
    return list(live_estimates(events(), recognizer(), update_ms, max_images, max_audio_s))


def stamps(estimates: list[Estimate]) -> list[int]:
    return [estimate.stamp_ns for estimate in estimates]


def test_a_machine_that_keeps_up_gives_every_window():
    every = list(estimates_of(events(), recognizer()))
    assert stamps(every) == [end for end in GRID if end >= START + 10**9][: len(every)]
    assert len(every) >= 4 * (SECONDS - 1) - 1
    assert live(0.0) == live(240.0) == every


def test_half_as_fast_gives_about_half_of_the_windows():
    given = stamps(live(500.0))
    assert given == sorted(set(given))
    assert set(given) <= set(GRID)
    assert 2 * (SECONDS - 1) - 3 <= len(given) <= 2 * (SECONDS - 1) + 6


def test_after_two_seconds_for_a_window_the_next_is_of_the_present():
    given = stamps(live(2000.0))
    steps = [(after - before) / 1e9 for before, after in pairwise(given)]
    assert set(steps[1:-1]) <= {1.75, 2.0, 2.25}
    assert given[-1] >= GRID[-1] - 3 * 10**9


def test_the_same_input_gives_the_same_estimates():
    assert live(700.0) == live(700.0)


def test_images_that_find_no_room_are_lost():
    few, many = live(900.0, max_images=1), live(900.0, max_images=100)
    happy = few[0].labels.index("happy")  # the more faces in the window, the happier
    assert few[-1].probabilities[happy] < many[-1].probabilities[happy] - 0.1


def test_a_negative_time_is_refused():
    with pytest.raises(ValueError, match="update_ms is -1"):
        list(live_estimates([], recognizer(), -1.0, 1, 1.0))
