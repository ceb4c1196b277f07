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

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotion_recognition.audio.decode import (
    AudioFormatError,
    check_channels,
    check_coding,
    check_rate,
    pcm_to_float,
    sample_bytes,
    sanitize,
)

# format -> bytes of minus half scale and of the smallest positive step, both worked out by hand,
# and the value of that step
INTEGERS = {
    "U8": ("40", "81", 2.0**-7),
    "S8": ("c0", "01", 2.0**-7),
    "S16LE": ("00c0", "0100", 2.0**-15),
    "S16BE": ("c000", "0001", 2.0**-15),
    "U16LE": ("0040", "0180", 2.0**-15),
    "U16BE": ("4000", "8001", 2.0**-15),
    "S18LE": ("000003", "010000", 2.0**-17),
    "S20LE": ("00000c", "010000", 2.0**-19),
    "S20BE": ("0c0000", "000001", 2.0**-19),
    "S24LE": ("0000c0", "010000", 2.0**-23),
    "S24BE": ("c00000", "000001", 2.0**-23),
    "U24LE": ("000040", "010080", 2.0**-23),
    "S24_32LE": ("0000c0ff", "01000000", 2.0**-23),
    "S24_32BE": ("ffc00000", "00000001", 2.0**-23),
    "S32LE": ("000000c0", "00010000", 2.0**-23),
    "S32BE": ("c0000000", "00000100", 2.0**-23),
    "U32LE": ("00000040", "00010080", 2.0**-23),
}


@pytest.mark.parametrize("name", INTEGERS)
def test_integers_are_scaled_to_full_scale_one(name: str) -> None:
    half, step, size = INTEGERS[name]
    samples = pcm_to_float(bytes.fromhex(half + step), name, channels=1)
    assert samples.dtype == np.float32
    assert samples.tolist() == [[-0.5], [size]]


@pytest.mark.parametrize(("name", "dtype"), [("F32LE", "<f4"), ("F32BE", ">f4"), ("F64LE", "<f8")])
def test_floats_come_as_they_are(name: str, dtype: str) -> None:
    data = np.array([0.25, -1.5, 3e-5, 1e300 if dtype == "<f8" else 2.0], dtype).tobytes()
    samples = pcm_to_float(data, name, channels=2)
    assert samples.shape == (2, 2)
    np.testing.assert_array_equal(samples[0], [0.25, -1.5])
    assert samples[1, 0] == np.float32(3e-5)
    assert samples[1, 1] == (np.inf if dtype == "<f8" else 2.0)


