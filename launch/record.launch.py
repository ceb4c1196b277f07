"""Records images, sound and estimates into a bag, with the consent of who is recorded."""

import os

from launch.actions import DeclareLaunchArgument, OpaqueFunction, SetEnvironmentVariable
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node

from emotion_recognition.nodes.dds import profile_environment
from emotion_recognition.nodes.record_graph import RECORD_ARGUMENTS
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
