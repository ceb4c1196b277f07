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

"""Reads MCAP files that were cut off or damaged, by going through their records one by one.

The records are those of https://mcap.dev/spec: an opcode, a length of 64 bits, the content; a chunk
holds records itself, compressed or not. A recorder that was killed leaves a file without index and
footer; a bad disk leaves records whose length makes no sense, and then the next chunk is sought by
what its header must look like.
"""

import binascii
import mmap
import re
import struct
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import NamedTuple

import lz4.frame
from rosbags.interfaces import (
    Connection,
    ConnectionExtRosbag2,
    MessageDefinition,
    MessageDefinitionFormat,
    Qos,
)
from rosbags.rosbag2.metadata import parse_qos

from emotion_recognition.bags.recovery import FromPieces, Piece, Record
from emotion_recognition.bags.zstandard import zstd

MAGIC = b"\x89MCAP0\r\n"
_HEAD = struct.Struct("<BQ")  # opcode, length
_MESSAGE = struct.Struct("<HIQQ")  # channel, sequence, log time, publish time
_CHUNK = struct.Struct("<QQQII")  # first and last time, size, checksum, length of a name
_FOOTER, _SCHEMA, _CHANNEL, _MESSAGE_OP, _CHUNK_OP = 0x02, 0x03, 0x04, 0x05, 0x06
_LAST_OPCODE = 0x0F
# A chunk's head: opcode, a length below 1 TB, 28 bytes, the name of the compression.
_CHUNK_HEAD = re.compile(
    rb"(?=\x06.{5}\x00{3}.{28}(?:\x00{4}|\x03\x00{3}lz4|\x04\x00{3}zstd))", re.DOTALL
)
_RUN_BYTES = 1 << 20  # messages outside of chunks are read in runs of this length
_FORMATS = {
    "ros2msg": MessageDefinitionFormat.MSG,
    "ros2idl": MessageDefinitionFormat.IDL,
    "omgidl": MessageDefinitionFormat.IDL,
}


class DamagedChunkError(Exception):
    """Nothing of a chunk can be trusted."""


class _Part(NamedTuple):
    """A record in a buffer."""

    opcode: int
    begin: int  # of its content
    end: int

    @property
    def sensible(self) -> bool:
        """Whether there are such records."""
        least = _MESSAGE.size if self.opcode == _MESSAGE_OP else 0
        return 0 < self.opcode <= _LAST_OPCODE and self.end - self.begin >= least


