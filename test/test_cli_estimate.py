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

"""``estimate`` over several recordings: exit codes, last line, and what it refuses."""

import csv
import json
from pathlib import Path

import pytest

from emotion_recognition.bags.clip import read_clip
from emotion_recognition.cli import DONE, FAILED, WRONG_USAGE, main


def exit_code(*arguments: object) -> int:
    try:
        return main(["estimate", *(str(argument) for argument in arguments)])
    except SystemExit as end:
        return int(end.code or 0)


@pytest.fixture(scope="module")
def voice(talking_face: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sound of a clip."""
    soundfile = pytest.importorskip("soundfile")
    folder = tmp_path_factory.mktemp("voices")
    chunks = [event.chunk for event in read_clip(talking_face, with_images=False)]
    with soundfile.SoundFile(folder / "talk.wav", "w", chunks[0].sample_rate, 1) as file:
        for chunk in chunks:
            file.write(chunk.samples)
    return folder


def test_a_folder_is_written_and_a_bad_recording_named(voice: Path, tmp_path: Path, capsys):
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"RIFF")
    out = tmp_path / "out"
    assert exit_code(voice, "--out", out, "--format", "csv,jsonl") == DONE
    assert capsys.readouterr().out == f"1 recording: 1 done; written: {out}\n"
    assert exit_code(voice, broken, "--out", out) == FAILED
    said = capsys.readouterr()
    assert said.out == f"2 recordings: 0 done, 1 done before, 1 failed; written: {out}\n"
    assert {path.name for path in (out / "estimates").iterdir()} == {"talk.csv", "talk.jsonl"}


def test_options_go_over_every_configuration(voice: Path, tmp_path: Path):
    for name, rate in (("quick", 8.0), ("slow", 1.0)):
        (tmp_path / f"{name}.yaml").write_text(f"publish_rate: {rate}\nsmoothing: hmm\n")
    configs = ["--config", tmp_path / "quick.yaml", "--config", tmp_path / "slow.yaml"]
    assert exit_code(voice, "--out", tmp_path, *configs, "--smoothing", "none") == DONE
    made = {
        name: json.loads((tmp_path / "manifest" / name / "talk.json").read_text())["configuration"]
        for name in ("quick", "slow")
    }
    assert [made[name]["publish_rate"] for name in made] == [8.0, 1.0]
    assert {made[name]["smoothing"] for name in made} == {"none"}


def test_one_recording_is_shown_and_its_file_is_not_overwritten(voice, tmp_path: Path, capsys):
    table = tmp_path / "new" / "talk.jsonl"
    assert exit_code(voice, "--out", table, "--publish-rate", "2") == DONE
    shown = capsys.readouterr().out
    assert f"written: {table}\nclip: " in shown
    before = table.read_bytes()
    assert exit_code(voice, "--out", table) == FAILED
    assert "--force" in capsys.readouterr().err
    assert table.read_bytes() == before
    assert exit_code(voice, "--out", table, "--force") == DONE
    assert table.read_bytes() != before


def test_live_timing_leaves_windows_out(voice: Path, tmp_path: Path):
    def times(*options: object) -> list[str]:
        table = tmp_path / f"{len(list(tmp_path.iterdir()))}.csv"
        assert exit_code(voice, "--out", table, *options) == DONE
        with table.open(newline="") as file:
            return [row["time"] for row in csv.DictReader(file)]

    every = times()
    assert times("--live-timing", 100) == every
    late = times("--live-timing", 1000)
    assert set(late) < set(every)
    assert len(late) <= len(every) / 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("a", "b"), "--out DIR"),
        (("a", "--jobs", "2"), "--out DIR"),
        (("a", "--bag"), "--out DIR"),
        (("a", "--format", "jsonl"), "--out DIR"),
        (("a", "--out", "d", "--scheduler", "tcp://host:1"), "needs --engine dask"),
        (("a", "--jobs", "0"), "expected 1 or more"),
        (("a", "--live-timing", "-1"), "expected 0 or more"),
        (("a", "--live-timing", "nan"), "expected 0 or more"),
        (("a", "--out", "d", "--format", "csv,xls"), "csv, jsonl, parquet"),
        (("a", "--config", "absent.yaml"), "absent.yaml"),
        (("a", "--config", "wrong.yaml"), "unknown parameter 'rate'"),
    ],
)
def test_senseless_options_are_wrong_usage(
    arguments, words, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
):
    monkeypatch.chdir(tmp_path)
    for name in ("a", "b"):
        Path(name).touch()
    Path("wrong.yaml").write_text("rate: 3.0\n")
    assert exit_code(*arguments) == WRONG_USAGE
    assert words in capsys.readouterr().err
