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

"""Writes a recording again with estimates beside what they were made of, for Foxglove or rviz."""

import heapq
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

from emotion_recognition.bags import compose
from emotion_recognition.bags.bag import Bag
from emotion_recognition.bags.find import is_bag
from emotion_recognition.bags.read import (
    IMAGE_TYPES,
    STAMPED_AUDIO_TYPES,
    Sync,
    read_events,
)
from emotion_recognition.bags.types import EMOTION_STATE
from emotion_recognition.bags.write import BagWriter, bag_writer, write_event
from emotion_recognition.estimate import Estimate

EMOTION_TOPICS = ("/emotion", "/emotion_offline")
"""Where the estimates go: to the second, where the robot's own were recorded on the first."""


def write_with_estimates(
    recording: Path,
    estimates: Iterable[Estimate],
    out: Path,
    *,
    sync: Sync = "stamp",
    storage: str = "mcap",
    force: bool = False,
) -> str:
    """Write the bag ``out``: the messages of ``recording`` and an ``EmotionState`` an estimate.

    Bags are copied message by message; of a clip the frames are written as JPEG. An estimate has
    the time of arrival at which the end of its window arrived. The folder appears under its name
    only when it is complete.

    Args:
        recording: what ``read_events`` reads.
        estimates: in order of time.
        out: the folder to write.
        sync: by which time the estimates were made.
        storage: "mcap" or "sqlite3".
        force: whether to replace an existing bag.

    Returns:
        The topic of the estimates, one of ``EMOTION_TOPICS``.

    Raises:
        RecordingError: the recording cannot be read, or ``out`` exists.
        OSError: ``out`` cannot be written; nothing is left of it.
    """
    with bag_writer(out, storage=storage, force=force, recording=recording.name) as writer:
        if not is_bag(recording):
            topic = EMOTION_TOPICS[0]
            _write(_clip(writer, recording), _estimates(writer, estimates, topic, 0))
            return topic
        with Bag(recording) as bag:
            topic = EMOTION_TOPICS[EMOTION_TOPICS[0] in bag.topics]
            delay_ns = _delay_ns(bag) if sync == "stamp" else 0
            _write(_copies(writer, bag), _estimates(writer, estimates, topic, delay_ns))
            return topic


_Step = tuple[int, Callable[[], None]]  # a time of arrival, and what writes what arrived then


def _write(*streams: Iterator[_Step]) -> None:
    for _, write in heapq.merge(*streams, key=lambda step: step[0]):
        write()


def _copies(writer: BagWriter, bag: Bag) -> Iterator[_Step]:
    for message in bag.messages():
        yield (
            message.received_ns,
            partial(
                writer.write_serialized,
                message.topic,
                message.msgtype,
                message.received_ns,
                message.data,
                bag.typestore,
                latched=bag.topics[message.topic].latched,
            ),
        )


def _clip(writer: BagWriter, clip: Path) -> Iterator[_Step]:
    for event in read_events(clip):
        yield event.received_ns, partial(write_event, writer, event, compose.JPEG_QUALITY)


def _estimates(
    writer: BagWriter, estimates: Iterable[Estimate], topic: str, delay_ns: int
) -> Iterator[_Step]:
    for estimate in estimates:
        received_ns = estimate.stamp_ns + delay_ns
        message = compose.emotion_state(estimate)
        yield received_ns, partial(writer.write, topic, EMOTION_STATE, received_ns, message)


def _delay_ns(bag: Bag) -> int:
    """From the stamp to the arrival of the first image, or else of the first sound."""
    for types in (IMAGE_TYPES, STAMPED_AUDIO_TYPES):
        for topic in bag.topics.values():
            first = next(bag.messages([topic.name]), None) if topic.msgtype in types else None
            if first is not None:
                stamp = bag.decode(first).header.stamp
                stamp_ns = stamp.sec * 1_000_000_000 + stamp.nanosec
                return first.received_ns - stamp_ns if stamp_ns else 0
    return 0
