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

"""The supervisor's side of the graph: it sets the clock, hears the node and calls its services."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from emotion_recognition.msg import EmotionState
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rosgraph_msgs.msg import Clock
from std_srvs.srv import SetBool, Trigger

from emotion_recognition.nodes.ros.convert import nanoseconds, time_message
from emotion_recognition.nodes.ros.qos import ESTIMATES
from emotion_recognition.nodes.ros.spin import start_ros

from .faults import DEACTIVATE, DISABLE, RESET
from .orders import MATCH_S

COUNTS = (
    ("estimates", "skipped"),
    ("estimates", "internal errors"),
    ("image", "dropped"),
    ("image", "rejected"),
    ("audio", "dropped"),
    ("audio", "rejected"),
)
"""Status and key of counters in the diagnostics."""


class Count:
    """The total of a counter that begins again from 0 whenever the node is activated."""

    def __init__(self) -> None:
        self._before = self._newest = 0

    def note(self, value: int) -> None:
        """Take note of what the counter shows."""
        if value < self._newest:
            self._before += self._newest
        self._newest = value

    @property
    def total(self) -> int:
        """What it has counted."""
        return self._before + self._newest


class Graph:
    """Estimates and diagnostics as they come in, in a thread of their own.

    Attributes:
        on_estimate: called with stamp (ns), latency (s) and time of arrival (s, steady).
        notes: how many states said that no estimate is possible.
        refused: services that did not do what was asked.
        counted: what the node's diagnostics count, over all activations, by ``COUNTS``.
    """

    def __init__(self) -> None:
        self.node = Node("soak")
        self.on_estimate: Callable[[int, float, float], None] = lambda *_: None
        self.notes = 0
        self.refused: list[str] = []
        self.counted = {name: Count() for name in COUNTS}
        self._clients = {
            RESET: self.node.create_client(Trigger, "emotion_node/reset"),
            DISABLE: self.node.create_client(SetBool, "emotion_node/set_enabled"),
            DEACTIVATE: self.node.create_client(ChangeState, "emotion_node/change_state"),
        }
        self._clock = self.node.create_publisher(Clock, "/clock", 10)
        self.node.create_subscription(EmotionState, "emotion", self._on_emotion, ESTIMATES)
        self.node.create_subscription(DiagnosticArray, "/diagnostics", self._on_diagnostics, 10)

    def set_clock(self, stamp_ns: int) -> None:
        """Tell everyone the time."""
        self._clock.publish(Clock(clock=time_message(stamp_ns)))

    def services(self, timeout_s: float) -> list[str]:
        """Return the kinds of faults that the node's services allow for, once they are known."""
        until_s = time.monotonic() + timeout_s
        while not self._all_ready() and time.monotonic() < until_s:
            time.sleep(0.1)
        return [kind for kind, client in self._clients.items() if client.service_is_ready()]

    def ask(self, kind: str, begin: bool) -> Callable[[], bool]:
        """Call the service of a kind of fault; return a call that tells whether that is done."""
        request = _request(kind, begin)
        if request is None:
            return lambda: True
        future = self._clients[kind].call_async(request)
        answered_s: list[float] = []

        def note(future: Any) -> None:
            answered_s.append(time.monotonic())
            if not future.result().success:
                self.refused.append(kind)

        future.add_done_callback(note)
        return lambda: bool(answered_s) and time.monotonic() > answered_s[0] + MATCH_S

    def _all_ready(self) -> bool:
        return all(client.service_is_ready() for client in self._clients.values())

    def _on_emotion(self, state: EmotionState) -> None:
        if not state.probabilities:
            self.notes += 1
            return
        latency_s = nanoseconds(state.latency) / 1e9
        self.on_estimate(nanoseconds(state.header.stamp), latency_s, time.monotonic())

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        for status in message.status:
            for value in status.values:
                name = status.name.rpartition(": ")[2], value.key
                if name in self.counted:
                    self.counted[name].note(int(value.value))


def _request(kind: str, begin: bool) -> Any:
    """The request at the beginning or the end of a fault; None where there is nothing to ask."""
    if kind == DISABLE:
        return SetBool.Request(data=not begin)
    if kind == DEACTIVATE:
        request = ChangeState.Request()
        request.transition.id = (
            Transition.TRANSITION_DEACTIVATE if begin else Transition.TRANSITION_ACTIVATE
        )
        return request
    return Trigger.Request() if begin else None


@contextmanager
def graph() -> Iterator[Graph]:
    """A ``Graph`` whose thread runs for the length of a ``with`` block."""
    start_ros([])
    made = Graph()
    executor = SingleThreadedExecutor()
    executor.add_node(made.node)
    stopping = threading.Event()
    spinning = threading.Thread(target=_spin, args=(executor, stopping), daemon=True)
    spinning.start()
    try:
        yield made
    finally:
        stopping.set()
        spinning.join()
        executor.shutdown()
        made.node.destroy_node()
        rclpy.try_shutdown()


def _spin(executor: Any, stopping: threading.Event) -> None:
    while not stopping.is_set():
        executor.spin_once(timeout_sec=0.1)
