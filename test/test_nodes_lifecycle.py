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
"""emotion_node as a managed node: its states, what fails on the way, and what is left behind."""

import os
import shutil
import signal
import sys
import time
import weakref
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from ros_support import wait_until

pytestmark = pytest.mark.ros

import torch
from managed_node import ManagedNode, managed_node
from rclpy.context import Context
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.parameter import Parameter
from std_srvs.srv import SetBool, Trigger

from emotion_recognition.nodes.emotion_node import EmotionNode

SUCCESS = TransitionCallbackReturn.SUCCESS
SHUTDOWN_BY_STATE = {"unconfigured": 5, "inactive": 6, "active": 7}  # of lifecycle_msgs/Transition


@pytest.fixture(scope="module")
def node(face_image: np.ndarray) -> Iterator[ManagedNode]:
    """One that waits for its manager. Every test leaves it as it likes."""
    with managed_node(face_image, "autostart:=false") as made:
        yield made
        assert made.process.stop(signal.SIGINT, timeout_s=10) == 0, made.process.text
        assert "Traceback" not in made.process.text


def bring(node: ManagedNode, state: str) -> None:
    """Take the node to a state, from whichever it is in."""
    steps = {
        ("active", "inactive"): ["deactivate"],
        ("active", "unconfigured"): ["deactivate", "cleanup"],
        ("inactive", "unconfigured"): ["cleanup"],
        ("inactive", "active"): ["activate"],
        ("unconfigured", "inactive"): ["configure"],
        ("unconfigured", "active"): ["configure", "activate"],
    }.get((node.state, state), [])
    assert all(node.change(*steps)), node.process.text
    assert node.state == state


def cpu_s(pid: int) -> float:
    """Processor time of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def subscribers(node: ManagedNode) -> int:
    return node.images.get_subscription_count()


def test_without_autostart_it_waits_and_says_so(node: ManagedNode):
    assert node.state == "unconfigured"
    assert node.reports()["lifecycle"]["state"] == "unconfigured"
    assert not node.process.said("ready")


def test_a_manager_takes_it_through_all_states(node: ManagedNode):
    bring(node, "unconfigured")
    assert node.change("configure") == [True]
    assert node.state == "inactive"
    assert node.reports()["lifecycle"]["state"] == "inactive"
    assert subscribers(node) == 0
    assert node.change("activate") == [True]
    assert node.state == "active"
    assert node.estimates(2)
    assert node.change("deactivate", "activate") == [True, True]
    assert node.estimates(2)
    assert node.change("deactivate", "cleanup") == [True, True]
    assert node.state == "unconfigured"
    assert node.change("configure", "activate") == [True, True]
    assert node.estimates(2)


def test_an_inactive_node_gives_no_estimates_and_costs_no_processor(node: ManagedNode):
    bring(node, "active")
    node.estimates(1)
    bring(node, "inactive")
    wait_until(lambda: subscribers(node) == 0, 10, "the subscription ends")
    before, used_s = len(node.states), cpu_s(node.process.pid)
    node.show_for(2.0)
    assert len(node.states) == before
    assert cpu_s(node.process.pid) - used_s < 0.5  # at work: more than the 2 s allow it


@pytest.mark.parametrize("state", ["unconfigured", "inactive", "active"])
def test_a_transition_that_the_state_has_not_is_refused(node: ManagedNode, state: str):
    bring(node, state)
    wrong = {"unconfigured": "activate", "inactive": "configure", "active": "cleanup"}[state]
    assert node.change(wrong) == [False]
    assert not node.transition(99)
    assert node.state == state


def test_a_configuration_that_fails_can_be_mended(node: ManagedNode):
    bring(node, "unconfigured")
    assert node.set(model_path="/no/such/folder").successful
    assert node.change("configure") == [False]
    assert node.state == "unconfigured"
    assert node.process.said("[ERROR]", "cannot configure", "'model_path'", "/no/such/folder")
    assert node.reports()["lifecycle"]["state"] == "unconfigured"
    assert node.set(model_path="").successful
    assert node.change("configure", "activate") == [True, True]
    assert node.estimates(1)


def test_an_activation_that_fails_leads_back_to_unconfigured(node: ManagedNode, tmp_path: Path):
    bring(node, "unconfigured")
    weights = tmp_path / "weights"
    shutil.copytree(Path(import_module("emotion_recognition").__path__[0]) / "weights", weights)
    assert node.set(model_path=str(weights)).successful
    bring(node, "active")
    bring(node, "inactive")
    network = weights / "emotion_network.safetensors"
    good = network.read_bytes()
    network.write_bytes(b"garbage")
    assert node.change("activate") == [False]
    assert node.state == "unconfigured"
    assert node.process.said("[ERROR]", "cannot activate", str(network))
    network.write_bytes(good)
    assert node.change("configure", "activate") == [True, True]
    assert node.estimates(1)
    bring(node, "unconfigured")
    assert node.set(model_path="").successful


def test_an_error_that_nobody_foresaw_is_logged_with_its_cause(node: ManagedNode):
    bring(node, "unconfigured")
    assert node.set(cameras="front=a topic with blanks").successful
    assert node.change("configure", "activate") == [True, False]
    assert node.state == "unconfigured"
    assert node.process.said("[ERROR]", "cannot activate", "InvalidTopicNameException")
    assert node.set(cameras="").successful
    # What was begun is gone: nothing is subscribed to twice.
    bring(node, "active")
    wait_until(lambda: subscribers(node) == 1, 10, "one subscription")
    node.process.lines[:] = [line for line in node.process.lines if "Traceback" not in line]


def test_reset_forgets_faces_and_windows(node: ManagedNode):
    bring(node, "unconfigured")
    assert node.set(window_s=1.0, min_window_s=0.5).successful
    bring(node, "active")
    node.show_until(
        lambda: any(s.probabilities and not s.flags & s.PARTIAL_WINDOW for s in node.states[-1:])
    )
    subject = node.states[-1].subject
    answer = node.ask(Trigger, "reset", Trigger.Request())
    assert answer.success, answer.message
    after = node.estimates(1)[0]
    node.show_until(lambda: node.states[-1].subject not in ("", subject))
    first = next(state for state in node.states if state.subject == node.states[-1].subject)
    assert first.flags & first.PARTIAL_WINDOW
    assert after.probabilities
    assert node.set(window_s=3.6, min_window_s=1.0).successful


def test_estimates_can_be_paused_without_leaving_active(node: ManagedNode):
    bring(node, "active")
    node.estimates(1)
    answer = node.ask(SetBool, "set_enabled", SetBool.Request(data=False))
    assert answer.success, answer.message
    time.sleep(0.5)  # an estimate that was on its way
    before = len(node.states)
    node.show_for(1.0)
    looked_at = node.reports()["image"]["used"]
    node.show_for(1.5)
    values = node.reports()["image"]
    assert len(node.states) == before
    assert values["used"] == looked_at, "images were still looked at"
    assert node.state == "active"
    assert node.ask(SetBool, "set_enabled", SetBool.Request(data=True)).success
    first = node.estimates(1)[0]
    assert first.flags & first.PARTIAL_WINDOW, "what was seen before the pause is used"


def test_the_services_of_estimates_need_an_active_node(node: ManagedNode):
    bring(node, "inactive")
    for answer in (
        node.ask(Trigger, "reset", Trigger.Request()),
        node.ask(SetBool, "set_enabled", SetBool.Request(data=True)),
    ):
        assert not answer.success
        assert answer.message == "the node is inactive: activate it first"


@pytest.mark.parametrize(
    ("state", "number"),
    [
        ("unconfigured", signal.SIGINT),
        ("inactive", signal.SIGTERM),
        ("active", signal.SIGINT),
        ("finalized", signal.SIGTERM),
    ],
)
def test_a_signal_is_a_clean_end_in_every_state(face_image, state: str, number: int):
    with managed_node(face_image, "autostart:=false") as node:
        bring(node, "active" if state == "finalized" else state)
        if state == "active":
            node.estimates(1)
        if state == "finalized":
            assert node.transition(SHUTDOWN_BY_STATE["active"])
            assert node.state == "finalized", node.process.text
            wait_until(lambda: node.reports()["lifecycle"]["state"] == "finalized", 30)
        assert node.process.stop(number, timeout_s=10) == 0, node.process.text
        assert "Traceback" not in node.process.text


BUG = """
import sys
from emotion_recognition.nodes import emotion_node
from emotion_recognition.recognizer import Recognizer

