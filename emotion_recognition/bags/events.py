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

"""What a recording is made of, whatever its format: frames and sound in the order of arrival."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from emotion_recognition.audio.chunk import AudioChunk


class RecordingError(ValueError):
    """A bag or clip cannot be read or written; the message names the cause and what to do."""


@dataclass(frozen=True)
class FrameEvent:
    """An image arrived. ``image()`` decodes it to (H, W, 3) uint8 BGR; only then it costs."""

    received_ns: int
    stamp_ns: int
    frame_id: str
    image: Callable[[], np.ndarray]


@dataclass(frozen=True)
class AudioEvent:
    """A piece of sound arrived."""

    received_ns: int
    chunk: AudioChunk


Event = FrameEvent | AudioEvent
