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

"""Play a sample through a live ROS graph and show what emotion_node makes of it."""

import argparse
import contextlib
import copy
import io
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rich.console import Console
from rich.live import Live

from emotion_recognition.bags.clip import clip_duration_s, read_clip
from emotion_recognition.bags.demo_clip import demo_clip
from emotion_recognition.bags.events import FrameEvent
from emotion_recognition.bags.sample import SampleError
from emotion_recognition.bags.write import AUDIO_TOPIC, COMPRESSED_TOPIC, IMAGE_TOPIC, make_bag
from emotion_recognition.msg import EmotionState
from emotion_recognition.nodes.launching.graph import remappings
from emotion_recognition.nodes.live.terminal import UNCERTAIN, LiveView, line
from emotion_recognition.nodes.player import Player
from emotion_recognition.nodes.ros.convert import StateError, check_state, nanoseconds
from emotion_recognition.nodes.ros.dds import keep_to_this_machine
from emotion_recognition.nodes.ros.qos import ESTIMATES
from emotion_recognition.nodes.ros.spin import start_ros, stop_signals
from emotion_recognition.nodes.timeline import timeline

_READY_S = 90.0  # a cold start reads the weights and PyTorch from disk
_LAST_WORDS_S = (1.5, 20.0)  # least and most time to wait for the node's after the last message
_INTERRUPTED = 130
_MAX_RAW_BYTES = 1 << 30  # a longer or larger clip is played as JPEG images


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of ``emotion-recognition demo``."""
    parser.add_argument(
        "--clip", type=Path, help="video with a face and a voice (default: the sample)"
    )
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:N")
    parser.add_argument(
        "--max-faces", type=int, default=1, help="faces that are followed, 1 to 16 (default: 1)"
    )
    parser.add_argument(
        "--picture",
        type=Path,
        metavar="FILE.svg",
        help="save the live view as a picture: of the last estimate with a face, or the last one",
    )


def main(options: argparse.Namespace) -> int:
    """Run the demo once through; return 0, or 1 where no estimate came."""
    return demo(options.clip, options.device, options.max_faces, options.picture)


class DemoError(ValueError):
    """The demo could not be run; the message says why."""


def demo(
    clip: Path | None = None,
    device: str = "auto",
    max_faces: int = 1,
    picture: Path | None = None,
) -> int:
    """Play ``clip`` (None: the sample) onto topics and show the estimates as they come.

    ``emotion_node`` runs in a process of its own; the two meet over DDS on this machine alone. The
    last line printed is ``demo: N estimates, P95 latency X ms, received Y %``.

    Raises:
        DemoError: emotion_node did not start, or gave no estimate.
        RecordingError: the clip cannot be read.
    """
    clip = clip or _sample()
    keep_to_this_machine()
    stopped = threading.Event()
    with tempfile.TemporaryDirectory(prefix="emotion_demo_") as folder, stop_signals(stopped.set):
        print(f"demo: making a bag of {clip.name} ...", flush=True)
        bag = Path(folder) / "bag"
        compressed = _raw_bytes(clip) > _MAX_RAW_BYTES
        make_bag(clip, bag, compressed=compressed)
        start_ros([])
        try:
            parameters: dict[str, str | int] = {"device": device, "max_faces": max_faces}
            with _emotion_node(parameters, compressed, Path(folder) / "node.log") as process:
                return _show(bag, clip.name, process, stopped, picture)
        finally:
            rclpy.try_shutdown()


class Audience(Node):
    """Keeps what ``emotion_node`` says while a bag is played."""

    def __init__(self, view: LiveView, bag: Path) -> None:
        super().__init__("demo")
        self.view = view
        self.player = Player(self, bag, stamps="now")
        # The view of the last estimate, if possible with a face.
        self.pictured = LiveView(view.title)
        self.fresh: list[EmotionState] = []
        self.estimates = 0
        self.received: dict[str, int] = {}
        self.reported_s = 0.0  # when the newest diagnostics came
        self.create_subscription(EmotionState, "emotion", self._on_emotion, ESTIMATES)
        self.create_subscription(DiagnosticArray, "/diagnostics", self._on_diagnostics, 10)

    def received_percent(self) -> float:
        """Return the share of the images (of a clip without any: the sound) that arrived."""
        published = self.player.published
        images = published.get(IMAGE_TOPIC, 0) + published.get(COMPRESSED_TOPIC, 0)
        if images:
            return 100 * self.received.get("image", 0) / images
        return 100 * self.received.get("audio", 0) / max(1, published.get(AUDIO_TOPIC, 0))

    def _on_emotion(self, message: EmotionState) -> None:
        if not self.player.started_ns:  # a word about silence, before anything was played
            return
        try:
            check_state(message)
        except StateError as error:
            self.get_logger().warning(f"not shown: {error}")
            return
        self.fresh.append(message)
        view = self.view
        view.note(message)
        view.elapsed_s = (nanoseconds(message.header.stamp) - self.player.started_ns) / 1e9
        if message.probabilities:
            view.latencies_ms.append(nanoseconds(message.latency) / 1e6)
            self.estimates += 1
            withheld = message.flags & EmotionState.WITHHELD
            label = UNCERTAIN if withheld else message.emotion
            if view.state is message:
                if view.history and view.history[-1][0] == view.elapsed_s:
                    view.history.pop()  # of somebody in the same window who does not speak
                view.history.append((view.elapsed_s, label))
            shown = self.pictured.state
            if message.face.width or shown is None or not shown.face.width:
                self.pictured = copy.deepcopy(view)

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        for status in message.status:
            node, _, stream = status.name.partition(": ")
            values = {value.key: value.value for value in status.values}
            if node == "emotion_node" and stream in ("image", "audio") and "received" in values:
                self.received[stream] = int(values["received"])
                self.view.rates[stream] = float(values["rate (1/s)"])
                self.reported_s = time.monotonic()


def _show(
    bag: Path,
    title: str,
    node_process: subprocess.Popen[bytes],
    stopped: threading.Event,
    picture: Path | None,
) -> int:
    view = LiveView(title)
    audience = Audience(view, bag)
    print("demo: starting emotion_node in a process of its own ...", flush=True)
    until_s = time.monotonic() + _READY_S
    while not audience.player.wait_for_subscribers(0.2):
        _check_alive(node_process)
        if stopped.is_set():
            return _INTERRUPTED
        if time.monotonic() > until_s:
            raise DemoError(
                f"emotion_node does not listen on {', '.join(audience.player.unheard())} "
                f"after {_READY_S:.0f} s"
            )
    playing = threading.Thread(target=audience.player.play, name="player", daemon=True)
    playing.start()
    executor = SingleThreadedExecutor()
    executor.add_node(audience)
    console = Console()
    ended_s: float | None = None
    with _screen(console) as draw:
        while not stopped.is_set() and not _all_said(audience, ended_s):
            executor.spin_once(timeout_sec=0.1)
            if audience.fresh:
                draw(view, audience.fresh)
                audience.fresh = []
            _check_alive(node_process)
            if ended_s is None and not playing.is_alive():
                ended_s = time.monotonic()
    audience.player.stop()
    playing.join()
    if stopped.is_set():
        return _INTERRUPTED
    if not view.history:
        raise DemoError("no estimate came: is there a face or a voice in the clip?")
    if picture is not None:
        _save(audience.pictured, picture)
    print("demo: over time: " + ", ".join(map(str, timeline(view.history))))
    p95_ms = float(np.percentile(view.latencies_ms, 95))
    print(
        f"demo: {audience.estimates} estimates, P95 latency {p95_ms:.0f} ms, "
        f"received {audience.received_percent():.1f} %"
    )
    return 0


def _all_said(audience: Audience, ended_s: float | None) -> bool:
    """Whether the node has said that the streams fell silent, and reported how much it received."""
    if ended_s is None:
        return False
    least_s, most_s = _LAST_WORDS_S
    waited_s = time.monotonic() - ended_s
    state = audience.view.state
    silent = state is not None and not state.probabilities
    reported = audience.reported_s > ended_s + least_s
    return waited_s > most_s or (silent and reported)


@contextlib.contextmanager
def _screen(console: Console) -> Iterator[Callable[[LiveView, list[EmotionState]], None]]:
    """Yield a function that shows the view: in place on a terminal, elsewhere line by line."""
    if not console.is_terminal:

        def write(view: LiveView, fresh: list[EmotionState]) -> None:
            for state in fresh:
                print(line(state, view.elapsed_s), flush=True)

        yield write
        return
    with Live(console=console, auto_refresh=False) as live:

        def redraw(view: LiveView, fresh: list[EmotionState]) -> None:
            live.update(view, refresh=True)

        yield redraw


def _save(view: LiveView, picture: Path) -> None:
    console = Console(record=True, width=80, file=io.StringIO())
    console.print(view)
    svg = console.export_svg(title="emotion-recognition demo")
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)  # no font from the web
    picture.parent.mkdir(parents=True, exist_ok=True)
    picture.write_text(svg, encoding="utf-8")


@contextlib.contextmanager
def _emotion_node(
    parameters: Mapping[str, str | int], compressed: bool, log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """Run emotion_node on the bag's topics; at the end its warnings are shown."""
    command = [sys.executable, "-m", "emotion_recognition.nodes", "emotion_node"]
    command += ["--ros-args"]
    for name, topic in remappings(COMPRESSED_TOPIC if compressed else IMAGE_TOPIC, AUDIO_TOPIC):
        command += ["-r", f"{name}:={topic}"]
    transport = "compressed" if compressed else "raw"
    for name, value in {**parameters, "image_transport": transport}.items():
        command += ["-p", f"{name}:={value}"]
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for text in log.read_text(errors="replace").splitlines():
            if any(level in text for level in ("[WARN]", "[ERROR]", "[FATAL]")):
                print(text, file=sys.stderr)


def _sample() -> Path:
    try:
        return demo_clip()
    except SampleError as error:
        raise DemoError(f"{error}. Give a clip of your own: --clip FILE") from error


def _raw_bytes(clip: Path) -> float:
    """Estimate the size of a clip's raw images, at 30 a second."""
    frame = next((event for event in read_clip(clip) if isinstance(event, FrameEvent)), None)
    if frame is None:
        return 0.0
    return frame.image().nbytes * 30 * (clip_duration_s(clip) or 60.0)


def _check_alive(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is not None:
        raise DemoError(
            f"emotion_node ended with exit code {process.returncode}: its own words are above"
        )
