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
"""The launch file, by ROS 2's own launch wherever that is installed."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from launch_files import declared, entities_of, executed, launched
from managed_node import ManagedNode
from ros_support import probe, random_domain_id, wait_until

launch = pytest.importorskip("launch", reason="ROS 2's launch is not installed")
pytest.importorskip("launch_ros", reason="ROS 2's launch_ros is not installed")
pytestmark = pytest.mark.ros

from emotion_recognition.msg import EmotionState
from launch.actions import SetEnvironmentVariable
from launch_ros.actions import Node
from launch_ros.utilities import evaluate_parameters

from emotion_recognition.nodes.launching.graph import ARGUMENTS
from emotion_recognition.nodes.ros.dds import PROFILE_VARIABLES


@pytest.fixture
def launch_file(repository: Path) -> Path:
    return repository / "launch" / "emotion_recognition.launch.py"


@pytest.fixture
def load(launch_file: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list]:
    for name in PROFILE_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    return lambda: entities_of(launch_file)


def nodes(entities: list, **given: str) -> dict[str, Node]:
    """The nodes that would start with these arguments, by executable."""
    context, actions = executed(entities, **given)
    wanted = (node for node in actions if not node.condition or node.condition.evaluate(context))
    return {node.node_executable: node for node in wanted}


def test_every_argument_is_declared_and_described(load):
    arguments = declared(load())
    assert set(arguments) == {argument.name for argument in ARGUMENTS} == set(ISSUED)
    assert all(argument.description for argument in arguments.values())


ISSUED = (
    *("image", "audio", "namespace", "params_file", "cameras", "max_faces", "device"),
    *("autostart", "use_sim_time", "camera", "microphone", "dashboard", "redact", "log_level"),
)


def test_camera_and_microphone_start_on_demand(load):
    assert set(nodes(load())) == {"emotion_node"}
    assert set(nodes(load(), camera="true")) == {"emotion_node", "camera_node"}
    assert set(nodes(load(), microphone="true")) == {"emotion_node", "microphone_node"}
    assert set(nodes(load(), dashboard="true")) == {"emotion_node", "dashboard_bridge"}


def test_the_parameter_file_decides_on_sim_time_unless_the_argument_is_set(load):
    left, asked = (
        nodes(load(), **given)["emotion_node"] for given in ({}, {"use_sim_time": "true"})
    )
    assert overrides(left) == []
    assert overrides(asked) == [{"use_sim_time": True}]


def test_cameras_and_faces_become_parameters_of_the_node(load):
    node = nodes(load(), cameras="front=/f/image,rear=/r/image", max_faces="4")["emotion_node"]
    assert overrides(node) == [{"cameras": "front=/f/image,rear=/r/image", "max_faces": 4}]


def test_redaction_is_told_to_the_node_and_to_the_page(load):
    started = nodes(load(), redact="true", camera="true", dashboard="true")
    told = {name: overrides(node) for name, node in started.items()}
    asked = [{"redact": True}]
    assert told == {"emotion_node": asked, "dashboard_bridge": asked, "camera_node": []}


def test_a_manager_may_be_waited_for(load):
    assert overrides(nodes(load(), autostart="false")["emotion_node"]) == [{"autostart": False}]


def overrides(node: Node) -> list[dict]:
    """The parameters that the launch file gives beside the parameter file."""
    context = launch.LaunchContext()
    evaluated = evaluate_parameters(context, node._Node__parameters)
    return [each for each in evaluated if isinstance(each, dict)]


def profile(entities: list) -> dict[str, str]:
    context = launch.LaunchContext()
    return {
        launch.utilities.perform_substitutions(context, entity.name): (
            launch.utilities.perform_substitutions(context, entity.value)
        )
        for entity in entities
        if isinstance(entity, SetEnvironmentVariable)
    }


def test_the_dds_profile_is_set_unless_the_user_set_one(load, repository, monkeypatch):
    ours = str(repository / "config" / "fastdds.xml")
    assert profile(load()) == dict.fromkeys(PROFILE_VARIABLES, ours)
    monkeypatch.setenv(PROFILE_VARIABLES[0], "/mine.xml")
    assert profile(load()) == {}


def test_the_launched_graph_gives_estimates(launch_file: Path, talking_face: Path, tmp_path: Path):
    parameters = tmp_path / "parameters.yaml"
    parameters.write_text(
        "/**/emotion_node: {ros__parameters: {use_audio: false, device: warp9}}\n"
        f"/**/camera_node: {{ros__parameters: {{source: '{talking_face}', frame_id: eye}}}}\n",
        encoding="utf-8",
    )
    domain_id = random_domain_id()
    arguments = [f"params_file:={parameters}", "namespace:=robot", "image:=/eye/image"]
    arguments += ["camera:=true", "device:=cpu", "log_level:=info"]
    with launched(launch_file, domain_id, *arguments) as graph, probe(domain_id) as heard:
        states = heard.hear(EmotionState, "/robot/emotion")
        wait_until(
            lambda: any(state.probabilities for state in states) or not graph.running,
            100,
            "an estimate",
        )
        assert graph.running, graph.text
        assert next(state for state in states if state.probabilities).header.frame_id == "eye"
        topics = dict(heard.node.get_topic_names_and_types())
        assert "/eye/image" in topics
        graph.interrupt()
        assert graph.wait(60) == 0, graph.text
    assert graph.text.count("process has finished cleanly") == 2, graph.text


def test_a_launched_node_may_wait_for_its_manager(launch_file: Path, face_image: np.ndarray):
    domain_id = random_domain_id()
    arguments = ["autostart:=false", "device:=cpu", "image:=/image"]
    with launched(launch_file, domain_id, *arguments) as graph, probe(domain_id) as opened:
        node = ManagedNode(opened, graph, face_image)
        assert node.state == "unconfigured"
        assert node.change("configure", "activate") == [True, True]
        assert node.estimates(1)
        graph.interrupt()
        assert graph.wait(60) == 0, graph.text


def test_a_node_that_cannot_start_says_why(launch_file: Path):
    domain_id = random_domain_id()
    with launched(launch_file, domain_id, "device:=warp9") as graph:
        wait_until(lambda: graph.said("process has died", "exit code 1"), 90, "an end")
    assert graph.said("[FATAL]", "'device'", "warp9")
