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
"""emotion_node with several people and two cameras, over real topics and by real clips."""

import array
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from ros_support import module, probe, random_domain_id, running, wait_until
from two_clips import SIDE, beside, faces_of

pytestmark = pytest.mark.ros

audio_msgs = pytest.importorskip("audio_common_msgs.msg", reason="audio_common_msgs is missing")
if not hasattr(audio_msgs, "AudioDataStamped"):
    pytest.skip("the installed audio_common_msgs is the other dialect", allow_module_level=True)

from diagnostic_msgs.msg import DiagnosticArray
from emotion_recognition.msg import EmotionState
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import CompressedImage, Image

from emotion_recognition.audio.messages import AudioFormat
from emotion_recognition.bags.events import FrameEvent
from emotion_recognition.estimate import Estimate
from emotion_recognition.evaluation.offline import estimates_of
from emotion_recognition.model.emotion_model import load_model
from emotion_recognition.nodes.camera_node import image_message
from emotion_recognition.nodes.emotion.worker import Worker
from emotion_recognition.nodes.ros.convert import nanoseconds, time_message
from emotion_recognition.nodes.ros.qos import LATCHED
from emotion_recognition.recognizer import Recognizer, RecognizerConfig
from emotion_recognition.recognizer.inbox import Inbox, Item
from emotion_recognition.vision.stream import VisionConfig

CHUNK = 1600  # samples, 100 ms
IN_TIME = 1e9  # arrived so late that nothing of it can be late
TICKS = 45  # images of each camera, ten a second


@pytest.fixture(scope="module")
def scene(shared_data: Path) -> tuple[list, list[np.ndarray]]:
    """The events of somebody who speaks, on the left of somebody who listens; and the latter."""
    waiting = sorted((shared_data / "ravdess_av_actor01").glob("01-*.mp4"))[0]
    listener = faces_of(waiting, 0.6)
    return list(beside(shared_data / "javanese_av" / "01-01-01_01.mp4", listener)), listener


def sound_of(events: list) -> np.ndarray:
    """The voice at 16 kHz, int16."""
    chunks = [event.chunk for event in events if not isinstance(event, FrameEvent)]
    voice = np.concatenate([chunk.samples[:, 0] for chunk in chunks])
    positions = np.arange(0, len(voice) - 1, chunks[0].sample_rate / 16000)
    resampled = np.interp(positions, np.arange(len(voice)), voice)
    return (32767 * resampled.clip(-1, 1)).astype("<i2")


