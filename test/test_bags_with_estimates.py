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

"""Recordings with estimates beside them, and how other tools read them."""

import math
from dataclasses import replace

import numpy as np
import pytest
from mcap.reader import make_reader
from mcap_ros2.decoder import DecoderFactory
from recordings import (
    SECOND,
    audio_info,
    audio_stamped,
    image,
    make_clip,
    source_audio,
    tone,
    write_bag,
    write_ros1_bag,
)
from rosbags.rosbag2 import StoragePlugin

from emotion_recognition.bags.bag import Bag
from emotion_recognition.bags.clip import CLIP_EPOCH_NS
from emotion_recognition.bags.compose import emotion_state
from emotion_recognition.bags.events import RecordingError
from emotion_recognition.bags.types import AUDIO_INFO, EMOTION_STATE, AudioDialect
from emotion_recognition.bags.with_estimates import write_with_estimates
from emotion_recognition.estimate import Box, Estimate, Flags

MESSAGES = [
    ("/info", 10 * SECOND, audio_info()),
    ("/camera", 11 * SECOND, image(9 * SECOND, 1)),
    ("/sound", 12 * SECOND, audio_stamped(10 * SECOND, tone(0.02, 8000, 2))),
    ("/camera", 13 * SECOND, image(11 * SECOND, 2)),
]


def estimate(stamp_ns):
    return Estimate(
        stamp_ns=stamp_ns,
        window_ns=3 * SECOND + 600_000_000,
        newest_ns=stamp_ns,
        labels=("calm", "sad"),
        probabilities=(0.25, 0.75),
        valence=-0.5,
        arousal=0.125,
        audio_weight=0.5,
        video_weight=0.5,
        flags=Flags.PARTIAL_WINDOW | Flags.WITHHELD,
        subject="2",
        face=Box(-3, 5, 40, 50),
        frame_id="camera",
        model="model-1",
    )


ESTIMATES = [estimate(9 * SECOND), estimate(10 * SECOND)]


def read_all(path):
    with Bag(path) as bag:
        return [(message, bag.decode(message)) for message in bag.messages()]


@pytest.mark.parametrize("storage", ["mcap", "sqlite3"])
def test_original_messages_stay_as_they_are_and_estimates_come_between(tmp_path, storage):
    source = write_bag(tmp_path / "source", MESSAGES, StoragePlugin.SQLITE3)
    out = tmp_path / "out"
    assert write_with_estimates(source, ESTIMATES, out, storage=storage) == "/emotion"
    found = read_all(out)
    # An estimate arrives as long after its stamp as the images did: 2 s.
    assert [(message.topic, message.received_ns / SECOND) for message, _ in found] == [
        ("/info", 10),
        ("/camera", 11),
        ("/emotion", 11),
        ("/sound", 12),
        ("/emotion", 12),
        ("/camera", 13),
    ]
    with Bag(source) as bag:
        originals = [message.data for message in bag.messages()]
    assert [message.data for message, _ in found if message.topic != "/emotion"] == originals
    state = found[4][1]
    assert state.header.stamp.sec == 10
    assert (state.emotion, state.confidence, list(state.labels)) == ("sad", 0.75, ["calm", "sad"])
    assert (state.face.x_offset, state.face.y_offset, state.face.width) == (0, 5, 37)
    assert math.isnan(state.intensity)
    assert state.flags == 48


def test_by_arrival_an_estimate_is_where_its_stamp_is(tmp_path):
    source = write_bag(tmp_path / "source", MESSAGES)
    states = [estimate(n * SECOND) for n in (11, 12)]
    write_with_estimates(source, states, tmp_path / "out", sync="receive-time")
    times = [m.received_ns for m, _ in read_all(tmp_path / "out") if m.topic == "/emotion"]
    assert times == [11 * SECOND, 12 * SECOND]


def test_estimates_of_the_robot_are_kept_apart(tmp_path):
    live = ("/emotion", 14 * SECOND, emotion_state(estimate(12 * SECOND)))
    source = write_bag(tmp_path / "source", [*MESSAGES, live])
    assert write_with_estimates(source, ESTIMATES, tmp_path / "out") == "/emotion_offline"
    with Bag(tmp_path / "out") as bag:
        assert (bag.topics["/emotion"].count, bag.topics["/emotion_offline"].count) == (1, 2)


@pytest.mark.parametrize("dialect", AudioDialect)
def test_sound_keeps_its_dialect(tmp_path, dialect):
    content = (
        source_audio(SECOND, np.zeros(320))
        if dialect is AudioDialect.SOURCE
        else audio_stamped(SECOND, tone(0.02, 8000))
    )
    source = write_bag(tmp_path / "source", [("/sound", SECOND, content)], dialect=dialect)
    write_with_estimates(source, ESTIMATES, tmp_path / "out")
    found = [read for message, read in read_all(tmp_path / "out") if message.topic == "/sound"]
    assert found[0].__msgtype__ == content.__msgtype__


