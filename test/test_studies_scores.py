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

"""Scores against scikit-learn, formulas written out anew, and cases worked out by hand."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, balanced_accuracy_score, confusion_matrix, f1_score

pytest.importorskip("pandas")

from estimate_frames import frame_of

from emotion_recognition.emotions import EMOTIONS
from emotion_recognition.evaluation.metrics import concordance, expected_calibration_error
from emotion_recognition.studies.charts import area_under_risk, risk_at, risk_curve
from emotion_recognition.studies.compare import compare
from emotion_recognition.studies.evaluation import cluster_unit, clusters
from emotion_recognition.studies.evidence import Evidence, Pairs, evidence_of, label_at
from emotion_recognition.studies.labels import Label, LabelError
from emotion_recognition.studies.scores import (
    confusion_of,
    figures_of,
    scores_of,
)
from emotion_recognition.studies.series import series_of

S = 1_000_000_000
INDEX = {name: place for place, name in enumerate(EMOTIONS)}


def judged(
    rows: Sequence[tuple], labels: Sequence[Label], window_s: float = 0.0, **columns
) -> Evidence:
    """Evidence of made-up estimates; windows of 0 s have the label at the estimate's own time."""
    (evidence,) = evidence_of("a", series_of(frame_of(rows, **columns)), labels, window_s, 0)
    return evidence


def random_evidence(seed: int, person: str = "", skill: float = 0.5, n: int = 60) -> Evidence:
    """Evidence of n windows, each right with probability ``skill``."""
    generator = np.random.default_rng(seed)
    truth = generator.integers(0, 5, n)
    right = generator.random(n) < skill
    said = np.where(right, truth, generator.integers(0, 6, n))
    pairs, none = Pairs(truth, said), Pairs(np.zeros(0, int), np.zeros(0, int))
    valence = generator.uniform(-1, 1, (n, 2))
    return Evidence(
        recording=f"r{seed}",
        person=person,
        labels=EMOTIONS,
        windows=pairs,
        confidence=generator.uniform(0.2, 1, n),
        frames=none,
        clips=none,
        valence=valence,
        arousal=valence[:, ::-1] * 0.5,
        intensity=np.zeros((0, 2)),
        delays_s=np.array([0.5, math.nan, 1.0]),
        flips=7,
        available_s=14.0,
        usable_s=9.0,
        span_s=15.0,
    )


# --- figures --------------------------------------------------------------------------------------


def test_figures_are_those_of_scikit_learn_and_of_the_benchmarks():
    parts = [random_evidence(seed) for seed in range(4)]
    figures = figures_of(parts)
    truth = np.concatenate([part.windows.truth for part in parts])
    said = np.concatenate([part.windows.estimate for part in parts])
    assert figures["accuracy"] == pytest.approx(accuracy_score(truth, said))
    assert figures["uar"] == pytest.approx(balanced_accuracy_score(truth, said))
    f1 = f1_score(truth, said, labels=np.unique(truth), average="macro")
    assert figures["macro_f1"] == pytest.approx(f1)
    expected = confusion_matrix(truth, said, labels=range(8))
    assert confusion_of(parts, "window").tolist() == expected.tolist()


def test_calibration_is_that_of_the_benchmarks():
    parts = [random_evidence(seed) for seed in range(4)]
    truth = np.concatenate([part.windows.truth for part in parts])
    said = np.concatenate([part.windows.estimate for part in parts])
    confidence = np.concatenate([part.confidence for part in parts])
    rows = np.repeat((1 - confidence)[:, None] / 1000, 8, axis=1)
    rows[np.arange(len(said)), said] = confidence
    expected = expected_calibration_error(truth, rows)
    assert figures_of(parts)["ece"] == pytest.approx(expected)


