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

"""Labels of a recording: what a person said that somebody shows, and when."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from types import MappingProxyType

from emotion_recognition.emotions import EMOTIONS, RAVDESS_CODES, canonical

NAMES: Mapping[str, str] = MappingProxyType(
    {
        "neutrality": "neutral",
        "neu": "neutral",
        "calmness": "calm",
        "cal": "calm",
        "joyful": "happy",
        "hap": "happy",
        "sorrow": "sad",
        "upset": "sad",
        "mad": "angry",
        "rage": "angry",
        "ang": "angry",
        "afraid": "fearful",
        "scared": "fearful",
        "fea": "fearful",
        "disgustful": "disgust",
        "dis": "disgust",
        "astonished": "surprised",
        "sur": "surprised",
        **RAVDESS_CODES,
    }
)
"""Further names of classes, beside those that ``emotions.canonical`` knows."""

NO_EMOTION = frozenset({"", "-", "none", "unlabelled", "unlabeled", "unknown", "other"})
"""Names of stretches that no class is said of: they are left out of the scores."""

_EDGE_NS = 500_000_000  # labels may end so much after the last estimate: no window reaches further
_SHOWN = 5


class LabelError(ValueError):
    """Labels cannot be used; the message names the place, the cause and what to do."""


@dataclass(frozen=True)
class Label:
    """One labelled stretch of a recording, sensor time, end exclusive.

    ``emotion`` is a class of the models it is held against; empty where only numbers were rated.
    ``valence`` and ``arousal`` lie in [-1, 1], ``intensity`` in [0, 1]; each is NaN where nobody
    said. ``subject`` is the person, by whatever name the study gives; empty where unknown.
    """

    start_ns: int
    end_ns: int
    emotion: str
    valence: float = math.nan
    arousal: float = math.nan
    intensity: float = math.nan
    subject: str = ""


def class_of(name: str, classes: Sequence[str] = EMOTIONS) -> str:
    """Return the class that a name in a label stands for; empty for those of ``NO_EMOTION``.

    Args:
        name: As written.
        classes: Those of the model, in lower case; other word forms are known of ``EMOTIONS``.

    Raises:
        LabelError: nobody knows the name.
    """
    key = name.strip().lower()
    if key in NO_EMOTION or key in classes:
        return "" if key in NO_EMOTION else key
    try:
        found = canonical(NAMES.get(key, key))
    except ValueError:
        found = ""
    if found not in classes:
        raise LabelError(f"unknown emotion '{name.strip()}'")
    return found


def check_names(names: Sequence[str], source: str, classes: Sequence[str] = EMOTIONS) -> None:
    """Check that every name stands for a class; see :func:`class_of`.

    Raises:
        LabelError: some do not; all of them are named, and what is allowed.
    """
    unknown: Counter[str] = Counter()
    for name in names:
        try:
            class_of(name, classes)
        except LabelError:
            unknown[name.strip()] += 1
    if unknown:
        listed = ", ".join(f"'{name}' ({count} times)" for name, count in unknown.most_common())
        raise LabelError(
            f"{source}: unknown emotions {listed}; allowed are {', '.join(classes)}, the other "
            "names of docs/evaluation.md, and 'other' for what no class fits"
        )


def check_order(labels: Sequence[Label], name: str, origin_ns: int = 0) -> list[Label]:
    """Return the labels of a recording in the order of time.

    Args:
        labels: Of one recording.
        name: The recording, for messages.
        origin_ns: Sensor time that messages count from.

    Raises:
        LabelError: a label has no length, ends before it begins, or overlaps with another.
    """
    ordered = sorted(labels, key=lambda label: (label.start_ns, label.end_ns))
    for label in ordered:
        if label.end_ns <= label.start_ns:
            how = "has no length" if label.end_ns == label.start_ns else "ends before it begins"
            raise LabelError(f"{name}: the label {_shown(label, origin_ns)} {how}")
    for before, after in pairwise(ordered):
        if after.start_ns < before.end_ns:
            raise LabelError(
                f"{name}: the labels {_shown(before, origin_ns)} and {_shown(after, origin_ns)} "
                "overlap: at any time one emotion counts, so shorten one of them"
            )
    return ordered


def inside(
    labels: Sequence[Label], start_ns: int, end_ns: int, name: str
) -> tuple[list[Label], list[str]]:
    """Return the parts of labels that lie in a recording, and warnings about the others.

    Args:
        labels: Of one recording, in the order of time.
        start_ns: Begin of the recording, sensor time.
        end_ns: Its end.
        name: The recording, for messages.

    Raises:
        LabelError: none of them lies in it.
    """
    parts = [
        replace(label, start_ns=max(label.start_ns, start_ns), end_ns=min(label.end_ns, end_ns))
        for label in labels
        if label.start_ns < end_ns and label.end_ns > start_ns
    ]
    length = f"it lasts {(end_ns - start_ns) / 1e9:.1f} s"
    if labels and not parts:
        raise LabelError(
            f"{name}: all {len(labels)} labels lie outside the recording ({length}; the first "
            f"label is {_shown(labels[0], start_ns)}): give seconds from its beginning, or stamps "
            "of its own clock"
        )
    beyond = [
        _shown(label, start_ns)
        for label in labels
        if label.start_ns < start_ns - _EDGE_NS or label.end_ns > end_ns + _EDGE_NS
    ]
    if not beyond:
        return parts, []
    more = f" and {len(beyond) - _SHOWN} more" if len(beyond) > _SHOWN else ""
    listed = ", ".join(beyond[:_SHOWN])
    return parts, [f"{name}: labels reach outside the recording ({length}): {listed}{more}"]


def _shown(label: Label, origin_ns: int) -> str:
    start, end = ((stamp - origin_ns) / 1e9 for stamp in (label.start_ns, label.end_ns))
    return f"'{label.emotion or '-'}' {start:.2f} to {end:.2f} s"
