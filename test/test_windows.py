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

"""The ring buffer against a simple list, and the fixed grid of a window."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emotion_recognition.windows import RingBuffer, to_grid

SPAN = 20


class ListBuffer:
    """The same promises kept the slow way: a sorted list of (stamp, value)."""

    def __init__(self, span_ns: int, capacity: int) -> None:
        self.rows: list[tuple[int, float]] = []
        self.span_ns = span_ns
        self.capacity = capacity
        self.dropped = 0
        self.restarts = 0

    def add(self, stamp: int, value: float) -> None:
        if self.rows:
            newest = self.rows[-1][0]
            if stamp <= newest - self.span_ns or stamp > newest + self.span_ns:
                self.rows = []
                self.restarts += 1
        self.rows = sorted([row for row in self.rows if row[0] != stamp] + [(stamp, value)])
        self.rows = [row for row in self.rows if row[0] > self.rows[-1][0] - self.span_ns]
        self.dropped += max(0, len(self.rows) - self.capacity)
        self.rows = self.rows[-self.capacity :]

    def window(self, start: int, end: int) -> list[tuple[int, float]]:
        return [row for row in self.rows if start < row[0] <= end]


def ring(capacity: int, span: int = SPAN, width: int = 1) -> RingBuffer:
    return RingBuffer(width, span, 2 * capacity * (8 + 4 * width))


# Steady steps, repeats, late samples, gaps and clock jumps, in batches of any size.
STEPS = st.sampled_from([1, 1, 1, 1, 2, 3, 0, -1, -3, -7, 15, SPAN, SPAN + 1, -SPAN, 1000, -1000])


@settings(max_examples=300)
@given(
    steps=st.lists(st.tuples(STEPS, st.booleans()), max_size=80),
    capacity=st.integers(1, 12),
    start=st.integers(-5, 45),
    length=st.integers(0, 50),
)
def test_behaves_like_a_sorted_list(steps, capacity, start, length):
    buffer, model = ring(capacity), ListBuffer(SPAN, capacity)
    stamp, batch = 0, []
    for value, (step, last_of_batch) in enumerate(steps):
        stamp += step
        batch.append((stamp, float(value)))
        model.add(stamp, float(value))
        if last_of_batch:
            buffer.add([t for t, _ in batch], [[v] for _, v in batch])
            batch = []
    if batch:
        buffer.add([t for t, _ in batch], [[v] for _, v in batch])

    assert len(buffer) == len(model.rows) <= capacity
    assert buffer.newest_ns == (model.rows[-1][0] if model.rows else None)
    assert buffer.oldest_ns == (model.rows[0][0] if model.rows else None)
    assert (buffer.dropped, buffer.restarts) == (model.dropped, model.restarts)
    start += stamp - 30
    stamps, values = buffer.window(start, start + length)
    assert list(zip(stamps.tolist(), values[:, 0].tolist(), strict=True)) == model.window(
        start, start + length
    )


def test_storage_never_grows():
    buffer = ring(50, span=10**12)
    arrays = (buffer._stamps, buffer._values)
    for stamp in range(5000):
        buffer.add([stamp], [[stamp]])
    assert buffer._stamps is arrays[0]
    assert buffer._values is arrays[1]
    assert len(buffer) == 50
    assert buffer.dropped == 5000 - 50
    assert buffer.window(0, 10**9)[0].tolist() == list(range(4950, 5000))


def test_stays_within_its_bytes():
    buffer = RingBuffer(width=10, span_ns=10**12, max_bytes=10_000)
    assert buffer._stamps.nbytes + buffer._values.nbytes <= 10_000


def test_window_is_open_at_its_start_and_closed_at_its_end():
    buffer = ring(10)
    buffer.add([1, 2, 3, 4], [[1], [2], [3], [4]])
    assert buffer.window(1, 3)[0].tolist() == [2, 3]


def test_window_is_a_copy():
    buffer = ring(10)
    buffer.add([1, 2], [[1], [2]])
    buffer.window(0, 2)[1][:] = 9
    assert buffer.window(0, 2)[1].ravel().tolist() == [1, 2]


def test_late_sample_is_inserted_and_duplicate_replaced():
    buffer = ring(10)
    buffer.add([1, 5], [[1], [5]])
    buffer.add([3], [[3]])
    buffer.add([5], [[50]])
    stamps, values = buffer.window(0, 10)
    assert stamps.tolist() == [1, 3, 5]
    assert values.ravel().tolist() == [1, 3, 50]


@pytest.mark.parametrize("stamp", [100 + SPAN + 1, 100 - SPAN])
def test_gap_or_jump_back_starts_again(stamp):
    buffer = ring(10)
    buffer.add([99, 100], [[1], [2]])
    buffer.add([stamp], [[3]])
    assert buffer.window(-1000, 1000)[0].tolist() == [stamp]
    assert buffer.restarts == 1


def test_clear_forgets_the_samples():
    buffer = ring(10)
    buffer.add([1], [[1]])
    buffer.clear()
    assert len(buffer) == 0
    assert buffer.newest_ns is None


def test_adding_nothing_changes_nothing():
    buffer = ring(10)
    buffer.add([], np.zeros((0, 1)))
    assert buffer.newest_ns is None


def test_wrong_shape_is_refused():
    with pytest.raises(ValueError, match=r"expected \(n,\) and \(n, 3\)"):
        ring(10, width=3).add([1, 2], [[1, 2], [3, 4]])


@pytest.mark.parametrize(("width", "span", "size"), [(0, 1, 100), (1, 0, 100), (100, 1, 500)])
def test_impossible_sizes_are_refused(width, span, size):
    with pytest.raises(ValueError, match=r"must be at least 1|too small"):
        RingBuffer(width, span, size)


def grid(stamps, end, steps, period, tolerance):
    stamps = np.array(stamps, np.int64)
    values = stamps[:, None].astype(np.float32)
    gridded, mask = to_grid(stamps, values, end, steps, period, tolerance)
    return gridded.ravel().tolist(), mask.tolist()


def test_grid_takes_the_nearest_sample():
    # Grid points 10, 20, 30.
    values, mask = grid([8, 13, 19, 24, 30], end=30, steps=3, period=10, tolerance=10)
    assert values == [8, 19, 30]
    assert mask == [True, True, True]


def test_grid_points_without_a_near_sample_are_absent():
    values, mask = grid([8, 30], end=30, steps=3, period=10, tolerance=4)
    assert values == [8, 0, 30]
    assert mask == [True, False, True]


def test_grid_of_no_samples_is_absent():
    values, mask = grid([], end=30, steps=2, period=10, tolerance=4)
    assert values == [0, 0]
    assert mask == [False, False]


@settings(max_examples=200)
@given(
    stamps=st.lists(st.integers(0, 300), max_size=40, unique=True).map(sorted),
    end=st.integers(0, 320),
    tolerance=st.integers(0, 20),
)
def test_grid_equals_the_search_by_hand(stamps, end, tolerance):
    values, mask = grid(stamps, end, 12, 10, tolerance)
    for index in range(12):
        point = end - 10 * (11 - index)
        near = [(abs(t - point), -t) for t in stamps if abs(t - point) <= tolerance]
        assert mask[index] == bool(near)
        assert values[index] == (-min(near)[1] if near else 0)
