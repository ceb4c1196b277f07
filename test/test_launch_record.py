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
"""The launch file that records, by ROS 2's own launch wherever that is installed."""

from pathlib import Path

import pytest
from launch_files import declared, entities_of, executed, launched
from ros_support import probe, random_domain_id, wait_until

launch = pytest.importorskip("launch", reason="ROS 2's launch is not installed")
pytestmark = pytest.mark.ros

from sensor_msgs.msg import CompressedImage

from emotion_recognition.bags.bag import Bag
from emotion_recognition.nodes.launching.record_graph import RECORD_ARGUMENTS


@pytest.fixture
def launch_file(repository: Path) -> Path:
    return repository / "launch" / "record.launch.py"


@pytest.fixture
def entities(launch_file: Path) -> list:
    return entities_of(launch_file)


def test_every_argument_is_declared_and_described(entities: list):
    arguments = declared(entities)
    assert list(arguments) == [argument.name for argument in RECORD_ARGUMENTS]
    assert all(each.description for each in arguments.values())
    assert [name for name, each in arguments.items() if each.default_value is None] == ["out"]
    assert arguments["consent"].choices == ["true", "false"]


def command(entities: list, **given: str) -> list[str]:
    context, [node] = executed(entities, **given)
    words = [launch.utilities.perform_substitutions(context, part) for part in node.cmd]
    return words[words.index("record") :]


def test_arguments_become_those_of_the_command(entities: list):
    assert command(entities, out="bag")[:6] == [
        *("record", "bag"),
        *("--image", "/camera/image_raw"),
        *("--audio", "/audio_stamped"),
    ]
    given = command(
        entities, out="bag", consent="true", force="true", namespace="robot", duration="5"
    )
    assert "--consent" in given
    assert "--force" in given
    assert given[given.index("--duration") + 1] == "5"
    assert given[given.index("--namespace") + 1] == "robot"
    assert "--use-sim-time" not in given


def test_without_consent_the_launch_records_nothing_and_says_why(launch_file: Path, tmp_path: Path):
    with launched(launch_file, random_domain_id(), f"out:={tmp_path / 'out'}") as graph:
        wait_until(lambda: graph.said("process has died", "exit code 1"), 60, "an end")
    assert graph.said("nothing is recorded without consent", "consent:=true")
    assert not list(tmp_path.iterdir())


def test_the_launch_records_until_it_is_interrupted(launch_file: Path, tmp_path: Path):
    domain_id = random_domain_id()
    arguments = [f"out:={tmp_path / 'out'}", "consent:=true", "image:=/eye"]
    image = CompressedImage(format="jpeg")
    with launched(launch_file, domain_id, *arguments) as graph, probe(domain_id) as live:
        live.publish_often("/eye/compressed", image)
        wait_until(lambda: graph.said("recording /eye/compressed") or not graph.running, 60)
        wait_until(lambda: live.node.count_subscribers("/eye/compressed") > 0, 20)
        live.rest(1.0)
        graph.interrupt()
        assert graph.wait(60) == 0, graph.text
    assert graph.said("/eye/compressed", "messages recorded"), graph.text
    with Bag(tmp_path / "out") as bag:
        assert list(bag.topics) == ["/eye/compressed"]
