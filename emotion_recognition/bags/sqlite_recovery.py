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

"""Reads sqlite3 recordings that were cut off or damaged, row by row, as far as sqlite gives them.

A recorder that was killed leaves its last rows in a write-ahead log beside the file; they are read
too. In a damaged file, rows behind a page that cannot be read are reached by their number.
"""

import shutil
import sqlite3
import tempfile
from collections.abc import Collection, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from urllib.parse import quote

from rosbags.interfaces import (
    Connection,
    ConnectionExtRosbag2,
    MessageDefinition,
    MessageDefinitionFormat,
)
from rosbags.rosbag2.metadata import parse_qos

from emotion_recognition.bags.events import RecordingError
from emotion_recognition.bags.recovery import Message

LOG_SUFFIX = "-wal"
_MAX_UNREADABLE = 10_000  # rows in a row that are tried before the rest is given up
_FORMATS = {"ros2msg": MessageDefinitionFormat.MSG, "ros2idl": MessageDefinitionFormat.IDL}


class RecoveredSqlite:
    """What sqlite gives of a recording's rows, in the order in which they were written.

    Raises:
        RecordingError: nothing.
    """

    def __init__(self, path: Path) -> None:
        self._stack = ExitStack()
        self._unreadable = 0
        self._cut_off = False
        try:
            self._database = self._stack.enter_context(closing(self._opened(path)))
            topics = self._topics()
            counts: dict[int, int] = {}
            first_ns, last_ns = 2**63 - 1, 0
            for topic, time_ns, _ in self._rows():
                counts[topic] = counts.get(topic, 0) + 1
                first_ns, last_ns = min(first_ns, time_ns), max(last_ns, time_ns)
        except sqlite3.Error as error:
            self._stack.close()
            raise RecordingError(f"{path}: no message in it can be read ({error})") from error
        lost = ["its end is missing"] if self._cut_off else []
        lost += [f"{self._unreadable} rows cannot be read"] if self._unreadable else []
        self.losses = ", ".join(lost) or "nothing is lost"
        self.connections = [
            each._replace(msgcount=counts[each.id]) for each in topics if each.id in counts
        ]
        if not self.connections:
            self._stack.close()
            raise RecordingError(f"{path}: no message in it can be read")
        self.message_count = sum(each.msgcount for each in self.connections)
        self.start_time, self.end_time = first_ns, last_ns + 1

    def messages(self, connections: Collection[Connection]) -> Iterator[Message]:
        """Yield the messages of ``connections``."""
        wanted = {connection.id: connection for connection in connections}
        for topic, time_ns, data in self._rows(f"AND topic_id IN ({','.join(map(str, wanted))})"):
            yield wanted[topic], time_ns, data

    def close(self) -> None:
        """Release the file."""
        self._stack.close()

    def _opened(self, path: Path) -> sqlite3.Connection:
        options = "mode=ro&immutable=1"
        log = path.with_name(path.name + LOG_SUFFIX)
        if log.is_file() and log.stat().st_size:
            # sqlite writes where it reads a log: into a copy, the recording is left as it is.
            folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory()))
            shutil.copy(path, folder / "bag.db3")
            shutil.copy(log, folder / f"bag.db3{LOG_SUFFIX}")
            path, options = folder / "bag.db3", "mode=rw"
        database = sqlite3.connect(f"file:{quote(str(path.absolute()))}?{options}", uri=True)
        # Without it sqlite refuses files that are shorter than their header says.
        database.execute("PRAGMA writable_schema = ON")
        return database

    def _topics(self) -> list[Connection]:
        definitions = {}
        if self._columns("message_definitions"):
            rows = self._database.execute(
                "SELECT topic_type, encoding, encoded_message_definition FROM message_definitions"
            )
            definitions = {
                msgtype: MessageDefinition(_FORMATS[encoding], text)
                for msgtype, encoding, text in rows
                if encoding in _FORMATS
            }
        known = "offered_qos_profiles" in self._columns("topics")
        nothing = MessageDefinition(MessageDefinitionFormat.NONE, "")
        return [
            Connection(
                number,
                topic,
                msgtype,
                definitions.get(msgtype, nothing),
                "",
                0,
                ConnectionExtRosbag2(serialization, parse_qos(profiles)),
                self,
            )
            for number, topic, msgtype, serialization, profiles in self._database.execute(
                "SELECT id, name, type, serialization_format, "
                f"{'offered_qos_profiles' if known else repr('')} FROM topics"
            )
        ]

    def _columns(self, table: str) -> set[str]:
        return {row[1] for row in self._database.execute(f"PRAGMA table_info({table})")}

    def _rows(self, condition: str = "") -> Iterator[tuple[int, int, bytes]]:
        """Yield topic, time and data by the row's number; what cannot be read is left out."""
        query = (
            "SELECT id, topic_id, timestamp, data FROM messages "
            f"WHERE id > ? {condition} ORDER BY id"
        )
        last, tried, self._unreadable = 0, 0, 0
        while tried < _MAX_UNREADABLE:
            try:
                for number, topic, time_ns, data in self._database.execute(query, (last,)):
                    last = number
                    self._unreadable += tried
                    tried = 0
                    yield topic, time_ns, data
                return
            except sqlite3.DatabaseError:
                last, tried = last + 1, tried + 1
        self._cut_off = True
