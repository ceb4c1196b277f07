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
"""What the running node says on /diagnostics and ~/model_info about streams that are amiss."""

import array
import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import yaml
from ros_support import Probe, Process, module, probe, random_domain_id, running, wait_until

pytestmark = pytest.mark.ros

audio_msgs = pytest.importorskip("audio_common_msgs.msg", reason="audio_common_msgs is missing")
if not hasattr(audio_msgs, "AudioDataStamped"):
    pytest.skip("the installed audio_common_msgs is the other dialect", allow_module_level=True)

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from emotion_recognition.msg import ModelInfo
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from rcl_interfaces.srv import SetParameters
from rclpy.parameter import Parameter
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import String

from emotion_recognition.emotions import EMOTIONS
from emotion_recognition.nodes.camera_node import image_message
from emotion_recognition.nodes.ros.convert import nanoseconds, time_message
from emotion_recognition.nodes.ros.qos import LATCHED

OK, WARN, ERROR, STALE = (
    DiagnosticStatus.OK,
    DiagnosticStatus.WARN,
    DiagnosticStatus.ERROR,
    DiagnosticStatus.STALE,
)
SECOND_NS = 1_000_000_000
BEST_EFFORT = QoSProfile(depth=5, reliability=ReliabilityPolicy.BEST_EFFORT)
CAMERAS = ("good", "nobody", "typed", "lossy", "late", "early", "slow")
NODE = {"lifecycle", "clock", "memory"}
REST = {"audio", "estimates", "model", "device"}


@dataclass
class Listener:
    """A probe that keeps the newest status of each part of the node."""

    probe: Probe
    process: Process
    newest: dict[str, DiagnosticStatus] = field(default_factory=dict)
    stamps_ns: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.probe.node.create_subscription(DiagnosticArray, "/diagnostics", self._hear, 10)

    def _hear(self, message: DiagnosticArray) -> None:
        self.stamps_ns.append(nanoseconds(message.header.stamp))
        self.newest = {status.name: status for status in message.status}

    def parts(self) -> set[str]:
        return {name.removeprefix("robot/emotion_node: ") for name in self.newest}

    def wait(self, part: str, *words: str, timeout_s: float = 40) -> DiagnosticStatus:
        """Wait until the message of a status holds all of ``words``; return the status."""
        found: list[DiagnosticStatus] = []

        def said() -> bool:
            status = self.newest.get(f"robot/emotion_node: {part}")
            if status is not None and all(word in status.message for word in words):
                found.append(status)
            return bool(found) or not self.process.running

        try:
            wait_until(said, timeout_s)
        except AssertionError:
            said_instead = [(each.name, each.level, each.message) for each in self.newest.values()]
            raise AssertionError(f"{part}: {words} not said, but {said_instead}") from None
        assert found, self.process.text
        return found[0]


def values(status: DiagnosticStatus) -> dict[str, str]:
    return {pair.key: pair.value for pair in status.values}


@pytest.fixture(scope="module")
def listener() -> Iterator[Listener]:
    domain_id = random_domain_id()
    cameras = ", ".join(f"{name}=/{name}/image_raw" for name in CAMERAS)
    arguments = ["--ros-args", "-r", "__ns:=/robot", "-p", f"cameras:={cameras}"]
    # One image a second: seven cameras must not wear out a small machine.
    arguments += ["-p", "face_rate:=1.0", "-p", "stale_after_s:=3.0", "-p", "publish_rate:=1.0"]
    with running(module("emotion_node", *arguments), domain_id) as process, probe(domain_id) as p:
        heard = Listener(p, process)
        wait_until(lambda: heard.newest or not process.running, 90, "diagnostics")
        publish_all(p)
        yield heard


