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
"""The dashboard's bridge: a real node between a graph and a real viewer."""

import array
import json
import math
import random
import socket
import threading
import time
from collections.abc import Iterator

import cv2
import httpx
import numpy as np
import pytest
from ros_support import Probe, Process, module, probe, random_domain_id, running, wait_until

pytest.importorskip("fastapi", reason="extra 'dashboard' is not installed")
pytestmark = pytest.mark.ros

from audio_common_msgs.msg import AudioDataStamped
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from emotion_recognition.msg import EmotionState
from rclpy.serialization import serialize_message
from sensor_msgs.msg import CompressedImage, Image
from websockets.sync.client import connect

from emotion_recognition.nodes.live.messages import live_estimate
from emotion_recognition.nodes.ros.convert import time_message
from emotion_recognition.nodes.ros.qos import ESTIMATES, sensor_qos
from fuzz.mutate import mutated

FRAME = "front"


@pytest.fixture(scope="module")
def domain_id() -> int:
    return random_domain_id()


@pytest.fixture(scope="module")
def port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


@pytest.fixture(scope="module")
def bridge(domain_id: int, port: int) -> Iterator[Process]:
    command = module("dashboard_bridge", "--ros-args", "-p", f"port:={port}")
    with running(command, domain_id) as process:
        wait_until(lambda: process.said(f"http://127.0.0.1:{port}/"), 100, "the page")
        yield process


@pytest.fixture
def robot(domain_id: int) -> Iterator[Probe]:
    with probe(domain_id) as opened:
        yield opened


def state(stamp_ns: int, emotion: str = "happy") -> EmotionState:
    message = EmotionState(labels=["happy", "sad"], probabilities=[0.75, 0.25], subject="7")
    message.header.stamp = time_message(stamp_ns)
    message.header.frame_id = FRAME
    message.emotion, message.confidence = emotion, 0.75
    message.valence, message.arousal, message.intensity = 0.5, math.nan, math.nan
    message.video_weight = 1.0
    message.flags = EmotionState.NO_SPEECH | EmotionState.WITHHELD
    message.latency.nanosec = 50_000_000
    message.model = "m"
    return message


def face_box(image: np.ndarray) -> tuple[int, int, int, int]:
    from emotion_recognition.vision.detect import make_detector

    box = max(make_detector("auto", None).detect(image), key=lambda face: face.score).box
    return box.x, box.y, box.width, box.height


def test_a_message_becomes_what_the_page_reads():
    message = state(1_500_000_000)
    view = live_estimate(message, received_s=2.0)
    assert (view.time, view.received, view.latency) == (1.5, 2.0, 0.05)
    assert view.probabilities == {"happy": 0.75, "sad": 0.25}
    assert (view.valence, view.arousal, view.face) == (0.5, None, None)
    assert view.flags == ["NO_SPEECH", "WITHHELD"]
    silence = EmotionState(flags=EmotionState.AUDIO_STALE | EmotionState.VIDEO_STALE)
    silence.valence = silence.arousal = silence.intensity = math.nan
    view = live_estimate(silence, received_s=2.0)
    assert (view.emotion, view.confidence, view.probabilities, view.latency) == (
        None,
        None,
        {},
        None,
    )


def test_the_page_and_the_api_are_there(bridge: Process, port: int):
    server = httpx.get(f"http://127.0.0.1:{port}/api/server", timeout=30).json()
    assert server["live"]
    assert httpx.get(f"http://127.0.0.1:{port}/", timeout=30).status_code == 200


def test_damaged_estimates_on_the_wire_are_not_shown_and_the_node_goes_on(
    bridge: Process, robot: Probe, port: int
):
    emotions = robot.node.create_publisher(EmotionState, "emotion", ESTIMATES)
    wait_until(lambda: emotions.get_subscription_count(), 30, "a subscription")
    rng = random.Random(6)
    whole = bytes(serialize_message(state(time.time_ns())))
    torn = state(time.time_ns())
    torn.labels = ["happy"]
    with connect(f"ws://127.0.0.1:{port}/api/live", max_size=None) as viewer:
        for _ in range(100):
            emotions.publish(mutated(rng, whole, [whole], []))  # bytes go out as they are

        def complained() -> bool:  # of the same cause it complains once in five seconds
            emotions.publish(torn)
            return bridge.said("1 labels and 2 probabilities")

        wait_until(complained, 30, "a complaint")
        good = state(time.time_ns())
        good.model = "after the damage"
        emotions.publish(good)
        until_s = time.monotonic() + 60
        while time.monotonic() < until_s:
            told = viewer.recv(30)
            if isinstance(told, str) and json.loads(told).get("model") == "after the damage":
                return
    pytest.fail("the good estimate was not shown")


