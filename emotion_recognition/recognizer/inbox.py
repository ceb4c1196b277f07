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

"""The bounded queue between what arrives and the worker that recognises."""

import threading
from collections import Counter, defaultdict, deque
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["image", "audio", "audio_info"]


@dataclass(frozen=True)
class Item:
    """One stored message, and its time of arrival by two clocks.

    ``received_ns`` is of the clock of the stamps, ``arrived_s`` of one that goes on steadily.
    ``camera`` is the name of the camera that an image is of; empty, where there is only one.
    """

    kind: Kind
    message: Any
    received_ns: int
    arrived_s: float
    camera: str = ""


class Inbox:
    """Messages in order of arrival: the newest images, and sound of a bounded time. Thread-safe.

    A camera's frame replaces its oldest waiting one when ``max_images`` of it wait already. Sound
    is dropped, oldest first, when it has waited longer than ``max_audio_s``. The description of
    what follows stays: it is often published once only.

    Attributes:
        dropped_images: by camera.
        dropped_audio: messages of sound.
    """

    def __init__(self, max_images: int, max_audio_s: float) -> None:
        self._max_images = max_images
        self._max_audio_s = max_audio_s
        self._changed = threading.Condition()
        self._images: dict[str, deque[tuple[int, Item]]] = defaultdict(deque)
        self._sound: deque[tuple[int, Item]] = deque()
        self._info: tuple[int, Item] | None = None  # the newest description that waited too long
        self._silent_at_ns: int | None = None
        self._count = 0
        self.closed = False
        self.dropped_images: Counter[str] = Counter()
        self.dropped_audio = 0

    def put(self, item: Item) -> None:
        """Store a message, and drop what has become too much."""
        with self._changed:
            self._count += 1
            if item.kind == "image":
                images = self._images[item.camera]
                images.append((self._count, item))
                if len(images) > self._max_images:
                    images.popleft()
                    self.dropped_images[item.camera] += 1
            else:
                self._sound.append((self._count, item))
                while self._sound[0][1].arrived_s < item.arrived_s - self._max_audio_s:
                    count, old = self._sound.popleft()
                    if old.kind == "audio_info":
                        self._info = (count, old)
                    else:
                        self.dropped_audio += 1
            self._changed.notify()

    def note_silence(self, now_ns: int) -> None:
        """Tell the worker that nothing has come for a while, as of ``now_ns`` of the node clock."""
        with self._changed:
            self._silent_at_ns = now_ns
            self._changed.notify()

    def close(self) -> None:
        """Let ``take`` return at once and for ever; nothing is handed out any more."""
        with self._changed:
            self.closed = True
            self._changed.notify()

    @property
    def waits(self) -> bool:
        """Whether there is a message to take."""
        with self._changed:
            return bool(self._images or self._sound)

    def take(self) -> tuple[list[Item], int | None] | None:
        """Wait for messages; return all of them in order, and the time of a noted silence.

        Returns None once the inbox is closed.
        """
        with self._changed:
            self._changed.wait_for(
                lambda: self.closed or self._images or self._sound or self._silent_at_ns is not None
            )
            if self.closed:
                return None
            entries = list(self._sound)
            entries += [entry for images in self._images.values() for entry in images]
            entries += [self._info] if self._info else []
            entries.sort(key=lambda entry: entry[0])
            silent_at_ns = self._silent_at_ns
            self._images.clear()
            self._sound.clear()
            self._info = None
            self._silent_at_ns = None
            return [item for _, item in entries], silent_at_ns
