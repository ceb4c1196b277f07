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

"""Labels are read from every kind of file, and what is wrong with them is told."""

import math
import re
from pathlib import Path

import pytest

from emotion_recognition.emotions import ALIASES, EMOTIONS
from emotion_recognition.studies.label_files import read_label_file
from emotion_recognition.studies.label_source import Extent, LabelTable, label_source
from emotion_recognition.studies.labels import (
    NAMES,
    NO_EMOTION,
    Label,
    LabelError,
    check_order,
    class_of,
    inside,
)

S = 1_000_000_000
VISIT = Extent(Path("/data/visit.mp4"), "visit", 10 * S, 20 * S)


def written(folder: Path, name: str, text: str) -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def labels_in(path: Path, recording: Extent = VISIT) -> list[Label]:
    return label_source(path).labels_of(recording)


# --- names ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written_as", "meant"),
    [
        ("happy", "happy"),
        ("Joy", "happy"),
        ("fear", "fearful"),
        ("HAP", "happy"),
        ("05", "angry"),
        (" surprise ", "surprised"),
        ("other", ""),
        ("", ""),
    ],
)
def test_names_stand_for_classes(written_as: str, meant: str):
    assert class_of(written_as) == meant


def test_unknown_names_are_listed_with_what_is_allowed(tmp_path: Path):
    text = "start,end,emotion\n0,1,contempt\n1,2,happy\n2,3,contempt\n3,4,hungry\n"
    with pytest.raises(LabelError) as told:
        label_source(written(tmp_path, "a.csv", text))
    assert "'contempt' (2 times), 'hungry' (1 times)" in str(told.value)
    assert "allowed are neutral, calm, happy" in str(told.value)


def test_every_name_is_in_the_documented_table(repository: Path):
    page = (repository / "docs" / "evaluation.md").read_text(encoding="utf-8")
    table = page.split("| class | names |")[1].split("\n\n")[0]
    rows = re.findall(r"^\| (\w+)[^|]* \| (.*) \|$", table, re.MULTILINE)
    listed = {name: label for label, names in rows for name in re.findall("`([^`]+)`", names)}
    assert set(listed) == {*EMOTIONS, *ALIASES, *NAMES, *(NO_EMOTION - {""})}
    assert all(class_of(name) == label.replace("none", "") for name, label in listed.items())


# --- CSV ------------------------------------------------------------------------------------------


def test_intervals_in_seconds_count_from_the_beginning_of_the_recording(tmp_path: Path):
    text = "start,end,emotion,valence,arousal,intensity\n0.5,2,joy,0.8,-0.1,1\n2,3.25,sad,,,\n"
    first, second = labels_in(written(tmp_path, "a.csv", text))
    assert first == Label(10_500_000_000, 12 * S, "happy", 0.8, -0.1, 1.0)
    assert (second.start_ns, second.end_ns, second.emotion) == (12 * S, 13_250_000_000, "sad")
    assert math.isnan(second.valence)


def test_stamps_in_seconds_and_nanoseconds_are_taken_as_they_are(tmp_path: Path):
    text = (
        "start,end,emotion\n1700000000.25,1700000001,sad\n"
        "1700000001000000001,1700000002000000000,sad\n"
    )
    labels = labels_in(written(tmp_path, "a.csv", text))
    assert [(each.start_ns, each.end_ns) for each in labels] == [
        (1_700_000_000_250_000_000, 1_700_000_001 * S),
        (1_700_000_001_000_000_001, 1_700_000_002 * S),
    ]


def test_a_label_of_a_file_is_of_all_of_it(tmp_path: Path):
    source = label_source(written(tmp_path, "a.csv", "file;emotion;subject\nvisit.mp4;sad;Ann\n"))
    (label,) = source.labels_of(VISIT)
    assert (label.start_ns, label.end_ns) == (10 * S, 20 * S)
    assert (label.emotion, label.subject) == ("sad", "Ann")
    assert source.labels_of(Extent(Path("/data/other.mp4"), "other", 0, S)) == []


@pytest.mark.parametrize("file", ["visit", "visit.mp4", "data/visit.mp4", "/data/visit.mp4"])
def test_files_are_found_by_name_or_end_of_path(tmp_path: Path, file: str):
    assert labels_in(written(tmp_path, "a.csv", f"file,emotion\n{file},sad\n"))


def test_files_of_other_names_are_not_meant(tmp_path: Path):
    text = "file,emotion\nit.mp4,sad\nvisit.wav,sad\nother/visit.mp4,sad\n"
    assert labels_in(written(tmp_path, "a.csv", text)) == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "columns none"),
        ("begin,end,emotion\n0,1,sad\n", "columns begin, end, emotion: expected 'start,end"),
        ("start,emotion\n0,sad\n", "expected 'start,end,emotion'"),
        ("emotion,valence\nsad,0\n", "neither 'start' and 'end' nor 'file'"),
        ("start,end,emotion\n", "has no labels"),
        ("start,end,emotion\n0,1\n", "line 2: expected 3 fields"),
        ("start,end,emotion\n0,1,sad,\n", "line 2: expected 3 fields"),
        ("start,end,emotion\n0,one,sad\n", "line 2: end 'one' is no number"),
        ("start,end,emotion\n0,nan,sad\n", "end 'nan' is no number"),
        ("start,end,emotion\n0,,sad\n", "give both or none"),
        ("start,end,emotion,valence\n0,1,sad,3\n", "valence 3: expected -1 to 1"),
    ],
)
def test_a_wrong_csv_is_told(tmp_path: Path, text: str, told: str):
    with pytest.raises(LabelError, match=told):
        label_source(written(tmp_path, "a.csv", text))


