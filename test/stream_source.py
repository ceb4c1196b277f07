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

"""A camera or a microphone for tests of faults: plays a clip again and again, until it is killed.

    python stream_source.py camera CLIP --encodings bgr8,mono8 --scales 1,0.5 --reliability reliable
    python stream_source.py microphone CLIP --rate 8000 --reliability best_effort

A process of its own, so that it can die as a driver dies. Stamps are of the system clock; with
``--speed`` the clip and the stamps go so many times faster.
"""

import argparse
import array
import itertools
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import rclpy
from audio_common_msgs.msg import AudioDataStamped, AudioInfo
from rclpy.node import Node
from rclpy.qos import QoSProfile
from sensor_msgs.msg import Image

from emotion_recognition.bags.clip import read_clip
from emotion_recognition.nodes.ros.convert import time_message
from emotion_recognition.nodes.ros.dds import use_profile
from emotion_recognition.nodes.ros.qos import LATCHED, sensor_qos

ENCODINGS: dict[str, tuple[int | None, int]] = {  # from BGR, and bytes a pixel
    "bgr8": (None, 3),
    "rgb8": (cv2.COLOR_BGR2RGB, 3),
    "bgra8": (cv2.COLOR_BGR2BGRA, 4),
    "mono8": (cv2.COLOR_BGR2GRAY, 1),
}
SOUND_HZ = 16_000
CHUNK_S = 0.04


def image(pixels: np.ndarray, encoding: str, scale: float) -> Image:
    conversion, width = ENCODINGS[encoding]
    scaled = cv2.resize(pixels, None, fx=scale, fy=scale)
    converted = scaled if conversion is None else cv2.cvtColor(scaled, conversion)
    height, columns = converted.shape[:2]
    made = Image(height=height, width=columns, encoding=encoding, step=columns * width)
    made.header.frame_id = "camera"
    made.data = array.array("B", converted.tobytes())
    return made


def images(options: argparse.Namespace) -> tuple[list[tuple[float, Image]], float]:
    """Images and when each is due, s; and how long they take."""
    ways = itertools.cycle(itertools.product(options.encodings, options.scales))
    events = list(read_clip(options.clip, with_audio=False))[:: options.every]
    begin_ns = events[0].stamp_ns
    made = [
        ((event.stamp_ns - begin_ns) / 1e9, image(event.image(), *next(ways))) for event in events
    ]
    return made, made[-1][0] + made[1][0]


def sounds(options: argparse.Namespace) -> tuple[list[tuple[float, AudioDataStamped]], float]:
    """Pieces of sound and when each begins, s; and how long they take."""
    chunks = [event.chunk.samples[:, 0] for event in read_clip(options.clip, with_images=False)]
    samples = np.concatenate(chunks)
    count = len(samples) * options.rate // SOUND_HZ
    samples = np.interp(
        np.arange(count) * SOUND_HZ / options.rate, np.arange(len(samples)), samples
    )
    pcm = (samples * 32767).astype("<i2")
    size = round(CHUNK_S * options.rate)
    made = []
    for at in range(0, len(pcm) - size, size):
        message = AudioDataStamped()
        message.audio.data = array.array("B", pcm[at : at + size].tobytes())
        made.append((at / options.rate, message))
    return made, len(made) * CHUNK_S


def play(
    publish: Callable[[Image | AudioDataStamped], None],
    messages: list[tuple[float, Image | AudioDataStamped]],
    length_s: float,
    speed: float,
) -> None:
    began_s, began_ns = time.monotonic(), time.time_ns()
    for passed in itertools.count():
        for at_s, message in messages:
            since_s = passed * length_s + at_s
            time.sleep(max(0.0, began_s + since_s / speed - time.monotonic()))
            stamp_ns = time.time_ns() if speed == 1 else began_ns + int(1e9 * since_s)
            message.header.stamp = time_message(stamp_ns)
            publish(message)


def options_of(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("kind", choices=["camera", "microphone"])
    parser.add_argument("clip", type=Path)
    parser.add_argument("--encodings", type=lambda text: text.split(","), default=["bgr8"])
    parser.add_argument(
        "--scales", type=lambda text: [float(each) for each in text.split(",")], default=[1.0]
    )
    parser.add_argument("--every", type=int, default=2, help="each so manieth image of the clip")
    parser.add_argument("--rate", type=int, default=SOUND_HZ, help="samples a second")
    parser.add_argument("--reliability", default="best_effort")
    parser.add_argument("--speed", type=float, default=1.0)
    return parser.parse_args(arguments)


def main() -> None:
    options = options_of()
    use_profile()
    rclpy.init()
    node = Node(options.kind)
    qos: QoSProfile = sensor_qos(10, options.reliability)
    if options.kind == "camera":
        publisher = node.create_publisher(Image, "image", qos)
        messages, length_s = images(options)
    else:
        infos = node.create_publisher(AudioInfo, "audio_info", LATCHED)
        infos.publish(
            AudioInfo(
                sample_rate=options.rate, channels=1, sample_format="S16LE", coding_format="wave"
            )
        )
        publisher = node.create_publisher(AudioDataStamped, "audio", qos)
        messages, length_s = sounds(options)
    play(publisher.publish, messages, length_s, options.speed)


if __name__ == "__main__":
    main()
