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

"""Clocks that were set back, and stamps of a time that is none: by a hand, a recording, a fault.

A source is a camera, by its name, or the sound: None.
"""

import math
from collections.abc import Mapping

from emotion_recognition.recognizer.part import SECOND_NS

LATE_NS = SECOND_NS
"""A stamp that is further back than this is a clock that was set back, not a late message."""

ABANDONED_NS = 10 * SECOND_NS
"""A source that is ahead is given up after so long a time of another's. That is longer than the
sound which a link may hold back and bring all at once."""

OLD_TIME_S = 10.0
"""For so long after the clock was set back what lies ahead of it is taken for left over; then for
the stamps of a source whose own clock is ahead."""

Stamps = Mapping[str | None, int]
"""Newest stamp of each source that has one, ns."""


class SetBack:
    """Tells what is left over from the time before a clock was set back.

    Streams come by ways of their own: the last messages of one, with stamps of the time before, may
    arrive behind the first of another with the new time. Taken for new they would seem to lie
    far ahead, and the next of the same stream to be set back once more.
    """

    def __init__(self, before: Stamps) -> None:
        """Take note of it; ``before``: of the time before."""
        self._before = dict(before)

    def is_left_over(self, source: str | None, stamp_ns: int, now: Stamps) -> bool:
        """Whether a message is left over, of a source that has sent none of the new time.

        Who goes on by the time before, for longer than ``LATE_NS``, keeps to it.

        Args:
            source: that of the message.
            stamp_ns: that of the message.
            now: of the new time.
        """
        before_ns = self._before.get(source)
        return (
            before_ns is not None
            and abs(stamp_ns - before_ns) <= LATE_NS
            and stamp_ns - max(now.values(), default=stamp_ns) > LATE_NS
        )


class OldTime:
    """Tells what is left over from before the receiver's clock was set back, by that clock.

    Whoever lags, a link or a publisher, brings it when the clock has been set, perhaps twice: its
    stamps lie ahead. :class:`SetBack` knows one step only, and who took part in the time before it.
    """

    def __init__(self) -> None:
        """Begin with a clock that was not set back."""
        self._skew_ns: int | None = None  # the clock less a steady one, at the newest message
        self._until_s = -math.inf

    def is_left_over(self, stamp_ns: int, received_ns: int, arrived_s: float) -> bool:
        """Take note of a message; return whether it is left over.

        Args:
            stamp_ns: that of the message.
            received_ns: its arrival by the clock.
            arrived_s: its arrival by a clock that goes on steadily.
        """
        skew_ns = received_ns - round(arrived_s * SECOND_NS)
        if self._skew_ns is not None and self._skew_ns - skew_ns > LATE_NS:
            self._until_s = arrived_s + OLD_TIME_S
        self._skew_ns = skew_ns
        return arrived_s < self._until_s and stamp_ns - received_ns > LATE_NS


class Abandoned:
    """Notices that the others go on far behind a source that says no more.

    Its last stamp was wrong, or of a time that was left: no window of theirs would be due before
    they have reached it.
    """

    def __init__(self) -> None:
        """Begin with no source known."""
        self._others: dict[str | None, dict[str | None, int]] = {}  # when it sent its newest

    def __len__(self) -> int:
        return len(self._others)

    def note(self, source: str | None, stamp_ns: int, newest: Stamps) -> bool:
        """Take note of a message; return whether a source that is ahead has been abandoned.

        That is by more than ``LATE_NS``, and it has sent nothing for ``ABANDONED_NS`` of this
        one's time.
        """
        found = any(
            ahead_ns - stamp_ns > LATE_NS
            and stamp_ns - self._others[leader].setdefault(source, stamp_ns) > ABANDONED_NS
            for leader, ahead_ns in newest.items()
            if leader != source and leader in self._others
        )
        for gone in self._others.keys() - newest.keys():  # faces of a robot come and go
            del self._others[gone]
        self._others[source] = {other: ns for other, ns in newest.items() if other != source}
        return found