add, calls = Recognizer.add_frame, []
def add_frame(self, *arguments):
    calls.append(1)
    if 20 < len(calls) < 23:
        raise ZeroDivisionError("a bug")
    add(self, *arguments)

Recognizer.add_frame = add_frame
sys.exit(emotion_node.main(["--ros-args", *sys.argv[2:]]))
"""


def test_after_an_internal_error_estimates_come_again(face_image: np.ndarray):
    with managed_node(face_image, command=[sys.executable, "-c", BUG]) as node:
        node.show_until(lambda: node.process.said("internal error"), 60)
        assert node.process.said("[WARN]", "the work begins again", "ZeroDivisionError: a bug")
        assert node.estimates(2)
        assert node.state == "active"
        assert any("ZeroDivisionError" in value for value in node.reports()["estimates"].values())


def test_a_deactivated_node_keeps_no_network_in_memory(context: Context):
    silent = [Parameter("use_audio", value=False)]
    node = EmotionNode(context=context, parameter_overrides=silent)
    for free in (node.trigger_deactivate, node.trigger_shutdown):
        assert node._pipeline is not None
        model = weakref.ref(node._pipeline.model)
        assert free() == SUCCESS
        assert model() is None
        if free == node.trigger_deactivate:
            assert node.trigger_activate() == SUCCESS
    node.destroy_node()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
def test_a_deactivated_node_keeps_nothing_on_the_device(context: Context):
    given = [Parameter("use_audio", value=False), Parameter("device", value="cuda")]
    node = EmotionNode(context=context, parameter_overrides=given)
    assert torch.cuda.memory_allocated() > 0
    assert node.trigger_deactivate() == SUCCESS
    assert torch.cuda.memory_allocated() == 0
    node.destroy_node()


def test_with_autostart_the_node_is_active_when_it_is_made(context: Context):
    node = EmotionNode(context=context, parameter_overrides=[Parameter("use_audio", value=False)])
    assert node.state == "active"
    node.destroy_node()
