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

"""What fuzzing found: each was a crash once."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from recordings import (
    SECOND,
    audio_info,
    audio_stamped,
    header,
    image,
    message,
    tone,
    write_bag,
)

from emotion_recognition.bags.bag import Bag, RecordedMessage
from emotion_recognition.bags.events import RecordingError
from emotion_recognition.bags.read import DEFAULT_FORMAT, read_events
from emotion_recognition.bags.table import COLUMNS
from emotion_recognition.bags.types import EMOTION_STATE, IMAGE
from emotion_recognition.studies.label_source import Extent, label_source

SOUND = tone(0.1, 16_000)
MESSAGES = [
    ("/info", SECOND, audio_info(rate=16_000, channels=1)),
    ("/image", SECOND, image(SECOND)),
    ("/audio", SECOND, audio_stamped(SECOND, SOUND)),
]


def replaced(path: Path, before: bytes, after: bytes) -> Path:
    """A bag's storage file with a text in place of another of the same length."""
    (file,) = path.glob("*.mcap")
    content = file.read_bytes()
    assert before in content and len(before) == len(after)
    file.write_bytes(content.replace(before, after))
    return file


def test_a_description_of_the_sound_that_is_counted_but_lost(tmp_path: Path, monkeypatch):
    bag = write_bag(tmp_path / "bag", MESSAGES)
    whole = Bag.messages

    def lost(self: Bag, topics=None) -> Iterator[RecordedMessage]:
        return (each for each in whole(self, topics) if each.topic != "/info")

    monkeypatch.setattr(Bag, "messages", lost)
    chunks = [event.chunk for event in read_events(bag, with_images=False)]
    assert [chunk.sample_rate for chunk in chunks] == [DEFAULT_FORMAT.sample_rate]


@pytest.mark.parametrize(
    ("before", "after", "topic"),
    [
        (b"uint8 is_bigendian", b"uint8 is_bigondian", "/image"),
        (b"uint32 sample_rate", b"uint32 samplo_rate", "/info"),
        (b"string frame_id", b"string frame_od", "/image"),
    ],
)
def test_a_definition_without_a_field_that_is_needed(
    tmp_path: Path, before: bytes, after: bytes, topic: str
):
    file = replaced(write_bag(tmp_path / "bag", MESSAGES), before, after)
    with Bag(file) as bag:
        (lacking,) = bag.messages([topic])
        with pytest.raises(RecordingError, match="definition in the recording lacks fields"):
            bag.decode(lacking)


def test_one_damaged_definition_leaves_the_other_types_readable(tmp_path: Path):
    file = replaced(write_bag(tmp_path / "bag", MESSAGES), b"uint32 bitrate", b"uint32 bitrote")
    with Bag(file) as bag:
        (info,) = bag.messages(["/info"])
        with pytest.raises(RecordingError, match=r"audio_common_msgs.*lacks fields"):
            bag.decode(info)
        (picture,) = bag.messages(["/image"])
        assert bag.decode(picture).encoding == "bgr8"


def test_another_definition_of_time_is_left_out(tmp_path: Path):
    file = replaced(write_bag(tmp_path / "bag", MESSAGES), b"uint32 nanosec", b"uint32 nanosac")
    with Bag(file) as bag:
        (picture,) = bag.messages(["/image"])
        assert bag.decode(picture).header.stamp.nanosec == 0


def test_a_label_topic_whose_ratings_are_no_numbers(tmp_path: Path):
    fields = {
        "header": header(SECOND),
        "window": message("builtin_interfaces/msg/Duration", sec=1, nanosec=0),
        "face": message(
            "sensor_msgs/msg/RegionOfInterest",
            x_offset=0,
            y_offset=0,
            height=0,
            width=0,
            do_rectify=False,
        ),
        "labels": ["sad"],
        "probabilities": np.ones(1, np.float32),
        "emotion": "sad",
        "latency": message("builtin_interfaces/msg/Duration", sec=0, nanosec=0),
        **dict.fromkeys(("subject", "model"), ""),
        **dict.fromkeys(("confidence", "valence", "arousal", "intensity"), 0.5),
        **dict.fromkeys(("audio_weight", "video_weight"), 0.5),
        "flags": 0,
    }
    state = message(EMOTION_STATE, **fields)
    bag = write_bag(tmp_path / "bag", [("/emotion", SECOND, state)])
    file = replaced(bag, b"float32 valence\n", b"byte[4] valence\n")
    recording = Extent(file, "bag", SECOND, 2 * SECOND)
    (label,) = label_source("/emotion").labels_of(recording)
    assert (label.emotion, label.valence != label.valence, label.arousal) == ("sad", True, 0.5)