def test_a_csv_of_another_encoding_is_told(tmp_path: Path):
    (tmp_path / "a.csv").write_bytes("file,emotion\nM\xfcller.mp4,sad\n".encode("latin-1"))
    with pytest.raises(LabelError, match="not written as UTF-8"):
        read_label_file(tmp_path / "a.csv")


# --- ELAN and Audacity ----------------------------------------------------------------------------

ELAN = """<?xml version="1.0" encoding="UTF-8"?>
<ANNOTATION_DOCUMENT FORMAT="3.0" VERSION="3.0">
  <HEADER MEDIA_FILE="" TIME_UNITS="milliseconds"/>
  <TIME_ORDER>
    <TIME_SLOT TIME_SLOT_ID="ts1" TIME_VALUE="500"/>
    <TIME_SLOT TIME_SLOT_ID="ts2" TIME_VALUE="1750"/>
    <TIME_SLOT TIME_SLOT_ID="ts3"/>
  </TIME_ORDER>
  <TIER LINGUISTIC_TYPE_REF="default" TIER_ID="Emotion" PARTICIPANT="Ann">
    <ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a1" TIME_SLOT_REF1="ts1" {end}>
      <ANNOTATION_VALUE>anger</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION>
  </TIER>
  <TIER LINGUISTIC_TYPE_REF="default" TIER_ID="{other}">
    <ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a2" TIME_SLOT_REF1="ts1" TIME_SLOT_REF2="ts2">
      <ANNOTATION_VALUE>hello there</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION>
  </TIER>
</ANNOTATION_DOCUMENT>
"""


def test_the_tier_of_emotions_of_an_elan_document_is_read(tmp_path: Path):
    text = ELAN.format(end='TIME_SLOT_REF2="ts2"', other="speech")
    (label,) = labels_in(written(tmp_path, "visit.eaf", text))
    assert (label.start_ns, label.end_ns) == (10_500_000_000, 11_750_000_000)
    assert (label.emotion, label.subject) == ("angry", "Ann")


def test_an_elan_annotation_without_time_is_told(tmp_path: Path):
    text = ELAN.format(end='TIME_SLOT_REF2="ts3"', other="speech")
    with pytest.raises(LabelError, match="tier Emotion: 'anger' has no time"):
        read_label_file(written(tmp_path, "visit.eaf", text))


def test_elan_tiers_without_emotions_are_listed(tmp_path: Path):
    text = ELAN.format(end='TIME_SLOT_REF2="ts2"', other="speech").replace("Emotion", "mood")
    with pytest.raises(LabelError, match="tiers mood, speech: expected one, or one named"):
        read_label_file(written(tmp_path, "visit.eaf", text))
    with pytest.raises(LabelError, match="no ELAN document"):
        read_label_file(written(tmp_path, "broken.eaf", text[:300]))


@pytest.mark.parametrize(
    "line",
    [
        "emotion\tAnn\t00:00:00.500\t00:00:01.750\t00:00:01.250\tanger",
        "emotion\tAnn\t0.5\t1.75\t1.25\tanger",
        "emotion\tAnn\t00:00:00.500\t0.5\t00:00:01.750\t1.75\t00:00:01.250\t1.25\tanger",
    ],
)
def test_elans_text_export_is_read(tmp_path: Path, line: str):
    text = f"{line}\nspeech\tAnn\t00:00:00.000\t00:00:05.000\t00:00:05.000\thello\n"
    (label,) = labels_in(written(tmp_path, "visit.txt", text))
    assert (label.start_ns, label.end_ns) == (10_500_000_000, 11_750_000_000)
    assert (label.emotion, label.subject) == ("angry", "Ann")


def test_audacitys_label_track_is_read(tmp_path: Path):
    text = "0.500000\t1.750000\tfear\n\\\t100.0\t2000.0\n2.000000\t3.000000\t\n"
    first, second = labels_in(written(tmp_path, "visit.txt", text))
    assert (first.start_ns, first.end_ns, first.emotion) == (
        10_500_000_000,
        11_750_000_000,
        "fearful",
    )
    assert second.emotion == ""


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("words\n", "line 1: 'words': expected start, end and label"),
        ("a\tb\tc\n", "line 1: time 'a' is no number"),
        ("0\t1\tsad\nemotion\tAnn\t0\t1\t1\tsad\n", "lines of different kinds"),
    ],
)
def test_a_wrong_text_file_is_told(tmp_path: Path, text: str, told: str):
    with pytest.raises(LabelError, match=told):
        read_label_file(written(tmp_path, "a.txt", text))


