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

"""The examples run as their README says."""

import runpy
import shutil
import sys
from pathlib import Path

import pytest

pytest.importorskip("pandas")
pytest.importorskip("pyarrow")
pytest.importorskip("jinja2")


@pytest.mark.shared
def test_recordings_are_evaluated(
    tmp_path: Path, shared_data: Path, repository: Path, monkeypatch, capsys
):
    clips = tmp_path / "clips"
    clips.mkdir()
    voice = shared_data / "ravdess_speech" / "Actor_03" / "03-01-05-02-01-01-03.flac"
    shutil.copy(voice, clips / "visit.flac")
    (tmp_path / "labels.csv").write_text("file,emotion\nvisit.flac,angry\n")
    script = repository / "examples" / "evaluate_recordings.py"
    arguments = [clips, tmp_path / "labels.csv", tmp_path / "out"]
    monkeypatch.setattr(sys, "argv", [str(script), *map(str, arguments)])
    runpy.run_path(str(script), run_name="__main__")
    shown = capsys.readouterr().out
    assert "accuracy: " in shown
    assert "visit" in shown
    assert (tmp_path / "out" / "report.html").is_file()
