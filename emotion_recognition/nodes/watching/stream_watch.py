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

"""Watches a stream: how often messages come, how old they are, how many are missing."""

from collections import deque
from dataclasses import dataclass
from typing import Any

import numpy as np

from emotion_recognition.nodes.ros.convert import nanoseconds
from emotion_recognition.nodes.watching.diagnostics import Arrivals

_WINDOW_S = 5.0
_LEAST_S = 2.0  # of arrivals, before a rate is judged
_LEAST_INTERVALS = 8
_PAUSE_S = 1.0  # between two stamps: longer is silence, not loss
_MOST = 1024  # messages of a window


@dataclass(frozen=True)
class Timing:
    """What the newest messages tell of their stream.

    Attributes:
        rate: messages a second; None before there is enough to tell.
        lost: share of the messages that are missing between the stamps of their neighbours, 0 to 1.
        age_s: node clock less stamp at arrival, median; None where the newest message has no stamp.
        message_bytes: data of the newest message.
    """

    rate: float | None = None
    lost: float = 0.0
    age_s: float | None = None
    message_bytes: int = 0


class StreamWatch(Arrivals):
    """Arrivals of one stream, and what the stamps of the newest ones tell."""

    def __init__(self) -> None:
        super().__init__()
        self._newest: deque[tuple[float, int, int]] = deque(maxlen=_MOST)
        self._bytes = 0

    def note(self, message: Any, arrived_s: float, received_ns: int) -> None:
        """Count a message that came at ``arrived_s`` (steady) and ``received_ns`` (node clock)."""
        self.tick(arrived_s)
        header = getattr(message, "header", None)
        stamp_ns = 0 if header is None else nanoseconds(header.stamp)
        self._newest.append((arrived_s, received_ns, stamp_ns))
        self._bytes = len(getattr(message, "data", ()))

    def timing(self, now_s: float) -> Timing:
        """Judge the messages of the newest seconds."""
        while self._newest and self._newest[0][0] < now_s - _WINDOW_S:
            self._newest.popleft()
        if not self._newest:
            return Timing()
        arrived_s, received_ns, stamps_ns = map(np.array, zip(*self._newest, strict=True))
        span_s = now_s - arrived_s[0]
        stamped = stamps_ns[-1] > 0
        return Timing(
            rate=len(arrived_s) / span_s if span_s >= _LEAST_S else None,
            lost=lost_share(np.diff(stamps_ns) / 1e9) if stamped else 0.0,
            age_s=float(np.median(received_ns - stamps_ns)) / 1e9 if stamped else None,
            message_bytes=self._bytes,
        )


class Progress:
    """How much a total has grown of late, by a clock."""

    def __init__(self, window_s: float) -> None:
        """Keep what was noted in the newest ``window_s``."""
        self._window_s = window_s
        self._noted: deque[tuple[float, float]] = deque(maxlen=_MOST)

    def note(self, total: float, now_s: float) -> None:
        """Note the total as of now; a clock that was set back starts afresh."""
        if self._noted and now_s <= self._noted[-1][0]:
            self._noted.clear()
        self._noted.append((now_s, total))
        while self._noted[0][0] < now_s - self._window_s:
            self._noted.popleft()

    @property
    def grown(self) -> float:
        """By how much, within the window."""
        return self._noted[-1][1] - self._noted[0][1] if self._noted else 0.0

    def rate(self, least_s: float) -> float | None:
        """Growth a second; None before ``least_s`` have been seen."""
        span_s = self._noted[-1][0] - self._noted[0][0] if self._noted else 0.0
        return self.grown / span_s if span_s >= least_s else None


def lost_share(intervals_s: np.ndarray) -> float:
    """Estimate which share of the messages of a steady source is missing, 0 to 1.

    The source's period is that of the intervals without a gap in them. A quarter of the intervals
    must be such: of a stream that loses more, too little is left to tell.

    Args:
        intervals_s: (N,) from stamp to stamp; pauses and jumps of the clock are left out.
    """
    intervals_s = intervals_s[(intervals_s > 0) & (intervals_s < _PAUSE_S)]
    if len(intervals_s) < _LEAST_INTERVALS:
        return 0.0
    period_s = float(np.percentile(intervals_s, 25))
    for _ in range(2):  # jitter makes the first guess too short
        period_s = float(intervals_s[intervals_s < 1.5 * period_s].mean())
    return max(0.0, 1 - len(intervals_s) * period_s / float(intervals_s.sum()))
