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

"""Recordings that were cut off or damaged: what can be read is read, and what is lost is said."""

import shutil
import sqlite3
import struct

import pytest
from mcap.writer import CompressionType
from mcap.writer import Writer as McapWriter
from recordings import SECOND, audio_stamped, image, tone, write_bag, write_ros1_bag
from rosbags.rosbag1 import Writer as Ros1Writer
from rosbags.rosbag2 import CompressionMode, StoragePlugin

from emotion_recognition.bags.bag import Bag
from emotion_recognition.bags.events import FrameEvent, RecordingError
from emotion_recognition.bags.read import read_events
from emotion_recognition.bags.types import typestore

COUNT = 400


def messages(count=COUNT):
    """A picture and, between two, a sound, every 100 ms."""
    for n in range(count):
        stamp_ns = SECOND * (10 + n) // 10
        content = image(stamp_ns, n) if n % 2 else audio_stamped(stamp_ns, tone(0.1, 8000))
        yield ("/camera" if n % 2 else "/audio"), stamp_ns, content


def write_mcap(path, count=COUNT, **options):
    """As other recorders than ours write: with checksums, chunks or not, index or not."""
    store = typestore()
    with path.open("wb") as file:
        writer = McapWriter(file, chunk_size=100_000, **options)
        writer.start("ros2", "test")
        channels = {}
        for topic, stamp_ns, content in messages(count):
            msgtype = content.__msgtype__
            if topic not in channels:
                text, _ = store.generate_msgdef(msgtype, ros_version=2)
                schema = writer.register_schema(msgtype, "ros2msg", text.encode())
                channels[topic] = writer.register_channel(topic, "cdr", schema)
            data = bytes(store.serialize_cdr(content, msgtype))
            writer.add_message(channels[topic], stamp_ns, data, stamp_ns)
        writer.finish()
    return path


def mcap(path, **options):
    return write_mcap(path / "a.mcap", **options)


def ros1(path, compression=None):
    return write_ros1_bag(path / "a.bag", messages(), compression)


def rosbag2(path, storage=StoragePlugin.MCAP, compression=CompressionMode.NONE):
    suffix = {StoragePlugin.MCAP: "mcap", StoragePlugin.SQLITE3: "db3"}[storage]
    folder = write_bag(path / "a", messages(), storage, compression=compression)
    return folder / f"a.{suffix}"


KINDS = {
    "mcap": mcap,
    "mcap-lz4": lambda path: mcap(path, compression=CompressionType.LZ4),
    "mcap-plain": lambda path: mcap(path, compression=CompressionType.NONE),
    "mcap-loose": lambda path: mcap(path, use_chunking=False),
    "mcap-rosbags": rosbag2,
    "mcap-rosbags-zstd": lambda path: rosbag2(path, compression=CompressionMode.STORAGE),
    "sqlite3": lambda path: rosbag2(path, StoragePlugin.SQLITE3),
    "ros1": ros1,
    "ros1-lz4": lambda path: ros1(path, Ros1Writer.CompressionFormat.LZ4),
}


# Only chunks of MCAP, and rows of sqlite3, can be found again behind a damaged place.
RESUMED = [kind for kind in KINDS if kind != "mcap-loose" and not kind.startswith("ros1")]


@pytest.fixture(params=KINDS)
def recording(request, tmp_path):
    return KINDS[request.param](tmp_path)


def stamps(path):
    with Bag(path) as bag:
        return [round(message.received_ns * 10 / SECOND) - 10 for message in bag.messages()]


def test_whole_recordings_are_read_without_a_word(recording, caplog):
    assert stamps(recording) == list(range(COUNT))
    assert not caplog.records


