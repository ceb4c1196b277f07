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

"""ROS 2 recordings, message by message."""

import errno
import shutil
import sqlite3

import numpy as np
import pytest
import yaml
from recordings import (
    SECOND,
    audio_info,
    audio_stamped,
    image,
    make_clip,
    tone,
    write_bag,
    write_ros1_bag,
)
from rosbags.rosbag1 import Writer as Ros1Writer
from rosbags.rosbag2 import CompressionMode, StoragePlugin

from emotion_recognition.bags.bag import Bag
from emotion_recognition.bags.events import RecordingError
from emotion_recognition.bags.types import IMAGE, typestore
from emotion_recognition.bags.write import make_bag

STORAGES = [StoragePlugin.MCAP, StoragePlugin.SQLITE3]
MESSAGES = [
    ("/info", 10 * SECOND, audio_info()),
    ("/camera", 11 * SECOND, image(9 * SECOND, 1)),
    ("/sound", 12 * SECOND, audio_stamped(8 * SECOND, tone(0.02, 8000, 2))),
    ("/camera", 13 * SECOND, image(10 * SECOND, 2)),
]


@pytest.mark.parametrize("storage", STORAGES)
def test_messages_come_as_they_were_recorded(tmp_path, storage):
    with Bag(write_bag(tmp_path / "bag", MESSAGES, storage)) as bag:
        found = list(bag.messages())
        assert [(m.topic, m.received_ns, m.msgtype) for m in found] == [
            (topic, stamp, content.__msgtype__) for topic, stamp, content in MESSAGES
        ]
        for message, (_, _, content) in zip(found, MESSAGES, strict=True):
            assert message.data == typestore().serialize_cdr(content, content.__msgtype__)
        assert (bag.start_ns, bag.end_ns) == (10 * SECOND, 13 * SECOND)
        assert bag.topics["/camera"].count == 2
        assert bag.topics["/camera"].msgtype == IMAGE
        decoded = bag.decode(found[1])
        assert decoded.header.stamp.sec == 9
        np.testing.assert_array_equal(decoded.data, MESSAGES[1][2].data)


def test_topics_can_be_chosen(tmp_path):
    with Bag(write_bag(tmp_path / "bag", MESSAGES)) as bag:
        assert [m.topic for m in bag.messages(["/camera"])] == ["/camera", "/camera"]
        assert list(bag.messages([])) == []


@pytest.mark.parametrize(("storage", "suffix"), [(STORAGES[0], ".mcap"), (STORAGES[1], ".db3")])
def test_single_file_is_a_bag_too(tmp_path, storage, suffix):
    folder = write_bag(tmp_path / "bag", MESSAGES, storage)
    with Bag(folder / f"bag{suffix}") as bag:
        assert len(list(bag.messages())) == 4


def test_latched_topics_are_told(tmp_path):
    make_bag(make_clip(tmp_path / "clip.wav", 0.5, video_codec=None), tmp_path / "bag")
    with Bag(tmp_path / "bag") as bag:
        assert {name: topic.latched for name, topic in bag.topics.items()} == {
            "/audio_info": True,
            "/audio_stamped": False,
        }


def test_empty_bag_opens(tmp_path):
    with Bag(write_bag(tmp_path / "bag", [])) as bag:
        assert not bag.topics
        assert (bag.start_ns, bag.end_ns) == (0, 0)


def read_all(path):
    with Bag(path) as bag:
        return list(bag.messages())


def test_absent_path_is_named(tmp_path):
    with pytest.raises(RecordingError, match="no such file or folder"):
        read_all(tmp_path / "nothing")


def test_empty_file_is_named(tmp_path):
    (tmp_path / "a.mcap").touch()
    with pytest.raises(RecordingError, match=r"a\.mcap is empty"):
        read_all(tmp_path / "a.mcap")


def test_other_files_are_no_bags(tmp_path):
    (tmp_path / "a.txt").write_text("text")
    with pytest.raises(RecordingError, match=r"no bag.*\.mcap, \.db3 or \.bag"):
        read_all(tmp_path / "a.txt")


