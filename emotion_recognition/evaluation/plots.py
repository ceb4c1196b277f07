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

"""Plots of the benchmarks, as PNG: confusion, reliability, conditions, persons.

Colours are those of Okabe and Ito (2008), which people with any colour vision can tell apart.
"""

import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from emotion_recognition.evaluation.metrics import ECE_BINS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00")
GREY = "#666666"
LEAST_IN_BIN = 5


def plot_confusion(report: Mapping[str, Any], title: str, path: Path) -> None:
    """Draw ``report``'s confusion matrix: counts, and shares of the row as shade and percent."""
    counts = np.array(report["confusion"])
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    labels = report["labels"]
    figure = _figure(2.2 + 0.72 * len(labels), 1.7 + 0.62 * len(labels))
    axes: Axes = figure.subplots()
    picture = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for row, column in np.ndindex(*counts.shape):
        axes.text(
            column,
            row,
            f"{counts[row, column]}\n{100 * shares[row, column]:.0f} %"
            if counts[row, column]
            else "0",
            ha="center",
            va="center",
            fontsize=8,
            color="white"
            if shares[row, column] > 0.55
            else "black"
            if counts[row, column]
            else GREY,
        )
    axes.set_xticks(range(len(labels)), labels, rotation=35, ha="right")
    axes.set_yticks(range(len(labels)), labels)
    axes.set_xlabel("predicted")
    axes.set_ylabel("true")
    axes.set_title(title)
    figure.colorbar(picture, ax=axes, label="share of the row", fraction=0.046)
    figure.savefig(path)


def plot_reliability(reports: Mapping[str, Mapping[str, Any]], title: str, path: Path) -> None:
    """Draw the reliability diagram of each condition, and below it how often each confidence is.

    Bins of fewer than ``LEAST_IN_BIN`` samples are left out above: chance alone moves them.

    Args:
        reports: By condition, what ``classification_report`` returned.
        title: What was measured.
        path: File to write.
    """
    figure = _figure(6, 7)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    upper.plot([0, 1], [0, 1], color=GREY, linestyle="--", linewidth=1, label="perfect")
    for colour, (name, report) in zip(COLOURS, reports.items(), strict=False):
        bins = report["reliability"]
        filled = [part for part in bins if part["n"] >= LEAST_IN_BIN]
        upper.plot(
            [part["confidence"] for part in filled],
            [part["accuracy"] for part in filled],
            marker="o",
            markersize=4,
            color=colour,
            label=f"{name}: ECE {report['ece']:.3f}",
        )
        shares = np.zeros(ECE_BINS)
        for part in bins:
            shares[round(part["low"] * ECE_BINS)] = 100 * part["n"] / report["n"]
        lower.stairs(shares, np.linspace(0, 1, ECE_BINS + 1), color=colour, linewidth=1.5)
    upper.set_ylabel("accuracy")
    upper.set_ylim(0, 1)
    upper.set_title(title)
    lower.set_xlim(0, 1)
    lower.set_ylim(bottom=0)
    lower.set_xlabel("confidence")
    lower.set_ylabel("samples (%)")
    for axes in (upper, lower):
        axes.grid(alpha=0.3)
    figure.legend(loc="outside lower center", ncols=2, frameon=False)
    figure.savefig(path)


def plot_speakers(by_speaker: Mapping[str, Any], title: str, path: Path) -> None:
    """Draw each person's accuracy, from low to high, coloured by sex."""
    each = sorted(by_speaker["each"].items(), key=lambda item: item[1]["accuracy"])
    figure = _figure(min(max(5.0, 1.5 + 0.3 * len(each)), 14), 4)
    axes: Axes = figure.subplots()
    sexes = sorted({entry["sex"] for _, entry in each})
    for colour, marker, sex in zip(COLOURS, "os^D", sexes, strict=False):
        own = [(place, e) for place, (_, e) in enumerate(each) if e["sex"] == sex]
        mean = 100 * float(np.mean([entry["accuracy"] for _, entry in own]))
        axes.scatter(
            [place for place, _ in own],
            [100 * entry["accuracy"] for _, entry in own],
            color=colour,
            marker=marker,
            label=f"{sex}, mean {mean:.1f} %",
            zorder=3,
        )
        axes.axhline(mean, color=colour, linewidth=1, alpha=0.6)
    small = 6 if len(each) > 40 else 9
    turn = 90 if len(each) > 12 else 0
    axes.set_xticks(range(len(each)), [name for name, _ in each], rotation=turn, fontsize=small)
    axes.set_xlim(-0.7, len(each) - 0.3)
    axes.set_xlabel("speaker")
    axes.set_ylabel("accuracy (%)")
    axes.set_title(title)
    axes.grid(axis="y", alpha=0.3)
    figure.legend(loc="outside lower center", ncols=len(sexes), frameon=False)
    figure.savefig(path)


def plot_bars(
    groups: Sequence[str],
    series: Mapping[str, Sequence[tuple[float, float]]],
    title: str,
    ylabel: str,
    path: Path,
) -> None:
    """Draw one bar a group and series, in percent, with its spread and its figure.

    Args:
        groups: Names below the axis.
        series: By name, (mean, spread) for each group as shares of 1.
        title: What was measured.
        ylabel: What the bars are.
        path: File to write.
    """
    width = 0.8 / len(series)
    figure = _figure(max(6.0, 1.5 + len(groups) * max(0.42 * len(series), 0.9)), 4.4)
    axes: Axes = figure.subplots()
    places = np.arange(len(groups))
    for index, (colour, (name, values)) in enumerate(zip(COLOURS, series.items(), strict=False)):
        means, spreads = (100 * np.array(column) for column in zip(*values, strict=True))
        x = places + (index - (len(series) - 1) / 2) * width
        axes.bar(x, means, width * 0.92, yerr=spreads, capsize=2, color=colour, label=name)
        for place, mean, above in zip(x, means, spreads, strict=True):
            axes.text(place, mean + above + 1, f"{mean:.1f}", ha="center", fontsize=8)
    axes.set_xticks(places, [textwrap.fill(name.replace("_", " "), 14) for name in groups])
    axes.set_ylim(0, 108)
    axes.set_yticks(range(0, 101, 20))
    axes.set_ylabel(ylabel)
    axes.set_title(title)
    axes.set_axisbelow(True)
    axes.grid(axis="y", alpha=0.3)
    figure.legend(loc="outside lower center", ncols=len(series), frameon=False)
    figure.savefig(path)


def plot_scatter(
    panels: Mapping[str, tuple[Sequence[float], Sequence[float], float]], path: Path
) -> None:
    """Draw estimates over people's ratings: by title (truth, estimate, concordance)."""
    figure = _figure(4.3 * len(panels), 4.5)
    for axes, (title, (truth, estimate, ccc)) in zip(
        np.atleast_1d(figure.subplots(1, len(panels))), panels.items(), strict=True
    ):
        ends = [min(*truth, *estimate), max(*truth, *estimate)]
        axes.plot(ends, ends, color=GREY, linestyle="--", linewidth=1)
        axes.scatter(truth, estimate, s=8, alpha=0.35, color=COLOURS[0], linewidths=0)
        axes.set_title(f"{title}: CCC {ccc:.3f}")
        axes.set_xlabel("people's mean rating")
        axes.set_ylabel("estimate")
        axes.set_aspect("equal")
        axes.grid(alpha=0.3)
    figure.savefig(path)


def _figure(width: float, height: float) -> "Figure":
    # Heavy to import, and of use only here.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    return figure
