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

"""Start the nodes in one process, with the arguments of the launch file, until Ctrl-C."""

import argparse
import contextlib
import ctypes
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from rclpy.node import Node
from rclpy.parameter import Parameter

from emotion_recognition.nodes.launching.graph import (
    ARGUMENTS,
    PARAMETER_FILE,
    Argument,
    overrides,
    redaction,
    remappings,
)
from emotion_recognition.nodes.ros.dds import config_file
from emotion_recognition.nodes.ros.spin import run_nodes

_STOP_S = 10.0
_PR_SET_PDEATHSIG = 1  # of linux/prctl.h


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments: those of ``launch/emotion_recognition.launch.py``."""
    for argument in ARGUMENTS:
        add_option(parser, argument)
    add_ros_arguments(parser)


def add_option(parser: argparse.ArgumentParser, argument: Argument) -> None:
    """Declare the option that a launch argument is on the command line."""
    option = "--" + argument.name.replace("_", "-")
    if isinstance(argument.default, bool):
        parser.add_argument(option, action="store_true", help=argument.description)
    else:
        default = f" (default: {argument.default})" if argument.default else ""
        parser.add_argument(option, default=argument.default, help=argument.description + default)


def add_ros_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare ``--ros-args``, which takes the rest of the line."""
    parser.add_argument(
        "--ros-args",
        nargs=argparse.REMAINDER,
        default=[],
        help="ROS arguments, last on the line, such as `--ros-args -r from:=to -p name:=value`",
    )


def ros_arguments(options: argparse.Namespace) -> list[str]:
    """Translate the options into ROS arguments for all nodes of the process."""
    parameters = options.params_file or str(config_file(PARAMETER_FILE))
    if not Path(parameters).is_file():
        raise FileNotFoundError(f"parameter file {parameters} does not exist")
    arguments = ["--ros-args", "--params-file", parameters, "--log-level", options.log_level]
    for name, topic in remappings(options.image, options.audio):
        arguments += ["-r", f"{name}:={topic}"]
    if options.namespace:
        arguments += ["-r", f"__ns:=/{options.namespace.strip('/')}"]
    if options.use_sim_time:
        arguments += ["-p", "use_sim_time:=true"]
    return arguments + options.ros_args


def main(options: argparse.Namespace) -> int:
    """Run until SIGINT or SIGTERM; return the exit code."""
    arguments = ros_arguments(options)
    dashboard = _dashboard(options, arguments) if options.dashboard else None
    return run_nodes(_makers(options), arguments, beside=dashboard)


def _end_with_parent() -> None:
    """Have the system end this process when its parent dies, even by SIGKILL."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


@contextlib.contextmanager
def _dashboard(options: argparse.Namespace, arguments: Sequence[str]) -> Iterator[None]:
    """Run dashboard_bridge in a process of its own: no trouble of a viewer reaches the robot."""
    command = [sys.executable, "-m", "emotion_recognition.nodes", "dashboard_bridge", *arguments]
    if redaction(vars(options)):
        command += ["--ros-args", "-p", "redact:=true"]
    process = subprocess.Popen(command, preexec_fn=_end_with_parent)
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(timeout=_STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _makers(options: argparse.Namespace) -> list[Callable[[], Node]]:
    """Import and prepare what is asked for, and nothing else."""
    from emotion_recognition.nodes.emotion_node import EmotionNode

    given = [Parameter(name, value=value) for name, value in overrides(vars(options)).items()]
    makers: list[Callable[[], Node]] = [partial(EmotionNode, parameter_overrides=given)]
    if options.camera:
        from emotion_recognition.nodes.camera_node import CameraNode

        makers.append(CameraNode)
    if options.microphone:
        from emotion_recognition.nodes.microphone_node import MicrophoneNode

        makers.append(MicrophoneNode)
    return makers
