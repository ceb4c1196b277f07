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
"""The launch file in ROS 2's own harness for launch tests, wherever that is installed."""

from pathlib import Path
from typing import NamedTuple

import pytest
from ros_support import probe, random_domain_id, skip_unless_built, wait_until

launch_pytest = pytest.importorskip(
    "launch_pytest", reason="ROS 2's launch_pytest is not installed"
)
pytest.importorskip("launch_ros", reason="ROS 2's launch_ros is not installed")
pytestmark = pytest.mark.ros

from diagnostic_msgs.msg import DiagnosticArray
from launch.actions import (
    GroupAction,
    IncludeLaunchDescription,
    RegisterEventHandler,
    SetEnvironmentVariable,
)
from launch.event_handlers import OnProcessExit
from launch.events.process import ProcessExited
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch_pytest.actions import ReadyToTest
from rclpy.topic_endpoint_info import TopicEndpointInfo

from launch import LaunchDescription


class Graph(NamedTuple):
    description: LaunchDescription  # first: launch_pytest runs the first item
    domain_id: int
    ended: list[ProcessExited]


@launch_pytest.fixture
def graph(repository: Path) -> Graph:
    skip_unless_built()
    domain_id = random_domain_id()
    ended: list[ProcessExited] = []
    launch_file = repository / "launch" / "emotion_recognition.launch.py"
    arguments = {"namespace": "robot", "image": "/eye/image", "device": "cpu"}
    # The group keeps its environment to itself: other tests run in this process.
    description = LaunchDescription(
        [
            RegisterEventHandler(OnProcessExit(on_exit=lambda event, _: ended.append(event))),
            GroupAction(
                [
                    SetEnvironmentVariable("ROS_DOMAIN_ID", str(domain_id)),
                    SetEnvironmentVariable("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST"),
                    IncludeLaunchDescription(
                        PythonLaunchDescriptionSource(str(launch_file)),
                        launch_arguments=arguments.items(),
                    ),
                ]
            ),
            ReadyToTest(),
        ]
    )
    return Graph(description, domain_id, ended)


def ends(found: list[TopicEndpointInfo]) -> list[tuple[str, str, str]]:
    return [(end.node_namespace, end.node_name, end.topic_type) for end in found]


# One test of two parts: launch_pytest ends the graph at the yield. A node that is told to end
# before it is up would be Python's to end, not ours.
@pytest.mark.launch(fixture=graph)
def test_the_node_comes_up_where_it_was_told_and_ends_with_exit_code_0(graph: Graph):
    with probe(graph.domain_id) as p:
        reports = p.hear(DiagnosticArray, "/diagnostics")
        wait_until(lambda: reports or graph.ended, 100, "a report of emotion_node")
        assert graph.ended == []
        assert ends(p.node.get_publishers_info_by_topic("/robot/emotion")) == [
            ("/robot", "emotion_node", "emotion_recognition/msg/EmotionState")
        ]
        assert ends(p.node.get_subscriptions_info_by_topic("/eye/image")) == [
            ("/robot", "emotion_node", "sensor_msgs/msg/Image")
        ]
    yield
    assert [event.returncode for event in graph.ended] == [0]
