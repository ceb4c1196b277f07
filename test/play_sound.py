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

"""A microphone for tests: publishes the sound of a clip as one type of audio_common_msgs.

    python play_sound.py CLIP TYPE

It is a script because both packages named audio_common_msgs cannot be loaded into one process.
"""

import array
import sys
import time
from pathlib import Path

import numpy as np
import rclpy
from audio_common_msgs import msg
from rclpy.qos import qos_profile_sensor_data

from emotion_recognition.bags.clip import read_clip
from emotion_recognition.nodes.ros.convert import time_message

PORTAUDIO_INT16 = 8


def message(kind: str, pcm: np.ndarray, stamp_ns: int):
    if kind == "AudioData":
        return msg.AudioData(data=array.array("B", pcm.tobytes()))
    made = getattr(msg, kind)()
    made.header.stamp = time_message(stamp_ns)
    if kind == "AudioDataStamped":
        made.audio.data = array.array("B", pcm.tobytes())
    else:
        made.audio.audio_data.int16_data = array.array("h", pcm.tobytes())
        made.audio.info = msg.AudioInfo(
            format=PORTAUDIO_INT16, channels=1, rate=16000, chunk=len(pcm)
        )
    return made


def main(clip: Path, kind: str) -> None:
    chunks = [event.chunk for event in read_clip(clip, with_images=False)]
    rclpy.init()
    node = rclpy.create_node("microphone")
    publisher = node.create_publisher(getattr(msg, kind), "audio", qos_profile_sensor_data)
    while not publisher.get_subscription_count():
        time.sleep(0.05)
    while True:
        shift_ns = node.get_clock().now().nanoseconds - chunks[0].stamp_ns
        for chunk in chunks:
            pcm = np.rint(chunk.samples[:, 0] * 32768).clip(-32768, 32767).astype("<i2")
            due_ns = chunk.end_ns + shift_ns
            time.sleep(max(0, due_ns - node.get_clock().now().nanoseconds) / 1e9)
            publisher.publish(message(kind, pcm, chunk.stamp_ns + shift_ns))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
