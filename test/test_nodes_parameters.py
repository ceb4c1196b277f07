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
import os
import random
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

rclpy = pytest.importorskip("rclpy", reason="rclpy is not installed: source ROS 2")
pytest.importorskip("emotion_recognition.msg", reason="the interfaces are not built: colcon build")

from rclpy.context import Context
from rclpy.node import Node
from rclpy.parameter import Parameter as Override

from emotion_recognition import settings
from emotion_recognition.nodes import camera_node, dashboard_bridge, microphone_node
from emotion_recognition.nodes.ros.parameters import changed_settings, declare, declare_settings
from emotion_recognition.nodes.ros.spin import StartError
from emotion_recognition.settings import Parameter, ParameterError
from emotion_recognition.settings.changes import AT_ONCE, AT_START, WHEN_CONFIGURED

NODES = {
    "emotion_node": settings.PARAMETERS,
    "camera_node": camera_node.PARAMETERS,
    "microphone_node": microphone_node.PARAMETERS,
    "dashboard_bridge": dashboard_bridge.PARAMETERS,
}


@pytest.fixture(scope="module")
def context() -> Iterator[Context]:
    os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    opened = Context()
    rclpy.init(args=[], context=opened, domain_id=random.randint(1, 100))
    yield opened
    rclpy.shutdown(context=opened)


@pytest.fixture
def make_node(context: Context):
    nodes = []

    def make(**overrides) -> Node:
        given = [Override(name, value=value) for name, value in overrides.items()]
        nodes.append(
            Node(
                "emotion_node",
                context=context,
                automatically_declare_parameters_from_overrides=True,
                parameter_overrides=given,
                enable_rosout=False,
            )
        )
        return nodes[-1]

    yield make
    for node in nodes:
        node.destroy_node()


def test_the_settings_hold_what_was_given(make_node):
    node = make_node(
        publish_rate=10.0, image_transport="compressed", audio_channels=2, model_path="/weights"
    )
    read = declare_settings(node)
    assert read.recognizer.publish_rate == 10.0
    assert read.compressed
    assert read.audio_fallback.channels == 2
    assert read.model_path == Path("/weights")


def test_the_defaults_are_those_of_the_recogniser(make_node):
    read = declare_settings(make_node())
    assert read.recognizer == type(read.recognizer)()
    assert read.model_path is None


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("publish_rate", 0.0, "a number from 0.1 to 30"),
        ("publish_rate", "fast", "a number from 0.1 to 30"),
        ("image_depth", 0, "an integer from 1 to 100"),
        ("image_depth", 2.5, "an integer from 1 to 100"),
        ("image_reliability", "sure", "one of best_effort, reliable"),
        ("image_transport", "theora", "one of raw, compressed"),
        ("audio_type", "AudioFile", "one of auto, AudioData, AudioDataStamped, AudioStamped"),
        ("use_audio", 1, "true or false"),
        ("withhold_below", 1.5, "a number from 0 to 1"),
        ("device", True, "a text"),
    ],
)
def test_a_wrong_value_is_named_with_what_is_allowed(make_node, name, value, allowed):
    with pytest.raises(StartError) as caught:
        declare_settings(make_node(**{name: value}))
    assert f"'{name}' is {value!r}" in str(caught.value)
    assert allowed in str(caught.value)


def test_values_that_do_not_fit_together_are_refused(make_node):
    with pytest.raises(StartError, match=r"min_window_s is 3\.0"):
        declare_settings(make_node(window_s=2.0, min_window_s=3.0))
    with pytest.raises(StartError, match=r"stale_after_s is 1\.0.*face_rate"):
        declare_settings(make_node(face_rate=0.5))
    with pytest.raises(StartError, match="both false"):
        declare_settings(make_node(use_audio=False, use_video=False))


def test_an_unknown_sample_format_is_refused(make_node):
    with pytest.raises(StartError, match=r"'audio_sample_format'.*S17"):
        declare_settings(make_node(audio_sample_format="S17"))


def test_an_integer_will_do_for_a_number_and_for_a_text(make_node):
    values = declare(
        make_node(rate=4, source=0),
        (Parameter("rate", 1.0, "", 0.0, 10.0), Parameter("source", "", "")),
    )
    assert values == {"rate": 4.0, "source": "0"}


