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

"""Sets estimates against labels: what was true, and what was estimated, frame, window and clip."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from emotion_recognition.studies.labels import Label, LabelError
from emotion_recognition.studies.series import Numbers, Series

FRAME_NS = 100_000_000
"""Frames are 0.1 s apart: at each one counts the estimate that stands then, as a robot has it."""

Indices = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Pairs:
    """True and estimated class of n samples, as indices of the classes."""

    truth: Indices
    estimate: Indices


@dataclass(frozen=True)
class Evidence:
    """What a recording says about one person, for the scores.

    Windows are the estimates whose window has an emotion label at its middle; frames are moments
    0.1 s apart with a label and an estimate that stands; clips are stretches of one label, their
    estimate the class of the highest mean probability over the windows in them. What has no
    estimate is in none of them: the coverage tells how much that is.

    Attributes:
        recording: its name.
        person: the subject as labelled; empty where unknown.
        labels: the C class names.
        windows: see above.
        confidence: (n,) of the windows.
        frames: see above.
        clips: see above.
        valence: (n, 2) labelled and estimated, where both are known.
        arousal: (n, 2) likewise.
        intensity: (n, 2) likewise.
        delays_s: (k,) from the begin of each new emotion to the first estimate that names it; NaN
            where none does before it ends.
        flips: changes of the most probable class.
        available_s: time with an estimate.
        usable_s: time with an estimate that is not withheld.
        span_s: time from the first to the last estimate.
    """

    recording: str
    person: str
    labels: tuple[str, ...]
    windows: Pairs
    confidence: Numbers
    frames: Pairs
    clips: Pairs
    valence: Numbers
    arousal: Numbers
    intensity: Numbers
    delays_s: Numbers
    flips: int
    available_s: float
    usable_s: float
    span_s: float


def evidence_of(
    recording: str,
    subjects: Sequence[Series],
    labels: Sequence[Label],
    window_s: float,
    start_ns: int,
) -> list[Evidence]:
    """Compare a recording's estimates with its labels.

    Args:
        recording: Its name.
        subjects: Its estimates by subject; each is compared with the same labels.
        labels: In the order of time, without overlap; empty: only what needs none is counted.
        window_s: Length of a full window, s.
        start_ns: Begin of the recording, sensor time: no window begins earlier.

    Returns:
        One for each subject and person; flips and times are with the subject's first.

    Raises:
        LabelError: a label names a class that the model does not have.
    """
    persons = list(dict.fromkeys(label.subject for label in labels)) or [""]
    found = []
    for series in subjects:
        for person in persons:
            own = [label for label in labels if label.subject == person]
            timed = person == persons[0]
            found.append(_compare(recording, person, series, own, window_s, start_ns, timed))
    return found


def _compare(
    recording: str,
    person: str,
    series: Series,
    labels: Sequence[Label],
    window_s: float,
    start_ns: int,
    timed: bool,
) -> Evidence:
    classes = _classes(recording, series, labels)
    there = series.available
    begins = np.maximum(series.stamps_ns - round(window_s * 1e9), start_ns)
    at = label_at(labels, (begins + series.stamps_ns) // 2)
    # An index of -1 picks the last element, which stands for "no label".
    truth = np.append(classes, -1)[at]
    judged = there & (truth >= 0)
    emotions = series.emotions
    return Evidence(
        recording=recording,
        person=person,
        labels=series.labels,
        windows=Pairs(truth[judged], emotions[judged]),
        confidence=series.confidence[judged],
        frames=_frames(series, labels, classes),
        clips=_clips(series, labels, classes, at),
        valence=_rated([label.valence for label in labels], at, series.valence),
        arousal=_rated([label.arousal for label in labels], at, series.arousal),
        intensity=_rated([label.intensity for label in labels], at, series.intensity),
        delays_s=onset_delays(series, labels),
        flips=series.flips if timed else 0,
        available_s=float(series.held_s[there].sum()) if timed else 0.0,
        usable_s=float(series.held_s[series.usable].sum()) if timed else 0.0,
        span_s=series.span_s if timed else 0.0,
    )


def label_at(labels: Sequence[Label], stamps_ns: Indices) -> Indices:
    """Return the index of the label at each time (n,), -1 where there is none.

    The labels are in the order of time and do not overlap.
    """
    if not labels:
        return np.full(len(stamps_ns), -1, np.int64)
    starts = np.array([label.start_ns for label in labels], np.int64)
    ends = np.array([label.end_ns for label in labels], np.int64)
    index = np.searchsorted(starts, stamps_ns, side="right") - 1
    inside = (index >= 0) & (stamps_ns < ends[index])
    return np.where(inside, index, -1).astype(np.int64)


def onset_delays(series: Series, labels: Sequence[Label]) -> Numbers:
    """Return the time until each new emotion is named, s (see ``Evidence``).

    New is an emotion that follows another one: what a recording begins with has no onset in it.
    """
    delays = []
    runs = _runs(labels)
    for before, (emotion, start_ns, end_ns, _) in zip([None, *runs], runs, strict=False):
        if before is None or before[0] == emotion:
            continue
        name = series.labels.index(emotion)
        within = (series.stamps_ns >= start_ns) & (series.stamps_ns < end_ns)
        named = series.stamps_ns[within & (series.emotions == name)]
        delays.append((named[0] - start_ns) / 1e9 if len(named) else math.nan)
    return np.array(delays, np.float64)


def _runs(labels: Sequence[Label]) -> list[tuple[str, int, int, list[int]]]:
    """Stretches of one emotion: its name, begin, end, and indices of its labels.

    Labels that touch and name the same emotion are one stretch.
    """
    runs: list[tuple[str, int, int, list[int]]] = []
    for index, label in enumerate(labels):
        if not label.emotion:
            continue
        if runs and runs[-1][0] == label.emotion and runs[-1][2] == label.start_ns:
            emotion, start_ns, _, indices = runs[-1]
            runs[-1] = (emotion, start_ns, label.end_ns, [*indices, index])
        else:
            runs.append((label.emotion, label.start_ns, label.end_ns, [index]))
    return runs


def _classes(recording: str, series: Series, labels: Sequence[Label]) -> Indices:
    """Index of each label's class, -1 for none."""
    names = {label.emotion for label in labels} - {"", *series.labels}
    if names:
        raise LabelError(
            f"{recording}: labelled {', '.join(sorted(names))}, which the model does not have: "
            f"its classes are {', '.join(series.labels)}"
        )
    index = {name: place for place, name in enumerate(series.labels)}
    return np.array([index.get(label.emotion, -1) for label in labels], np.int64)


