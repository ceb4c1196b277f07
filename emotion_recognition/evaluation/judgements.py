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

"""What a classifier said of the samples of a test, and its figures: overall, by fold, by person."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from emotion_recognition.evaluation.metrics import classification_report

FIGURES = ("accuracy", "uar", "macro_precision", "macro_f1", "top1", "top5", "loss", "ece")
"""Headline figures, of which each report also has the mean and spread over the folds."""


@dataclass(frozen=True)
class Judgements:
    """Probabilities of each class for N samples, with the truth and who is in them.

    Attributes:
        truth: (N,) index of the true class.
        probabilities: (N, C).
        folds: (N,) number of the fold that the sample was tested in, from 0.
        speakers: (N,) number of the person; None where nobody knows.
        sexes: (N,) sex of the person, such as ``female``; None where nobody knows.
    """

    truth: npt.NDArray[np.int64]
    probabilities: npt.NDArray[np.float32]
    folds: npt.NDArray[np.int64]
    speakers: npt.NDArray[np.int64] | None = None
    sexes: npt.NDArray[np.str_] | None = None

    def rows(self, keep: npt.NDArray[np.bool_]) -> "Judgements":
        """Return the samples where ``keep`` (N,) is true."""
        return Judgements(
            self.truth[keep],
            self.probabilities[keep],
            self.folds[keep],
            None if self.speakers is None else self.speakers[keep],
            None if self.sexes is None else self.sexes[keep],
        )


def summarise(judgements: Judgements, labels: Sequence[str]) -> dict[str, Any]:
    """Return all figures of one model under one condition, ready for JSON.

    Returns:
        The report of :func:`classification_report`; for each of ``FIGURES`` its ``_mean`` and
        ``_std`` (sample standard deviation, 0 for one fold) over the folds; ``folds``, the report
        of each, with its ``actors``. Where speakers and sexes are known ``by_sex`` (``n``,
        ``speakers``, ``accuracy`` and ``uar`` of each) and ``by_speaker``: ``each`` person's ``n``,
        ``sex``, ``accuracy`` and ``uar``, and over all the ``mean``, ``std``, ``min`` and ``max``
        of the accuracy.

    Raises:
        ValueError: There is no sample, or shapes do not fit each other.
    """
    folds = []
    for fold in np.unique(judgements.folds):
        part = judgements.rows(judgements.folds == fold)
        actors = [] if part.speakers is None else np.unique(part.speakers).tolist()
        report = classification_report(part.truth, part.probabilities, labels)
        folds.append({"fold": int(fold) + 1, "actors": actors, **report})
    found: dict[str, Any] = {
        **classification_report(judgements.truth, judgements.probabilities, labels),
        **over_folds(folds),
        "folds": folds,
    }
    if judgements.speakers is not None and judgements.sexes is not None:
        found["by_sex"] = {
            str(sex): {
                "n": len(part.truth),
                "speakers": len(np.unique(judgements.speakers[judgements.sexes == sex])),
                **_rates(part, labels),
            }
            for sex, part in _groups(judgements, judgements.sexes)
        }
        found["by_speaker"] = _by_speaker(judgements, judgements.speakers, labels)
    return found


def brief(summary: Mapping[str, Any]) -> dict[str, Any]:
    """Return the headline figures of a summary alone: overall, mean and spread, and by fold."""
    names = ("n", *FIGURES)
    spreads = [f"{name}_{kind}" for name in FIGURES for kind in ("mean", "std")]
    return {
        **{name: summary[name] for name in (*names, *spreads)},
        "folds": [
            {name: fold[name] for name in ("fold", "actors", *names)} for fold in summary["folds"]
        ],
    }


def over_folds(folds: Sequence[dict[str, Any]]) -> dict[str, float]:
    """Return the mean and sample standard deviation over ``folds`` of each headline figure."""
    found = {}
    for name in FIGURES:
        values = [fold[name] for fold in folds]
        found[f"{name}_mean"] = float(np.mean(values))
        found[f"{name}_std"] = spread(values)
    return found


def spread(values: Sequence[float]) -> float:
    """Return the sample standard deviation; 0 for one value."""
    return float(np.std(values, ddof=1)) if len(values) > 1 else 0.0


def _groups(judgements: Judgements, names: npt.NDArray[Any]) -> Iterator[tuple[Any, Judgements]]:
    for name in np.unique(names):
        yield name, judgements.rows(names == name)


def _by_speaker(
    judgements: Judgements, speakers: npt.NDArray[np.int64], labels: Sequence[str]
) -> dict[str, Any]:
    each: dict[str, dict[str, Any]] = {}
    for speaker, part in _groups(judgements, speakers):
        assert part.sexes is not None
        sex = str(part.sexes[0])
        each[str(speaker)] = {"n": len(part.truth), "sex": sex, **_rates(part, labels)}
    accuracies = [entry["accuracy"] for entry in each.values()]
    return {
        "mean": float(np.mean(accuracies)),
        "std": spread(accuracies),
        "min": min(accuracies),
        "max": max(accuracies),
        "each": each,
    }


def _rates(part: Judgements, labels: Sequence[str]) -> dict[str, float]:
    report = classification_report(part.truth, part.probabilities, labels)
    return {"accuracy": report["accuracy"], "uar": report["uar"]}
