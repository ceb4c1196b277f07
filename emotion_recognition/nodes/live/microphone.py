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

"""The sound of the live view: level and spectrogram, measured while somebody looks on."""

import time
from collections.abc import Callable
from typing import Any

from rclpy.node import Node

from emotion_recognition.audio.decode import AudioFormatError
from emotion_recognition.audio.messages import AudioFormat, audio_chunk, audio_format
from emotion_recognition.dashboard.schemas import LiveAudio
from emotion_recognition.dashboard.sound_meter import SoundMeter
from emotion_recognition.nodes.emotion.audio_input import AudioInput
from emotion_recognition.nodes.ros.spin import StartError
from emotion_recognition.nodes.watching.diagnostics import Arrivals

_DEFAULT = AudioFormat(16_000, 1, "S16LE")  # of sound that no audio_info describes


class LiveMicrophone:
    """Subscribes to sound of any kind that ``emotion_node`` hears too.

    Args:
        node: The node that subscribes.
        wanted: Whether somebody looks on.
        tell: Called with each measurement.
    """

    def __init__(
        self, node: Node, wanted: Callable[[], bool], tell: Callable[[LiveAudio], None]
    ) -> None:
        self._node = node
        self._wanted = wanted
        self._tell = tell
        self._format = _DEFAULT
        self._meter = SoundMeter()
        self.topic = node.resolve_topic_name("audio")
        self.arrivals = Arrivals()
        try:
            AudioInput(node, "auto", self._on_audio, self._on_info, self._complain)
        except StartError as error:  # the page does without
            node.get_logger().warning(str(error))

    def _on_info(self, message: Any) -> None:
        try:
            self._format = audio_format(message)
        except AudioFormatError as error:
            self._complain(f"sound not shown: {error}")

    def _on_audio(self, message: Any) -> None:
        self.arrivals.tick(time.monotonic())
        if not self._wanted():
            return
        try:
            now_ns = self._node.get_clock().now().nanoseconds
            chunk = audio_chunk(message, self._format, now_ns)
        except AudioFormatError as error:
            self._complain(f"sound not shown: {error}")
            return
        measured = self._meter.add(chunk)
        if measured is not None:
            self._tell(measured)

    def _complain(self, text: str) -> None:
        self._node.get_logger().warning(text, throttle_duration_sec=10.0)
