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

"""One recording through the recogniser, with progress, estimates and faces as they come."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from emotion_recognition.bags.bag import Bag
from emotion_recognition.bags.clip import CLIP_EPOCH_NS, clip_duration_s
from emotion_recognition.bags.events import Event, FrameEvent, RecordingError
from emotion_recognition.bags.find import is_bag
from emotion_recognition.bags.read import read_events
from emotion_recognition.dashboard.convert import estimate_view, face_view
from emotion_recognition.dashboard.messages import (
    Advanced,
    Estimated,
    Message,
    Opened,
    Pictured,
    Seen,
)
from emotion_recognition.dashboard.schemas import FacesAt, ImageSize, ProgressEvent
from emotion_recognition.evaluation.offline import estimates_of
from emotion_recognition.recognizer import Recognizer

_PROGRESS_EVERY_S = 0.1
_SECOND_NS = 1_000_000_000


class CancelledError(Exception):
    """Nobody wants the result any more."""


class RecordingAnalysis:
    """Runs ``recognizer``, which must be fresh, over a file.

    Args:
        path: The recording.
        recognizer: Used for this recording alone.
        max_duration_s: A longer recording is refused.
        send: Called with each message.
        cancelled: Asked before each frame and piece of sound.
    """

    def __init__(
        self,
        path: Path,
        recognizer: Recognizer,
        max_duration_s: float,
        send: Callable[[Message], None],
        cancelled: Callable[[], bool],
    ) -> None:
        self._path = path
        self._recognizer = recognizer
        self._max_duration_s = max_duration_s
        self._send = send
        self._cancelled = cancelled
        self._duration_s: float | None = None
        self._origin_ns = 0
        self._reached_s = 0.0
        self._pictured = False
        self._reported_at_s = 0.0

    def run(self) -> float:
        """Send what is found; return the length of the recording in seconds.

        Raises:
            RecordingError: It cannot be read, or is too long.
            CancelledError: ``cancelled`` said so.
        """
        self._duration_s = _stated_duration_s(self._path)
        self._check_duration(self._duration_s or 0.0)
        self._send(Opened(duration=self._duration_s))
        for estimate in estimates_of(self._watched(), self._recognizer):
            self._send(Estimated(estimate=estimate_view(estimate, self._origin_ns)))
        return self._reached_s

    def _watched(self) -> Iterator[Event]:
        """Give the events to the recogniser, and note after each what became of it."""
        events = read_events(self._path)
        first = next(events)
        # A player shows a clip's beginning at 0, and a bag's first message is its beginning.
        self._origin_ns = min(first.received_ns, _stamp_ns(first))
        if not is_bag(self._path):
            self._origin_ns = CLIP_EPOCH_NS
        yield from self._one(first)
        for event in events:
            yield from self._one(event)

    def _one(self, event: Event) -> Iterator[Event]:
        if self._cancelled():
            raise CancelledError
        stamp_s = (_stamp_ns(event) - self._origin_ns) / _SECOND_NS
        self._check_duration(stamp_s)
        self._reached_s = max(self._reached_s, stamp_s)
        if not isinstance(event, FrameEvent):
            yield event
        else:
            looked: list[np.ndarray] = []  # the recogniser decodes only the frames that it wants

            def image() -> np.ndarray:
                looked.append(event.image())
                return looked[0]

            yield replace(event, image=image)
            if looked:
                self._tell_faces(stamp_s, looked[0])
        self._tell_progress()

    def _tell_faces(self, stamp_s: float, image: np.ndarray) -> None:
        if not self._pictured:
            self._pictured = True
            self._send(Pictured(image=ImageSize(width=image.shape[1], height=image.shape[0])))
        if self._recognizer.config.redact:
            return
        faces = [face_view(face) for face in self._recognizer.faces()]
        self._send(Seen(faces=FacesAt(time=round(stamp_s, 3), faces=faces)))

    def _tell_progress(self) -> None:
        now_s = time.monotonic()
        if now_s - self._reported_at_s < _PROGRESS_EVERY_S:
            return
        self._reported_at_s = now_s
        whole_s = self._duration_s or self._max_duration_s
        progress = min(0.999, self._reached_s / max(whole_s, 1e-3))
        self._send(Advanced(progress=ProgressEvent(progress=progress, time=self._reached_s)))

    def _check_duration(self, reached_s: float) -> None:
        if reached_s > self._max_duration_s:
            raise RecordingError(
                f"the recording is longer than {self._max_duration_s:g} s: send a shorter one, "
                "or raise the server's max_duration_s"
            )


def _stated_duration_s(path: Path) -> float | None:
    """Length by the file's own word, which may be wrong; None if it says nothing."""
    if not is_bag(path):
        return clip_duration_s(path)
    with Bag(path) as bag:
        return (bag.end_ns - bag.start_ns) / _SECOND_NS


def _stamp_ns(event: Event) -> int:
    return event.stamp_ns if isinstance(event, FrameEvent) else event.chunk.stamp_ns
