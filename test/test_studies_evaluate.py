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

"""Whole evaluations: real clips with labels, what they write, and what goes wrong with them."""

import csv
import json
import math
import random
import shutil
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

pytest.importorskip("pandas")
pytest.importorskip("pyarrow")
pytest.importorskip("jinja2")

import pandas as pd
import soundfile
from recordings import audio_info, audio_stamped, message, write_bag

from emotion_recognition.bags.bag import Bag
from emotion_recognition.cli import main
from emotion_recognition.emotions import RAVDESS_CODES
from emotion_recognition.estimate import Estimate
from emotion_recognition.studies import evaluate, recognize, to_frame
from emotion_recognition.studies.configuration import make_configuration
from emotion_recognition.studies.label_source import Extent, label_source
from emotion_recognition.studies.labels import LabelError

HEADLINE = ("accuracy", "uar", "macro_f1", "ccc_valence", "ccc_arousal", "ece", "coverage")
S = 1_000_000_000


def code(path: Path) -> str:
    """The emotion that a RAVDESS file name says."""
    return RAVDESS_CODES[path.stem.split("-")[2]]


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory, shared_data: Path) -> tuple[Path, int]:
    """Two talking faces, five voices and a broken file, evaluated: the folder, the exit code."""
    folder = tmp_path_factory.mktemp("study")
    clips = folder / "clips"
    clips.mkdir()
    faces = sorted((shared_data / "ravdess_av_actor01").glob("01-*.mp4"))
    voices = sorted((shared_data / "ravdess_speech" / "Actor_02").glob("03-01-0[34567]-02-01-01-*"))
    for path in (faces[0], faces[-1], *voices):
        shutil.copy(path, clips)
    (clips / "broken.mp4").write_bytes(b"no video at all")
    people = {1: "Ann", 2: "Bea"}
    with (folder / "labels.csv").open("w") as file:
        print("file,emotion,valence,subject", file=file)
        for path in sorted(clips.glob("0*")):
            valence = 0.5 if code(path) == "happy" else -0.5
            print(f"{path.name},{code(path)},{valence},{people[int(path.stem[-2:])]}", file=file)
    labels = str(folder / "labels.csv")
    exit_code = main(["evaluate", str(clips), "--labels", labels, "--out", str(folder / "out")])
    return folder, exit_code


@pytest.fixture(scope="module")
def metrics(study: tuple[Path, int]) -> dict:
    return json.loads((study[0] / "out" / "metrics.json").read_text())


@pytest.fixture(scope="module")
def rows(study: tuple[Path, int]) -> dict[Path, list[dict[str, str]]]:
    """The estimates of each clip, as the CSV has them."""
    found = {}
    for path in sorted((study[0] / "out" / "estimates").glob("*.csv")):
        with path.open(newline="") as file:
            found[path] = [row for row in csv.DictReader(file) if row["emotion"]]
    return found


def span_s(path: Path) -> float:
    """Time from the first row of a CSV to its last, and a quarter of a second more."""
    with path.open(newline="") as file:
        times = [float(row["time"]) for row in csv.DictReader(file)]
    return times[-1] - times[0] + 0.25


@pytest.mark.shared
def test_a_broken_file_is_told_and_the_others_go_on(study: tuple[Path, int], metrics: dict):
    assert study[1] == 1
    assert metrics["files"] == 7
    (failed,) = metrics["failed"]
    assert failed["recording"] == "broken"
    assert "no video or sound file" in failed["error"]
    assert "broken" in (study[0] / "out" / "report.html").read_text()


@pytest.mark.shared
def test_every_recording_has_its_estimates_in_three_formats(study: tuple[Path, int]):
    names = Counter(path.stem for path in (study[0] / "out" / "estimates").iterdir())
    assert set(names.values()) == {3}
    assert len(names) == 7
    assert not list(study[0].rglob("*.part"))


@pytest.mark.shared
def test_the_figures_are_those_computed_anew_from_the_csv(metrics: dict, rows: dict):
    pairs = [(code(path), row["emotion"]) for path, own in rows.items() for row in own]
    assert len(pairs) > 40
    assert metrics["accuracy"]["value"] == pytest.approx(sum(t == e for t, e in pairs) / len(pairs))
    recalls, scores = [], []
    for label in {true for true, _ in pairs}:
        right = sum(pair == (label, label) for pair in pairs)
        actual = sum(true == label for true, _ in pairs)
        said = sum(estimate == label for _, estimate in pairs)
        recalls.append(right / actual)
        scores.append(2 * right / (actual + said))
    assert metrics["uar"]["value"] == pytest.approx(sum(recalls) / len(recalls))
    assert metrics["macro_f1"]["value"] == pytest.approx(sum(scores) / len(scores))


