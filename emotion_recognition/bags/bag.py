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

"""Reads recordings message by message: ROS 2 (MCAP and sqlite3, folder or file) and ROS 1."""

import logging
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from rosbags.interfaces import (
    Connection,
    ConnectionExtRosbag1,
    ConnectionExtRosbag2,
    QosDurability,
)
from rosbags.typesys.store import Typestore

from emotion_recognition.bags.events import RecordingError
from emotion_recognition.bags.recovery import Message, Reader
from emotion_recognition.bags.storage import open_recording, recover_recording
from emotion_recognition.bags.types import lacks_fields, typestore_of
from emotion_recognition.bags.zstandard import zstd

log = logging.getLogger(__name__)

# Begins a message that was compressed by itself; a plain one begins with 0 and its encoding.
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"


@dataclass(frozen=True)
class RecordedTopic:
    """A topic of a recording; if ``latched``, its publisher kept messages for late joiners."""

    name: str
    msgtype: str  # such as "sensor_msgs/msg/Image"
    count: int
    latched: bool


@dataclass(frozen=True)
class RecordedMessage:
    """A message as it was recorded: ``data`` is its CDR serialisation, as rclpy publishes it."""

    topic: str
    msgtype: str
    received_ns: int
    data: bytes


class Bag:
    """A recording opened for reading. Messages are streamed; use it as a context manager.

    A recording that was cut off or is damaged is read as far as possible; the log says what is
    missing. Topics whose messages are not serialized by ROS are left out, which is said too.

    Attributes:
        topics: by name.
        start_ns: time of arrival of the first message; 0 if there is none.
        end_ns: time of arrival of the last message; 0 if there is none.
        typestore: the types of the topics, as far as they are known.
    """

    topics: dict[str, RecordedTopic]
    start_ns: int
    end_ns: int
    typestore: Typestore

    def __init__(self, path: Path) -> None:
        """Name the recording; it is opened by ``with``."""
        self.path = path
        self._stack = ExitStack()
        self._reader: Reader
        self._connections: list[Connection]
        self._unusable: set[str] = set()  # types that lack fields

    def __enter__(self) -> "Bag":
        """Open the recording.

        Raises:
            RecordingError: it is absent, empty, no bag, or nothing of it can be read.
        """
        try:
            self._use(open_recording(self.path, self._stack))
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the recording."""
        self._stack.close()

    def messages(self, topics: Collection[str] | None = None) -> Iterator[RecordedMessage]:
        """Yield the messages of ``topics`` (None: of all) in the order of their arrival.

        Messages that are missing though the recording counts them are told in the log.
        """
        missing = sum(each.msgcount for each in self._chosen(topics))
        broken = 0
        for message in self._surviving(topics):
            missing -= 1
            try:
                yield self._recorded(*message)
            except RecordingError:
                broken += 1
        # A damaged chunk of MCAP without checksum is no error to rosbags.
        if missing + broken > 0:
            log.warning("%s is damaged: %d messages are missing", self.path, missing + broken)

    def decode(self, message: RecordedMessage) -> Any:
        """Return a recorded message as an object with the fields of its type.

        Raises:
            RecordingError: its type is not known or lacks fields, or its bytes do not fit it.
        """
        if message.msgtype not in self.typestore.fielddefs:
            raise RecordingError(
                f"{self.path}: {message.topic} has messages of {message.msgtype}, which is "
                "neither defined in the recording nor known here"
            )
        if message.msgtype in self._unusable:
            raise RecordingError(
                f"{self.path}: {message.topic} has messages of {message.msgtype}, whose definition "
                "in the recording lacks fields: it is damaged, or of another package of that name"
            )
        with self._damage_said():
            return self.typestore.deserialize_cdr(message.data, message.msgtype)

    def _use(self, reader: Reader) -> None:
        self._reader = reader
        self._connections = [each for each in reader.connections if _serialized_by_ros(each)]
        others = {each.topic: each for each in reader.connections if not _serialized_by_ros(each)}
        for each in others.values():
            log.warning(
                "%s: %s of %s is left out: its messages are not serialized by ROS",
                *(self.path, each.topic, each.msgtype),
            )
        self.typestore = typestore_of(self._connections)
        types = {each.msgtype for each in self._connections}
        self._unusable = {name for name in types if lacks_fields(self.typestore, name)}
        self._describe()

    def _chosen(self, topics: Collection[str] | None) -> list[Connection]:
        return [each for each in self._connections if topics is None or each.topic in topics]

    def _surviving(self, topics: Collection[str] | None) -> Iterator[Message]:
        """Yield the messages as they were stored; where the reader fails, recover the rest."""
        given: Counter[str] = Counter()  # messages by topic
        chosen = self._chosen(topics)
        if not chosen:
            return
        try:
            for message in self._reader.messages(chosen):
                given[message[0].topic] += 1
                yield message
            return
        except Exception as error:  # what rosbags raises depends on which bytes are broken
            cause = str(error).rstrip(".") or type(error).__name__
            log.warning("%s is damaged (%s): the rest is recovered", self.path, cause)
        self._use(recover_recording(self.path, self._stack))
        for message in self._reader.messages(self._chosen(topics)):
            topic = message[0].topic
            if given[topic] > 0:
                given[topic] -= 1
            else:
                yield message

    def _recorded(self, connection: Connection, received_ns: int, data: bytes) -> RecordedMessage:
        with self._damage_said():
            if isinstance(connection.ext, ConnectionExtRosbag1):
                data = bytes(self.typestore.ros1_to_cdr(data, connection.msgtype))
            elif data[: len(_ZSTD_MAGIC)] == _ZSTD_MAGIC:
                data = zstd.decompress(data)
            return RecordedMessage(connection.topic, connection.msgtype, received_ns, bytes(data))

    def _describe(self) -> None:
        self.topics = {}
        for connection in self._connections:
            known = self.topics.get(connection.topic)
            self.topics[connection.topic] = RecordedTopic(
                connection.topic,
                known.msgtype if known else connection.msgtype,
                connection.msgcount + (known.count if known else 0),
                _latched(connection.ext) or (known is not None and known.latched),
            )
        filled = self._reader.message_count > 0
        self.start_ns = self._reader.start_time if filled else 0
        self.end_ns = self._reader.end_time - 1 if filled else 0

    @contextmanager
    def _damage_said(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # what rosbags raises depends on which bytes are broken
            cause = str(error) or type(error).__name__
            raise RecordingError(f"{self.path} is damaged ({cause.rstrip('.')})") from error


def _serialized_by_ros(connection: Connection) -> bool:
    extension = connection.ext
    return isinstance(extension, ConnectionExtRosbag1) or extension.serialization_format == "cdr"


def _latched(extension: object) -> bool:
    if isinstance(extension, ConnectionExtRosbag1):
        return bool(extension.latching)
    return isinstance(extension, ConnectionExtRosbag2) and any(
        profile.durability is QosDurability.TRANSIENT_LOCAL
        for profile in extension.offered_qos_profiles
    )
