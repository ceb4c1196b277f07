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

"""Files of labels, written by models of the programs that export them, read back as they were."""

import csv
import io
import math
from decimal import Decimal
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emotion_recognition.studies.label_files import read_label_file
from emotion_recognition.studies.label_source import Extent, label_source
from emotion_recognition.studies.labels import LabelError

IN_A_FOLDER = settings(
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
TEXTS = st.text(
    st.characters(codec="utf-8", categories=("L", "N", "P", "Zs", "S")), min_size=1, max_size=12
).map(str.strip)
NAMES = TEXTS.filter(lambda text: text and not text.startswith("\\"))
MILLISECONDS = st.integers(0, 10**8)
RATINGS = st.one_of(st.none(), st.integers(-100, 100).map(lambda each: each / 100))
ROWS = st.lists(
    st.tuples(MILLISECONDS, st.integers(1, 10**6), NAMES, RATINGS, NAMES), min_size=1, max_size=8
)
Row = tuple[int, int, str, float | None, str]


def seconds(milliseconds: int) -> str:
    return f"{milliseconds // 1000}.{milliseconds % 1000:03}"


def clock(milliseconds: int) -> str:
    minutes, rest = divmod(milliseconds, 60_000)
    return f"{minutes // 60:02}:{minutes % 60:02}:{rest // 1000:02}.{rest % 1000:03}"


def read_back(folder: Path, name: str, text: str) -> list[tuple[int, int, str]]:
    path = folder / name
    path.write_text(text, encoding="utf-8", newline="")
    rows = read_label_file(path)
    assert all(row.start is not None and row.end is not None for row in rows)
    return [(int(1000 * (row.start or 0)), int(1000 * (row.end or 0)), row.emotion) for row in rows]


def told(rows: list[Row]) -> list[tuple[int, int, str]]:
    return [(start, start + length, name) for start, length, name, *_ in rows]


@IN_A_FOLDER
@given(rows=ROWS, delimiter=st.sampled_from(",;\t"), end=st.sampled_from(["\n", "\r\n"]))
def test_csv_of_any_delimiter(tmp_path: Path, rows: list[Row], delimiter: str, end: str):
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator=end)
    writer.writerow(["start", "end", "emotion", "valence", "subject"])
    for start, length, name, valence, subject in rows:
        value = "" if valence is None else f"{valence:.2f}"
        writer.writerow([seconds(start), seconds(start + length), name, value, subject])
    assert read_back(tmp_path, "a.csv", text.getvalue()) == told(rows)
    found = read_label_file(tmp_path / "a.csv")
    assert [each.subject for each in found] == [subject for *_, subject in rows]
    assert [None if math.isnan(each.valence) else each.valence for each in found] == [
        valence for *_, valence, _ in rows
    ]


@IN_A_FOLDER
@given(rows=ROWS)
def test_elan_documents(tmp_path: Path, rows: list[Row]):
    slots = "".join(
        f'<TIME_SLOT TIME_SLOT_ID="{name}{index}" TIME_VALUE="{time}"/>'
        for index, (start, length, *_) in enumerate(rows)
        for name, time in (("b", start), ("e", start + length))
    )
    parts = "".join(
        f'<ANNOTATION><ALIGNABLE_ANNOTATION TIME_SLOT_REF1="b{index}" TIME_SLOT_REF2="e{index}">'
        f"<ANNOTATION_VALUE>{escape(row[2])}</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION>"
        for index, row in enumerate(rows)
    )
    person = quoteattr(rows[0][4])
    text = f"<D><TIME_ORDER>{slots}</TIME_ORDER><TIER TIER_ID='t' PARTICIPANT={person}>{parts}"
    assert read_back(tmp_path, "a.eaf", f"{text}</TIER></D>") == told(rows)
    assert {each.subject for each in read_label_file(tmp_path / "a.eaf")} == {rows[0][4]}


@IN_A_FOLDER
@given(rows=ROWS, clocks=st.booleans(), both=st.booleans())
def test_elans_text_export(tmp_path: Path, rows: list[Row], clocks: bool, both: bool):
    def times(milliseconds: int) -> list[str]:
        if both:
            return [clock(milliseconds), seconds(milliseconds)]
        return [clock(milliseconds) if clocks else seconds(milliseconds)]

    lines = [
        "\t".join(["t", person, *times(start), *times(start + length), *times(length), name])
        for start, length, name, _, person in rows
    ]
    assert read_back(tmp_path, "a.txt", "\n".join(lines)) == told(rows)


@IN_A_FOLDER
@given(rows=ROWS, spectral=st.booleans())
def test_audacitys_label_tracks(tmp_path: Path, rows: list[Row], spectral: bool):
    frequencies = "\\\t100.0\t2000.0\n" if spectral else ""
    text = "".join(
        f"{seconds(start)}000\t{seconds(start + length)}000\t{name}\n{frequencies}"
        for start, length, name, *_ in rows
    )
    assert read_back(tmp_path, "a.txt", text) == told(rows)


@pytest.mark.parametrize(
    "number", ["1e999999999", "-1e999999", "1E+30", "9" * 400, "sNaN", "1e999999999999999999999"]
)
@pytest.mark.parametrize("name", ["a.csv", "a.txt", "a.eaf"])
def test_absurd_times_are_refused_at_once(tmp_path: Path, name: str, number: str):
    texts = {
        "a.csv": f"start,end,emotion\n0,{number},sad\n",
        "a.txt": f"0\t{number}\tsad\n",
        "a.eaf": f'<D><TIME_SLOT TIME_SLOT_ID="a" TIME_VALUE="{number}"/><TIER TIER_ID="t">'
        '<ALIGNABLE_ANNOTATION TIME_SLOT_REF1="a" TIME_SLOT_REF2="a"/></TIER></D>',
    }
    (tmp_path / name).write_text(texts[name])
    recording = Extent(Path("a.mp4"), "a", 0, 10**10)
    with pytest.raises(LabelError, match=r"is no (number|time)"):
        label_source(tmp_path / name).labels_of(recording)


def test_the_largest_stamp_is_a_time(tmp_path: Path):
    (tmp_path / "a.csv").write_text(f"start,end,emotion\n0,{2**63 - 1},sad\n")
    (row,) = read_label_file(tmp_path / "a.csv")
    assert row.end == Decimal(2**63 - 1)


@pytest.mark.parametrize("encoding", ["UTG-8", "ebcdic-nowhere", "utf-7", "shift_jis"])
def test_a_document_in_an_encoding_that_nobody_reads_is_refused(tmp_path: Path, encoding: str):
    (tmp_path / "a.eaf").write_text(f'<?xml version="1.0" encoding="{encoding}"?><D/>')
    with pytest.raises(LabelError, match=r"no ELAN document|expected one"):
        read_label_file(tmp_path / "a.eaf")