def test_agreement_of_ratings_is_lins_and_the_root_of_the_mean_square():
    parts = [random_evidence(seed) for seed in range(3)]
    pairs = np.concatenate([part.valence for part in parts])
    figures = figures_of(parts)
    assert figures["ccc_valence"] == pytest.approx(concordance(pairs[:, 0], pairs[:, 1]))
    rmse = math.sqrt(np.mean((pairs[:, 0] - pairs[:, 1]) ** 2))
    assert figures["rmse_valence"] == pytest.approx(rmse)
    assert math.isnan(figures["ccc_intensity"])


def test_times_are_pooled_over_recordings():
    figures = figures_of([random_evidence(0), random_evidence(1)])
    assert figures["flips_per_minute"] == pytest.approx(60 * 14 / 28)
    assert figures["coverage"] == pytest.approx(18 / 30)
    assert figures["availability"] == pytest.approx(28 / 30)
    assert figures["onset_delay_s"] == pytest.approx(0.75)
    assert figures["onsets_named"] == pytest.approx(2 / 3)


def test_without_labels_only_times_have_figures():
    evidence = judged([(0.0, "happy", 0.9), (1.0, "sad", 0.8)], [])
    figures = {name for name, value in figures_of([evidence]).items() if not math.isnan(value)}
    assert figures == {"coverage", "availability", "flips_per_minute"}
    assert figures_of([evidence])["flips_per_minute"] == pytest.approx(60 * 1 / 2)


# --- what is compared with what -------------------------------------------------------------------


def test_the_label_at_a_time_is_found():
    labels = [Label(S, 2 * S, "sad"), Label(2 * S, 3 * S, "happy"), Label(5 * S, 6 * S, "calm")]
    times = np.array([0, S, 2 * S - 1, 2 * S, 3 * S, 5 * S, 6 * S])
    assert label_at(labels, times).tolist() == [-1, 0, 0, 1, -1, 2, -1]


def test_a_window_has_the_label_at_its_middle():
    labels = [Label(0, 2 * S, "sad"), Label(2 * S, 9 * S, "happy")]
    # windows of 2 s: middles at 0.5 (from the beginning, so only 1 s long), 1.5, 2.0
    rows = [(1.0, "sad", 0.9), (2.5, "happy", 0.9), (3.0, "happy", 0.9)]
    evidence = judged(rows, labels, window_s=2.0)
    assert evidence.windows.truth.tolist() == [INDEX["sad"], INDEX["sad"], INDEX["happy"]]
    assert evidence.windows.estimate.tolist() == [INDEX["sad"], INDEX["happy"], INDEX["happy"]]


def test_frames_compare_the_estimate_that_stands():
    labels = [Label(0, S, "sad"), Label(S, 2 * S, "happy")]
    evidence = judged([(0.5, "sad", 0.9), (1.25, "happy", 0.9)], labels)
    # 0.5 to 0.9 sad as sad; 1.0 to 1.2 still sad; 1.3 to 1.9 happy
    assert confusion_of([evidence], "frame")[INDEX["sad"], INDEX["sad"]] == 5
    assert confusion_of([evidence], "frame")[INDEX["happy"], INDEX["sad"]] == 3
    assert confusion_of([evidence], "frame")[INDEX["happy"], INDEX["happy"]] == 7


def test_no_frame_is_judged_by_an_estimate_older_than_a_second():
    evidence = judged([(0.0, "sad", 0.9), (9.0, "sad", 0.9)], [Label(0, 9 * S, "sad")])
    assert len(evidence.frames.truth) == 10


def test_a_clip_is_judged_by_its_mean_probabilities():
    labels = [Label(0, 3 * S, "happy"), Label(3 * S, 5 * S, "sad")]
    rows = [(0.5, "happy", 0.95), (1.0, "sad", 0.6), (2.0, "sad", 0.6), (4.0, "happy", 0.9)]
    evidence = judged(rows, labels)
    assert evidence.clips.truth.tolist() == [INDEX["happy"], INDEX["sad"]]
    assert evidence.clips.estimate.tolist() == [INDEX["sad"], INDEX["happy"]]


