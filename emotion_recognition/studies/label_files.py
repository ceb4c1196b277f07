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

"""Reads files of labels: CSV, ELAN (.eaf and its text export) and Audacity's label tracks."""

import csv
import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from xml.etree import ElementTree

from emotion_recognition.studies.labels import LabelError

COLUMNS = ("file", "start", "end", "emotion", "valence", "arousal", "intensity", "subject")
"""Columns of a CSV of labels; ``emotion`` or a rating has to be there."""

_RANGES = {"valence": (-1.0, 1.0), "arousal": (-1.0, 1.0), "intensity": (0.0, 1.0)}
_LARGEST = Decimal(2**63 - 1)  # ns: no clock counts further
_CLOCK = re.compile(r"(\d+):(\d\d):(\d\d(?:[.,]\d+)?)$")


@dataclass(frozen=True)
class LabelRow:
    """A label as a file has it, before it is known which recording it is of.

    Attributes:
        where: file and line or tier, for messages.
        file: the recording; empty where the file of labels does not say.
        start: begin and ``end`` as written, in seconds or stamps; None: of the whole recording.
        end: see ``start``.
        emotion: name of the class as written.
        valence: -1 to 1; NaN where not given.
        arousal: -1 to 1; NaN where not given.
        intensity: 0 to 1; NaN where not given.
        subject: the person; empty where not given.
    """

    where: str
    file: str
    start: Decimal | None
    end: Decimal | None
    emotion: str
    valence: float = math.nan
    arousal: float = math.nan
    intensity: float = math.nan
    subject: str = ""


def read_label_file(path: Path) -> list[LabelRow]:
    """Read one file of labels, of the kind that its suffix says.

    Raises:
        LabelError: the file is of no known kind, has no label, or a row is wrong.
        OSError: the file cannot be read.
    """
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise LabelError(f"{path}: no file of labels: expected {', '.join(READERS)}")
    try:
        rows = list(reader(path))
    except UnicodeDecodeError as error:
        raise LabelError(f"{path}: not written as UTF-8: save it as such") from error
    if not rows:
        raise LabelError(f"{path} has no labels")
    return rows


def _read_csv(path: Path) -> Iterator[LabelRow]:
    text = path.read_text(encoding="utf-8-sig")
    heading = text.partition("\n")[0]
    delimiter = max(",;\t", key=heading.count)
    reader = csv.DictReader(text.splitlines(), delimiter=delimiter, skipinitialspace=True)
    names = [name.strip().lower() for name in reader.fieldnames or ()]
    unknown = [name for name in names if name not in COLUMNS]
    rated = {"emotion", "valence", "arousal", "intensity"} & set(names)
    if unknown or not rated or ("start" in names) != ("end" in names) or len(set(names)) < 2:
        raise LabelError(
            f"{path}: columns {', '.join(names) or 'none'}: expected 'start,end,emotion' or "
            f"'file,emotion'; known are {', '.join(COLUMNS)}"
        )
    if "start" not in names and "file" not in names:
        raise LabelError(f"{path}: neither 'start' and 'end' nor 'file' tell what a label is of")
    reader.fieldnames = names
    for record in reader:
        where = f"{path.name}, line {reader.line_num}"
        if None in record or None in record.values():
            raise LabelError(f"{where}: expected {len(names)} fields: {','.join(names)}")
        cells = {name: value.strip() for name, value in record.items()}
        if any(cells.values()):
            yield _row(where, cells)


def _row(where: str, cells: dict[str, str]) -> LabelRow:
    start, end = cells.get("start", ""), cells.get("end", "")
    if bool(start) != bool(end):
        raise LabelError(f"{where}: 'start' and 'end' belong together: give both or none")
    ratings = {}
    for name, (low, high) in _RANGES.items():
        value = float(_number(where, name, cells[name])) if cells.get(name) else math.nan
        if not math.isnan(value) and not low <= value <= high:
            raise LabelError(f"{where}: {name} {value:g}: expected {low:g} to {high:g}")
        ratings[name] = value
    return LabelRow(
        where,
        cells.get("file", ""),
        _number(where, "start", start) if start else None,
        _number(where, "end", end) if end else None,
        cells.get("emotion", ""),
        **ratings,
        subject=cells.get("subject", ""),
    )