def test_ros_1_bags_and_clips_become_bags_of_ros_2(tmp_path):
    old = write_ros1_bag(tmp_path / "old.bag", MESSAGES)
    write_with_estimates(old, ESTIMATES, tmp_path / "old")
    assert len(read_all(tmp_path / "old")) == 6
    clip = make_clip(tmp_path / "clip.mkv", 0.5)
    write_with_estimates(clip, [estimate(CLIP_EPOCH_NS + SECOND // 4)], tmp_path / "new")
    with Bag(tmp_path / "new") as bag:
        assert {name: topic.count for name, topic in bag.topics.items()} == {
            "/camera/image_raw/compressed": 12,
            "/audio_info": 1,
            "/audio_stamped": 25,
            "/emotion": 1,
        }


def test_messages_of_unknown_types_are_copied(tmp_path, caplog):
    source = write_bag(tmp_path / "source", MESSAGES)
    file = source / "source.mcap"
    content = file.read_bytes()
    text = b"uint8 channels\nuint32 sample_rate"
    assert text in content
    file.write_bytes(content.replace(text, b"vendor/Secret x".ljust(len(text))))
    write_with_estimates(source, ESTIMATES, tmp_path / "out")
    with Bag(source) as bag, Bag(tmp_path / "out") as copy:
        assert next(copy.messages(["/info"])).data == next(bag.messages(["/info"])).data
    with (tmp_path / "out" / "out.mcap").open("rb") as opened:
        schemas = make_reader(opened, validate_crcs=True).get_summary().schemas.values()
    assert [schema.name for schema in schemas if not schema.data] == [AUDIO_INFO]


def test_nothing_is_overwritten_without_force(tmp_path):
    source = write_bag(tmp_path / "source", MESSAGES)
    write_with_estimates(source, ESTIMATES, tmp_path / "out")
    with pytest.raises(RecordingError, match="--force"):
        write_with_estimates(source, [], tmp_path / "out")
    write_with_estimates(source, [], tmp_path / "out", force=True)
    assert len(read_all(tmp_path / "out")) == 4


def test_failure_half_way_leaves_nothing(tmp_path):
    def interrupted():
        yield ESTIMATES[0]
        raise OSError("disk is full")

    source = write_bag(tmp_path / "source", MESSAGES)
    with pytest.raises(OSError, match="disk is full"):
        write_with_estimates(source, interrupted(), tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["source"]


@pytest.fixture
def foreign(tmp_path):
    """A recording as another tool opens it: its own reader, checksums on, schemas of the file."""
    source = write_bag(tmp_path / "source", MESSAGES)
    write_with_estimates(source, ESTIMATES, tmp_path / "out")
    with (tmp_path / "out" / "out.mcap").open("rb") as file:
        yield make_reader(file, validate_crcs=True, decoder_factories=[DecoderFactory()])


def test_the_reader_of_mcap_accepts_what_is_written_here(foreign):
    summary = foreign.get_summary()
    counts = summary.statistics.channel_message_counts
    topics = {channel.topic: counts[number] for number, channel in summary.channels.items()}
    assert topics == {"/info": 1, "/camera": 2, "/sound": 1, "/emotion": 2}
    assert foreign.get_header().profile == "ros2"
    times = [message.log_time for _, _, message in foreign.iter_messages()]
    assert times == sorted(times)
    assert (summary.statistics.message_start_time, summary.statistics.message_end_time) == (
        times[0],
        times[-1],
    )
    assert sum(counts.values()) == len(times) == summary.statistics.message_count


def test_schemas_are_complete_so_that_no_install_is_needed(foreign):
    schemas = {schema.name: schema for schema in foreign.get_summary().schemas.values()}
    text = schemas[EMOTION_STATE].data.decode()
    assert schemas[EMOTION_STATE].encoding == "ros2msg"
    needed = ["std_msgs/Header", "builtin_interfaces/Time", "builtin_interfaces/Duration"]
    for name in [*needed, "sensor_msgs/RegionOfInterest"]:
        assert f"MSG: {name}" in text
    assert "uint8 WITHHELD=32" in text


def test_estimates_are_decoded_by_the_schema_in_the_file_alone(foreign):
    states = [decoded for _, _, _, decoded in foreign.iter_decoded_messages(topics=["/emotion"])]
    assert [state.header.stamp.sec for state in states] == [9, 10]
    state = states[0]
    assert (state.emotion, state.subject, state.model) == ("sad", "2", "model-1")
    assert list(state.probabilities) == [0.25, 0.75]
    assert (state.window.sec, state.window.nanosec) == (3, 600_000_000)
    assert (state.valence, state.arousal, state.flags) == (-0.5, 0.125, 48)
    assert math.isnan(state.intensity)


def test_composed_states_are_those_of_the_node():
    pytest.importorskip("rclpy", reason="rclpy is not installed: source ROS 2")
    pytest.importorskip("emotion_recognition.msg", reason="the interfaces are not built")
    from emotion_recognition.msg import EmotionState
    from rclpy.serialization import deserialize_message

    from emotion_recognition.bags.types import typestore
    from emotion_recognition.nodes.ros.convert import emotion_state as live_state

    given = replace(estimate(9 * SECOND), intensity=0.25)  # NaN is not equal to itself
    ours = bytes(typestore().serialize_cdr(emotion_state(given), EMOTION_STATE))
    assert deserialize_message(ours, EmotionState) == live_state(given, given.newest_ns)
