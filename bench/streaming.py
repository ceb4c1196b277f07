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

"""A recogniser that is fed a looped stream, as fast as it goes and without ROS."""

from collections.abc import Iterator

from emotion_recognition.audio.chunk import AudioChunk
from emotion_recognition.estimate import Estimate
from emotion_recognition.recognizer import Recognizer
from emotion_recognition.vision.messages import decode_image

from .stream_clip import SAMPLE_RATE, SECOND, Material, events, image_message

START_NS = 1_000 * SECOND
WARM_UP_S = 5.0
"""Longer than a window, so that the buffers are full."""


class Streaming:
    """Feeds material to a recogniser, a piece of stream time at a call."""

    def __init__(self, material: Material, recognizer: Recognizer) -> None:
        """Fill the buffers of the recogniser."""
        self._recognizer = recognizer
        self._events = events(material, START_NS)
        self._pending = next(self._events)
        self._until_ns = START_NS
        self.feed(WARM_UP_S)

    def feed(self, seconds: float) -> int:
        """Go on by ``seconds`` of stream time; return for how many windows estimates came."""
        return len({estimate.stamp_ns for estimate in self.estimates(seconds)})

    def estimates(self, seconds: float) -> Iterator[Estimate]:
        """Go on by ``seconds`` of stream time; yield the estimates as they come."""
        self._until_ns += round(seconds * SECOND)
        while self._pending[0] < self._until_ns:
            stamp_ns, kind, data = self._pending
            if kind == "audio":
                self._recognizer.add_audio(AudioChunk(stamp_ns, SAMPLE_RATE, data))
            elif self._recognizer.wants_frame(stamp_ns):
                self._recognizer.add_frame(stamp_ns, decode_image(image_message(data)))
            yield from self._recognizer.estimates()
            self._pending = next(self._events)
