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

"""The examples for robots: reactions in Python, a behaviour tree, what rviz and Foxglove show."""

import importlib.util
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
OVERLAY = "/emotion_node/overlay/compressed"


def test_every_example_is_named_in_the_readme():
    readme = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    names = [
        path.name for path in EXAMPLES.iterdir() if path.name not in ("README.md", "__pycache__")
    ]
    assert len(names) >= 6
    assert [name for name in names if f"({name})" not in readme] == []


# --- what rviz and Foxglove show ------------------------------------------------------------------


def fields_of_message() -> set[str]:
    text = (EXAMPLES.parent / "msg" / "EmotionState.msg").read_text(encoding="utf-8")
    return set(re.findall(r"^[\w/]+(?:\[\])? (\w+) ", text, re.MULTILINE))


def test_rviz_shows_the_overlay():
    read = yaml.safe_load((EXAMPLES / "emotion.rviz").read_text(encoding="utf-8"))
    [display] = read["Visualization Manager"]["Displays"]
    assert display["Class"] == "rviz_default_plugins/Image"
    assert display["Topic"]["Value"] == OVERLAY
    assert display["Name"] in read["Window Geometry"]  # so its window is open


def panels_of(layout: str | dict[str, Any]) -> list[str]:
    if isinstance(layout, str):
        return [layout]
    assert layout["direction"] in ("row", "column")
    assert 0 < layout["splitPercentage"] < 100
    return panels_of(layout["first"]) + panels_of(layout["second"])


def test_the_foxglove_layout_places_each_panel_once():
    read = json.loads((EXAMPLES / "foxglove.json").read_text(encoding="utf-8"))
    assert sorted(panels_of(read["layout"])) == sorted(read["configById"])
    kinds = {name.split("!")[0] for name in read["configById"]}
    assert kinds == {
        *("Image", "StateTransitions", "Gauge", "Plot", "RawMessages", "DiagnosticSummary"),
    }


def test_foxglove_shows_topics_and_fields_that_exist():
    text = (EXAMPLES / "foxglove.json").read_text(encoding="utf-8")
    shown = set(re.findall(r'"(/[^"]+)"', text))
    topics = {path.partition(".")[0] for path in shown}
    assert topics == {"/emotion", "/diagnostics", OVERLAY}
    fields = {path.partition(".")[2] for path in shown if path.startswith("/emotion.")}
    assert {"emotion", "confidence", "valence", "flags"} < fields
    assert fields <= fields_of_message()


# --- C++ ------------------------------------------------------------------------------------------


def test_the_listener_is_a_package_of_its_own_with_what_it_needs():
    folder = EXAMPLES / "cpp_listener"
    manifest = ElementTree.parse(folder / "package.xml").getroot()
    needed = {element.text for element in manifest.findall("depend")}
    cmake = (folder / "CMakeLists.txt").read_text(encoding="utf-8")
    source = (folder / "src" / "emotion_listener.cpp").read_text(encoding="utf-8")
    assert manifest.findtext("name") == re.findall(r"project\((\w+)", cmake)[0]
    assert needed == set(re.findall(r"#include <(\w+)/", source))
    assert needed | {"ament_cmake"} == set(re.findall(r"find_package\((\w+)", cmake))
    code = [line for line in source.splitlines() if not line.startswith("//")]
    assert len(code) <= 42
    assert set(re.findall(r"\bstate\.(\w+)", source)) <= fields_of_message()


# --- nodes ----------------------------------------------------------------------------------------


@pytest.fixture
def state() -> Callable[..., Any]:
    pytest.importorskip("rclpy", reason="rclpy is not installed: source ROS 2 or scripts/env.sh")
    messages = pytest.importorskip("emotion_recognition.msg", reason="the interfaces are not built")

    def make(emotion: str = "happy", confidence: float = 0.8, **fields: Any) -> Any:
        rest = 1 - confidence
        return messages.EmotionState(
            emotion=emotion,
            confidence=confidence,
            labels=[emotion, "calm"],
            probabilities=[confidence, rest],
            **fields,
        )

    return make


@pytest.mark.ros
def test_the_reactor_says_what_to_do_once(state):
    from emotion_recognition.msg import EmotionState
    from ros_support import probe, random_domain_id, running, wait_until

    domain_id = random_domain_id()
    command = [sys.executable, str(EXAMPLES / "react.py")]
    with running(command, domain_id) as process, probe(domain_id) as graph:
        publisher = graph.node.create_publisher(EmotionState, "emotion", 10)
        wait_until(lambda: publisher.get_subscription_count(), 30, process.text)
        said = [
            *(state("angry", 0.4), state("sad", 0.9, flags=EmotionState.WITHHELD)),
            *(state("sad", 0.9, subject="2"), state("sad", 0.8, subject="2")),
            *(EmotionState(), state("happy", 0.7)),
        ]
        for message in said:
            publisher.publish(message)
        wait_until(lambda: process.said("they: happy: smile back"), 30, process.text)
        process.interrupt()
        assert process.wait() == 0, process.text
    assert process.text.count("2: sad: speak softly") == 1
    assert "angry" not in process.text
    assert "Traceback" not in process.text


