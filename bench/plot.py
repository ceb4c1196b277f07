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

"""The figures as a picture."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .table import FIGURES


def plot(result: Mapping[str, Any], path: Path) -> None:
    """Draw what was measured into a PNG: updates, components, latency, memory, growth."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, places = pyplot.subplots(2, 3, figsize=(15, 8), layout="constrained")
    figure.suptitle(f"emotion_recognition: {result['machine']}")
    _updates(places[0, 0], result)
    _components(places[0, 1], result)
    _latencies(places[0, 2], result)
    _memory(places[1, 0], result)
    _lines(places[1, 1], "faces in view", {"": (result["faces"], "n")})
    _lines(
        places[1, 2],
        "window s, estimates a second, streams",
        {
            "window length": (result["windows"], "window_s"),
            "publish rate": (result["publish_rates"], "publish_rate"),
            "streams": (result["streams"], "n"),
        },
    )
    figure.savefig(path, dpi=80)
    pyplot.close(figure)


def _updates(place: Any, result: Mapping[str, Any]) -> None:
    names = {
        "update_ms": "streaming",
        "whole_window_ms": "whole window",
        "reference_ms": "published design",
    }
    bars = place.barh(list(names.values()), [result[key] for key in names])
    place.bar_label(bars, fmt="%.0f")
    place.margins(x=0.15)
    place.invert_yaxis()
    place.set_title("CPU ms an update")


def _components(place: Any, result: Mapping[str, Any]) -> None:
    costs = {
        name: costs["ms_per_second"]
        for name, costs in result["components"].items()
        if "ms_per_second" in costs
    }
    bars = place.barh(list(costs), list(costs.values()))
    place.bar_label(bars, fmt="%.1f")
    place.margins(x=0.15)
    place.invert_yaxis()
    place.set_title("CPU ms in a second of stream")


def _latencies(place: Any, result: Mapping[str, Any]) -> None:
    for name, latencies in (
        ("VGA", result["latency_ms"]),
        ("720p", result["hd"]["latency_ms"]),
    ):
        place.plot(list(latencies), list(latencies.values()), marker="o", label=name)
    for key in ("p95", "p99"):
        place.plot(key, FIGURES[f"latency_ms.{key}"].target, "k_", markersize=30)
    place.set_ylim(bottom=0)
    place.legend()
    place.set_title("latency over DDS, ms (dashes: targets)")


def _memory(place: Any, result: Mapping[str, Any]) -> None:
    memory = result["rss_after_minutes"]
    place.plot([float(minutes) for minutes in memory], list(memory.values()), marker="o")
    place.set_ylim(0, 1.2 * max(memory.values()))
    place.set_xlabel("minutes of stream time")
    place.set_title("memory without DDS, MB")


def _lines(
    place: Any, title: str, lines: Mapping[str, tuple[Sequence[Mapping[str, float]], str]]
) -> None:
    for name, (cases, quantity) in lines.items():
        across = [case[quantity] for case in cases]
        place.plot(across, [case["update_ms"] for case in cases], marker="o", label=name)
    place.set_ylim(bottom=0)
    place.set_xlabel(title)
    place.set_title("CPU ms an update")
    if len(lines) > 1:
        place.legend()
