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

"""Figures of a study with confidence intervals, from counts that add up over recordings."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from emotion_recognition.evaluation.metrics import ECE_BINS
from emotion_recognition.studies.evidence import Evidence, Pairs
from emotion_recognition.studies.series import Numbers

LEVELS = ("window", "frame", "clip")
RATINGS = ("valence", "arousal", "intensity")

RESAMPLES = 2000
SEED = 0
_LEAST_DEFINED = 0.1  # of the draws, for an interval: 200 of 2000 leave five in each tail


@dataclass(frozen=True)
class Score:
    """A figure; NaN where there is nothing to compute it from.

    ``ci95`` holds the 2.5 % and 97.5 % quantiles of the bootstrap; None where it is not defined.
    """

    value: float
    ci95: tuple[float, float] | None = None


def figures_of(evidence: Sequence[Evidence]) -> dict[str, float]:
    """Return all figures of some evidence, pooled.

    Returns:
        ``accuracy``, ``uar`` and ``macro_f1`` of the windows, with ``frame_`` and ``clip_`` in
        front those of frames and clips; ``ccc_`` and ``rmse_`` of ``valence``, ``arousal`` and
        ``intensity``; ``ece`` (of the windows, ``ECE_BINS`` bins); ``onset_delay_s`` (mean over the
        onsets that are named) and ``onsets_named`` (their share); ``coverage`` (share of the time
        with an estimate that is not withheld), ``availability`` (with any estimate), and
        ``flips_per_minute`` of the time with an estimate. Shares are of 1. NaN: nothing to compute
        it from.
    """
    layout = _Layout(len(evidence[0].labels) if evidence else 0)
    tally = sum((layout.tally(each) for each in evidence), np.zeros(layout.size))
    return {name: float(values) for name, values in layout.figures(tally).items()}


def scores_of(
    clusters: Sequence[Sequence[Evidence]], resamples: int = RESAMPLES, seed: int = SEED
) -> dict[str, Score]:
    """Return all figures (:func:`figures_of`) with 95 % intervals.

    Whole clusters are drawn with replacement, since the windows of one recording, and the
    recordings of one person, are alike (percentile bootstrap; Efron and Tibshirani 1993, chapter
    13; by clusters: Field and Welsh 2007). Draws in which a figure is not defined are left out: for
    UAR and F1 those that lack a class, since they would be means over fewer classes.

    Args:
        clusters: The evidence by what is drawn: by person or by recording.
        resamples: Number of draws.
        seed: Of the draws: the same seed gives the same intervals.
    """
    tallies, layout = tallies_of(clusters)
    values = layout.figures(tallies.sum(axis=0))
    if len(clusters) < 2:  # nothing is known of how much clusters differ
        return {name: Score(float(value)) for name, value in values.items()}
    drawn = layout.figures(draws(len(clusters), resamples, seed) @ tallies, tallies.sum(axis=0))
    return {name: Score(float(value), interval(drawn[name])) for name, value in values.items()}


def tallies_of(clusters: Sequence[Sequence[Evidence]]) -> tuple[Numbers, "_Layout"]:
    """Return the counts of each cluster (K, S), and how to read figures from them."""
    layout = _Layout(len(next((e.labels for each in clusters for e in each), ())))
    empty = np.zeros(layout.size)
    rows = [sum((layout.tally(e) for e in each), empty) for each in clusters]
    return np.stack(rows) if rows else np.zeros((0, layout.size)), layout


def draws(clusters: int, resamples: int, seed: int) -> Numbers:
    """Return how often each cluster is in each draw (resamples, clusters)."""
    generator = np.random.default_rng(seed)
    share = np.full(clusters, 1 / clusters)
    return generator.multinomial(clusters, share, size=resamples).astype(np.float64)


def interval(drawn: Numbers) -> tuple[float, float] | None:
    """Return the 2.5 % and 97.5 % quantiles of draws; None if few are defined."""
    known = drawn[~np.isnan(drawn)]
    if len(known) < len(drawn) * _LEAST_DEFINED:
        return None
    low, high = np.quantile(known, (0.025, 0.975))
    return float(low), float(high)


class _Layout:
    """Counts as one vector, of which sums over recordings give every figure.

    ``tally`` makes a vector (S,) of evidence; ``figures`` reads them from vectors (..., S).
    """

    def __init__(self, classes: int) -> None:
        self._classes = classes
        shapes: list[tuple[str, tuple[int, ...]]] = [
            *((level, (classes, classes)) for level in LEVELS),
            ("bins", (ECE_BINS, 3)),  # windows, sum of confidence, right ones
            *((rating, (6,)) for rating in RATINGS),  # n, x, y, xx, yy, xy
            ("onsets", (3,)),  # all, named, sum of their delays
            ("time", (4,)),  # flips, available, usable, span
        ]
        self._slices: dict[str, tuple[slice, tuple[int, ...]]] = {}
        self.size = 0
        for name, shape in shapes:
            end = self.size + math.prod(shape)
            self._slices[name] = (slice(self.size, end), shape)
            self.size = end

    def tally(self, evidence: Evidence) -> Numbers:
        parts: dict[str, npt.ArrayLike] = {
            "window": self._confusion(evidence.windows),
            "frame": self._confusion(evidence.frames),
            "clip": self._confusion(evidence.clips),
            "bins": _bins(evidence),
            "onsets": (
                len(evidence.delays_s),
                int(np.isfinite(evidence.delays_s).sum()),
                float(np.nansum(evidence.delays_s)),
            ),
            "time": (
                evidence.flips,
                evidence.available_s,
                evidence.usable_s,
                evidence.span_s,
            ),
            **{rating: _moments(getattr(evidence, rating)) for rating in RATINGS},
        }
        vector = np.zeros(self.size)
        for name, values in parts.items():
            vector[self._slices[name][0]] = np.ravel(values)
        return vector

    def part(self, tallies: Numbers, name: str) -> Numbers:
        """Return one of the parts of vectors (..., S) in its shape."""
        where, shape = self._slices[name]
        return tallies[..., where].reshape(*tallies.shape[:-1], *shape)

    def figures(self, tallies: Numbers, whole: Numbers | None = None) -> dict[str, Numbers]:
        """Read the figures of vectors (..., S).

        Macro means are over the classes that occur in ``whole`` (S,), undefined where one of them
        is lacking; None: over those that occur in each vector.
        """
        found: dict[str, Numbers] = {}
        with np.errstate(divide="ignore", invalid="ignore"):
            for level in LEVELS:
                prefix = "" if level == "window" else f"{level}_"
                expected = None if whole is None else self.part(whole, level).sum(axis=-1) > 0
                rates = _rates(self.part(tallies, level), expected)
                found.update({prefix + name: value for name, value in rates.items()})
            bins = self.part(tallies, "bins")
            count, confidence, right = (bins[..., index] for index in range(3))
            found["ece"] = np.abs(right - confidence).sum(axis=-1) / count.sum(axis=-1)
            for rating in RATINGS:
                found.update(_agreement(self.part(tallies, rating), rating))
            total, named, delay = np.moveaxis(self.part(tallies, "onsets"), -1, 0)
            found["onset_delay_s"] = delay / named
            found["onsets_named"] = named / total
            flips, available, usable, span = np.moveaxis(self.part(tallies, "time"), -1, 0)
            found["coverage"] = usable / span
            found["availability"] = available / span
            found["flips_per_minute"] = 60 * flips / available
        # 0/0 is NaN already; what is left of x/0 has no meaning either.
        return {name: np.where(np.isfinite(v), v, np.nan) for name, v in found.items()}

    def _confusion(self, pairs: Pairs) -> Numbers:
        counts = np.zeros((self._classes, self._classes))
        np.add.at(counts, (pairs.truth, pairs.estimate), 1)
        return counts


def confusion_of(evidence: Sequence[Evidence], level: str) -> npt.NDArray[np.int64]:
    """Return how often each class (row) was estimated as each (column), at one of ``LEVELS``."""
    tallies, layout = tallies_of([evidence])
    return layout.part(tallies[0], level).astype(np.int64)


def _rates(confusion: Numbers, expected: npt.NDArray[np.bool_] | None) -> Mapping[str, Numbers]:
    """Accuracy, and mean recall and F1 over the classes that occur, of (..., C, C).

    Where an ``expected`` class (C,) does not occur the means are NaN.
    """
    right = np.diagonal(confusion, axis1=-2, axis2=-1)
    actual, said = confusion.sum(axis=-1), confusion.sum(axis=-2)
    occurs = actual > 0
    recall = np.where(occurs, right / actual, 0.0)
    f1 = np.where(occurs, 2 * right / (actual + said), 0.0)
    number = occurs.sum(axis=-1).astype(np.float64)
    if expected is not None:
        number = np.where((occurs | ~expected).all(axis=-1), number, np.nan)
    return {
        "accuracy": right.sum(axis=-1) / actual.sum(axis=-1),
        "uar": recall.sum(axis=-1) / number,
        "macro_f1": f1.sum(axis=-1) / number,
    }


def _agreement(moments: Numbers, rating: str) -> Mapping[str, Numbers]:
    """CCC (Lin 1989) and RMSE from sums (..., 6); CCC needs labels or estimates that vary."""
    n, x, y, xx, yy, xy = np.moveaxis(moments, -1, 0)
    mean_x, mean_y = x / n, y / n
    spread = xx / n - mean_x**2 + yy / n - mean_y**2 + (mean_x - mean_y) ** 2
    # Sums of squares leave some rounding where nothing varies at all.
    ccc = np.where(spread > 1e-12, 2 * (xy / n - mean_x * mean_y) / spread, np.nan)
    squares = np.maximum(xx - 2 * xy + yy, 0.0) / n
    return {f"ccc_{rating}": ccc, f"rmse_{rating}": np.sqrt(squares)}


def _moments(pairs: Numbers) -> Numbers:
    x, y = pairs[:, 0], pairs[:, 1]
    return np.array([len(x), x.sum(), y.sum(), (x * x).sum(), (y * y).sum(), (x * y).sum()])


def _bins(evidence: Evidence) -> Numbers:
    """Counts of the bins (low, high] of confidence, as in ``metrics.reliability_bins``."""
    confidence = evidence.confidence
    right = evidence.windows.truth == evidence.windows.estimate
    members = np.clip(np.ceil(confidence * ECE_BINS).astype(int) - 1, 0, ECE_BINS - 1)
    weights = (None, confidence, right.astype(np.float64))
    return np.stack([np.bincount(members, w, minlength=ECE_BINS) for w in weights], axis=1)
