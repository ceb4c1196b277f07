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

"""Metrics against values worked out by hand."""

import json

import numpy as np
import pytest
from sklearn.metrics import log_loss, precision_recall_fscore_support

from emotion_recognition.evaluation.metrics import (
    calibration_error_by_chance,
    classification_report,
    concordance,
    cross_entropy,
    expected_calibration_error,
    reliability_bins,
    top_k_accuracy,
)

# Six samples of three classes; the predictions are a a b | b c | a.
LABELS = ("a", "b", "c")
TRUTH = [0, 0, 0, 1, 1, 2]
PROBABILITIES = [
    [0.8, 0.1, 0.1],
    [0.6, 0.3, 0.1],
    [0.3, 0.5, 0.2],
    [0.1, 0.9, 0.0],
    [0.0, 0.3, 0.7],
    [0.5, 0.1, 0.4],
]


def test_report_equals_hand_worked_values():
    report = classification_report(TRUTH, PROBABILITIES, LABELS)
    assert report["n"] == 6
    assert report["accuracy"] == report["war"] == report["top1"] == pytest.approx(3 / 6)
    # Recalls 2/3, 1/2, 0; precisions 2/3 (a, a of three), 1/2 (one of two), 0 of one.
    assert report["uar"] == report["macro_recall"] == pytest.approx((2 / 3 + 1 / 2 + 0) / 3)
    assert report["macro_precision"] == pytest.approx((2 / 3 + 1 / 2 + 0) / 3)
    assert report["macro_f1"] == pytest.approx((2 / 3 + 1 / 2 + 0) / 3)
    assert report["per_class"]["b"] == pytest.approx(
        {"precision": 1 / 2, "recall": 1 / 2, "f1": 1 / 2, "support": 2}
    )
    assert report["confusion"] == [[2, 1, 0], [0, 1, 1], [1, 0, 0]]
    assert report["labels"] == ["a", "b", "c"]


def test_report_is_json():
    report = classification_report(np.array(TRUTH), np.array(PROBABILITIES), LABELS)
    assert json.loads(json.dumps(report)) == report


def test_mean_recall_leaves_out_classes_that_do_not_occur():
    report = classification_report([0, 1], [[0.9, 0.1, 0.0], [0.2, 0.7, 0.1]], LABELS)
    assert report["uar"] == 1.0
    assert report["per_class"]["c"]["support"] == 0


def test_top_k_counts_the_true_class_among_the_most_probable():
    assert top_k_accuracy(TRUTH, PROBABILITIES, 2) == 1.0
    assert top_k_accuracy(TRUTH, PROBABILITIES, 1) == pytest.approx(0.5)
    assert top_k_accuracy(TRUTH, PROBABILITIES, 5) == 1.0


def test_top_1_agrees_with_argmax_on_ties():
    assert top_k_accuracy([0, 1], [[0.5, 0.5], [0.5, 0.5]], 1) == 0.5


def test_calibration_error_equals_hand_worked_value():
    # Two bins. (0, .5]: confidences .5 (wrong), .5 (wrong): gap 1.0. (.5, 1]: .8, .6, .9 right,
    # .7 wrong: gap 3 - 3.0 = 0.
    assert expected_calibration_error(TRUTH, PROBABILITIES, bins=2) == pytest.approx(1.0 / 6)
    # Four bins. (.25, .5]: gap 1.0; (.5, .75]: .6 right, .7 wrong: 0.3; (.75, 1]: .8, .9: 0.3.
    assert expected_calibration_error(TRUTH, PROBABILITIES, bins=4) == pytest.approx(1.6 / 6)


def test_certain_and_right_is_perfectly_calibrated():
    assert expected_calibration_error([0, 1], [[1.0, 0.0], [0.0, 1.0]]) == 0.0
    assert expected_calibration_error([1, 0], [[1.0, 0.0], [0.0, 1.0]]) == 1.0


@pytest.mark.parametrize(
    ("truth", "probabilities", "message"),
    [
        ([], np.empty((0, 3)), r"N > 0"),
        ([0, 1], [[0.1, 0.2, 0.7]], r"truth \(2,\) and probabilities \(1, 3\)"),
        ([3], [[0.1, 0.2, 0.7]], r"truth holds 3 to 3, expected 0 to 2"),
        ([-1], [[0.1, 0.2, 0.7]], r"truth holds -1 to -1"),
        ([0], [[0.5, 0.5]], r"2 probabilities for 3 labels"),
    ],
)
def test_input_that_does_not_fit_is_rejected(truth, probabilities, message):
    with pytest.raises(ValueError, match=message):
        classification_report(truth, probabilities, LABELS)


def test_report_agrees_with_scikit_learn_on_random_classes():
    generator = np.random.default_rng(0)
    truth = generator.integers(0, 5, 200)
    probabilities = generator.dirichlet(np.ones(5) * 0.5, 200)
    report = classification_report(truth, probabilities, list("abcde"))
    assert report["loss"] == pytest.approx(log_loss(truth, probabilities), rel=1e-9)
    expected = precision_recall_fscore_support(truth, probabilities.argmax(axis=1), average="macro")
    found = [report[f"macro_{name}"] for name in ("precision", "recall", "f1")]
    assert found == pytest.approx(expected[:3])


def test_reliability_bins_hold_every_sample_once():
    bins = reliability_bins(TRUTH, PROBABILITIES, bins=4)
    # (.25, .5]: .5 and .5, both wrong; (.5, .75]: .6 right, .7 wrong; (.75, 1]: .8, .9 right.
    assert [part["n"] for part in bins] == [2, 2, 2]
    assert [part["low"] for part in bins] == [0.25, 0.5, 0.75]
    assert [part["confidence"] for part in bins] == pytest.approx([0.5, 0.65, 0.85])
    assert [part["accuracy"] for part in bins] == [0.0, 0.5, 1.0]


def test_cross_entropy_equals_hand_worked_values():
    assert cross_entropy([[0.5, 0.5]], [[0.25, 0.75]]) == pytest.approx(
        -(np.log(0.25) + np.log(0.75)) / 2
    )
    assert cross_entropy([[1.0, 0.0]], [[0.0, 1.0]]) == pytest.approx(-np.log(1e-12))


def test_concordance_is_lin_s():
    truth = np.array([1.0, 2.0, 3.0, 4.0])
    assert concordance(truth, truth) == pytest.approx(1)
    assert concordance(truth, -truth + 5) == pytest.approx(-1)
    # Same shape, one too high: 2 * 1.25 / (1.25 + 1.25 + 1).
    assert concordance(truth, truth + 1) == pytest.approx(2.5 / 3.5)


@pytest.mark.parametrize(("n", "bins"), [(40, 15), (52, 5), (2000, 15)])
def test_calibration_error_by_chance_is_that_of_calibrated_judgements_drawn_at_random(n, bins):
    rng = np.random.default_rng(n)
    confidence = rng.uniform(0.5, 1.0, n)
    probabilities = np.stack([confidence, 1 - confidence], axis=1)
    drawn = [
        expected_calibration_error((rng.random(n) > confidence).astype(int), probabilities, bins)
        for _ in range(2000)
    ]
    found = calibration_error_by_chance(np.zeros(n, int), probabilities, bins)
    assert found == pytest.approx(np.mean(drawn), rel=0.03)


def test_who_is_always_sure_has_no_calibration_error_by_chance():
    assert calibration_error_by_chance([0, 1], [[1.0, 0.0], [0.0, 1.0]]) == 0.0
