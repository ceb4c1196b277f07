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

"""A camera or a microphone in a process of its own: publishes what it is told on stdin, at once.

``python -m soak.player camera FOLDER``. A line of stdin is an order, a JSON object with the fields
of ``ImageOrder`` or ``SoundOrder``; the process says ``heard`` when it has a subscriber and
``unheard`` when it has none any more.
"""

import argparse
import array
import json
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import rclpy
from audio_common_msgs.msg import AudioDataStamped, AudioInfo
from rclpy.node import Node
from sensor_msgs.msg import Image

from emotion_recognition.nodes.ros.convert import time_message
from emotion_recognition.nodes.ros.qos import LATCHED, sensor_qos
from emotion_recognition.nodes.ros.spin import start_ros

from .orders import (
    FRAMES_FILE,
    HEARD,
    MATCH_S,
    SOUND_FILE,
    SOUND_RATE,
    UNHEARD,
    ImageOrder,
    SoundOrder,
)

_LOOK_EVERY_S = 0.02
_FROM_BGR = {
    "bgr8": None,
    "rgb8": cv2.COLOR_BGR2RGB,
    "rgba8": cv2.COLOR_BGR2RGBA,
    "mono8": cv2.COLOR_BGR2GRAY,
}
_SAMPLES = {"S16LE": ("<i2", 1 << 15), "S32LE": ("<i4", 1 << 31), "F32LE": ("<f4", 1)}


def image_message(order: ImageOrder, frames: np.ndarray) -> Image:
    """Make the message; a damaged one lacks half of its pixels."""
    frame = np.asarray(frames[order.number % len(frames)])
    if frame.shape[:2] != (order.height, order.width):
        frame = cv2.resize(frame, (order.width, order.height))
    code = _FROM_BGR[order.encoding]
    pixels = frame if code is None else cv2.cvtColor(frame, code)
    data = pixels.tobytes()
    message = Image(height=order.height, width=order.width, encoding=order.encoding)
    message.header.stamp = time_message(order.stamp_ns)
    message.header.frame_id = "soak_camera"
    message.step = len(data) // order.height
    message.data = array.array("B", data[: len(data) // 2] if order.damaged else data)
    return message


def sound_message(order: SoundOrder, sound: np.ndarray) -> AudioDataStamped:
    """Make the message; a damaged one ends within a sample."""
    count = round(order.duration_s * order.rate)
    places = order.begin + np.arange(count) * (SOUND_RATE / order.rate)
    first = np.floor(places).astype(np.int64)
    share = places - first
    levels = sound[first % len(sound)] * (1 - share) + sound[(first + 1) % len(sound)] * share
    kind, full_scale = _SAMPLES[order.sample_format]
    samples = np.repeat(levels[:, None] * (full_scale / (1 << 15)), order.channels, axis=1)
    data = samples.astype(kind).tobytes()
    message = AudioDataStamped()
    message.header.stamp = time_message(order.stamp_ns)
    message.audio.data = array.array("B", data[:-1] if order.damaged else data)
    return message


class _Camera:
    def __init__(self, node: Node, folder: Path) -> None:
        self._frames = np.load(folder / FRAMES_FILE, mmap_mode="r")
        self._images = node.create_publisher(Image, "image", sensor_qos(10, "best_effort"))

    def is_heard(self) -> bool:
        return self._images.get_subscription_count() > 0

    def publish(self, order: dict[str, object]) -> None:
        self._images.publish(image_message(ImageOrder(**order), self._frames))  # type: ignore[arg-type]


class _Microphone:
    def __init__(self, node: Node, folder: Path) -> None:
        self._sound = np.load(folder / SOUND_FILE)
        self._audio = node.create_publisher(AudioDataStamped, "audio", 100)
        self._infos = node.create_publisher(AudioInfo, "audio_info", LATCHED)
        self._format: tuple[int, int, str] | None = None
        self._describe(SoundOrder(0, 0, 0.0))

    def is_heard(self) -> bool:
        publishers = (self._audio, self._infos)
        return all(publisher.get_subscription_count() > 0 for publisher in publishers)

    def publish(self, fields: dict[str, object]) -> None:
        order = SoundOrder(**fields)  # type: ignore[arg-type]
        self._describe(order)
        self._audio.publish(sound_message(order, self._sound))

    def _describe(self, order: SoundOrder) -> None:
        kind = (order.rate, order.channels, order.sample_format)
        if kind != self._format:
            self._format = kind
            info = AudioInfo(
                sample_rate=order.rate,
                channels=order.channels,
                sample_format=order.sample_format,
                coding_format="wave",
            )
            self._infos.publish(info)


DEVICES: dict[str, Callable[[Node, Path], "_Camera | _Microphone"]] = {
    "camera": _Camera,
    "microphone": _Microphone,
}


def _tell(is_heard: Callable[[], bool]) -> None:
    """Say from when on, and until when, there is a subscriber."""
    told = False
    while True:
        if is_heard() != told:
            told = not told
            if told:
                time.sleep(MATCH_S)
            print(HEARD if told else UNHEARD, flush=True)
        time.sleep(_LOOK_EVERY_S)


def main() -> int:
    """Publish until stdin ends."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("device", choices=list(DEVICES))
    parser.add_argument("folder", type=Path, help="where the material lies")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    start_ros([])
    node = Node(f"soak_{options.device}")
    device = DEVICES[options.device](node, options.folder)
    threading.Thread(target=_tell, args=(device.is_heard,), daemon=True).start()
    for line in sys.stdin:
        device.publish(json.loads(line))
    node.destroy_node()
    rclpy.try_shutdown()
    return 0


if __name__ == "__main__":
    sys.exit(main())
