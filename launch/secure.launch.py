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

"""Starts the graph of emotion_recognition.launch.py under SROS 2, or not at all."""

import os
from pathlib import Path

from launch.actions import (
    DeclareLaunchArgument,
    IncludeLaunchDescription,
    OpaqueFunction,
    SetEnvironmentVariable,
)
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration

from emotion_recognition.nodes.launching.keystore import VARIABLE, secure_environment
from launch import LaunchContext, LaunchDescription

ON_DEMAND = {
    "camera": "camera_node",
    "microphone": "microphone_node",
    "dashboard": "dashboard_bridge",
}
GRAPH = Path(__file__).with_name("emotion_recognition.launch.py")


def generate_launch_description() -> LaunchDescription:
    keystore = DeclareLaunchArgument(
        "keystore",
        default_value=os.environ.get(VARIABLE, ""),
        description=f"folder of the keystore; default: ${VARIABLE}",
    )
    # Arguments that are given to this file reach the included one.
    graph = IncludeLaunchDescription(PythonLaunchDescriptionSource(str(GRAPH)))
    return LaunchDescription([keystore, OpaqueFunction(function=secure), graph])


def secure(context: LaunchContext) -> list[SetEnvironmentVariable]:
    asked = context.launch_configurations
    nodes = [node for name, node in ON_DEMAND.items() if asked.get(name) == "true"]
    keystore = LaunchConfiguration("keystore").perform(context)
    environment = secure_environment(keystore, ["emotion_node", *nodes])
    return [SetEnvironmentVariable(name, value) for name, value in environment.items()]