def _frames(series: Series, labels: Sequence[Label], classes: Indices) -> Pairs:
    if not labels:
        return Pairs(np.zeros(0, np.int64), np.zeros(0, np.int64))
    first, last = labels[0].start_ns, labels[-1].end_ns
    times = np.arange(first, last, FRAME_NS, dtype=np.int64)
    truth = np.append(classes, -1)[label_at(labels, times)]
    newest = np.searchsorted(series.stamps_ns, times, side="right") - 1
    stands = newest >= 0
    age_s = (times - series.stamps_ns[newest]) / 1e9
    stands &= (age_s < series.held_s[newest]) & series.available[newest]
    judged = stands & (truth >= 0)
    return Pairs(truth[judged], series.emotions[newest][judged])


def _clips(series: Series, labels: Sequence[Label], classes: Indices, at: Indices) -> Pairs:
    truth, estimate = [], []
    for _, _, _, indices in _runs(labels):
        windows = np.isin(at, indices) & series.available
        if windows.any():
            truth.append(classes[indices[0]])
            estimate.append(series.probabilities[windows].mean(axis=0).argmax())
    return Pairs(np.array(truth, np.int64), np.array(estimate, np.int64))


def _rated(labelled: Sequence[float], at: Indices, estimated: Numbers) -> Numbers:
    pairs = np.stack([np.append(np.asarray(labelled, np.float64), np.nan)[at], estimated], axis=1)
    return np.asarray(pairs[~np.isnan(pairs).any(axis=1)])
