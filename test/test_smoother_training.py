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

"""Fitting the smoothing, on estimates that flicker by a known amount."""

import json

import numpy as np
import pytest

from emotion_recognition.corpora import ravdess
from emotion_recognition.evaluation.emotion_sequences import EmotionSequence
from emotion_recognition.evaluation.label_stability import (
    added_delays,
    flips_per_minute,
    judge,
)
from emotion_recognition.smoothing import HmmParameters, HysteresisParameters, load_parameters
from emotion_recognition.training import smoother, temporal_smoothing
from emotion_recognition.training.smoother import Trial, Trials, fit, save, steady, try_all

SECOND = 10**9


def flickering(actor: int) -> EmotionSequence:
    """A minute in which the emotion changes every 5 s, seen through noise."""
    rng = np.random.default_rng(actor)
    stamps = np.arange(4, 244) * SECOND // 4
    emotions = (3 * np.arange(12) + actor) % 8
    logits = rng.normal(0, 1, (240, 8))
    logits[np.arange(240), emotions[np.arange(240) // 20]] += 2.5
    powers = np.exp(1.5 * logits)
    onsets = SECOND + 5 * np.arange(12) * SECOND
    probabilities = powers / powers.sum(axis=1, keepdims=True)
    return EmotionSequence(np.array(actor), stamps, probabilities, onsets, emotions)


@pytest.fixture(scope="module")
def sequences() -> list[EmotionSequence]:
    return [flickering(actor) for actor in (1, 6, 11)]


@pytest.fixture(scope="module")
def trials(sequences) -> Trials:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(smoother, "HYSTERESIS", smoother.HYSTERESIS[::5])
        patch.setattr(smoother, "HMM", smoother.HMM[::13])
        return try_all(sequences)


def test_the_steadiest_candidate_in_time_is_taken(sequences, trials):
    stubborn = HysteresisParameters(odds=60)
    late = Trial(stubborn, [judge(sequence, steady(stubborn)) for sequence in sequences])
    found = fit(Trials(trials.raw, [*trials.hysteresis, late], trials.hmm), range(3))
    flips = {}
    for trial in trials.hysteresis:
        added = added_delays(trial.judged, trials.raw)
        if added.mean() + added.std() / len(added) ** 0.5 <= 0.25:
            flips[trial.parameters.odds] = flips_per_minute(trial.judged)
    assert found.hysteresis.odds == min(flips, key=flips.__getitem__)
    assert flips[found.hysteresis.odds] < flips_per_minute(trials.raw)
    assert added_delays(late.judged, trials.raw).mean() > 0.25
    assert flips_per_minute(late.judged) < flips[found.hysteresis.odds]


def test_sharpness_lowers_the_cross_entropy(sequences, trials):
    found = fit(trials, range(3)).hysteresis

    def loss(parameters: HysteresisParameters) -> float:
        judged = [judge(sequence, steady(parameters)) for sequence in sequences]
        chosen = [j.probabilities[np.arange(len(j.truth)), j.truth] for j in judged]
        return float(-np.log(np.concatenate(chosen)).mean())

    for factor in (0.8, 1.25):
        other = HysteresisParameters(found.odds, found.sharpness * factor)
        assert loss(found) < loss(other)


def test_too_slow_candidates_are_an_error(sequences, trials):
    slow = HmmParameters(switch_rate=0.001, overlap_s=1)
    late = [Trial(slow, [judge(sequence, steady(slow)) for sequence in sequences])]
    with pytest.raises(ValueError, match="every candidate delays by more"):
        fit(Trials(trials.raw, trials.hysteresis, late), range(3))
    with pytest.raises(ValueError, match="no sequence"):
        fit(trials, [])


def test_what_is_saved_is_loaded(trials, tmp_path):
    found = fit(trials, [0, 1])
    save(tmp_path / "new" / "smoother.json", found, {"corpus": "noise"})
    assert load_parameters(tmp_path / "new" / "smoother.json") == found
    written = json.loads((tmp_path / "new" / "smoother.json").read_text())
    assert written["fitted"] == {"corpus": "noise"}


def test_no_speaker_is_judged_by_parameters_fitted_on_them(sequences, trials, monkeypatch):
    fitted_on = []
    monkeypatch.setattr(
        temporal_smoothing, "fit", lambda trials, on: fitted_on.append(on) or fit(trials, on)
    )
    found = temporal_smoothing.cross_fit(sequences, trials)
    assert list(found) == [ravdess.FOLDS[0], ravdess.FOLDS[1], ravdess.FOLDS[2]]
    assert fitted_on == [[1, 2], [0, 2], [0, 1]]


def test_benchmark_compares_all_methods(sequences, trials, tmp_path, monkeypatch):
    monkeypatch.setattr(temporal_smoothing, "voice_sequences", lambda *_: sequences)
    monkeypatch.setattr(temporal_smoothing, "face_sequences", lambda *_: sequences[:1])
    monkeypatch.setattr(temporal_smoothing, "try_all", lambda _: trials)
    result = temporal_smoothing.benchmark_temporal_smoothing(tmp_path, tmp_path)
    assert json.loads((tmp_path / "temporal-smoothing.json").read_text()) == result
    assert list(result["voice"]) == ["none", "exponential", "hmm", "hysteresis"]
    assert result["voice"]["none"]["added_delay_mean_s"] == 0
    assert result["flips_per_minute"] == result["voice"]["hysteresis"]["flips_per_minute"]
    assert result["flips_per_minute"] < result["voice"]["none"]["flips_per_minute"]
    rows = result["withhold"]["thresholds"]
    chosen = next(row for row in rows if row["threshold"] == result["withhold"]["chosen"])
    assert chosen["accuracy"] >= 2 / 3
    assert all(row["accuracy"] < 2 / 3 for row in rows if row["threshold"] < chosen["threshold"])
    text = (tmp_path / "temporal-smoothing.md").read_text()
    assert text.count("| hysteresis |") == 2 and "(chosen)" in text
    assert (tmp_path / "temporal-smoothing.png").stat().st_size > 10_000
