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
