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

"""The one thread that decodes, recognises and publishes; callbacks only fill its inbox."""

import logging
import threading
import time
import traceback
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from emotion_recognition.audio.decode import AudioFormatError, sanitize
from emotion_recognition.audio.messages import AudioFormat, audio_chunk, audio_format
from emotion_recognition.estimate import Estimate
from emotion_recognition.nodes.ros.convert import nanoseconds
from emotion_recognition.recognizer import Recognizer, RecognizerStatus
from emotion_recognition.recognizer.clock import OldTime
from emotion_recognition.recognizer.inbox import Inbox, Item
from emotion_recognition.recognizer.pace import Pace
from emotion_recognition.recognizer.part import SECOND_NS
from emotion_recognition.vision.messages import ImageFormatError, decode_image
from emotion_recognition.vision.stream import FaceObservation

log = logging.getLogger(__name__)

FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 5.0
CALM_S = 10.0
"""Work for so long without a failure, and the next one is the first again."""


class Worker:
    """Takes messages out of an inbox, one after the other, and hands on the estimates.

    Whatever goes wrong inside, it begins again: with nothing seen or heard, for nobody knows what
    the error left behind, and after a pause that doubles with each failure from ``FIRST_PAUSE_S``
    to ``LONGEST_PAUSE_S``, so that an error that comes back costs no more than that.

    Args:
        recognizer: Used by the worker's thread alone.
        inbox: Filled by the subscription callbacks.
        fallback: Format of sound that comes without a description.
        publish: Called with each estimate, in the worker's thread.
        complain: Called with a text about each message that cannot be used.
        show: Called with the camera and the header of each image that was looked at, its pixels
            (which may be drawn on) and the faces that were found, in the worker's thread.

    Attributes:
        used_images: by camera.
        rejected_images: by camera.
        rejected_audio: messages.
        heard_s: seconds of sound that could be used.
        failures: internal errors.
        last_error: the newest of these, in words; empty: none.
        restarts: how often the work has begun again.
        status: of the recogniser, as of the newest message.
    """

    def __init__(
        self,
        recognizer: Recognizer,
        inbox: Inbox,
        fallback: AudioFormat,
        publish: Callable[[Estimate], None],
        complain: Callable[[str], None],
        show: Callable[[str, Any, np.ndarray, list[FaceObservation]], None] | None = None,
    ) -> None:
        self._recognizer = recognizer
        self._pace = Pace(recognizer)
        self._inbox = inbox
        self._format = fallback
        self._publish = publish
        self._complain = complain
        self._show = show
        self._unusable_coding = ""
        self._old_time = OldTime()
        self._clock_ahead_ns = 0  # node clock less sensor stamp, of the last message
        self._tasks: deque[Callable[[Recognizer], None]] = deque()
        self._batch: deque[Item] = deque()  # taken out of the inbox
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="recognizer", daemon=True)
        self.used_images: Counter[str] = Counter()
        self.rejected_images: Counter[str] = Counter()
        self.rejected_audio = 0
        self.heard_s = 0.0
        self.failures = self.restarts = 0
        self.last_error = ""
        self.status: RecognizerStatus = recognizer.status()

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    def stop(self, timeout_s: float = 1.5) -> None:
        """Finish the message at hand and end; messages that still wait are left."""
        self._stopping.set()
        self._inbox.close()
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def before_next(self, task: Callable[[Recognizer], None]) -> None:
        """Have something done to the recogniser before the next message is worked on."""
        self._tasks.append(task)

    def _run(self) -> None:
        pause_s = FIRST_PAUSE_S
        began_s = time.monotonic()
        while not self._stopping.is_set():
            try:
                self._work()
            except Exception as error:
                if time.monotonic() - began_s > CALM_S:
                    pause_s = FIRST_PAUSE_S
                self._note_failure(error, pause_s)
                self._stopping.wait(pause_s)
                pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
                began_s = time.monotonic()
                self._tasks.appendleft(forget)
                self._pace = Pace(self._recognizer)
                self.restarts += 1

    def _note_failure(self, error: Exception, pause_s: float) -> None:
        where = traceback.extract_tb(error.__traceback__)[-1]
        self.failures += 1
        self.last_error = f"{type(error).__name__}: {error} ({where.name}, line {where.lineno})"
        self._complain(
            f"internal error, the work begins again in {pause_s:.1f} s: {self.last_error}"
        )
        log.debug("internal error", exc_info=error)

    def _work(self) -> None:
        """Work until the inbox is closed; first on what an error has left."""
        while self._finish_batch() and (work := self._inbox.take()) is not None:
            items, silent_at_ns = work
            self._batch.extend(items)
            if self._finish_batch() and silent_at_ns is not None:
                self._publish_silence(silent_at_ns)

    def _finish_batch(self) -> bool:
        """Work on the messages that were taken; return whether there may be more."""
        while not self._inbox.closed:
            while self._tasks:
                self._tasks.popleft()(self._recognizer)
            if not self._batch:
                return True
            item = self._batch.popleft()
            self._handle(item)
            # After each message, as an offline run does: so both see the same windows.
            self._publish_due(item, more_wait=bool(self._batch))
        return False

    def _handle(self, item: Item) -> None:
        if item.kind == "image":
            self._handle_image(item)
        elif item.kind == "audio":
            self._handle_audio(item)
        else:
            self._handle_audio_info(item.message)

    def _publish_due(self, item: Item, more_wait: bool) -> None:
        waited_s = time.monotonic() - item.arrived_s
        for estimate in self._pace.estimates(waited_s, more_wait, self._inbox.waits):
            self._publish(estimate)
        self.status = self._recognizer.status()

    def _publish_silence(self, silent_at_ns: int) -> None:
        gone = self._recognizer.unavailable(silent_at_ns - self._clock_ahead_ns)
        if gone is not None:
            self._publish(gone)
        self.status = self._recognizer.status()

    def _handle_image(self, item: Item) -> None:
        camera, message, received_ns = item.camera, item.message, item.received_ns
        stamp_ns = nanoseconds(message.header.stamp)
        if stamp_ns == 0:
            self._complain(
                "images carry no time stamp: their time of arrival is used instead. "
                "Let the camera driver set header.stamp"
            )
            stamp_ns = received_ns
        if self._is_left_over("image", stamp_ns, item):
            return
        self._clock_ahead_ns = received_ns - stamp_ns
        if not self._recognizer.wants_frame(stamp_ns, camera):
            return
        try:
            image = decode_image(message)
        except ImageFormatError as error:
            self.rejected_images[camera] += 1
            self._complain(f"image dropped: {error}")
            return
        self.used_images[camera] += 1
        self._recognizer.add_frame(stamp_ns, image, message.header.frame_id, camera)
        if self._show is not None:
            self._show(camera, message.header, image, self._recognizer.faces(camera))

    def _handle_audio(self, item: Item) -> None:
        message, received_ns = item.message, item.received_ns
        if self._unusable_coding:
            self.rejected_audio += 1
            self._complain(f"audio dropped: {self._unusable_coding}")
            return
        try:
            chunk = audio_chunk(message, self._format, received_ns)
        except AudioFormatError as error:
            self.rejected_audio += 1
            self._complain(f"audio dropped: {error}")
            return
        if hasattr(message, "header") and nanoseconds(message.header.stamp) == 0:
            self._complain(
                "sound carries no time stamp: its time of arrival is used instead. "
                "Let the capture node set header.stamp"
            )
        if self._is_left_over("audio", chunk.end_ns, item):
            return
        samples, bad = sanitize(chunk.samples)
        if bad:
            self._complain(f"audio has {bad} samples that are not finite: silence is put there")
            chunk = replace(chunk, samples=samples)
        self._clock_ahead_ns = received_ns - chunk.end_ns
        self.heard_s += len(samples) / chunk.sample_rate
        self._recognizer.add_audio(chunk)

    def _is_left_over(self, what: str, stamp_ns: int, item: Item) -> bool:
        """Whether a message is of the time before the node's clock was set back; says so."""
        found = self._old_time.is_left_over(stamp_ns, item.received_ns, item.arrived_s)
        if found:
            ahead_s = (stamp_ns - item.received_ns) / SECOND_NS
            self._complain(
                f"{what} dropped: its stamp is {ahead_s:.1f} s ahead of the clock, which was set "
                "back; it is left over from before, or the sender's clock has to be set too"
            )
        return found

    def _handle_audio_info(self, message: Any) -> None:
        try:
            self._format = audio_format(message)
            self._unusable_coding = ""
        except AudioFormatError as error:
            self._unusable_coding = str(error)


def forget(recognizer: Recognizer) -> None:
    """Reset a recogniser: a task for ``before_next``."""
    recognizer.reset()
