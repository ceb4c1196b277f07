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

import math

import pytest

pytest.importorskip("emotion_recognition.msg", reason="the interfaces are not built: colcon build")

from emotion_recognition.msg import EmotionState

from emotion_recognition.emotions import EMOTIONS
from emotion_recognition.estimate import Box, Estimate, Flags
from emotion_recognition.nodes.ros.convert import (
    duration_message,
    emotion_state,
    nanoseconds,
    time_message,
)

PROBABILITIES = (0.05, 0.05, 0.5, 0.1, 0.1, 0.1, 0.05, 0.05)


def estimate(**changes) -> Estimate:
    values = {
        "stamp_ns": 12_250_000_000,
        "window_ns": 3_600_000_000,
        "newest_ns": 12_240_000_000,
        "labels": EMOTIONS,
        "probabilities": PROBABILITIES,
        "valence": 0.5,
        "arousal": -0.25,
        "intensity": 0.75,
        "audio_weight": 0.25,
        "video_weight": 0.75,
        "flags": Flags.NO_SPEECH | Flags.PARTIAL_WINDOW,
        "subject": "3",
        "face": Box(10, 20, 100, 120),
        "frame_id": "camera",
        "model": "test-1",
    }
    return Estimate(**{**values, **changes})


def test_every_field_carries_its_value():
    message = emotion_state(estimate(), now_ns=12_300_000_000)
    assert (message.header.stamp.sec, message.header.stamp.nanosec) == (12, 250_000_000)
    assert message.header.frame_id == "camera"
    assert (message.window.sec, message.window.nanosec) == (3, 600_000_000)
    assert (message.latency.sec, message.latency.nanosec) == (0, 60_000_000)
    assert tuple(message.labels) == EMOTIONS
    assert list(message.probabilities) == pytest.approx(PROBABILITIES)
    assert (message.emotion, message.confidence) == ("happy", 0.5)
    assert (message.valence, message.arousal, message.intensity) == (0.5, -0.25, 0.75)
    assert (message.audio_weight, message.video_weight) == (0.25, 0.75)
    assert message.flags == EmotionState.NO_SPEECH + EmotionState.PARTIAL_WINDOW
    assert (message.subject, message.model) == ("3", "test-1")
    face = message.face
    assert (face.x_offset, face.y_offset, face.width, face.height) == (10, 20, 100, 120)


def test_the_flags_of_result_and_message_are_the_same():
    assert {flag.name: flag.value for flag in Flags} == {
        flag.name: getattr(EmotionState, flag.name) for flag in Flags
    }


def test_unknown_numbers_stay_unknown():
    message = emotion_state(estimate(valence=math.nan, arousal=math.nan, intensity=math.nan), 0)
    assert math.isnan(message.valence)
    assert math.isnan(message.arousal)
    assert math.isnan(message.intensity)


def test_no_estimate_is_an_empty_one():
    gone = Estimate(stamp_ns=5, window_ns=7, newest_ns=1, flags=Flags.AUDIO_STALE)
    message = emotion_state(gone, now_ns=10**18)
    assert list(message.labels) == list(message.probabilities) == []
    assert (message.emotion, message.confidence) == ("", 0.0)
    assert nanoseconds(message.latency) == 0
    assert message.face.width == 0


def test_a_face_over_the_edge_is_cut_at_the_edge():
    face = emotion_state(estimate(face=Box(-10, -5, 100, 80)), 0).face
    assert (face.x_offset, face.y_offset, face.width, face.height) == (0, 0, 90, 75)


@pytest.mark.parametrize(
    "value", [0, 1, -1, 1_500_000_000, -1_500_000_000, 1_795_300_000_123_456_789]
)
def test_times_come_back(value):
    assert nanoseconds(duration_message(value)) == value
    assert nanoseconds(time_message(value)) == value


def test_a_senseless_latency_does_not_overflow():
    message = emotion_state(estimate(newest_ns=0), now_ns=2**62)
    assert message.latency.sec == 2**31 - 1
