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

"""A classifier against the votes of several people on each sample, and these against each other."""

from typing import Any

import numpy as np
import numpy.typing as npt

from emotion_recognition.evaluation.metrics import cross_entropy


def majority(counts: npt.NDArray[np.integer[Any]]) -> npt.NDArray[np.int64]:
    """Return the class (N,) with most of the votes ``counts`` (N, C); -1 where there is none.

    There is none where nobody voted, and where several classes have as many votes.
    """
    most = counts.max(axis=1, keepdims=True)
    clear = ((counts == most).sum(axis=1) == 1) & (most[:, 0] > 0)
    return np.where(clear, counts.argmax(axis=1), -1).astype(np.int64)


def agreement_with_others(counts: npt.NDArray[np.integer[Any]]) -> float:
    """Return how often a person's vote is the majority of all others', mean over samples.

    This is what a person scores where a classifier is scored against the majority: nobody helps to
    make the majority they are compared with. Votes whose others have no majority are left out.

    Args:
        counts: (N, C) votes.
    """
    right, wrong = np.zeros(len(counts)), np.zeros(len(counts))
    for voted in range(counts.shape[1]):
        others = majority(counts - np.eye(counts.shape[1], dtype=np.int64)[voted])
        right += np.where(others == voted, counts[:, voted], 0)
        wrong += np.where((others != voted) & (others >= 0), counts[:, voted], 0)
    judged = right + wrong > 0
    return float((right[judged] / (right + wrong)[judged]).mean())


def distribution_scores(
    shares: npt.NDArray[np.floating[Any]], probabilities: npt.NDArray[np.floating[Any]]
) -> dict[str, float]:
    """Return how far ``probabilities`` (N, C) are from the shares of votes (N, C), mean over N.

    Returns:
        ``cross_entropy``, ``kl`` (Kullback-Leibler divergence from the shares) and
        ``jensen_shannon`` divergence (Lin 1991), in nats, the last from 0 to ln 2; and
        ``mean_absolute_difference`` over samples and classes, 0 to 2 / C.
    """
    p, q = np.asarray(shares, np.float64), np.asarray(probabilities, np.float64)
    middle = (p + q) / 2
    divergence = (2 * cross_entropy(middle, middle) - cross_entropy(p, p) - cross_entropy(q, q)) / 2
    return {
        "cross_entropy": cross_entropy(p, q),
        "kl": cross_entropy(p, q) - cross_entropy(p, p),
        "jensen_shannon": divergence,
        "mean_absolute_difference": float(np.abs(p - q).mean()),
    }
