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

"""What the system says of the node's process over the run: memory, file descriptors, threads."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

WARM_UP_SHARE = 0.1
WARM_UP_S = 1800.0
"""Memory is judged after a tenth of the run, or after half an hour of stream time if that is less:
libraries load, buffers fill and the allocator takes what it needs."""


@dataclass(frozen=True)
class Vitals:
    """One look at a process."""

    stream_s: float
    rss_mb: float
    file_descriptors: int
    threads: int


def look(pid: int, stream_s: float) -> Vitals:
    """Look at a process.

    Raises:
        OSError: it is gone.
        ValueError: it has just ended.
    """
    process = Path(f"/proc/{pid}")
    fields = dict(
        line.split(":", 1) for line in (process / "status").read_text().splitlines() if ":" in line
    )
    if "VmRSS" not in fields:
        raise ValueError(f"process {pid} has ended: its status names no memory")
    return Vitals(
        stream_s,
        int(fields["VmRSS"].split()[0]) / 1024,
        len(list((process / "fd").iterdir())),
        int(fields["Threads"]),
    )


def warm(vitals: Sequence[Vitals]) -> list[Vitals]:
    """Return those after the warm-up."""
    length_s = vitals[-1].stream_s if vitals else 0.0
    from_s = min(WARM_UP_S, WARM_UP_SHARE * length_s)
    return [each for each in vitals if each.stream_s >= from_s]


def rss_slope(vitals: Sequence[Vitals]) -> float:
    """Return the growth of memory in percent an hour of stream time: of a line fitted to it.

    0 where there are fewer than two looks after the warm-up.
    """
    used = warm(vitals)
    if len(used) < 2:
        return 0.0
    hours = np.array([each.stream_s for each in used]) / 3600
    slope, start = np.polyfit(hours - hours[0], [each.rss_mb for each in used], 1)
    return float(100 * slope / start)
