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

"""Flips, delays and coverage, against sequences that can be counted by hand."""

import numpy as np
import pytest

from emotion_recognition.evaluation.emotion_sequences import EmotionSequence
from emotion_recognition.evaluation.label_stability import (
    added_delays,
    coverage_table,
    delays,
    flips_per_minute,
    judge,
    summary,
)
from emotion_recognition.smoothing import (
    ExponentialFilter,
    HysteresisFilter,
    HysteresisParameters,
)

SECOND = 10**9


def sequence(labels: list[int], onsets: list[float], emotions: list[int]) -> EmotionSequence:
    """One estimate a second, the first after 1 s, that gives its label 60 %."""
    probabilities = np.full((len(labels), 8), 0.4 / 7)
    probabilities[np.arange(len(labels)), labels] = 0.6
    return EmotionSequence(
        np.array(1),
        np.arange(1, len(labels) + 1) * SECOND,
        probabilities,
        (np.array(onsets) * SECOND).astype(np.int64),
        np.array(emotions),
    )


def none() -> ExponentialFilter:
    return ExponentialFilter(0, gap_s=5)


def test_truth_is_the_emotion_whose_speech_began_last():
    clips = sequence([0] * 6, [0.5, 2.5, 5.0], [3, 1, 4])
    assert clips.truth.tolist() == [3, 3, 1, 1, 4, 4]


def test_delays_count_from_the_onset():
    #                 t: 1  2  3  4  5  6  7  8
    clips = sequence([3, 3, 3, 1, 3, 1, 1, 4], [0.5, 2.5, 7.5], [3, 1, 4])
    arrival, settled = delays(clips, clips.probabilities.argmax(axis=1))
    np.testing.assert_allclose(arrival, [1.5, 0.5])
    np.testing.assert_allclose(settled, [3.5, 0.5])


def test_what_never_comes_has_no_delay():
    clips = sequence([3, 1, 3, 3, 2, 2], [0.5, 1.5, 4.5], [3, 1, 4])
    arrival, settled = delays(clips, clips.probabilities.argmax(axis=1))
    assert arrival[0] == 0.5 and np.isnan(arrival[1])
    assert np.isnan(settled).all()


def test_flips_are_changes_beyond_the_true_ones():
    clips = sequence([3, 1, 3, 1, 1, 1], [0.5, 3.5], [3, 1])
    judged = judge(clips, none())
    assert judged.flips == 2
    assert flips_per_minute([judged, judged]) == pytest.approx(2 * 60 / 5)


def test_smoothing_is_compared_where_both_arrive():
    rows = [3, 3, 3, 1, 1, 1, 1, 4]
    clips = sequence(rows, [0.5, 2.5, 7.5], [3, 1, 4])
    clips.probabilities[3] = np.full(8, 0.05)
    clips.probabilities[3, [1, 3]] = 0.4, 0.3
    raw = judge(clips, none())
    steady = judge(clips, HysteresisFilter(HysteresisParameters(odds=2.0), gap_s=5))
    np.testing.assert_allclose(added_delays([steady], [raw]), [1.0, 0.0])
    figures = summary([steady], [raw])
    assert figures["changes"] == 2
    assert figures["added_delay_mean_s"] == pytest.approx(0.5)
    assert figures["accuracy"] == pytest.approx(6 / 8)
    assert figures["arrived"] == figures["settled"] == 1
    assert figures["arrival_s"] == pytest.approx((2.5 + 0.5) / 2)


def test_coverage_falls_and_accuracy_is_of_what_is_left():
    clips = sequence([3, 1, 3, 3], [0.5], [3])
    clips.probabilities[1, 1] = 0.5
    judged = judge(clips, none())
    rows = coverage_table([judged], [0.4, 0.55, 0.7])
    assert rows == [
        {"threshold": 0.4, "coverage": 1.0, "accuracy": 0.75},
        {"threshold": 0.55, "coverage": 0.75, "accuracy": 1.0},
    ]
