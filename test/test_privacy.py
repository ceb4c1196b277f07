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

"""Nothing of anybody is kept unless it is asked for: the defaults, and what a node writes."""

import argparse
import re
import signal
from pathlib import Path

import pytest

from emotion_recognition.cli import evaluate
from emotion_recognition.dashboard.config import DashboardConfig
from emotion_recognition.emotions import EMOTIONS
from emotion_recognition.settings import PARAMETERS


def test_pictures_of_people_and_copies_on_disk_are_off_by_default():
    defaults = {parameter.name: parameter.default for parameter in PARAMETERS}
    assert defaults["publish_overlay"] is False
    parser = argparse.ArgumentParser()
    evaluate.add_arguments(parser)
    options = parser.parse_args(["recording.mp4"])
    assert options.thumbnails is False
    assert options.bag is False
    assert DashboardConfig().keep is None


def test_a_report_shows_nobody_by_default(talking_face: Path, tmp_path: Path):
    pytest.importorskip("pandas", reason="extra 'studies' is not installed")
    pytest.importorskip("jinja2", reason="extra 'studies' is not installed")
    from emotion_recognition.studies.study import evaluate as run

    assert run(talking_face, out=tmp_path / "out").recordings
    report = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert not re.search(r"data:image/(?!svg)|<img", report)
    kinds = {path.suffix for path in (tmp_path / "out").rglob("*") if path.is_file()}
    assert not kinds & {".jpg", ".jpeg", ".png", ".mcap", ".db3", ".wav"}


@pytest.mark.ros
@pytest.mark.timeout(180)
def test_a_graph_that_sees_somebody_writes_logs_alone_and_no_estimate_into_them(
    talking_face: Path, tmp_path: Path
):
    pytest.importorskip("rclpy", reason="rclpy is not installed: source ROS 2")
    from emotion_recognition.msg import EmotionState
    from ros_support import command_line, probe, random_domain_id, running, wait_until

    parameters = tmp_path / "parameters.yaml"
    parameters.write_text(
        "/**/emotion_node: {ros__parameters: {use_audio: false, device: cpu}}\n"
        f"/**/camera_node: {{ros__parameters: {{source: '{talking_face}'}}}}\n",
        encoding="utf-8",
    )
    home = tmp_path / "home"
    folders = {"HOME": home, "TMPDIR": home / "tmp", "ROS_LOG_DIR": home / "log"}
    for folder in folders.values():
        folder.mkdir()
    environment = {name: str(folder) for name, folder in folders.items()}
    command = command_line("run", "--camera", "--params-file", str(parameters))
    domain_id = random_domain_id()
    with running(command, domain_id, **environment) as process, probe(domain_id) as heard:
        states = heard.hear(EmotionState, "/emotion")
        wait_until(
            lambda: sum(state.video_weight > 0 for state in states) > 4 or not process.running,
            120,
            "estimates from a face",
        )
        assert process.stop(signal.SIGTERM) == 0, process.text
    written = [path for path in home.rglob("*") if path.is_file()]
    assert all(folders["ROS_LOG_DIR"] in path.parents for path in written), written
    told = "\n".join([process.text, *(path.read_text(errors="replace") for path in written)])
    assert not [emotion for emotion in EMOTIONS if re.search(rf"\b{emotion}\b", told)]
