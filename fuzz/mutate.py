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

"""Damages bytes in the ways in which files and messages are damaged, or forged."""

from collections.abc import Callable, Sequence
from random import Random

Mutation = Callable[[Random, bytearray, Sequence[bytes]], None]

# Values at the edges of what counts, lengths and sizes can hold.
EDGES = (
    *(0, 1, 2, 3, 4, 7, 8, 16, 63, 64, 65, 127, 128, 255, 256, 4095, 4096, 32767, 32768, 65535),
    *(10**6, 2**24, 2**31 - 1, 2**31, 2**32 - 2, 2**32 - 1, 2**53, 2**63 - 1, 2**63, 2**64 - 1),
)
_MOST_AT_ONCE = 6


def mutated(rng: Random, data: bytes, others: Sequence[bytes], words: Sequence[bytes]) -> bytes:
    """Return ``data`` with a few mutations.

    Args:
        rng: decides which and where.
        data: what is mutated.
        others: inputs that parts are taken from.
        words: byte strings that mean something to the decoder.
    """
    work = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 3, _MOST_AT_ONCE))):
        if words and rng.random() < 0.15:
            _write(rng, work, rng.choice(words))
        else:
            rng.choice(_MUTATIONS)(rng, work, others)
    return bytes(work)


def _flip_bit(rng: Random, work: bytearray, _others: Sequence[bytes]) -> None:
    if work:
        work[rng.randrange(len(work))] ^= 1 << rng.randrange(8)


def _set_byte(rng: Random, work: bytearray, _others: Sequence[bytes]) -> None:
    if work:
        work[rng.randrange(len(work))] = rng.randrange(256)


def _set_number(rng: Random, work: bytearray, _others: Sequence[bytes]) -> None:
    width = rng.choice((1, 2, 4, 4, 8))
    if len(work) >= width:
        at = rng.randrange(len(work) - width + 1)
        if rng.random() < 0.7:  # fields are aligned
            at -= at % min(width, 4)
        value = rng.choice(EDGES) % (1 << 8 * width)
        work[at : at + width] = value.to_bytes(width, rng.choice(("little", "big")))


def _cut_off(rng: Random, work: bytearray, _others: Sequence[bytes]) -> None:
    del work[rng.randrange(len(work) + 1) :]


def _take_out(rng: Random, work: bytearray, _others: Sequence[bytes]) -> None:
    begin, end = _range(rng, work)
    del work[begin:end]


def _repeat(rng: Random, work: bytearray, _others: Sequence[bytes]) -> None:
    begin, end = _range(rng, work)
    work[end:end] = work[begin:end]


def _insert(rng: Random, work: bytearray, _others: Sequence[bytes]) -> None:
    at = rng.randrange(len(work) + 1)
    work[at:at] = rng.randbytes(rng.choice((1, 2, 4, 13)))


def _splice(rng: Random, work: bytearray, others: Sequence[bytes]) -> None:
    other = rng.choice(others) if others else b""
    begin, end = _range(rng, bytearray(other))
    _write(rng, work, other[begin:end])


def _write(rng: Random, work: bytearray, part: bytes) -> None:
    """Put a part over what is there, or between."""
    at = rng.randrange(len(work) + 1)
    work[at : at + (len(part) if rng.random() < 0.5 else 0)] = part


def _range(rng: Random, work: bytearray) -> tuple[int, int]:
    begin = rng.randrange(len(work) + 1)
    return begin, min(len(work), begin + rng.choice((1, 4, 16, 64, 256)))


_MUTATIONS: tuple[Mutation, ...] = (
    *(_flip_bit, _set_byte, _set_number, _set_number),
    *(_cut_off, _take_out, _repeat, _insert, _splice),
)
