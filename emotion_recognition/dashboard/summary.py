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

"""Summary and report of estimates, as :mod:`emotion_recognition.studies` makes them."""

import math
from collections.abc import Sequence

import numpy as np

from emotion_recognition.dashboard.convert import score, share
from emotion_recognition.dashboard.schemas import EstimateView, Moment, SummaryView, Transition
from emotion_recognition.studies.series import Series
from emotion_recognition.studies.summary import summarize_series


def summary_view(estimates: Sequence[EstimateView]) -> SummaryView:
    """Summarise estimates in any order of subjects, each subject's in the order of time."""
    summary = summarize_series(series_by_subject(estimates))
    return SummaryView(
        estimates=summary.estimates,
        duration=summary.duration_s,
        available=summary.available,
        coverage=summary.coverage,
        emotion=next(iter(summary.shares), None),
        shares=summary.shares,
        transitions=[
            Transition(before=each.before, after=each.after, count=each.count)
            for each in summary.transitions
        ],
        flips_per_minute=_known(summary.flips_per_minute),
        strongest=[
            Moment(
                time=each.stamp_ns / 1e9,
                subject=each.subject,
                emotion=each.emotion,
                confidence=each.confidence,
            )
            for each in summary.strongest
        ],
        mean_confidence=share(summary.confidence),
        mean_valence=score(summary.valence),
        mean_arousal=score(summary.arousal),
        mean_intensity=share(summary.intensity),
        mean_audio_weight=share(summary.audio_weight),
        mean_video_weight=share(summary.video_weight),
    )


def report_html(name: str, estimates: Sequence[EstimateView]) -> str:
    """Return the HTML report of one recording, of which there must be an estimate."""
    # Reports draw on scikit-learn, which takes seconds to import.
    from emotion_recognition.studies.report import html_of, recording_report
    from emotion_recognition.studies.timeline import Recording

    recording = Recording(name, {"estimate": series_by_subject(estimates)}, origin_ns=0)
    return html_of(recording_report(recording))


def series_by_subject(estimates: Sequence[EstimateView]) -> list[Series]:
    """Return the estimates of each subject as arrays; stamps are their times in nanoseconds."""
    labels = next((tuple(each.probabilities) for each in estimates if each.probabilities), ())
    if not labels:
        return []
    subjects = dict.fromkeys(each.subject for each in estimates)
    return [
        _series(subject, labels, [each for each in estimates if each.subject == subject])
        for subject in subjects
    ]


def _series(subject: str, labels: tuple[str, ...], own: Sequence[EstimateView]) -> Series:
    unknown = [math.nan] * len(labels)

    def column(values: Sequence[float | None]) -> np.ndarray:
        return np.array([math.nan if value is None else value for value in values], np.float64)

    return Series(
        subject=subject,
        labels=labels,
        stamps_ns=np.array([round(each.time * 1e9) for each in own], np.int64),
        probabilities=np.array(
            [list(each.probabilities.values()) or unknown for each in own], np.float64
        ),
        valence=column([each.valence for each in own]),
        arousal=column([each.arousal for each in own]),
        intensity=column([each.intensity for each in own]),
        audio_weight=column([each.audio_weight for each in own]),
        video_weight=column([each.video_weight for each in own]),
        withheld=np.array(["WITHHELD" in each.flags for each in own], bool),
    )


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value
