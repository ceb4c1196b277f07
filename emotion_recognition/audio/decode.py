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

"""PCM of any width to float samples.

Formats bear GStreamer's names, which the released ``audio_common`` uses: ``S16LE`` is signed, 16
bits, little endian; ``S24_32LE`` has 24 bits in the low part of 32; S18, S20 and S24 lie in 3
bytes.
"""

import re
from array import array
from collections.abc import Sequence

import numpy as np

MIN_RATE = 4000
MAX_RATE = 384_000
MAX_CHANNELS = 64

Bytes = bytes | bytearray | memoryview | array | np.ndarray | Sequence[int]

_FORMAT = re.compile(
    r"(?P<kind>[SU])(?P<bits>8)|(?P<kind2>[SU])(?P<bits2>16|18|20|24|32)(?P<slot>(?<=24)_32)?(?P<order>LE|BE)"
    r"|F(?P<float>32|64)(?P<float_order>LE|BE)"
)
_EXAMPLES = "S16LE (usual), U8, S8, S24LE, S24_32LE, S32LE, F32LE, F64LE or their BE and U forms"
_LIMIT = 1e6  # 120 dB over full scale: no sound, and its square would swamp the noise estimate
_CONTAINERS = {b"RIFF": "WAVE file", b"OggS": "Ogg", b"fLaC": "FLAC", b"ID3": "MP3"}
_SET_WAVE = (
    "set `format:=wave` on the audio_common capture node (its default is mp3), "
    "so that it sends bare PCM"
)


class AudioFormatError(ValueError):
    """Sound data that cannot be read; the message names the cause and what to change."""


def pcm_to_float(data: Bytes, sample_format: str, channels: int) -> np.ndarray:
    """Decode interleaved PCM.

    Args:
        data: The bytes; an array of wider numbers is taken by its bytes as they lie in memory.
        sample_format: GStreamer name, such as ``S16LE``.
        channels: Interleaved channels, 1 to 64.

    Returns:
        (n, channels) float32, integers scaled to [-1, 1), floats as they came.

    Raises:
        AudioFormatError: Unknown format, no data, no whole number of frames, or a coded file.
    """
    check_channels(channels)
    match = _match(sample_format)
    raw = _as_bytes(data)
    if raw.size == 0:
        raise AudioFormatError("sound message without data: expected PCM samples; check the driver")
    _reject_container(raw)

    width = sample_bytes(sample_format)
    if raw.size % (width * channels):
        raise AudioFormatError(
            f"sound data of {raw.size} bytes is no whole number of frames of {channels} x {width} "
            f"bytes ({sample_format}): the message is truncated, or format or channels are wrong"
        )
    if match["float"]:
        order = "<" if match["float_order"] == "LE" else ">"
        with np.errstate(over="ignore"):  # a double out of range becomes infinite, see sanitize
            samples = raw.view(f"{order}f{width}").astype(np.float32)
    else:
        samples = _integers_to_float(raw, match, width)
    return samples.reshape(-1, channels)


def sample_bytes(sample_format: str) -> int:
    """Return the bytes of one sample of a format.

    Raises:
        AudioFormatError: Unknown format.
    """
    match = _match(sample_format)
    if match["float"]:
        return int(match["float"]) // 8
    if match["slot"]:
        return 4
    return (int(match["bits"] or match["bits2"]) + 7) // 8


def check_rate(sample_rate: int) -> None:
    """Raise AudioFormatError unless the rate is one that a microphone may have."""
    if not MIN_RATE <= sample_rate <= MAX_RATE:
        raise AudioFormatError(
            f"sample rate is {sample_rate} Hz: expected {MIN_RATE} to {MAX_RATE}; "
            "set the rate of the driver"
        )


def check_channels(channels: int) -> None:
    """Raise AudioFormatError unless the channel count is one that a microphone may have."""
    if not 1 <= channels <= MAX_CHANNELS:
        raise AudioFormatError(
            f"channel count is {channels}: expected 1 to {MAX_CHANNELS}; "
            "set the channels of the driver"
        )


