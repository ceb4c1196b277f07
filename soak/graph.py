"""The supervisor's side of the graph: it sets the clock, hears the node and calls its services."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from emotion_recognition.msg import EmotionState
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rosgraph_msgs.msg import Clock

from emotion_recognition.nodes.convert import nanoseconds, time_message
from emotion_recognition.nodes.qos import ESTIMATES
from emotion_recognition.nodes.spin import start_ros


class Graph:
    """Estimates and diagnostics as they come in, in a thread of their own."""

    def __init__(self, on_estimate: Callable[[int, float, float], None]) -> None:
        """``on_estimate``: called with stamp (ns), latency (s) and time of arrival (s, steady)."""
        self.node = Node("soak")
        self.notes = 0  # states that say that no estimate is possible
        self.diagnostics: dict[str, dict[str, str]] = {}
        self._on_estimate = on_estimate
        self._clock = self.node.create_publisher(Clock, "/clock", 10)
        self.node.create_subscription(EmotionState, "emotion", self._on_emotion, ESTIMATES)
        self.node.create_subscription(DiagnosticArray, "/diagnostics", self._on_diagnostics, 10)

    def set_clock(self, stamp_ns: int) -> None:
        """Tell everyone the time."""
        self._clock.publish(Clock(clock=time_message(stamp_ns)))

    def _on_emotion(self, state: EmotionState) -> None:
        if not state.probabilities:
            self.notes += 1
            return
        latency_s = nanoseconds(state.latency) / 1e9
        self._on_estimate(nanoseconds(state.header.stamp), latency_s, time.monotonic())

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        for status in message.status:
            name = status.name.rpartition(": ")[2]
            self.diagnostics[name] = {value.key: value.value for value in status.values}


@contextmanager
def graph(on_estimate: Callable[[int, float, float], None]) -> Iterator[Graph]:
    """A ``Graph`` whose thread runs for the length of a ``with`` block."""
    start_ros([])
    made = Graph(on_estimate)
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
