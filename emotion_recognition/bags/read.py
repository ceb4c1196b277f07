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

"""Reads frames and sound out of any recording: bags, videos, sound files, folders of images."""

import dataclasses
import functools
import logging
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from emotion_recognition.audio.decode import AudioFormatError
from emotion_recognition.audio.messages import AudioFormat, audio_chunk, audio_format
from emotion_recognition.bags.bag import Bag, RecordedMessage, RecordedTopic
from emotion_recognition.bags.clip import read_clip
from emotion_recognition.bags.events import AudioEvent, Event, FrameEvent, RecordingError
from emotion_recognition.bags.find import is_bag
from emotion_recognition.bags.image_folder import read_image_folder
from emotion_recognition.bags.types import (
    AUDIO_DATA,
    AUDIO_DATA_STAMPED,
    AUDIO_INFO,
    AUDIO_STAMPED,
    COMPRESSED_IMAGE,
    IMAGE,
)
from emotion_recognition.vision.messages import decode_image

log = logging.getLogger(__name__)

Sync = Literal["stamp", "receive-time"]
SYNCS: tuple[Sync, ...] = ("stamp", "receive-time")
"""Which time tells when an image or a sound was taken: its header's stamp, or its arrival."""

IMAGE_TYPES = (IMAGE, COMPRESSED_IMAGE)
STAMPED_AUDIO_TYPES = (AUDIO_DATA_STAMPED, AUDIO_STAMPED)
AUDIO_TYPES = (*STAMPED_AUDIO_TYPES, AUDIO_DATA)
_MAX_CLOCK_DISTANCE_S = 10.0  # more than any driver holds data back, and than a window is long
DEFAULT_FORMAT = AudioFormat(sample_rate=16_000, channels=1, sample_format="S16LE")
"""What ``audio_capture`` records by default."""


def read_events(
    path: Path,
    image_topic: str | None = None,
    audio_topic: str | None = None,
    *,
    with_images: bool = True,
    with_audio: bool = True,
    sync: Sync = "stamp",
    fallback: AudioFormat = DEFAULT_FORMAT,
) -> Iterator[Event]:
    """Yield the frames and the sound of a recording in the order of their arrival.

    Args:
        path: a bag of ROS 2 (folder, .mcap, .db3, also compressed by zstd) or of ROS 1 (.bag), a
            video or sound file, or a folder of images, with or without a sound file.
        image_topic: topic of the images in a bag; None: the only one, by type.
        audio_topic: topic of the sound in a bag; None: the only one, by type.
        with_images: whether frames are wanted.
        with_audio: whether sound is wanted.
        sync: "stamp" takes the header's stamps as sensor time. "receive-time" takes the times of
            arrival, for bags whose cameras and microphones had different clocks (video and sound
            files have one).
        fallback: format of sound in a bag that no ``AudioInfo`` describes.

    Raises:
        ValueError: ``sync`` is none of ``SYNCS``.
        RecordingError: the recording cannot be read, has nothing to use, has several topics to
            choose from, or its two streams have different clocks.
    """
    if sync not in SYNCS:
        raise ValueError(f"sync '{sync}': expected one of {', '.join(SYNCS)}")
    if not is_bag(path):
        if image_topic or audio_topic:
            raise RecordingError(f"{path} is no bag, so it has no topic to choose")
        read = read_image_folder if path.is_dir() else read_clip
        yield from read(path, with_images=with_images, with_audio=with_audio)
        return
    with Bag(path) as bag:
        images = _image_topic(bag, image_topic) if with_images else None
        audio = _audio_topic(bag, audio_topic) if with_audio else None
        if images is None and audio is None:
            wanted = [*(IMAGE_TYPES if with_images else ()), *(AUDIO_TYPES if with_audio else ())]
            raise RecordingError(
                f"{path} has nothing to use: expected messages of {' or '.join(wanted)};"
                f" it has {_listing(bag)}"
            )
        if audio:
            fallback = _recorded_format(bag, audio, fallback)
        events = _bag_events(bag, images, audio, fallback)
        if sync == "receive-time":
            yield from map(_by_arrival, events)
        else:
            if images and audio:
                _check_clocks(bag, images, audio, fallback)
            yield from events


def _check_clocks(bag: Bag, images: str, audio: str, sound_format: AudioFormat) -> None:
    """Compare how far the first stamp of each stream lies from its arrival.

    Raises:
        RecordingError: so far apart, the streams would never meet in one window.
    """
    frame = next(_bag_events(bag, images, None, sound_format), None)
    sound = next(_bag_events(bag, None, audio, sound_format), None)
    if not isinstance(frame, FrameEvent) or not isinstance(sound, AudioEvent):
        return
    ahead_ns = (frame.stamp_ns - frame.received_ns) - (sound.chunk.end_ns - sound.received_ns)
    if abs(ahead_ns) > _MAX_CLOCK_DISTANCE_S * 1e9:
        raise RecordingError(
            f"{bag.path}: by their header stamps, the images of {images} are "
            f"{abs(ahead_ns) / 1e9:.0f} s {'ahead of' if ahead_ns > 0 else 'behind'} the sound of "
            f"{audio} that arrived with them: two clocks that were not set alike. Use the times of "
            "arrival (--sync receive-time), or one stream (--audio-only, --video-only)"
        )


