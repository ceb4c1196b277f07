"""Compare ways of fusing two streams: figures over folds, a table and a bar plot."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from emotion_recognition.emotions import EMOTIONS
from emotion_recognition.evaluation.metrics import classification_report

CONDITIONS: tuple[str, ...] = ("both", "voice_missing", "face_missing")
SINGLE: tuple[str, ...] = ("audio", "video")
FIGURES = ("accuracy", "uar", "top1", "top5", "ece")


@dataclass(frozen=True)
class FoldResult:
    """Probabilities (N, 8) on the test clips of a fold, by model and then by condition."""

    actors: tuple[int, ...]
    truth: npt.NDArray[np.int64]
    probabilities: Mapping[str, Mapping[str, npt.NDArray[np.float32]]]


def summarise(folds: Sequence[FoldResult]) -> dict[str, Any]:
    """Return one entry a model, and under ``voice_missing`` and ``face_missing`` the same again.

    An entry holds ``accuracy``, ``uar``, ``top1``, ``top5``, ``ece`` and ``loss`` (cross-entropy,
    nats) over all clips, ``accuracy_mean`` and ``accuracy_std`` (sample standard deviation over the
    folds; 0 for one) and ``folds``.
    """
    models = {}
    for model in folds[0].probabilities:
        entries = {condition: _entry(folds, model, condition) for condition in CONDITIONS}
        models[model] = {**entries.pop("both"), **entries}
    return models


def _entry(folds: Sequence[FoldResult], model: str, condition: str) -> dict[str, Any]:
    parts = [(fold.truth, fold.probabilities[model][condition]) for fold in folds]
    truth, probabilities = (np.concatenate(part) for part in zip(*parts, strict=True))
    each = [_figures(*part) for part in parts]
    accuracies = [figures["accuracy"] for figures in each]
    return {
        **_figures(truth, probabilities),
        "accuracy_mean": float(np.mean(accuracies)),
        "accuracy_std": _spread(accuracies),
        "folds": [
            {"actors": list(fold.actors), **figures}
            for fold, figures in zip(folds, each, strict=True)
        ],
    }


def _figures(
    truth: npt.NDArray[np.int64], probabilities: npt.NDArray[np.float32]
) -> dict[str, float]:
    report = classification_report(truth, probabilities, EMOTIONS)
    chosen = probabilities[np.arange(len(truth)), truth].astype(np.float64)
    loss = float(-np.log(np.maximum(chosen, 1e-12)).mean())
    return {"n": len(truth), **{name: report[name] for name in FIGURES}, "loss": loss}


def _spread(values: Sequence[float]) -> float:
    return float(np.std(values, ddof=1)) if len(values) > 1 else 0.0


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
        "gain_std": _spread(gains),
    }


def table(models: Mapping[str, Any]) -> str:
    """Return the figures as a Markdown table, percent but for the loss."""
    lines = [
        "| Model | Accuracy | Folds | UAR | Top 5 | Loss | ECE | Voice missing | Face missing |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name, entry in models.items():
        spread = f"{100 * entry['accuracy_mean']:.1f} ± {100 * entry['accuracy_std']:.1f}"
        missing = (f"{100 * entry[c]['accuracy']:.1f}" for c in CONDITIONS[1:])
        lines.append(
            f"| {name} | {100 * entry['accuracy']:.1f} | {spread} | {100 * entry['uar']:.1f} | "
            f"{100 * entry['top5']:.1f} | {entry['loss']:.3f} | {entry['ece']:.3f} | "
            + " | ".join(missing)
            + " |"
        )
    return "\n".join(lines) + "\n"


def plot(models: Mapping[str, Any], path: Path) -> None:
    """Draw the mean accuracy over the folds with its standard deviation, by condition."""
    # Heavy to import, and of use only here.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 4), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    places = np.arange(len(models))
    for index, condition in enumerate(CONDITIONS):
        entries = [e if condition == "both" else e[condition] for e in models.values()]
        axes.bar(
            places + (index - 1) * 0.27,
            [100 * entry["accuracy_mean"] for entry in entries],
            0.27,
            yerr=[100 * entry["accuracy_std"] for entry in entries],
            capsize=2,
            label=condition.replace("_", " "),
        )
    axes.set_xticks(places, list(models), rotation=25, ha="right")
    axes.set_ylabel("accuracy (%)")
    axes.set_title("Mean over the folds and standard deviation")
    figure.legend(loc="outside lower center", ncols=len(CONDITIONS), frameon=False)
    figure.savefig(path, dpi=120)