@pytest.fixture
def example() -> ModuleType:
    pytest.importorskip("rclpy", reason="rclpy is not installed: source ROS 2 or scripts/env.sh")
    pytest.importorskip("py_trees", reason="py_trees is not installed: pip install py_trees")
    spec = importlib.util.spec_from_file_location("example", EXAMPLES / "behaviour_tree.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class FakeNode:
    """A node whose clock stands still, and whose topic is filled by hand."""

    def __init__(self) -> None:
        self.now_ns = 0
        self.hear: list[Callable[[Any], None]] = []

    def create_subscription(self, _kind: type, _topic: str, callback: Any, _qos: int) -> None:
        self.hear.append(callback)

    def get_clock(self) -> "FakeNode":
        return self

    def now(self) -> "FakeNode":
        return self

    @property
    def nanoseconds(self) -> int:
        return self.now_ns

    def publish(self, message: Any) -> None:
        for callback in self.hear:
            callback(message)


@pytest.fixture
def node() -> FakeNode:
    return FakeNode()


def held(condition: Any) -> bool:
    condition.tick_once()
    return str(condition.status.name) == "SUCCESS"


@pytest.mark.ros
def test_a_person_is_happy_as_long_as_they_are(example, node, state):
    happy = example.IsPerson(node, "happy")
    assert happy.name == "IsPerson(happy)"
    assert not held(happy)
    assert happy.feedback_message == "nothing is known"
    node.publish(state("happy"))
    assert held(happy)
    node.publish(state("sad"))
    assert not held(happy)


@pytest.mark.ros
@pytest.mark.parametrize(("confidence", "expected"), [(0.55, False), (0.7, True)])
def test_an_unlikely_emotion_does_not_count(example, node, state, confidence, expected):
    happy = example.IsPerson(node, "happy", confidence=0.6)
    node.publish(state("happy", confidence))
    assert held(happy) is expected


@pytest.mark.ros
def test_withheld_estimates_do_not_count_nor_those_of_refused_flags(example, node, state):
    kinds = example.EmotionState
    happy = example.IsPerson(node, "happy")
    whole = example.IsPerson(node, "happy", refuse=kinds.WITHHELD | kinds.PARTIAL_WINDOW)
    node.publish(state("happy", flags=kinds.PARTIAL_WINDOW))
    assert held(happy)
    assert not held(whole)
    node.publish(state("happy", flags=kinds.WITHHELD))
    assert not held(happy)


@pytest.mark.ros
def test_what_is_old_is_not_acted_on(example, node, state):
    happy = example.IsPerson(node, "happy", stale_after_s=1.0)
    node.publish(state("happy"))
    node.now_ns = 900_000_000
    assert held(happy)
    node.now_ns = 1_100_000_000
    assert not held(happy)
    node.publish(state("happy"))
    assert held(happy)
    node.publish(example.EmotionState())  # an outage
    assert not held(happy)
    node.publish(state("happy"))
    node.now_ns = 0  # the clock was set back: the estimate is of no known age
    assert not held(happy)


@pytest.mark.ros
def test_one_of_several_people_or_a_certain_one(example, node, state):
    anybody, second = example.IsPerson(node, "sad"), example.IsPerson(node, "sad", subject="2")
    node.publish(state("sad", subject="1"))
    node.publish(state("happy", subject="2"))
    assert held(anybody)
    assert not held(second)


@pytest.mark.ros
def test_the_tree_greets_who_is_happy(example, node, state):
    tree = example.greeting_tree(node)
    tree.tick()
    assert tree.root.tip().name == "wait"
    node.publish(state("happy"))
    tree.tick()
    assert tree.root.tip().name == "greet"
    node.publish(state("sad"))
    tree.tick()
    assert tree.root.tip().name == "speak softly"


@pytest.mark.ros
def test_the_tree_runs_as_a_node(example, state):
    from ros_support import probe, random_domain_id, running, wait_until

    domain_id = random_domain_id()
    command = [sys.executable, str(EXAMPLES / "behaviour_tree.py")]
    with running(command, domain_id) as process, probe(domain_id) as graph:
        wait_until(lambda: process.said("wait"), 30, process.text)
        graph.publish_often("emotion", state("happy"))
        wait_until(lambda: process.said("greet"), 30, process.text)
        process.interrupt()
        assert process.wait() == 0, process.text
    assert "Traceback" not in process.text
