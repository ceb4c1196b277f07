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

"""Joins ROS4HRI (REP-155): estimates for the faces it tracks, or ours told to it."""

import os

from launch.actions import DeclareLaunchArgument, OpaqueFunction, SetEnvironmentVariable
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node

from emotion_recognition.nodes.launching.graph import PARAMETER_FILE, audio_info_topic
from emotion_recognition.nodes.launching.hri_graph import HRI_ARGUMENTS, bridge_overrides
from emotion_recognition.nodes.ros.dds import config_file, profile_environment
from launch import LaunchContext, LaunchDescription


def generate_launch_description() -> LaunchDescription:
    arguments = [DeclareLaunchArgument(**argument.declaration) for argument in HRI_ARGUMENTS]
    profile = [
        SetEnvironmentVariable(name, path) for name, path in profile_environment(os.environ).items()
    ]
    return LaunchDescription([*arguments, *profile, OpaqueFunction(function=nodes)])


def nodes(context: LaunchContext) -> list[Node]:
    given = {
        argument.name: LaunchConfiguration(argument.name).perform(context)
        for argument in HRI_ARGUMENTS
    }
    parameters: list = [{"use_sim_time": True}] if given["use_sim_time"] == "true" else []
    executable = "hri_expressions"
    if given["source"] == "faces":
        executable = "hri_bridge"
        file = given["params_file"] or str(config_file(PARAMETER_FILE))
        parameters = [file, *parameters, bridge_overrides(given)]
    return [
        Node(
            package="emotion_recognition",
            executable=executable,
            name=executable,
            namespace=given["namespace"],
            parameters=parameters,
            remappings=[("audio", given["audio"]), ("audio_info", audio_info_topic(given["audio"]))]
            if given["audio"]
            else [],
            arguments=["--ros-args", "--log-level", given["log_level"]],
            output="screen",
        )
    ]
