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

"""Figures by fold, sex and speaker, against values worked out by hand."""

import json

import numpy as np
import pytest

from emotion_recognition.evaluation.judgements import FIGURES, Judgements, brief, summarise

LABELS = ("a", "b")


def sure(predicted: list[int]) -> np.ndarray:
    return np.where(np.eye(2)[predicted] == 1, 0.9, 0.1).astype(np.float32)


@pytest.fixture
def judgements() -> Judgements:
    """Two folds of four; speakers 1 (male, 2 of 3 right), 2 (female, 1 of 1), 3 (male, 2 of 4)."""
    return Judgements(
        truth=np.array([0, 0, 1, 1, 0, 0, 1, 1]),
        probabilities=sure([0, 0, 0, 1, 0, 1, 1, 0]),
        folds=np.array([0, 0, 0, 0, 1, 1, 1, 1]),
        speakers=np.array([1, 1, 1, 2, 3, 3, 3, 3]),
        sexes=np.array(["male"] * 3 + ["female"] + ["male"] * 4),
    )


def test_folds_have_their_figures_their_mean_and_their_spread(judgements) -> None:
    found = summarise(judgements, LABELS)
    assert [fold["accuracy"] for fold in found["folds"]] == [3 / 4, 2 / 4]
    assert [fold["actors"] for fold in found["folds"]] == [[1, 2], [3]]
    assert [fold["fold"] for fold in found["folds"]] == [1, 2]
    assert found["accuracy"] == found["accuracy_mean"] == 5 / 8
    assert found["accuracy_std"] == pytest.approx(np.std([3 / 4, 2 / 4], ddof=1))
    for name in FIGURES:
        values = [fold[name] for fold in found["folds"]]
        assert found[f"{name}_mean"] == pytest.approx(np.mean(values))
        assert found[f"{name}_std"] == pytest.approx(np.std(values, ddof=1))


def test_sexes_and_speakers_add_up_to_the_whole(judgements) -> None:
    found = summarise(judgements, LABELS)
    for groups in (found["by_sex"], found["by_speaker"]["each"]):
        assert sum(group["n"] for group in groups.values()) == found["n"] == 8
        right = sum(group["n"] * group["accuracy"] for group in groups.values())
        assert right == pytest.approx(found["n"] * found["accuracy"])
    assert found["by_sex"]["male"]["speakers"] == 2
    assert found["by_sex"]["female"] == {"n": 1, "speakers": 1, "accuracy": 1.0, "uar": 1.0}
    assert found["by_speaker"]["each"]["1"] == {
        "n": 3,
        "sex": "male",
        "accuracy": pytest.approx(2 / 3),
        "uar": 0.5,  # both a, not the b
    }
    accuracies = [2 / 3, 1, 2 / 4]
    assert found["by_speaker"]["mean"] == pytest.approx(np.mean(accuracies))
    assert found["by_speaker"]["std"] == pytest.approx(np.std(accuracies, ddof=1))
    assert (found["by_speaker"]["min"], found["by_speaker"]["max"]) == (0.5, 1.0)


def test_one_fold_has_no_spread(judgements) -> None:
    found = summarise(judgements.rows(judgements.folds == 1), LABELS)
    assert found["accuracy_std"] == found["ece_std"] == 0.0
    assert found["n"] == 4


def test_nothing_is_said_of_people_nobody_knows() -> None:
    found = summarise(Judgements(np.array([0, 1]), sure([0, 0]), np.zeros(2, int)), LABELS)
    assert "by_sex" not in found and "by_speaker" not in found
    assert found["folds"][0]["actors"] == []


def test_is_json_and_its_brief_form_keeps_the_headline_figures(judgements) -> None:
    found = summarise(judgements, LABELS)
    assert json.loads(json.dumps(found)) == found
    short = brief(found)
    assert short["accuracy"] == found["accuracy"] and short["ece_std"] == found["ece_std"]
    assert {"accuracy", "uar", "top1", "top5", "loss", "folds"} <= short.keys()
    assert "confusion" not in short and "per_class" not in short["folds"][0]
    assert [fold["accuracy"] for fold in short["folds"]] == [3 / 4, 2 / 4]


def test_no_sample_is_an_error() -> None:
    nothing = Judgements(np.zeros(0, int), np.zeros((0, 2)), np.zeros(0, int))
    with pytest.raises(ValueError, match="N > 0"):
        summarise(nothing, LABELS)
