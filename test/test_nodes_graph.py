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

"""The arguments of the launch files, wherever ROS is absent, too."""

import pytest

from emotion_recognition.nodes.launching.graph import ARGUMENTS, Argument, overrides
from emotion_recognition.nodes.launching.hri_graph import HRI_ARGUMENTS, bridge_overrides
from emotion_recognition.nodes.launching.record_graph import RECORD_ARGUMENTS


@pytest.mark.parametrize(
    ("argument", "rest"),
    [
        (Argument("a", "/x", "b"), {"default_value": "/x", "choices": None}),
        (Argument("a", "", "b"), {"default_value": "", "choices": None}),
        (Argument("a", True, "b"), {"default_value": "true", "choices": ["true", "false"]}),
        (Argument("a", "c", "b", ("c", "d")), {"default_value": "c", "choices": ["c", "d"]}),
        (Argument("a", "", "b", required=True), {}),
    ],
)
def test_an_argument_is_declared_as_launch_takes_it(argument: Argument, rest: dict):
    assert argument.declaration == {"name": "a", "description": "b", **rest}


@pytest.mark.parametrize("arguments", [ARGUMENTS, HRI_ARGUMENTS, RECORD_ARGUMENTS])
def test_names_differ_and_defaults_are_allowed(arguments: tuple[Argument, ...]):
    assert len({argument.name for argument in arguments}) == len(arguments)
    for argument in arguments:
        assert argument.description
        choices = argument.declaration.get("choices")
        assert choices is None or argument.declaration["default_value"] in choices


def test_a_recording_needs_a_folder_and_nothing_else():
    assert [argument.name for argument in RECORD_ARGUMENTS if argument.required] == ["out"]


@pytest.mark.parametrize("number", ["two", "-1", "1.5"])
def test_a_number_of_faces_that_is_none_is_told(number: str):
    for read in (overrides, bridge_overrides):
        with pytest.raises(ValueError, match=f"max_faces is '{number}': expected a whole number"):
            read({"audio": "", "device": "", "max_faces": number})


def test_a_number_of_faces_becomes_a_number():
    given = {"audio": "", "device": "", "max_faces": "3"}
    assert overrides(given)["max_faces"] == bridge_overrides(given)["max_faces"] == 3
