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

"""Clips turned into bags."""

import subprocess
import sys

import cv2
import numpy as np
import pytest
from recordings import SECOND, make_clip, picture
from rosbags.rosbag2 import Reader

from emotion_recognition.bags import write as write_module
from emotion_recognition.bags.bag import Bag
from emotion_recognition.bags.events import FrameEvent, RecordingError
from emotion_recognition.bags.read import read_events
from emotion_recognition.bags.write import make_bag


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return make_clip(tmp_path_factory.mktemp("clip") / "clip.mkv", 1.0)


@pytest.mark.parametrize("storage", ["mcap", "sqlite3"])
def test_bag_holds_what_the_clip_holds(clip, tmp_path, storage):
    make_bag(clip, tmp_path / "bag", storage=storage)
    count = 0
    for ours, theirs in zip(read_events(tmp_path / "bag"), read_events(clip), strict=True):
        count += 1
        assert ours.received_ns == theirs.received_ns
        if isinstance(ours, FrameEvent):
            assert (ours.stamp_ns, ours.frame_id) == (theirs.stamp_ns, theirs.frame_id)
            np.testing.assert_array_equal(ours.image(), theirs.image())
        else:
            assert ours.chunk.stamp_ns == theirs.chunk.stamp_ns
            np.testing.assert_array_equal(ours.chunk.samples, theirs.chunk.samples)
    assert count > 70


def test_compressed_images_are_smaller_and_nearly_the_same(clip, tmp_path):
    make_bag(clip, tmp_path / "bag", compressed=True, quality=95)
    with Bag(tmp_path / "bag") as bag:
        topic = bag.topics["/camera/image_raw/compressed"]
        assert topic.msgtype == "sensor_msgs/msg/CompressedImage"
        assert len(next(bag.messages([topic.name])).data) < 48 * 64 * 3
    pairs = zip(read_events(tmp_path / "bag"), read_events(clip), strict=True)
    for ours, theirs in pairs:
        if isinstance(ours, FrameEvent):
            assert np.abs(ours.image().astype(int) - theirs.image()).mean() < 8


def test_topics_and_types(clip, tmp_path):
    make_bag(clip, tmp_path / "bag")
    with Bag(tmp_path / "bag") as bag:
        assert {topic.name: (topic.msgtype, topic.count) for topic in bag.topics.values()} == {
            "/camera/image_raw": ("sensor_msgs/msg/Image", 25),
            "/audio_info": ("audio_common_msgs/msg/AudioInfo", 1),
            "/audio_stamped": ("audio_common_msgs/msg/AudioDataStamped", 50),
        }
        info = bag.decode(next(bag.messages(["/audio_info"])))
        assert (info.channels, info.sample_rate) == (1, 16_000)
        assert (info.sample_format, info.coding_format) == ("S16LE", "wave")
        assert bag.start_ns == SECOND


def test_type_hashes_are_those_of_ros(clip, tmp_path):
    """``ros2 bag play`` compares them; the value is that of sensor_msgs/msg/Image in Jazzy."""
    make_bag(clip, tmp_path / "bag")
    with Reader(tmp_path / "bag") as reader:
        hashes = {connection.msgtype: connection.digest for connection in reader.connections}
    assert hashes["sensor_msgs/msg/Image"] == (
        "RIHS01_d31d41a9a4c4bc8eae9be757b0beed306564f7526c88ea6a4588fb9582527d47"
    )


def test_sound_alone(tmp_path):
    make_bag(make_clip(tmp_path / "clip.wav", 0.5, video_codec=None), tmp_path / "bag")
    with Bag(tmp_path / "bag") as bag:
        assert set(bag.topics) == {"/audio_info", "/audio_stamped"}


def test_existing_bag_is_replaced_only_by_force(clip, tmp_path):
    make_bag(clip, tmp_path / "bag")
    with pytest.raises(RecordingError, match=r"exists.*--force"):
        make_bag(clip, tmp_path / "bag")
    make_bag(clip, tmp_path / "bag", storage="sqlite3", force=True)
    assert sorted(path.name for path in (tmp_path / "bag").iterdir()) == [
        "bag.db3",
        "metadata.yaml",
    ]
    assert [path.name for path in tmp_path.iterdir()] == ["bag"]


def test_folder_that_is_no_bag_is_never_replaced(clip, tmp_path):
    (tmp_path / "precious").mkdir()
    with pytest.raises(RecordingError, match="is no bag: it is not overwritten"):
        make_bag(clip, tmp_path / "precious", force=True)


def test_interrupted_writing_leaves_nothing_but_what_was_there(clip, tmp_path, monkeypatch):
    make_bag(clip, tmp_path / "bag")
    before = (tmp_path / "bag" / "bag.mcap").read_bytes()

    def interrupted(path):
        events = read_events(path)
        yield next(events)
        raise OSError("disk is full")

    monkeypatch.setattr(write_module, "read_events", interrupted)
    for name in ("bag", "new"):
        with pytest.raises(OSError, match="disk is full"):
            make_bag(clip, tmp_path / name, force=True)
    assert [path.name for path in tmp_path.iterdir()] == ["bag"]
    assert (tmp_path / "bag" / "bag.mcap").read_bytes() == before


@pytest.mark.parametrize(
    ("options", "cause"),
    [({"storage": "zip"}, "expected one of mcap, sqlite3"), ({"quality": 0}, "expected 1 to 100")],
)
def test_wrong_options_are_refused(clip, tmp_path, options, cause):
    with pytest.raises(ValueError, match=cause):
        make_bag(clip, tmp_path / "bag", **options)


def test_bag_is_not_made_from_a_bag(clip, tmp_path):
    make_bag(clip, tmp_path / "bag")
    with pytest.raises(RecordingError, match="is a bag already"):
        make_bag(tmp_path / "bag", tmp_path / "again")


def test_a_folder_of_images_becomes_a_bag(tmp_path):
    folder = tmp_path / "faces"
    folder.mkdir()
    for index in range(3):
        cv2.imwrite(str(folder / f"{index}.png"), picture(index))
    make_bag(folder, tmp_path / "bag")
    frames = list(read_events(tmp_path / "bag"))
    np.testing.assert_array_equal(frames[2].image(), picture(2))


def test_a_full_disk_leaves_nothing_behind(clip, tmp_path):
    """The system refuses to let files grow; the command says why and what was there stays."""
    make_bag(clip, tmp_path / "bag")
    before = (tmp_path / "bag" / "bag.mcap").read_bytes()
    code = (
        "import resource, sys; from emotion_recognition.cli import main; "
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000)); "
        "sys.exit(main(sys.argv[1:]))"
    )
    command = [sys.executable, "-c", code, "make-bag", str(clip), str(tmp_path / "bag"), "--force"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "File too large" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["bag"]
    assert (tmp_path / "bag" / "bag.mcap").read_bytes() == before
