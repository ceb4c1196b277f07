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

"""Reads ROS 1 bags that were cut off, not indexed or damaged, by going through their records.

The format is that of http://wiki.ros.org/Bags/Format/2.0: a record is a header of named fields,
then data; a chunk holds records itself, compressed or not.
"""

import bz2
from collections.abc import Callable, Collection, Iterator
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, NamedTuple

import lz4.frame
from rosbags.interfaces import (
    Connection,
    ConnectionExtRosbag1,
    MessageDefinition,
    MessageDefinitionFormat,
)
from rosbags.rosbag1.reader import Header, ReaderError, RecordType, read_uint32
from rosbags.typesys.msg import normalize_msgtype

from emotion_recognition.bags.recovery import FromPieces, Piece, Record

_MAX_HEADER_BYTES = 1 << 20


class _Part(NamedTuple):
    """A record in a file or chunk: its header and where its data lie."""

    header: Header
    kind: int
    begin: int
    end: int
    connection: int  # of messages
    time_ns: int  # of messages


class RecoveredRos1(FromPieces):
    """What can be read of a ROS 1 bag without its index, messages as ROS 1 serialized them.

    Raises:
        RecordingError: nothing can.
    """

    def __init__(self, path: Path) -> None:
        self._size = path.stat().st_size
        self._compressions: dict[int, str] = {}  # of the chunks, by their place
        super().__init__(path)

    def _records(self, piece: Piece, wanted: Collection[int]) -> Iterator[Record]:
        content = self._content(piece)
        for part in _parts(BytesIO(content), 0, len(content)):
            if part.connection in wanted and part.end <= len(content):
                data = content[part.begin : part.end]
                yield Record(part.time_ns, piece.position + part.begin, part.connection, data)

    def _scan(self) -> None:
        self._file.readline()  # the version
        position, indexed = self._file.tell(), False
        for part in _parts(self._file, position, self._size):
            if part.kind == RecordType.CHUNK:
                self._add(Piece(part.begin, min(part.end, self._size), chunk=True), part.header)
            elif part.kind == RecordType.CONNECTION and part.end <= self._size:
                self._file.seek(part.begin)
                self._define(part.header, self._file.read(part.end - part.begin))
            position = part.end
            indexed |= part.kind == RecordType.CHUNK_INFO
        self._found.cut_off = not indexed or position != self._size
        self._found.lost_bytes += max(0, self._size - position)

    def _add(self, piece: Piece, header: Header) -> None:
        """Look through a chunk; keep it if it holds messages that can be read."""
        self._compressions[piece.position] = header.get_string("compression")
        content = self._content(piece)
        for part in _parts(BytesIO(content), 0, len(content)):
            if part.end > len(content):
                break
            if part.kind == RecordType.CONNECTION:
                self._define(part.header, content[part.begin : part.end])
            elif part.kind == RecordType.MSGDATA:
                self._found.count(part.connection)
                piece.include(part.time_ns)
        if piece.filled:
            self._found.pieces.append(piece)
        else:
            self._found.lose(piece.end - piece.position)

    def _define(self, header: Header, content: bytes) -> None:
        number = header.get_uint32("conn")
        about = Header.read(BytesIO(len(content).to_bytes(4, "little") + content))
        latching = about.get_string("latching") if "latching" in about else ""
        self._known.setdefault(
            number,
            Connection(
                number,
                header.get_string("topic"),
                normalize_msgtype(about.get_string("type")),
                MessageDefinition(
                    MessageDefinitionFormat.MSG, about.get_string("message_definition")
                ),
                "",
                0,
                ConnectionExtRosbag1(None, int(latching or 0)),
                self,
            ),
        )

    def _content(self, piece: Piece) -> bytes:
        """The records of a chunk, as far as they can be unpacked."""
        self._file.seek(piece.position)
        packed = self._file.read(piece.end - piece.position)
        try:
            return _UNPACK[self._compressions[piece.position]](packed)
        except (KeyError, OSError, RuntimeError):
            return b""


def _unpack_bz2(packed: bytes) -> bytes:
    return bz2.BZ2Decompressor().decompress(packed)


def _unpack_lz4(packed: bytes) -> bytes:
    return lz4.frame.LZ4FrameDecompressor().decompress(packed)


# Each gives the beginning of what was cut off.
_UNPACK: dict[str, Callable[[bytes], bytes]] = {
    "none": bytes,
    "bz2": _unpack_bz2,
    "lz4": _unpack_lz4,
}


def _parts(source: BinaryIO, position: int, size: int) -> Iterator[_Part]:
    """Yield the records up to the first that makes no sense; the last one may be cut off."""
    while position + 8 <= size:
        source.seek(position)
        if read_uint32(source) > _MAX_HEADER_BYTES:
            return
        source.seek(position)
        try:
            header = Header.read(source)
            kind, length = header.get_uint8("op"), read_uint32(source)
            about = (-1, 0)
            if kind == RecordType.MSGDATA:
                about = header.get_uint32("conn"), header.get_time("time")
        except (ReaderError, ValueError):
            return
        begin = source.tell()
        position = begin + length
        yield _Part(header, kind, begin, position, *about)
