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

# ruff: noqa: E402 - what needs ROS is imported after the check for it
"""The node over real topics, in a process of its own: bad input, silence, recovery."""

import array
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import pytest
from ros_support import (
    Probe,
    Process,
    module,
    probe,
    random_domain_id,
    running,
    wait_until,
)

pytestmark = pytest.mark.ros

audio_msgs = pytest.importorskip("audio_common_msgs.msg", reason="audio_common_msgs is missing")
if not hasattr(audio_msgs, "AudioDataStamped"):
    pytest.skip("the installed audio_common_msgs is the other dialect", allow_module_level=True)

import itertools

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from emotion_recognition.msg import EmotionState
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import Image

from emotion_recognition.nodes.camera_node import image_message
from emotion_recognition.nodes.ros.convert import nanoseconds, time_message
from emotion_recognition.nodes.ros.qos import LATCHED

AudioData, AudioDataStamped, AudioInfo = (
    audio_msgs.AudioData,
    audio_msgs.AudioDataStamped,
    audio_msgs.AudioInfo,
)
SECOND_NS = 1_000_000_000
PERIOD_NS = SECOND_NS // 4


def info(rate: int = 16000, channels: int = 1, sample_format: str = "S16LE", coding: str = "wave"):
    return AudioInfo(
        sample_rate=rate, channels=channels, sample_format=sample_format, coding_format=coding
    )


@dataclass
class Graph:
    """emotion_node in its process, and a probe that plays camera and microphone."""

    probe: Probe
    process: Process
    face: np.ndarray

    def __post_init__(self) -> None:
        node = self.probe.node
        self.images = node.create_publisher(Image, "image", qos_profile_sensor_data)
        self.sound = node.create_publisher(AudioDataStamped, "audio", qos_profile_sensor_data)
        self.infos = node.create_publisher(AudioInfo, "audio_info", LATCHED)
        self.states: list[EmotionState] = self.probe.hear(EmotionState, "emotion")
        self.diagnostics: list[DiagnosticArray] = self.probe.hear(DiagnosticArray, "/diagnostics")

    def now_ns(self) -> int:
        return self.probe.node.get_clock().now().nanoseconds

    def image(self, stamp_ns: int | None = None, frame: np.ndarray | None = None) -> Image:
        message = image_message(self.face if frame is None else frame, "camera")
        message.header.stamp = time_message(self.now_ns() if stamp_ns is None else stamp_ns)
        return message

    def chunk(self, data: bytes, stamp_ns: int | None = None) -> AudioDataStamped:
        message = AudioDataStamped(audio=AudioData(data=array.array("B", data)))
        message.header.stamp = time_message(self.now_ns() if stamp_ns is None else stamp_ns)
        return message

    def feed(
        self,
        until: Callable[[], object],
        make: Callable[[], tuple[Image | None, AudioDataStamped | None]],
        timeout_s: float = 25,
        what: str = "",
    ) -> None:
        """Publish what ``make`` gives at 15 Hz until a condition comes true."""
        until_s = time.monotonic() + timeout_s
        while not until():
            assert self.process.running, self.process.text
            assert time.monotonic() < until_s, f"{what or 'not in time'}:\n{self.process.text}"
            image, sound = make()
            if image is not None:
                self.images.publish(image)
            if sound is not None:
                self.sound.publish(sound)
            time.sleep(1 / 15)

    def feed_well(self, estimates: int = 2) -> list[EmotionState]:
        """Show the face until so many new estimates have come; return them."""
        before = len(self.states)

        def enough() -> bool:
            return sum(bool(s.probabilities) for s in self.states[before:]) >= estimates

        self.feed(enough, lambda: (self.image(), None), what="no estimates")
        return [state for state in self.states[before:] if state.probabilities]

    def status(self, stream: str) -> tuple[DiagnosticStatus, dict[str, str]]:
        for status in self.diagnostics[-1].status:
            if status.name.endswith(f": {stream}"):
                return status, {pair.key: pair.value for pair in status.values}
        raise AssertionError(f"no status of {stream}")


