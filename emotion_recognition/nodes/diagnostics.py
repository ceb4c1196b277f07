"""What ``/diagnostics`` says about the node: rates, drops, window fill, latency, device."""

from collections import deque
from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np


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


@dataclass(frozen=True)
class StreamState:
    """One input stream, as of now."""

    name: str  # "image" or "audio"
    topic: str
    enabled: bool
    received: int
    rate: float  # messages a second
    silent_for_s: float | None
    dropped: int  # the queue was full: the worker could not keep up
    rejected: int  # bad messages
    window_fill: float  # 0 to 1
    details: dict[str, str] = field(default_factory=dict)


def lifecycle_report(state: str) -> Report:
    """Say where the node is in its lifecycle: there are estimates while it is active."""
    level = Level.OK if state == "active" else Level.STALE
    return Report("lifecycle", level, state, {"state": state})


def stream_report(
    stream: StreamState, stale_after_s: float, new_drops: int, new_bad: int
) -> Report:
    """Judge one stream; ``new_*`` are counts since the last report."""
    values = {
        "topic": stream.topic,
        "received": str(stream.received),
        "rate (1/s)": f"{stream.rate:.1f}",
        "dropped": str(stream.dropped),
        "rejected": str(stream.rejected),
        "window fill": f"{stream.window_fill:.2f}",
        **stream.details,
    }
    if not stream.enabled:
        level, message = Level.OK, "switched off by parameter"
    elif stream.silent_for_s is None:
        level, message = Level.STALE, f"nothing has come on {stream.topic} yet"
    elif stream.silent_for_s > stale_after_s:
        level, message = Level.STALE, f"silent for {stream.silent_for_s:.1f} s"
    elif new_bad:
        level, message = Level.WARN, f"{new_bad} messages could not be used: see the log"
    elif new_drops:
        level, message = Level.WARN, f"{new_drops} messages dropped: the machine cannot keep up"
    else:
        level, message = Level.OK, f"{stream.rate:.1f} messages a second"
    return Report(stream.name, level, message, values)


def device_report(device: str, precision: str, problem: str) -> Report:
    """Say where the model computes, and why that is not where it was asked to (``problem``)."""
    level, message = (Level.WARN, problem) if problem else (Level.OK, f"{precision} on {device}")
    return Report("device", level, message, {"device": device, "precision": precision})


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


def estimates_report(
    rate: float,
    count: int,
    latencies: Latencies,
    new_failures: int,
    details: dict[str, str],
) -> Report:
    """Judge the output: its rate (1/s), number and latency, and the worker's new failures."""
    p50, p95 = latencies.percentile(50), latencies.percentile(95)
    values = {
        "published": str(count),
        "rate (1/s)": f"{rate:.1f}",
        "latency p50 (ms)": "" if p50 is None else f"{1000 * p50:.0f}",
        "latency p95 (ms)": "" if p95 is None else f"{1000 * p95:.0f}",
        **details,
    }
    if new_failures:
        level, message = Level.ERROR, f"{new_failures} internal errors: see the log"
    elif p95 is None or rate == 0:
        level, message = Level.STALE, "no estimates now"
    elif abs(p95) > 10:
        level = Level.WARN
        message = (
            f"stamps are {p95:.0f} s off this node's clock: synchronise the machines, or set "
            "use_sim_time where a bag is played"
        )
    elif p95 > 1:
        level, message = Level.WARN, f"late: 95 % within {p95:.1f} s"
    else:
        level, message = Level.OK, f"{rate:.1f} estimates a second"
    return Report("estimates", level, message, values)