def _read_elan(path: Path) -> Iterator[LabelRow]:
    """Read the tier of emotions of an ELAN document: the only one, or those named so.

    EAF format: https://www.mpi.nl/tools/elan/EAFv3.0.xsd. Times are in milliseconds.
    """
    try:
        document = ElementTree.parse(path).getroot()
    except (ElementTree.ParseError, LookupError, ValueError) as error:  # also of its encoding
        raise LabelError(f"{path}: no ELAN document: {error}") from error
    times = {
        slot.get("TIME_SLOT_ID"): slot.get("TIME_VALUE") for slot in document.iter("TIME_SLOT")
    }
    tiers = [
        tier for tier in document.iter("TIER") if tier.find(".//ALIGNABLE_ANNOTATION") is not None
    ]
    named = _emotion_tiers(path, [tier.get("TIER_ID", "") for tier in tiers])
    for tier in tiers:
        if tier.get("TIER_ID") not in named:
            continue
        where = f"{path.name}, tier {tier.get('TIER_ID')}"
        for part in tier.iter("ALIGNABLE_ANNOTATION"):
            ends = [times.get(part.get(f"TIME_SLOT_REF{index}")) for index in (1, 2)]
            value = part.findtext("ANNOTATION_VALUE") or ""
            if None in ends:
                raise LabelError(f"{where}: '{value}' has no time: align it in ELAN")
            start, end = (_number(where, "time", str(time)) / 1000 for time in ends)
            yield LabelRow(where, "", start, end, value, subject=tier.get("PARTICIPANT", ""))


def _emotion_tiers(path: Path, tiers: Sequence[str]) -> set[str]:
    chosen = set(tiers)
    if len(chosen) > 1:
        chosen = {tier for tier in tiers if "emotion" in tier.lower()}
    if not chosen:
        listed = ", ".join(tiers) or "none with annotations"
        raise LabelError(f"{path}: tiers {listed}: expected one, or one named 'emotion'")
    return chosen


def _read_text(path: Path) -> Iterator[LabelRow]:
    r"""Read lines of fields apart by tabs: Audacity's label track, or ELAN's text export.

    Audacity: start, end (s), label; lines that begin with ``\`` (frequencies) are passed over.
    ELAN: tier, participant, begin, end, duration (each as h:m:s.ms, as s.ms, or both), value.
    """
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    fields = [
        (number, line.split("\t"))
        for number, line in enumerate(lines, start=1)
        if line.strip() and not line.startswith("\\")
    ]
    short = {len(parts) <= 3 for _, parts in fields}
    if len(short) > 1:
        raise LabelError(f"{path}: lines of different kinds: expected 3 fields, or 5 and more")
    if short == {True}:
        yield from _audacity(path, fields)
    elif fields:
        yield from _elan_text(path, fields)


def _audacity(path: Path, lines: Sequence[tuple[int, list[str]]]) -> Iterator[LabelRow]:
    for number, parts in lines:
        where = f"{path.name}, line {number}"
        if len(parts) < 2:
            raise LabelError(f"{where}: '{parts[0]}': expected start, end and label apart by tabs")
        start, end = (_number(where, "time", part) for part in parts[:2])
        yield LabelRow(where, "", start, end, parts[2] if len(parts) > 2 else "")


def _elan_text(path: Path, lines: Sequence[tuple[int, list[str]]]) -> Iterator[LabelRow]:
    tiers = _emotion_tiers(path, list(dict.fromkeys(parts[0] for _, parts in lines)))
    for number, parts in lines:
        where = f"{path.name}, line {number}"
        middle = parts[2:-1]
        clocks = [part for part in middle if _CLOCK.match(part)]
        times = clocks or middle
        if len(times) < 2:
            raise LabelError(f"{where}: expected tier, participant, begin, end and value")
        if parts[0] in tiers:
            start, end = (_number(where, "time", part) for part in times[:2])
            yield LabelRow(where, "", start, end, parts[-1], subject=parts[1])


def _number(where: str, name: str, text: str) -> Decimal:
    clock = _CLOCK.match(text.strip())
    try:
        if clock:
            hours, minutes, seconds = (Decimal(part.replace(",", ".")) for part in clock.groups())
            return 3600 * hours + 60 * minutes + seconds
        number = Decimal(text.strip())
    except ArithmeticError:
        number = Decimal("NaN")
    if not number.is_finite():
        raise LabelError(f"{where}: {name} '{text}' is no number")
    if not -_LARGEST <= number <= _LARGEST:
        raise LabelError(f"{where}: {name} '{text}' is no time: expected seconds or nanoseconds")
    return number


READERS: dict[str, Callable[[Path], Iterator[LabelRow]]] = {
    ".csv": _read_csv,
    ".tsv": _read_csv,
    ".eaf": _read_elan,
    ".txt": _read_text,
}
"""How to read a file of labels, by its suffix."""
