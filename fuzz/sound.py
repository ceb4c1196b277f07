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

"""Targets of sound: samples and what describes them, in both dialects of ``audio_common_msgs``."""

from collections.abc import Callable
from functools import partial
from random import Random
from typing import Any

import numpy as np
from audio_common_msgs.msg import AudioData, AudioDataStamped, AudioInfo

from emotion_recognition.audio.decode import AudioFormatError, sanitize
from emotion_recognition.audio.messages import AudioFormat, audio_chunk, audio_format
from emotion_recognition.bags.events import RecordingError
from emotion_recognition.bags.types import (
    AUDIO_DATA,
    AUDIO_DATA_STAMPED,
    AUDIO_INFO,
    AUDIO_STAMPED,
    AudioDialect,
)

from .messages import Fields, MiddlewareRefusalError, cdr, live, octets, recorded, stamp
from .mutate import EDGES
from .target import Target

SAMPLE_FORMATS = ("S16LE", "U8", "S8", "S24LE", "S24_32LE", "S32BE", "F32LE", "F64BE", "U18BE")
CODINGS = ("wave", "WAV", "", "pcm", "raw", "mp3")
FALLBACKS = (
    AudioFormat(16_000, 1, "S16LE"),
    AudioFormat(48_000, 2, "S24LE"),
    AudioFormat(8000, 64, "F64BE"),
)
_RECEIVED_NS = 1_700_000_000_000_000_000
_SOURCE_FIELDS = {
    1: ("float32_data", np.float32),
    2: ("int32_data", np.int32),
    8: ("int16_data", np.int16),
    16: ("int8_data", np.int8),
    32: ("uint8_data", np.uint8),
}


def _check_chunk(message: Any, fallback: AudioFormat) -> None:
    chunk = audio_chunk(message, fallback, _RECEIVED_NS)
    samples, bad = sanitize(chunk.samples)
    assert samples.dtype == np.float32 and samples.ndim == 2 and len(samples)
    assert np.isfinite(samples).all() and 0 <= bad <= samples.size
    assert chunk.end_ns > chunk.stamp_ns


def take_audio_data(data: bytes, kind: type, msgtype: str) -> None:
    """Sound of the released package, in each of several formats."""
    message, from_recording = live(data, kind), recorded(data, msgtype)
    refused = 0
    for fallback in FALLBACKS:
        try:
            _check_chunk(message, fallback)
            _check_chunk(from_recording, fallback)
        except AudioFormatError as error:
            refused += 1
            last = error
    if refused == len(FALLBACKS):
        raise last


def take_audio_stamped(data: bytes) -> None:
    """Sound of the package built from source, which brings its format."""
    _check_chunk(recorded(data, AUDIO_STAMPED, AudioDialect.SOURCE), FALLBACKS[0])


def take_audio_info(data: bytes) -> None:
    """The released package's description of the sound."""
    told = audio_format(live(data, AudioInfo))
    assert told == audio_format(recorded(data, AUDIO_INFO))


def take_source_info(data: bytes) -> None:
    """The description of the package built from source."""
    audio_format(recorded(data, AUDIO_INFO, AudioDialect.SOURCE))


def invent_sound(rng: Random) -> bytes:
    """PCM of any length; now and then with the head of a coded file."""
    head = rng.choice((b"", b"", b"", b"RIFF", b"OggS", b"ID3", b"\xff\xfb\x90\x64"))
    return head + rng.randbytes(rng.choice((0, 1, 64 * 8 * 3, 6 * rng.randrange(300))))


def audio_fields(rng: Random) -> Fields:
    """``AudioDataStamped``; the stamp may be at an edge."""
    return {"stamp": stamp(rng), "audio": {"data": octets(invent_sound(rng))}}


def bare_fields(rng: Random) -> Fields:
    """``AudioData``."""
    return {"data": octets(invent_sound(rng))}


