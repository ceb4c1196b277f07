"""Reads ROS 2 recordings (MCAP and sqlite3, folder or single file) message by message."""

import logging
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from rosbags.interfaces import ConnectionExtRosbag2, QosDurability
from rosbags.rosbag2 import Reader
from rosbags.typesys.store import Typestore

from emotion_recognition.bags.events import RecordingError
from emotion_recognition.bags.find import BAG_SUFFIXES
from emotion_recognition.bags.types import typestore_of

log = logging.getLogger(__name__)


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

    Attributes:
        topics: by name.
        start_ns: time of arrival of the first message; 0 if there is none.
        end_ns: time of arrival of the last message; 0 if there is none.
    """

    topics: dict[str, RecordedTopic]
    start_ns: int
    end_ns: int

    def __init__(self, path: Path) -> None:
        """Name the recording; it is opened by ``with``."""
        self.path = path
        self._reader: Reader
        self._typestore: Typestore

    def __enter__(self) -> "Bag":
        """Open the recording.

        Raises:
            RecordingError: it is absent, empty, damaged or of a kind that cannot be read.
        """
        _check_path(self.path)
        with _damage_reported(self.path):
            self._reader = Reader(self.path)
            self._reader.open()
        try:
            with _damage_reported(self.path):
                self._typestore = typestore_of(self._reader.connections)
                self._describe()
        except BaseException:
            self._reader.close()
            raise
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the recording."""
        self._reader.close()

    def messages(self, topics: Collection[str] | None = None) -> Iterator[RecordedMessage]:
        """Yield the messages of ``topics`` (None: of all) in the order of their arrival.

        Messages that are missing though the recording counts them are told in the log.

        Raises:
            RecordingError: the recording is damaged from some point on.
        """
        connections = [
            connection
            for connection in self._reader.connections
            if topics is None or connection.topic in topics
        ]
        if not connections:
            return
        missing = sum(connection.msgcount for connection in connections)
        with _damage_reported(self.path):
            for connection, received_ns, data in self._reader.messages(connections):
                missing -= 1
                yield RecordedMessage(
                    connection.topic, connection.msgtype, received_ns, bytes(data)
                )
        if missing > 0:  # a damaged chunk of MCAP without checksum is no error to the reader
            log.warning("%s is damaged: %d messages are missing", self.path, missing)

    def decode(self, message: RecordedMessage) -> Any:
        """Return a recorded message as an object with the fields of its type.

        Raises:
            RecordingError: its bytes do not fit its type.
        """
        with _damage_reported(self.path):
            return self._typestore.deserialize_cdr(message.data, message.msgtype)

    def _describe(self) -> None:
        self.topics = {}
        for connection in self._reader.connections:
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


def _latched(extension: object) -> bool:
    return isinstance(extension, ConnectionExtRosbag2) and any(
        profile.durability is QosDurability.TRANSIENT_LOCAL
        for profile in extension.offered_qos_profiles
    )


def _check_path(path: Path) -> None:
    """Say what to do about the mistakes that a user makes most."""
    if not path.exists():
        raise RecordingError(f"{path}: no such file or folder")
    if path.suffix == ".bag":
        raise RecordingError(
            f"{path} is a ROS 1 bag: convert it by `rosbags-convert --src {path} --dst FOLDER`"
        )
    if path.is_file():
        if not path.stat().st_size:
            raise RecordingError(f"{path} is empty: nothing was recorded into it")
        if path.suffix not in BAG_SUFFIXES:
            raise RecordingError(
                f"{path} is no ROS 2 bag: expected a folder, or a file ending in .mcap or .db3"
            )
    elif not (path / "metadata.yaml").is_file():
        inside = [file.name for file in sorted(path.iterdir()) if file.suffix in BAG_SUFFIXES]
        instead = f", or give {path / inside[0]} itself" if len(inside) == 1 else ""
        raise RecordingError(
            f"{path} has no metadata.yaml, so it is no bag or its recording was cut off:"
            f" run `ros2 bag reindex {path}`{instead}"
        )


@contextmanager
def _damage_reported(path: Path) -> Iterator[None]:
    try:
        yield
    except RecordingError:
        raise
    except Exception as error:  # what rosbags raises depends on which bytes are broken
        cause = str(error) or type(error).__name__
        raise RecordingError(
            f"{path} is damaged, or its recording was cut off ({cause.rstrip('.')}):"
            " `mcap recover` (for .mcap) or `ros2 bag reindex` may save the rest"
        ) from error
