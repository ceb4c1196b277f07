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

"""CPU time of work, taken in turns, and percentiles."""

import time
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from tqdm import tqdm

PERCENTS = (50, 95, 99)


def cpu_ms(work: Callable[[], object]) -> float:
    """CPU milliseconds that one call takes, in all threads of this process."""
    before = time.process_time()
    work()
    return 1e3 * (time.process_time() - before)


def in_turns(works: Mapping[str, Callable[[], object]], rounds: int, name: str) -> dict[str, float]:
    """Median CPU milliseconds of each work, by name, over ``rounds`` calls after a first one.

    All take turns, so that whatever else the machine does falls on all of them.
    """
    for work in works.values():
        work()
    costs: dict[str, list[float]] = {key: [] for key in works}
    for _ in progress(range(rounds), name):
        for key, work in works.items():
            costs[key].append(cpu_ms(work))
    return {key: float(np.median(values)) for key, values in costs.items()}


def percentiles(values: Sequence[float]) -> dict[str, float]:
    """The 50th, 95th and 99th percentile as ``p50``, ``p95``, ``p99``, linearly interpolated.

    Raises:
        ValueError: there are no values.
    """
    if not len(values):
        raise ValueError("percentiles of nothing: expected one value or more")
    found = np.percentile(values, PERCENTS)
    return {f"p{percent}": float(value) for percent, value in zip(PERCENTS, found, strict=True)}


def progress(steps: Sequence[object] | range, name: str) -> "tqdm[object]":
    """Steps with a progress bar, on a terminal only."""
    return tqdm(steps, desc=name, leave=False, disable=None)
