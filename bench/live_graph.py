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

"""The live graph measured from outside: a camera at 30 Hz and speech over DDS, real time."""

import array
import itertools
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import rclpy
from audio_common_msgs.msg import AudioDataStamped
from diagnostic_msgs.msg import DiagnosticArray
from emotion_recognition.msg import EmotionState
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from sensor_msgs.msg import Image

from emotion_recognition.nodes.ros.convert import nanoseconds, time_message
from emotion_recognition.nodes.ros.dds import keep_to_this_machine, use_profile
from emotion_recognition.nodes.ros.qos import sensor_qos
from emotion_recognition.recognizer import RecognizerConfig

from .measure import percentiles, progress
from .process import cpu_seconds, peak_rss_mb
from .stream_clip import SAMPLE_RATE, SECOND, Material, events

READY_S = 90.0
WARM_UP_S = 6.0
LAST_WORDS_S = 2.0


def measure_live_graph(material: Material, seconds: int) -> dict[str, object]:
    """Publish ``seconds`` of material in real time; return what ``emotion_node`` made of it.

    The first estimate comes with the first window, which needs ``min_window_s`` of data; what is
    beyond that is ``first_estimate_beyond_window_s``.
    """
    keep_to_this_machine()
    use_profile()
    started_s = time.monotonic()
    with _emotion_node() as process, _rclpy():
        publisher = _Publisher(material)
        _wait_until(publisher.is_heard, READY_S, process)
        ready_s = time.monotonic() - started_s
        spinning = SingleThreadedExecutor()
        spinning.add_node(publisher)
        stop = threading.Event()
        playing = threading.Thread(target=publisher.publish_until, args=(stop,), daemon=True)
        playing.start()
        _spin_for(spinning, WARM_UP_S)
        publisher.latencies_ms.clear()
        cpu_before, measured_from_s = cpu_seconds(process.pid), time.monotonic()
        for _ in progress(range(seconds), "live graph"):
            _spin_for(spinning, 1.0)
        cpu_s = cpu_seconds(process.pid) - cpu_before
        elapsed_s = time.monotonic() - measured_from_s
        stop.set()
        playing.join()
        _spin_for(spinning, LAST_WORDS_S)
        if not publisher.latencies_ms or publisher.first_estimate_s is None:
            raise RuntimeError("emotion_node gave no estimates: run `make demo` to see why")
        first_s = ready_s + publisher.first_estimate_s
        return {
            "latency_ms": percentiles(publisher.latencies_ms),
            "estimates_per_s": len(publisher.latencies_ms) / elapsed_s,
            "received_share": publisher.received / publisher.published,
            "cpu_share_of_core": cpu_s / elapsed_s,
            "rss_mb": peak_rss_mb(process.pid),
            "start_to_ready_s": ready_s,
            "first_estimate_s": first_s,
            "first_estimate_beyond_window_s": first_s - RecognizerConfig().min_window_s,
        }


@contextmanager
def _emotion_node() -> Iterator["subprocess.Popen[bytes]"]:
    process = subprocess.Popen(
        [sys.executable, "-m", "emotion_recognition.nodes", "emotion_node"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=10)


@contextmanager
def _rclpy() -> Iterator[None]:
    rclpy.init(args=[])
    try:
        yield
    finally:
        rclpy.try_shutdown()


class _Publisher(Node):
    def __init__(self, material: Material) -> None:
        super().__init__("bench")
        self._material = material
        self._pixels = [array.array("B", frame.tobytes()) for frame in material.frames]
        self._images = self.create_publisher(Image, "image", sensor_qos(5, "best_effort"))
        self._sound = self.create_publisher(AudioDataStamped, "audio", 10)
        self.create_subscription(EmotionState, "emotion", self._on_emotion, 10)
        self.create_subscription(DiagnosticArray, "/diagnostics", self._on_diagnostics, 10)
        self._started_s = 0.0
        self.latencies_ms: list[float] = []
        self.first_estimate_s: float | None = None
        self.published = 0
        self.received = 0

    def is_heard(self) -> bool:
        """Whether both topics have a subscriber."""
        return all(topic.get_subscription_count() for topic in (self._images, self._sound))

    def publish_until(self, stop: threading.Event) -> None:
        """Publish in real time, stamped with the present."""
        start_ns, self._started_s = self.get_clock().now().nanoseconds, time.monotonic()
        images = itertools.cycle(self._pixels)
        for stamp_ns, kind, data in events(self._material, start_ns):
            # Sound is there when its last sample is: a chunk after its stamp.
            due_ns = stamp_ns if kind == "image" else stamp_ns + len(data) * SECOND // SAMPLE_RATE
            wait_s = (due_ns - self.get_clock().now().nanoseconds) / SECOND
            if stop.wait(max(0.0, wait_s)):
                return
            if kind == "image":
                height, width = data.shape[:2]
                message = Image(height=height, width=width, encoding="bgr8", step=3 * width)
                message.data = next(images)
                message.header.stamp = time_message(stamp_ns)
                self._images.publish(message)
                self.published += 1
            else:
                sound = AudioDataStamped()
                sound.header.stamp = time_message(stamp_ns)
                pcm = (np.clip(data, -1, 1) * 32767).astype("<i2")
                sound.audio.data = array.array("B", pcm.tobytes())
                self._sound.publish(sound)

    def _on_emotion(self, message: EmotionState) -> None:
        if message.probabilities:
            if self.first_estimate_s is None:  # since the first sensor data
                self.first_estimate_s = time.monotonic() - self._started_s
            self.latencies_ms.append(nanoseconds(message.latency) / 1e6)

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        for status in message.status:
            if status.name.endswith("emotion_node: image"):
                values = {item.key: item.value for item in status.values}
                self.received = int(values["received"])


def _wait_until(
    condition: Callable[[], bool], timeout_s: float, process: "subprocess.Popen[bytes]"
) -> None:
    until_s = time.monotonic() + timeout_s
    while not condition():
        if process.poll() is not None or time.monotonic() > until_s:
            raise RuntimeError("emotion_node did not come up: run `make demo` to see why")
        time.sleep(0.05)


def _spin_for(executor: SingleThreadedExecutor, seconds: float) -> None:
    until_s = time.monotonic() + seconds
    while time.monotonic() < until_s:
        executor.spin_once(timeout_sec=0.05)
