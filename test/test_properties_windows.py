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

"""The ring buffer and the inbox against simple models, through any sequence of calls."""

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from emotion_recognition.recognizer.inbox import Inbox, Item
from emotion_recognition.windows import RingBuffer

SETTINGS = settings(max_examples=60, stateful_step_count=40)
FAR_NS = 2**31 * 1_000_000_000  # the largest stamp of a message, and its like before 1970
STAMPS = st.one_of(
    st.integers(0, 60), st.integers(0, 60), st.sampled_from([-FAR_NS, 0, 1000, FAR_NS - 1, FAR_NS])
)


class RingBufferMachine(RuleBasedStateMachine):
    """A dictionary of samples by stamp keeps the promises of the buffer the slow way."""

    @initialize(
        width=st.integers(1, 3), span=st.sampled_from([1, 7, 20, 2**62]), capacity=st.integers(1, 9)
    )
    def make(self, width: int, span: int, capacity: int) -> None:
        self.width, self.span, self.capacity = width, span, capacity
        self.ring = RingBuffer(width, span, 2 * capacity * (8 + 4 * width))
        self.kept: dict[int, float] = {}
        self.dropped = self.restarts = 0
        self.value = 0.0

    def _add_to_model(self, stamp: int, value: float) -> None:
        if self.kept and not -self.span < stamp - max(self.kept) <= self.span:
            self.kept.clear()
            self.restarts += 1
        self.kept[stamp] = value
        newest = max(self.kept)
        self.kept = {at: each for at, each in self.kept.items() if at > newest - self.span}
        while len(self.kept) > self.capacity:
            del self.kept[min(self.kept)]
            self.dropped += 1

    @rule(stamps=st.lists(STAMPS, max_size=6))
    def add(self, stamps: list[int]) -> None:
        values = [self.value + index for index in range(len(stamps))]
        self.value += len(stamps)
        rows = np.repeat(np.array(values, np.float32)[:, None], self.width, axis=1)
        self.ring.add(stamps, rows)
        for stamp, value in zip(stamps, values, strict=True):
            self._add_to_model(stamp, value)

    @rule(steps=st.lists(st.integers(1, 3), min_size=1, max_size=8))
    def go_on(self, steps: list[int]) -> None:
        newest = max(self.kept, default=0)
        if newest < FAR_NS - 100:
            self.add([newest + sum(steps[: index + 1]) for index in range(len(steps))])

    @rule()
    def clear(self) -> None:
        self.ring.clear()
        self.kept.clear()

    @rule(start=STAMPS, length=st.integers(-5, 100))
    def window(self, start: int, length: int) -> None:
        stamps, values = self.ring.window(start, start + length)
        inside = sorted(at for at in self.kept if start < at <= start + length)
        assert stamps.tolist() == inside
        assert values.shape == (len(inside), self.width)
        assert (values == np.array([self.kept[at] for at in inside])[:, None]).all()
        values[:] = -1  # a copy: what is kept does not change

    @invariant()
    def agrees(self) -> None:
        assert len(self.ring) == len(self.kept) <= self.capacity
        assert self.ring.newest_ns == max(self.kept, default=None)
        assert self.ring.oldest_ns == min(self.kept, default=None)
        assert (self.ring.dropped, self.ring.restarts) == (self.dropped, self.restarts)


class InboxMachine(RuleBasedStateMachine):
    """A plain list of what was put and not yet taken or dropped."""

    @initialize(images=st.integers(1, 3), sound_s=st.sampled_from([0.5, 2.0, 10.0]))
    def make(self, images: int, sound_s: float) -> None:
        self.inbox = Inbox(images, sound_s)
        self.images, self.sound_s = images, sound_s
        self.waiting: list[Item] = []
        self.dropped_images: dict[str, int] = {}
        self.dropped_audio = 0
        self.silent: int | None = None
        self.now_s, self.count = 0.0, 0

    def _put(self, kind: str, camera: str = "") -> None:
        self.count += 1
        item = Item(kind, self.count, self.count, self.now_s, camera)
        self.inbox.put(item)
        self.waiting.append(item)

    @rule(camera=st.sampled_from(["", "rear"]))
    def put_image(self, camera: str) -> None:
        self._put("image", camera)
        own = [each for each in self.waiting if each.kind == "image" and each.camera == camera]
        if len(own) > self.images:
            self.waiting.remove(own[0])
            self.dropped_images[camera] = self.dropped_images.get(camera, 0) + 1

    @rule(
        kind=st.sampled_from(["audio", "audio", "audio_info"]), after_s=st.sampled_from([0, 0.4, 3])
    )
    def put_sound(self, kind: str, after_s: float) -> None:
        self.now_s += after_s
        self._put(kind)
        late = [
            each
            for each in self.waiting
            if each.kind != "image" and each.arrived_s < self.now_s - self.sound_s
        ]
        descriptions = [each for each in late if each.kind == "audio_info"]
        for each in late:
            if each not in descriptions[-1:]:
                self.waiting.remove(each)
                self.dropped_audio += each.kind == "audio"

    @rule()
    def note_silence(self) -> None:
        self.count += 1
        self.silent = self.count
        self.inbox.note_silence(self.silent)

    @precondition(lambda self: self.waiting or self.silent is not None)
    @rule()
    def take(self) -> None:
        assert self.inbox.take() == (self.waiting, self.silent)
        self.waiting, self.silent = [], None

    @invariant()
    def counts(self) -> None:
        assert dict(self.inbox.dropped_images) == self.dropped_images
        assert self.inbox.dropped_audio == self.dropped_audio

    def teardown(self) -> None:
        if hasattr(self, "inbox"):
            self.inbox.close()
            assert self.inbox.take() is None


RingBufferMachine.TestCase.settings = SETTINGS
InboxMachine.TestCase.settings = SETTINGS
TestRingBuffer = RingBufferMachine.TestCase
TestInbox = InboxMachine.TestCase