@pytest.fixture(scope="module")
def graph(face_image: np.ndarray) -> Iterator[Graph]:
    domain_id = random_domain_id()
    with running(module("emotion_node"), domain_id) as process, probe(domain_id) as opened:
        wait_until(lambda: process.said("ready") or not process.running, 60, "ready")
        made = Graph(opened, process, face_image)
        made.infos.publish(info())
        wait_until(
            lambda: made.images.get_subscription_count() and made.sound.get_subscription_count(),
            20,
            "subscribed",
        )
        yield made
        assert process.stop(signal.SIGINT) == 0, process.text
        assert "Traceback" not in process.text


def test_estimates_come_with_everything_filled_in(graph: Graph):
    states = graph.feed_well(4)
    for state in states:
        assert sum(state.probabilities) == pytest.approx(1, abs=1e-4)
        assert len(state.labels) == len(state.probabilities) == 8
        assert state.emotion == state.labels[int(np.argmax(state.probabilities))]
        assert state.confidence == pytest.approx(max(state.probabilities))
        assert state.face.width > 0
        assert state.video_weight == pytest.approx(1)
        assert state.audio_weight == 0
        assert state.flags & EmotionState.AUDIO_STALE
        assert not state.flags & (EmotionState.VIDEO_STALE | EmotionState.NO_FACE)
        assert state.model
        assert state.header.frame_id == "camera"
        assert 0 < nanoseconds(state.latency) < 30 * SECOND_NS


def test_stamps_lie_on_the_grid_and_grow(graph: Graph):
    stamps = [nanoseconds(state.header.stamp) for state in graph.feed_well(4)]
    assert all(stamp % PERIOD_NS == 0 for stamp in stamps)
    assert all(later > sooner for sooner, later in itertools.pairwise(stamps))


def test_diagnostics_report_both_streams_and_the_output(graph: Graph):
    graph.feed_well(1)
    before = len(graph.diagnostics)
    graph.feed(lambda: len(graph.diagnostics) > before + 1, lambda: (graph.image(), None))
    image, values = graph.status("image")
    assert int(values["received"]) > 10
    assert float(values["rate (1/s)"]) > 1
    assert image.level in (DiagnosticStatus.OK, DiagnosticStatus.WARN)
    assert values["face detector"] in ("yunet", "mtcnn", "haar")
    assert graph.status("audio")[0].level == DiagnosticStatus.STALE
    _, values = graph.status("estimates")
    assert values["device"] == "cpu"
    assert values["model"]
    assert float(values["latency p95 (ms)"]) >= float(values["latency p50 (ms)"]) > 0


def broken_image(kind: str, image: Image) -> Image:
    if kind == "encoding":
        image.encoding = "12UC7"
    elif kind == "step":
        image.step = 3
    elif kind == "truncated":
        image.data = image.data[: len(image.data) // 2]
    elif kind == "empty":
        image.data = array.array("B")
    elif kind == "size":
        image.width = image.height = image.step = 0
        image.data = array.array("B")
    elif kind == "stamp":
        image.header.stamp = time_message(0)
    return image


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("encoding", ["12UC7"]),
        ("step", ["step"]),
        ("truncated", ["image dropped", "bytes"]),
        ("empty", ["image dropped"]),
        ("size", ["image dropped", "0"]),
        ("stamp", ["images carry no time stamp", "arrival"]),
    ],
)
def test_a_bad_image_is_named_and_the_node_goes_on(graph: Graph, kind: str, words: list[str]):
    heard = len(graph.process.lines)

    def warned() -> bool:
        return any(
            "[WARN]" in text and all(word in text for word in words)
            for text in graph.process.lines[heard:]
        )

    graph.feed(
        warned, lambda: (broken_image(kind, graph.image()), None), what=f"no warning: {kind}"
    )
    graph.feed_well()


S16 = np.zeros(512, "<i2").tobytes()


