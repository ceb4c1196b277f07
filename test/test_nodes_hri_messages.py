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

# ruff: noqa: E402 - what needs ROS is imported after the check for it
"""Our estimates as messages of ROS4HRI: which expression stands for which class."""

import math
import sys

import pytest

pytest.importorskip("rclpy", reason="rclpy is not installed: source ROS 2 or scripts/env.sh")
hri_msgs = pytest.importorskip("hri_msgs.msg", reason="hri_msgs is not built: make setup")
pytestmark = pytest.mark.ros

from std_msgs.msg import Header

from emotion_recognition.emotions import EMOTIONS
from emotion_recognition.model.emotion_model import load_model
from emotion_recognition.nodes.hri_bridge import chosen
from emotion_recognition.nodes.hri_expressions import face_id
from emotion_recognition.nodes.hri_messages import (
    EXPRESSIONS,
    expression_message,
    expression_name,
    hri_message,
    is_topic_part,
)
from emotion_recognition.nodes.ros.spin import StartError

Expression = hri_msgs.Expression


def test_messages_have_the_fields_of_hri_msgs():
    assert Expression.get_fields_and_field_types() == {
        "header": "std_msgs/Header",
        "expression": "string",
        "valence": "float",
        "arousal": "float",
        "confidence": "float",
    }
    assert hri_msgs.IdsList.get_fields_and_field_types() == {
        "header": "std_msgs/Header",
        "ids": "sequence<string>",
    }


def test_every_class_has_an_expression():
    assert set(EXPRESSIONS) == set(EMOTIONS) >= set(load_model().labels)
    assert {name: expression_name(name, Expression) for name in EMOTIONS} == {
        "neutral": "neutral",
        "calm": "neutral",
        "happy": "happy",
        "sad": "sad",
        "angry": "angry",
        "fearful": "scared",
        "disgust": "disgusted",
        "surprised": "surprised",
    }


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("Happiness", "happy"),
        ("bored", "bored"),
        ("contempt", None),
        ("get_fields_and_field_types", None),
        ("valence", None),
        ("", None),
    ],
)
def test_labels_of_other_models_go_by_their_word_form_or_name(label: str, expected: str | None):
    assert expression_name(label, Expression) == expected


def message(probabilities: dict[str, float], valence: float = 0.5):
    header = Header(frame_id="eye")
    header.stamp.sec = 7
    return expression_message(
        Expression, header, list(probabilities), list(probabilities.values()), valence, -0.25
    )


def test_the_most_probable_expression_is_told_with_its_probability():
    told = message({"happy": 0.7, "sad": 0.2, "calm": 0.1})
    assert (told.expression, told.confidence) == (Expression.HAPPY, pytest.approx(0.7))
    assert (told.valence, told.arousal) == (0.5, -0.25)
    assert (told.header.stamp.sec, told.header.frame_id) == (7, "eye")


def test_classes_with_the_same_expression_are_added():
    told = message({"happy": 0.4, "neutral": 0.35, "calm": 0.25})
    assert (told.expression, told.confidence) == (Expression.NEUTRAL, pytest.approx(0.6))


def test_labels_without_an_expression_are_left_out():
    assert message({"contempt": 0.6, "sad": 0.4}).expression == Expression.SAD
    assert message({"contempt": 1.0}) is None


def test_without_an_estimate_there_is_nothing_to_tell():
    assert message({}) is None


def test_an_unknown_valence_stays_unknown():
    assert math.isnan(message({"sad": 1.0}, math.nan).valence)


def test_a_missing_hri_msgs_is_named(monkeypatch: pytest.MonkeyPatch):
    for name in ("hri_msgs", "hri_msgs.msg"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(StartError, match="needs the package hri_msgs"):
        hri_message("Expression")


@pytest.mark.parametrize("name", ["anna", "bf3d", "face_1", "A"])
def test_ids_that_topics_can_be_named_after(name: str):
    assert is_topic_part(name)


@pytest.mark.parametrize("name", ["", "3ab", "a/b", "a b", "a-b", "é", "a" * 300])
def test_ids_that_no_topic_can_be_named_after(name: str):
    assert not is_topic_part(name)


def test_who_is_followed_stays_and_others_take_the_places_that_are_left():
    assert chosen([], ["a", "b", "c"], 2) == ["a", "b"]
    assert chosen(["b"], ["a", "b", "c"], 2) == ["b", "a"]
    assert chosen(["a", "b"], ["c", "b"], 2) == ["b", "c"]
    assert chosen(["a"], [], 2) == []
    assert chosen([], ["a", "a"], 2) == ["a"]


def test_subjects_become_ids():
    assert face_id("3") == "face_3"
    assert face_id("front/3") == "face_front_3"
    assert is_topic_part(face_id("front__left/3"))
