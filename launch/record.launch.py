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

"""Records images, sound and estimates into a bag, with the consent of who is recorded."""

import os

from launch.actions import DeclareLaunchArgument, OpaqueFunction, SetEnvironmentVariable
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node

from emotion_recognition.nodes.launching.record_graph import RECORD_ARGUMENTS
from emotion_recognition.nodes.ros.dds import profile_environment
from launch import LaunchContext, LaunchDescription


def generate_launch_description() -> LaunchDescription:
    arguments = [DeclareLaunchArgument(**argument.declaration) for argument in RECORD_ARGUMENTS]
    profile = [
        SetEnvironmentVariable(name, path) for name, path in profile_environment(os.environ).items()
    ]
    return LaunchDescription([*arguments, *profile, OpaqueFunction(function=recorder)])


def recorder(context: LaunchContext) -> list[Node]:
    given = {
        argument.name: LaunchConfiguration(argument.name).perform(context)
        for argument in RECORD_ARGUMENTS
    }
    options = [given.pop("out")]
    for name, value in given.items():
        if value == "true":
            options.append("--" + name.replace("_", "-"))
        elif value not in ("", "false"):
            options += ["--" + name.replace("_", "-"), value]
    return [
        Node(
            package="emotion_recognition",
            executable="emotion-recognition",
            arguments=["record", *options],
            output="screen",
        )
    ]
