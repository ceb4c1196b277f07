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

"""What the node owes and what it gave: healthy time, estimates, gaps and stamps. No ROS.

Time is *played* time, seconds of stream since the start, which goes on through every jump of the
clock. A stretch of time between two jumps is an epoch: in it, a stamp is played time and an offset.

A stream is healthy once it has arrived for ``WARM_UP_S`` without a fault on it (a fault ends with
the last message that it concerns). Extra messages, such as duplicates, late copies and damaged
ones, and a change of the images' size or encoding leave a stream healthy. Healthy time is that in
which one stream or both are. A gap is a silence of more than two publish periods in healthy time.
"""

import itertools
import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

WARM_UP_S = 1.0
"""Of a stream that came back: what the node needs for an estimate (``min_window_s``)."""
GRACE_S = 0.35
"""Windows that end so close before an outage are not owed: a stream that lags is waited for."""
SECOND_NS = 1_000_000_000
_TOLERANCE_S = 1e-3


@dataclass(frozen=True)
class Epoch:
    """From played time ``begin_s`` on, a stamp is the played time and ``offset_ns``."""

    begin_s: float
    offset_ns: int


class Tally:
    """Takes note of each tick and each estimate; judges at the end.

    Attributes:
        now_s: what has been played.
        estimates: played times of the estimates, ascending.
        stale: of estimates whose stamp was not newer than one before, or of no time that was
            played: what had been played, and that stamp as played time of the newest epoch.
    """

    def __init__(self, period_s: float, offset_ns: int) -> None:
        """Start at played time 0; ``period_s`` is the time between two estimates."""
        self.period_s = period_s
        self.now_s = 0.0
        self.estimates: list[float] = []
        self.stale: list[tuple[float, float]] = []
        self._epochs = [Epoch(0.0, offset_ns)]
        self._newest_epoch = 0  # of the newest estimate
        self._since: dict[str, float] = {}  # since when each stream delivers
        self._ticked_s = 0.0
        self._healthy_from: float | None = None
        self._stretches: list[tuple[float, float]] = []

    def jump(self, at_s: float, by_s: float) -> None:
        """The clock was set at a played time: stamps go on ``by_s`` further."""
        offset_ns = self._epochs[-1].offset_ns + round(by_s * SECOND_NS)
        self._epochs.append(Epoch(at_s, offset_ns))
        self._since.clear()

    def stamp_ns(self, played_s: float) -> int:
        """The stamp of a played time of the newest epoch."""
        return round(played_s * SECOND_NS) + self._epochs[-1].offset_ns

    def tick(self, now_s: float, delivering: Sequence[str]) -> None:
        """At ``now_s`` these streams delivered as they should; those left out did not."""
        before_s, self._ticked_s = self._ticked_s, now_s
        self.now_s = now_s
        self._since = {stream: self._since.get(stream, now_s) for stream in delivering}
        if self.healthy:
            if self._healthy_from is None:
                self._healthy_from = now_s
        elif self._healthy_from is not None:
            self._stretches.append((self._healthy_from, before_s))
            self._healthy_from = None

    @property
    def healthy(self) -> bool:
        """Whether an estimate is owed now."""
        least_s = WARM_UP_S - _TOLERANCE_S
        return any(self.now_s - since >= least_s for since in self._since.values())

    @property
    def healthy_from_s(self) -> float | None:
        """Since when estimates have been owed; None if they are not."""
        return self._healthy_from

    def estimate(self, stamp_ns: int) -> float | None:
        """Take note of an estimate; return its played time, None if it is stale."""
        newest_s = self.estimates[-1] if self.estimates else -math.inf
        found = self._played(stamp_ns)
        if found is None or (found[0] == self._newest_epoch and found[1] <= newest_s):
            since_ns = stamp_ns - self._epochs[-1].offset_ns
            self.stale.append((self.now_s, since_ns / SECOND_NS))
            return None
        self._newest_epoch, played_s = found
        # The last window before a jump may end a little after the first data behind it.
        self.estimates.append(max(newest_s, played_s))
        return self.estimates[-1]

    def _played(self, stamp_ns: int) -> tuple[int, float] | None:
        """Epoch and played time: of the newest, or of one before that no estimate is newer than."""
        end_s = self.now_s
        for number in reversed(range(self._newest_epoch, len(self._epochs))):
            epoch = self._epochs[number]
            played_s = (stamp_ns - epoch.offset_ns) / SECOND_NS
            if epoch.begin_s - _TOLERANCE_S < played_s <= end_s + _TOLERANCE_S:
                return number, played_s
            end_s = epoch.begin_s + GRACE_S  # a window that ends soon after the last data
        return None

    def stretches(self) -> list[tuple[float, float]]:
        """Healthy time up to now, without what is not owed at the end of each stretch."""
        last = [] if self._healthy_from is None else [(self._healthy_from, self.now_s)]
        owed = [(begin, end - GRACE_S) for begin, end in [*self._stretches, *last]]
        return [(begin, end) for begin, end in owed if end > begin]

    def expected(self) -> int:
        """How many estimates healthy time is worth."""
        return sum(int((end - begin) / self.period_s) for begin, end in self.stretches())

    def gaps(self) -> list[tuple[float, float]]:
        """Begin and end of each gap, in played time."""
        return gaps(self.stretches(), self.estimates, 2 * self.period_s)


def gaps(
    stretches: Sequence[tuple[float, float]], times: Sequence[float], longest_s: float
) -> list[tuple[float, float]]:
    """Return the silences longer than ``longest_s`` between ascending ``times`` in stretches.

    A silence reaches from the beginning of the stretch, or a time, to the next time or the end.
    """
    found = []
    for begin, end in stretches:
        first, last = bisect_left(times, begin), bisect_right(times, end)
        marks = [begin, *times[first:last], end]
        found += [
            (before, after)
            for before, after in itertools.pairwise(marks)
            if after - before > longest_s + _TOLERANCE_S
        ]
    return found
