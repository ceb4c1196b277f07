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
"""The secured launch file, by ROS 2's own launch wherever that is installed."""

import sys
from pathlib import Path

import pytest
from launch_files import LAUNCHER, entities_of
from ros_support import random_domain_id, running
from test_launch import nodes

launch = pytest.importorskip("launch", reason="ROS 2's launch is not installed")
pytest.importorskip("launch_ros", reason="ROS 2's launch_ros is not installed")
pytestmark = pytest.mark.ros

from launch.actions import IncludeLaunchDescription, OpaqueFunction
from launch.utilities import perform_substitutions

from emotion_recognition.nodes.launching.keystore import VARIABLE, KeystoreError, enclave

LAUNCH = Path(__file__).resolve().parents[1] / "launch"
FILES = ("cert.pem", "key.pem", "governance.p7s", "permissions.p7s")


@pytest.fixture
def keystore(tmp_path: Path) -> Path:
    """The form of a keystore for emotion_node alone."""
    own = tmp_path / "enclaves" / enclave("emotion_node").strip("/")
    own.mkdir(parents=True)
    for name in FILES:
        (own / name).touch()
    return tmp_path


def variables(**arguments: str) -> dict[str, str]:
    """What the launch file sets before it starts anything."""
    file = LAUNCH / "secure.launch.py"
    entities = entities_of(file)
    context = launch.LaunchContext()
    entities[0].execute(context)
    context.launch_configurations.update(arguments)
    secure, graph = entities[1:]
    assert isinstance(secure, OpaqueFunction)
    assert isinstance(graph, IncludeLaunchDescription)  # after the check and the variables
    actions = secure.execute(context)
    return {
        perform_substitutions(context, each.name): perform_substitutions(context, each.value)
        for each in actions
    }


def test_security_is_enabled_and_enforced(keystore: Path):
    assert variables(keystore=str(keystore)) == {
        VARIABLE: str(keystore),
        "ROS_SECURITY_ENABLE": "true",
        "ROS_SECURITY_STRATEGY": "Enforce",
    }


def test_the_keystore_may_be_named_by_its_variable(keystore: Path, monkeypatch):
    monkeypatch.setenv(VARIABLE, str(keystore))
    assert variables()[VARIABLE] == str(keystore)


def test_each_node_that_is_asked_for_needs_its_enclave(keystore: Path):
    with pytest.raises(KeystoreError, match=r"camera_node lacks .*camera_node cannot start"):
        variables(keystore=str(keystore), camera="true")


def test_nodes_are_told_their_enclaves():
    file = LAUNCH / "emotion_recognition.launch.py"
    entities = entities_of(file)
    started = nodes(entities, camera="true", microphone="true", dashboard="true")
    for name, node in started.items():
        words = node._Node__arguments
        assert words[words.index("--enclave") + 1] == enclave(name)


def test_without_a_keystore_nothing_starts_and_the_reason_is_said(tmp_path: Path):
    file = str(LAUNCH / "secure.launch.py")
    command = [sys.executable, "-c", LAUNCHER, file, f"keystore:={tmp_path}/none"]
    with running(command, random_domain_id()) as process:
        assert process.wait(60) != 0
    assert process.said("none is no keystore", "ros2 security generate_artifacts")
    assert "process started" not in process.text
