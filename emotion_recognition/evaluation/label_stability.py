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

"""How steady a label is, and how late: flips a minute, and delays at true changes of emotion."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from emotion_recognition.emotions import EMOTIONS
from emotion_recognition.evaluation.emotion_sequences import (
    SECOND_NS,
    EmotionSequence,
    Numbers,
)
from emotion_recognition.evaluation.metrics import classification_report
from emotion_recognition.smoothing import Filter

Labels = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Judgement:
    """A sequence (n windows, k changes) after smoothing, against the truth.

    ``truth`` (n,) and ``probabilities`` (n, 8) go together. ``arrival_s`` (k,) is the time from the
    onset of a new emotion's speech to the first estimate that names it, ``settled_s`` (k,) to the
    first after which all name it; both NaN where that never comes before the next change.
    ``flips`` is how often the label changed beyond ``k``.
    """

    truth: Labels
    probabilities: Numbers
    arrival_s: Numbers
    settled_s: Numbers
    flips: int
    duration_s: float


def smoothed(sequence: EmotionSequence, steady: Filter) -> Numbers:
    """Return the probabilities (n, 8) that ``steady`` makes of a sequence's own."""
    steady.reset()
    pairs = zip(sequence.stamps_ns.tolist(), sequence.probabilities, strict=True)
    return np.array([steady.update(stamp_ns, numbers) for stamp_ns, numbers in pairs])


def delays(sequence: EmotionSequence, labels: Labels) -> tuple[Numbers, Numbers]:
    """Return ``arrival_s`` and ``settled_s`` (see ``Judgement``) of labels (n,)."""
    turns = np.searchsorted(sequence.onsets_ns, sequence.stamps_ns, side="right") - 1
    changes = len(sequence.onsets_ns) - 1
    arrival, settled = np.full(changes, np.nan), np.full(changes, np.nan)
    for turn in range(1, changes + 1):
        right = labels[turns == turn] == sequence.emotions[turn]
        since_s = (sequence.stamps_ns[turns == turn] - sequence.onsets_ns[turn]) / SECOND_NS
        if right.any():
            arrival[turn - 1] = since_s[right.argmax()]
        if len(right) and right[-1]:
            wrong = np.flatnonzero(~right)
            settled[turn - 1] = since_s[wrong[-1] + 1 if len(wrong) else 0]
    return arrival, settled


def judge(sequence: EmotionSequence, steady: Filter) -> Judgement:
    """Smooth a sequence and compare it with the truth."""
    probabilities = smoothed(sequence, steady)
    labels = probabilities.argmax(axis=1)
    arrival, settled = delays(sequence, labels)
    flips = int(np.count_nonzero(np.diff(labels))) - len(arrival)
    return Judgement(sequence.truth, probabilities, arrival, settled, flips, sequence.duration_s)


def flips_per_minute(judged: Sequence[Judgement]) -> float:
    """Return how often a minute the label changes, less the true changes."""
    return 60 * sum(each.flips for each in judged) / sum(each.duration_s for each in judged)


def added_delays(judged: Sequence[Judgement], raw: Sequence[Judgement]) -> Numbers:
    """Return by how much the label arrives later than without smoothing, s, where both arrive."""
    added = np.concatenate([j.arrival_s - r.arrival_s for j, r in zip(judged, raw, strict=True)])
    return added[~np.isnan(added)]


def summary(judged: Sequence[Judgement], raw: Sequence[Judgement]) -> dict[str, Any]:
    """Return the figures of one way of smoothing, ready for JSON.

    Args:
        judged: The sequences after smoothing.
        raw: The same without smoothing.

    Returns:
        ``accuracy``, ``uar``, ``ece`` and ``loss`` (cross-entropy, nats) against the emotion whose
        speech began last; ``flips_per_minute``; over the ``changes``: ``arrived`` and ``settled``
        (shares), ``arrival_s`` and ``settled_s`` (medians); ``added_delay_mean_s``, ``_median_s``,
        ``_p90_s`` where both arrive, and ``settled_added_mean_s`` where both settle.
    """
    truth = np.concatenate([each.truth for each in judged])
    probabilities = np.concatenate([each.probabilities for each in judged])
    report = classification_report(truth, probabilities, EMOTIONS)
    arrival = np.concatenate([each.arrival_s for each in judged])
    settled = np.concatenate([each.settled_s for each in judged])
    settled_added = settled - np.concatenate([each.settled_s for each in raw])
    added = added_delays(judged, raw)
    chosen = probabilities[np.arange(len(truth)), truth]
    return {
        "n": len(truth),
        "accuracy": report["accuracy"],
        "uar": report["uar"],
        "ece": report["ece"],
        "loss": float(-np.log(np.maximum(chosen, 1e-12)).mean()),
        "flips_per_minute": flips_per_minute(judged),
        "changes": len(arrival),
        "arrived": float(np.mean(~np.isnan(arrival))),
        "settled": float(np.mean(~np.isnan(settled))),
        "arrival_s": float(np.nanmedian(arrival)),
        "settled_s": float(np.nanmedian(settled)),
        "added_delay_mean_s": float(added.mean()),
        "added_delay_median_s": float(np.median(added)),
        "added_delay_p90_s": float(np.quantile(added, 0.9)),
        "settled_added_mean_s": float(np.nanmean(settled_added)),
    }


def coverage_table(
    judged: Sequence[Judgement], thresholds: Sequence[float]
) -> list[dict[str, float]]:
    """Return the share of estimates at or above each threshold, and their accuracy.

    Thresholds that no estimate reaches are left out.
    """
    truth = np.concatenate([each.truth for each in judged])
    probabilities = np.concatenate([each.probabilities for each in judged])
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == truth
    return [
        {
            "threshold": threshold,
            "coverage": float((confidence >= threshold).mean()),
            "accuracy": float(right[confidence >= threshold].mean()),
        }
        for threshold in thresholds
        if (confidence >= threshold).any()
    ]