def test_each_person_before_each_camera_has_estimates(shared: Path, scene, tmp_path: Path):
    """Two people before one camera, of whom one speaks, and a third before another camera."""
    events, listener = scene
    frames = [event.image() for event in events if isinstance(event, FrameEvent)][::3]
    voice = sound_of(events)
    parameters = {
        "cameras": "front=/f/image_raw, rear=/r/image_raw",
        "max_faces": 3,
        "face_detector": "yunet",
        "face_detector_model": shared / "models" / "face_detection_yunet_2023mar.onnx",
        "publish_overlay": "true",
        "image_depth": 100,
        "audio_queue_s": 60.0,
    }
    given = [part for name, value in parameters.items() for part in ("-p", f"{name}:={value}")]
    domain_id = random_domain_id()
    command = module("emotion_node", "--ros-args", *given)
    with running(command, domain_id) as process, probe(domain_id) as graph:
        wait_until(lambda: process.said("ready") or not process.running, 60, "ready")
        node = graph.node
        images = [
            node.create_publisher(Image, name, qos_profile_sensor_data)
            for name in ("/f/image_raw", "/r/image_raw")
        ]
        sound = node.create_publisher(audio_msgs.AudioDataStamped, "audio", qos_profile_sensor_data)
        infos = node.create_publisher(audio_msgs.AudioInfo, "audio_info", LATCHED)
        infos.publish(
            audio_msgs.AudioInfo(
                sample_rate=16000, channels=1, sample_format="S16LE", coding_format="wave"
            )
        )
        states = graph.hear(EmotionState, "emotion", 200)
        diagnostics = graph.hear(DiagnosticArray, "/diagnostics")
        pictures = graph.hear(
            CompressedImage, "/emotion_node/front/overlay/compressed", qos_profile_sensor_data
        )
        wait_until(
            lambda: all(each.get_subscription_count() for each in (*images, sound)), 20, "heard"
        )
        begin_s, begin_ns = time.monotonic(), node.get_clock().now().nanoseconds
        for tick in range(TICKS):
            stamp = time_message(begin_ns + tick * 100_000_000)
            shown = frames[tick % len(frames)], listener[tick % len(listener)]
            for publisher, picture in zip(images, shown, strict=True):
                message = image_message(picture, "eye")
                message.header.stamp = stamp
                publisher.publish(message)
            at = CHUNK * tick % (len(voice) - CHUNK)
            data = array.array("B", voice[at : at + CHUNK].tobytes())
            chunk = audio_msgs.AudioDataStamped(audio=audio_msgs.AudioData(data=data))
            chunk.header.stamp = stamp
            sound.publish(chunk)
            time.sleep(max(0.0, begin_s + (tick + 1) * 0.1 - time.monotonic()))
        # A slow machine is late, but has all messages.
        end_ns = begin_ns + (TICKS - 4) * 100_000_000
        wait_until(lambda: max(_windows(states), default=0) > end_ns, 60, process.text)
        assert process.running and "Traceback" not in process.text, process.text
    full = [each for each in _windows(states).values() if len(each) >= 3]
    assert full and pictures
    last = full[-1]
    assert len({state.subject for state in last}) == len(last)
    assert {state.subject.split("/")[0] for state in last if state.subject} == {"front", "rear"}
    front = [state for state in last if state.subject.startswith("front/")]
    speaker, silent = sorted(front, key=lambda state: -state.audio_weight)
    assert speaker.face.x_offset + speaker.face.width / 2 < SIDE
    assert speaker.audio_weight > 0 == silent.audio_weight
    assert sum(speaker.probabilities) == pytest.approx(1, abs=1e-4)
    [rear] = [state for state in last if state.subject.startswith("rear/")]
    assert (rear.audio_weight, rear.video_weight) == (0, 1)
    names = {status.name for message in diagnostics for status in message.status}
    assert {f"emotion_node: {camera}/image" for camera in ("front", "rear")} < names
    picture = cv2.imdecode(np.frombuffer(pictures[-1].data, np.uint8), cv2.IMREAD_COLOR)
    assert picture.shape == frames[0].shape


def _windows(states: list[EmotionState]) -> dict[int, list[EmotionState]]:
    found: dict[int, list[EmotionState]] = defaultdict(list)
    for state in list(states):
        if state.probabilities:
            found[nanoseconds(state.header.stamp)].append(state)
    return found


@pytest.fixture
def real_recognizers(shared: Path) -> Iterator[Recognizer]:
    """Recognisers as the node and an offline run make them."""
    file = str(shared / "models" / "face_detection_yunet_2023mar.onnx")
    vision = VisionConfig(detector="yunet", detector_model=file, max_faces=3)
    model = load_model(device="cpu")
    return (Recognizer(RecognizerConfig(vision=vision), model) for _ in range(2))


def test_the_worker_gives_what_an_offline_run_gives(scene, real_recognizers):
    """The same messages: the same people, voices and numbers."""
    events, _ = scene
    expected = list(estimates_of(events, next(real_recognizers)))
    inbox, published = Inbox(max_images=1000, max_audio_s=1000), []
    chunk = next(event.chunk for event in events if not isinstance(event, FrameEvent))
    fallback = AudioFormat(chunk.sample_rate, chunk.samples.shape[1], "F32LE")
    worker = Worker(next(real_recognizers), inbox, fallback, published.append, print)
    for event in events:
        inbox.put(_item(event))
    worker.start()
    wait_until(lambda: len(published) >= len(expected) or worker.failures, 60, "all estimates")
    worker.stop()
    assert {len(subjects) for subjects in _subjects(published).values()} >= {2}
    assert repr(published) == repr(expected)


def _subjects(estimates: list[Estimate]) -> dict[int, set[str]]:
    found: dict[int, set[str]] = defaultdict(set)
    for each in estimates:
        found[each.stamp_ns].add(each.subject)
    return found


def _item(event) -> Item:
    if isinstance(event, FrameEvent):
        message = image_message(event.image(), event.frame_id)
        message.header.stamp = time_message(event.stamp_ns)
        return Item("image", message, event.received_ns, IN_TIME)
    data = np.frombuffer(event.chunk.samples.astype("<f4").tobytes(), np.uint8)
    header = SimpleNamespace(stamp=time_message(event.chunk.stamp_ns), frame_id="")
    message = SimpleNamespace(header=header, audio=SimpleNamespace(data=data))
    return Item("audio", message, event.received_ns, IN_TIME)
