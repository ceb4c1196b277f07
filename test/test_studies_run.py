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

"""Runs over many recordings: the same bytes however they are done, resumed, nothing lost."""

import json
import multiprocessing
import os
import signal
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from emotion_recognition.bags.bag import Bag
from emotion_recognition.bags.clip import read_clip
from emotion_recognition.bags.read import read_events
from emotion_recognition.bags.types import EMOTION_STATE
from emotion_recognition.bags.write import make_bag
from emotion_recognition.model.checkpoint import CheckpointError
from emotion_recognition.studies import job as job_module
from emotion_recognition.studies.configuration import StudyConfiguration, make_configuration
from emotion_recognition.studies.engines import EngineError, in_processes
from emotion_recognition.studies.job import DiskFullError, Job
from emotion_recognition.studies.run import (
    RecordingResult,
    RunOptions,
    run_recordings,
    summary,
)

VOICE = make_configuration("voice", use_video=False, min_window_s=0.5)
SLOW = make_configuration("slow", use_video=False, min_window_s=0.5, publish_rate=2.0)


@pytest.fixture(scope="module")
def folder(talking_face: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two recordings of a voice, and two that cannot be used."""
    made = tmp_path_factory.mktemp("recordings")
    chunks = [event.chunk for event in read_clip(talking_face, with_images=False)]
    sound = np.concatenate([chunk.samples for chunk in chunks])
    rate = chunks[0].sample_rate
    soundfile.write(made / "early.wav", sound[: 2 * rate], rate)
    soundfile.write(made / "late.wav", sound[rate // 2 :], rate)
    (made / "broken.mp4").write_bytes(b"this is no video")
    (made / "empty.wav").touch()
    return made


def paths(folder: Path) -> list[Path]:
    return sorted(folder.iterdir())


def files(out: Path) -> dict[str, bytes]:
    """Everything that a run wrote."""
    return {
        str(path.relative_to(out)): path.read_bytes() for path in out.rglob("*") if path.is_file()
    }


def statuses(results: list[RecordingResult]) -> dict[tuple[str, str], str]:
    return {(result.configuration, result.name): result.status for result in results}


@pytest.fixture(scope="module")
def serial(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is written by one process, two configurations after the other."""
    out = tmp_path_factory.mktemp("serial")
    results = run_recordings(paths(folder), [VOICE, SLOW], out)
    assert statuses(results) == {
        (name, recording): "failed" if recording in ("broken", "empty") else "done"
        for name in ("voice", "slow")
        for recording in ("broken", "early", "empty", "late")
    }
    assert [result.path.name for result in results[:4]] == [p.name for p in paths(folder)]
    for result in results:
        assert bool(result.error) == (result.status == "failed")
        assert result.estimates.is_file() == (result.status == "done")
        assert result.windows > 1 if result.status == "done" else result.windows == 0
    assert summary(results) == "4 recordings by 2 configurations: 4 done, 4 failed"
    return out


def test_each_configuration_has_its_folder(serial: Path):
    tables = {name for name in files(serial) if name.startswith("estimates/")}
    assert tables == {
        f"estimates/{configuration}/{name}.csv"
        for configuration in ("voice", "slow")
        for name in ("early", "late")
    }
    quick = (serial / "estimates/voice/late.csv").read_text().count("\n")
    slow = (serial / "estimates/slow/late.csv").read_text().count("\n")
    assert quick > 1.5 * slow


def test_the_manifest_says_what_estimates_were_made_from(serial: Path):
    manifest = json.loads((serial / "manifest" / "slow" / "late.json").read_text())
    assert manifest["recording"] == "late.wav"
    assert manifest["configuration"]["publish_rate"] == 2.0
    assert manifest["finished"]
    assert manifest["model"]
    assert not json.loads((serial / "manifest" / "slow" / "broken.json").read_text())["finished"]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("engine", ["local", "dask"])
def test_two_workers_write_the_same_bytes(serial, folder, engine, tmp_path: Path):
    if engine == "dask":
        pytest.importorskip("distributed")
    results = run_recordings(paths(folder), [VOICE, SLOW], tmp_path, jobs=2, engine=engine)
    assert files(tmp_path) == files(serial)
    assert [result.name for result in results] == 2 * ["broken", "early", "empty", "late"]


def test_what_is_finished_is_not_done_again(folder: Path, tmp_path: Path):
    both = paths(folder)[1::2]
    run_recordings(both, [VOICE], tmp_path)
    stamps = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.csv")}
    again = run_recordings(both, [VOICE], tmp_path)
    assert {result.status for result in again} == {"skipped"}
    assert all(result.windows > 0 for result in again)
    assert summary(again) == "2 recordings: 0 done, 2 done before"
    assert stamps == {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.csv")}
    again[0].estimates.unlink()
    assert [r.status for r in run_recordings(both, [VOICE], tmp_path)] == ["done", "skipped"]
    with_more = RunOptions(formats=("csv", "jsonl"))
    assert {r.status for r in run_recordings(both, [VOICE], tmp_path, with_more)} == {"done"}
    assert len(list(tmp_path.rglob("*.jsonl"))) == 2


def test_other_settings_or_recordings_overwrite_only_by_force(folder: Path, tmp_path: Path):
    [early, late] = paths(folder)[1::2]
    copy = tmp_path / "take.wav"
    copy.write_bytes(early.read_bytes())
    out = tmp_path / "out"
    [first] = run_recordings([copy], [VOICE], out)
    before = files(out)
    faster = make_configuration("voice", use_video=False, publish_rate=8.0)
    with pytest.raises(ValueError, match=r"take\.csv was made from .*--force"):
        run_recordings([copy], [faster], out)
    with pytest.raises(ValueError, match="--force"):
        run_recordings([copy], [VOICE], out, RunOptions(live_timing_ms=300.0))
    copy.write_bytes(late.read_bytes())
    with pytest.raises(ValueError, match="--force"):
        run_recordings([copy], [VOICE], out)
    assert files(out) == before
    [result] = run_recordings([copy], [VOICE], out, force=True)
    assert result.status == "done"
    assert result.windows > first.windows


def test_a_strange_file_in_the_way_is_not_overwritten(folder: Path, tmp_path: Path):
    mine = tmp_path / "estimates" / "early.csv"
    mine.parent.mkdir()
    mine.write_text("my notes")
    with pytest.raises(ValueError, match="--force"):
        run_recordings([folder / "early.wav"], [VOICE], tmp_path)
    assert mine.read_text() == "my notes"


def test_a_full_disk_ends_the_run_and_leaves_nothing_half_done(
    folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    tables = tmp_path / "estimates"
    tables.mkdir()
    (tables / "late.csv.part").symlink_to("/dev/full")  # which takes no byte
    with pytest.raises(DiskFullError, match=r"disk full"):
        run_recordings(paths(folder)[1::2], [VOICE], tmp_path)
    assert [path.name for path in tables.iterdir()] == ["early.csv"]
    assert "what is finished" in caplog.text


def test_an_interrupted_run_goes_on_where_it_was(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    both = paths(folder)[1::2]
    run_recordings(both, [VOICE], tmp_path / "whole")
    estimates_over = job_module.estimates_over

    def interrupted(path: Path, *others):
        for count, estimate in enumerate(estimates_over(path, *others)):
            if path.name == "late.wav" and count == 3:
                raise KeyboardInterrupt
            yield estimate

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(job_module, "estimates_over", interrupted)
        run_recordings(both, [VOICE], tmp_path / "cut")
    left = {path.name for path in (tmp_path / "cut" / "estimates").iterdir()}
    assert left == {"early.csv"}
    again = run_recordings(both, [VOICE], tmp_path / "cut")
    assert [result.status for result in again] == ["skipped", "done"]
    assert files(tmp_path / "cut") == files(tmp_path / "whole")


class Deadly(Job):
    """A job whose worker does not survive it."""

    def __reduce__(self):
        return os._exit, (9,)


def job(path: Path, out: Path, kind: type[Job] = Job) -> Job:
    return kind(path, path.stem, VOICE, out, "", RunOptions())


@pytest.mark.timeout(300)
def test_a_process_that_dies_and_ctrl_c_take_nothing_else_with_them(folder: Path, tmp_path: Path):
    early, late = paths(folder)[1::2]
    sound, rate = soundfile.read(late)
    long = tmp_path / "long.wav"
    soundfile.write(long, np.tile(sound, 500), rate)
    jobs = [job(early, tmp_path, Deadly), job(late, tmp_path), job(long, tmp_path)]
    results = in_processes(jobs, 2)
    found = {result.name: result for result in (next(results), next(results))}
    assert found["early"].status == "failed"
    assert "ended" in found["early"].error
    assert found["late"].status == "done"
    begun = tmp_path / "estimates" / "long.csv.part"
    until_s = time.monotonic() + 90
    while not begun.exists():
        assert time.monotonic() < until_s
        time.sleep(0.1)
    for process in multiprocessing.active_children():
        os.kill(process.pid or 0, signal.SIGINT)  # as a terminal sends it to all processes
    time.sleep(0.2)
    assert begun.exists()
    with pytest.raises(KeyboardInterrupt):
        results.throw(KeyboardInterrupt())
    assert not multiprocessing.active_children()
    assert [path.name for path in begun.parent.iterdir()] == ["late.csv"]


def test_a_bag_with_the_estimates(folder: Path, talking_face: Path, tmp_path: Path):
    make_bag(talking_face, tmp_path / "talk", compressed=True)
    options = RunOptions(bag=True)
    with_bag = run_recordings([tmp_path / "talk"], [VOICE], tmp_path / "one", options)
    run_recordings([tmp_path / "talk"], [VOICE], tmp_path / "other", options)
    assert files(tmp_path / "one") == files(tmp_path / "other")
    [result] = with_bag
    bag = tmp_path / "one" / "bags" / "talk"
    assert len(list(read_events(bag))) == len(list(read_events(tmp_path / "talk")))
    with Bag(bag) as opened:
        [topic] = [t.name for t in opened.topics.values() if t.msgtype == EMOTION_STATE]
        states = [opened.decode(message) for message in opened.messages([topic])]
    assert sum(len(state.labels) > 0 for state in states) == result.windows > 3


@pytest.mark.parametrize(
    ("configurations", "options", "words"),
    [
        ([], RunOptions(), "at least one"),
        ([VOICE, make_configuration("voice")], RunOptions(), "are called 'voice'"),
        ([VOICE], RunOptions(formats=("xls",)), "formats are xls"),
        ([VOICE], RunOptions(formats=()), "formats are none"),
    ],
)
def test_what_makes_no_sense_is_refused(
    folder: Path,
    tmp_path: Path,
    configurations: list[StudyConfiguration],
    options: RunOptions,
    words: str,
):
    with pytest.raises(ValueError, match=words):
        run_recordings(paths(folder), configurations, tmp_path, options)
    assert not list(tmp_path.iterdir())


def test_missing_weights_end_the_run_once(folder: Path, tmp_path: Path):
    configuration = make_configuration(model_path=str(tmp_path / "absent"))
    with pytest.raises(CheckpointError, match="absent"):
        run_recordings(paths(folder), [configuration], tmp_path / "out")


def test_without_dask_it_is_said_what_to_install(folder, tmp_path, monkeypatch):
    def absent(name: str) -> None:
        raise ModuleNotFoundError(f"No module named '{name}'")

    monkeypatch.setattr("emotion_recognition.studies.engines.importlib.import_module", absent)
    with pytest.raises(EngineError, match=r"emotion_recognition\[cluster\]"):
        run_recordings(paths(folder), [VOICE], tmp_path, engine="dask")


def test_a_scheduler_that_is_not_there_is_told(folder: Path, tmp_path: Path):
    pytest.importorskip("distributed")
    dask = pytest.importorskip("dask")
    scheduler = "tcp://127.0.0.1:9"
    with (
        dask.config.set({"distributed.comm.timeouts.connect": "1s"}),
        pytest.raises(EngineError, match=scheduler),
    ):
        run_recordings(paths(folder), [VOICE], tmp_path, engine="dask", scheduler=scheduler)
