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

"""Writes ROS 2 bags, and turns a clip into one as a camera and a microphone would be recorded."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from rosbags.interfaces import (
    Qos,
    QosDurability,
    QosHistory,
    QosLiveliness,
    QosReliability,
    QosTime,
)
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import TypesysError
from rosbags.typesys.store import Typestore
from tqdm import tqdm

from emotion_recognition.bags import compose
from emotion_recognition.bags.clip import CLIP_EPOCH_NS, SAMPLE_RATE, clip_duration_s
from emotion_recognition.bags.complete import completed, kept
from emotion_recognition.bags.events import Event, FrameEvent, RecordingError
from emotion_recognition.bags.find import is_bag
from emotion_recognition.bags.read import read_events
from emotion_recognition.bags.types import (
    AUDIO_DATA_STAMPED,
    AUDIO_INFO,
    COMPRESSED_IMAGE,
    IMAGE,
    typestore,
)

IMAGE_TOPIC = "/camera/image_raw"
COMPRESSED_TOPIC = "/camera/image_raw/compressed"
AUDIO_TOPIC = "/audio_stamped"
AUDIO_INFO_TOPIC = "/audio_info"

STORAGES = {"mcap": StoragePlugin.MCAP, "sqlite3": StoragePlugin.SQLITE3}
# Written as strings of numbers, as every distribution from Humble on reads them.
_METADATA_VERSION: Literal[8] = 8
_FOREVER = QosTime(0, 0)
_NO_HASH = "unknown"


class BagWriter:
    """Writes messages into a bag folder; each topic is declared with its first message.

    The definitions of the types are written too, so that a reader needs none of its own.
    """

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self.counts: dict[str, int] = {}  # messages by topic
        self._connections: dict[tuple[str, str], Any] = {}

    def write(
        self, topic: str, msgtype: str, received_ns: int, message: Any, *, latched: bool = False
    ) -> None:
        """Write a message of one of our types, as ``compose`` builds them."""
        data = typestore().serialize_cdr(message, msgtype)
        self.write_serialized(topic, msgtype, received_ns, data, typestore(), latched=latched)

    def write_serialized(
        self,
        topic: str,
        msgtype: str,
        received_ns: int,
        data: bytes | memoryview,
        types: Typestore,
        *,
        latched: bool = False,
    ) -> None:
        """Write a message that is serialized already (CDR); ``types`` may have its definition."""
        key = topic, msgtype
        if key not in self._connections:
            definition, type_hash = _definition(types, msgtype)
            self._connections[key] = self._writer.add_connection(
                topic,
                msgtype,
                msgdef=definition,
                rihs01=type_hash,
                offered_qos_profiles=[_qos(latched)],
            )
            self.counts.setdefault(topic, 0)
        self._writer.write(self._connections[key], received_ns, data)
        self.counts[topic] += 1


@contextmanager
def bag_writer(
    out: Path, *, storage: str = "mcap", force: bool = False, keep: bool = False, **about: str
) -> Iterator[BagWriter]:
    """Give a writer for the bag folder ``out``, which appears under its name when it is complete.

    Args:
        out: the folder to write.
        storage: a key of ``STORAGES``.
        force: whether to replace an existing bag.
        keep: whether to leave, after a failure, what was written (see ``complete.kept``).
        about: facts to keep in the bag's metadata.

    Raises:
        ValueError: ``storage`` is unknown.
        RecordingError: ``out`` exists.
        OSError: it cannot be written.
    """
    if storage not in STORAGES:
        raise ValueError(f"storage '{storage}': expected one of {', '.join(STORAGES)}")
    with (kept if keep else completed)(out, force) as folder:
        writer = Writer(folder, version=_METADATA_VERSION, storage_plugin=STORAGES[storage])
        for key, value in about.items():
            writer.set_custom_data(key, value)
        with writer:
            yield BagWriter(writer)


def make_bag(
    clip: Path,
    out: Path,
    *,
    storage: str = "mcap",
    compressed: bool = False,
    quality: int = compose.JPEG_QUALITY,
    force: bool = False,
) -> None:
    """Write the frames and the sound of ``clip`` into the bag folder ``out``.

    Topics: the image (``sensor_msgs/Image``, bgr8, or JPEG), ``/audio_stamped`` and ``/audio_info``
    (released ``audio_common_msgs``; 16 kHz mono S16LE in chunks of 20 ms). The clip begins at
    sensor time 1 s. The folder appears under its name only when it is complete.

    Args:
        clip: a video or sound file, or a folder of images.
        out: the folder to write.
        storage: "mcap" or "sqlite3".
        compressed: whether to write the frames as JPEG.
        quality: JPEG quality, 1 to 100.
        force: whether to replace an existing bag.

    Raises:
        ValueError: ``storage`` or ``quality`` is out of range.
        RecordingError: the clip cannot be read, or ``out`` exists.
    """
    if not 1 <= quality <= 100:
        raise ValueError(f"JPEG quality {quality}: expected 1 to 100")
    if is_bag(clip):
        raise RecordingError(f"{clip} is a bag already: expected a video or sound file")
    # Also finds an unreadable clip before anything is written.
    duration_s = None if clip.is_dir() else clip_duration_s(clip)
    with (
        bag_writer(out, storage=storage, force=force, clip=clip.name) as writer,
        _progress(duration_s) as progress,
    ):
        for event in read_events(clip):
            write_event(writer, event, quality if compressed else None)
            seconds = (event.received_ns - CLIP_EPOCH_NS) / 1e9
            progress.update(max(0.0, seconds - progress.n))


def write_event(writer: BagWriter, event: Event, quality: int | None) -> None:
    """Write a frame (of JPEG ``quality``; None: raw) or a piece of 16 kHz mono sound of a clip."""
    received_ns = event.received_ns
    if isinstance(event, FrameEvent):
        stamped = event.stamp_ns, event.frame_id, event.image()
        if quality is None:
            writer.write(IMAGE_TOPIC, IMAGE, received_ns, compose.raw_image(*stamped))
        else:
            image = compose.jpeg_image(*stamped, quality)
            writer.write(COMPRESSED_TOPIC, COMPRESSED_IMAGE, received_ns, image)
        return
    if AUDIO_INFO_TOPIC not in writer.counts:
        info = compose.sound_info(SAMPLE_RATE)
        writer.write(AUDIO_INFO_TOPIC, AUDIO_INFO, received_ns, info, latched=True)
    writer.write(AUDIO_TOPIC, AUDIO_DATA_STAMPED, received_ns, compose.sound(event.chunk))


def _definition(types: Typestore, msgtype: str) -> tuple[str, str]:
    """The text and the hash of a type, with all types that it is made of; empty where unknown."""
    try:
        return types.generate_msgdef(msgtype, ros_version=2)[0], types.hash_rihs01(msgtype)
    except TypesysError:
        return "", _NO_HASH


def _qos(latched: bool) -> Qos:
    return Qos(
        QosHistory.KEEP_LAST,
        1 if latched else 10,
        QosReliability.RELIABLE,
        QosDurability.TRANSIENT_LOCAL if latched else QosDurability.VOLATILE,
        _FOREVER,
        _FOREVER,
        QosLiveliness.AUTOMATIC,
        _FOREVER,
        False,
    )


def _progress(duration_s: float | None) -> "tqdm[Any]":
    total = None if duration_s is None else round(duration_s, 2)
    bar = "{desc}: {percentage:3.0f}% |{bar}| {n:.1f} of {total} s, {elapsed}"
    # Shown on a terminal only.
    return tqdm(total=total, desc="make-bag", bar_format=bar if total else None, disable=None)
