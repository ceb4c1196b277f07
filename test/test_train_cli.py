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

"""The command ``train``: exit codes, what it refuses, sweeps and their table."""

import json
from pathlib import Path

import pytest

from emotion_recognition import extras
from emotion_recognition.cli import DONE, FAILED, WRONG_USAGE, main
from emotion_recognition.training import sweep
from emotion_recognition.training.config import Job
from emotion_recognition.training.sweep import compare, table

CONFIG = "stage: audio_visual\nnetwork: {vector_size: 35}\n"


@pytest.fixture
def ran(monkeypatch) -> list:
    """Runs of the stage, which does no more than to write a report."""
    found = []

    def run(config, data: Path, out: Path, features: Path, resume: bool) -> Path:
        found.append((config, out, features, resume))
        figures = {"accuracy": 0.5 + 0.1 * config.drop_face, "uar": 0.4, "top5": 1.0, "loss": 1.2}
        missing = {"voice_missing": {"accuracy": 0.3}, "face_missing": {"accuracy": 0.2}}
        rest = {"valid": {"valid_uar": 0.6}, "epochs": 7, "seconds": 60.0}
        (out / "report.json").write_text(json.dumps({**figures, **missing, **rest}))
        (out / "report.md").write_text("the table\n")
        return out / "network.safetensors"

    monkeypatch.setattr(sweep, "stage_function", lambda stage: run)
    monkeypatch.setitem(extras._PACKAGES, "training", ())
    return found


@pytest.fixture
def called(tmp_path, ran):
    """Writes a configuration and calls the command with it."""
    (tmp_path / "data").mkdir()

    def call(text: str, *arguments: str) -> int:
        path = tmp_path / "small.yaml"
        path.write_text(text)
        command = ["train", str(path), "--data", str(tmp_path / "data")]
        try:
            return main([*command, "--out", str(tmp_path / "out"), *arguments])
        except SystemExit as end:
            return int(end.code or 0)

    return call


def test_it_trains_and_shows_the_table(called, ran, tmp_path, capsys):
    assert called(CONFIG, "--set", "trainer.epochs=2") == DONE
    (config, out, features, resume) = ran[0]
    assert config.trainer.epochs == 2
    assert (out, features, resume) == (tmp_path / "out", tmp_path / "out" / "features", False)
    shown = capsys.readouterr().out
    assert "the table" in shown
    assert shown.splitlines()[-1] == f"written: {out / 'network.safetensors'}"
    kept = json.loads((out / "config.json").read_text())
    assert (kept["stage"], kept["trainer"]["epochs"]) == ("audio_visual", 2)


@pytest.mark.parametrize(
    ("text", "arguments", "said"),
    [
        (CONFIG + "drop: 1", [], "small.yaml: drop: no such key"),
        (CONFIG, ["--set", "drop_voice=2"], "drop_voice: found 2.0; allowed: 0 to 1"),
        (CONFIG, ["--data", "nowhere"], "--data: found 'nowhere'; allowed: a folder that exists"),
        ("stage: cooking", [], "stage: found 'cooking'; allowed: "),
    ],
)
def test_a_wrong_configuration_is_wrong_usage_before_anything_runs(
    called, ran, capsys, text, arguments, said
):
    assert called(text, *arguments) == WRONG_USAGE
    assert said in capsys.readouterr().err
    assert not ran


def test_a_configuration_that_is_not_there_fails(tmp_path, ran, capsys):
    assert main(["train", str(tmp_path / "none.yaml")]) == FAILED
    assert "none.yaml" in capsys.readouterr().err


def test_without_lightning_it_says_what_to_install(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(extras._PACKAGES, "training", ("yaml", "no_such_lightning"))
    assert main(["train", str(tmp_path / "any.yaml")]) == FAILED
    said = capsys.readouterr().err
    assert "needs no_such_lightning: pip install 'emotion_recognition[training]'" in said


def test_a_run_is_resumed_with_its_own_configuration_alone(called, ran, capsys):
    assert called(CONFIG) == DONE
    assert called(CONFIG) == FAILED
    assert "--resume" in capsys.readouterr().err
    assert called(CONFIG, "--resume") == DONE
    assert [run[3] for run in ran] == [False, True]
    assert called(CONFIG, "--resume", "--set", "trainer.seed=7") == WRONG_USAGE
    assert "trainer.seed: found 7; allowed: 1, as the run in" in capsys.readouterr().err


SWEEP = CONFIG + "sweep: {drop_face: [0.0, 0.5], data.fold: [1, 2]}\ndata: {corpus: ravdess_pairs}"


def test_a_sweep_runs_each_in_its_folder_and_compares(called, ran, tmp_path, capsys):
    assert called(SWEEP) == DONE
    names = ["drop_face=0.0,fold=1", "drop_face=0.0,fold=2"]
    assert [run[1].name for run in ran][:2] == names and len(ran) == 4
    assert {run[2] for run in ran} == {tmp_path / "out" / "features"}
    shown = capsys.readouterr().out
    assert "| `drop_face` | folds | accuracy | uar |" in shown
    assert "| 0.0 | 2 | 50.0 ± 0.0 | 40.0 | 100.0 | 1.200 | 30.0 | 20.0 | 60.0 | 7 | 2 |" in shown
    assert "| 0.5 | 2 | 55.0 ± 0.0 |" in shown
    rows = json.loads((tmp_path / "out" / "comparison.json").read_text())
    assert [row["drop_face"] for row in rows] == [0.0, 0.5]


def test_a_resumed_sweep_leaves_out_what_is_finished(called, ran, tmp_path):
    assert called(SWEEP) == DONE
    (tmp_path / "out" / "drop_face=0.5,fold=1" / "report.json").unlink()
    assert called(SWEEP, "--resume") == DONE
    assert [run[1].name for run in ran[4:]] == ["drop_face=0.5,fold=1"]


def test_the_spread_is_over_the_folds():
    changes = [{"data.fold": fold} for fold in (1, 2, 3)]
    jobs = [Job("audio_visual", None, change) for change in changes]
    missing = {"voice_missing": {"accuracy": 0.3}, "face_missing": {"accuracy": 0.2}}
    rest = {"uar": 0.5, "top5": 1, "loss": 1, "valid": {"valid_uar": 1}, "epochs": 1, "seconds": 6}
    reports = [{"accuracy": value, **missing, **rest} for value in (0.4, 0.5, 0.6)]
    (row,) = compare(jobs, reports)
    assert row["accuracy"] == pytest.approx(0.5)
    assert row["accuracy_std"] == pytest.approx(0.1)
    assert row["minutes"] == pytest.approx(0.3)
    assert "| 3 | 50.0 ± 10.0 |" in table([row])
