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

# ruff: noqa: E402 - what needs ROS is imported after the check for it
"""The device's memory runs full and the model's files are overwritten while a node is at work."""

import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from ros_support import REPOSITORY

pytestmark = [pytest.mark.ros, pytest.mark.timeout(300)]

from managed_node import managed_node

from emotion_recognition.model.network_file import NETWORK_FILE, WEIGHTS

FRAMES_FILE = "frame_encoder.safetensors"


def overwrite(path: Path) -> None:
    """Replace the content of a file in place: whoever reads it by its descriptor is hit as well."""
    with path.open("r+b") as file:
        file.truncate(100_000)
        file.write(b"garbage " * 1000)


def test_memory_that_runs_full_and_weights_that_become_garbage(
    face_image: np.ndarray, tmp_path: Path
):
    weights = tmp_path / "weights"
    weights.mkdir()
    for name in (NETWORK_FILE, FRAMES_FILE):
        shutil.copy(WEIGHTS / name, weights)
    full = tmp_path / "full"
    command = [sys.executable, str(REPOSITORY / "test" / "full_accelerator.py"), str(full)]
    with managed_node(face_image, f"model_path:={weights}", command=command) as node:
        node.estimates(4)
        assert node.reports()["device"]["device"] == "cpu:0"

        full.touch()
        node.estimates(4)
        problem = "device 'cpu:0' is out of memory: computing on the CPU instead"
        assert node.process.said("[WARN]", problem, "CUDA out of memory")
        assert node.reports()["device"]["device"] == "cpu"
        messages = {status.name: status.message for status in node.diagnostics[-1].status}
        assert messages["emotion_node: device"] == problem
        assert not node.process.said("internal error")

        for name in (NETWORK_FILE, FRAMES_FILE):
            overwrite(weights / name)
        node.estimates(8)
        assert node.change("deactivate", "cleanup", "configure") == [True, True, False]
        assert node.process.said("[ERROR]", NETWORK_FILE, "incomplete or corrupt", "'model_path'")
        assert node.state == "unconfigured"

        full.unlink()
        for name in (NETWORK_FILE, FRAMES_FILE):
            shutil.copy(WEIGHTS / name, weights)
        assert node.change("configure", "activate") == [True, True]
        node.estimates(2)
        assert node.reports()["device"]["device"] == "cpu:0"  # which has room again
    assert "Traceback" not in node.process.text