def test_a_viewer_sees_and_hears_what_the_robot_does(
    bridge: Process, robot: Probe, port: int, face_image: np.ndarray
):
    node = robot.node
    emotions = node.create_publisher(EmotionState, "emotion", ESTIMATES)
    raw = node.create_publisher(Image, "image", sensor_qos(5))
    packed = node.create_publisher(CompressedImage, "image/compressed", sensor_qos(5))
    sound = node.create_publisher(AudioDataStamped, "audio", 10)
    reports = node.create_publisher(DiagnosticArray, "/diagnostics", 10)
    jpeg = array.array("B", cv2.imencode(".jpg", face_image)[1].tobytes())
    x, y, width, height = face_box(face_image)
    wait_until(lambda: emotions.get_subscription_count(), 30, "a subscription")
    assert packed.get_subscription_count() == 0  # nobody looks on
    stop = threading.Event()

    def play() -> None:
        tone = (8000 * np.sin(np.arange(1600) * 0.4)).astype("<i2")
        while not stop.wait(0.1):
            now_ns = time.time_ns()
            told = state(now_ns)
            told.face.x_offset, told.face.y_offset = x, y
            told.face.width, told.face.height = width, height
            emotions.publish(told)
            image = CompressedImage(format="jpeg", data=jpeg)
            image.header = told.header
            packed.publish(image)
            heard = AudioDataStamped()
            heard.header.stamp = time_message(now_ns - 100_000_000)
            heard.audio.data = array.array("B", tone.tobytes())
            sound.publish(heard)
            good = DiagnosticStatus(name="emotion_node: image", level=DiagnosticStatus.OK)
            good.values = [KeyValue(key="rate (1/s)", value="30.0")]
            other = DiagnosticStatus(name="battery", level=DiagnosticStatus.ERROR)
            reports.publish(DiagnosticArray(status=[good, other]))

    playing = threading.Thread(target=play)
    playing.start()
    seen: dict[str, dict] = {}
    try:
        with connect(f"ws://127.0.0.1:{port}/api/live", max_size=None) as viewer:
            until_s = time.monotonic() + 60
            while time.monotonic() < until_s:
                told = viewer.recv(30)
                if isinstance(told, bytes):
                    header = json.loads(told[4 : 4 + int.from_bytes(told[:4], "big")])
                    if header["faces"]:
                        seen["frame"] = header
                else:
                    message = json.loads(told)
                    seen[message["type"]] = message
                if len(seen) == 6 and seen["status"]["image"]["state"] == "ok":
                    break
        assert set(seen) == {"hello", "estimate", "audio", "diagnostics", "status", "frame"}
        assert seen["hello"]["live"]
        assert seen["estimate"]["subject"] == "7"
        assert seen["estimate"]["received"] - seen["estimate"]["time"] < 5
        [face] = seen["frame"]["faces"]
        assert len(face["landmarks"]) == 68
        assert seen["frame"]["image"]["width"] == face_image.shape[1]
        assert seen["audio"]["level_dbfs"] == pytest.approx(-15.3, abs=1.0)
        assert [each["name"] for each in seen["diagnostics"]["reports"]] == ["emotion_node: image"]
        assert seen["status"]["audio"]["state"] == "ok"
        assert raw.get_subscription_count() == 0  # the compressed images are enough
        wait_until(lambda: packed.get_subscription_count() == 0, 20, "rest when nobody looks on")
    finally:
        stop.set()
        playing.join()
    assert bridge.running


def test_a_port_that_is_taken_is_told_in_one_line(domain_id: int):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        command = module("dashboard_bridge", "--ros-args", "-p", f"port:={port}")
        with running(command, domain_id) as process:
            assert process.wait(100) == 1
    assert process.said("FATAL", f"cannot listen on 127.0.0.1 port {port}")
    assert "Traceback" not in process.text
