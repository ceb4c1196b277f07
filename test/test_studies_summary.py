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

"""Summaries of estimates without labels, against numbers worked out by hand."""

import math

import pytest

pd = pytest.importorskip("pandas")

from estimate_frames import frame_of  # noqa: E402

from emotion_recognition.studies.series import HOLD_S, series_of  # noqa: E402
from emotion_recognition.studies.summary import Moment, Transition, summarize  # noqa: E402


def test_shares_weigh_each_estimate_by_the_time_it_stands():
    # 0.5 s of happy, 1 s of sad, then the median of 0.5 and 1 s of happy again
    summary = summarize(frame_of([(0.0, "happy", 0.9), (0.5, "sad", 0.6), (1.5, "happy", 0.8)]))
    assert summary.duration_s == pytest.approx(2.25)
    assert summary.shares == pytest.approx({"happy": 1.25 / 2.25, "sad": 1 / 2.25})
    assert list(summary.shares) == ["happy", "sad"]
    assert summary.confidence == pytest.approx((0.5 * 0.9 + 1 * 0.6 + 0.75 * 0.8) / 2.25)
    assert summary.transitions == (Transition("happy", "sad", 1), Transition("sad", "happy", 1))
    assert summary.flips_per_minute == pytest.approx(2 / 2.25 * 60)


def test_an_estimate_stands_for_a_second_at_most():
    summary = summarize(frame_of([(0.0, "happy", 0.9), (60.0, "happy", 0.9)]))
    assert summary.duration_s == pytest.approx(60 + HOLD_S)
    assert summary.coverage == pytest.approx(2 * HOLD_S / (60 + HOLD_S))


def test_withheld_and_absent_estimates_lower_the_coverage():
    rows = [(0.0, "happy", 0.9), (1.0, "sad", 0.3, "NO_FACE|WITHHELD"), (2.0, "", math.nan)]
    summary = summarize(frame_of(rows))
    assert summary.available == pytest.approx(2 / 3)
    assert summary.coverage == pytest.approx(1 / 3)
    assert summary.shares == pytest.approx({"happy": 0.5, "sad": 0.5})


def test_the_strongest_moment_of_each_run_is_named_in_the_order_of_time():
    rows = [(0.0, "happy", 0.6), (1.0, "happy", 0.9), (2.0, "sad", 0.95), (3.0, "happy", 0.5)]
    assert summarize(frame_of(rows)).strongest == (
        Moment(1_000_000_000, "", "happy", 0.9),
        Moment(2_000_000_000, "", "sad", 0.95),
        Moment(3_000_000_000, "", "happy", 0.5),
    )


def test_changes_are_counted_for_each_face_by_itself():
    happy = frame_of([(0.0, "happy", 0.9), (1.0, "happy", 0.9)], subject="1")
    sad = frame_of([(0.1, "sad", 0.9), (1.1, "sad", 0.9)], subject="2")
    both = pd.concat([happy, sad]).sort_values("stamp_ns")
    assert summarize(both).flips_per_minute == 0
    assert [series.subject for series in series_of(both)] == ["1", "2"]


def test_without_any_estimate_there_are_no_figures():
    summary = summarize(frame_of([(0.0, "", math.nan)]))
    assert summary.shares == {}
    assert summary.coverage == 0
    assert math.isnan(summary.flips_per_minute)
    assert math.isnan(summary.confidence)


def test_a_missing_column_is_named():
    frame = frame_of([(0.0, "happy", 0.9)]).drop(columns="flags")
    with pytest.raises(ValueError, match="lack the columns flags"):
        summarize(frame)
