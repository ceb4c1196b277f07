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
"""The tutorial 'Your own emotions in an hour', walked through by the commands of its page."""

import json
import math
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from ros_support import command_line, probe, random_domain_id, ros_environment, running, wait_until

pytestmark = pytest.mark.ros

from emotion_recognition.msg import EmotionState
from sensor_msgs.msg import Image

from emotion_recognition.bags.bag import Bag
from emotion_recognition.bags.write import make_bag

REPOSITORY = Path(__file__).parents[1]
PAGE = REPOSITORY / "docs" / "tutorials" / "your-own-emotions.md"
SMALL = {"PEOPLE": "carla", "EMOTIONS": "delighted", "SECONDS_EACH": "8", "EPOCHS": "2"}
"""The page's own settings, for a small walk: one recording is made live, the others are videos."""
CLIPS = {"anna": "01", "ben": "02", "carla": "03"}
"""A real person for each of the page's."""
TAKES = {"neutral": "01", "bored": "03", "delighted": "05"}
"""A take for each emotion. Nobody knows what they show, and two epochs teach nothing: that the way
from a camera to a robot of one's own emotions holds is what is tested."""


def page() -> dict[str, str]:
    """The commands of the page by the heading that they stand under."""
    parts = re.split(r"^## \d\. (\S+)\n", PAGE.read_text(encoding="utf-8"), flags=re.M)
    steps = dict(zip(["Begin", *parts[1::2]], parts[0::2], strict=True))
    return {name: "".join(blocks(text)) for name, text in steps.items()}


def blocks(text: str) -> list[str]:
    return re.findall(r"^```sh\n(.*?)^```$", text, re.M | re.S)


class Terminal:
    """The reader's terminal, and what it said in each step."""

    def __init__(self, folder: Path, domain_id: int) -> None:
        self.folder, self.domain_id = folder, domain_id
        self.said: dict[str, str] = {}
        command = folder / "bin" / "emotion-recognition"
        command.parent.mkdir()
        code = "import sys; from emotion_recognition.cli import main; sys.exit(main())"
        command.write_text(f'#!/bin/sh\nexec {sys.executable} -c "{code}" "$@"\n')
        command.chmod(0o755)
        self.environment = {
            **ros_environment(domain_id),
            **SMALL,
            "PATH": f"{command.parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": os.pathsep.join([str(REPOSITORY), os.environ.get("PYTHONPATH", "")]),
        }

    def script(self, commands: str) -> list[str]:
        """Commands after those that the page begins with, in a new shell."""
        return ["bash", "-c", f"cd {self.folder}\nset -eu\n{page()['Begin']}\n{commands}"]

    def do(self, step: str, answer: str = "") -> None:
        done = subprocess.run(
            self.script(page()[step]),
            env=self.environment,
            input=answer,
            capture_output=True,
            text=True,
            timeout=1000,
            check=False,
        )
        assert done.returncode == 0, f"{step}: {done.stdout}{done.stderr}"
        self.said[step] = done.stdout


@pytest.fixture(scope="module")
def walked(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Terminal:
    """The page, walked through until the robot is to be started."""
    clips = shared_data / "javanese_av"
    terminal = Terminal(tmp_path_factory.mktemp("tutorial"), random_domain_id())
    make_bag(clips / "03-01-05_01.mp4", terminal.folder / "camera")
    camera = command_line("play", str(terminal.folder / "camera"), "--stamps", "now", "--loop")
    with probe(terminal.domain_id) as viewer, running(camera, terminal.domain_id) as player:
        images = viewer.hear(Image, "/camera/image_raw")
        wait_until(lambda: images or not player.running, 200, player.text)
        terminal.do("Record", answer="\n")
    for person, actor in CLIPS.items():
        for emotion, take in TAKES.items():
            if (person, emotion) != (SMALL["PEOPLE"], SMALL["EMOTIONS"]):
                clip = clips / f"{actor}-01-{take}_01.mp4"
                shutil.copy(clip, terminal.folder / f"study/recordings/{person}_{emotion}.mp4")
    for step in ("Label", "Fine-tune", "Evaluate"):
        terminal.do(step)
    return terminal


def test_every_command_of_the_page_is_in_a_step_that_is_walked():
    assert list(page()) == ["Begin", "Record", "Label", "Fine-tune", "Evaluate", "Deploy"]
    assert all(page().values())
    assert "".join(page().values()) == "".join(blocks(PAGE.read_text(encoding="utf-8")))


def test_the_configuration_of_the_page_is_the_one_that_the_package_ships():
    _, text = re.split(r"cat > our-emotions.yaml <<'END'\n", page()["Fine-tune"])
    shipped = REPOSITORY / "config" / "training" / "fine_tune.yaml"
    assert yaml.safe_load(text.split("\nEND\n")[0]) == yaml.safe_load(shipped.read_text())


@pytest.mark.shared
@pytest.mark.timeout(1200)
def test_a_recording_is_made_of_what_the_camera_shows(walked: Terminal):
    with Bag(walked.folder / "study/recordings/carla_delighted") as bag:
        counts = {name: topic.count for name, topic in bag.topics.items()}
    assert counts["/camera/image_raw/compressed"] > 10
    assert counts["/audio_stamped"] > 10


@pytest.mark.shared
@pytest.mark.timeout(1200)
def test_the_report_is_of_a_person_that_nothing_was_learnt_from(walked: Terminal):
    report = json.loads((walked.folder / "study/our-emotions/report.json").read_text())
    assert report["subjects"] == {"train": ["anna"], "valid": ["ben"], "test": ["carla"]}
    assert report["epochs"] == int(SMALL["EPOCHS"])
    assert report["windows"]["test"] > 10
    for condition in ("both", "voice_missing", "face_missing"):
        assert report[condition]["labels"] == list(TAKES)
    assert "| both streams |" in walked.said["Fine-tune"]


@pytest.mark.shared
@pytest.mark.timeout(1200)
def test_the_evaluation_is_by_the_labels_of_the_lab(walked: Terminal):
    metrics = json.loads((walked.folder / "study/evaluation/metrics.json").read_text())
    assert metrics["files"] == 3
    assert metrics["failed"] == []
    assert metrics["labels"] == list(TAKES)
    assert set(metrics["by_subject"]) == {"carla"}
    assert sum(map(sum, metrics["confusion"]["window"])) > 10
    assert (walked.folder / "study/evaluation/report.html").stat().st_size > 10_000


@pytest.mark.shared
@pytest.mark.timeout(1200)
def test_the_robot_tells_the_emotions_of_the_lab(walked: Terminal):
    robot = walked.script("exec " + page()["Deploy"])
    camera = command_line("play", str(walked.folder / "camera"), "--stamps", "now", "--loop")
    with (
        probe(walked.domain_id) as listener,
        running(robot, walked.domain_id, **walked.environment) as node,
        running(camera, walked.domain_id),
    ):
        states = listener.hear(EmotionState, "/emotion")
        wait_until(
            lambda: any(state.labels for state in states) or not node.running, 300, node.text
        )
        estimated = [state for state in states if state.labels]
        assert estimated, node.text
    state = estimated[-1]
    assert list(state.labels) == list(TAKES)
    assert state.model == "our-emotions-1"
    assert state.emotion in TAKES
    assert sum(state.probabilities) == pytest.approx(1, abs=1e-4)
    # Of neutral by the shipped network, of bored and delighted by the page's configuration.
    assert not math.isnan(state.valence)
    assert -0.7 < state.arousal < 0.7
