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

"""ROS sound messages of both packages named ``audio_common_msgs``, told apart by their fields.

The messages may be rclpy's or those of ``rosbags``; nothing of ROS is imported.

* released with ROS 2: ``AudioData``, ``AudioDataStamped``, and the format apart in ``AudioInfo``;
* https://github.com/mgonzs13/audio_common: ``Audio``, ``AudioStamped``, which bring their format.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from emotion_recognition.audio.chunk import NS_PER_S, AudioChunk
from emotion_recognition.audio.decode import (
    AudioFormatError,
    check_channels,
    check_coding,
    check_rate,
    pcm_to_float,
    sample_bytes,
)


@dataclass(frozen=True)
class AudioFormat:
    """How PCM is to be read.

    Attributes:
        sample_rate: Hz, 4000 to 384000.
        channels: 1 to 64, interleaved.
        sample_format: GStreamer name, see ``decode``.

    Raises:
        AudioFormatError: A value is out of range or unknown.
    """

    sample_rate: int
    channels: int
    sample_format: str

    def __post_init__(self) -> None:
        check_rate(self.sample_rate)
        check_channels(self.channels)
        sample_bytes(self.sample_format)


# PortAudio sample format -> field of AudioData that carries it, and the format's name
_PORTAUDIO: Mapping[int, tuple[str, str]] = MappingProxyType(
    {
        1: ("float32_data", "F32LE"),
        2: ("int32_data", "S32LE"),
        8: ("int16_data", "S16LE"),
        16: ("int8_data", "S8"),
        32: ("uint8_data", "U8"),
    }
)
_DTYPES = {"F32LE": "<f4", "S32LE": "<i4", "S16LE": "<i2", "S8": "i1", "U8": "u1"}


def audio_format(info: Any) -> AudioFormat:
    """Return the format that an ``AudioInfo`` of either package tells.

    Raises:
        AudioFormatError: The sound is not bare PCM, or a value is out of range or unknown.
    """
    if hasattr(info, "sample_rate"):
        check_coding(info.coding_format)
        return AudioFormat(int(info.sample_rate), int(info.channels), info.sample_format)
    if hasattr(info, "rate"):
        return AudioFormat(int(info.rate), int(info.channels), _portaudio(info.format)[1])
    raise AudioFormatError(
        f"message of type {type(info).__name__} is no AudioInfo: "
        "expected the field sample_rate or rate"
    )


def audio_chunk(msg: Any, fallback: AudioFormat, received_ns: int) -> AudioChunk:
    """Decode a sound message.

    Args:
        msg: ``AudioData``, ``AudioDataStamped``, ``Audio`` or ``AudioStamped``.
        fallback: Format of messages that do not bring their own.
        received_ns: Time of arrival, nanoseconds; stands for a stamp that is missing or zero.

    Raises:
        AudioFormatError: Unknown message, or data that does not fit its format.
    """
    body = getattr(msg, "audio", msg)
    if hasattr(body, "audio_data"):
        audio = audio_format(body.info)
        field, _ = _portaudio(body.info.format)
        data: Any = np.asarray(getattr(body.audio_data, field), _DTYPES[audio.sample_format])
        if data.size == 0:
            raise AudioFormatError(
                f"AudioStamped with format {body.info.format} has no {field}: "
                "expected samples there; check the driver's format"
            )
    elif hasattr(body, "data"):
        audio, data = fallback, body.data
    else:
        raise AudioFormatError(
            f"message of type {type(msg).__name__} is no sound: expected AudioData, "
            "AudioDataStamped or AudioStamped of audio_common_msgs"
        )
    samples = pcm_to_float(data, audio.sample_format, audio.channels)
    stamp_ns = _stamp_ns(msg)
    # The node of the second package reads its clock before a blocking read of the sound card.
    exact = stamp_ns > 0 and not hasattr(body, "audio_data")
    if stamp_ns <= 0:
        stamp_ns = received_ns - round(len(samples) * NS_PER_S / audio.sample_rate)
    return AudioChunk(stamp_ns, audio.sample_rate, samples, exact)


def _portaudio(code: int) -> tuple[str, str]:
    if code not in _PORTAUDIO:
        known = ", ".join(f"{key} ({name})" for key, (_, name) in _PORTAUDIO.items())
        raise AudioFormatError(
            f"unknown PortAudio sample format {code}: expected {known}; set the driver's format"
        )
    return _PORTAUDIO[code]


def _stamp_ns(msg: Any) -> int:
    """Return the header's stamp; 0 without a header."""
    header = getattr(msg, "header", None)
    if header is None:
        return 0
    return int(header.stamp.sec) * NS_PER_S + int(header.stamp.nanosec)
