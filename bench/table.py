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

"""The figures as a table, with what they mean and the targets that they are held against."""

from collections.abc import Mapping
from dataclasses import dataclass

from rich.table import Table


@dataclass(frozen=True)
class Figure:
    """One key of the result: what it means, and the target; ``at_least`` or else at most."""

    meaning: str
    target: float | None = None
    at_least: bool = False


FIGURES: Mapping[str, Figure] = {
    "update_ms": Figure("CPU ms an estimate, streaming"),
    "whole_window_ms": Figure("CPU ms an estimate, encoding the whole window anew"),
    "reference_ms": Figure("CPU ms an estimate of the common published design"),
    "update_vs_whole_window": Figure("times cheaper than the whole window", 5, at_least=True),
    "update_vs_reference": Figure("times cheaper than that design", 10, at_least=True),
    "cpu_ms_per_second": Figure("CPU ms for a second of VGA at 30 Hz and sound, no ROS"),
    "latency_ms": Figure("newest sensor stamp to publication over DDS, VGA 30 Hz, ms"),
    "latency_ms.p95": Figure("of which 95 % are below", 80),
    "latency_ms.p99": Figure("of which 99 % are below", 120),
    "estimates_per_s": Figure("estimates a second"),
    "received_share": Figure("share of the frames that the node received", 0.99, at_least=True),
    "cpu_share_of_core": Figure("share of one core that the node takes", 0.35),
    "rss_mb": Figure("peak memory of the node, MB", 600),
    "start_to_ready_s": Figure("start of the process until it listens, s"),
    "first_estimate_s": Figure("start of the process until the first estimate, s"),
    "first_estimate_beyond_window_s": Figure("of which beyond the first window, s", 4),
    "hd.latency_ms": Figure("720p 30 Hz: newest sensor stamp to publication, ms"),
    "hd.received_share": Figure("720p 30 Hz: share of the frames received"),
    "hd.cpu_share_of_core": Figure("720p 30 Hz: share of one core"),
    "hd.rss_mb": Figure("720p 30 Hz: peak memory of the node, MB"),
    "rss_after_minutes": Figure("memory after minutes of stream time, without DDS, MB"),
    "rss_growth": Figure("growth of memory from the first of these to the last", 0.02),
    "offline_x_realtime": Figure("times real time, one bag of JPEG images", 25, at_least=True),
    "offline_x_realtime_by_cpu": Figure("the same by CPU time"),
    "offline_clip_x_realtime": Figure("times real time, one clip of Motion JPEG"),
    "offline_16_bags_x_realtime": Figure("times real time, 16 bags, by workers, with their start"),
}


def value_of(result: Mapping[str, object], key: str) -> object:
    """Look up ``key``, whose dots lead into nested mappings.

    Raises:
        KeyError: there is no such key.
    """
    found: object = result
    for part in key.split("."):
        if not isinstance(found, Mapping):
            raise KeyError(key)
        found = found[part]
    return found


def is_met(figure: Figure, value: float) -> bool | None:
    """Whether a value meets its target; None where there is no target."""
    if figure.target is None:
        return None
    return value >= figure.target if figure.at_least else value <= figure.target


def tables(result: Mapping[str, object]) -> list[Table]:
    """The figures, the components and how the cost grows; of what was measured."""
    figures = _figures(result)
    found = [figures] if figures.row_count else []
    if "components" in result:
        found.append(_components(result["components"]))
    if "faces" in result:
        found.append(_growth(result))
    return found


def _figures(result: Mapping[str, object]) -> Table:
    table = Table("figure", "value", "target", "meaning", title=str(result["machine"]))
    for key, figure in FIGURES.items():
        try:
            value = value_of(result, key)
        except KeyError:
            continue
        target = ""
        if figure.target is not None and isinstance(value, float | int):
            bound = "at least" if figure.at_least else "at most"
            mark = "met" if is_met(figure, value) else "missed"
            target = f"{bound} {figure.target:g}: {mark}"
        table.add_row(key, text(value), target, figure.meaning)
    return table


def _components(components: object) -> Table:
    assert isinstance(components, Mapping)
    table = Table("component", "CPU ms a call", "CPU ms a second of stream")
    for name, costs in components.items():
        rate = costs.get("ms_per_second")
        table.add_row(name, text(costs["ms"]), "" if rate is None else text(rate))
    return table


def _growth(result: Mapping[str, object]) -> Table:
    table = Table("growth", "CPU ms an update")
    for key, quantity in (
        ("faces", "n"),
        ("windows", "window_s"),
        ("publish_rates", "publish_rate"),
        ("streams", "n"),
    ):
        cases = result[key]
        assert isinstance(cases, list)
        costs = ", ".join(f"{case[quantity]:g}: {case['update_ms']:.1f}" for case in cases)
        table.add_row(key, costs)
    return table


def text(value: object) -> str:
    """A value as the tables show it."""
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {number:.1f}" for key, number in value.items())
    return f"{value:.3g}" if isinstance(value, float) else str(value)
