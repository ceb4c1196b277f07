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

"""Where the labels of a study come from: files, or a topic that was recorded beside the sensors."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path, PurePath
from typing import Any, Protocol

from emotion_recognition.bags.bag import Bag, RecordedMessage
from emotion_recognition.emotions import EMOTIONS
from emotion_recognition.studies.label_files import READERS, LabelRow, read_label_file
from emotion_recognition.studies.labels import (
    Label,
    LabelError,
    check_names,
    check_order,
    class_of,
)

_STAMP_S = Decimal(10**8)  # seconds since 1970 from here on (March 1973), below since the beginning
_STAMP_NS = Decimal(10**17)  # nanoseconds since 1970 from here on
_SHOWN = 5


@dataclass(frozen=True)
class Extent:
    """A recording of a study: its file, its name there, and its sensor time."""

    path: Path
    name: str
    start_ns: int
    end_ns: int


class LabelSource(Protocol):
    """Gives the labels of each recording of a study."""

    def check(self, recordings: Mapping[str, Path]) -> list[str]:
        """Return warnings about recordings (by name) and labels that do not fit each other.

        Raises:
            LabelError: the labels cannot be used for these recordings.
        """

    def labels_of(self, recording: Extent) -> list[Label]:
        """Return the labels of a recording in the order of time; none if it has none.

        Raises:
            LabelError: they cannot be used.
        """


def label_source(
    source: str | Path, sync: str = "stamp", classes: Sequence[str] = EMOTIONS
) -> LabelSource:
    """Return the labels in a file, a folder of files named after recordings, or a topic.

    Args:
        source: An existing path; else the name of a topic, which begins with ``/``.
        sync: Clock that the recordings' streams are matched by, ``stamp`` or ``receive-time``.
        classes: What labels may name; see ``labels.class_of``.

    Raises:
        LabelError: there is neither, or the files cannot be used.
        OSError: a file cannot be read.
    """
    path = Path(source)
    if path.is_dir():
        return _folder(path, classes)
    if path.is_file():
        return LabelTable(path.name, read_label_file(path), classes)
    if str(source).startswith("/") and path.suffix.lower() not in READERS:
        return LabelTopic(str(source), sync, classes)
    raise LabelError(f"labels '{source}': no such file or folder; a topic is named from its '/' on")


class LabelTable:
    """Labels out of files."""

    def __init__(
        self, name: str, rows: Sequence[LabelRow], classes: Sequence[str] = EMOTIONS
    ) -> None:
        """Take the rows of a file, or of several; ``classes``: what they may name.

        Raises:
            LabelError: some name no known emotion; all of those are listed.
        """
        check_names([row.emotion for row in rows], name, classes)
        self._name = name
        self._rows = rows
        self._classes = classes

    def check(self, recordings: Mapping[str, Path]) -> list[str]:
        """See :class:`LabelSource`."""
        if len(recordings) > 1 and not all(row.file for row in self._rows):
            raise LabelError(
                f"{self._name} does not say which of the {len(recordings)} recordings its labels "
                "are of: add a column 'file', or give a folder with one file for each recording"
            )
        files = dict.fromkeys(row.file for row in self._rows if row.file)
        lost = [f for f in files if not any(_is(f, n, p) for n, p in recordings.items())]
        bare = [
            name
            for name, path in recordings.items()
            if not any(_is(row.file, name, path) for row in self._rows)
        ]
        if len(bare) == len(recordings):
            raise LabelError(
                f"{self._name} has labels of {_few(lost)}, but of none of the recordings: "
                f"{_few(bare)}"
            )
        warnings = []
        if lost:
            warnings.append(f"{self._name} has labels of files that are not here: {_few(lost)}")
        if bare:
            warnings.append(f"recordings without labels: {_few(bare)}")
        return warnings

    def labels_of(self, recording: Extent) -> list[Label]:
        """See :class:`LabelSource`."""
        rows = [row for row in self._rows if _is(row.file, recording.name, recording.path)]
        labels = [_label(row, recording, self._classes) for row in rows]
        return check_order(labels, recording.name, recording.start_ns)


class LabelTopic:
    """Labels out of a topic of each bag: a message counts until the next one comes.

    Messages have a field ``emotion`` (such as ``EmotionState``, whose ``valence``, ``arousal`` and
    ``intensity`` count too) or ``data`` (``std_msgs/String``). They count from their header's stamp
    on, or from their arrival where they have none or ``sync`` is ``receive-time``.
    """

    def __init__(self, topic: str, sync: str = "stamp", classes: Sequence[str] = EMOTIONS) -> None:
        """Name the topic, the clock that streams are matched by, and what may be said."""
        self._topic = topic
        self._sync = sync
        self._classes = classes

    def check(self, recordings: Mapping[str, Path]) -> list[str]:
        """See :class:`LabelSource`; what lies in a bag is told when it is read."""
        return []

    def labels_of(self, recording: Extent) -> list[Label]:
        """See :class:`LabelSource`."""
        messages: list[Label] = []
        with Bag(recording.path) as bag:
            if self._topic not in bag.topics:
                listed = ", ".join(sorted(bag.topics))
                raise LabelError(f"{recording.name}: no topic '{self._topic}'; it has {listed}")
            for message in bag.messages([self._topic]):
                messages.append(self._read(message, bag.decode(message)))
        if not messages:
            raise LabelError(f"{recording.name}: no message on '{self._topic}'")
        messages.sort(key=lambda label: label.start_ns)
        where = f"{recording.name}, {self._topic}"
        check_names([label.emotion for label in messages], where, self._classes)
        starts = [label.start_ns for label in messages]
        ends = [*starts[1:], max(recording.end_ns, starts[-1])]
        labels: list[Label] = []
        for said, end_ns in zip(messages, ends, strict=True):
            label = replace(said, end_ns=end_ns, emotion=class_of(said.emotion, self._classes))
            if labels and _same(labels[-1], label):
                labels[-1] = replace(labels[-1], end_ns=end_ns)
            elif end_ns > label.start_ns:
                labels.append(label)
        return [label for label in labels if label.emotion or not _unrated(label)]

    def _read(self, message: RecordedMessage, content: Any) -> Label:
        """What a message says: a label without length, its emotion as written."""
        said = getattr(content, "emotion", getattr(content, "data", None))
        if not isinstance(said, str):
            raise LabelError(
                f"topic '{self._topic}' is of {message.msgtype}: expected a text in a field "
                "'emotion' or 'data', such as std_msgs/String or EmotionState"
            )
        stamp = getattr(getattr(content, "header", None), "stamp", None)
        stamp_ns = stamp.sec * 10**9 + stamp.nanosec if stamp is not None else 0
        valence, arousal, intensity = (
            _rating(content, name) for name in ("valence", "arousal", "intensity")
        )
        at_ns = stamp_ns if stamp_ns and self._sync == "stamp" else message.received_ns
        return Label(at_ns, at_ns, said, valence, arousal, intensity)


def _rating(content: Any, name: str) -> float:
    """A number of a message; NaN where it has none."""
    value = getattr(content, name, math.nan)
    return float(value) if isinstance(value, int | float) else math.nan


def _folder(path: Path, classes: Sequence[str]) -> LabelTable:
    """Labels of a folder: a file without a column ``file`` is of the recording of its name."""
    files = [file for file in sorted(path.iterdir()) if file.suffix.lower() in READERS]
    if not files:
        raise LabelError(f"{path}: no file of labels in it: expected {', '.join(READERS)}")
    rows = [
        row if row.file else replace(row, file=file.stem)
        for file in files
        for row in read_label_file(file)
    ]
    return LabelTable(path.name, rows, classes)


def _is(file: str, name: str, path: Path) -> bool:
    """Whether a label's ``file`` means a recording: by name, or the end of its path."""
    if not file or file == name:
        return True
    wanted = PurePath(file.replace("\\", "/"))
    whole = path.absolute()
    tails = (whole, whole.with_suffix("")) if whole.suffix else (whole,)
    return any(tail.parts[-len(wanted.parts) :] == wanted.parts for tail in tails)


def _label(row: LabelRow, recording: Extent, classes: Sequence[str]) -> Label:
    if row.start is None or row.end is None:
        start_ns, end_ns = recording.start_ns, recording.end_ns
    else:
        start_ns = _stamp_ns(row.start, recording.start_ns)
        end_ns = _stamp_ns(row.end, recording.start_ns)
    return Label(
        start_ns,
        end_ns,
        class_of(row.emotion, classes),
        row.valence,
        row.arousal,
        row.intensity,
        row.subject,
    )


def _stamp_ns(time: Decimal, start_ns: int) -> int:
    """Sensor time of a label: of seconds since the beginning, seconds of a clock, or ns of it."""
    if abs(time) >= _STAMP_NS:
        return int(time)
    if abs(time) >= _STAMP_S:
        return round(time * 10**9)
    return start_ns + round(time * 10**9)


def _same(before: Label, after: Label) -> bool:
    return before.emotion == after.emotion and _unrated(before) and _unrated(after)


def _unrated(label: Label) -> bool:
    return all(value != value for value in (label.valence, label.arousal, label.intensity))


def _few(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
