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
"""The live node against the offline run over the same bag: window for window."""

import signal
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from ros_support import command_line, module, probe, random_domain_id, running, wait_until

pytestmark = [pytest.mark.ros, pytest.mark.timeout(300)]

from diagnostic_msgs.msg import DiagnosticArray
from emotion_recognition.msg import EmotionState

from emotion_recognition.bags.bag import Bag
from emotion_recognition.bags.write import (
    AUDIO_INFO_TOPIC,
    AUDIO_TOPIC,
    COMPRESSED_TOPIC,
    IMAGE_TOPIC,
    make_bag,
)
from emotion_recognition.estimate import Estimate
from emotion_recognition.model.emotion_model import load_model
from emotion_recognition.nodes.ros.convert import emotion_state, nanoseconds
from emotion_recognition.recognizer import Recognizer
from emotion_recognition.studies.configuration import make_configuration
from emotion_recognition.studies.job import RunOptions, estimates_over

# No message is lost, however busy the machine.
ROOM = {"image_reliability": "reliable", "image_depth": 100, "audio_queue_s": 60.0}


@dataclass(frozen=True)
class Live:
    """What a node published while a bag was played into it, and what it gave up."""

    bag: Path
    parameters: dict[str, object]
    states: list[EmotionState]
    skipped: int  # windows that were due too late, by the node's diagnostics
    lost: int  # messages that found no room


@pytest.fixture(scope="module", params=["as by default", "compressed, five a second, not smoothed"])
def live(
    talking_face: Path, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Live:
    """A node on simulated time that hears a whole bag, played at rate 1."""
    compressed = request.param != "as by default"
    bag = tmp_path_factory.mktemp("bag") / "talking"
    make_bag(talking_face, bag, compressed=compressed)
    parameters: dict[str, object] = dict(ROOM)
    if compressed:
        parameters |= {"image_transport": "compressed", "publish_rate": 5.0}
        parameters |= {"smoothing": "none", "smoothing_s": 0.0}
    image = COMPRESSED_TOPIC if compressed else IMAGE_TOPIC
    # Names of its own, so that no graph beside this one is heard, whatever its domain.
    own = f"/live_{uuid.uuid4().hex}"
    arguments = ["--ros-args", "-p", "use_sim_time:=true"]
    for name in ("image", "audio", "audio_info", "emotion"):
        arguments += ["-r", f"{name}:={own}/{name}"]
    for name, value in parameters.items():
        arguments += ["-p", f"{name}:={value}"]
    domain_id = random_domain_id()
    with running(module("emotion_node", *arguments), domain_id) as node, probe(domain_id) as heard:
        wait_until(lambda: node.said("ready") or not node.running, 90)
        states = heard.hear(EmotionState, f"{own}/emotion")
        reports = heard.hear(DiagnosticArray, "/diagnostics")
        play = command_line("play", str(bag), "--wait", "30", "--rate", "1", "--ros-args")
        for topic, name in (
            (image, "image"),
            (AUDIO_TOPIC, "audio"),
            (AUDIO_INFO_TOPIC, "audio_info"),
        ):
            play += ["-r", f"{topic}:={own}/{name}"]
        with running(play, domain_id) as player:
            assert player.wait(90) == 0, player.text
            assert player.said(image, f"{messages(bag)[image]} messages published")
        wait_until(at_rest(states), 60)
        reports.clear()
        wait_until(lambda: reports, 30, "diagnostics")
        values = {
            (status.name.rpartition(": ")[2], pair.key): pair.value
            for status in reports[-1].status
            for pair in status.values
        }
        assert node.stop(signal.SIGTERM) == 0, node.text
    dropped = [int(value) for (_, key), value in values.items() if key == "dropped"]
    [skipped] = [int(value) for (_, key), value in values.items() if key == "skipped"]
    return Live(bag, parameters, states, skipped, sum(dropped))


def messages(bag: Path) -> dict[str, int]:
    with Bag(bag) as opened:
        return {name: topic.count for name, topic in opened.topics.items()}


def at_rest(filling: list) -> Callable[[], bool]:
    """Whether nothing has come for a second."""
    last = {"count": -1}

    def resting() -> bool:
        before, last["count"] = last["count"], len(filling)
        time.sleep(1.0)
        return before == len(filling)

    return resting


def offline(live: Live) -> dict[int, Estimate]:
    """The windows of a run over the bag, with the parameters of the node, by their stamps."""
    settings = make_configuration(**live.parameters).settings  # type: ignore[arg-type]
    recognizer = Recognizer(settings.recognizer, load_model(device="cpu"))
    found = estimates_over(live.bag, settings, RunOptions(), recognizer)
    return {estimate.stamp_ns: estimate for estimate in found if estimate.available}


def test_live_equals_offline_window_for_window(live: Live):
    expected = offline(live)
    shown = {nanoseconds(state.header.stamp): state for state in live.states if state.labels}
    assert live.lost == 0
    assert len(expected) > 8
    missing = sorted(expected.keys() - shown.keys())
    assert shown.keys() <= expected.keys()
    assert len(missing) == live.skipped  # none on a machine that keeps up
    if "smoothing" not in live.parameters and missing:
        # Smoothing looks back: behind a window that this machine was too slow for, they may differ.
        shown = {stamp: state for stamp, state in shown.items() if stamp < missing[0]}
        if not shown:
            pytest.skip("this machine is too busy to judge the first windows in time")
    assert shown
    for stamp in shown:
        same_in_fields(shown[stamp], emotion_state(expected[stamp], stamp))


def same_in_fields(state: EmotionState, expected: EmotionState) -> None:
    """Equal but for the latency; numbers within the rounding of float32."""
    for name in ("header", "window", "subject", "face", "labels", "emotion", "flags", "model"):
        assert getattr(state, name) == getattr(expected, name), name
    for name in (
        "probabilities",
        "confidence",
        "valence",
        "arousal",
        "intensity",
        "audio_weight",
        "video_weight",
    ):
        np.testing.assert_allclose(
            getattr(state, name), getattr(expected, name), rtol=1e-5, atol=1e-6, err_msg=name
        )


def test_live_windows_are_in_order_and_on_the_grid(live: Live):
    stamps = [nanoseconds(state.header.stamp) for state in live.states if state.labels]
    period_ns = round(1e9 / float(live.parameters.get("publish_rate", 4.0)))  # type: ignore[arg-type]
    assert stamps == sorted(set(stamps))
    assert not any(stamp % period_ns for stamp in stamps)
    for state in live.states:
        if state.labels:
            assert sum(state.probabilities) == pytest.approx(1, abs=1e-4)
