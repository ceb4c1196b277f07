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

from array import array
from types import SimpleNamespace as Message

import numpy as np
import pytest

from emotion_recognition.audio.decode import AudioFormatError
from emotion_recognition.audio.messages import AudioFormat, audio_chunk, audio_format

FORMAT = AudioFormat(16000, 1, "S16LE")
PCM = np.array([0, 16384, -32768, 0], "<i2")
RECEIVED_NS = 5_000_000_000


def header(sec: int = 12, nanosec: int = 345) -> Message:
    return Message(stamp=Message(sec=sec, nanosec=nanosec), frame_id="mic")


def info(**changes) -> Message:
    fields = {
        "channels": 2,
        "sample_rate": 44100,
        "sample_format": "S16LE",
        "bitrate": 128,
        "coding_format": "wave",
    }
    return Message(**(fields | changes))


def stamped_audio(code: int, rate: int = 16000, channels: int = 1, **data) -> Message:
    """The second package's message: empty arrays but one."""
    kinds = {"float32": "f", "int32": "i", "int16": "h", "int8": "b", "uint8": "B"}
    arrays = {f"{name}_data": array(kind) for name, kind in kinds.items()} | data
    return Message(
        header=header(),
        audio=Message(
            audio_data=Message(**arrays),
            info=Message(format=code, channels=channels, rate=rate, chunk=512),
        ),
    )


def test_released_info_tells_the_format() -> None:
    assert audio_format(info()) == AudioFormat(44100, 2, "S16LE")


def test_info_of_the_second_package_tells_the_format() -> None:
    told = audio_format(Message(format=1, channels=4, rate=48000, chunk=512))
    assert told == AudioFormat(48000, 4, "F32LE")


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"coding_format": "mp3"}, "mp3.*format:=wave"),
        ({"sample_rate": 0}, "sample rate is 0"),
        ({"sample_rate": 4_000_000_000}, "4000000000 Hz: expected"),
        ({"channels": 0}, "channel count is 0"),
        ({"sample_format": "S13LE"}, "'S13LE'"),
    ],
)
def test_a_bad_info_is_refused_with_the_cause(changes: dict, match: str) -> None:
    with pytest.raises(AudioFormatError, match=match):
        audio_format(info(**changes))


def test_a_message_that_is_no_info_is_refused() -> None:
    with pytest.raises(AudioFormatError, match="no AudioInfo"):
        audio_format(Message(height=3))


@pytest.mark.parametrize(
    "data",
    [PCM.tobytes(), array("B", PCM.tobytes()), PCM.view(np.uint8), list(PCM.tobytes())],
    ids=["bytes", "array", "numpy", "list"],
)
def test_stamped_data_keeps_its_stamp(data) -> None:
    message = Message(header=header(), audio=Message(data=data))
    chunk = audio_chunk(message, FORMAT, RECEIVED_NS)
    assert chunk.stamp_ns == 12_000_000_345
    assert chunk.exact_stamp
    assert chunk.sample_rate == 16000
    assert chunk.samples[:, 0].tolist() == [0, 0.5, -1, 0]


def test_data_without_a_stamp_ended_when_it_arrived() -> None:
    chunk = audio_chunk(Message(data=PCM.tobytes()), FORMAT, RECEIVED_NS)
    assert chunk.end_ns == RECEIVED_NS
    assert chunk.stamp_ns == RECEIVED_NS - 250_000
    assert not chunk.exact_stamp


def test_a_zero_stamp_counts_as_none() -> None:
    message = Message(header=header(0, 0), audio=Message(data=PCM.tobytes()))
    chunk = audio_chunk(message, FORMAT, RECEIVED_NS)
    assert chunk.end_ns == RECEIVED_NS
    assert not chunk.exact_stamp


@pytest.mark.parametrize(
    ("code", "field", "kind", "values"),
    [
        (1, "float32_data", "f", [0.5, -1.0]),
        (2, "int32_data", "i", [2**30, -(2**31)]),
        (8, "int16_data", "h", [2**14, -(2**15)]),
        (16, "int8_data", "b", [64, -128]),
        (32, "uint8_data", "B", [192, 0]),
    ],
)
def test_every_format_of_the_second_package(code, field, kind, values) -> None:
    dtype = {"f": "f4", "i": "i4", "h": "i2", "b": "i1", "B": "u1"}[kind]
    for data in (array(kind, values), np.array(values, dtype), values):
        message = stamped_audio(code, rate=8000, channels=2, **{field: data})
        chunk = audio_chunk(message, FORMAT, RECEIVED_NS)
        assert chunk.samples.tolist() == [[0.5, -1.0]]
        assert chunk.sample_rate == 8000
        assert chunk.stamp_ns == 12_000_000_345
        # Its node reads the clock before a blocking read of the sound card.
        assert not chunk.exact_stamp


def test_unstamped_sound_of_the_second_package() -> None:
    message = stamped_audio(8, int16_data=array("h", [16384])).audio
    assert audio_chunk(message, FORMAT, RECEIVED_NS).end_ns == RECEIVED_NS


@pytest.mark.parametrize(
    ("message", "match"),
    [
        (stamped_audio(8), "no int16_data"),
        (stamped_audio(4, int16_data=array("h", [1])), "PortAudio sample format 4"),
        (stamped_audio(8, rate=0, int16_data=array("h", [1])), "sample rate is 0"),
        (stamped_audio(8, channels=0, int16_data=array("h", [1])), "channel count is 0"),
        (stamped_audio(8, channels=2, int16_data=array("h", [1])), "no whole number of frames"),
        (Message(data=b""), "without data"),
        (Message(data=b"\0"), "no whole number of frames"),
        (Message(data=b"ID3\x04" + bytes(64)), "format:=wave"),
        (Message(header=header(), audio=Message(data=b"abc")), "no whole number of frames"),
        (Message(header=header(), encoding="rgb8"), "expected AudioData"),
    ],
)
def test_a_bad_message_is_refused_with_the_cause(message: Message, match: str) -> None:
    with pytest.raises(AudioFormatError, match=match):
        audio_chunk(message, FORMAT, RECEIVED_NS)


@pytest.mark.parametrize(
    ("rate", "channels", "name"), [(0, 1, "S16LE"), (16000, 0, "S16LE"), (16000, 1, "x")]
)
def test_a_format_is_checked_when_it_is_made(rate: int, channels: int, name: str) -> None:
    with pytest.raises(AudioFormatError):
        AudioFormat(rate, channels, name)