def test_labels_that_touch_and_say_the_same_are_one_clip():
    labels = [Label(0, S, "sad", valence=-0.5), Label(S, 2 * S, "sad", valence=-0.7)]
    evidence = judged([(0.5, "sad", 0.9), (1.5, "sad", 0.9)], labels, valence=[0.1, 0.2])
    assert len(evidence.clips.truth) == 1
    assert evidence.valence.tolist() == [[-0.5, 0.1], [-0.7, 0.2]]


def test_absent_estimates_and_unlabelled_times_are_not_judged():
    labels = [Label(0, 2 * S, "sad"), Label(2 * S, 3 * S, "")]
    rows = [(0.5, "sad", 0.9), (1.5, "", math.nan), (2.5, "sad", 0.9), (3.5, "sad", 0.9)]
    evidence = judged(rows, labels)
    assert len(evidence.windows.truth) == 1
    assert evidence.span_s == pytest.approx(4.0)
    assert evidence.available_s == pytest.approx(3.0)


def test_onsets_wait_for_the_first_estimate_that_names_the_new_emotion():
    labels = [Label(0, 2 * S, "sad"), Label(2 * S, 4 * S, "happy"), Label(4 * S, 6 * S, "angry")]
    rows = [(1.0, "sad", 0.9), (2.5, "sad", 0.9), (2.75, "happy", 0.9), (5.0, "happy", 0.9)]
    delays = judged(rows, labels).delays_s
    assert delays[0] == pytest.approx(0.75)
    assert math.isnan(delays[1])
    assert len(delays) == 2


def test_each_person_has_evidence_and_times_are_counted_once():
    labels = [Label(0, S, "sad", subject="Ann"), Label(S, 2 * S, "sad", subject="Bob")]
    subjects = series_of(frame_of([(0.5, "sad", 0.9), (1.5, "happy", 0.9)]))
    ann, bob = evidence_of("a", subjects, labels, 0.0, 0)
    assert (ann.person, bob.person) == ("Ann", "Bob")
    assert figures_of([ann])["accuracy"] == 1
    assert figures_of([bob])["accuracy"] == 0
    assert ann.span_s + bob.span_s == pytest.approx(2.0)


def test_labels_of_classes_that_the_model_lacks_are_told():
    frame = frame_of([(0.5, "sad", 0.9)]).drop(columns="p_calm")
    with pytest.raises(LabelError, match="a: labelled calm, which the model does not have"):
        evidence_of("a", series_of(frame), [Label(0, S, "calm")], 0.0, 0)


# --- abstaining -----------------------------------------------------------------------------------


def test_the_risk_curve_answers_the_surest_first():
    confidence = np.array([0.5, 0.9, 0.7, 0.7])
    right = np.array([False, True, True, False])
    coverage, risk = risk_curve(confidence, right)
    assert coverage.tolist() == [0.25, 0.75, 1.0]
    assert risk == pytest.approx([0, 1 / 3, 0.5])


def test_the_mean_risk_is_the_area_below_the_curve():
    rows = [(0.0, "sad", 0.9), (1.0, "sad", 0.8), (2.0, "happy", 0.7), (3.0, "sad", 0.6)]
    evidence = judged(rows, [Label(0, 4 * S, "sad")])
    assert area_under_risk([evidence]) == pytest.approx((0 + 0 + 1 / 3 + 1 / 4) / 4)
    shares = [0.25, 0.5, 0.6, 0.75, 1.0]
    risks = [risk_at([evidence], share) for share in shares]
    assert risks == pytest.approx([0, 0, 1 / 3, 1 / 3, 1 / 4])


# --- intervals ------------------------------------------------------------------------------------


