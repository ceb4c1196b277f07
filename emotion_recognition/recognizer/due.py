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

"""Which windows are due: those that the streams have reached and that were not judged before."""

from collections.abc import Iterable

from emotion_recognition.recognizer.config import RecognizerConfig

GRACE_NS = 250_000_000
"""How long a stream that lags is waited for, in the other streams' time."""

Reach = tuple[int, int]
"""Stamp of a stream's newest sample, and time up to which none is missing."""


def reached_ns(reaches: Iterable[Reach | None], stale_ns: int) -> int | None:
    """Time up to which windows are due: none that no stream has reached.

    Args:
        reaches: of the streams; None of one that has nothing.
        stale_ns: a stream that lags by more is not waited for.
    """
    reached = [reach for reach in reaches if reach is not None]
    if not reached:
        return None
    lead = max(newest for newest, _ in reached)
    lag = min(complete for newest, complete in reached if lead - newest <= stale_ns)
    return max(min(lag, lead), lead - GRACE_NS)


class DueWindows:
    """Hands out each window once, by its number: window n ends at ``n * period_ns``."""

    def __init__(self) -> None:
        self._next: int | None = None

    def reset(self) -> None:
        """Begin anew, with whichever window comes first."""
        self._next = None

    def reconfigure(self, before: RecognizerConfig, config: RecognizerConfig) -> None:
        """Go on, by another period, with the first window that ends after all handed out."""
        if self._next is not None:
            judged_ns = (self._next - 1) * before.period_ns
            self._next = judged_ns // config.period_ns + 1

    def may_come(self, stamps: Iterable[int | None], config: RecognizerConfig) -> bool:
        """Whether the stream that is ahead has reached the next window's end: others must have.

        Args:
            stamps: of the newest that came of each stream; None of one that has nothing.
            config: of the recogniser.
        """
        ahead_ns = max((stamp for stamp in stamps if stamp is not None), default=None)
        if ahead_ns is None:
            return False
        return self._next is None or ahead_ns >= self._next * config.period_ns

    def take(self, up_to_ns: int, config: RecognizerConfig) -> range:
        """Return the numbers of the windows that are due, ascending, and hand them out.

        Args:
            up_to_ns: time up to which windows are due.
            config: of the recogniser.
        """
        last = up_to_ns // config.period_ns
        oldest = (up_to_ns - config.span_ns) // config.period_ns + 1  # the buffers hold no more
        due = range(max(oldest, self._next or oldest), last + 1)
        self._next = max(last + 1, self._next or 0)
        return due
