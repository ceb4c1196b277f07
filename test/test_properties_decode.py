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

"""Pixels and sound against models that take the bytes apart one by one."""

import math
import struct
from types import SimpleNamespace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from emotion_recognition.audio.decode import pcm_to_float
from emotion_recognition.audio.messages import AudioFormat, audio_chunk
from emotion_recognition.vision.messages import decode_image

# encoding -> where blue, green and red lie in the bytes of a pixel, and how many there are
CHANNELS = {
    "bgr8": ((0, 1, 2), 3),
    "rgb8": ((2, 1, 0), 3),
    "8UC3": ((0, 1, 2), 3),
    "bgra8": ((0, 1, 2), 4),
    "rgba8": ((2, 1, 0), 4),
    "8UC4": ((0, 1, 2), 4),
    "mono8": ((0, 0, 0), 1),
    "8UC1": ((0, 0, 0), 1),
}


@settings(max_examples=150)
@given(
    encoding=st.sampled_from(sorted(CHANNELS)),
    width=st.integers(1, 9),
    height=st.integers(1, 7),
    padding=st.integers(0, 5),
    surplus=st.integers(0, 9),
    seed=st.integers(0, 2**32 - 1),
)
def test_each_pixel_is_found_where_step_and_encoding_say(
    encoding: str, width: int, height: int, padding: int, surplus: int, seed: int
):
    order, size = CHANNELS[encoding]
    step = width * size + padding
    data = np.random.default_rng(seed).bytes(step * height + surplus)
    message = SimpleNamespace(
        encoding=encoding, width=width, height=height, step=step, is_bigendian=0, data=data
    )
    expected = [
        [[data[row * step + column * size + at] for at in order] for column in range(width)]
        for row in range(height)
    ]
    assert decode_image(message).tolist() == expected


def integer_sample(data: bytes, name: str) -> float:
    """A sample by its definition: an integer of so many valid bits over its full scale."""
    bits = int(name[1:3].rstrip("LB_E"))
    value = int.from_bytes(data, "big" if name.endswith("BE") else "little") % 2**bits
    if name.startswith("U"):
        value -= 2 ** (bits - 1)
    elif value >= 2 ** (bits - 1):
        value -= 2**bits
    return value / 2 ** (bits - 1)


INTEGERS = {
    **{f"{kind}8": 1 for kind in "SU"},
    **{f"{kind}16{order}": 2 for kind in "SU" for order in ("LE", "BE")},
    **{f"{kind}{b}{o}": 3 for kind in "SU" for b in (18, 20, 24) for o in ("LE", "BE")},
    **{f"{kind}24_32{order}": 4 for kind in "SU" for order in ("LE", "BE")},
    **{f"{kind}32{order}": 4 for kind in "SU" for order in ("LE", "BE")},
}


@settings(max_examples=300)
@given(
    name=st.sampled_from(sorted(INTEGERS)), channels=st.integers(1, 5), data=st.binary(max_size=240)
)
def test_integer_samples_are_those_of_the_definition(name: str, channels: int, data: bytes):
    width = INTEGERS[name]
    frame = width * channels
    data = bytes(frame) + data[: len(data) // frame * frame]  # no head of a coded file
    samples = pcm_to_float(data, name, channels)
    expected = [integer_sample(data[at : at + width], name) for at in range(0, len(data), width)]
    assert samples.shape == (len(data) // frame, channels)
    assert samples.ravel().tolist() == np.array(expected, np.float32).tolist()


@settings(max_examples=150)
@given(
    code=st.sampled_from(["<f", ">f", "<d", ">d"]),
    values=st.lists(st.floats(width=32, allow_subnormal=False), min_size=1, max_size=30),
)
def test_float_samples_come_as_they_are(code: str, values: list[float]):
    name = f"F{32 if code[1] == 'f' else 64}{'LE' if code[0] == '<' else 'BE'}"
    zero = struct.pack(code, 0.0)  # no head of a coded file
    data = zero + b"".join(struct.pack(code, value) for value in values)
    found = pcm_to_float(data, name, 1).ravel().tolist()[1:]
    assert [math.isnan(each) for each in found] == [math.isnan(each) for each in values]
    assert [e for e in found if not math.isnan(e)] == [e for e in values if not math.isnan(e)]


@settings(max_examples=150)
@given(
    sec=st.integers(-(2**31), 2**31 - 1),
    nanosec=st.integers(0, 2**32 - 1),
    frames=st.integers(1, 50),
    rate=st.integers(4000, 384_000),
    received_ns=st.integers(0, 2**62),
)
def test_a_chunk_begins_at_its_stamp_or_ends_at_its_arrival(
    sec: int, nanosec: int, frames: int, rate: int, received_ns: int
):
    stamp = SimpleNamespace(sec=sec, nanosec=nanosec)
    message = SimpleNamespace(
        header=SimpleNamespace(stamp=stamp), audio=SimpleNamespace(data=bytes(4 * frames))
    )
    chunk = audio_chunk(message, AudioFormat(rate, 2, "S16LE"), received_ns)
    stamp_ns = sec * 10**9 + nanosec
    assert chunk.exact_stamp == (stamp_ns > 0)
    if stamp_ns > 0:
        assert chunk.stamp_ns == stamp_ns
    else:
        assert chunk.end_ns == received_ns
    assert abs(chunk.duration_ns - frames * 10**9 / rate) <= 0.5