@given(st.binary(min_size=0, max_size=600), st.sampled_from(sorted(INTEGERS)), st.integers(1, 4))
def test_any_integer_pcm_lies_within_full_scale(data: bytes, name: str, channels: int) -> None:
    frame = sample_bytes(name) * channels
    data = b"\0" * frame + data[: len(data) // frame * frame]
    samples = pcm_to_float(data, name, channels)
    assert samples.shape == (len(data) // frame, channels)
    assert samples.min() >= -1
    assert samples.max() <= 1


def test_channels_are_interleaved() -> None:
    data = np.array([[1, 2, 3], [4, 5, 6]], "<i2").tobytes()
    assert (pcm_to_float(data, "S16LE", 3) * 32768).tolist() == [[1, 2, 3], [4, 5, 6]]


@pytest.mark.parametrize(
    "kind",
    [
        bytes,
        bytearray,
        memoryview,
        list,
        tuple,
        lambda data: array("B", data),
        lambda data: np.frombuffer(data, np.uint8),
        lambda data: np.frombuffer(data, "<i2"),
        lambda data: np.frombuffer(data * 2, np.uint8).reshape(2, -1)[0],
    ],
)
def test_every_kind_of_bytes_is_taken(kind) -> None:
    data = np.array([-32768, 0, 16384], "<i2").tobytes()
    assert pcm_to_float(kind(data), "S16LE", 1)[:, 0].tolist() == [-1.0, 0.0, 0.5]


def test_names_may_be_in_lower_case() -> None:
    assert sample_bytes("s16le") == 2


@pytest.mark.parametrize("name", ["", "S16", "16LE", "F16LE", "S12LE", "mulaw", "S8LE", "S16_32LE"])
def test_an_unknown_format_is_named(name: str) -> None:
    with pytest.raises(AudioFormatError, match=f"'{name}'.*S16LE"):
        pcm_to_float(b"\0" * 8, name, 1)


def test_truncated_data_is_an_error() -> None:
    with pytest.raises(AudioFormatError, match=r"7 bytes .* 2 x 2 bytes .*S16LE"):
        pcm_to_float(bytes(7), "S16LE", 2)


@pytest.mark.parametrize("data", [b"", [], np.zeros(0, np.uint8)])
def test_empty_data_is_an_error(data) -> None:
    with pytest.raises(AudioFormatError, match="without data"):
        pcm_to_float(data, "S16LE", 1)


def test_things_that_are_no_bytes_are_an_error() -> None:
    with pytest.raises(AudioFormatError, match="list"):
        pcm_to_float([0, 300], "U8", 1)


def mp3_frame() -> bytes:
    # MPEG-1 layer III, 128 kbit/s, 44.1 kHz, no padding: 144 * 128000 / 44100 = 417 bytes
    return bytes.fromhex("fffb9000") + bytes(413)


@pytest.mark.parametrize(
    "data",
    [
        mp3_frame(),
        mp3_frame() * 2,
        mp3_frame() + mp3_frame()[:101],
        # MPEG-2 layer III, 64 kbit/s, 16 kHz: 72 * 64000 / 16000 = 288 bytes
        bytes.fromhex("fff38800") + bytes(284),
        b"ID3\x04" + bytes(96),
        b"RIFF" + bytes(4) + b"WAVEfmt " + bytes(20),
        b"OggS" + bytes(40),
        b"fLaC" + bytes(40),
    ],
)
def test_coded_sound_is_told_from_pcm(data: bytes) -> None:
    with pytest.raises(AudioFormatError, match="format:=wave"):
        pcm_to_float(data, "U8", 1)


def test_pcm_that_looks_like_one_mp3_header_is_pcm() -> None:
    data = bytes.fromhex("fffb9000") + bytes(996)
    assert len(pcm_to_float(data, "S16LE", 1)) == 500


@pytest.mark.parametrize("coding", ["mp3", "MP3", "opus", "flac"])
def test_a_coded_stream_is_refused_with_the_parameter_to_set(coding: str) -> None:
    with pytest.raises(AudioFormatError, match=f"{coding}.*format:=wave"):
        check_coding(coding)


@pytest.mark.parametrize("coding", ["wave", "WAVE", "", "pcm"])
def test_bare_pcm_is_accepted(coding: str) -> None:
    check_coding(coding)


@pytest.mark.parametrize("rate", [0, -16000, 100, 10_000_000])
def test_an_absurd_rate_is_refused(rate: int) -> None:
    with pytest.raises(AudioFormatError, match=f"{rate} Hz: expected"):
        check_rate(rate)


@pytest.mark.parametrize("channels", [0, -1, 65])
def test_an_absurd_channel_count_is_refused(channels: int) -> None:
    with pytest.raises(AudioFormatError, match=f"count is {channels}: expected 1 to 64"):
        check_channels(channels)
    with pytest.raises(AudioFormatError, match="channel count"):
        pcm_to_float(bytes(8), "S16LE", channels)


def test_samples_that_are_no_sound_become_zero_and_are_counted() -> None:
    samples = np.array([[0.5, np.nan], [np.inf, -np.inf], [1e30, -1.0]], np.float32)
    clean, bad = sanitize(samples)
    assert bad == 4
    np.testing.assert_array_equal(clean, [[0.5, 0], [0, 0], [0, -1]])
    assert np.isnan(samples[0, 1])  # the caller's array is left alone


def test_good_samples_are_not_copied() -> None:
    samples = np.ones((4, 1), np.float32)
    assert sanitize(samples)[0] is samples