def check_coding(coding_format: str) -> None:
    """Raise AudioFormatError unless a stream of this coding (``wave``, ``mp3``) is bare PCM."""
    if coding_format.strip().lower() not in ("", "wave", "wav", "pcm", "raw"):
        raise AudioFormatError(f"sound is coded as '{coding_format}': {_SET_WAVE}")


def sanitize(samples: np.ndarray) -> tuple[np.ndarray, int]:
    """Return the samples with NaN, infinite and absurd (over 1e6) ones set to 0, and their count.

    Args:
        samples: (n, channels) float32; copied only where something is replaced.
    """
    good = np.abs(samples) <= _LIMIT  # False for NaN
    if good.all():
        return samples, 0
    return np.where(good, samples, np.float32(0)), int(good.size - np.count_nonzero(good))


def _match(sample_format: str) -> re.Match[str]:
    match = _FORMAT.fullmatch(sample_format.strip().upper())
    if match is None:
        raise AudioFormatError(
            f"unknown sample format '{sample_format}': expected {_EXAMPLES}; "
            "set sample_format of the driver"
        )
    return match


def _as_bytes(data: Bytes) -> np.ndarray:
    if isinstance(data, np.ndarray):
        return np.ascontiguousarray(data).reshape(-1).view(np.uint8)
    if isinstance(data, (bytes, bytearray, memoryview, array)):
        return np.frombuffer(data, np.uint8)
    try:
        return np.frombuffer(bytes(data), np.uint8)
    except (TypeError, ValueError) as error:
        raise AudioFormatError(
            f"sound data of type {type(data).__name__} are no bytes: {error}"
        ) from error


def _integers_to_float(raw: np.ndarray, match: re.Match[str], width: int) -> np.ndarray:
    bits = int(match["bits"] or match["bits2"])
    order = ">" if match["order"] == "BE" else "<"
    if width == 3:
        slots = np.zeros((raw.size // 3, 4), np.uint8)
        slots[:, :3] = raw.reshape(-1, 3) if order == "<" else raw.reshape(-1, 3)[:, ::-1]
        words = slots.view("<u4")[:, 0]
    else:
        words = raw.view(f"{order}u{width}")
    # Full scale becomes that of 32 bits; what lies above the valid bits falls out.
    words = words.astype(np.uint32) << np.uint32(32 - bits)
    if (match["kind"] or match["kind2"]) == "U":
        words ^= np.uint32(1 << 31)
    return words.view(np.int32).astype(np.float32) / np.float32(1 << 31)


def _reject_container(raw: np.ndarray) -> None:
    head = raw[:4].tobytes()
    for magic, name in _CONTAINERS.items():
        if head.startswith(magic):
            raise AudioFormatError(f"sound data is coded ({name}), not PCM: {_SET_WAVE}")
    if _is_mp3(raw):
        raise AudioFormatError(f"sound data is coded (MP3), not PCM: {_SET_WAVE}")


def _is_mp3(raw: np.ndarray) -> bool:
    """Tell whether the data starts with an MPEG audio frame that another one, or the end, follows.

    One frame header alone would be seen in PCM every few minutes.
    """
    length = _mp3_frame_bytes(raw[:4].tobytes())
    if length is None:
        return False
    return raw.size == length or _mp3_frame_bytes(raw[length : length + 4].tobytes()) is not None


# MPEG-1 and MPEG-2/2.5 layer III bit rates in kbit/s by their index 1 to 14 (ISO 11172-3, 13818-3).
_MPEG1_KBITS = (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_MPEG2_KBITS = (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
_MPEG_RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}


def _mp3_frame_bytes(header: bytes) -> int | None:
    """Return the length of the layer III frame with this header; None if it is no header."""
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xE6 != 0xE2:
        return None
    version = header[1] >> 3 & 3
    bitrate, rate, padding = header[2] >> 4, header[2] >> 2 & 3, header[2] >> 1 & 1
    if version not in _MPEG_RATES or not 1 <= bitrate <= 14 or rate == 3:
        return None
    kbits, factor = (_MPEG1_KBITS, 144) if version == 3 else (_MPEG2_KBITS, 72)
    return factor * kbits[bitrate - 1] * 1000 // _MPEG_RATES[version][rate] + padding