def test_folders_of_several_recordings_name_them(tmp_path):
    for name in ("anna", "bert"):
        (write_bag(tmp_path / name, MESSAGES) / f"{name}.mcap").rename(tmp_path / f"{name}.mcap")
    with pytest.raises(RecordingError, match=r"no metadata.yaml.*anna\.mcap, bert\.mcap"):
        read_all(tmp_path)


@pytest.mark.parametrize("storage", STORAGES)
@pytest.mark.parametrize("mode", [CompressionMode.FILE, CompressionMode.MESSAGE])
@pytest.mark.parametrize("described", [True, False])
def test_compressed_recordings(tmp_path, storage, mode, described):
    folder = write_bag(tmp_path / "bag", MESSAGES, storage, compression=mode)
    if not described:
        (folder / "metadata.yaml").unlink()
    assert [m.received_ns for m in read_all(folder)] == [stamp for _, stamp, _ in MESSAGES]
    [file] = (path for path in folder.iterdir() if path.suffix != ".yaml")
    assert (file.suffix == ".zstd") == (mode is CompressionMode.FILE)
    found = read_all(file)
    assert found[1].data == typestore().serialize_cdr(MESSAGES[1][2], IMAGE)


def test_compressed_chunks(tmp_path):
    folder = write_bag(tmp_path / "bag", MESSAGES, compression=CompressionMode.STORAGE)
    assert len(read_all(folder)) == 4


@pytest.fixture
def split(tmp_path):
    """A recording of two storage files, the second of which begins earlier by name."""
    folder = tmp_path / "bag"
    folder.mkdir()
    for name, messages in (("bag_10", MESSAGES[2:]), ("bag_9", MESSAGES[:2])):
        part = write_bag(tmp_path / "parts" / name, messages)
        (part / f"{name}.mcap").rename(folder / f"{name}.mcap")
    return folder


def test_files_without_metadata_are_read_in_their_order(split, caplog):
    assert [m.received_ns for m in read_all(split)] == [stamp for _, stamp, _ in MESSAGES]
    assert "has no metadata.yaml: its storage files are read directly" in caplog.text
    with Bag(split) as bag:
        assert (bag.start_ns, bag.end_ns) == (10 * SECOND, 13 * SECOND)
        assert bag.topics["/camera"].count == 2


def test_split_recordings_are_read_as_their_metadata_says(split, tmp_path):
    lines = [(tmp_path / f"parts/bag_{n}/metadata.yaml").read_text() for n in (9, 10)]
    first, second = (yaml.safe_load(text)["rosbag2_bagfile_information"] for text in lines)
    first["relative_file_paths"] += second["relative_file_paths"]
    first["message_count"] = 4
    known = [each["topic_metadata"]["name"] for each in first["topics_with_message_count"]]
    for each in second["topics_with_message_count"]:
        if each["topic_metadata"]["name"] not in known:
            first["topics_with_message_count"].append(each)
    first["topics_with_message_count"][1]["message_count"] = 2
    text = yaml.safe_dump({"rosbag2_bagfile_information": first})
    (split / "metadata.yaml").write_text(text)
    assert [m.received_ns for m in read_all(split)] == [stamp for _, stamp, _ in MESSAGES]


def test_a_missing_file_of_a_split_recording_is_told(split, caplog):
    (split / "bag_10.mcap").write_bytes(b"")
    assert [m.received_ns for m in read_all(split)] == [10 * SECOND, 11 * SECOND]
    assert "left out" in caplog.text
    assert "bag_10.mcap is empty" in caplog.text


def test_a_file_that_only_the_metadata_knows_is_told(tmp_path, caplog):
    folder = write_bag(tmp_path / "bag", MESSAGES)
    metadata = folder / "metadata.yaml"
    text = metadata.read_text().replace("- bag.mcap", "- bag.mcap\n  - bag_1.mcap")
    assert "bag_1.mcap" in text
    metadata.write_text(text)
    assert len(read_all(folder)) == 4
    assert "files are missing" in caplog.text
    assert "bag_1.mcap" in caplog.text


