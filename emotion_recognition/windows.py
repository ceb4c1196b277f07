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

"""Time-stamped samples in bounded memory, and windows of sensor time cut out of them."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Stamps = NDArray[np.int64]
Values = NDArray[np.float32]


class RingBuffer:
    """The newest samples of one stream, in the order of their stamps.

    It keeps the samples of the last ``span_ns`` before the newest one, and never more than fit into
    ``max_bytes``, which are allocated once. A late sample is inserted where it belongs, a second
    sample with the same stamp replaces the first. A sample ``span_ns`` or more before the newest (a
    clock that was set back), or more than ``span_ns`` after it (a gap), has nothing in common with
    what is kept: the buffer is emptied and starts again with that sample.

    Attributes:
        dropped: samples that were given up because the memory was full.
        restarts: how often a jump back or a gap emptied the buffer.
    """

    def __init__(self, width: int, span_ns: int, max_bytes: int) -> None:
        """Allocate the storage.

        Args:
            width: numbers in a sample.
            span_ns: time that is kept.
            max_bytes: storage. Half of it is slack, so that samples are seldom moved.

        Raises:
            ValueError: an argument is not positive, or the storage holds no sample.
        """
        if width < 1 or span_ns < 1:
            raise ValueError(f"width {width} and span_ns {span_ns}: both must be at least 1")
        row_bytes = np.dtype(np.int64).itemsize + width * np.dtype(np.float32).itemsize
        self.capacity = max_bytes // (2 * row_bytes)
        if self.capacity < 1:
            raise ValueError(
                f"max_bytes {max_bytes} is too small: a sample of {width} numbers needs"
                f" {2 * row_bytes} bytes"
            )
        self.span_ns = span_ns
        self.dropped = 0
        self.restarts = 0
        self._stamps: Stamps = np.zeros(2 * self.capacity, np.int64)
        self._values: Values = np.zeros((2 * self.capacity, width), np.float32)
        self._begin = 0  # the live rows are [_begin, _end)
        self._end = 0

    def __len__(self) -> int:
        return self._end - self._begin

    @property
    def newest_ns(self) -> int | None:
        """Stamp of the newest sample; None if empty."""
        return int(self._stamps[self._end - 1]) if len(self) else None

    @property
    def oldest_ns(self) -> int | None:
        """Stamp of the oldest sample; None if empty."""
        return int(self._stamps[self._begin]) if len(self) else None

    def resized(self, span_ns: int, max_bytes: int) -> "RingBuffer":
        """Return a buffer of another size with the newest of these samples, and the counts.

        Args:
            span_ns: as of ``__init__``.
            max_bytes: as of ``__init__``.
        """
        other = RingBuffer(self._values.shape[1], span_ns, max_bytes)
        other.dropped, other.restarts = self.dropped, self.restarts
        live = slice(max(self._begin, self._end - other.capacity), self._end)
        other._append(self._stamps[live], self._values[live])
        return other

    def clear(self) -> None:
        """Forget all samples; the counts stay."""
        self._begin = self._end = 0

    def add(self, stamps_ns: ArrayLike, values: ArrayLike) -> None:
        """Take up samples, in the order in which they are given.

        Args:
            stamps_ns: (n,) nanoseconds.
            values: (n, width).

        Raises:
            ValueError: the shapes do not fit.
        """
        stamps = np.asarray(stamps_ns, np.int64)
        rows = np.asarray(values, np.float32)
        width = self._values.shape[1]
        if stamps.ndim != 1 or rows.shape != (len(stamps), width):
            raise ValueError(
                f"stamps of shape {stamps.shape} with values of shape {rows.shape}:"
                f" expected (n,) and (n, {width})"
            )
        if len(self) + len(stamps) <= self.capacity and self._continues(stamps):
            self._append(stamps, rows)
            return
        for index in range(len(stamps)):
            self._add_one(stamps[index : index + 1], rows[index : index + 1])

    def window(self, start_ns: int, end_ns: int) -> tuple[Stamps, Values]:
        """Copies of the stamps and values of the samples in (start_ns, end_ns]."""
        live = self._stamps[self._begin : self._end]
        first, last = self._begin + np.searchsorted(live, (start_ns, end_ns), side="right")
        return self._stamps[first:last].copy(), self._values[first:last].copy()

    def _continues(self, stamps: Stamps) -> bool:
        """Whether all stamps follow the newest one, and each other, without a gap."""
        newest = self.newest_ns
        steps = np.diff(stamps, prepend=stamps[:1] - 1 if newest is None else newest)
        return bool(np.all((steps > 0) & (steps <= self.span_ns)))

    def _add_one(self, stamp: Stamps, row: Values) -> None:
        newest = self.newest_ns
        ahead = 1 if newest is None else int(stamp[0]) - newest
        if ahead > self.span_ns or ahead <= -self.span_ns:
            self.clear()
            self.restarts += 1
        if ahead > 0 or not len(self):
            self._append(stamp, row)
            return
        live = self._stamps[self._begin : self._end]
        place = self._begin + int(np.searchsorted(live, stamp[0]))
        if self._stamps[place] != stamp[0]:
            place = self._open_gap(place)
        self._stamps[place] = stamp[0]
        self._values[place] = row[0]
        self._forget_oldest()

    def _append(self, stamps: Stamps, rows: Values) -> None:
        self._make_room(len(stamps))
        self._stamps[self._end : self._end + len(stamps)] = stamps
        self._values[self._end : self._end + len(stamps)] = rows
        self._end += len(stamps)
        self._forget_oldest()

    def _open_gap(self, place: int) -> int:
        """Shift the rows from ``place`` on by one; return the place, which may have moved."""
        offset = place - self._begin
        self._make_room(1)
        place = self._begin + offset
        self._stamps[place + 1 : self._end + 1] = self._stamps[place : self._end]
        self._values[place + 1 : self._end + 1] = self._values[place : self._end]
        self._end += 1
        return place

    def _make_room(self, count: int) -> None:
        """Move the live rows to the front if ``count`` more do not fit behind them."""
        if self._end + count <= len(self._stamps):
            return
        live = len(self)
        self._stamps[:live] = self._stamps[self._begin : self._end]
        self._values[:live] = self._values[self._begin : self._end]
        self._begin, self._end = 0, live

    def _forget_oldest(self) -> None:
        live = self._stamps[self._begin : self._end]
        if not len(live):
            return
        self._begin += int(np.searchsorted(live, live[-1] - self.span_ns, side="right"))
        surplus = max(0, len(self) - self.capacity)
        self.dropped += surplus
        self._begin += surplus


def to_grid(
    stamps_ns: Stamps, values: Values, end_ns: int, steps: int, period_ns: int, tolerance_ns: int
) -> tuple[Values, NDArray[np.bool_]]:
    """Bring samples onto a fixed grid that ends at ``end_ns``.

    Args:
        stamps_ns: (n,) ascending.
        values: (n, width).
        end_ns: time of the last grid point.
        steps: number of grid points.
        period_ns: time between two grid points.
        tolerance_ns: how far from a grid point its sample may lie.

    Returns:
        (steps, width) the sample nearest to each grid point (of two equally near ones the later),
        and (steps,) whether there was one; grid points without one are 0.
    """
    grid = end_ns - period_ns * np.arange(steps - 1, -1, -1, dtype=np.int64)
    gridded = np.zeros((steps, values.shape[1]), np.float32)
    if not len(stamps_ns):
        return gridded, np.zeros(steps, bool)
    after = np.searchsorted(stamps_ns, grid).clip(max=len(stamps_ns) - 1)
    before = (after - 1).clip(min=0)
    nearer_before = np.abs(grid - stamps_ns[before]) < np.abs(stamps_ns[after] - grid)
    nearest = np.where(nearer_before, before, after)
    mask = np.abs(stamps_ns[nearest] - grid) <= tolerance_ns
    gridded[mask] = values[nearest[mask]]
    return gridded, mask