# --- what belongs to what -------------------------------------------------------------------------


def test_a_folder_has_a_file_for_each_recording(tmp_path: Path):
    written(tmp_path, "visit.txt", "0\t1\tsad\n")
    written(tmp_path, "second.csv", "start,end,emotion\n0,1,happy\n")
    source = label_source(tmp_path)
    assert source.check({"visit": VISIT.path, "second": Path("/data/second")}) == []
    assert [label.emotion for label in source.labels_of(VISIT)] == ["sad"]
    with pytest.raises(LabelError, match="no file of labels in it"):
        (tmp_path / "empty").mkdir()
        label_source(tmp_path / "empty")


def test_labels_of_one_recording_do_not_fit_several(tmp_path: Path):
    source = label_source(written(tmp_path, "a.csv", "start,end,emotion\n0,1,sad\n"))
    assert source.check({"visit": VISIT.path}) == []
    with pytest.raises(LabelError, match="add a column 'file'"):
        source.check({"visit": VISIT.path, "other": Path("/data/other.mp4")})


def test_what_has_no_partner_is_told(tmp_path: Path):
    source = label_source(written(tmp_path, "a.csv", "file,emotion\nvisit,sad\ngone,sad\n"))
    lost, bare = source.check({"visit": VISIT.path, "other": Path("/data/other.mp4")})
    assert lost == "a.csv has labels of files that are not here: gone"
    assert bare == "recordings without labels: other"
    with pytest.raises(LabelError, match="but of none of the recordings: other"):
        source.check({"other": Path("/data/other.mp4")})


def test_labels_that_are_nowhere_are_told(tmp_path: Path):
    with pytest.raises(LabelError, match="no such file or folder"):
        label_source(tmp_path / "none.csv")
    with pytest.raises(LabelError, match=r"expected \.csv, \.tsv, \.eaf, \.txt"):
        label_source(written(tmp_path, "a.json", "{}"))


# --- times ----------------------------------------------------------------------------------------


def test_labels_without_length_and_reversed_ones_are_told():
    with pytest.raises(LabelError, match=r"a: the label 'sad' 1\.00 to 1\.00 s has no length"):
        check_order([Label(S, S, "sad")], "a")
    with pytest.raises(LabelError, match=r"'sad' 2\.00 to 1\.00 s ends before it begins"):
        check_order([Label(2 * S, S, "sad")], "a")


def test_overlapping_labels_are_both_named():
    labels = [Label(3 * S, 5 * S, "happy"), Label(S, 4 * S, "sad")]
    with pytest.raises(
        LabelError, match=r"'sad' 1\.00 to 4\.00 s and 'happy' 3\.00 to 5\.00 s overlap"
    ):
        check_order(labels, "a")
    touching = [Label(4 * S, 5 * S, "happy"), Label(S, 4 * S, "sad")]
    assert [label.emotion for label in check_order(touching, "a")] == ["sad", "happy"]


def test_what_lies_outside_of_the_recording_is_cut_off_and_told():
    labels = [Label(0, 2 * S, "sad"), Label(5 * S, 30 * S, "happy"), Label(40 * S, 41 * S, "sad")]
    kept, warnings = inside(labels, S, 10 * S, "visit")
    assert [(each.start_ns, each.end_ns) for each in kept] == [(S, 2 * S), (5 * S, 10 * S)]
    (warning,) = warnings
    assert "visit: labels reach outside the recording (it lasts 9.0 s)" in warning
    assert "'happy' 4.00 to 29.00 s, 'sad' 39.00 to 40.00 s" in warning


def test_the_last_label_may_end_with_the_recording():
    assert inside([Label(S, 10 * S + S // 4, "sad")], S, 10 * S, "visit")[1] == []


def test_labels_that_all_lie_outside_are_an_error():
    with pytest.raises(LabelError, match=r"all 1 labels lie outside the recording \(it lasts 9"):
        inside([Label(40 * S, 41 * S, "sad")], S, 10 * S, "visit")


def test_wrong_times_are_told_with_the_recordings_name(tmp_path: Path):
    text = "file,start,end,emotion\nvisit,0,2,sad\nvisit,1,3,happy\n"
    source = label_source(written(tmp_path, "a.csv", text))
    assert isinstance(source, LabelTable)
    with pytest.raises(LabelError, match=r"visit: the labels 'sad' 0\.00 to 2\.00 s and"):
        source.labels_of(VISIT)


def test_labels_name_the_classes_of_the_model(tmp_path: Path):
    own = ("neutral", "bored", "joy")
    assert class_of(" Bored ", own) == "bored"
    assert class_of("joy", own) == "joy"  # and not happy, which this model does not have
    assert class_of("neutrality", own) == "neutral"
    assert class_of("other", own) == ""
    path = written(tmp_path, "own.csv", "file,emotion\na,bored\nb,angry\n")
    with pytest.raises(LabelError, match=r"'angry' \(1 times\); allowed are neutral, bored, joy,"):
        label_source(path, classes=own)
    with pytest.raises(LabelError, match="unknown emotions 'bored'"):
        label_source(path)
