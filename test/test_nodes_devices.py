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
"""camera_node and microphone_node, the Fast DDS profile, and a clean end at signals."""

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace

import cv2
import numpy as np
import pytest
from ros_support import Probe, probe, random_domain_id, wait_until

pytestmark = pytest.mark.ros

import rclpy
from audio_common_msgs.msg import AudioDataStamped, AudioInfo
from rclpy.context import Context
from rclpy.parameter import Parameter
from sensor_msgs.msg import Image

from emotion_recognition.nodes.camera_node import CameraNode
from emotion_recognition.nodes.microphone_node import MicrophoneNode
from emotion_recognition.nodes.ros import dds
from emotion_recognition.nodes.ros.convert import nanoseconds
from emotion_recognition.nodes.ros.qos import LATCHED, sensor_qos
from emotion_recognition.nodes.ros.spin import StartError, _StoppedAtStart, stop_signals

DOMAIN_ID = random_domain_id()


@pytest.fixture(scope="module")
def heard() -> Iterator[Probe]:
    with probe(DOMAIN_ID) as opened:
        yield opened


@pytest.fixture
def context() -> Iterator[Context]:
    opened = Context()
    rclpy.init(args=[], context=opened, domain_id=DOMAIN_ID)
    yield opened
    rclpy.shutdown(context=opened)


def overrides(**values: object) -> list[Parameter]:
    return [Parameter(name, value=value) for name, value in values.items()]


def write_video(path: Path, grey: int) -> None:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), 30, (64, 48))
    for _ in range(4):
        writer.write(np.full((48, 64, 3), grey, np.uint8))
    writer.release()


def test_the_camera_publishes_and_comes_back_when_it_is_plugged_in(
    context: Context, heard: Probe, tmp_path: Path
):
    source = tmp_path / "camera.mp4"
    images = heard.hear(Image, "image", sensor_qos(20))
    node = CameraNode(
        context=context, parameter_overrides=overrides(source=str(source), frame_id="eye")
    )
    try:
        write_video(source, 200)  # "plugged in" after the first try
        wait_until(lambda: len(images) > 4, 20, "images of a second opening")
    finally:
        node.destroy_node()
    image = images[0]
    assert (image.width, image.height, image.step, image.encoding) == (64, 48, 192, "bgr8")
    assert image.header.frame_id == "eye"
    assert abs(np.frombuffer(image.data, np.uint8).astype(int) - 200).max() < 10
    assert nanoseconds(image.header.stamp) > 0


class FakeSoundDevice(ModuleType):
    """Stands for the sounddevice package on a machine with one microphone."""

    PortAudioError = type("PortAudioError", (Exception,), {})

    def __init__(self) -> None:
        super().__init__("sounddevice")
        self.opened: dict[str, object] = {}

    def query_devices(self) -> list[dict[str, str]]:
        return [{"name": "Built-in Microphone"}]

    def RawInputStream(self, **options: object) -> SimpleNamespace:  # noqa: N802
        if options["device"] == "Nowhere":
            raise self.PortAudioError("no such device")
        self.opened = options
        return SimpleNamespace(start=lambda: None, close=lambda: None)


@pytest.fixture
def sound_device(monkeypatch: pytest.MonkeyPatch) -> FakeSoundDevice:
    fake = FakeSoundDevice()
    monkeypatch.setitem(sys.modules, "sounddevice", fake)
    return fake


def test_the_microphone_publishes_sound_and_its_description(
    context: Context, heard: Probe, sound_device: FakeSoundDevice
):
    sounds = heard.hear(AudioDataStamped, "audio", sensor_qos(20))
    infos = heard.hear(AudioInfo, "audio_info", LATCHED)
    node = MicrophoneNode(
        context=context, parameter_overrides=overrides(sample_rate=8000, channels=2, chunk_ms=20.0)
    )
    try:
        assert sound_device.opened["blocksize"] == 160
        data = np.arange(320, dtype="<i2").tobytes()
        times = SimpleNamespace(currentTime=7.5, inputBufferAdcTime=7.4)

        def speak() -> bool:
            sound_device.opened["callback"](data, 160, times, None)
            return bool(sounds and infos)

        wait_until(speak, 20, "sound and its description")
        age_ns = node.get_clock().now().nanoseconds - nanoseconds(sounds[-1].header.stamp)
    finally:
        node.destroy_node()
    assert bytes(sounds[0].audio.data) == data
    assert age_ns >= 100_000_000  # the sound was heard 0.1 s before the callback
    assert (infos[0].sample_rate, infos[0].channels) == (8000, 2)
    assert (infos[0].sample_format, infos[0].coding_format) == ("S16LE", "wave")


def test_an_unknown_microphone_is_named_beside_those_that_are_there(
    context: Context, sound_device: FakeSoundDevice
):
    with pytest.raises(StartError, match=r"'Nowhere'.*'input'.*Built-in Microphone"):
        MicrophoneNode(context=context, parameter_overrides=overrides(input="Nowhere"))


def test_a_missing_sound_library_says_what_to_install(context: Context, monkeypatch):
    class Missing:
        def find_spec(self, name: str, path: object = None, target: object = None) -> None:
            if name == "sounddevice":
                raise OSError("PortAudio library not found")

    monkeypatch.delitem(sys.modules, "sounddevice", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Missing(), *sys.meta_path])
    with pytest.raises(StartError, match="apt install libportaudio2"):
        MicrophoneNode(context=context)


def test_the_profile_is_ours_unless_the_user_named_one(repository: Path):
    ours = str(repository / "config" / "fastdds.xml")
    assert dds.profile_environment({}) == dict.fromkeys(dds.PROFILE_VARIABLES, ours)
    for name in dds.PROFILE_VARIABLES:
        assert dds.profile_environment({name: "/mine.xml"}) == {}


def test_a_file_that_is_not_there_is_named():
    with pytest.raises(FileNotFoundError, match=r"config/none\.xml"):
        dds.config_file("none.xml")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_is_noted_and_the_old_handler_comes_back(number):
    before = signal.getsignal(number)
    told: list[int] = []
    with stop_signals(lambda: told.append(1)) as signals:
        assert not signals.requested
        os.kill(os.getpid(), number)
        wait_until(lambda: signals.requested, 5)
    assert told == [1]
    assert signal.getsignal(number) is before


def test_a_signal_during_the_start_ends_the_start():
    with stop_signals() as signals:
        signals.raising = True
        with pytest.raises(_StoppedAtStart):
            os.kill(os.getpid(), signal.SIGTERM)
            wait_until(lambda: False, 5)
