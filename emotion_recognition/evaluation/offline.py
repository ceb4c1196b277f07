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

"""Runs the recogniser over a recording, by the same steps as the live node, without ROS."""

import logging
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from emotion_recognition.bags.clip import CLIP_EPOCH_NS
from emotion_recognition.bags.events import Event, FrameEvent
from emotion_recognition.bags.find import is_bag
from emotion_recognition.bags.read import read_events
from emotion_recognition.estimate import Estimate
from emotion_recognition.model.emotion_model import EmotionModel
from emotion_recognition.recognizer import Recognizer, RecognizerConfig
from emotion_recognition.vision.messages import ImageFormatError

log = logging.getLogger(__name__)


def recognize(
    path: Path,
    config: RecognizerConfig,
    model: EmotionModel | None = None,
    *,
    audio_only: bool = False,
    video_only: bool = False,
    image_topic: str | None = None,
    audio_topic: str | None = None,
) -> Iterator[Estimate]:
    """Yield the estimates of a bag or clip, each as soon as its window is complete.

    Args:
        path: a ROS 2 bag (folder, .mcap or .db3), or a video or sound file.
        config: settings, as of the live node.
        model: the model; None: the shipped one.
        audio_only: leave out the images.
        video_only: leave out the sound.
        image_topic: topic of the images in a bag; None: the only one.
        audio_topic: topic of the sound in a bag; None: the only one.

    Raises:
        ValueError: both streams are left out.
        RecordingError: the recording cannot be read or has nothing to use.
    """
    if audio_only and video_only:
        raise ValueError("audio_only and video_only leave nothing: choose one of them")
    events = read_events(
        path, image_topic, audio_topic, with_images=not audio_only, with_audio=not video_only
    )
    return estimates_of(events, Recognizer(config, model))


def estimates_of(events: Iterable[Event], recognizer: Recognizer) -> Iterator[Estimate]:
    """Feed events to a recogniser and yield what it estimates."""
    feed = Feed(recognizer)
    for event in events:
        yield from feed.silence(event)
        feed.add(event)
        yield from recognizer.estimates()
    feed.close()


class Feed:
    """Hands the events of a recording to a recogniser, one after the other."""

    def __init__(self, recognizer: Recognizer) -> None:
        self._recognizer = recognizer
        self._unusable = 0

    def silence(self, event: Event) -> list[Estimate]:
        """Return the note of the silence that an event ends, if there was one."""
        silence = self._recognizer.unavailable(_stamp_ns(event))
        return [] if silence is None else [silence]

    def add(self, event: Event) -> None:
        """Take up an event."""
        recognizer = self._recognizer
        if not isinstance(event, FrameEvent):
            recognizer.add_audio(event.chunk)
        elif recognizer.wants_frame(event.stamp_ns):
            try:
                recognizer.add_frame(event.stamp_ns, event.image(), event.frame_id)
            except ImageFormatError as error:
                self._unusable += 1
                if self._unusable == 1:
                    log.warning("image dropped: %s", error)

    def close(self) -> None:
        """Tell how many images could not be used."""
        if self._unusable > 1:
            log.warning("%d images were dropped", self._unusable)


def _stamp_ns(event: Event) -> int:
    return event.stamp_ns if isinstance(event, FrameEvent) else event.chunk.stamp_ns


def time_origin_ns(path: Path) -> int:
    """Sensor time to count from: a clip's beginning; a bag keeps its own time."""
    return 0 if is_bag(path) else CLIP_EPOCH_NS


def overall_emotion(estimates: Iterable[Estimate]) -> tuple[str, float] | None:
    """Return the label of the highest mean probability, and that mean; None without estimates."""
    available = [estimate for estimate in estimates if estimate.available]
    if not available:
        return None
    mean = np.mean([estimate.probabilities for estimate in available], axis=0)
    best = int(mean.argmax())
    return available[0].labels[best], float(mean[best])
