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
"""The commands `run` and `demo`, as a user types them."""

import argparse
import re
import signal
from pathlib import Path

import cv2
import numpy as np
import pytest
from ros_support import command_line, probe, random_domain_id, running, wait_until

pytestmark = pytest.mark.ros

from emotion_recognition.msg import EmotionState
from sensor_msgs.msg import Image

from emotion_recognition.nodes import run
from emotion_recognition.nodes.launching.graph import ARGUMENTS, audio_info_topic, overrides
from emotion_recognition.nodes.ros.qos import sensor_qos


def parsed(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    run.add_arguments(parser)
    return parser.parse_args(arguments)


def test_the_options_become_ros_arguments(tmp_path: Path):
    parameters = tmp_path / "mine.yaml"
    parameters.write_text("", encoding="utf-8")
    options = parsed(
        *("--image", "/cam/image", "--audio", "/mic/sound", "--namespace", "robot"),
        *("--params-file", str(parameters), "--use-sim-time", "--log-level", "debug"),
        *("--ros-args", "-p", "publish_rate:=2.0"),
    )
    arguments = run.ros_arguments(options)
    text = " ".join(arguments)
    assert arguments[0] == "--ros-args"
    assert f"--params-file {parameters}" in text
    assert "-r image:=/cam/image" in text
    assert "-r audio:=/mic/sound -r audio_info:=/mic/audio_info" in text
    assert "-r __ns:=/robot" in text
    assert "-p use_sim_time:=true" in text
    assert "--log-level debug" in text
    assert text.endswith("-p publish_rate:=2.0")


def test_cameras_and_faces_are_parameters_of_the_emotion_node():
    given = {"cameras": "front=/f/image", "max_faces": "4", "device": "", "image": "/i"}
    assert overrides(given) == {"cameras": "front=/f/image", "max_faces": 4}
    with pytest.raises(ValueError, match=r"max_faces is 'many': expected a whole number"):
        overrides({**given, "max_faces": "many"})
    assert overrides({**given, "autostart": "false"})["autostart"] is False
    with pytest.raises(ValueError, match=r"autostart is 'later': expected true or false"):
        overrides({**given, "autostart": "later"})


def test_without_options_the_packages_parameter_file_is_used(repository: Path):
    text = " ".join(run.ros_arguments(parsed()))
    assert f"--params-file {repository / 'config' / 'emotion_recognition.yaml'}" in text
    assert "__ns" not in text
    assert "use_sim_time" not in text


def test_a_missing_parameter_file_is_named():
    with pytest.raises(FileNotFoundError, match=r"none\.yaml"):
        run.ros_arguments(parsed("--params-file", "/no/none.yaml"))


def test_run_has_the_arguments_of_the_launch_file():
    assert {argument.name for argument in ARGUMENTS} <= set(vars(parsed()))


@pytest.mark.parametrize(
    ("audio", "expected"),
    [("/audio_stamped", "/audio_info"), ("/a/b/sound", "/a/b/audio_info"), ("mic", "audio_info")],
)
def test_the_description_lies_beside_the_sound(audio, expected):
    assert audio_info_topic(audio) == expected


def test_run_starts_camera_and_recognition_in_one_process(talking_face: Path, tmp_path: Path):
    parameters = tmp_path / "parameters.yaml"
    parameters.write_text(
        "/**/emotion_node: {ros__parameters: {use_audio: false, device: warp9}}\n"
        f"/**/camera_node: {{ros__parameters: {{source: '{talking_face}', frame_id: eye}}}}\n",
        encoding="utf-8",
    )
    domain_id = random_domain_id()
    command = command_line("run", "--namespace", "robot", "--params-file", str(parameters))
    # The option is stronger than the file, which names no real device.
    command += ["--device", "cpu", "--camera", "--log-level", "info"]
    with running(command, domain_id) as process, probe(domain_id) as heard:
        states = heard.hear(EmotionState, "/robot/emotion")
        images = heard.hear(Image, "/camera/image_raw", sensor_qos(1))
        wait_until(
            lambda: any(state.probabilities for state in states) or not process.running,
            90,
            "an estimate",
        )
        assert process.running, process.text
        assert next(state for state in states if state.probabilities).header.frame_id == "eye"
        wait_until(lambda: images, 10, "an image")
        assert (images[0].encoding, images[0].step) == ("bgr8", 3 * images[0].width)
        assert process.stop(signal.SIGTERM, timeout_s=10) == 0, process.text
    assert "Traceback" not in process.text


SUMMARY = r"demo: \d+ estimates, P95 latency \d+ ms, received \d+\.\d %"


def test_the_demo_plays_a_clip_through_a_live_graph(talking_face: Path, tmp_path: Path):
    picture = tmp_path / "view.svg"
    command = command_line("demo", "--clip", str(talking_face), "--picture", str(picture))
    with running(command, random_domain_id()) as process:
        assert process.wait(110) == 0, process.text
    assert re.fullmatch(SUMMARY, process.lines[-1]), process.text
    assert re.match(r"demo: over time: \d+-\d+ s \w+", process.lines[-2])
    estimates = [line for line in process.lines if "latency" in line and "valence" in line]
    assert len(estimates) == int(process.lines[-1].split()[1])
    assert "<svg" in picture.read_text(encoding="utf-8")


def test_a_demo_without_an_estimate_fails_with_the_reason(tmp_path: Path):
    clip = tmp_path / "noise.mp4"
    writer = cv2.VideoWriter(str(clip), cv2.VideoWriter_fourcc(*"mp4v"), 15, (160, 120))
    for grey in range(30):
        writer.write(np.full((120, 160, 3), 100 + grey, np.uint8))
    writer.release()
    with running(command_line("demo", "--clip", str(clip)), random_domain_id()) as process:
        assert process.wait(110) == 1, process.text
    assert process.said("no estimate came", "face")
    assert "Traceback" not in process.text
