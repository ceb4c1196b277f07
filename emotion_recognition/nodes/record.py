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

"""Record what an evaluation needs into a bag: compressed images, sound, its format, estimates.

With `ros2 bag record` where it is installed and the camera publishes compressed images, else by a
node of our own, which compresses raw ones.
"""

import argparse
import importlib.util
import math
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node

from emotion_recognition.bags.complete import NothingRecordedError, check_free, kept, unfinished
from emotion_recognition.bags.events import RecordingError
from emotion_recognition.bags.write import bag_writer
from emotion_recognition.nodes.launching.record_graph import (
    RECORD_ARGUMENTS,
    ConsentError,
    Topics,
    topics,
)
from emotion_recognition.nodes.recorder import Recorder
from emotion_recognition.nodes.ros.spin import WRONG_USAGE, StopSignals, start_ros, stop_signals
from emotion_recognition.nodes.run import add_option, add_ros_arguments

_POLL_S = 0.1
_LAST_S = 0.3  # what was sent before the end is waited for so long
_LOOK_S = 3.0  # how long a camera is waited for before it is decided who records
_END_S = 30.0  # how long `ros2 bag record` may take to end


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments: those of ``launch/record.launch.py``; ``out`` is the first word."""
    for argument in RECORD_ARGUMENTS:
        if argument.name == "out":
            parser.add_argument("out", type=Path, help=argument.description)
        else:
            add_option(parser, argument)
    add_ros_arguments(parser)


def main(options: argparse.Namespace) -> int:
    """Record until the time is up, SIGINT or SIGTERM; return the exit code.

    Raises:
        argparse.ArgumentError: the duration is no number above 0.
        ConsentError: without the consent switch.
        RecordingError: the bag may not be written, or nothing came.
        OSError: it could not be written to its end.
    """
    duration_s = _seconds(options.duration)
    if not options.consent:
        raise ConsentError
    check_free(options.out, options.force)
    wanted = topics(options.image, options.audio, options.namespace)
    arguments = ["--ros-args", *options.ros_args]
    if options.use_sim_time:
        arguments = ["--ros-args", "-p", "use_sim_time:=true", *options.ros_args]
    if not start_ros(arguments):
        return WRONG_USAGE
    try:
        with stop_signals() as signals:
            if _ros2_bag_is_installed() and not _needs_compression(wanted, signals):
                return _record_by_ros2_bag(options, wanted, duration_s, signals)
            return _record_by_node(options, wanted, duration_s, signals)
    except OSError:
        left = unfinished(options.out)
        if left.exists():
            print(f"what was recorded until then lies in {left}", file=sys.stderr)
        raise
    finally:
        rclpy.try_shutdown()


def _seconds(duration: str) -> float:
    try:
        seconds = float(duration) if duration else math.inf
    except ValueError:
        seconds = math.nan
    if not seconds > 0:
        raise argparse.ArgumentError(None, f"duration is '{duration}': expected seconds above 0")
    return seconds


def _record_by_node(
    options: argparse.Namespace, wanted: Topics, duration_s: float, signals: StopSignals
) -> int:
    executor = SingleThreadedExecutor()
    with bag_writer(options.out, force=options.force, keep=True, consent="given") as writer:
        recorder = Recorder(writer, wanted)
        executor.add_node(recorder)
        print(f"recording into {options.out}: Ctrl-C ends it", flush=True)
        until_s = time.monotonic() + duration_s
        while not signals.requested and time.monotonic() < until_s and not recorder.failure:
            executor.spin_once(timeout_sec=_POLL_S)
        until_s = time.monotonic() + _LAST_S
        while time.monotonic() < until_s:
            executor.spin_once(timeout_sec=_LAST_S)
        executor.shutdown(timeout_sec=0)
        recorder.finish()
        recorder.destroy_node()
        if not writer.counts:
            raise NothingRecordedError(
                f"nothing was recorded: nobody published {wanted.image}, {wanted.audio} or "
                f"{wanted.emotion}; name your robot's topics by --image and --audio"
            )
    for topic, count in sorted(writer.counts.items()):
        print(f"{topic}: {count} messages recorded")
    for topic, count in sorted(recorder.dropped.items()):
        print(f"{topic}: {count} messages lost: the disk or the machine is too slow for them")
    return 0


def _ros2_bag_is_installed() -> bool:
    return shutil.which("ros2") is not None and importlib.util.find_spec("ros2bag") is not None


def _needs_compression(wanted: Topics, signals: StopSignals) -> bool:
    """Whether the camera publishes raw images only."""
    node = Node("recorder")
    until_s = time.monotonic() + _LOOK_S
    raw = compressed = False
    while time.monotonic() < until_s and not compressed and not signals.requested:
        time.sleep(_POLL_S)
        raw = bool(node.get_publishers_info_by_topic(wanted.image))
        compressed = bool(node.get_publishers_info_by_topic(wanted.compressed))
    node.destroy_node()
    return raw and not compressed


def _record_by_ros2_bag(
    options: argparse.Namespace, wanted: Topics, duration_s: float, signals: StopSignals
) -> int:
    with kept(options.out, options.force) as folder:
        command = ["ros2", "bag", "record", wanted.compressed, wanted.audio, wanted.audio_info]
        command += [wanted.emotion, "-o", str(folder)]
        command += ["--use-sim-time"] if options.use_sim_time else []
        # In a session of its own it hears of Ctrl-C from us alone: twice would cut its ending off.
        process = subprocess.Popen(command, start_new_session=True)
        until_s = time.monotonic() + duration_s
        while not signals.requested and time.monotonic() < until_s and process.poll() is None:
            time.sleep(_POLL_S)
        process.send_signal(signal.SIGINT)
        try:
            process.wait(_END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if not (folder / "metadata.yaml").is_file():
            raise RecordingError(
                f"`{' '.join(command)}` ended with exit code {process.returncode} before it was "
                f"complete; what it wrote lies in {folder}"
            )
    print(f"written: {options.out}")
    return 0
