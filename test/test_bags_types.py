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

"""Definitions of the messages in recordings."""

import numpy as np
import pytest
from rosbags.typesys import get_types_from_msg

from emotion_recognition.bags.types import (
    AUDIO_DATA,
    AUDIO_DATA_STAMPED,
    AUDIO_STAMPED,
    EMOTION_STATE,
    AudioDialect,
    typestore,
)


def test_emotion_state_is_that_of_the_package(repository):
    text = (repository / "msg" / "EmotionState.msg").read_text(encoding="utf-8")
    ours = typestore().fielddefs[EMOTION_STATE]
    assert ours == get_types_from_msg(text, EMOTION_STATE)[EMOTION_STATE]


def test_the_two_dialects_of_sound_do_not_mix():
    released = typestore(AudioDialect.RELEASED)
    source = typestore(AudioDialect.SOURCE)
    assert [name for name, _ in released.fielddefs[AUDIO_DATA][1]] == ["data"]
    assert "float32_data" in [name for name, _ in source.fielddefs[AUDIO_DATA][1]]
    assert AUDIO_STAMPED not in released.types
    assert AUDIO_DATA_STAMPED not in source.types


@pytest.mark.parametrize("dialect", AudioDialect)
def test_emotion_state_survives_serialisation(dialect):
    store = typestore(dialect)
    time = store.types["builtin_interfaces/msg/Time"](sec=1, nanosec=2)
    duration = store.types["builtin_interfaces/msg/Duration"](sec=3, nanosec=4)
    region = store.types["sensor_msgs/msg/RegionOfInterest"](
        x_offset=1, y_offset=2, height=3, width=4, do_rectify=False
    )
    state = store.types[EMOTION_STATE](
        header=store.types["std_msgs/msg/Header"](stamp=time, frame_id="camera"),
        window=duration,
        subject="7",
        face=region,
        labels=["happy", "sad"],
        probabilities=np.array([0.75, 0.25], np.float32),
        emotion="happy",
        confidence=0.75,
        valence=0.5,
        arousal=-0.5,
        intensity=float("nan"),
        audio_weight=0.0,
        video_weight=1.0,
        flags=4,
        latency=duration,
        model="test",
    )
    again = store.deserialize_cdr(store.serialize_cdr(state, EMOTION_STATE), EMOTION_STATE)
    assert (again.labels, again.emotion, again.flags) == (["happy", "sad"], "happy", 4)
    assert again.probabilities.tolist() == [0.75, 0.25]
    assert np.isnan(again.intensity)
