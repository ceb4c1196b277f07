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

"""Draws the figures of a study: confusion, reliability, risk when abstaining."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from emotion_recognition.evaluation.metrics import ECE_BINS
from emotion_recognition.evaluation.plots import LEAST_IN_BIN
from emotion_recognition.studies.evidence import Evidence
from emotion_recognition.studies.series import Numbers
from emotion_recognition.studies.svg import PALETTE, Drawing

_SIDE = 300  # px, of square plots
_LEFT, _BOTTOM, _EDGE = 46, 40, 24


def draw_confusion(counts: npt.NDArray[np.int64], labels: Sequence[str], title: str) -> str:
    """Draw counts (C, C), row: truth; shaded by the share of the row.

    Classes that neither occur nor were estimated are left out.
    """
    kept = np.flatnonzero(counts.sum(axis=0) + counts.sum(axis=1)).tolist()
    counts, names = counts[np.ix_(kept, kept)], [labels[index] for index in kept]
    cell, left, top = 46, 78, 58
    size = cell * len(names)
    drawing = Drawing(left + size + 8, top + size + 8, title)
    drawing.text(left + size / 2, 14, "estimated", anchor="middle", kind="s")
    drawing.text(4, 14, "labelled", kind="s")
    for row, name in enumerate(names):
        middle = top + row * cell + cell / 2
        drawing.text(left - 8, middle + 4, name, anchor="end")
        drawing.text(
            left + row * cell + cell / 2,
            top - (10 if row % 2 else 26),
            name,
            anchor="middle",
        )
        total = max(int(counts[row].sum()), 1)
        for column, count in enumerate(counts[row].tolist()):
            x, share = left + column * cell, count / total
            tip = f"{name} as {names[column]}: {count} of {total}"
            drawing.rect(x, top + row * cell, cell - 2, cell - 2, kind="field")
            drawing.rect(
                x,
                top + row * cell,
                cell - 2,
                cell - 2,
                kind="heat",
                opacity=round(share, 3) if count else 0.0,
                tip=tip,
            )
            if count:
                kind = "h" if share > 0.5 else "t"
                drawing.text(x + cell / 2 - 1, middle, str(count), anchor="middle", kind=kind)
                words, kind = f"{100 * share:.0f} %", "hs" if share > 0.5 else "s"
                drawing.text(x + cell / 2 - 1, middle + 13, words, anchor="middle", kind=kind)
    return drawing.svg


def draw_reliability(evidence: Mapping[str, Sequence[Evidence]]) -> str:
    """Draw, for each configuration, how often estimates of each confidence are right.

    Bins of fewer than ``LEAST_IN_BIN`` windows are left out: chance alone moves them.
    """
    plot = _Plot("reliability", "confidence", "accuracy")
    plot.diagonal()
    for colour, (name, each) in zip(PALETTE, evidence.items(), strict=False):
        confidence, right = _windows(each)
        members = np.clip(np.ceil(confidence * ECE_BINS).astype(int) - 1, 0, ECE_BINS - 1)
        bins = [members == index for index in np.unique(members)]
        bins = [inside for inside in bins if inside.sum() >= LEAST_IN_BIN]
        x = np.array([confidence[inside].mean() for inside in bins])
        y = np.array([right[inside].mean() for inside in bins])
        plot.curve(x, y, colour, name, dots=True)
    return plot.svg


def draw_abstaining(evidence: Mapping[str, Sequence[Evidence]]) -> str:
    """Draw, for each configuration, the share of errors that is left if the least sure abstain."""
    plot = _Plot("risk when abstaining", "share of windows answered", "share of those wrong")
    for colour, (name, each) in zip(PALETTE, evidence.items(), strict=False):
        coverage, risk = risk_curve(*_windows(each))
        plot.curve(coverage, risk, colour, name)
    return plot.svg


def risk_curve(confidence: Numbers, right: npt.NDArray[np.bool_]) -> tuple[Numbers, Numbers]:
    """Return coverage and risk (error) of n answers, from the surest alone to all of them.

    Selective risk (El-Yaniv and Wiener 2010); answers of equal confidence are given together.
    """
    order = np.argsort(-confidence, kind="stable")
    answered = np.arange(1, len(order) + 1)
    risk = np.cumsum(~right[order]) / answered
    last = np.append(np.diff(confidence[order]) != 0, True)[: len(order)]
    return answered[last] / max(len(order), 1), risk[last]


def risk_at(evidence: Sequence[Evidence], share: float) -> float:
    """Return the share of errors if at least this share of windows is answered; NaN for none."""
    coverage, risk = risk_curve(*_windows(evidence))
    if not len(coverage):
        return float("nan")
    return float(risk[np.searchsorted(coverage, share - 1e-9)])


def area_under_risk(evidence: Sequence[Evidence]) -> float:
    """Return the mean risk over all coverages (AURC, Geifman and El-Yaniv 2017); NaN for none."""
    coverage, risk = risk_curve(*_windows(evidence))
    if not len(coverage):
        return float("nan")
    return float((np.diff(coverage, prepend=0.0) * risk).sum())


def _windows(evidence: Sequence[Evidence]) -> tuple[Numbers, npt.NDArray[np.bool_]]:
    """Confidence of all windows, and whether they are right."""
    if not evidence:
        return np.zeros(0), np.zeros(0, bool)
    confidence = np.concatenate([each.confidence for each in evidence])
    right = np.concatenate([each.windows.truth == each.windows.estimate for each in evidence])
    return confidence, right


class _Plot:
    """A square from 0 to 1 both ways, with names of its curves below."""

    def __init__(self, title: str, x: str, y: str) -> None:
        self._drawing = Drawing(_LEFT + _SIDE + _EDGE, _SIDE + _BOTTOM + _EDGE + 44, title)
        for share in (0, 0.25, 0.5, 0.75, 1):
            px, py = self._x(share), self._y(share)
            self._drawing.line(_LEFT, py, _LEFT + _SIDE, py, "rule")
            self._drawing.line(px, _EDGE, px, _EDGE + _SIDE, "rule")
            self._drawing.text(_LEFT - 6, py + 4, f"{share:g}", anchor="end", kind="s")
            self._drawing.text(px, _EDGE + _SIDE + 15, f"{share:g}", anchor="middle", kind="s")
        self._drawing.text(_LEFT + _SIDE / 2, _EDGE + _SIDE + 32, x, anchor="middle", kind="s")
        self._drawing.text(0, 9, y, kind="s")
        self._names = 0

    def diagonal(self) -> None:
        self._drawing.line(self._x(0), self._y(0), self._x(1), self._y(1), "ideal")

    def curve(self, x: Numbers, y: Numbers, colour: str, name: str, *, dots: bool = False) -> None:
        px, py = _LEFT + np.asarray(x) * _SIDE, _EDGE + (1 - np.asarray(y)) * _SIDE
        self._drawing.curve(px, py, colour)
        if dots:
            self._drawing.dots(zip(px.tolist(), py.tolist(), strict=True), colour)
        left, top = _LEFT + 150 * (self._names % 2), _EDGE + _SIDE + 50 + 16 * (self._names // 2)
        self._drawing.rect(left, top - 8, 10, 10, fill=colour)
        self._drawing.text(left + 15, top + 1, name[:20], kind="s")
        self._names += 1

    @property
    def svg(self) -> str:
        return self._drawing.svg

    def _x(self, share: float) -> float:
        return _LEFT + share * _SIDE

    def _y(self, share: float) -> float:
        return _EDGE + (1 - share) * _SIDE