def publish_all(p: Probe) -> None:
    """One publisher for each fault; ``nobody`` has none."""
    node = p.node
    small = image_message(np.full((120, 160, 3), 127, np.uint8), "camera")
    large = image_message(np.full((480, 640, 3), 127, np.uint8), "camera")
    began_ns = node.get_clock().now().nanoseconds
    ticks = iter(range(10**9))

    def publisher(camera: str, message: Image, age_s: float = 0.0) -> Callable[[], None]:
        topic = node.create_publisher(Image, f"/{camera}/image_raw", BEST_EFFORT)

        def publish() -> None:
            now_ns = node.get_clock().now().nanoseconds
            message.header.stamp = time_message(now_ns - round(age_s * SECOND_NS))
            topic.publish(message)

        return publish

    good = publisher("good", small)
    late, early = publisher("late", small, 300.0), publisher("early", small, -20.0)
    slow = publisher("slow", small)
    lossy = node.create_publisher(Image, "/lossy/image_raw", BEST_EFFORT)
    typed = node.create_publisher(CompressedImage, "/typed/image_raw", BEST_EFFORT)

    def publish_lossy() -> None:
        """Publish a stream of 20 images a second, of which two in five went astray."""
        tick = next(ticks)
        if tick % 5 not in (2, 3):
            large.header.stamp = time_message(began_ns + tick * SECOND_NS // 20)
            lossy.publish(large)

    def publish_others() -> None:
        for publish in (good, late, early):
            publish()
        typed.publish(CompressedImage(format="jpeg"))

    node.create_timer(0.05, publish_lossy)
    node.create_timer(0.4, publish_others)
    node.create_timer(1.8, slow)


def test_every_part_has_a_status_of_a_constant_name(listener: Listener):
    listener.wait("good/image", "messages a second")
    assert listener.parts() == NODE | REST | {f"{name}/image" for name in CAMERAS}


def test_a_healthy_stream_is_ok(listener: Listener):
    assert listener.wait("good/image", "messages a second").level == OK


def test_a_topic_that_nobody_publishes_says_so_and_what_there_is(listener: Listener):
    status = listener.wait("nobody/image", "nobody publishes it", "such messages are on")
    assert status.level == STALE
    assert status.message.startswith("nothing has come on /nobody/image_raw yet")


def test_a_topic_of_another_type_names_type_publisher_and_parameter(listener: Listener):
    status = listener.wait("typed/image", "carries sensor_msgs/msg/CompressedImage (from /probe)")
    assert status.level == ERROR
    assert "set image_transport to compressed" in status.message


def test_large_frames_of_a_best_effort_publisher_that_get_lost_name_the_segment(listener: Listener):
    status = listener.wait(
        "lossy/image",
        "of the messages are missing",
        "publisher is best effort and frames (0.9 MB) exceed the shared-memory segment",
        "Start /probe with FASTRTPS_DEFAULT_PROFILES_FILE=",
    )
    assert status.level == WARN
    assert 0.25 < float(values(status)["missing"]) < 0.55
    assert values(status)["publishers"] == "/probe (sensor_msgs/msg/Image, best_effort)"


def test_stamps_of_another_clock_are_told_by_how_much_they_are_off(listener: Listener):
    status = listener.wait("late/image", "behind this node's clock", "use_sim_time")
    assert status.level == WARN
    assert float(values(status)["age on arrival (s)"]) == pytest.approx(300, abs=20)
    status = listener.wait("early/image", "ahead of this node's clock", "synchronise")
    assert status.level == WARN
    assert float(values(status)["age on arrival (s)"]) == pytest.approx(-20, abs=10)


def test_a_rate_below_what_the_estimates_need_is_a_warning(listener: Listener):
    status = listener.wait("slow/image", "messages a second, 1 are needed: raise the rate")
    assert status.level == WARN


def test_sound_of_another_type_names_both_types(listener: Listener):
    node = listener.probe.node
    sound = node.create_publisher(String, "/robot/audio", 10)
    status = listener.wait("audio", "/robot/audio carries std_msgs/msg/String", "audio_common_msgs")
    assert status.level == ERROR
    node.destroy_publisher(sound)
    assert listener.wait("audio", "nobody publishes it").level == STALE


def test_sound_of_another_format_than_is_said_is_told_by_its_amount(listener: Listener):
    node = listener.probe.node
    sound = node.create_publisher(audio_msgs.AudioDataStamped, "/robot/audio", 10)
    chunk = audio_msgs.AudioDataStamped()
    # 0.1 s in stereo at 24 kHz; without audio_info it is taken for mono at 16 kHz: 0.3 s.
    chunk.audio.data = array.array("B", bytes(2 * 2 * 2400))

    def publish() -> None:
        chunk.header.stamp = node.get_clock().now().to_msg()
        sound.publish(chunk)

    timer = node.create_timer(0.1, publish)
    status = listener.wait("audio", "s of sound come in a second: it has more channels")
    assert status.level == WARN
    assert float(values(status)["sound (s/s)"]) == pytest.approx(3, abs=0.8)
    timer.destroy()
    node.destroy_publisher(sound)
    assert listener.wait("audio", "silent for", "nobody publishes it").level == STALE


def test_a_stream_that_falls_silent_says_whether_its_publisher_is_there(listener: Listener):
    node = listener.probe.node
    camera = node.create_publisher(Image, "/nobody/image_raw", BEST_EFFORT)
    image = image_message(np.full((120, 160, 3), 127, np.uint8), "camera")

    def shown() -> bool:
        image.header.stamp = node.get_clock().now().to_msg()
        camera.publish(image)
        listener.probe.rest(0.3)
        status = listener.newest["robot/emotion_node: nobody/image"]
        return int(values(status)["received"]) > 0

    wait_until(shown, 20, "an image")
    status = listener.wait(
        "nobody/image", "silent for", "/probe is there, but nothing of it arrives"
    )
    assert status.level == STALE
    node.destroy_publisher(camera)
    assert listener.wait("nobody/image", "silent for", "nobody publishes it").level == STALE


def test_model_device_and_memory_are_told(listener: Listener, repository: Path):
    model = listener.wait("model", "ravdess")
    weights = repository / "emotion_recognition" / "weights" / "emotion_network.safetensors"
    assert model.level == OK
    assert values(model)["sha256"] == hashlib.sha256(weights.read_bytes()).hexdigest()
    assert "CC BY-NC-SA 4.0" in values(model)["licence"]
    assert values(model)["frame encoder"].startswith("shipped, sha256 ")
    assert listener.wait("device", "float32 on cpu").level == OK
    memory = listener.wait("memory", "MB")
    assert memory.level == OK
    assert 50 < float(values(memory)["resident (MB)"]) < 5000


def test_model_info_reaches_whoever_comes_late(listener: Listener, repository: Path):
    heard = listener.probe.hear(ModelInfo, "/robot/emotion_node/model_info", LATCHED)
    wait_until(lambda: heard, 20, "model_info")
    info = heard[0]
    weights = repository / "emotion_recognition" / "weights" / "emotion_network.safetensors"
    assert list(info.labels) == list(EMOTIONS)
    assert Path(info.checkpoint).samefile(weights)
    assert info.sha256 == hashlib.sha256(weights.read_bytes()).hexdigest()
    assert info.license.startswith("CC BY-NC-SA 4.0")
    assert (info.device, info.precision, info.voice_encoder) == ("cpu", "float32", "")
    assert nanoseconds(info.window) == 3_600_000_000
    assert nanoseconds(info.header.stamp) > 0
    assert info.model == listener.wait("model", "ravdess").message


def analyzer_paths(configuration: dict, name: str, path: str = "") -> list[str]:
    """Paths of the analyzers that take a status, by GenericAnalyzer's rules."""
    here = f"{path}/{configuration['path']}"
    if configuration.get("type", "").endswith("GenericAnalyzer"):
        taken = (
            any(re.fullmatch(each, name) for each in configuration.get("regex", []))
            or any(name.startswith(each) for each in configuration.get("startswith", []))
            or any(each in name for each in configuration.get("contains", []))
        )
        return [here] if taken else []
    nested = configuration.get("analyzers", configuration)
    groups = [each for each in nested.values() if isinstance(each, dict)]
    return [found for group in groups for found in analyzer_paths(group, name, here)]


@pytest.fixture
def analyzers(repository: Path) -> dict:
    text = (repository / "config" / "diagnostics_analyzers.yaml").read_text(encoding="utf-8")
    return yaml.safe_load(text)["analyzers"]["ros__parameters"]


def test_the_example_of_the_aggregator_takes_every_status_once(listener: Listener, analyzers: dict):
    listener.wait("good/image", "messages a second")
    found = {name: analyzer_paths(analyzers, name) for name in listener.newest}
    assert all(len(paths) == 1 for paths in found.values()), found
    group = "/Robot/Emotion recognition"
    assert found["robot/emotion_node: good/image"] == [f"{group}/Streams"]
    assert found["robot/emotion_node: audio"] == [f"{group}/Streams"]
    taken = [paths[0] for paths in found.values()]
    for analyzer in analyzers["emotion_recognition"]["analyzers"].values():
        if "num_items" in analyzer:
            assert taken.count(f"{group}/{analyzer['path']}") == analyzer["num_items"]
    assert analyzer_paths(analyzers, "emotion_node: image") == [f"{group}/Streams"]
    assert analyzer_paths(analyzers, "other_node: image") == []
    assert analyzer_paths(analyzers, "my_emotion_node: lifecycle") == []


@pytest.fixture
def resting() -> Iterator[Listener]:
    """A node that waits to be configured, asks for reliable images, and for a simulated clock."""
    domain_id = random_domain_id()
    arguments = ["--ros-args", "-r", "__ns:=/robot", "-p", "use_audio:=false"]
    arguments += ["-p", "autostart:=false", "-p", "use_sim_time:=true"]
    arguments += ["-p", "image_reliability:=reliable"]
    with running(module("emotion_node", *arguments), domain_id) as process, probe(domain_id) as p:
        heard = Listener(p, process)
        wait_until(lambda: heard.newest or not process.running, 90, "diagnostics")
        yield heard


def set_parameter(p: Probe, name: str, value: str) -> None:
    client = p.node.create_client(SetParameters, "/robot/emotion_node/set_parameters")
    assert client.wait_for_service(20)
    request = SetParameters.Request(parameters=[Parameter(name, value=value).to_parameter_msg()])
    answer = client.call_async(request)
    wait_until(answer.done, 20, "the parameter")
    assert answer.result().results[0].successful, answer.result()


def change_state(heard: Listener, transition: int, *, succeeds: bool = True) -> None:
    client = heard.probe.node.create_client(ChangeState, "/robot/emotion_node/change_state")
    assert client.wait_for_service(20)
    answer = client.call_async(ChangeState.Request(transition=Transition(id=transition)))
    wait_until(answer.done, 60, "the transition")
    assert answer.result().success == succeeds, heard.process.text


def test_lifecycle_and_clock_are_told_in_every_state(resting: Listener, analyzers: dict):
    everything = NODE | REST | {"image"}
    assert resting.wait("lifecycle", "unconfigured").level == OK
    assert resting.wait("image", "not at work: the node is unconfigured").level == OK
    clock = resting.wait("clock", "nobody publishes /clock", "set use_sim_time to false")
    assert clock.level == ERROR
    assert all(resting.stamps_ns), "aggregators reject messages without a time"
    assert resting.parts() == everything

    set_parameter(resting.probe, "model_path", "/no/such/folder")
    change_state(resting, Transition.TRANSITION_CONFIGURE, succeeds=False)
    failed = resting.wait(
        "lifecycle", "not configured: parameter 'model_path' is '/no/such/folder'"
    )
    assert failed.level == ERROR
    set_parameter(resting.probe, "model_path", "")
    change_state(resting, Transition.TRANSITION_CONFIGURE)
    assert resting.wait("lifecycle", "inactive").level == OK
    assert resting.wait("image", "not at work: the node is inactive").level == OK

    change_state(resting, Transition.TRANSITION_ACTIVATE)
    node = resting.probe.node
    node.create_publisher(Image, "/robot/image", BEST_EFFORT)
    picky = resting.wait("image", "best effort publisher and reliable subscription")
    assert picky.level == ERROR
    assert "set image_reliability to best_effort" in picky.message
    assert resting.wait("lifecycle", "active").level == OK
    assert resting.wait("audio", "switched off by parameter").level == OK
    assert resting.parts() == everything

    clock_topic = node.create_publisher(Clock, "/clock", 10)
    going = node.create_timer(
        0.1, lambda: clock_topic.publish(Clock(clock=node.get_clock().now().to_msg()))
    )
    assert resting.wait("clock", "simulated time").level == OK
    going.cancel()
    assert resting.wait("clock", "/clock stands still").level == WARN

    change_state(resting, Transition.TRANSITION_DEACTIVATE)
    assert resting.wait("image", "not at work: the node is inactive").level == OK
    assert resting.parts() == everything