class RecoveredMcap(FromPieces):
    """What can be read of an MCAP file without trusting its index.

    Raises:
        RecordingError: nothing can.
    """

    def __init__(self, path: Path) -> None:
        self._schemas: dict[int, tuple[str, MessageDefinition]] = {}
        super().__init__(path)

    def close(self) -> None:
        """Release the file."""
        self._bytes.close()
        super().close()

    def _records(self, piece: Piece, wanted: Collection[int]) -> Iterator[Record]:
        content = self._content(piece)
        for part in _parts(content):
            if part.opcode == _MESSAGE_OP:
                channel, _, time_ns, _ = _MESSAGE.unpack_from(content, part.begin)
                if channel in wanted:
                    data = content[part.begin + _MESSAGE.size : part.end]
                    yield Record(time_ns, piece.position + part.begin, channel, data)

    def _scan(self) -> None:
        """Find the pieces from the beginning to the footer, or to the end of the file."""
        self._bytes = mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ)
        size = len(self._bytes)
        position = len(MAGIC) if self._bytes[: len(MAGIC)] == MAGIC else self._next_chunk(0)
        run: Piece | None = None
        while position < size:
            record = self._record(position)
            if record is None:
                following = self._next_chunk(position + 1)
                if following == size:
                    break
                self._found.lose(following - position)
                position, run = following, None
                continue
            if record.opcode == _FOOTER:
                return
            if record.opcode == _MESSAGE_OP:
                if run is None or run.end - run.position > _RUN_BYTES:
                    run = Piece(position, position, chunk=False)
                    self._found.pieces.append(run)
                run.end = record.end
                self._note(record, self._bytes, run)
            else:
                run = None
                if record.opcode == _CHUNK_OP:
                    self._add(Piece(position, min(record.end, size), chunk=True))
                else:
                    self._note(record, self._bytes, None)
            position = record.end
        self._found.cut_off = True
        self._found.lost_bytes += max(0, size - position)

    def _record(self, position: int) -> _Part | None:
        """The record at a place in the file, which may be a chunk that was cut off."""
        if position + _HEAD.size > len(self._bytes):
            return None
        opcode, length = _HEAD.unpack_from(self._bytes, position)
        record = _Part(opcode, position + _HEAD.size, position + _HEAD.size + length)
        if record.end > len(self._bytes):
            return record if position == self._next_chunk(position) else None
        return record if record.sensible else None

    def _next_chunk(self, position: int) -> int:
        """Where the next chunk may begin; the file's length if there is none."""
        for match in _CHUNK_HEAD.finditer(self._bytes, position):
            head = match.start() + _HEAD.size
            (length,) = struct.unpack_from("<Q", self._bytes, match.start() + 1)
            name = _CHUNK.unpack_from(self._bytes, head)[-1]
            inner = head + _CHUNK.size + name
            if inner + 8 <= len(self._bytes):
                (compressed,) = struct.unpack_from("<Q", self._bytes, inner)
                if compressed == length - _CHUNK.size - name - 8:
                    return match.start()
        return len(self._bytes)

    def _add(self, piece: Piece) -> None:
        """Look through a chunk; keep it if it holds messages that can be read."""
        try:
            content = self._content(piece)
        except DamagedChunkError:
            self._found.lose(piece.end - piece.position)
            return
        end = 0
        for part in _parts(content):
            self._note(part, content, piece)
            end = part.end
        if end < len(content) and piece.end < len(self._bytes):
            self._found.lose(len(content) - end)
        if piece.filled:
            self._found.pieces.append(piece)

    def _note(self, part: _Part, content: bytes | mmap.mmap, piece: Piece | None) -> None:
        if part.opcode == _MESSAGE_OP and piece is not None:
            channel, _, time_ns, _ = _MESSAGE.unpack_from(content, part.begin)
            self._found.count(channel)
            piece.include(time_ns)
        elif part.opcode in (_SCHEMA, _CHANNEL):
            try:
                self._define(part.opcode, content[part.begin : part.end])
            except (struct.error, UnicodeDecodeError):
                self._found.lose(part.end - part.begin)

    def _define(self, opcode: int, content: bytes) -> None:
        if opcode == _SCHEMA:
            (schema,), (name, encoding, text) = _fields(content, "<H", 3)
            form = _FORMATS.get(encoding.decode(), MessageDefinitionFormat.NONE)
            definition = MessageDefinition(form, text.decode() if form.value else "")
            self._schemas[schema] = name.decode(), definition
        else:
            (channel, schema), (topic, encoding, metadata) = _fields(content, "<HH", 3)
            nothing = MessageDefinition(MessageDefinitionFormat.NONE, "")
            msgtype, definition = self._schemas.get(schema, ("unknown", nothing))
            extension = ConnectionExtRosbag2(encoding.decode(), _profiles(metadata))
            connection = Connection(
                channel, topic.decode(), msgtype, definition, "", 0, extension, self
            )
            self._known.setdefault(channel, connection)

    def _content(self, piece: Piece) -> bytes:
        """The records of a piece, as far as they can be unpacked."""
        if not piece.chunk:
            return self._bytes[piece.position : piece.end]
        head = piece.position + _HEAD.size
        if head + _CHUNK.size > piece.end:
            return b""
        _, _, size, checksum, name_length = _CHUNK.unpack_from(self._bytes, head)
        name_at = head + _CHUNK.size
        name = self._bytes[name_at : name_at + name_length]
        packed = self._bytes[name_at + name_length + 8 : piece.end]
        try:
            content = _UNPACK[name](packed)
        except (KeyError, RuntimeError, zstd.ZstdError) as error:
            raise DamagedChunkError from error
        if len(content) == size and checksum and binascii.crc32(content) != checksum:
            raise DamagedChunkError
        return content


def _unpack_zstd(packed: bytes) -> bytes:
    return zstd.ZstdDecompressor().decompress(packed)


def _unpack_lz4(packed: bytes) -> bytes:
    return lz4.frame.LZ4FrameDecompressor().decompress(packed)


# Each gives the beginning of what was cut off.
_UNPACK: dict[bytes, Callable[[bytes], bytes]] = {
    b"": bytes,
    b"zstd": _unpack_zstd,
    b"lz4": _unpack_lz4,
}


def _parts(content: bytes) -> Iterator[_Part]:
    """Yield the records in a buffer up to the first that makes no sense or is cut off."""
    position = 0
    while position + _HEAD.size <= len(content):
        opcode, length = _HEAD.unpack_from(content, position)
        part = _Part(opcode, position + _HEAD.size, position + _HEAD.size + length)
        if not part.sensible or part.end > len(content):
            return
        yield part
        position = part.end


def _fields(content: bytes, numbers: str, texts: int) -> tuple[tuple[int, ...], list[bytes]]:
    """Take a record apart that begins with numbers and goes on with texts."""
    position = struct.calcsize(numbers)
    found = []
    for _ in range(texts):
        (length,) = struct.unpack_from("<I", content, position)
        found.append(content[position + 4 : position + 4 + length])
        position += 4 + length
    return struct.unpack_from(numbers, content), found


def _profiles(metadata: bytes) -> list[Qos]:
    """Quality of service, as rosbag2 writes it into a channel's metadata."""
    position = 0
    while position < len(metadata):
        _, (key, value) = _fields(metadata[position:], "", 2)
        if key == b"offered_qos_profiles":
            return parse_qos(value.decode())
        position += 8 + len(key) + len(value)
    return []