def test_intervals_are_those_of_a_bootstrap_written_out():
    parts = [random_evidence(seed, skill=0.3 + 0.05 * seed) for seed in range(8)]
    score = scores_of([[part] for part in parts], resamples=4000)["accuracy"]
    generator = np.random.default_rng(99)
    right = np.array([np.mean(part.windows.truth == part.windows.estimate) for part in parts])
    means = [right[generator.integers(0, 8, 8)].mean() for _ in range(4000)]
    assert score.value == pytest.approx(right.mean())
    assert score.ci95 is not None
    assert score.ci95 == pytest.approx(np.quantile(means, (0.025, 0.975)), abs=0.01)


def test_the_same_seed_gives_the_same_intervals():
    parts = [[random_evidence(seed)] for seed in range(12)]
    assert repr(scores_of(parts)) == repr(scores_of(parts))
    assert scores_of(parts)["uar"].ci95 != scores_of(parts, seed=1)["uar"].ci95


def test_one_recording_has_no_interval():
    assert scores_of([[random_evidence(0)]])["accuracy"].ci95 is None


def test_macro_means_are_drawn_over_all_classes_alone():
    # one recording a class: a draw that lacks one would be a mean over fewer classes
    rows = {"sad": "sad", "happy": "happy", "calm": "sad"}
    parts = [[judged([(0.0, said, 0.9)], [Label(0, S, true)])] for true, said in rows.items()]
    scores = scores_of(parts)
    assert scores["uar"].value == pytest.approx(2 / 3)
    assert scores["uar"].ci95 == pytest.approx((2 / 3, 2 / 3))
    assert scores["accuracy"].ci95 == pytest.approx((0, 1))


def test_persons_are_drawn_where_labels_name_them():
    ann, bob = random_evidence(0, "Ann"), random_evidence(1, "Bob")
    also = random_evidence(2, "Ann")
    assert cluster_unit([ann, bob, also]) == "subject"
    assert [len(own) for own in clusters([ann, bob, also], "subject").values()] == [2, 1]
    assert cluster_unit([ann, also]) == "recording"
    assert cluster_unit([ann, bob, random_evidence(3)]) == "recording"


# --- comparison -----------------------------------------------------------------------------------


def test_the_paired_test_is_that_of_all_exchanges_written_out():
    first = [[random_evidence(seed, skill=0.4)] for seed in range(6)]
    second = [[random_evidence(seed, skill=0.7)] for seed in range(6)]
    found = {each.figure: each for each in compare("a", "b", first, second)}
    rates = np.array(
        [[figures_of(part)["accuracy"] for part in parts] for parts in (first, second)]
    )
    gaps = rates[1] - rates[0]
    signs = np.array(np.meshgrid(*[[1, -1]] * 6)).reshape(6, -1)
    p = np.mean(np.abs(gaps @ signs) >= abs(gaps.sum()) - 1e-9)
    assert found["accuracy"].difference == pytest.approx(gaps.mean())
    assert found["accuracy"].p == pytest.approx(p)
    assert found["coverage"].difference == 0
    assert found["coverage"].p == 1


def test_a_configuration_does_not_differ_from_itself():
    parts = [[random_evidence(seed)] for seed in range(20)]
    for each in compare("a", "b", parts, parts):
        assert (each.difference, each.p, each.ci95) == (0, 1, (0, 0))


def test_many_recordings_are_exchanged_at_random_and_a_clear_difference_is_found():
    first = [[random_evidence(seed, skill=0.2)] for seed in range(20)]
    second = [[random_evidence(seed, skill=0.9)] for seed in range(20)]
    found = {each.figure: each for each in compare("a", "b", first, second)}
    assert found["uar"].p == pytest.approx(1 / 10_001)
    assert found["uar"].ci95 is not None
    assert found["uar"].ci95[0] > 0.3
    assert repr(found) == repr({e.figure: e for e in compare("a", "b", first, second)})


def test_one_recording_has_a_difference_but_no_test():
    found = compare("a", "b", [[random_evidence(0)]], [[random_evidence(1)]])
    assert all(each.p is None and each.ci95 is None for each in found)
