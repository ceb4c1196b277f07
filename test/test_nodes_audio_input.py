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
"""Both packages named audio_common_msgs, over real topics: the node takes what is published."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from ros_support import REPOSITORY, Probe, module, probe, random_domain_id, running, wait_until

pytestmark = pytest.mark.ros

from audio_common_msgs.msg import AudioData
from emotion_recognition.msg import EmotionState
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from std_msgs.msg import String

from emotion_recognition.nodes.emotion.audio_input import AudioInput
from emotion_recognition.nodes.ros.qos import LATCHED, matching_qos, sensor_qos

OTHER_DIALECT = REPOSITORY / "build" / "ros" / "mgonzs13"  # built by scripts/setup.sh


def dialect_environment(prefix: Path) -> dict[str, str]:
    """The environment in which the package of ``prefix`` hides the other of its name."""
    packages = next(prefix.glob("lib/python3*/*-packages"))
    paths = {"AMENT_PREFIX_PATH": prefix, "LD_LIBRARY_PATH": prefix / "lib"}
    changed = {
        name: f"{path}{os.pathsep}{os.environ.get(name, '')}" for name, path in paths.items()
    }
    # First the checkout: `emotion_recognition` must not be hidden.
    changed["PYTHONPATH"] = os.pathsep.join(
        [str(REPOSITORY), str(packages), os.environ.get("PYTHONPATH", "")]
    )
    return changed


@pytest.mark.parametrize("kind", ["AudioData", "AudioStamped"])
def test_the_node_estimates_from_sound_alone_in_either_dialect(kind: str, talking_face: Path):
    environment: dict[str, str] = {}
    if kind == "AudioStamped":
        if not OTHER_DIALECT.is_dir():
            pytest.skip(f"{OTHER_DIALECT} is not built: make setup")
        environment = dialect_environment(OTHER_DIALECT)
    domain_id = random_domain_id()
    play = [sys.executable, str(REPOSITORY / "test" / "play_sound.py"), str(talking_face), kind]
    node_command = module("emotion_node", "--ros-args", "-p", "use_video:=false")
    with (
        running(node_command, domain_id, **environment) as node,
        running(play, domain_id, **environment) as microphone,
        probe(domain_id) as heard,
    ):
        states = heard.hear(EmotionState, "emotion")
        wait_until(
            lambda: (
                any(state.probabilities for state in states)
                or not (node.running and microphone.running)
            ),
            90,
            "an estimate",
        )
        assert node.running, node.text
        assert microphone.running, microphone.text
        state = next(state for state in states if state.probabilities)
        assert state.audio_weight == pytest.approx(1)
        assert state.video_weight == 0
        assert state.flags & EmotionState.VIDEO_STALE
        assert not state.flags & EmotionState.AUDIO_STALE
        assert node.said(f"audio_common_msgs/msg/{kind}")
        assert not node.said("audio dropped")


@pytest.fixture
def graph() -> Iterator[Probe]:
    with probe(random_domain_id()) as opened:
        yield opened


def test_another_type_on_the_topic_is_named_with_what_is_expected(graph: Probe):
    said: list[str] = []
    graph.node.create_publisher(String, "audio", 1)
    AudioInput(graph.node, "auto", said.append, said.append, said.append)
    wait_until(lambda: said, 10, "a complaint")
    assert "/audio carries std_msgs/msg/String: expected audio_common_msgs/msg/AudioData" in said[0]


def test_a_publisher_that_comes_later_is_found(graph: Probe):
    heard: list[AudioData] = []
    AudioInput(graph.node, "AudioData", heard.append, heard.append, heard.append)
    publisher = graph.node.create_publisher(AudioData, "audio", 1)
    wait_until(publisher.get_subscription_count, 10, "subscribed")
    publisher.publish(AudioData(data=b"\x01"))
    wait_until(lambda: heard, 10, "the message")
    assert heard[0].data[0] == 1


RELIABLE = ReliabilityPolicy.RELIABLE
VOLATILE = DurabilityPolicy.VOLATILE


def test_the_quality_asked_for_is_the_strictest_that_all_publishers_offer():
    assert matching_qos([LATCHED], 1).durability == DurabilityPolicy.TRANSIENT_LOCAL
    assert matching_qos([LATCHED], 1).reliability == RELIABLE
    mixed = matching_qos([LATCHED, QoSProfile(depth=1, reliability=RELIABLE)], 7)
    assert (mixed.reliability, mixed.durability, mixed.depth) == (RELIABLE, VOLATILE, 7)
    assert matching_qos([LATCHED, sensor_qos(5)], 1).reliability == ReliabilityPolicy.BEST_EFFORT