def test_parameters_of_a_node_without_states_cannot_be_changed_later(make_node):
    node = make_node(fps=5.0)
    declare(node, camera_node.PARAMETERS)
    result = node.set_parameters([Override("fps", value=6.0)])[0]
    assert not result.successful
    assert node.get_parameter("fps").value == 5.0


def test_changes_are_checked_together(make_node):
    node = make_node()
    declare_settings(node)
    settings = changed_settings(node, {"window_s": 2.0, "min_window_s": 1.5}, "active")
    assert (settings.recognizer.window_s, settings.recognizer.min_window_s) == (2.0, 1.5)
    with pytest.raises(ParameterError, match=r"min_window_s is 3\.0; allowed: 0\.1 to 2"):
        changed_settings(node, {"window_s": 2.0, "min_window_s": 3.0}, "active")
    with pytest.raises(ParameterError, match=r"'publish_rate' is 99\.0"):
        changed_settings(node, {"publish_rate": 99.0}, "active")


@pytest.mark.parametrize("state", ["active", "inactive"])
def test_what_is_read_at_the_configuration_is_refused_afterwards(make_node, state):
    node = make_node()
    declare_settings(node)
    with pytest.raises(
        ParameterError, match=rf"'device'.*{state}.*configure and activate it again"
    ):
        changed_settings(node, {"device": "cuda", "publish_rate": 5.0}, state)
    assert changed_settings(node, {"device": "cuda"}, "unconfigured").device == "cuda"
    assert changed_settings(node, {"device": "auto"}, state).device == "auto", "it is as it was"


def test_autostart_is_refused_in_every_state(make_node):
    node = make_node()
    declare_settings(node)
    with pytest.raises(ParameterError, match=r"'autostart' is read once.*start it again"):
        changed_settings(node, {"autostart": False}, "unconfigured")


def test_only_parameters_that_there_are_may_change():
    assert {each.name for each in settings.PARAMETERS} >= AT_ONCE | AT_START | WHEN_CONFIGURED
    assert not AT_ONCE & WHEN_CONFIGURED


def test_the_page_on_the_lifecycle_says_which_may_change_when(repository):
    text = (repository / "docs" / "lifecycle.md").read_text(encoding="utf-8")
    table = text.split("\n## Parameters while it runs\n")[1].split("\n## ")[0]
    listed = [set(re.findall(r"`(\w+)`", row.split("|")[1])) for row in table.splitlines()[5:]]
    assert listed[:2] == [AT_ONCE, WHEN_CONFIGURED]


def test_every_parameter_is_described_with_its_range(make_node):
    node = make_node()
    declare_settings(node)
    for parameter in settings.PARAMETERS:
        descriptor = node.describe_parameter(parameter.name)
        assert descriptor.description == parameter.description
        ranges = [*descriptor.floating_point_range, *descriptor.integer_range]
        expected = [] if parameter.low is None else [(parameter.low, parameter.high)]
        assert [(r.from_value, r.to_value) for r in ranges] == expected


def test_a_misspelt_name_is_not_passed_over(make_node):
    said: list[str] = []
    node = make_node(publish_rte=5.0)
    node.get_logger().warning = said.append  # type: ignore[method-assign]
    declare_settings(node)
    assert said == ["unknown parameter 'publish_rte' is ignored: did you mean 'publish_rate'?"]


@pytest.mark.parametrize("node", NODES)
def test_the_parameter_file_holds_every_parameter_with_its_default(repository, node):
    text = (repository / "config" / "emotion_recognition.yaml").read_text(encoding="utf-8")
    written = yaml.safe_load(text)[f"/**/{node}"]["ros__parameters"]
    assert written == {parameter.name: parameter.default for parameter in NODES[node]}
    assert [type(value) for value in written.values()] == [
        type(parameter.default) for parameter in NODES[node]
    ]


def test_every_line_of_the_parameter_file_is_commented(repository):
    text = (repository / "config" / "emotion_recognition.yaml").read_text(encoding="utf-8")
    values = [row for row in text.splitlines() if re.match(r" {4}\w+:", row)]
    bare = [row for row in values if "#" not in row]
    assert values
    assert not bare
