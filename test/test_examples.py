"""The examples run as their README says."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("pandas")
pytest.importorskip("pyarrow")
pytest.importorskip("jinja2")


@pytest.mark.shared
def test_recordings_are_evaluated(tmp_path: Path, shared_data: Path, repository: Path):
    clips = tmp_path / "clips"
    clips.mkdir()
    voice = shared_data / "ravdess_speech" / "Actor_03" / "03-01-05-02-01-01-03.flac"
    shutil.copy(voice, clips / "visit.flac")
    (tmp_path / "labels.csv").write_text("file,emotion\nvisit.flac,angry\n")
    done = subprocess.run(
        [
            sys.executable,
            "examples/evaluate_recordings.py",
            str(clips),
            str(tmp_path / "labels.csv"),
            str(tmp_path / "out"),
        ],
        cwd=repository,
        env={**os.environ, "PYTHONPATH": f"{repository}:{os.environ.get('PYTHONPATH', '')}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "accuracy: " in done.stdout
    assert "visit" in done.stdout
    assert (tmp_path / "out" / "report.html").is_file()


def test_every_example_is_named_in_the_readme(repository: Path):
    readme = (repository / "examples" / "README.md").read_text(encoding="utf-8")
    scripts = [path.name for path in (repository / "examples").glob("*.py")]
    assert scripts
    assert [name for name in scripts if f"({name})" not in readme] == []