@pytest.mark.parametrize(
    ("description", "data", "words"),
    [
        (info(), b"ID3\x04" + bytes(300), ["audio dropped", "mp3"]),
        (info(coding="mp3"), S16, ["audio dropped", "mp3"]),
        (info(), S16[:-1], ["audio dropped"]),
        (info(), b"", ["audio dropped"]),
        (info(sample_format="S17XX"), S16, ["audio dropped", "S17XX"]),
        (
            info(sample_format="F32LE"),
            np.full(512, np.nan, "<f4").tobytes(),
            ["not finite"],
        ),
    ],
    ids=["mp3 payload", "mp3 by description", "odd length", "empty", "unknown format", "NaN"],
)
def test_bad_sound_is_named_and_the_node_goes_on(graph: Graph, description, data, words):
    heard = len(graph.process.lines)

    def warned() -> bool:
        return any(
            "[WARN]" in text and all(word in text for word in words)
            for text in graph.process.lines[heard:]
        )

    graph.infos.publish(description)
    graph.feed(warned, lambda: (graph.image(), graph.chunk(data)), what=f"no warning: {words}")
    graph.infos.publish(info())
    graph.feed_well()


def test_a_warning_is_not_repeated_within_five_seconds(graph: Graph):
    def odd() -> Image:
        image = graph.image()
        image.encoding = "99UC9"
        return image

    until_s = time.monotonic() + 2
    graph.feed(lambda: time.monotonic() > until_s, lambda: (odd(), None))
    wait_until(lambda: graph.process.said("99UC9"), 5, "the warning")
    assert sum("99UC9" in text for text in graph.process.lines) == 1


def test_the_format_of_sound_and_images_may_change_in_mid_stream(graph: Graph):
    heard = len(graph.process.lines)
    stereo = np.zeros((8000 // 15, 2), "<i2").tobytes()  # 8 kHz
    graph.infos.publish(info(rate=8000, channels=2))
    until_s = time.monotonic() + 2
    sizes = [cv2.resize(graph.face, None, fx=f, fy=f) for f in (1.0, 0.75)]
    graph.feed(
        lambda: time.monotonic() > until_s,
        lambda: (graph.image(frame=sizes[int(2 * time.monotonic()) % 2]), graph.chunk(stereo)),
    )
    states = graph.feed_well()
    assert not states[0].flags & EmotionState.VIDEO_STALE
    assert not [text for text in graph.process.lines[heard:] if "dropped" in text]
    graph.infos.publish(info())


def test_silent_sound_and_an_empty_room_give_no_estimate_but_say_so(graph: Graph):
    blank = np.full_like(graph.face, 127)
    before = len(graph.states)

    def said() -> bool:
        return any(
            not state.probabilities and state.flags & EmotionState.NO_FACE
            for state in graph.states[before:]
        )

    silence = np.zeros(16000 // 15, "<i2").tobytes()
    graph.feed(said, lambda: (graph.image(frame=blank), graph.chunk(silence)))
    assert any(state.flags & EmotionState.NO_SPEECH for state in graph.states[before:])
    graph.feed_well()


def test_stamps_that_jump_back_start_afresh(graph: Graph):
    graph.feed_well()
    hour_ago = graph.now_ns() - 3600 * SECOND_NS
    began = graph.now_ns()
    before = len(graph.states)

    def estimated_then() -> bool:
        return any(
            state.probabilities and nanoseconds(state.header.stamp) < began - 3000 * SECOND_NS
            for state in graph.states[before:]
        )

    graph.feed(estimated_then, lambda: (graph.image(hour_ago + graph.now_ns() - began), None))
    assert graph.process.said("[WARN]", "jump", "back")
    graph.feed_well()


def test_silence_of_both_streams_is_said_once(graph: Graph):
    graph.feed_well()
    before = len(graph.states)
    both = EmotionState.AUDIO_STALE | EmotionState.VIDEO_STALE
    wait_until(
        lambda: any(not state.probabilities for state in graph.states[before:]), 10, "unavailable"
    )
    time.sleep(1.5)
    gone = [state for state in graph.states[before:] if not state.probabilities]
    assert len(gone) == 1
    assert gone[0].flags & both == both
    assert (gone[0].emotion, list(gone[0].labels)) == ("", [])
    assert not graph.states[-1].probabilities, "an old estimate was repeated"
    graph.feed_well()
    assert graph.process.running
