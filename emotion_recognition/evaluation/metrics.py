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

"""Figures of merit for classifiers, thin over scikit-learn, in one form for every benchmark."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

ECE_BINS = 15
"""Bins of equal width over [0, 1], as in Guo et al. 2017."""


def classification_report(
    truth: npt.ArrayLike, probabilities: npt.ArrayLike, labels: Sequence[str]
) -> dict[str, Any]:
    """Return all metrics of a benchmark, ready for JSON.

    Args:
        truth: (N,) index of the true class.
        probabilities: (N, C) probability of each class.
        labels: The C class names.

    Returns:
        ``n``, ``accuracy`` (weighted average recall ``war``, the same as ``top1``), ``uar``,
        ``top1``, ``top5``, ``loss`` (cross-entropy, nats), ``macro_precision``, ``macro_recall``,
        ``macro_f1``, ``per_class`` (for each label its ``precision``, ``recall``, ``f1`` and
        ``support``), ``confusion`` (row: truth, column: prediction), ``labels``,
        ``ece``, ``ece_by_chance`` (see :func:`calibration_error_by_chance`) and ``reliability``
        (see :func:`reliability_bins`). Macro averages are over the classes that
        occur in ``truth``.

    Raises:
        ValueError: The shapes do not fit each other, there is no sample, or an index of ``truth``
            is no class.
    """
    truth, probabilities = _checked(truth, probabilities)
    if probabilities.shape[1] != len(labels):
        raise ValueError(f"{probabilities.shape[1]} probabilities for {len(labels)} labels")
    predicted = probabilities.argmax(axis=1)
    precision, recall, f1, support = precision_recall_fscore_support(
        truth, predicted, labels=range(len(labels)), zero_division=0
    )
    occurs = support > 0
    accuracy = top_k_accuracy(truth, probabilities, 1)
    return {
        "n": len(truth),
        "accuracy": accuracy,
        "war": accuracy,
        "uar": float(recall[occurs].mean()),
        "top1": accuracy,
        "top5": top_k_accuracy(truth, probabilities, 5),
        "loss": cross_entropy(np.eye(len(labels))[truth], probabilities),
        "macro_precision": float(precision[occurs].mean()),
        "macro_recall": float(recall[occurs].mean()),
        "macro_f1": float(f1[occurs].mean()),
        "per_class": {
            label: {
                "precision": float(precision[index]),
                "recall": float(recall[index]),
                "f1": float(f1[index]),
                "support": int(support[index]),
            }
            for index, label in enumerate(labels)
        },
        "labels": list(labels),
        "confusion": confusion_matrix(truth, predicted, labels=range(len(labels))).tolist(),
        "ece": expected_calibration_error(truth, probabilities),
        "ece_by_chance": calibration_error_by_chance(truth, probabilities),
        "reliability": reliability_bins(truth, probabilities),
    }


def top_k_accuracy(truth: npt.ArrayLike, probabilities: npt.ArrayLike, k: int) -> float:
    """Return the share of samples whose true class is among the ``k`` most probable ones.

    Of equally probable classes the first counts as the more probable, as in ``argmax``.

    Raises:
        ValueError: As for :func:`classification_report`.
    """
    truth, probabilities = _checked(truth, probabilities)
    ranked = np.argsort(-probabilities, axis=1, kind="stable")[:, :k]
    return float((ranked == truth[:, None]).any(axis=1).mean())


def expected_calibration_error(
    truth: npt.ArrayLike, probabilities: npt.ArrayLike, bins: int = ECE_BINS
) -> float:
    """Return the mean gap between confidence and accuracy, over bins of confidence.

    Each bin (low, high] weighs by its number of samples (Naeini et al. 2015; Guo et al. 2017,
    equation 3).

    Raises:
        ValueError: As for :func:`classification_report`.
    """
    found = reliability_bins(truth, probabilities, bins)
    gaps = [part["n"] * abs(part["accuracy"] - part["confidence"]) for part in found]
    return float(sum(gaps) / sum(part["n"] for part in found))


def calibration_error_by_chance(
    truth: npt.ArrayLike, probabilities: npt.ArrayLike, bins: int = ECE_BINS
) -> float:
    """Return the error that perfect calibration would show on as many samples, in the mean.

    Few samples in a bin are seldom right just as often as they should be. The number that are is
    taken as binomial with the bin's mean confidence; its mean absolute deviation is de Moivre's
    (Diaconis and Zabell 1991, equation 1.1).

    Raises:
        ValueError: As for :func:`classification_report`.
    """
    found = reliability_bins(truth, probabilities, bins)
    deviations = [_mean_deviation(int(part["n"]), part["confidence"]) for part in found]
    return sum(deviations) / sum(part["n"] for part in found)


def _mean_deviation(n: int, p: float) -> float:
    """Mean absolute deviation of a binomial number."""
    k = math.floor(n * p) + 1
    if p <= 0 or k > n:
        return 0.0
    ways = math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
    return 2 * k * (1 - p) * math.exp(ways + k * math.log(p) + (n - k) * math.log1p(-p))


def reliability_bins(
    truth: npt.ArrayLike, probabilities: npt.ArrayLike, bins: int = ECE_BINS
) -> list[dict[str, float]]:
    """Return the bins of a reliability diagram that hold samples, from low to high confidence.

    Each has ``low`` and ``high`` (the bin is (low, high]), ``n``, and the mean ``confidence`` and
    ``accuracy`` of its samples (Guo et al. 2017, equations 1 and 2).

    Raises:
        ValueError: As for :func:`classification_report`.
    """
    truth, probabilities = _checked(truth, probabilities)
    confidence = probabilities.max(axis=1)
    correct = probabilities.argmax(axis=1) == truth
    members = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    return [
        {
            "low": index / bins,
            "high": (index + 1) / bins,
            "n": int((members == index).sum()),
            "confidence": float(confidence[members == index].mean()),
            "accuracy": float(correct[members == index].mean()),
        }
        for index in np.unique(members).tolist()
    ]


def cross_entropy(targets: npt.ArrayLike, probabilities: npt.ArrayLike) -> float:
    """Return the mean cross-entropy in nats of distributions (N, C) under ``probabilities`` (N, C).

    Probabilities below 1e-12 count as that.
    """
    logarithms = np.log(np.maximum(np.asarray(probabilities, np.float64), 1e-12))
    return float(-(np.asarray(targets, np.float64) * logarithms).sum(axis=1).mean())


def concordance(truth: npt.ArrayLike, estimate: npt.ArrayLike) -> float:
    """Return the concordance correlation coefficient (Lin 1989): 1 for equal series (N,), N > 1."""
    x, y = np.asarray(truth, np.float64), np.asarray(estimate, np.float64)
    covariance = ((x - x.mean()) * (y - y.mean())).mean()
    spread = x.var() + y.var() + (x.mean() - y.mean()) ** 2
    return float(2 * covariance / spread) if spread > 0 else 1.0


def _checked(
    truth: npt.ArrayLike, probabilities: npt.ArrayLike
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    indices = np.asarray(truth)
    rows = np.asarray(probabilities, np.float64)
    if rows.ndim != 2 or indices.shape != rows.shape[:1] or len(rows) == 0:
        raise ValueError(
            f"truth {indices.shape} and probabilities {rows.shape}: expected (N,) and (N, C), N > 0"
        )
    if indices.min() < 0 or indices.max() >= rows.shape[1]:
        raise ValueError(
            f"truth holds {indices.min()} to {indices.max()}, expected 0 to {rows.shape[1] - 1}"
        )
    return indices.astype(np.int64), rows
