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
"""ROS4HRI over real topics: tracked faces and a voice in, an expression for each face out."""

import array
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from ros_support import Probe, module, probe, random_domain_id, running, wait_until
from tracked_faces import SIDE, crops_of

hri_msgs = pytest.importorskip("hri_msgs.msg", reason="hri_msgs is not built: make setup")
audio_msgs = pytest.importorskip("audio_common_msgs.msg", reason="audio_common_msgs is missing")
pytestmark = pytest.mark.ros

import rclpy
from emotion_recognition.msg import EmotionState
from rclpy.context import Context
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import Image

from emotion_recognition.bags.events import AudioEvent
from emotion_recognition.bags.read import read_events
from emotion_recognition.nodes.camera_node import image_message
from emotion_recognition.nodes.hri_bridge import HriBridge
from emotion_recognition.nodes.ros.convert import nanoseconds, time_message

Expression, IdsList = hri_msgs.Expression, hri_msgs.IdsList
EXPRESSIONS = {"neutral", "happy", "sad", "angry", "scared", "disgusted", "surprised"}
TICK_S = 0.1


class Detector:
    """A face detector and a microphone as ROS4HRI knows them, by the faces and voice of a clip."""

    def __init__(self, graph: Probe, clip: Path) -> None:
        self._node = graph.node
        self._crops = [crop for _, crop in crops_of(clip)]
        self._voice = _voice(clip)
        self._ids = self._node.create_publisher(IdsList, "/humans/faces/tracked", 10)
        self._voices = self._node.create_publisher(IdsList, "/humans/voices/tracked", 10)
        self._sound = self._node.create_publisher(
            audio_msgs.AudioData, "/humans/voices/speaker/audio", 10
        )
        self._faces: dict[str, object] = {}
        self._tick = 0

    def show(self, ids: list[str], until: Callable[[], object], limit_s: float = 60) -> None:
        """Publish the faces of ``ids``, ten times a second, until a condition holds."""
        end_s = time.monotonic() + limit_s
        while not until():
            assert time.monotonic() < end_s, f"not within {limit_s} s"
            stamp = self._node.get_clock().now().nanoseconds
            self._ids.publish(IdsList(ids=ids))
            self._voices.publish(IdsList(ids=["speaker"]))
            for name in ids:
                if name[0].isalpha():
                    self._publish(name, stamp)
            at = self._tick * 1600 % (len(self._voice) - 1600)
            chunk = array.array("B", self._voice[at : at + 1600].tobytes())
            self._sound.publish(audio_msgs.AudioData(data=chunk))
            self._tick += 1
            time.sleep(TICK_S)

    def _publish(self, name: str, stamp_ns: int) -> None:
        if name not in self._faces:
            self._faces[name] = self._node.create_publisher(
                Image, f"/humans/faces/{name}/cropped", qos_profile_sensor_data
            )
        message = image_message(self._crops[self._tick % len(self._crops)], "eye")
        message.header.stamp = time_message(stamp_ns)
        self._faces[name].publish(message)  # type: ignore[attr-defined]


def _voice(clip: Path) -> np.ndarray:
    """The sound of a clip at 16 kHz, int16."""
    chunks = [e.chunk for e in read_events(clip, with_images=False) if isinstance(e, AudioEvent)]
    voice = np.concatenate([chunk.samples[:, 0] for chunk in chunks])
    positions = np.arange(0, len(voice) - 1, chunks[0].sample_rate / 16000)
    return (32767 * np.interp(positions, np.arange(len(voice)), voice).clip(-1, 1)).astype("<i2")


def test_every_tracked_face_has_expressions_until_it_leaves(talking_face: Path):
    domain_id = random_domain_id()
    command = module("hri_bridge", "--ros-args", "-p", "max_faces:=2", "-p", "num_threads:=1")
    with running(command, domain_id) as process, probe(domain_id) as graph:
        wait_until(lambda: process.said("ready") or not process.running, 60, "ready")
        assert process.running, process.text
        told = {
            name: graph.hear(Expression, f"/humans/faces/{name}/expression")
            for name in ("anna", "ben", "carl")
        }
        states = graph.hear(EmotionState, "emotion")
        detector = Detector(graph, talking_face)
        detector.show(
            ["anna", "3ab", "ben", "carl"],
            lambda: (
                len(told["anna"]) > 4
                and len(told["ben"]) > 4
                and any(state.audio_weight > 0 for state in states)
            ),
        )
        # Two places, an id that is none, and one that has to wait.
        assert told["carl"] == []
        assert process.said("'3ab' cannot be an id")
        assert process.said("3 faces are tracked, but 2 are followed")
        detector.show(
            ["ben", "carl"], lambda: len(told["carl"]) > 2 and publishers(graph, "anna") == 0
        )
        left = len(told["anna"])
        detector.show(["carl"], lambda: publishers(graph, "ben") == 0)
        before = len(told["carl"])
        detector.show(["carl"], lambda: len(told["carl"]) > before + 4)
        assert len(told["anna"]) == left
        assert process.running and "Traceback" not in process.text, process.text
        assert process.stop() == 0
    all_told = [message for messages in told.values() for message in messages]
    assert {message.expression for message in all_told} <= EXPRESSIONS
    assert all(0 < message.confidence <= 1 for message in all_told)
    assert all(-1 <= number <= 1 for m in all_told for number in (m.valence, m.arousal))
    assert {message.header.frame_id for message in all_told} == {"eye"}
    stamps = [nanoseconds(message.header.stamp) for message in told["carl"]]
    assert stamps == sorted(stamps) and stamps[0] > 0
    full = [state for state in states if state.probabilities and state.subject]
    assert {state.subject for state in full} == {"anna", "ben", "carl"}
    assert all(state.face.width <= SIDE for state in full)


