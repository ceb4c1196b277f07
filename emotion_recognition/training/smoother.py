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

"""Fit the smoothing of successive estimates on speech in which the emotion changes.

``python -m emotion_recognition.training.smoother --data DIR --cache DIR`` writes
``weights/smoother.json``: parameters fitted on all 24 actors of RAVDESS, each judged by the network
of the fold that never heard them. Of all candidates whose mean delay at a true change is at most
one update longer than without smoothing, even if it is one standard error more than measured, the
one with the fewest flips is taken; then the exponent of what is published is fitted so that
confidence matches accuracy.
"""

import argparse
import json
import logging
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
import torch

from emotion_recognition.evaluation.emotion_sequences import (
    UPDATE_S,
    EmotionSequence,
    voice_sequences,
)
from emotion_recognition.evaluation.label_stability import (
    Judgement,
    added_delays,
    flips_per_minute,
    judge,
    summary,
)
from emotion_recognition.recognizer import RecognizerConfig
from emotion_recognition.smoothing import (
    FORMAT,
    PARAMETERS_FILE,
    ExponentialFilter,
    Filter,
    HmmFilter,
    HmmParameters,
    HysteresisFilter,
    HysteresisParameters,
    SmoothingParameters,
)
from emotion_recognition.training.calibration import fit_temperature

logger = logging.getLogger(__name__)

Parameters = TypeVar("Parameters", HysteresisParameters, HmmParameters)

GAP_S = RecognizerConfig().window_s
RATES = (0.25, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 5.0, 6.0, 8.0)
OVERLAPS = (0.25, 0.35, 0.5, 0.7, 1.0)
HYSTERESIS = tuple(HysteresisParameters(odds=1 + step / 10) for step in range(31))
HMM = tuple(HmmParameters(rate, overlap) for rate, overlap in product(RATES, OVERLAPS))


@dataclass(frozen=True)
class Trial(Generic[Parameters]):
    """One candidate, tried on every sequence."""

    parameters: Parameters
    judged: list[Judgement]


@dataclass(frozen=True)
class Trials:
    """All candidates on the same sequences, so that parts of these can be fitted on at once."""

    raw: list[Judgement]
    hysteresis: list[Trial[HysteresisParameters]]
    hmm: list[Trial[HmmParameters]]


def steady(parameters: HysteresisParameters | HmmParameters) -> Filter:
    """Return the filter of these parameters."""
    if isinstance(parameters, HmmParameters):
        return HmmFilter(parameters, GAP_S)
    return HysteresisFilter(parameters, GAP_S)


def try_all(sequences: Sequence[EmotionSequence]) -> Trials:
    """Try every candidate, without sharpening, on every sequence."""

    def judged(tried: Filter) -> list[Judgement]:
        return [judge(sequence, tried) for sequence in sequences]

    return Trials(
        judged(ExponentialFilter(0.0, GAP_S)),
        [Trial(parameters, judged(steady(parameters))) for parameters in HYSTERESIS],
        [Trial(parameters, judged(steady(parameters))) for parameters in HMM],
    )


def fit(trials: Trials, on: Sequence[int]) -> SmoothingParameters:
    """Return the parameters fitted on the sequences of these indices.

    Raises:
        ValueError: no sequence is given.
    """
    if not on:
        raise ValueError("no sequence to fit the smoothing on")
    return SmoothingParameters(
        _fit(trials.hysteresis, trials.raw, on), _fit(trials.hmm, trials.raw, on)
    )


def _fit(
    trials: Sequence[Trial[Parameters]], raw: Sequence[Judgement], on: Sequence[int]
) -> Parameters:
    base = [raw[index] for index in on]
    quick = []
    for trial in trials:
        judged = [trial.judged[index] for index in on]
        added = added_delays(judged, base)
        standard_error = added.std() / math.sqrt(len(added))
        if added.mean() + standard_error <= UPDATE_S:
            quick.append((flips_per_minute(judged), trial.parameters, judged))
    if not quick:
        raise ValueError(f"every candidate delays by more than {UPDATE_S} s")
    _, parameters, judged = min(quick, key=lambda each: each[0])
    return replace(parameters, sharpness=round(_sharpness(judged), 3))


def _sharpness(judged: Sequence[Judgement]) -> float:
    """Return the exponent of the probabilities that minimises the cross-entropy."""
    logits = np.log(np.concatenate([each.probabilities for each in judged]))
    truth = np.concatenate([each.truth for each in judged])
    return 1 / fit_temperature(torch.from_numpy(logits), torch.from_numpy(truth))


def save(path: Path, parameters: SmoothingParameters, fitted: dict[str, Any]) -> None:
    """Write ``parameters``, and under ``fitted`` where they come from, as JSON."""
    entries = {"format": FORMAT, **asdict(parameters), "fitted": fitted}
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    partial.write_text(json.dumps(entries, indent=2) + "\n", encoding="utf-8")
    partial.replace(path)


def main(arguments: list[str] | None = None) -> None:
    """Fit on all actors and write the parameters."""
    parser = argparse.ArgumentParser(description="Fit the smoothing of successive estimates.")
    parser.add_argument("--data", type=Path, required=True, help="folder of the corpora")
    parser.add_argument(
        "--out", type=Path, default=PARAMETERS_FILE, help="file to write (default: the shipped one)"
    )
    parser.add_argument(
        "--cache", type=Path, required=True, help="folder for the estimates without smoothing"
    )
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    sequences = voice_sequences(options.data, options.cache)
    trials = try_all(sequences)
    parameters = fit(trials, range(len(sequences)))
    figures = {
        name: summary([judge(s, steady(found)) for s in sequences], trials.raw)
        for name, found in (("hysteresis", parameters.hysteresis), ("hmm", parameters.hmm))
    }
    source = {
        "corpus": "RAVDESS speech, joined clips, each actor by the fold that never heard them",
        "actors": sorted(int(sequence.actor) for sequence in sequences),
        "minutes": round(sum(sequence.duration_s for sequence in sequences) / 60, 1),
        "figures": {
            name: {key: round(value, 4) for key, value in entry.items()}
            for name, entry in {"none": summary(trials.raw, trials.raw), **figures}.items()
        },
    }
    save(options.out, parameters, source)
    logger.info("%s: %s", options.out, parameters)


if __name__ == "__main__":
    main()
