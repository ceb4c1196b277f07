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

"""Compare ways of fusing two streams: figures over folds, tables and plots."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from emotion_recognition.emotions import EMOTIONS
from emotion_recognition.evaluation.judgements import brief, spread, summarise
from emotion_recognition.evaluation.plots import plot_bars
from emotion_recognition.evaluation.ravdess_voice import judgements_of_actors
from emotion_recognition.evaluation.report import (
    FIGURES_NOTE,
    Table,
    class_table,
    classification_pictures,
    fold_spread,
    people_table,
    percent,
    shown,
)

CONDITIONS: tuple[str, ...] = ("both", "voice_missing", "face_missing")
SINGLE: tuple[str, ...] = ("audio", "video")


@dataclass(frozen=True)
class FoldResult:
    """What all models said of the N test clips of a fold.

    ``truth`` and ``actors`` (N,); ``probabilities`` (N, 8) by model and then by condition, of which
    ``both`` is the first.
    """

    truth: npt.NDArray[np.int64]
    actors: npt.NDArray[np.int64]
    probabilities: Mapping[str, Mapping[str, npt.NDArray[np.float32]]]


def compare(folds: Sequence[FoldResult]) -> dict[str, Any]:
    """Return one entry a model: its summary (:func:`summarise`), and one for each other condition.

    The entries of conditions other than ``both``, and of each fold, hold headline figures alone.
    """
    models = {}
    for model, conditions in folds[0].probabilities.items():
        found = {condition: _summary(folds, model, condition) for condition in conditions}
        both, *others = found
        briefly = {condition: brief(found[condition]) for condition in others}
        models[model] = {**found[both], "folds": brief(found[both])["folds"], **briefly}
    return models


def _summary(folds: Sequence[FoldResult], model: str, condition: str) -> dict[str, Any]:
    judgements = judgements_of_actors(
        np.concatenate([fold.truth for fold in folds]),
        np.concatenate([fold.probabilities[model][condition] for fold in folds]),
        np.repeat(np.arange(len(folds)), [len(fold.truth) for fold in folds]),
        np.concatenate([fold.actors for fold in folds]),
    )
    return summarise(judgements, EMOTIONS)


def ranking(models: Mapping[str, Any]) -> dict[str, Any]:
    """Return the best single stream and fusion by accuracy, and what fusing gains.

    ``gain`` is over all clips, ``gain_std`` the sample standard deviation of the folds' gains.
    """
    single = max(SINGLE, key=lambda name: models[name]["accuracy"])
    fusion = max(set(models) - set(SINGLE), key=lambda name: models[name]["accuracy"])
    best, base = models[fusion]["accuracy"], models[single]["accuracy"]
    folds = zip(models[fusion]["folds"], models[single]["folds"], strict=True)
    gains = [ours["accuracy"] - alone["accuracy"] for ours, alone in folds]
    return {
        "best_single": single,
        "best_single_accuracy": base,
        "best_fusion": fusion,
        "best_fusion_accuracy": best,
        "gain": best - base,
        "gain_std": spread(gains),
    }


def fusion_tables(models: Mapping[str, Any], conditions: Sequence[str], chosen: str) -> list[Table]:
    """Return the comparison of all models, and the tables by class and person of ``chosen``."""
    others = conditions[1:]
    columns = ["model", "WAR", "±", "UAR", "F1", "top 5", "loss", "ECE"]
    rows = [
        [
            name,
            percent(entry["accuracy"]),
            fold_spread(entry, "accuracy"),
            *(percent(entry[figure]) for figure in ("uar", "macro_f1", "top5")),
            f"{entry['loss']:.3f}",
            f"{entry['ece']:.3f}",
            *(percent(entry[condition]["accuracy"]) for condition in others),
        ]
        for name, entry in models.items()
    ]
    note = (
        f"{FIGURES_NOTE} The last columns are accuracies. Every figure under every condition and "
        "in every fold is in the JSON."
    )
    return [
        Table("All models", [*columns, *map(shown, others)], rows, note),
        class_table(models[chosen], f"{chosen}, both"),
        people_table({name: models[name] for name in (*SINGLE, chosen)}, "model"),
    ]


def fusion_pictures(
    name: str, models: Mapping[str, Any], conditions: Sequence[str], chosen: str, out: Path
) -> dict[str, Path]:
    """Draw the comparison, and confusion, reliability and speakers of ``chosen``, into ``out``."""
    both, *others = conditions

    def bars(shown_conditions: Sequence[str], path: Path) -> Path:
        series = {
            shown(condition): [
                (found["accuracy_mean"], found["accuracy_std"])
                for found in (e if condition == both else e[condition] for e in models.values())
            ]
            for condition in shown_conditions
        }
        title = "Accuracy, mean and standard deviation over the folds"
        plot_bars(list(models), series, title, "accuracy (%)", path)
        return path

    pictures = {"Accuracy by model and missing stream": bars(CONDITIONS, out / f"{name}.png")}
    if noisy := [condition for condition in others if condition not in CONDITIONS]:
        pictures["Accuracy by model and noise"] = bars([both, *noisy], out / f"{name}-noise.png")
    own = {chosen: models[chosen]}
    return {**pictures, **classification_pictures(name, f"RAVDESS, {chosen}", own, out)}
