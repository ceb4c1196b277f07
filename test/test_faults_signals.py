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

"""SIGINT and SIGTERM at any moment: a clean end, no traceback, nobody left behind."""

import os
import re
import signal
import time
from pathlib import Path

import httpx
import numpy as np
import pytest
from network_camera import network_camera
from ros_support import Process, command_line, random_domain_id, running, wait_until

pytestmark = [pytest.mark.ros, pytest.mark.timeout(300)]

END_S = 12  # ten times what it takes where nothing else runs


def assert_clean(process: Process, began_s: float) -> None:
    assert process.wait(END_S) == 0, process.text
    assert time.monotonic() - began_s < END_S
    assert "Traceback" not in process.text and "Exception ignored" not in process.text, process.text
    assert not process.left_behind()


@pytest.mark.parametrize(
    ("number", "after_s"),
    [
        (signal.SIGINT, 0.0),
        (signal.SIGTERM, 0.0),
        (signal.SIGTERM, 0.8),
        (signal.SIGINT, 1.6),
        (signal.SIGTERM, 2.4),
        (signal.SIGINT, None),
        (signal.SIGKILL, None),
    ],
    ids=str,
)
def test_run_ends_at_once_whatever_it_is_about(
    number: int, after_s: float | None, face_image: np.ndarray
):
    """While it imports, starts the dashboard, loads the model, or works (``None``).

    A kill cannot be clean, but leaves nobody behind.
    """
    with network_camera(face_image) as camera:
        command = ["run", "--camera", "--dashboard"]
        command += ["--ros-args", "-p", f"camera_node:source:={camera.url}"]
        command += ["-p", "dashboard_bridge:port:=0"]
        with running(command_line(*command), random_domain_id()) as process:
            wait_until(lambda: process.catches(signal.SIGTERM), 30, process.text)
            if after_s is None:
                wait_until(lambda: process.said("ready"), 60, process.text)
                time.sleep(0.5)
            else:
                time.sleep(after_s)
            began_s = time.monotonic()
            # As of Ctrl-C under launch: each process gets the signal, and some get it twice.
            if number != signal.SIGKILL:
                os.killpg(process.pid, number)
            if process.running:
                os.kill(process.pid, number)
            if number != signal.SIGKILL:
                assert_clean(process, began_s)
            wait_until(lambda: not process.left_behind(), END_S, "an orphan")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=["SIGTERM", "SIGKILL"])
def test_no_analysis_goes_on_without_its_dashboard(number: int, talking_face: Path):
    with running(command_line("dashboard", "--port", "0"), random_domain_id()) as process:
        wait_until(lambda: process.said("dashboard: http"), 60, process.text)
        address = re.search(r"dashboard: (http://[^/]+)/", process.text)
        assert address is not None
        upload = {"file": ("clip.mp4", talking_face.read_bytes())}
        assert httpx.post(f"{address[1]}/api/analyses", files=upload, timeout=60).is_success
        wait_until(process.left_behind, 60, "an analysis process")
        began_s = time.monotonic()
        os.kill(process.pid, number)
        if number == signal.SIGTERM:
            assert_clean(process, began_s)
        wait_until(lambda: not process.left_behind(), 60, "the analysis process is an orphan")
