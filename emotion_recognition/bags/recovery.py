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

"""What the recoveries of damaged recordings have in common: pieces found by a linear scan.

A recovery opens a file that ``rosbags`` refuses, finds what can still be read of it, and offers it
as the readers of ``rosbags`` do: ``connections``, ``message_count``, ``start_time``, ``end_time``
(nanoseconds, the end exclusive), ``messages(connections)`` and ``close()``.
"""

import heapq
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, Protocol

from rosbags.interfaces import Connection

from emotion_recognition.bags.events import RecordingError

Message = tuple[Connection, int, bytes]
"""Its connection, its time of arrival in nanoseconds, its serialized bytes."""


class Reader(Protocol):
    """What a reader of ``rosbags`` and a recovery have in common."""

    @property
    def connections(self) -> list[Connection]:
        """The topics, one for each publisher that was told apart."""

    @property
    def message_count(self) -> int:
        """How many messages there are."""

    @property
    def start_time(self) -> int:
        """Arrival of the first message, nanoseconds."""

    @property
    def end_time(self) -> int:
        """Just after the arrival of the last message, nanoseconds."""

    def messages(self, connections: Collection[Connection]) -> Iterator[Message]:
        """Yield the messages of ``connections``."""

    def close(self) -> None:
        """Release the file."""


class Recovery(Reader, Protocol):
    """A reader that got along with damage."""

    @property
    def losses(self) -> str:
        """What was lost, in words."""


class Record(NamedTuple):
    """A message of a piece; records compare by time, then by place."""

    time_ns: int
    place: int
    connection_id: int
    data: bytes


@dataclass
class Piece:
    """A part of a file that is read at once: a chunk, or a run of messages outside of chunks."""

    position: int  # bytes from the beginning of the file
    end: int
    chunk: bool
    first_ns: int = 2**63 - 1
    last_ns: int = 0

    def include(self, time_ns: int) -> None:
        """Widen the span of time to a message's."""
        self.first_ns, self.last_ns = min(self.first_ns, time_ns), max(self.last_ns, time_ns)

    @property
    def filled(self) -> bool:
        """Whether it has a message."""
        return self.first_ns <= self.last_ns


@dataclass
class Found:
    """What a scan found, and what it had to leave."""

    pieces: list[Piece] = field(default_factory=list)
    counts: dict[int, int] = field(default_factory=dict)  # messages by connection id
    damaged: int = 0  # places where the file makes no sense
    lost_bytes: int = 0  # at those places, and at the end
    cut_off: bool = False  # the end is missing

    def count(self, connection_id: int) -> None:
        """Count a message."""
        self.counts[connection_id] = self.counts.get(connection_id, 0) + 1

    def lose(self, lost_bytes: int) -> None:
        """Note a damaged place."""
        self.damaged += 1
        self.lost_bytes += lost_bytes

    @property
    def losses(self) -> str:
        """What was lost, in words."""
        words = ["its end is missing"] if self.cut_off else []
        if self.damaged:
            words.append(
                f"{self.damaged} {'places are' if self.damaged > 1 else 'place is'} damaged"
            )
        if self.lost_bytes:
            words.append(f"{self.lost_bytes} bytes cannot be read")
        return ", ".join(words) or "nothing is lost"

    @property
    def start_time(self) -> int:
        """Arrival of the first message; 0 if there is none."""
        return min((piece.first_ns for piece in self.pieces), default=0)

    @property
    def end_time(self) -> int:
        """Just after the arrival of the last message; 0 if there is none."""
        return max((piece.last_ns + 1 for piece in self.pieces), default=0)


def in_order(
    pieces: Iterable[Piece], read: Callable[[Piece], Iterable[Record]]
) -> Iterator[Record]:
    """Yield the records of all pieces by time, with no more pieces in memory than overlap."""
    waiting: list[Record] = []
    for piece in sorted(pieces, key=lambda piece: piece.first_ns):
        while waiting and waiting[0].time_ns < piece.first_ns:
            yield heapq.heappop(waiting)
        for record in read(piece):
            heapq.heappush(waiting, record)
    while waiting:
        yield heapq.heappop(waiting)


class FromPieces(ABC):
    """A recovery of one file by pieces: what does not depend on the file's format.

    Raises:
        RecordingError: no message in the file can be read.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")
        self._known: dict[int, Connection] = {}  # the topics that were met, by their id
        self._found = Found()
        try:
            self._scan()
        except BaseException:
            self._file.close()
            raise
        self.connections = [
            connection._replace(msgcount=self._found.counts[connection.id])
            for connection in self._known.values()
            if connection.id in self._found.counts
        ]
        if not self.connections:
            self.close()
            raise RecordingError(f"{path}: no message in it can be read")

    @abstractmethod
    def _scan(self) -> None:
        """Fill ``_known`` and ``_found``, from the beginning of the file to its end."""

    @abstractmethod
    def _records(self, piece: Piece, wanted: Collection[int]) -> Iterator[Record]:
        """Yield the messages of a piece whose connection's id is wanted."""

    @property
    def losses(self) -> str:
        """What was lost, in words."""
        return self._found.losses

    @property
    def message_count(self) -> int:
        """How many messages of known topics were found."""
        return sum(connection.msgcount for connection in self.connections)

    @property
    def start_time(self) -> int:
        """Arrival of the first message, nanoseconds."""
        return self._found.start_time

    @property
    def end_time(self) -> int:
        """Just after the arrival of the last message, nanoseconds."""
        return self._found.end_time

    def messages(self, connections: Collection[Connection]) -> Iterator[Message]:
        """Yield the messages of ``connections`` by time, as they were serialized."""
        wanted = {connection.id: connection for connection in connections}
        for record in in_order(self._found.pieces, lambda each: self._records(each, wanted)):
            yield wanted[record.connection_id], record.time_ns, record.data

    def close(self) -> None:
        """Release the file."""
        self._file.close()


class Files:
    """Several files of one recording, one after the other by the time of their beginning."""

    def __init__(self, readers: Sequence[Reader]) -> None:
        self._readers = sorted(readers, key=lambda reader: reader.start_time)

    @property
    def connections(self) -> list[Connection]:
        """Those of all files: the same topic appears once a file."""
        return [each for reader in self._readers for each in reader.connections]

    @property
    def message_count(self) -> int:
        """How many messages there are in all files."""
        return sum(reader.message_count for reader in self._readers)

    @property
    def start_time(self) -> int:
        """Arrival of the first message, nanoseconds."""
        return min((each.start_time for each in self._readers if each.message_count), default=0)

    @property
    def end_time(self) -> int:
        """Just after the arrival of the last message, nanoseconds."""
        return max((each.end_time for each in self._readers if each.message_count), default=0)

    def messages(self, connections: Collection[Connection]) -> Iterator[Message]:
        """Yield the messages of the topics of ``connections``, file after file."""
        topics = {connection.topic for connection in connections}
        for reader in self._readers:
            own = [each for each in reader.connections if each.topic in topics]
            if own:
                yield from reader.messages(own)

    def close(self) -> None:
        """Nothing: each file is closed by who opened it."""
