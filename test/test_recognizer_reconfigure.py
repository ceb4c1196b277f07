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

"""Rates, smoothing and thresholds of a recogniser that change in mid-stream."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from readable_streams import (
    FRAME,
    LEFT,
    SECOND,
    START,
    feed,
    frames,
    in_order,
    readable_streams,  # noqa: F401 - a fixture for every test here
    recognizer,
    sounds,
)

from emotion_recognition.estimate import Flags
from emotion_recognition.recognizer import Recognizer
from emotion_recognition.windows import RingBuffer


def change(target: Recognizer, vision: dict | None = None, **settings) -> None:
    config = replace(target.config, vision=replace(target.config.vision, **(vision or {})))
    target.reconfigure(replace(config, **settings))


def stamps(estimates: list) -> list[int]:
    return [estimate.stamp_ns for estimate in estimates]


@pytest.mark.parametrize("rate", [1.0, 3.0, 10.0, 30.0])
def test_another_publish_rate_begins_after_the_last_estimate(rate: float):
    target = recognizer(publish_rate=4.0)
    before = feed(target, in_order(frames(0, 5), sounds(0, 5)))
    change(target, publish_rate=rate)
    after = feed(target, in_order(frames(5, 9), sounds(5, 9)))
    period = round(SECOND / rate)
    assert {later - sooner for sooner, later in itertools.pairwise(stamps(after))} == {period}
    assert all(stamp % period == 0 for stamp in stamps(after))
    assert 0 < after[0].stamp_ns - before[-1].stamp_ns <= period
    assert not any(estimate.flags & Flags.PARTIAL_WINDOW for estimate in after), "data was lost"


def test_a_longer_window_fills_as_time_goes_on():
    target = recognizer(window_s=1.0, min_window_s=0.5)
    feed(target, in_order(frames(0, 8), sounds(0, 8)))
    change(target, window_s=3.6, min_window_s=1.0)
    estimates = feed(target, in_order(frames(8, 14), sounds(8, 14)))
    assert estimates[0].window_ns == 3_600_000_000
    assert not estimates[-1].flags & Flags.PARTIAL_WINDOW
    # Four seconds were kept (window, stale, two more): the first window is full as well.
    assert not estimates[0].flags & Flags.PARTIAL_WINDOW


def test_a_shorter_window_holds_less_at_once():
    target = recognizer()
    feed(target, in_order(frames(0, 6), sounds(0, 6)))
    change(target, window_s=1.0)
    estimates = feed(target, in_order(frames(6, 8), sounds(6, 8)))
    assert estimates[0].window_ns == SECOND
    assert target.model.inputs[-1][1].sum() == pytest.approx(62.5, abs=2)  # of 225


def test_less_data_is_needed_for_a_first_estimate():
    target = recognizer(min_window_s=3.0)
    assert not feed(target, frames(0, 1))
    change(target, min_window_s=0.5)
    first = feed(target, frames(1, 2))[0]
    assert first.stamp_ns < START + 1.5 * SECOND


def test_a_stream_is_stale_sooner_or_later():
    target = recognizer(stale_after_s=1.0)
    feed(target, in_order(frames(0, 5), sounds(0, 5)))
    change(target, stale_after_s=3.0)
    waited = feed(target, sounds(5, 7.5))
    assert not any(estimate.flags & Flags.VIDEO_STALE for estimate in waited)
    change(target, stale_after_s=0.5)
    assert all(e.flags & Flags.VIDEO_STALE for e in feed(target, sounds(7.5, 8.5)))


def test_smoothing_changes_and_begins_anew():
    target = recognizer()
    feed(target, frames(0, 5))
    change(target, smoothing="exponential", smoothing_s=10.0)
    count = len(target.model.probabilities)
    after = feed(target, frames(5, 7))
    raw = target.model.probabilities[count:]
    np.testing.assert_allclose(after[0].probabilities, raw[0])
    held = feed(target, frames(7, 12, brightness=0))  # the face is gone, and so is `happy`
    assert held[0].probabilities == pytest.approx(after[-1].probabilities, abs=0.05)


def test_smoothing_goes_on_where_something_else_changes():
    target = recognizer(smoothing="exponential", smoothing_s=10.0)
    young = feed(target, in_order(frames(0, 2), sounds(0, 2)))
    change(target, publish_rate=5.0)
    after = feed(target, in_order(frames(2, 5), sounds(2, 5)))
    raw = target.model.probabilities[len(young) :]
    assert not np.allclose(after[-1].probabilities, raw[-1], atol=0.01)


def test_estimates_are_withheld_by_the_new_threshold():
    target = recognizer(withhold_below=0.0)
    assert not any(e.flags & Flags.WITHHELD for e in feed(target, frames(0, 3)))
    change(target, withhold_below=1.0)
    assert all(e.flags & Flags.WITHHELD for e in feed(target, frames(3, 5)))


def test_faces_are_sought_as_often_as_is_said_now():
    target = recognizer()
    feed(target, frames(0, 5))
    encoded = target.model.encoded
    change(target, vision={"face_rate": 30.0})
    feed(target, frames(5, 7))
    assert target.model.encoded - encoded == pytest.approx(60, abs=3)
    encoded = target.model.encoded
    change(target, vision={"face_rate": 2.0})
    feed(target, frames(7, 9))
    assert target.model.encoded - encoded == pytest.approx(4, abs=3)  # some had waited


@pytest.mark.parametrize("threshold", [{"min_face_size": 41}, {"min_score": 1.0}])
def test_faces_below_the_new_threshold_are_left_out(threshold: dict):
    target = recognizer()
    feed(target, in_order(frames(0, 2), sounds(0, 2)))
    detector = target._cameras[""]._stream._detector  # faces of 40 px, and of score 1
    found = detector.detect(np.full((240, 320, 3), LEFT, np.uint8))[0]
    detector.detect = lambda _: [replace(found, score=0.99)]  # type: ignore[method-assign]
    change(target, vision=threshold)
    feed(target, in_order(frames(2, 3), sounds(2, 3)))
    assert not target.faces()
    change(target, vision={"min_face_size": 40, "min_score": 0.9})
    feed(target, in_order(frames(3, 4), sounds(3, 4)))
    assert target.faces()


@pytest.mark.parametrize(("gap_s", "same"), [(0.5, False), (5.0, True)])
def test_a_face_that_was_away_is_the_same_or_another_one(gap_s: float, same: bool):
    target = recognizer()
    before = feed(target, in_order(frames(0, 3), sounds(0, 3)))[-1]
    change(target, vision={"max_gap_s": gap_s})
    away = in_order(frames(3, 5, brightness=0), sounds(3, 5))
    after = feed(target, [*away, *in_order(frames(5, 8), sounds(5, 8))])[-1]
    assert (after.subject == before.subject) is same


def test_a_buffer_of_another_size_holds_the_newest_and_goes_on():
    buffer = RingBuffer(1, 10 * SECOND, 10_000)
    times = START + FRAME * np.arange(100)
    buffer.add(times, np.arange(100)[:, None])
    row_bytes = 12
    smaller = buffer.resized(10 * SECOND, 2 * 30 * row_bytes)
    assert smaller.window(0, int(times[-1]))[1][:, 0].tolist() == list(range(70, 100))
    smaller.add([times[-1] + FRAME], [[100.0]])
    assert smaller.newest_ns == times[-1] + FRAME
    assert len(smaller) == 30
    larger = smaller.resized(3 * FRAME, 10_000)
    assert larger.window(0, 2 * START)[1][:, 0].tolist() == [98.0, 99.0, 100.0]
    assert larger.dropped == smaller.dropped == 1