@pytest.mark.shared
def test_clips_and_calibration_are_those_computed_anew(metrics: dict, rows: dict):
    right = 0
    for path, own in rows.items():
        sums = {name[2:]: sum(float(r[name]) for r in own) for name in own[0] if name[:2] == "p_"}
        right += max(sums, key=sums.__getitem__) == code(path)
    assert metrics["clip_accuracy"]["value"] == pytest.approx(right / len(rows))
    bins: dict[int, list[tuple[float, bool]]] = {}
    for path, own in rows.items():
        for row in own:
            confidence = float(row["confidence"])
            place = math.ceil(confidence * 15)
            bins.setdefault(place, []).append((confidence, row["emotion"] == code(path)))
    total = sum(map(len, bins.values()))
    ece = sum(abs(sum(hit - sure for sure, hit in each)) for each in bins.values()) / total
    assert metrics["ece"]["value"] == pytest.approx(ece)


@pytest.mark.shared
def test_flips_and_coverage_are_those_computed_anew(metrics: dict, rows: dict):
    flips, usable, windows = 0, 0, 0
    for own in rows.values():
        flips += sum(a["emotion"] != b["emotion"] for a, b in pairwise(own))
        usable += sum("WITHHELD" not in row["flags"] for row in own)
        windows += len(own)
    span = sum(map(span_s, rows))
    # four estimates a second, each standing for a quarter of one
    assert metrics["flips_per_minute"]["value"] == pytest.approx(60 * flips / (0.25 * windows))
    assert metrics["coverage"]["value"] == pytest.approx(0.25 * usable / span)


@pytest.mark.shared
def test_valence_agrees_as_computed_anew(metrics: dict, rows: dict):
    labelled = [0.5 if code(p) == "happy" else -0.5 for p, own in rows.items() for _ in own]
    said = [float(row["valence"]) for own in rows.values() for row in own]
    x, y = pd.Series(labelled), pd.Series(said)
    spread = x.var(ddof=0) + y.var(ddof=0) + (x.mean() - y.mean()) ** 2
    ccc = 2 * ((x - x.mean()) * (y - y.mean())).mean() / spread
    assert metrics["ccc_valence"]["value"] == pytest.approx(ccc)
    assert metrics["ccc_arousal"] == {"value": None, "ci95": None}


@pytest.mark.shared
def test_intervals_draw_the_persons(metrics: dict, rows: dict):
    assert metrics["bootstrap"]["unit"] == "subject"
    assert metrics["bootstrap"]["units"] == 2
    persons: dict[str, list[bool]] = {}
    for path, own in rows.items():
        right = [row["emotion"] == code(path) for row in own]
        persons.setdefault(path.stem[-2:], []).extend(right)
    generator, means = random.Random(5), []
    for _ in range(3000):
        drawn = [hit for hits in generator.choices(list(persons.values()), k=2) for hit in hits]
        means.append(sum(drawn) / len(drawn))
    means.sort()
    assert metrics["accuracy"]["ci95"] == pytest.approx([means[75], means[-75]], abs=1e-9)


@pytest.mark.shared
def test_figures_stand_by_file_and_subject(metrics: dict, rows: dict):
    assert set(metrics["by_subject"]) == {"Ann", "Bea"}
    for path, own in rows.items():
        right = sum(row["emotion"] == code(path) for row in own) / len(own)
        assert metrics["by_file"][path.stem]["accuracy"] == pytest.approx(right)
        assert metrics["by_file"][path.stem]["windows"] == len(own)


@pytest.mark.shared
def test_the_report_shows_every_recording_and_nobodys_face(study: tuple[Path, int]):
    page = (study[0] / "out" / "report.html").read_text()
    assert page.count("<figure") >= 7 + 4
    assert "data:image" not in page
    assert str(study[0]) not in page
    assert str(study[0]) not in (study[0] / "out" / "metrics.json").read_text()
    tables = {path.name for path in (study[0] / "out" / "tables").iterdir()}
    assert {"figures.md", "figures.tex", "by-file.md", "by-subject.tex", "by-class.md"} <= tables


