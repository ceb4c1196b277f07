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

"""What the run found: the table, the verdict, the last line and the picture."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.table import Table

from .conductor import Latency
from .vitals import Vitals

MOST_SLOPE = 1.0
"""Memory may grow by so many percent an hour of stream time ..."""
MOST_GROWTH = 15.0
"""... or, in a run of less than an hour, by so many percent in all: the first times that the node
is deactivated and activated, the allocator keeps a little more each."""
MORE_FILE_DESCRIPTORS = 16
"""Publishers come and go, each with a few; what is lost adds up to more over a run."""


def problems(result: Mapping[str, Any]) -> list[str]:
    """Return what is wrong, in words; nothing where the node passed."""
    found = []
    if result["died"]:
        found.append(f"the node ended: {result['died']}")
    if not result["estimates"]:
        found.append("no estimate came")
    if result["gaps"]:
        found.append(f"{len(result['gaps'])} gaps, the first at {result['gaps'][0][0]:.1f} s")
    if result["stale"]:
        found.append(f"{len(result['stale'])} estimates were repeated or old")
    if result["refused"]:
        found.append(f"services refused: {', '.join(sorted(set(result['refused'])))}")
    if errors := result["node"]["estimates internal errors"]:
        found.append(f"{errors} internal errors")
    hours = result["stream_s"] / 3600
    growth = result["rss_slope"] * hours
    if growth > (MOST_SLOPE * hours if hours >= 1 else MOST_GROWTH):
        found.append(f"memory grows by {result['rss_slope']:.2f} %/h, {growth:.1f} % in this run")
    first, last = result["file_descriptors"]
    if last > first + MORE_FILE_DESCRIPTORS:
        found.append(f"file descriptors grew from {first} to {last}")
    return found


def table(result: Mapping[str, Any]) -> Table:
    """The figures."""
    shown = Table("figure", "value", title=f"soak, seed {result['seed']}")

    def change(key: str, unit: str = "") -> str:
        first, last = result[key]
        return f"{first:.3g} to {last:.3g}{unit}"

    rows = {
        "stream time": f"{result['stream_s']:.0f} s, at {result['speed']:.1f} times real time",
        "estimates published": result["estimates"],
        "estimates expected": f"{result['expected']} in {result['healthy_s']:.0f} s healthy time",
        "gaps": len(result["gaps"]),
        "stale or repeated stamps": len(result["stale"]),
        "notes of silence": result["notes"],
        "restarts of publishers": result["restarts"],
        "waits for an estimate": f"{len(result['stalls'])} in vain",
        "memory": f"{change('rss_mb', ' MB')}, slope {result['rss_slope']:.2f} %/h",
        "file descriptors": change("file_descriptors"),
        "threads": change("threads"),
        "latency, wall, median": change("wall_latency_ms", " ms"),
        "latency, wall, longest": f"{result['longest_latency_ms']:.0f} ms",
        "latency, stream, median": change("sensor_latency_ms", " ms"),
        **{f"injected: {kind}": count for kind, count in sorted(result["injected"].items())},
        **{f"counted by the node: {name}": value for name, value in result["node"].items()},
    }
    for name, value in rows.items():
        shown.add_row(name, str(value))
    return shown


def last_line(result: Mapping[str, Any]) -> str:
    """The line that a script reads."""
    return (
        f"soak: {result['stream_s']:.0f} s of stream time, {result['estimates']} estimates, "
        f"{len(result['gaps'])} gaps, rss slope {result['rss_slope']:.2f} %/h"
    )


def drift(values: Sequence[float]) -> tuple[float, float]:
    """The medians of the first and of the last tenth; NaN of nothing."""
    if not values:
        return float("nan"), float("nan")
    tenth = max(1, len(values) // 10)
    return float(np.median(values[:tenth])), float(np.median(values[-tenth:]))


def plot(vitals: Sequence[Vitals], latencies: Sequence[Latency], path: Path) -> None:
    """Draw memory, file descriptors, threads and latency over stream time into a PNG."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, places = pyplot.subplots(3, 1, figsize=(10, 9), layout="constrained", sharex=True)
    hours = [each.stream_s / 3600 for each in vitals]
    places[0].plot(hours, [each.rss_mb for each in vitals])
    places[0].set_title("memory, MB")
    places[1].plot(hours, [each.file_descriptors for each in vitals], label="file descriptors")
    places[1].plot(hours, [each.threads for each in vitals], label="threads")
    places[1].legend()
    at = np.array([each.stream_s for each in latencies]) / 3600
    places[2].plot(at, [1e3 * each.wall_s for each in latencies], ".", markersize=1)
    places[2].set_title("latency by the clock, ms")
    places[2].set_xlabel("hours of stream time")
    for place in places:
        place.set_ylim(bottom=0)
    figure.savefig(path, dpi=80)
    pyplot.close(figure)
