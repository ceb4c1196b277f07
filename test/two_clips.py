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

"""Two real clips side by side in one picture."""

from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np

from emotion_recognition.bags.events import Event, FrameEvent
from emotion_recognition.bags.read import read_events

SIDE = 280  # px, of each half
Picture = Callable[[], np.ndarray]


def faces_of(clip: Path, seconds: float | None = None) -> list[np.ndarray]:
    """The frames of a clip, of its first seconds, as squares about the face."""
    found = []
    begin_ns = None
    for event in read_events(clip, with_audio=False):
        assert isinstance(event, FrameEvent)
        begin_ns = event.stamp_ns if begin_ns is None else begin_ns
        if seconds is not None and event.stamp_ns - begin_ns >= seconds * 1e9:
            break
        found.append(square(event.image()))
    return found


def square(image: np.ndarray) -> np.ndarray:
    """The middle of an image, (SIDE, SIDE, 3)."""
    scale = SIDE / image.shape[0]
    image = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    left = max(0, (image.shape[1] - SIDE) // 2)
    return image[:SIDE, left : left + SIDE]


def beside(clip: Path, others: list[np.ndarray], *, on_the_right: bool = False) -> Iterator[Event]:
    """The events of a clip with its voice; beside its face, to and fro, those of somebody else."""
    loop = others + others[::-1]
    index = 0
    for event in read_events(clip):
        if not isinstance(event, FrameEvent):
            yield event
            continue
        yield FrameEvent(
            event.received_ns,
            event.stamp_ns,
            event.frame_id,
            _joined(event.image, loop[index % len(loop)], on_the_right),
        )
        index += 1


def _joined(image: Picture, other: np.ndarray, on_the_right: bool) -> Picture:
    def joined() -> np.ndarray:
        halves = [square(image()), other]
        return np.ascontiguousarray(np.hstack(halves[::-1] if on_the_right else halves))

    return joined
