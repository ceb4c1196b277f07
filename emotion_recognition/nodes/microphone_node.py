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

"""Publishes a microphone, where no audio driver runs. Needs the ``sounddevice`` package."""

import array
import sys
from typing import Any

from rclpy.node import Node

from emotion_recognition.nodes.ros.convert import time_message
from emotion_recognition.nodes.ros.parameters import declare
from emotion_recognition.nodes.ros.qos import LATCHED, sensor_qos
from emotion_recognition.nodes.ros.spin import StartError, run_nodes
from emotion_recognition.settings import Parameter

PARAMETERS = (
    Parameter("input", "", "part of the sound device's name, or its index; empty: the default one"),
    Parameter("sample_rate", 16000, "samples a second", 8000, 192000),
    Parameter("channels", 1, "channels", 1, 8),
    Parameter("chunk_ms", 32.0, "length of one message, ms", 5.0, 500.0),
    Parameter("frame_id", "microphone", "frame_id of the sound"),
)


class MicrophoneNode(Node):
    """Publishes ``AudioDataStamped`` from PortAudio's thread, and ``AudioInfo`` once, latched."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            "microphone_node", automatically_declare_parameters_from_overrides=True, **options
        )
        self._settings = declare(self, PARAMETERS)
        messages = _audio_messages()
        self._message_type = messages.AudioDataStamped
        self._publisher = self.create_publisher(self._message_type, "audio", sensor_qos(50))
        self._info_publisher = self.create_publisher(messages.AudioInfo, "audio_info", LATCHED)
        self._stream = self._open()
        self._info_publisher.publish(
            messages.AudioInfo(
                channels=self._settings["channels"],
                sample_rate=self._settings["sample_rate"],
                sample_format="S16LE",
                bitrate=self._settings["sample_rate"] * self._settings["channels"] * 16,
                coding_format="wave",
            )
        )
        self._stream.start()
        self.get_logger().info(f"microphone is open: {self._settings['sample_rate']} Hz")

    def destroy_node(self) -> None:
        """Close the sound device and the node."""
        self._stream.close()
        super().destroy_node()

    def _open(self) -> Any:
        name = self._settings["input"]
        try:
            import sounddevice
        except ImportError as error:
            raise StartError(
                "the microphone needs the Python package sounddevice: pip install sounddevice"
            ) from error
        except OSError as error:  # raised at import where the library itself is missing
            raise StartError(
                f"the microphone needs PortAudio ({error}): sudo apt install libportaudio2"
            ) from error
        try:
            return sounddevice.RawInputStream(
                samplerate=self._settings["sample_rate"],
                blocksize=round(self._settings["sample_rate"] * self._settings["chunk_ms"] / 1000),
                device=(int(name) if name.isdecimal() else name) if name else None,
                channels=self._settings["channels"],
                dtype="int16",
                callback=self._publish,
            )
        except (sounddevice.PortAudioError, ValueError) as error:
            names = ", ".join(d["name"] for d in sounddevice.query_devices())
            raise StartError(
                f"sound device '{name or 'default'}' cannot be opened ({error}). Set the parameter "
                f"'input' to part of one of these names: {names or 'there is no sound device'}"
            ) from error

    def _publish(self, data: Any, _frames: int, times: Any, status: Any) -> None:
        if status:
            self.get_logger().warning(f"microphone: {status}", throttle_duration_sec=5.0)
        age_s = max(0.0, times.currentTime - times.inputBufferAdcTime)  # of the first sample
        message = self._message_type()
        message.header.stamp = time_message(self.get_clock().now().nanoseconds - int(1e9 * age_s))
        message.header.frame_id = self._settings["frame_id"]
        message.audio.data = array.array("B", bytes(data))
        self._publisher.publish(message)


def _audio_messages() -> Any:
    try:
        from audio_common_msgs import msg
    except ImportError as error:
        raise StartError(
            f"the package audio_common_msgs is missing ({error}): install "
            "ros-<distro>-audio-common-msgs"
        ) from error
    if not hasattr(msg, "AudioDataStamped"):
        raise StartError(
            "the installed audio_common_msgs has no AudioDataStamped: it is another package of "
            "that name, which has a capture node of its own (audio_capturer_node)"
        )
    return msg


def main(args: list[str] | None = None) -> int:
    """Entry point of ``ros2 run emotion_recognition microphone_node``."""
    return run_nodes([MicrophoneNode], args)


if __name__ == "__main__":
    sys.exit(main())
