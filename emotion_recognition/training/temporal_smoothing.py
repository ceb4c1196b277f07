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

"""Compare ways of smoothing on joined clips: flips a minute, delay, accuracy, calibration.

The parameters of each fold's test speakers are fitted on the speakers of the other folds. The one
actor with faces, who is in the first fold, is judged with that fold's parameters.
"""

import json
import logging
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from emotion_recognition.corpora import ravdess
from emotion_recognition.emotions import EMOTIONS
from emotion_recognition.evaluation.emotion_sequences import (
    SECOND_NS,
    EmotionSequence,
    face_sequences,
    voice_sequences,
)
from emotion_recognition.evaluation.label_stability import (
    Judgement,
    added_delays,
    coverage_table,
    flips_per_minute,
    judge,
    summary,
)
from emotion_recognition.recognizer import RecognizerConfig
from emotion_recognition.smoothing import METHODS, ExponentialFilter, Filter, SmoothingParameters
from emotion_recognition.training.smoother import GAP_S, Trials, fit, steady, try_all

logger = logging.getLogger(__name__)

NAME = "temporal-smoothing"
SHIPPED = RecognizerConfig()
TIME_CONSTANTS = (0.0, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5)
THRESHOLDS = tuple(step / 20 for step in range(4, 17))
RIGHT_SHARE = 2 / 3
"""What is answered should be right twice as often as wrong."""
SHOWN_S = 60.0  # of a sequence in the plot

Judged = dict[str, list[Judgement]]


def benchmark_temporal_smoothing(data: Path, out: Path) -> dict[str, Any]:
    """Compare the methods of ``smoothing`` on voices of 24 actors and on one face with voice.

    Args:
        data: Folder of the corpora.
        out: Folder for ``temporal-smoothing.json``, ``.md`` and ``.png``, and for the estimates.

    Returns:
        As written: the figures of the method that is the default; ``voice`` and
        ``face_and_voice``, for each method what ``label_stability.summary`` gives; ``folds`` with
        their fitted parameters; ``withhold``, accuracy of what is answered by threshold, with the
        ``chosen`` one, and what that gives where it is chosen on other speakers; ``seconds``.

    Raises:
        CheckpointError: weights of a fold are missing or corrupt.
        FileNotFoundError: a corpus is missing.
    """
    began = time.monotonic()
    voices = voice_sequences(data, out)
    faces = face_sequences(data, out)
    trials = try_all(voices)
    fitted = cross_fit(voices, trials)
    by_voice, by_both = judge_methods(voices, fitted), judge_methods(faces, fitted)
    figures = {name: summary(judged, by_voice["none"]) for name, judged in by_voice.items()}
    result = {
        **figures[SHIPPED.smoothing],
        "voice": figures,
        "face_and_voice": {
            name: summary(judged, by_both["none"]) for name, judged in by_both.items()
        },
        "folds": [
            {
                "actors": list(actors),
                "odds": found.hysteresis.odds,
                "switch_rate": found.hmm.switch_rate,
                "overlap_s": found.hmm.overlap_s,
            }
            for actors, found in fitted.items()
        ],
        "withhold": withhold(voices, by_voice[SHIPPED.smoothing]),
        "seconds": time.monotonic() - began,
    }
    out.mkdir(parents=True, exist_ok=True)
    (out / f"{NAME}.json").write_text(json.dumps(result, indent=2) + "\n")
    (out / f"{NAME}.md").write_text(table(result), encoding="utf-8")
    plot(voices, by_voice, trials, out / f"{NAME}.png")
    return result


def cross_fit(
    sequences: Sequence[EmotionSequence], trials: Trials
) -> dict[tuple[int, ...], SmoothingParameters]:
    """Return for the actors of each fold the parameters fitted on all other actors."""
    present = {int(sequence.actor) for sequence in sequences}
    return {
        actors: fit(trials, [n for n, s in enumerate(sequences) if int(s.actor) not in actors])
        for actors in ravdess.FOLDS
        if present & set(actors)
    }


def judge_methods(
    sequences: Sequence[EmotionSequence],
    fitted: Mapping[tuple[int, ...], SmoothingParameters],
) -> Judged:
    """Return what each method makes of each sequence, by the parameters of its actor's fold."""
    judged: Judged = {name: [] for name in reversed(METHODS)}
    for sequence in sequences:
        found = next(p for actors, p in fitted.items() if int(sequence.actor) in actors)
        filters: dict[str, Filter] = {
            "none": ExponentialFilter(0.0, GAP_S),
            "exponential": ExponentialFilter(SHIPPED.smoothing_s, GAP_S),
            "hmm": steady(found.hmm),
            "hysteresis": steady(found.hysteresis),
        }
        for name in judged:
            judged[name].append(judge(sequence, filters[name]))
    return judged


