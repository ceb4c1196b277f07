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

"""Configurations of studies: strict, and the same names as the node's parameters."""

from pathlib import Path

import pytest

from emotion_recognition.recognizer import RecognizerConfig
from emotion_recognition.settings import PARAMETERS
from emotion_recognition.studies.configuration import (
    ConfigurationError,
    load_configuration,
    make_configuration,
)


def written(folder: Path, text: str) -> Path:
    path = folder / "quick.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_parameters_by_name(tmp_path: Path):
    made = load_configuration(written(tmp_path, "publish_rate: 10\nface_detector: haar\n"))
    assert made.name == "quick"
    assert made.settings.recognizer.publish_rate == 10.0
    assert made.settings.recognizer.vision.detector == "haar"
    assert made.values["window_s"] == 3.6
    assert made.values.keys() == {parameter.name for parameter in PARAMETERS}


@pytest.mark.parametrize("text", ["", "{}", "emotion_node:\n  ros__parameters: {}\n"])
def test_what_is_not_said_is_as_by_default(tmp_path: Path, text: str):
    assert load_configuration(written(tmp_path, text)).settings.recognizer == RecognizerConfig()


def test_the_nodes_own_parameter_file_is_a_configuration(repository: Path):
    made = load_configuration(repository / "config" / "emotion_recognition.yaml")
    assert dict(made.values) == dict(make_configuration().values)


def test_sections_of_a_parameter_file(tmp_path: Path):
    text = """
/**:
  ros__parameters: {publish_rate: 2.0, window_s: 2.0, use_sim_time: true}
/robot:
  emotion_node:
    ros__parameters: {publish_rate: 8.0}
camera_node:
  ros__parameters: {fps: 30.0}
"""
    config = load_configuration(written(tmp_path, text)).settings.recognizer
    assert (config.publish_rate, config.window_s) == (8.0, 2.0)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("publish_rte: 4.0", ["unknown parameter 'publish_rte'", "did you mean 'publish_rate'"]),
        ("publish_rate: fast", ["'publish_rate' is 'fast'", "a number from 0.1 to 30"]),
        ("publish_rate: true", ["'publish_rate' is True", "a number from 0.1 to 30"]),
        ("publish_rate: 31", ["'publish_rate' is 31.0", "a number from 0.1 to 30"]),
        ("publish_rate: .nan", ["'publish_rate' is nan", "a number from 0.1 to 30"]),
        ("window_s:", ["'window_s' is None", "a number from 0.5 to 3.6"]),
        ("smoothing: median", ["'smoothing' is 'median'", "hysteresis, hmm"]),
        ("use_audio: 'yes'", ["'use_audio' is 'yes'", "true or false"]),
        ("audio_channels: 1.5", ["'audio_channels' is 1.5", "an integer from 1 to 64"]),
        ("{use_audio: false, use_video: false}", ["'use_video' and 'use_audio'"]),
        ("{window_s: 1.0, min_window_s: 2.0}", ["min_window_s is 2.0"]),
        ("cameras: left=/left, right=/right", ["'cameras'", "--image-topic"]),
        ("window_s: 1.0\nwindow_s: 2.0", ["no valid YAML", "'window_s' stands twice"]),
        ("[1, 2]", ["[1, 2]", "name: value"]),
        ("publish_rate: [", ["no valid YAML"]),
        ("camera_node: {ros__parameters: {fps: 3}}", ["no section 'emotion_node'", "/camera_node"]),
        (
            "{a/emotion_node: {ros__parameters: {}}, b/emotion_node: {ros__parameters: {}}}",
            ["several sections", "/a/emotion_node, /b/emotion_node"],
        ),
        ("emotion_node: {ros__parameters: 4}", ["'ros__parameters' is 4"]),
        ("{emotion_node: {ros__parameters: {}}, window_s: 1.0}", ["'window_s' is 1.0"]),
    ],
)
def test_mistakes_are_named_with_file_and_field(tmp_path: Path, text: str, words: list[str]):
    with pytest.raises(ConfigurationError) as raised:
        load_configuration(written(tmp_path, text))
    for word in ["quick.yaml", *words]:
        assert word in str(raised.value)


def test_an_absent_file_is_told(tmp_path: Path):
    with pytest.raises(OSError, match=r"absent\.yaml"):
        load_configuration(tmp_path / "absent.yaml")