@pytest.mark.shared
def test_a_second_run_does_nothing_again_and_writes_the_same(study: tuple[Path, int], capsys):
    folder = study[0]
    out = folder / "out"
    (folder / "clips" / "broken.mp4").rename(folder / "broken.mp4")
    before = {p: p.stat().st_mtime_ns for p in (out / "estimates").iterdir()}
    labels = str(folder / "labels.csv")
    arguments = ["evaluate", str(folder / "clips"), "--labels", labels, "--out", str(out)]
    assert main(arguments) == 0
    assert "7 recordings evaluated: accuracy" in capsys.readouterr().out
    assert {p: p.stat().st_mtime_ns for p in (out / "estimates").iterdir()} == before
    first = (out / "metrics.json").read_bytes(), (out / "report.html").read_bytes()
    assert main(arguments) == 0
    assert ((out / "metrics.json").read_bytes(), (out / "report.html").read_bytes()) == first
    # other labels: not over what is there
    other = folder / "other.csv"
    other.write_text("file,emotion\n01-01-01-01-01-01-01,sad\n")
    assert main([*arguments[:3], str(other), "--out", str(out)]) == 1
    assert "has other figures" in capsys.readouterr().err
    assert (out / "metrics.json").read_bytes() == first[0]


# --- smaller ones --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def voices(tmp_path_factory: pytest.TempPathFactory, shared_data: Path) -> Path:
    """Two voices: first.flac and second.flac."""
    folder = tmp_path_factory.mktemp("voices")
    for name, code in (("first", "03"), ("second", "05")):
        voice = shared_data / "ravdess_speech" / "Actor_02" / f"03-01-{code}-01-01-01-02.flac"
        shutil.copy(voice, folder / f"{name}.flac")
    return folder


@pytest.mark.shared
def test_recognize_yields_typed_estimates_and_a_frame(voices: Path):
    estimates = list(recognize(voices / "first.flac"))
    assert estimates
    assert all(isinstance(estimate, Estimate) for estimate in estimates)
    frame = to_frame(estimates)
    assert len(frame) == len(estimates)
    assert frame["emotion"].tolist() == [estimate.emotion for estimate in estimates]
    assert frame["p_happy"].dtype == float


@pytest.mark.shared
def test_without_labels_there_are_the_figures_that_need_none(voices: Path, tmp_path: Path):
    study = evaluate(voices, out=tmp_path / "out", jobs=1)
    metrics = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert metrics == json.loads(json.dumps(study.metrics))
    assert metrics["files"] == 2
    assert all(metrics[name]["value"] is None for name in HEADLINE if name != "coverage")
    assert metrics["coverage"]["value"] is not None
    assert set(study.estimates["recording"]) == {"first", "second"}
    assert "confusion" not in metrics
    assert (tmp_path / "out" / "report.html").is_file()


@pytest.mark.shared
def test_configurations_are_compared_on_the_same_recordings(voices: Path, tmp_path: Path):
    slow = make_configuration("slow", publish_rate=1.0)
    labels = tmp_path / "labels.csv"
    labels.write_text("file,emotion\nfirst,happy\nsecond,angry\n")
    both = [make_configuration("usual"), slow]
    study = evaluate(voices, labels, both, tmp_path / "out")
    assert list(study.scores) == ["usual", "slow"]
    (comparison,) = study.comparisons
    assert (comparison.first, comparison.second, comparison.clusters) == ("usual", "slow", 2)
    counts = study.estimates.groupby("configuration").size()
    assert counts["usual"] > 2 * counts["slow"] > 0
    assert set(study.metrics["configurations"]) == {"usual", "slow"}
    assert (tmp_path / "out" / "estimates" / "slow" / "first.parquet").is_file()
    table = (tmp_path / "out" / "tables" / "slow-less-usual.md").read_text()
    assert "| accuracy, windows |" in table
    risks = (tmp_path / "out" / "tables" / "errors-when-abstaining.md").read_text().splitlines()
    assert risks[4] == "| answered | usual | slow |"
    wrong = 1 - study.scores["usual"]["accuracy"].value
    assert risks[6].startswith(f"| 100% | {100 * wrong:.1f} % |")


@pytest.mark.shared
def test_labels_that_fit_no_recording_end_it_before_anything_is_done(
    voices: Path, tmp_path: Path, capsys
):
    labels = tmp_path / "labels.csv"
    labels.write_text("file,emotion\nelsewhere,sad\n")
    out = tmp_path / "out"
    assert main(["evaluate", str(voices), "--labels", str(labels), "--out", str(out)]) == 1
    assert "labels of elsewhere, but of none of the recordings" in capsys.readouterr().err
    assert not out.exists()


