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

"""Runs nodes until a signal: one way to start and to end for every command and executable."""

import contextlib
import gc
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from types import FrameType

import rclpy
from rclpy._rclpy_pybind11 import RCLError
from rclpy.executors import SingleThreadedExecutor
from rclpy.logging import get_logger
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions

from emotion_recognition.interrupt import NUMBERS
from emotion_recognition.nodes.ros.dds import use_profile

WRONG_USAGE = 2
_POLL_S = 0.1  # longest time until a signal is seen


class StartError(Exception):
    """What keeps a node from starting, in words for its user: cause, expected, what to do."""


class _StoppedAtStart(BaseException):
    """A signal came while the nodes were still being made."""


class StopSignals:
    """SIGINT and SIGTERM as a flag and a call; with ``raising``, as an exception as well."""

    def __init__(self, on_stop: Callable[[], object] = lambda: None) -> None:
        self.requested = False
        self.raising = False
        self._on_stop = on_stop

    def handle(self, _signum: int, _frame: FrameType | None) -> None:
        """Note the signal."""
        self.requested = True
        self._on_stop()
        if self.raising:
            self.raising = False
            raise _StoppedAtStart


@contextlib.contextmanager
def stop_signals(on_stop: Callable[[], object] = lambda: None) -> Iterator[StopSignals]:
    """Catch SIGINT and SIGTERM in the main thread for the length of a ``with`` block."""
    signals = StopSignals(on_stop)
    before = [signal.signal(number, signals.handle) for number in NUMBERS]
    try:
        yield signals
    finally:
        for number, handler in zip(NUMBERS, before, strict=True):
            signal.signal(number, handler)


def start_ros(args: Sequence[str] | None = None) -> bool:
    """Initialise rclpy with our DDS profile and without its signal handlers.

    Returns False, and says why, where the ROS arguments cannot be read.
    """
    use_profile()
    try:
        arguments = None if args is None else ["emotion_recognition", *args]
        rclpy.init(args=arguments, signal_handler_options=SignalHandlerOptions.NO)
    except RuntimeError as error:
        cause = "" if "SECURITY" in str(error) else "cannot read the ROS arguments: "
        print(f"{cause}{error}", file=sys.stderr)
        return False
    return True


def run_nodes(
    makers: Sequence[Callable[[], Node]],
    args: Sequence[str] | None = None,
    beside: AbstractContextManager[object] | None = None,
) -> int:
    """Make the nodes and run them in this thread until SIGINT or SIGTERM; return the exit code.

    Args:
        makers: One function (a node class) for each node.
        args: ROS arguments, such as ``["--ros-args", "-p", "device:=cpu"]``; None: the process's.
        beside: What runs beside the nodes: begun before them, and ended whatever happens.

    Returns:
        0 after a signal, 1 where a node could not start (the log says why), 2 for ROS arguments
        that cannot be read.
    """
    with stop_signals() as signals, beside or contextlib.nullcontext():
        try:
            signals.raising = True
            if signals.requested:
                return 0
            if not start_ros(args):
                return WRONG_USAGE
            nodes = _made(makers)
            signals.raising = False
            _spin(nodes, signals)
            return 0
        except StartError as error:
            get_logger("emotion_recognition").fatal(str(error))
            return 1
        except _StoppedAtStart:
            return 0
        finally:
            signals.raising = False
            rclpy.try_shutdown()
            gc.freeze()  # at its end Python would collect all of PyTorch: a second of computing


def _made(makers: Sequence[Callable[[], Node]]) -> list[Node]:
    nodes: list[Node] = []
    try:
        for make in makers:
            nodes.append(make())
    except BaseException as error:
        for node in nodes:
            node.destroy_node()
        if isinstance(error, RCLError):  # such as a middleware without the security it enforces
            raise StartError(f"ROS 2 does not make the node: {error}") from error
        raise
    return nodes


def _spin(nodes: Sequence[Node], signals: StopSignals) -> None:
    executor = SingleThreadedExecutor()
    for node in nodes:
        executor.add_node(node)
    while not signals.requested:
        executor.spin_once(timeout_sec=_POLL_S)
    executor.shutdown(timeout_sec=0)
    for node in nodes:
        node.destroy_node()
