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

"""Starts emotion_node, and on demand a camera, a microphone and a dashboard node."""

import os

from launch.actions import DeclareLaunchArgument, OpaqueFunction, SetEnvironmentVariable
from launch.conditions import IfCondition
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node

from emotion_recognition.nodes.launching.graph import (
    ARGUMENTS,
    PARAMETER_FILE,
    overrides,
    redaction,
    remappings,
)
from emotion_recognition.nodes.launching.keystore import enclave
from emotion_recognition.nodes.ros.dds import config_file, profile_environment
from launch import LaunchContext, LaunchDescription


def generate_launch_description() -> LaunchDescription:
    arguments = [DeclareLaunchArgument(**argument.declaration) for argument in ARGUMENTS]
    profile = [
        SetEnvironmentVariable(name, path) for name, path in profile_environment(os.environ).items()
    ]
    return LaunchDescription([*arguments, *profile, OpaqueFunction(function=nodes)])


def nodes(context: LaunchContext) -> list[Node]:
    given = {
        argument.name: LaunchConfiguration(argument.name).perform(context) for argument in ARGUMENTS
    }
    # What is left empty stays as it is in the parameter file.
    parameters = [given["params_file"] or str(config_file(PARAMETER_FILE))]
    if given["use_sim_time"] == "true":
        parameters.append({"use_sim_time": True})
    emotion_parameters = [*parameters, overrides(given)] if overrides(given) else parameters
    page_parameters = [*parameters, redaction(given)] if redaction(given) else parameters

    def node(executable: str, parameters: list, **options) -> Node:
        return Node(
            package="emotion_recognition",
            executable=executable,
            name=executable,
            namespace=given["namespace"],
            parameters=parameters,
            remappings=remappings(given["image"], given["audio"]),
            arguments=[
                *("--ros-args", "--log-level", given["log_level"]),
                *("--enclave", enclave(executable)),  # of no effect unless ROS 2 is secured
            ],
            output="screen",
            **options,
        )

    return [
        node("emotion_node", emotion_parameters),
        node("camera_node", parameters, condition=IfCondition(given["camera"])),
        node("microphone_node", parameters, condition=IfCondition(given["microphone"])),
        node("dashboard_bridge", page_parameters, condition=IfCondition(given["dashboard"])),
    ]