def source_fields(rng: Random) -> Fields:
    """``AudioStamped``: mostly a format and samples that fit each other."""
    code = rng.choice((*_SOURCE_FIELDS, *_SOURCE_FIELDS, 4, -1))
    channels = rng.choice((*(1, 1, 2, 6, 64) * 3, 0, -3, 65))
    samples: Fields = {name: np.zeros(0, kind) for name, kind in _SOURCE_FIELDS.values()}
    name, kind = _SOURCE_FIELDS.get(code if rng.random() < 0.9 else 8, ("int16_data", np.int16))
    count = max(1, abs(channels)) * rng.randrange(50) + rng.choice((0, 0, 0, 1))
    samples[name] = np.frombuffer(rng.randbytes(count * np.dtype(kind).itemsize), kind)
    return {
        "stamp": stamp(rng),
        "audio": {"audio_data": samples, "info": source_info_fields(rng, code, channels)},
    }


def source_info_fields(rng: Random, code: int, channels: int) -> Fields:
    """``AudioInfo`` of the package built from source."""
    rate = rng.choice((*(16_000, 44_100, 48_000) * 5, 3999, 384_001, -1, 0))
    return {"format": code, "channels": channels, "rate": rate, "chunk": rng.choice((0, 512, -1))}


def bare_source_info_fields(rng: Random) -> Fields:
    """The same with any format and channels."""
    return source_info_fields(rng, rng.choice((1, 2, 8, 16, 32, 0)), rng.choice((1, 2, 0, 65)))


def info_fields(rng: Random) -> Fields:
    """``AudioInfo`` of the released package."""
    return {
        "channels": rng.choice((1, 2, 64, 1, 2, 6, 0, 255)),
        "sample_rate": rng.choice((*(16_000, 4000, 384_000) * 5, *EDGES)) % 2**32,
        "sample_format": rng.choice((*SAMPLE_FORMATS * 2, "", "mulaw", "s16le ", "S24_32")),
        "bitrate": rng.choice(EDGES) % 2**32,
        "coding_format": rng.choice(CODINGS),
    }


def _several(
    msgtype: str, fields: Callable[[Random], Fields], dialect: AudioDialect
) -> list[bytes]:
    return [cdr(msgtype, fields(Random(number)), dialect) for number in range(12)]


def _invented(
    msgtype: str, fields: Callable[[Random], Fields], dialect: AudioDialect, rng: Random
) -> bytes:
    return cdr(msgtype, fields(rng), dialect)


def _sound_target(
    name: str,
    share: int,
    take: Callable[[bytes], None],
    msgtype: str,
    fields: Callable[[Random], Fields],
    dialect: AudioDialect = AudioDialect.RELEASED,
) -> Target:
    return Target(
        name,
        share,
        take,
        (AudioFormatError, MiddlewareRefusalError, RecordingError),
        partial(_several, msgtype, fields, dialect),
        partial(_invented, msgtype, fields, dialect),
        words=(b"S24_32LE", b"F64BE", b"mp3", b"\xff\xfb\x90\x64", b"RIFF", b"\xf0\x9f"),
    )


TARGETS = (
    _sound_target(
        "audio_data_stamped",
        120,
        partial(take_audio_data, kind=AudioDataStamped, msgtype=AUDIO_DATA_STAMPED),
        AUDIO_DATA_STAMPED,
        audio_fields,
    ),
    _sound_target(
        "audio_data",
        40,
        partial(take_audio_data, kind=AudioData, msgtype=AUDIO_DATA),
        AUDIO_DATA,
        bare_fields,
    ),
    _sound_target("audio_info", 50, take_audio_info, AUDIO_INFO, info_fields),
    _sound_target(
        "audio_stamped",
        120,
        take_audio_stamped,
        AUDIO_STAMPED,
        source_fields,
        AudioDialect.SOURCE,
    ),
    _sound_target(
        "audio_info_of_source",
        20,
        take_source_info,
        AUDIO_INFO,
        bare_source_info_fields,
        AudioDialect.SOURCE,
    ),
)
"""Of 1000 inputs they get 350."""
