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

"""Targets of recordings: damaged MCAP, sqlite3 and ROS 1 bags, read to the end."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from random import Random

import numpy as np
from rosbags.rosbag1 import Writer as Ros1Writer
from rosbags.rosbag2 import CompressionFormat, CompressionMode, StoragePlugin, Writer
from rosbags.typesys import Stores, get_types_from_msg, get_typestore

from emotion_recognition.bags.bag import Bag
from emotion_recognition.bags.events import FrameEvent, RecordingError
from emotion_recognition.bags.read import read_events
from emotion_recognition.bags.types import (
    AUDIO_DATA,
    AUDIO_DATA_STAMPED,
    AUDIO_INFO,
    COMPRESSED_IMAGE,
    EMOTION_STATE,
    IMAGE,
    typestore,
)
from emotion_recognition.bags.zstandard import zstd
from emotion_recognition.studies.label_source import Extent, label_source
from emotion_recognition.studies.labels import LabelError
from emotion_recognition.vision.messages import ImageFormatError

from . import images, states
from .messages import cdr, octets
from .target import Target

_SECOND = 1_000_000_000
_STATES = "/emotion"
_EVENTS_AT_MOST = 10_000  # no seed has more than a few: more were made up


def _recorded() -> Iterator[tuple[str, str, int, bytes]]:
    """Topic, type, time of arrival and bytes of a second of a small recording."""
    rng = Random(3)
    info = {
        "channels": 1,
        "sample_rate": 8000,
        "sample_format": "S16LE",
        "bitrate": 0,
        "coding_format": "wave",
    }
    yield "/audio_info", AUDIO_INFO, 10 * _SECOND, cdr(AUDIO_INFO, info)
    picture = images.pictures(rng, 8, 6)[0]
    for index in range(4):
        stamp = {"sec": 10, "nanosec": 250_000_000 * index}
        at_ns = 10 * _SECOND + stamp["nanosec"]
        image = images.image_fields("bgr8", 8, 6, rng) | {"stamp": dict(stamp)}
        yield "/image", IMAGE, at_ns, cdr(IMAGE, image)
        compressed = {"stamp": dict(stamp), "format": "jpeg", "data": octets(picture)}
        compressed_cdr = cdr(COMPRESSED_IMAGE, compressed)
        yield "/image/compressed", COMPRESSED_IMAGE, at_ns + 1, compressed_cdr
        sound = {"stamp": dict(stamp), "audio": {"data": octets(rng.randbytes(128))}}
        yield "/audio", AUDIO_DATA_STAMPED, at_ns + 2, cdr(AUDIO_DATA_STAMPED, sound)
        state = states.state_fields(Random(0)) | {"stamp": dict(stamp)}
        yield _STATES, EMOTION_STATE, at_ns + 3, cdr(EMOTION_STATE, state)


def _ros2(path: Path, storage: StoragePlugin, mode: CompressionMode) -> bytes:
    writer = Writer(path, version=8, storage_plugin=storage)
    writer.set_compression(mode, CompressionFormat.ZSTD)
    connections: dict[str, object] = {}
    with writer:
        for topic, msgtype, at_ns, data in _recorded():
            if topic not in connections:
                connections[topic] = writer.add_connection(topic, msgtype, typestore=typestore())
            writer.write(connections[topic], at_ns, data)  # type: ignore[arg-type]
    (file,) = (each for each in path.iterdir() if each.suffix != ".yaml")
    return file.read_bytes()


def _ros1(path: Path, compression: Ros1Writer.CompressionFormat | None) -> bytes:
    store = get_typestore(Stores.ROS1_NOETIC)
    sound = {
        AUDIO_DATA: "uint8[] data",
        AUDIO_DATA_STAMPED: "std_msgs/Header header\naudio_common_msgs/AudioData audio",
    }
    for name, text in sound.items():
        store.register(get_types_from_msg(text, name))
    types = store.types
    writer = Ros1Writer(path)
    if compression is not None:
        writer.set_compression(compression)
    with writer:
        images = writer.add_connection("/image", IMAGE, typestore=store)
        sounds = writer.add_connection("/audio", AUDIO_DATA_STAMPED, typestore=store)
        for index in range(4):
            stamp = types["builtin_interfaces/msg/Time"](10, 250_000_000 * index)
            header = types["std_msgs/msg/Header"](index, stamp, "camera")
            data = np.full(8 * 6 * 3, 40 * index, np.uint8)
            image = types[IMAGE](header, 6, 8, "bgr8", 0, 24, data)
            sound_data = types[AUDIO_DATA](np.arange(128, dtype=np.uint8))
            heard = types[AUDIO_DATA_STAMPED](header, sound_data)
            at_ns = 10 * _SECOND + stamp.nanosec
            writer.write(images, at_ns, store.serialize_ros1(image, IMAGE))
            writer.write(sounds, at_ns + 2, store.serialize_ros1(heard, AUDIO_DATA_STAMPED))
    return path.read_bytes()


def _in_folder(make: Callable[[Path], bytes]) -> bytes:
    with tempfile.TemporaryDirectory(prefix="fuzz_") as folder:
        return make(Path(folder) / "seed")


def _mcap_seeds() -> list[bytes]:
    storage, modes = StoragePlugin.MCAP, (CompressionMode.NONE, CompressionMode.STORAGE)
    plain = [_in_folder(lambda path, mode=mode: _ros2(path, storage, mode)) for mode in modes]
    # Without its index, a file is recovered record by record.
    return [*plain, plain[0][: len(plain[0]) * 2 // 3], plain[1][:-200]]


def _packed_seeds() -> list[bytes]:
    return [zstd.compress(data) for data in _mcap_seeds()]


def _sqlite_seeds() -> list[bytes]:
    storage, modes = StoragePlugin.SQLITE3, (CompressionMode.NONE, CompressionMode.MESSAGE)
    plain = [_in_folder(lambda path, mode=mode: _ros2(path, storage, mode)) for mode in modes]
    return [*plain, plain[0][: len(plain[0]) * 2 // 3]]


def _ros1_seeds() -> list[bytes]:
    kinds = (None, *Ros1Writer.CompressionFormat)
    bags = [_in_folder(lambda path, kind=kind: _ros1(path, kind)) for kind in kinds]
    return [*bags, *(data[: len(data) * 3 // 4] for data in bags)]


def _metadata_seeds() -> list[bytes]:
    def metadata(path: Path) -> bytes:
        _ros2(path, StoragePlugin.MCAP, CompressionMode.NONE)
        return (path / "metadata.yaml").read_bytes()

    return [_in_folder(metadata)]


def _read(path: Path) -> None:
    """What an evaluation reads: frames and sound to the end, then the estimates as labels."""
    with Bag(path) as bag:
        topics = bag.topics
    read = [topic for topic in ("/image", "/image/compressed") if topic in topics]
    for topic in read or [None]:
        _read_events(path, topic)
    if _STATES in topics:
        label_source(_STATES).labels_of(Extent(path, "fuzz", 10 * _SECOND, 11 * _SECOND))


def _read_events(path: Path, image_topic: str | None) -> None:
    for count, event in enumerate(read_events(path, image_topic)):
        assert count < _EVENTS_AT_MOST
        if isinstance(event, FrameEvent):
            try:
                assert event.image().shape[2] == 3
            except ImageFormatError:
                continue
        else:
            assert len(event.chunk.samples)


def take_file(data: bytes, suffix: str) -> None:
    """A file of a recording."""
    with tempfile.TemporaryDirectory(prefix="fuzz_") as folder:
        path = Path(folder) / f"bag{suffix}"
        path.write_bytes(data)
        _read(path)


def take_metadata(data: bytes) -> None:
    """A folder of a recording: its metadata are damaged, its storage file is whole."""
    with tempfile.TemporaryDirectory(prefix="fuzz_") as folder:
        path = Path(folder) / "bag"
        path.mkdir()
        (path / "metadata.yaml").write_bytes(data)
        (path / "seed.mcap").write_bytes(_whole_mcap())
        _read(path)


_kept: dict[str, bytes] = {}


def _whole_mcap() -> bytes:
    if "mcap" not in _kept:
        _kept["mcap"] = _mcap_seeds()[0]
    return _kept["mcap"]


def _target(name: str, share: int, suffix: str, seeds: Callable[[], Sequence[bytes]]) -> Target:
    take = partial(take_file, suffix=suffix) if suffix else take_metadata
    return Target(name, share, take, (RecordingError, LabelError), seeds)


TARGETS = (
    _target("bag_mcap", 5, ".mcap", _mcap_seeds),
    _target("bag_mcap_zstd", 2, ".mcap.zstd", _packed_seeds),
    _target("bag_sqlite3", 4, ".db3", _sqlite_seeds),
    _target("bag_ros1", 4, ".bag", _ros1_seeds),
    _target("bag_metadata", 2, "", _metadata_seeds),
)
"""Those of recordings."""