def withhold(sequences: Sequence[EmotionSequence], judged: Sequence[Judgement]) -> dict[str, Any]:
    """Return coverage and accuracy by threshold, and those of one chosen on other speakers."""
    answered = right = 0.0
    for actors in ravdess.FOLDS:
        tested = [j for s, j in zip(sequences, judged, strict=True) if int(s.actor) in actors]
        others = [j for s, j in zip(sequences, judged, strict=True) if int(s.actor) not in actors]
        if not tested:
            continue
        for row in coverage_table(tested, [choose_threshold(others)]):
            windows = row["coverage"] * sum(len(each.truth) for each in tested)
            answered += windows
            right += windows * row["accuracy"]
    return {
        "thresholds": coverage_table(judged, THRESHOLDS),
        "chosen": choose_threshold(judged),
        "coverage": answered / sum(len(each.truth) for each in judged),
        "accuracy": right / answered if answered else None,
    }


def choose_threshold(judged: Sequence[Judgement]) -> float:
    """Return the lowest threshold above which the label is right often enough."""
    rows = coverage_table(judged, THRESHOLDS)
    enough = (row["threshold"] for row in rows if row["accuracy"] >= RIGHT_SHARE)
    return next(enough, THRESHOLDS[-1])


def table(result: Mapping[str, Any]) -> str:
    """Return the figures as Markdown tables."""
    lines = []
    for title, key in (("Voice, 24 actors", "voice"), ("Face and voice", "face_and_voice")):
        lines += [
            f"| {title} | Accuracy | UAR | ECE | Flips a minute | Arrived | Delay | "
            "Added: mean | median | 90 % | Settled | Delay until settled | Added: mean |",
            "| --- " * 13 + "|",
        ]
        for name, entry in result[key].items():
            shares = (f"{100 * entry[figure]:.1f}" for figure in ("accuracy", "uar"))
            lines.append(
                f"| {name} | {' | '.join(shares)} | {entry['ece']:.3f} | "
                f"{entry['flips_per_minute']:.1f} | {100 * entry['arrived']:.0f} | "
                f"{entry['arrival_s']:.2f} | {entry['added_delay_mean_s']:.2f} | "
                f"{entry['added_delay_median_s']:.2f} | {entry['added_delay_p90_s']:.2f} | "
                f"{100 * entry['settled']:.0f} | {entry['settled_s']:.2f} | "
                f"{entry['settled_added_mean_s']:.2f} |"
            )
        lines.append("")
    lines += ["| Threshold | Answered | Accuracy of these |", "| --- | --- | --- |"]
    found = result["withhold"]
    for row in found["thresholds"]:
        chosen = " (chosen)" if row["threshold"] == found["chosen"] else ""
        lines.append(
            f"| {row['threshold']:.2f}{chosen} | {100 * row['coverage']:.1f} | "
            f"{100 * row['accuracy']:.1f} |"
        )
    return "\n".join(lines) + "\n"


def plot(sequences: Sequence[EmotionSequence], judged: Judged, trials: Trials, path: Path) -> None:
    """Draw flips against delay for all candidates, and a minute of the first sequence."""
    # Heavy to import, and of use only here.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 8), layout="constrained")
    FigureCanvasAgg(figure)
    trade, timeline = figure.subplots(2)
    curves = {
        "exponential": [
            [judge(sequence, ExponentialFilter(constant, GAP_S)) for sequence in sequences]
            for constant in TIME_CONSTANTS
        ],
        "hmm": [trial.judged for trial in trials.hmm],
        "hysteresis": [trial.judged for trial in trials.hysteresis],
    }
    for name, tried in curves.items():
        delay = [added_delays(each, trials.raw).mean() for each in tried]
        flips = [flips_per_minute(each) for each in tried]
        trade.plot(delay, flips, "." if name == "hmm" else ".-", label=name)
    trade.set(xlabel="mean added delay, s", ylabel="flips a minute", xlim=(-0.02, 0.8))
    trade.legend()
    sequence = sequences[0]
    seconds = (sequence.stamps_ns - sequence.stamps_ns[0]) / SECOND_NS
    shown = seconds <= SHOWN_S
    timeline.plot(
        seconds[shown],
        sequence.truth[shown],
        color="0.8",
        linewidth=9,
        label="spoken",
        drawstyle="steps-post",
    )
    for shift, name in ((0.12, "none"), (-0.12, SHIPPED.smoothing)):
        labels = judged[name][0].probabilities.argmax(axis=1)[shown]
        timeline.plot(seconds[shown], labels + shift, drawstyle="steps-post", label=name)
    timeline.set(xlabel=f"time, s (actor {int(sequence.actor)})", yticks=np.arange(len(EMOTIONS)))
    timeline.set_yticklabels(EMOTIONS)
    timeline.legend(loc="upper right")
    figure.savefig(path, dpi=90)
