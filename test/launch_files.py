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


"""What a launch file declares and starts, by ROS 2's own launch wherever that is installed."""

import sys
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from ros_support import Process, running, skip_unless_built

# The folder launch/ of this package could be taken for it.
pytest.importorskip("launch.actions", reason="ROS 2's launch is not installed")

from launch.actions import DeclareLaunchArgument, OpaqueFunction
from launch.launch_description_sources import get_launch_description_from_python_launch_file

from launch import LaunchContext

LAUNCHER = """
import sys
from launch import LaunchService
from launch.actions import IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch import LaunchDescription
file, *arguments = sys.argv[1:]
service = LaunchService()
source = PythonLaunchDescriptionSource(file)
given = [tuple(argument.split(":=", 1)) for argument in arguments]
service.include_launch_description(
    LaunchDescription([IncludeLaunchDescription(source, launch_arguments=given)])
)
sys.exit(service.run())
"""


def launched(launch_file: Path, domain_id: int, *arguments: str) -> AbstractContextManager[Process]:
    """Run a launch file in a process of its own."""
    skip_unless_built()
    return running([sys.executable, "-c", LAUNCHER, str(launch_file), *arguments], domain_id)


def entities_of(launch_file: Path) -> list:
    """All that it describes."""
    return get_launch_description_from_python_launch_file(str(launch_file)).entities


def declared(entities: list) -> dict[str, DeclareLaunchArgument]:
    """The arguments that it declares, by name."""
    return {each.name: each for each in entities if isinstance(each, DeclareLaunchArgument)}


def executed(entities: list, **given: str) -> tuple[LaunchContext, list]:
    """What its functions make of some arguments, the others at their defaults; and the context."""
    context = LaunchContext()
    context.launch_configurations.update(given)
    for argument in declared(entities).values():
        argument.execute(context)
    functions = (each for each in entities if isinstance(each, OpaqueFunction))
    return context, [action for each in functions for action in each.execute(context)]
