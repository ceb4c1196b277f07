"""ROS 2 recordings, message by message."""

import numpy as np
import pytest
from recordings import SECOND, audio_info, audio_stamped, image, make_clip, tone, write_bag
from rosbags.rosbag2 import StoragePlugin

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


def test_ros_1_bag_names_the_converter(tmp_path):
    (tmp_path / "a.bag").write_bytes(b"#ROSBAG V2.0")
    with pytest.raises(RecordingError, match="rosbags-convert"):
        read_all(tmp_path / "a.bag")


def test_other_files_are_no_bags(tmp_path):
    (tmp_path / "a.txt").write_text("text")
    with pytest.raises(RecordingError, match=r"no ROS 2 bag.*\.mcap or \.db3"):
        read_all(tmp_path / "a.txt")


def test_missing_metadata_names_the_remedy(tmp_path):
    folder = write_bag(tmp_path / "bag", MESSAGES)
    (folder / "metadata.yaml").unlink()
    with pytest.raises(RecordingError, match=r"no metadata.yaml.*reindex.*bag\.mcap itself"):
        read_all(folder)


def test_broken_metadata_is_damage(tmp_path):
    folder = write_bag(tmp_path / "bag", MESSAGES)
    (folder / "metadata.yaml").write_text("rosbag2_bagfile_information: {version: 8}")
    with pytest.raises(RecordingError, match="is damaged"):
        read_all(folder)


@pytest.mark.parametrize("storage", STORAGES)
@pytest.mark.parametrize("kept", [5, 40, 5000])
def test_truncated_bag_is_damage(tmp_path, storage, kept):
    folder = write_bag(tmp_path / "bag", MESSAGES, storage)
    [file] = (path for path in folder.iterdir() if path.suffix in (".mcap", ".db3"))
    file.write_bytes(file.read_bytes()[:kept])
    with pytest.raises(RecordingError, match="is damaged, or its recording was cut off"):
        read_all(folder)


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


def test_damage_further_on_leaves_what_was_before(long_bag):
    overwrite_middle(long_bag / "bag.mcap", b"\xff")
    with Bag(long_bag) as bag:
        messages = bag.messages()
        assert next(messages).received_ns == SECOND
        with pytest.raises(RecordingError, match="is damaged"):
            list(messages)


def test_messages_that_are_missing_are_told(long_bag, caplog):
    overwrite_middle(long_bag / "bag.mcap", b"\x00")
    found = read_all(long_bag)
    assert 200 < len(found) < 400
    assert f"{400 - len(found)} messages are missing" in caplog.text
