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

"""The disk is full where estimates are written; recordings: see test_nodes_recorder.py."""

import subprocess
import sys
from pathlib import Path

import pytest

FULL_AFTER_BYTES = 600


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_estimates_that_do_not_fit_on_the_disk_leave_nothing(
    kind: str, talking_face: Path, tmp_path: Path
):
    """The system refuses to let files grow; the command names the place and the cause."""
    if kind == "parquet":
        pytest.importorskip("pyarrow", reason="extra 'studies' is not installed")
    code = (
        "import resource, sys; from emotion_recognition.cli import main; "
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({FULL_AFTER_BYTES}, {FULL_AFTER_BYTES})); "
        "sys.exit(main())"
    )
    out = tmp_path / f"estimates.{kind}"
    command = [sys.executable, "-B", "-c", code, "estimate", str(talking_face), "--out", str(out)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    (said,) = done.stderr.splitlines()
    assert said.startswith("emotion-recognition estimate: ") and str(tmp_path) in said
    assert "too large" in said
    assert not list(tmp_path.iterdir())