def _by_arrival(event: Event) -> Event:
    if isinstance(event, FrameEvent):
        return dataclasses.replace(event, stamp_ns=event.received_ns)
    begin_ns = event.received_ns - event.chunk.duration_ns
    chunk = dataclasses.replace(event.chunk, stamp_ns=begin_ns, exact_stamp=False)
    return AudioEvent(event.received_ns, chunk)


def _bag_events(
    bag: Bag, images: str | None, audio: str | None, sound_format: AudioFormat
) -> Iterator[Event]:
    unusable: Counter[str] = Counter()
    for message in bag.messages([topic for topic in (images, audio) if topic]):
        try:
            if message.topic == images:
                event: Event = _frame_event(bag.decode(message), message.received_ns)
            else:
                event = _audio_event(bag, message, sound_format)
        except (AudioFormatError, RecordingError) as error:
            unusable[message.topic] += 1
            if unusable[message.topic] == 1:
                log.warning("%s: a message of %s is dropped: %s", bag.path, message.topic, error)
        else:
            yield event
    for topic, count in unusable.items():
        if count > 1:
            log.warning("%s: %d messages of %s were dropped", bag.path, count, topic)


def _frame_event(image: Any, received_ns: int) -> FrameEvent:
    stamp_ns = image.header.stamp.sec * 1_000_000_000 + image.header.stamp.nanosec
    decode = functools.partial(decode_image, image)
    return FrameEvent(received_ns, stamp_ns or received_ns, image.header.frame_id, decode)


def _audio_event(bag: Bag, message: RecordedMessage, sound_format: AudioFormat) -> AudioEvent:
    chunk = audio_chunk(bag.decode(message), sound_format, message.received_ns)
    return AudioEvent(message.received_ns, chunk)


def _recorded_format(bag: Bag, audio_topic: str, fallback: AudioFormat) -> AudioFormat:
    """Format by the recorded ``AudioInfo``; it is needed before the first sound, so look ahead."""
    infos = [topic for topic in bag.topics.values() if topic.msgtype == AUDIO_INFO and topic.count]
    if not infos or bag.topics[audio_topic].msgtype == AUDIO_STAMPED:
        return fallback
    namespace = audio_topic.rpartition("/")[0]
    infos.sort(key=lambda topic: topic.name.rpartition("/")[0] != namespace)
    first = next(bag.messages([infos[0].name]), None)
    if first is None:  # it was counted, but is damaged
        return fallback
    try:
        return audio_format(bag.decode(first))
    except AudioFormatError as error:
        raise RecordingError(
            f"{bag.path}: {error}; of this recording, only the images can be used (--video-only)"
        ) from error


def _image_topic(bag: Bag, asked: str | None) -> str | None:
    if asked:
        return _asked_topic(bag, asked, IMAGE_TYPES)
    found = _topics_of(bag, IMAGE_TYPES)
    # image_transport publishes the same picture again below its topic, as in image_raw/compressed.
    raw = [topic.name + "/" for topic in found]
    return _only(bag, [topic for topic in found if not topic.name.startswith(tuple(raw))], "image")


def _audio_topic(bag: Bag, asked: str | None) -> str | None:
    if asked:
        return _asked_topic(bag, asked, AUDIO_TYPES)
    # audio_capture publishes the same sound with and without stamps.
    found = _topics_of(bag, STAMPED_AUDIO_TYPES) or _topics_of(bag, (AUDIO_DATA,))
    return _only(bag, found, "audio")


def _topics_of(bag: Bag, types: tuple[str, ...]) -> list[RecordedTopic]:
    return [topic for topic in bag.topics.values() if topic.msgtype in types and topic.count]


def _only(bag: Bag, found: list[RecordedTopic], kind: str) -> str | None:
    if len(found) > 1:
        names = ", ".join(sorted(topic.name for topic in found))
        raise RecordingError(f"{bag.path} has several {kind} topics: choose one of {names}")
    return found[0].name if found else None


def _asked_topic(bag: Bag, name: str, types: tuple[str, ...]) -> str:
    topic = bag.topics.get(name) or bag.topics.get(f"/{name}")
    if topic is None or topic.msgtype not in types:
        raise RecordingError(
            f"{bag.path} has no topic {name} of {' or '.join(types)}; it has {_listing(bag)}"
        )
    return topic.name


def _listing(bag: Bag) -> str:
    topics = sorted(bag.topics.values(), key=lambda topic: topic.name)
    lines = [f"{topic.name} ({topic.count} of {topic.msgtype})" for topic in topics]
    return ", ".join(lines) or "no topics"
