"""Estimates over time as rows: lines of text for people, CSV for programs."""

import csv
import math
from collections.abc import Sequence
from typing import TextIO

from emotion_recognition.estimate import Estimate, Flags

COLUMNS = (
    "time",
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


class CsvTable:
    """Writes estimates to a CSV file: ``COLUMNS``, then ``p_<label>`` for each class.

    ``time`` is the end of the window in seconds; ``subject`` the face's track, empty where the
    estimate is of no face. Unknown numbers, and all that an estimate without labels lacks, are
    empty fields.
    """

    def __init__(self, file: TextIO, labels: Sequence[str], origin_ns: int = 0) -> None:
        """Write the heading.

        Args:
            file: opened with ``newline=""``.
            labels: class names of the model.
            origin_ns: sensor time that counts as 0.
        """
        self._writer = csv.writer(file, lineterminator="\n")
        self._labels = tuple(labels)
        self._origin_ns = origin_ns
        self._writer.writerow([*COLUMNS, *(f"p_{label}" for label in labels)])

    def write(self, estimate: Estimate) -> None:
        """Add a row.

        Raises:
            ValueError: the estimate has other classes than the table.
        """
        if estimate.available and estimate.labels != self._labels:
            raise ValueError(f"classes {estimate.labels}: expected {self._labels}")
        confidence = estimate.confidence if estimate.available else math.nan
        numbers = (confidence, estimate.valence, estimate.arousal, estimate.intensity)
        probabilities = estimate.probabilities or (math.nan,) * len(self._labels)
        self._writer.writerow(
            [
                f"{(estimate.stamp_ns - self._origin_ns) / 1e9:.3f}",
                estimate.subject,
                estimate.emotion,
                *map(_field, numbers),
                _field(estimate.audio_weight),
                _field(estimate.video_weight),
                flag_names(estimate.flags),
                *map(_field, probabilities),
            ]
        )


def _field(number: float) -> str:
    return "" if math.isnan(number) else f"{number:.6f}"