def test_images_whose_type_is_damaged_are_dropped_and_the_sound_is_read(tmp_path: Path, caplog):
    before, after = b"uint8 is_bigendian", b"uint8 is_bigondian"
    file = replaced(write_bag(tmp_path / "bag", MESSAGES), before, after)
    (event,) = read_events(file)
    assert event.chunk.sample_rate == 16_000
    assert "whose definition in the recording lacks fields" in caplog.text and IMAGE in caplog.text


# --- tables of estimates --------------------------------------------------------------------------


@pytest.mark.parametrize("number", ["1e999999999000", "12.01e999999999000", "1e-999999999000"])
def test_an_exponent_without_end_does_not_end_the_process(tmp_path: Path, number: str):
    pytest.importorskip("pandas")
    from emotion_recognition.studies.outputs import read_estimates

    row = dict.fromkeys(COLUMNS, "") | {"time": number, "stamp_ns": "1", "confidence": number}
    path = tmp_path / "a.csv"
    path.write_text(",".join(row) + "\n" + ",".join(row.values()) + "\n")
    expected = 0.0 if "-" in number else np.inf
    assert read_estimates(path)[["time", "confidence"]].to_numpy().tolist() == [[expected] * 2]


@pytest.mark.parametrize("cell", ["9" * 40, "1.5", "", "x", None, [1], {}])
def test_a_stamp_that_is_none_is_told_with_its_column(tmp_path: Path, cell: object):
    pytest.importorskip("pandas")
    from emotion_recognition.studies.outputs import read_estimates

    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps(dict.fromkeys(COLUMNS) | {"stamp_ns": cell}) + "\n")
    with pytest.raises(ValueError, match="column stamp_ns: not a number"):
        read_estimates(path)


def test_rows_nested_without_end(tmp_path: Path):
    pytest.importorskip("pandas")
    from emotion_recognition.studies.outputs import read_estimates

    path = tmp_path / "a.jsonl"
    path.write_text("[" * 100_000)
    with pytest.raises(ValueError, match="nested too deeply"):
        read_estimates(path)


def test_a_damaged_parquet_file_is_told(tmp_path: Path):
    pytest.importorskip("pandas")
    parquet = pytest.importorskip("pyarrow.parquet")
    arrow = pytest.importorskip("pyarrow")
    from emotion_recognition.studies.outputs import read_estimates

    path = tmp_path / "a.parquet"
    parquet.write_table(arrow.table({"subject": ["abcdefgh"]}), path, compression="none")
    path.write_bytes(path.read_bytes().replace(b"abcdefgh", b"abc\xff\xfe\x80gh"))
    with pytest.raises(ValueError, match=r"a\.parquet"):
        read_estimates(path)


# --- estimates of others --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"labels": ["sad"]}, "1 labels and 2 probabilities"),
        ({"probabilities": [0.5, float("nan")]}, "probabilities nan: expected 0 to 1"),
        ({"probabilities": [0.5, 3e38]}, "probabilities 3e"),
        ({"confidence": float("inf")}, "confidence inf"),
        ({"audio_weight": float("nan")}, "audio_weight nan"),
        ({"valence": -1.5}, "valence -1.5: expected -1 to 1"),
    ],
)
def test_estimates_that_break_the_promises_of_the_message_are_refused(changes: dict, told: str):
    msg = pytest.importorskip("emotion_recognition.msg", reason="the interfaces are not built")
    from emotion_recognition.nodes.ros.convert import StateError, check_state

    fields = {"labels": ["sad", "calm"], "probabilities": [0.25, 0.75], "valence": float("nan")}
    check_state(msg.EmotionState(**fields))
    with pytest.raises(StateError, match=told):
        check_state(msg.EmotionState(**{**fields, **changes}))
