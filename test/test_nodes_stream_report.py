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

import pytest

pytest.importorskip("rclpy", reason="rclpy is not installed: source ROS 2 or scripts/env.sh")

from rclpy.qos import QoSProfile, ReliabilityPolicy

from emotion_recognition.nodes.watching.diagnostics import Level
from emotion_recognition.nodes.watching.links import Link, Offer
from emotion_recognition.nodes.watching.stream_report import StreamState, needs_link, stream_report
from emotion_recognition.nodes.watching.stream_watch import Timing

IMAGE = "sensor_msgs/msg/Image"
BEST_EFFORT = QoSProfile(depth=5, reliability=ReliabilityPolicy.BEST_EFFORT)
RELIABLE = QoSProfile(depth=5, reliability=ReliabilityPolicy.RELIABLE)
STEADY = Timing(rate=30.0, lost=0.0, age_s=0.03, message_bytes=921600)


def stream(**changes) -> StreamState:
    timing = changes.pop("timing", {})
    values = {
        "name": "image",
        "input_name": "image",
        "topic": "/camera",
        "kinds": (IMAGE,),
        "enabled": True,
        "received": 30,
        "rate": 29.97,
        "timing": Timing(**{**vars(STEADY), **timing}),
        "needed_rate": 10.0,
        "silent_for_s": 0.02,
        "stale_after_s": 1.0,
        "dropped": 0,
        "rejected": 0,
        "window_fill": 1.0,
    }
    return StreamState(**{**values, **changes})


def of_camera(asked: QoSProfile = BEST_EFFORT, *, there: bool = True) -> Link:
    offers = [Offer("/driver", IMAGE, BEST_EFFORT)] if there else []
    return Link("/camera", (IMAGE,), offers, asked, (), True)


def test_a_healthy_stream_is_ok_and_gives_its_figures():
    report = stream_report(stream(details={"used": "9"}))
    assert (report.level, report.message) == (Level.OK, "30.0 messages a second")
    assert report.values == {
        "topic": "/camera",
        "received": "30",
        "rate (1/s)": "30.0",
        "needed (1/s)": "10",
        "missing": "0.00",
        "age on arrival (s)": "0.030",
        "dropped": "0",
        "rejected": "0",
        "window fill": "1.00",
        "used": "9",
    }


@pytest.mark.parametrize(
    ("changes", "level", "words"),
    [
        ({"silent_for_s": None}, Level.STALE, "nothing has come on /camera"),
        ({"silent_for_s": 3.2}, Level.STALE, "silent for 3.2 s"),
        ({"new_bad": 2}, Level.WARN, "2 messages could not be used"),
        ({"new_drops": 4}, Level.WARN, "4 messages dropped: the machine cannot keep up"),
        ({"timing": {"rate": 7.9}}, Level.WARN, "7.9 messages a second, 10 are needed"),
        ({"timing": {"rate": 8.1}}, Level.OK, "messages a second"),
        ({"timing": {"rate": None}}, Level.OK, "messages a second"),
        ({"timing": {"lost": 0.11}}, Level.WARN, "11 % of the messages are missing"),
        ({"timing": {"lost": 0.09}}, Level.OK, "messages a second"),
        ({"sound_rate": 0.7}, Level.WARN, "only 0.70 s of sound come in a second"),
        ({"sound_rate": 0.85}, Level.OK, "messages a second"),
        ({"sound_rate": 3.0}, Level.WARN, "3.00 s of sound come in a second: it has more channels"),
        ({"timing": {"age_s": -0.2}}, Level.WARN, "0.2 s ahead of this node's clock: synchronise"),
        ({"timing": {"age_s": 1.5}}, Level.WARN, "1.5 s behind this node's clock: the messages"),
        ({"timing": {"age_s": 8e8}}, Level.WARN, "set use_sim_time where a bag is played"),
        ({"timing": {"age_s": None}}, Level.OK, "messages a second"),
        ({"enabled": False, "silent_for_s": None}, Level.OK, "switched off"),
    ],
)
def test_trouble_has_a_level_and_words(changes, level, words):
    report = stream_report(stream(**changes))
    assert report.level == level
    assert words in report.message


def test_old_trouble_does_not_keep_a_stream_in_warning():
    assert stream_report(stream(dropped=5, rejected=3)).level == Level.OK


@pytest.mark.parametrize(
    ("changes", "needed"),
    [
        ({}, False),
        ({"new_bad": 2, "new_drops": 4}, False),
        ({"timing": {"age_s": 99.0}}, False),
        ({"silent_for_s": None}, True),
        ({"silent_for_s": 3.0}, True),
        ({"timing": {"lost": 0.3}}, True),
        ({"timing": {"rate": 2.0}}, True),
        ({"sound_rate": 0.5}, True),
        ({"sound_rate": 3.0}, False),
        ({"enabled": False, "silent_for_s": None, "timing": {"rate": 0.1, "lost": 0.5}}, False),
    ],
)
def test_the_graph_is_asked_only_where_something_is_amiss(changes, needed):
    assert needs_link(stream(**changes)) == needed


def test_silence_that_cannot_end_by_itself_is_an_error():
    report = stream_report(stream(silent_for_s=None), of_camera(RELIABLE))
    assert report.level == Level.ERROR
    assert "image_reliability" in report.message
    assert report.values["publishers"] == "/driver (sensor_msgs/msg/Image, best_effort)"


def test_silence_names_whether_the_publisher_is_there():
    report = stream_report(stream(silent_for_s=3.0), of_camera())
    assert report.level == Level.STALE and "silent for 3.0 s: /driver is there" in report.message
    report = stream_report(stream(silent_for_s=3.0), of_camera(there=False))
    assert report.level == Level.STALE and "silent for 3.0 s: nobody" in report.message


def test_losses_and_a_low_rate_of_large_frames_name_the_segment():
    segment = "publisher is best effort and frames (0.9 MB) exceed the shared-memory segment"
    for timing in ({"lost": 0.5}, {"rate": 3.0}):
        report = stream_report(stream(timing=timing), of_camera())
        assert report.level == Level.WARN
        assert segment in report.message


def test_a_low_rate_of_small_frames_names_the_rates():
    report = stream_report(stream(timing={"rate": 3.0, "message_bytes": 1000}), of_camera())
    assert "raise the rate of the publisher, or lower face_rate" in report.message


def test_sound_needs_no_rate():
    report = stream_report(stream(name="audio", needed_rate=0.0, timing={"rate": 2.0}))
    assert report.level == Level.OK
    assert "needed (1/s)" not in report.values