@pytest.mark.parametrize("kept", [0.25, 0.7])
def test_of_a_recording_that_was_cut_off_the_beginning_is_read(recording, caplog, kept):
    content = recording.read_bytes()
    recording.write_bytes(content[: int(kept * len(content))])
    found = stamps(recording)
    assert found == sorted(set(found))
    assert (kept - 0.2) * COUNT < len(found) < COUNT
    assert found[: len(found) // 2] == list(range(len(found) // 2))
    assert f"recovered {len(found)} messages" in caplog.text
    assert all(event.received_ns for event in read_events(recording))


@pytest.mark.parametrize("kept", [6, 40, 300])
def test_where_nothing_is_left_it_is_said(recording, kept):
    recording.write_bytes(recording.read_bytes()[:kept])
    with pytest.raises(RecordingError, match=r"a\.\w+: no message in it can be read"):
        stamps(recording)


def overwrite(path, share, byte=b"\xff", count=3000):
    content = bytearray(path.read_bytes())
    begin = int(share * len(content))
    content[begin : begin + count] = byte * count
    path.write_bytes(content)


def test_damage_in_the_middle_costs_what_lies_there(recording, caplog):
    overwrite(recording, 0.5)
    found = stamps(recording)
    assert len(found) > 0.4 * COUNT
    assert set(found) <= set(range(COUNT))
    if len(found) < COUNT:  # of pixels without checksum nobody can tell
        assert "missing" in caplog.text or "lost" in caplog.text or "cannot" in caplog.text
    frames = [event for event in read_events(recording) if isinstance(event, FrameEvent)]
    assert frames[0].image().shape == (48, 64, 3)


@pytest.mark.parametrize("kind", RESUMED)
def test_what_lies_behind_damage_is_found(tmp_path, kind):
    path = KINDS[kind](tmp_path)
    overwrite(path, 0.5)
    assert stamps(path)[-1] == COUNT - 1


def test_a_chunk_with_a_wrong_checksum_is_not_believed(tmp_path, caplog):
    path = mcap(tmp_path, compression=CompressionType.NONE)
    overwrite(path, 0.5, b"\x07", 20)
    found = stamps(path)
    assert COUNT - 40 < len(found) < COUNT
    assert "1 place is damaged" in caplog.text
    assert f"{COUNT - len(found)} messages are missing" in caplog.text


def test_recordings_of_another_profile_are_read_all_the_same(tmp_path):
    path = mcap(tmp_path)
    content = path.read_bytes().replace(b"ros2", b"none", 1)
    path.write_bytes(content)
    assert stamps(path) == list(range(COUNT))


def test_unfinished_mcap_has_its_topics_and_times(tmp_path):
    path = mcap(tmp_path, use_chunking=False)
    path.write_bytes(path.read_bytes()[:-2000])
    with Bag(path) as bag:
        assert bag.topics["/camera"].msgtype == "sensor_msgs/msg/Image"
        assert bag.start_ns == SECOND
        assert bag.end_ns > 35 * SECOND


def test_not_indexed_ros_1_bag_is_read(tmp_path, caplog):
    path = ros1(tmp_path)
    content = path.read_bytes()
    at = content.index(b"index_pos=") + len(b"index_pos=")
    (index,) = struct.unpack_from("<Q", content, at)
    path.write_bytes(content[:at] + bytes(8) + content[at + 8 : index])
    assert stamps(path) == list(range(COUNT))
    assert "not indexed" in caplog.text


def test_rows_in_the_log_of_a_killed_recorder_are_read(tmp_path):
    path = rosbag2(tmp_path, StoragePlugin.SQLITE3)
    database = sqlite3.connect(path)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("UPDATE messages SET timestamp = timestamp + 1000000000000 WHERE id = 400")
    database.commit()
    killed = tmp_path / "killed"
    killed.mkdir()
    for file in path.parent.iterdir():
        if not file.name.endswith("-shm"):
            shutil.copy(file, killed / file.name.replace("a.db3", "killed.db3"))
    database.close()
    (killed / "metadata.yaml").unlink()
    assert stamps(killed)[-1] == COUNT - 1 + 10_000
    assert sorted(file.name for file in killed.iterdir()) == ["killed.db3", "killed.db3-wal"]


def test_messages_of_other_encodings_are_left_out(tmp_path, caplog):
    path = tmp_path / "mixed.mcap"
    store = typestore()
    content = image(SECOND, 1)
    with path.open("wb") as file:
        writer = McapWriter(file)
        writer.start("ros2", "test")
        text, _ = store.generate_msgdef(content.__msgtype__, ros_version=2)
        schema = writer.register_schema(content.__msgtype__, "ros2msg", text.encode())
        camera = writer.register_channel("/camera", "cdr", schema)
        schema = writer.register_schema("Note", "jsonschema", b"{}")
        notes = writer.register_channel("/notes", "json", schema)
        writer.add_message(notes, SECOND, b"{}", SECOND)
        data = bytes(store.serialize_cdr(content, content.__msgtype__))
        writer.add_message(camera, 2 * SECOND, data, SECOND)
        writer.finish()
    [frame] = read_events(path)
    assert frame.image().shape == (48, 64, 3)
    assert "/notes of Note is left out" in caplog.text
