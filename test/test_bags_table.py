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

"""Estimates as text and CSV."""

import csv
import io
import math

import pytest

from emotion_recognition.bags.table import COLUMNS, HEADER, CsvTable, flag_names, text_row
from emotion_recognition.estimate import Estimate, Flags

ESTIMATE = Estimate(
    stamp_ns=1_700_000_001_250_000_000,
    window_ns=3_600_000_000,
    newest_ns=1_700_000_001_240_000_000,
    labels=("happy", "sad"),
    probabilities=(0.75, 0.25),
    valence=0.5,
    arousal=-0.125,
    intensity=math.nan,
    audio_weight=0.0,
    video_weight=1.0,
    flags=Flags.AUDIO_STALE | Flags.PARTIAL_WINDOW,
    subject="3",
)
OUTAGE = Estimate(stamp_ns=2_000_000_000, window_ns=1, newest_ns=1, flags=Flags.NO_FACE)


def rows(*estimates, origin_ns=0):
    file = io.StringIO()
    table = CsvTable(file, ("happy", "sad"), origin_ns)
    for estimate in estimates:
        table.write(estimate)
    return list(csv.DictReader(io.StringIO(file.getvalue())))


def test_columns_are_those_that_scripts_rely_on():
    file = io.StringIO()
    CsvTable(file, ("happy", "sad"))
    assert file.getvalue() == (
        "time,stamp_ns,subject,emotion,confidence,valence,arousal,intensity,audio_weight,video_weight,flags,"
        "p_happy,p_sad\n"
    )
    assert len(COLUMNS) == 11


def test_row_of_an_estimate():
    [row] = rows(ESTIMATE)
    assert row == {
        "time": "1700000001.250",
        "stamp_ns": "1700000001250000000",
        "subject": "3",
        "emotion": "happy",
        "confidence": "0.75",
        "valence": "0.5",
        "arousal": "-0.125",
        "intensity": "",
        "audio_weight": "0.0",
        "video_weight": "1.0",
        "flags": "AUDIO_STALE|PARTIAL_WINDOW",
        "p_happy": "0.75",
        "p_sad": "0.25",
    }


def test_row_without_an_estimate_has_empty_fields():
    [row] = rows(OUTAGE)
    assert row["flags"] == "NO_FACE"
    assert {row[name] for name in ("subject", "emotion", "confidence", "valence", "p_happy")} == {
        ""
    }


def test_time_counts_from_the_origin():
    [row] = rows(OUTAGE, origin_ns=1_000_000_000)
    assert row["time"] == "1.000"


def test_other_classes_are_refused():
    with pytest.raises(ValueError, match=r"expected .*angry"):
        CsvTable(io.StringIO(), ("angry",)).write(ESTIMATE)


def test_text_lines_up_with_its_heading():
    line = text_row(ESTIMATE, origin_ns=1_700_000_000_000_000_000)
    assert " ".join(line.split()) == (
        "1.25 3 happy 0.75 0.50 -0.12 - 0.00 1.00 AUDIO_STALE|PARTIAL_WINDOW"
    )
    assert line.index("3 ") == HEADER.index("subject") + len("subject") - 1
    assert line.index("happy") == HEADER.index("emotion")
    assert line.index("AUDIO") == HEADER.index("flags")
    assert "-" in text_row(OUTAGE)


def test_flag_names():
    assert flag_names(Flags(0)) == ""
    assert flag_names(Flags.NO_SPEECH | Flags.WITHHELD) == "NO_SPEECH|WITHHELD"
