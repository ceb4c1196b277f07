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
"""The launch file of ROS4HRI, by ROS 2's own launch wherever that is installed."""

from pathlib import Path

import pytest
from launch_files import declared, entities_of, executed, launched
from ros_support import random_domain_id, wait_until

launch = pytest.importorskip("launch", reason="ROS 2's launch is not installed")
pytest.importorskip("launch_ros", reason="ROS 2's launch_ros is not installed")
pytestmark = pytest.mark.ros

from launch_ros.actions import Node
from launch_ros.utilities import evaluate_parameters

from emotion_recognition.nodes.launching.hri_graph import HRI_ARGUMENTS


@pytest.fixture
def launch_file(repository: Path) -> Path:
    return repository / "launch" / "ros4hri.launch.py"


@pytest.fixture
def entities(launch_file: Path) -> list:
    return entities_of(launch_file)


def test_every_argument_is_declared_and_described(entities: list):
    arguments = declared(entities)
    assert list(arguments) == [argument.name for argument in HRI_ARGUMENTS]
    assert all(each.description for each in arguments.values())
    assert arguments["source"].choices == ["faces", "emotion"]


def started(entities: list, **given: str) -> tuple[Node, list[dict]]:
    """The node that would start, and the parameters beside those of the file."""
    context, [node] = executed(entities, **given)
    evaluated = evaluate_parameters(context, node._Node__parameters)
    return node, [each for each in evaluated if isinstance(each, dict)]


def test_the_source_decides_on_the_node(entities: list):
    node, parameters = started(entities)
    assert node.node_executable == "hri_bridge"
    assert parameters == [{"voices": True}]
    node, parameters = started(entities, source="emotion", use_sim_time="true")
    assert node.node_executable == "hri_expressions"
    assert parameters == [{"use_sim_time": True}]


def test_sound_of_a_topic_takes_the_place_of_voices(entities: list):
    _, parameters = started(entities, audio="/mic/audio", max_faces="2", device="cpu")
    assert parameters == [{"voices": False, "max_faces": 2, "device": "cpu"}]


def test_the_bridge_starts(launch_file: Path):
    with launched(launch_file, random_domain_id(), "device:=cpu") as graph:
        wait_until(lambda: graph.said("hri_bridge", "ready") or not graph.running, 100, "a start")
        assert graph.running, graph.text
        graph.interrupt()
        assert graph.wait(60) == 0, graph.text
