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

"""What ``/diagnostics`` says about the node: levels and words for what its parts count."""

import math
from collections import deque
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from emotion_recognition.nodes.watching.memory import SHARED, Memory

CLOCKS_APART_S = 10.0  # stamps that are further off are of another clock, not late
STOOD_S = 2.0  # a simulated clock that does not go on for longer
LEAST_HOURS = 24.0  # the memory must last for longer than that, at the rate it grows
LEAST_SHARED = 64 << 20  # bytes: two publishers with the segment of config/fastdds.xml
SLOW = "the machine cannot keep up: lower publish_rate, face_rate or max_faces"


class Level(IntEnum):
    """The levels of ``diagnostic_msgs/DiagnosticStatus``."""

    OK = 0
    WARN = 1
    ERROR = 2
    STALE = 3


@dataclass(frozen=True)
class Report:
    """One status of the ``DiagnosticArray``."""

    name: str
    level: Level
    message: str
    values: dict[str, str]


class Arrivals:
    """Counts the messages of one stream and times them by a steady clock (seconds)."""

    def __init__(self) -> None:
        self.count = 0
        self.last_s: float | None = None
        self._counted = 0
        self._counted_at_s: float | None = None

    def tick(self, now_s: float) -> None:
        """Count a message."""
        self.count += 1
        self.last_s = now_s

    def silent_for_s(self, now_s: float) -> float | None:
        """Seconds since the last message; None where none ever came."""
        return None if self.last_s is None else now_s - self.last_s

    def rate(self, now_s: float) -> float:
        """Messages a second since the last call of ``rate``."""
        since_s = self._counted_at_s
        arrived = self.count - self._counted
        self._counted, self._counted_at_s = self.count, now_s
        return 0.0 if since_s is None or now_s <= since_s else arrived / (now_s - since_s)


class Latencies:
    """Latencies (seconds) of the newest estimates, from newest sensor stamp to publication."""

    def __init__(self, size: int = 40) -> None:
        self._newest: deque[float] = deque(maxlen=size)

    def add(self, latency_s: float) -> None:
        """Note one estimate's latency."""
        self._newest.append(latency_s)

    def percentile(self, percent: float) -> float | None:
        """Return a percentile of the newest latencies; None without any."""
        values = tuple(self._newest)  # the worker adds while a timer reads
        return float(np.percentile(values, percent)) if values else None


def lifecycle_report(state: str, failure: str = "") -> Report:
    """Say where the node is in its lifecycle, and why it failed to get further (``failure``).

    To be inactive is no fault: somebody wanted it so.
    """
    failed = state == "unconfigured" and failure
    level, message = (Level.ERROR, f"not configured: {failure}") if failed else (Level.OK, state)
    return Report("lifecycle", level, message, {"state": state})


def idle_report(name: str, state: str) -> Report:
    """Report a part that has nothing to do, because of the state of the node."""
    return Report(name, Level.OK, f"not at work: the node is {state}", {})


def clock_report(simulated: bool, now_s: float, stood_for_s: float, publishers: int) -> Report:
    """Judge the node's clock.

    Args:
        simulated: whether ``use_sim_time`` is set.
        now_s: its time; 0 where no ``/clock`` ever came.
        stood_for_s: steady seconds since it last went on.
        publishers: of ``/clock``; asked of a simulated clock that stands still.
    """
    values = {"use_sim_time": str(simulated).lower(), "time (s)": f"{now_s:.3f}"}
    if not simulated:
        level, message = Level.OK, "system time"
    elif stood_for_s <= STOOD_S:
        level, message = Level.OK, "simulated time"
    elif not publishers:
        level = Level.ERROR
        message = (
            "use_sim_time is true, but nobody publishes /clock: start the simulator, play the bag "
            "with --clock, or set use_sim_time to false"
        )
    else:
        level, message = Level.WARN, f"/clock stands still for {stood_for_s:.0f} s: is it paused?"
    return Report("clock", level, message, values)


def model_report(id: str, values: dict[str, str]) -> Report:
    """Say which model makes the estimates."""
    return Report("model", Level.OK, id, values)


def device_report(device: str, precision: str, problem: str) -> Report:
    """Say where the model computes, and why that is not where it was asked to (``problem``)."""
    level, message = (Level.WARN, problem) if problem else (Level.OK, f"{precision} on {device}")
    return Report("device", level, message, {"device": device, "precision": precision})


def memory_report(memory: Memory, growth: float | None) -> Report:
    """Judge the memory of the process; ``growth`` is in bytes an hour, None: not known yet."""
    values = {
        "resident (MB)": _megabytes(memory.resident),
        "growth (MB/h)": _megabytes(growth),
        "available (MB)": _megabytes(memory.available),
        "device, of this process (MB)": _megabytes(memory.device_used),
        "device, free (MB)": _megabytes(memory.device_free),
        "shared, free (MB)": _megabytes(memory.shared_free),
    }
    hours = math.inf
    if growth is not None and growth > 0 and memory.available is not None:
        hours = memory.available / growth
    if hours < LEAST_HOURS:
        level = Level.WARN
        message = (
            f"grows by {_megabytes(growth)} MB/h: the machine's memory would be full in "
            f"{hours:.0f} h. Please report it; until then restart the node now and then"
        )
    elif memory.shared_free is not None and memory.shared_free < LEAST_SHARED:
        level = Level.WARN
        message = (
            f"{SHARED} has {_megabytes(memory.shared_free)} MB left: messages may be lost. "
            "Processes that were killed leave theirs there: 'fastdds shm clean' frees it"
        )
    else:
        level, message = Level.OK, f"{_megabytes(memory.resident) or 'unknown'} MB"
    return Report("memory", level, message, {key: value for key, value in values.items() if value})


def estimates_report(
    rate: float,
    count: int,
    latencies: Latencies,
    new_failures: int,
    details: dict[str, str],
    new_skips: int = 0,
    last_error: str = "",
    enabled: bool = True,
) -> Report:
    """Judge the output.

    Args:
        rate: estimates a second.
        count: of all estimates.
        latencies: of the newest.
        new_failures: of the worker, of late.
        details: more values.
        new_skips: windows that were passed over since the last report.
        last_error: of the worker, in words.
        enabled: whether estimates are made at all.
    """
    p50, p95 = latencies.percentile(50), latencies.percentile(95)
    values = {
        "published": str(count),
        "rate (1/s)": f"{rate:.1f}",
        "latency p50 (ms)": "" if p50 is None else f"{1000 * p50:.0f}",
        "latency p95 (ms)": "" if p95 is None else f"{1000 * p95:.0f}",
        **details,
    }
    if new_failures:
        cause = f" ({last_error})" if last_error else ""
        level, message = Level.ERROR, f"{new_failures} internal errors{cause}: see the log"
    elif not enabled:
        level, message = Level.OK, "paused by the service set_enabled"
    elif p95 is None or rate == 0:
        level, message = Level.STALE, "no estimates now"
    elif abs(p95) > CLOCKS_APART_S:
        level = Level.WARN
        message = (
            f"stamps are {p95:.0f} s off this node's clock: synchronise the machines, or set "
            "use_sim_time where a bag is played"
        )
    elif new_skips:
        level, message = Level.WARN, f"{new_skips} windows passed over: {SLOW}"
    elif p95 > 1:
        level, message = Level.WARN, f"late: 95 % within {p95:.1f} s"
    else:
        level, message = Level.OK, f"{rate:.1f} estimates a second"
    return Report("estimates", level, message, values)


def _megabytes(size: float | None) -> str:
    return "" if size is None else f"{size / 1e6:.0f}"