def test_no_room_to_unpack_names_the_folder_and_the_way_out(tmp_path, monkeypatch):
    folder = write_bag(tmp_path / "bag", MESSAGES, compression=CompressionMode.FILE)

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(shutil, "copyfileobj", full)
    for path in (folder, folder / "bag.mcap.zstd"):
        with pytest.raises(OSError, match=r"no room to unpack .*: set TMPDIR"):
            read_all(path)


def test_a_compressed_file_that_was_cut_off_gives_its_beginning(tmp_path, caplog):
    frames = [("/camera", SECOND + n, image(SECOND + n, n)) for n in range(100)]
    folder = write_bag(tmp_path / "bag", frames, compression=CompressionMode.FILE)
    file = folder / "bag.mcap.zstd"
    file.write_bytes(file.read_bytes()[:-2000])
    assert 0 < len(read_all(file)) <= 100
    assert "its beginning is used" in caplog.text


@pytest.mark.parametrize("compression", [None, *Ros1Writer.CompressionFormat])
def test_ros_1_bags_are_read_as_if_they_were_of_ros_2(tmp_path, compression):
    path = write_ros1_bag(tmp_path / "old.bag", MESSAGES, compression)
    with Bag(path) as bag:
        found = list(bag.messages())
        assert [(m.topic, m.received_ns, m.msgtype) for m in found] == [
            (topic, stamp, content.__msgtype__) for topic, stamp, content in MESSAGES
        ]
        for message, (_, _, content) in zip(found, MESSAGES, strict=True):
            assert message.data == typestore().serialize_cdr(content, content.__msgtype__)
        assert (bag.start_ns, bag.end_ns) == (10 * SECOND, 13 * SECOND)


def test_types_without_a_definition_are_told_only_when_they_are_needed(tmp_path):
    folder = write_bag(tmp_path / "bag", MESSAGES, StoragePlugin.SQLITE3)
    with sqlite3.connect(folder / "bag.db3") as database:
        database.execute("DELETE FROM message_definitions")
        database.execute("UPDATE topics SET type = 'vendor/msg/Secret' WHERE name = '/info'")
    database.close()
    (folder / "metadata.yaml").unlink()
    with Bag(folder) as bag:
        found = list(bag.messages())
        assert len(found) == 4
        assert bag.decode(found[1]).height == 48
        with pytest.raises(RecordingError, match=r"/info has messages of vendor/msg/Secret"):
            bag.decode(found[0])


def test_bytes_that_do_not_fit_their_type_are_damage(tmp_path):
    with Bag(write_bag(tmp_path / "bag", MESSAGES)) as bag:
        message = next(bag.messages(["/camera"]))
        cut = type(message)(message.topic, message.msgtype, message.received_ns, message.data[:30])
        with pytest.raises(RecordingError, match="is damaged"):
            bag.decode(cut)


def overwrite_middle(path, byte):
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 200_000] = byte * 200_000
    path.write_bytes(content)


@pytest.fixture
def long_bag(tmp_path):
    frames = [("/camera", SECOND + n, image(SECOND + n, n)) for n in range(400)]
    return write_bag(tmp_path / "bag", frames)


def test_damage_further_on_leaves_what_was_before_and_after(long_bag, caplog):
    overwrite_middle(long_bag / "bag.mcap", b"\xff")
    with Bag(long_bag) as bag:
        found = [message.received_ns - SECOND for message in bag.messages()]
    assert found == sorted(set(found))
    assert (found[0], found[-1]) == (0, 399)
    assert 300 < len(found) < 400
    assert "the rest is recovered" in caplog.text
    assert f"{400 - len(found)} messages are missing" in caplog.text


def test_messages_that_are_missing_are_told(long_bag, caplog):
    overwrite_middle(long_bag / "bag.mcap", b"\x00")
    found = read_all(long_bag)
    assert 200 < len(found) < 400
    assert f"{400 - len(found)} messages are missing" in caplog.text
