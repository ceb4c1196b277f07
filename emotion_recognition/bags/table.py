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

"""Estimates over time as rows: lines of text for people, CSV and others for programs."""

import csv
import math
from collections.abc import Mapping, Sequence
from typing import Any, TextIO

import numpy as np

from emotion_recognition.estimate import Estimate, Flags

COLUMNS = (
    "time",
    "stamp_ns",
    "subject",
    "emotion",
    "confidence",
    "valence",
    "arousal",
    "intensity",
    "audio_weight",
    "video_weight",
    "flags",
)
"""``time``: end of the window, s, from the beginning of a clip, in a bag on its own clock;
``stamp_ns``: the same in ns on the sensor's clock; ``subject``: the face's track, empty where the
estimate is of no face; the others as in ``EmotionState``."""

_LINE = "{:>9}  {:>7}  {:<10} {:>10} {:>8} {:>8} {:>9}  {:>5} {:>5}  {}"
HEADER = _LINE.format(
    "time s",
    "subject",
    "emotion",
    "confidence",
    "valence",
    "arousal",
    "intensity",
    "voice",
    "face",
    "flags",
)
"""Headings above the lines of ``text_row``."""


def text_row(estimate: Estimate, origin_ns: int = 0) -> str:
    """One estimate as a line of text, its time counted from ``origin_ns``."""
    numbers = (estimate.valence, estimate.arousal, estimate.intensity)
    return _LINE.format(
        f"{(estimate.stamp_ns - origin_ns) / 1e9:.2f}",
        estimate.subject or "-",
        estimate.emotion or "-",
        f"{estimate.confidence:.2f}" if estimate.available else "-",
        *("-" if math.isnan(number) else f"{number:.2f}" for number in numbers),
        f"{estimate.audio_weight:.2f}",
        f"{estimate.video_weight:.2f}",
        flag_names(estimate.flags),
    ).rstrip()


def flag_names(flags: Flags) -> str:
    """Names of the set flags, joined by ``|``; empty for none."""
    return "|".join(flag.name or "" for flag in Flags if flag in flags)


def row(estimate: Estimate, labels: Sequence[str], origin_ns: int = 0) -> dict[str, Any]:
    """One estimate as the values of ``COLUMNS``, then ``p_<label>`` for each class.

    Numbers are those of the message, float32, each as its shortest decimal that reads back as the
    same float32. None stands for an unknown number, and for all that an estimate without labels
    lacks.

    Args:
        estimate: what to show.
        labels: class names of the model.
        origin_ns: sensor time that counts as 0.

    Raises:
        ValueError: the estimate has other classes.
    """
    if estimate.available and estimate.labels != tuple(labels):
        raise ValueError(f"classes {estimate.labels}: expected {tuple(labels)}")
    probabilities = estimate.probabilities or (math.nan,) * len(labels)
    return {
        "time": round((estimate.stamp_ns - origin_ns) / 1e9, 3),
        "stamp_ns": estimate.stamp_ns,
        "subject": estimate.subject,
        "emotion": estimate.emotion,
        "confidence": _single(estimate.confidence) if estimate.available else None,
        "valence": _single(estimate.valence),
        "arousal": _single(estimate.arousal),
        "intensity": _single(estimate.intensity),
        "audio_weight": _single(estimate.audio_weight),
        "video_weight": _single(estimate.video_weight),
        "flags": flag_names(estimate.flags),
        **{f"p_{label}": _single(p) for label, p in zip(labels, probabilities, strict=True)},
    }


class CsvTable:
    """Writes rows of estimates as CSV; an unknown number is an empty field."""

    def __init__(self, file: TextIO, labels: Sequence[str], origin_ns: int = 0) -> None:
        """Write the heading.

        Args:
            file: opened with ``newline=""``.
            labels: class names of the model.
            origin_ns: sensor time that counts as 0.
        """
        self._labels = tuple(labels)
        self._origin_ns = origin_ns
        columns = (*COLUMNS, *(f"p_{label}" for label in labels))
        self._writer = csv.DictWriter(file, columns, lineterminator="\n")
        self._writer.writeheader()

    def write(self, estimate: Estimate) -> None:
        """Add the row of an estimate.

        Raises:
            ValueError: the estimate has other classes than the table.
        """
        self.write_row(row(estimate, self._labels, self._origin_ns))

    def write_row(self, values: Mapping[str, Any]) -> None:
        """Add a row, as of ``row``."""
        self._writer.writerow({**values, "time": f"{values['time']:.3f}"})


def _single(number: float) -> float | None:
    return None if math.isnan(number) else float(str(np.float32(number)))
