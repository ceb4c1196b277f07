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

"""What a recording's estimates say without any labels: shares, transitions, strongest moments."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from emotion_recognition.studies.series import Numbers, Series, series_of

if TYPE_CHECKING:
    import pandas as pd

STRONGEST = 6
"""Moments that a summary names."""


@dataclass(frozen=True)
class Moment:
    """When one emotion was most probable; ``stamp_ns`` is the end of that window."""

    stamp_ns: int
    subject: str
    emotion: str
    confidence: float


@dataclass(frozen=True)
class Transition:
    """How often the most probable class went from one to another."""

    before: str
    after: str
    count: int


@dataclass(frozen=True)
class Summary:
    """The estimates of one recording in short; means weigh each estimate by the time it stands.

    Attributes:
        estimates: number of windows.
        duration_s: time from the first estimate to the last, s, summed over subjects.
        available: share of that time with an estimate, 0 to 1.
        coverage: share of that time with an estimate that is not withheld, 0 to 1.
        shares: for each class that occurs its share of the time with an estimate, greatest first.
        transitions: changes of the most probable class, most frequent first.
        flips_per_minute: such changes a minute of time with an estimate; NaN without any.
        confidence: mean probability of the most probable class; NaN without estimates.
        valence: mean, -1 to 1; NaN where unknown.
        arousal: mean, -1 to 1; NaN where unknown.
        intensity: mean, 0 to 1; NaN where unknown.
        audio_weight: mean share of the decision that the voice carried, 0 to 1.
        video_weight: mean share of the decision that the face carried, 0 to 1.
        strongest: up to ``STRONGEST`` moments of highest confidence, one of each run of a class,
            in the order of time.
    """

    estimates: int
    duration_s: float
    available: float
    coverage: float
    shares: dict[str, float]
    transitions: tuple[Transition, ...]
    flips_per_minute: float
    confidence: float
    valence: float
    arousal: float
    intensity: float
    audio_weight: float
    video_weight: float
    strongest: tuple[Moment, ...]


def summarize(frame: "pd.DataFrame") -> Summary:
    """Summarise the estimates of one recording (see :func:`~.series.series_of` for the columns)."""
    return summarize_series(series_of(frame))


def summarize_series(subjects: Sequence[Series]) -> Summary:
    """Summarise the estimates of one recording by subject."""
    held = [series.held_s for series in subjects]
    total_s = sum(series.span_s for series in subjects)
    there_s = _seconds(held, [series.available for series in subjects])
    usable_s = _seconds(held, [series.usable for series in subjects])
    by_class: dict[str, float] = {}
    changes: Counter[tuple[str, str]] = Counter()
    moments: list[Moment] = []
    for series, times in zip(subjects, held, strict=True):
        for index, label in enumerate(series.labels):
            seconds = float(times[series.emotions == index].sum())
            by_class[label] = by_class.get(label, 0.0) + seconds
        shown = series.emotions[series.available]
        changes.update(
            (series.labels[before], series.labels[after])
            for before, after in pairwise(shown)
            if before != after
        )
        moments += _peaks(series)
    top = sorted(moments, key=lambda moment: -moment.confidence)[:STRONGEST]
    flips = sum(changes.values())
    return Summary(
        estimates=sum(len(series.stamps_ns) for series in subjects),
        duration_s=total_s,
        available=there_s / total_s if total_s else 0.0,
        coverage=usable_s / total_s if total_s else 0.0,
        shares={
            name: time_s / there_s
            for name, time_s in sorted(by_class.items(), key=lambda item: -item[1])
            if time_s > 0
        },
        transitions=tuple(Transition(*pair, count) for pair, count in changes.most_common()),
        flips_per_minute=60 * flips / there_s if there_s else float("nan"),
        confidence=_mean([series.confidence for series in subjects], held),
        valence=_mean([series.valence for series in subjects], held),
        arousal=_mean([series.arousal for series in subjects], held),
        intensity=_mean([series.intensity for series in subjects], held),
        audio_weight=_mean([series.audio_weight for series in subjects], held),
        video_weight=_mean([series.video_weight for series in subjects], held),
        strongest=tuple(sorted(top, key=lambda moment: moment.stamp_ns)),
    )


def runs(values: npt.NDArray[np.int64]) -> list[tuple[int, int]]:
    """Return begin and end (exclusive) of each stretch of equal values (n,)."""
    if not len(values):
        return []
    cuts = np.flatnonzero(np.diff(values)) + 1
    return list(pairwise([0, *cuts.tolist(), len(values)]))


def _peaks(series: Series) -> list[Moment]:
    """The most confident estimate of each run of a class."""
    peaks = []
    for begin, end in runs(series.emotions):
        if series.emotions[begin] >= 0:
            best = begin + int(series.confidence[begin:end].argmax())
            peaks.append(
                Moment(
                    int(series.stamps_ns[best]),
                    series.subject,
                    series.labels[series.emotions[best]],
                    float(series.confidence[best]),
                )
            )
    return peaks


def _seconds(held: Sequence[Numbers], keep: Sequence[npt.NDArray[np.bool_]]) -> float:
    return float(sum(times[kept].sum() for times, kept in zip(held, keep, strict=True)))


def _mean(values: Sequence[Numbers], held: Sequence[Numbers]) -> float:
    """Mean over the time at which the value is known; NaN if it never is."""
    if not values:
        return float("nan")
    numbers, times = np.concatenate(list(values)), np.concatenate(list(held))
    known = ~np.isnan(numbers)
    if not times[known].sum():
        return float("nan")
    return float(np.average(numbers[known], weights=times[known]))