def publishers(graph: Probe, name: str) -> int:
    return len(graph.node.get_publishers_info_by_topic(f"/humans/faces/{name}/expression"))


def test_a_crowd_that_passes_leaves_nothing_behind(talking_face: Path):
    """A hundred people, one after the other: what is kept is that of who is there."""
    crop = crops_of(talking_face)[0][1]
    context = Context()
    rclpy.init(args=[], context=context, domain_id=random_domain_id())
    node = HriBridge(context=context, use_global_arguments=False)
    try:
        before = len(list(node.subscriptions)), len(list(node.publishers))
        worker = node._worker
        for index in range(100):
            name = f"face_{index}"
            node._follow_faces(IdsList(ids=[name]))
            message = image_message(crop, "eye")
            message.header.stamp = time_message(node._now_ns())
            node._store_image(name, message)
        wait_until(lambda: dict(worker.used_images) == {"face_99": 1}, 60, "the last face")
        assert [camera.name for camera in worker.status.cameras] == ["face_99"]
        after = len(list(node.subscriptions)), len(list(node.publishers))
        assert after == (before[0] + 1, before[1] + 1)
        assert worker.failures == 0
    finally:
        node.destroy_node()
        rclpy.shutdown(context=context)


def test_estimates_of_our_own_camera_become_faces_of_ros4hri():
    domain_id = random_domain_id()
    command = module("hri_expressions", "--ros-args", "-p", "gone_after_s:=1.0")
    with running(command, domain_id) as process, probe(domain_id) as graph:
        lists = graph.hear(IdsList, "/humans/faces/tracked")
        told = graph.hear(Expression, "/humans/faces/face_front_3/expression")
        publisher = graph.node.create_publisher(EmotionState, "emotion", 10)
        outage = EmotionState(subject="front/4")
        impossible = EmotionState(subject="front/5", labels=["sad"], probabilities=[7.0])
        state = EmotionState(
            subject="front/3", labels=["calm", "sad"], probabilities=[0.7, 0.3], valence=0.5
        )
        state.header.frame_id = "eye"
        state.header.stamp.sec = 9

        def said_again() -> bool:
            for each in (outage, impossible, state):
                publisher.publish(each)
            time.sleep(TICK_S)
            return bool(told) and any(each.ids for each in lists)

        wait_until(said_again, 30, process.text)
        assert (told[0].expression, told[0].confidence) == ("neutral", pytest.approx(0.7))
        assert (told[0].header.stamp.sec, told[0].header.frame_id) == (9, "eye")
        assert lists[-1].ids == ["face_front_3"]
        assert process.said("WARN", "probabilities 7: expected 0 to 1", "not passed on")
        wait_until(lambda: lists[-1].ids == [], 30, process.text)
        wait_until(lambda: publishers(graph, "face_front_3") == 0, 30, process.text)
        assert process.stop() == 0, process.text


@pytest.mark.parametrize("node", ["hri_bridge", "hri_expressions"])
def test_without_hri_msgs_the_start_fails_and_names_the_package(node: str):
    code = (
        "import sys; sys.modules['hri_msgs'] = None; "
        f"from emotion_recognition.nodes.{node} import main; sys.exit(main([]))"
    )
    with running([sys.executable, "-c", code], random_domain_id()) as process:
        assert process.wait(60) == 1
    assert process.said("FATAL", "needs the package hri_msgs", "ros-<distro>-hri-msgs")
    assert "Traceback" not in process.text


@pytest.mark.parametrize(
    ("node", "setting", "words"),
    [
        ("hri_bridge", "max_faces:=17", "an integer from 1 to 16"),
        ("hri_bridge", "device:=warp9", "warp9"),
        ("hri_expressions", "gone_after_s:=0.0", "a number from 0.1 to 60"),
    ],
)
def test_a_wrong_parameter_is_named(node: str, setting: str, words: str):
    command = module(node, "--ros-args", "-p", setting)
    with running(command, random_domain_id()) as process:
        assert process.wait(60) == 1
    assert process.said("FATAL", setting.partition(":=")[0], words), process.text
