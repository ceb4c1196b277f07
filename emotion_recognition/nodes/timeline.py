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

"""How the emotion went over time: runs of one label, short ones merged away."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Run:
    """One label that held from ``start_s`` to ``end_s``."""

    start_s: float
    end_s: float
    label: str

    def __str__(self) -> str:
        return f"{self.start_s:.0f}-{self.end_s:.0f} s {self.label}"


def timeline(estimates: Sequence[tuple[float, str]], shortest_s: float = 1.5) -> list[Run]:
    """Return the runs of equal labels in ``estimates``, (seconds, label) in order of time.

    The shortest run below ``shortest_s`` is added to its longer neighbour until none is left (or
    only one run is).
    """
    runs: list[Run] = []
    before_s = estimates[0][0] if estimates else 0.0
    for time_s, label in estimates:
        if runs and runs[-1].label == label:
            runs[-1] = Run(runs[-1].start_s, time_s, label)
        else:
            runs.append(Run(before_s, time_s, label))
        before_s = time_s
    while len(runs) > 1:
        at = min(range(len(runs)), key=lambda index: _length(runs[index]))
        if _length(runs[at]) >= shortest_s:
            break
        neighbours = runs[max(0, at - 1) : at] + runs[at + 1 : at + 2]
        label = max(neighbours, key=_length).label
        runs[at] = Run(runs[at].start_s, runs[at].end_s, label)
        runs = _joined(runs)
    return runs


def _length(run: Run) -> float:
    return run.end_s - run.start_s


def _joined(runs: Sequence[Run]) -> list[Run]:
    joined: list[Run] = []
    for run in runs:
        if joined and joined[-1].label == run.label:
            joined[-1] = Run(joined[-1].start_s, run.end_s, run.label)
        else:
            joined.append(run)
    return joined