@pytest.mark.shared
def test_labels_that_are_wrong_for_one_recording_fail_it_alone(voices: Path, tmp_path: Path):
    labels = tmp_path / "labels.csv"
    labels.write_text("file,start,end,emotion\nfirst,0,1,sad\nfirst,0.5,2,happy\nsecond,0,9,sad\n")
    study = evaluate(voices, labels)
    (failure,) = study.failures
    assert failure.recording == "first"
    assert "overlap" in failure.error
    assert [recording.name for recording in study.recordings] == ["second"]
    (warning,) = study.warnings
    assert "second: labels reach outside the recording" in warning


@pytest.mark.shared
def test_wrong_usage_is_told(voices: Path, tmp_path: Path, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["evaluate", str(voices), "--jobs", "0"])
    assert ended.value.code == 2
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("smoothin: none\n")
    with pytest.raises(SystemExit) as ended:
        main(["evaluate", str(voices), "--config", str(wrong)])
    assert ended.value.code == 2
    assert "smoothin" in capsys.readouterr().err
    assert main(["evaluate", str(tmp_path / "nowhere")]) == 1


# --- labels out of a topic ------------------------------------------------------------------------


def said(word: str):
    return message("std_msgs/msg/String", data=word)


def test_messages_of_a_topic_count_until_the_next_one(tmp_path: Path):
    words = [(2, "sadness"), (3, "sad"), (4, "none"), (6, "joy")]
    written = [("/label", second * S, said(word)) for second, word in words]
    bag = write_bag(tmp_path / "bag", written)
    extent = Extent(bag, "bag", S, 9 * S)
    labels = label_source("/label").labels_of(extent)
    assert [(label.start_ns // S, label.end_ns // S, label.emotion) for label in labels] == [
        (2, 4, "sad"),
        (6, 9, "happy"),
    ]


@pytest.mark.shared
def test_a_bag_is_scored_by_the_labels_that_were_recorded_in_it(
    tmp_path: Path, shared_data: Path, capsys
):
    voice = shared_data / "ravdess_speech" / "Actor_02" / "03-01-05-02-01-01-02.flac"
    samples, rate = soundfile.read(voice, dtype="int16")
    start_ns = 1_700_000_000 * S
    written = [("/info", start_ns, audio_info(rate=rate, channels=1))]
    written += [
        ("/sound", start_ns + at * S // rate, audio_stamped(start_ns + at * S // rate, piece))
        for at in range(0, len(samples), rate // 50)
        for piece in [samples[at : at + rate // 50, None]]
    ]
    written += [("/label", start_ns + S // 10, said("anger"))]
    bag = write_bag(tmp_path / "visit", sorted(written, key=lambda each: each[1]))
    out = tmp_path / "out"
    arguments = ["--audio-topic", "/sound", "--labels", "/label", "--out", str(out), "--bag"]
    assert main(["evaluate", str(bag), *arguments]) == 0, capsys.readouterr().err
    metrics = json.loads((out / "metrics.json").read_text())
    with (out / "estimates" / "visit.csv").open(newline="") as file:
        emotions = [row["emotion"] for row in csv.DictReader(file) if row["emotion"]]
    right = sum(emotion == "angry" for emotion in emotions) / len(emotions)
    assert metrics["accuracy"]["value"] == pytest.approx(right)
    with Bag(out / "bags" / "visit") as copy:
        assert {"/sound", "/label", "/emotion"} <= set(copy.topics)
        assert copy.topics["/emotion"].count >= len(emotions)


@pytest.mark.shared
def test_a_topic_is_of_bags_alone(voices: Path):
    study = evaluate(voices, "/label")
    assert {failure.recording for failure in study.failures} == {"first", "second"}
    assert not study.recordings


def test_a_topic_that_is_absent_or_of_no_use_is_told(tmp_path: Path):
    bag = write_bag(tmp_path / "bag", [("/label", S, said("hungry"))])
    extent = Extent(bag, "bag", S, 9 * S)
    with pytest.raises(LabelError, match="bag: no topic '/labels'; it has /label"):
        label_source("/labels").labels_of(extent)
    with pytest.raises(LabelError, match=r"unknown emotions 'hungry' \(1 times\)"):
        label_source("/label").labels_of(extent)
