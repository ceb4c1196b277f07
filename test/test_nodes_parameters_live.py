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
"""Parameters of emotion_node that are changed while it runs, over its services."""

import itertools
import signal
from collections.abc import Iterator

import numpy as np
import pytest
from ros_support import wait_until

pytestmark = pytest.mark.ros

from managed_node import ManagedNode, managed_node

from emotion_recognition.nodes.ros.convert import nanoseconds

SECOND_NS = 1_000_000_000
DEFAULTS = {"publish_rate": 4.0, "window_s": 3.6, "withhold_below": 0.45, "min_face_size": 32}


@pytest.fixture(scope="module")
def running_node(face_image: np.ndarray) -> Iterator[ManagedNode]:
    with managed_node(face_image) as made:
        made.estimates(1)
        yield made
        assert made.process.stop(signal.SIGINT, timeout_s=10) == 0, made.process.text
        assert "Traceback" not in made.process.text


@pytest.fixture
def node(running_node: ManagedNode) -> Iterator[ManagedNode]:
    """An active node; its parameters are the defaults again afterwards."""
    yield running_node
    assert running_node.set(**DEFAULTS).successful


def test_the_publish_rate_changes_at_once(node: ManagedNode):
    assert node.set(publish_rate=10.0).successful
    assert node.get("publish_rate") == 10.0
    node.show_until(lambda: nanoseconds(node.states[-1].header.stamp) % (SECOND_NS // 4))
    stamps = [nanoseconds(state.header.stamp) for state in node.estimates(4)]
    assert all(stamp % (SECOND_NS // 10) == 0 for stamp in stamps)
    assert all(later > sooner for sooner, later in itertools.pairwise(stamps))


def test_the_length_of_the_window_changes_at_once(node: ManagedNode):
    assert node.set(window_s=1.5).successful
    node.show_until(lambda: nanoseconds(node.states[-1].window) == 1.5 * SECOND_NS)
    assert node.estimates(1)[0].probabilities


def test_thresholds_change_at_once(node: ManagedNode):
    assert node.set(withhold_below=1.0).successful
    node.show_until(lambda: node.states[-1].flags & node.states[-1].WITHHELD)
    assert node.set(withhold_below=0.0).successful
    node.show_until(lambda: not node.states[-1].flags & node.states[-1].WITHHELD)
    assert node.set(min_face_size=2000).successful
    node.show_until(lambda: node.states[-1].flags & node.states[-1].NO_FACE)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"device": "cuda:0"}, ["'device'", "active", "configure and activate it again"]),
        ({"autostart": False}, ["'autostart'", "start it again"]),
        ({"min_window_s": 3.6, "window_s": 2.0}, ["min_window_s is 3.6", "window_s"]),
        ({"smoothing": "magic"}, ["'smoothing' is 'magic'", "hysteresis, hmm"]),
        ({"cameras": "front"}, ["'cameras'", "NAME=TOPIC"]),
        ({"withhold_below": 1.5}, ["withhold_below", "range"]),
        ({"withhold_below": "much"}, ["type"]),
    ],
)
def test_of_values_that_are_set_together_all_are_taken_or_none(
    node: ManagedNode, values: dict, words: list[str]
):
    before = {name: node.get(name) for name in values}
    result = node.set(publish_rate=8.0, **values)
    assert not result.successful
    assert all(word in result.reason for word in words), result.reason
    assert node.get("publish_rate") == 4.0
    assert {name: node.get(name) for name in values} == before
    stamps = [nanoseconds(state.header.stamp) for state in node.estimates(3)]
    assert all(stamp % (SECOND_NS // 4) == 0 for stamp in stamps)


def test_what_stays_as_it_is_may_be_set_again(node: ManagedNode):
    """As `ros2 param load` does with a file that holds all parameters."""
    assert node.set(device="auto", autostart=True, publish_rate=5.0).successful


def test_topics_change_when_the_node_is_configured_again(node: ManagedNode):
    assert node.set(cameras="eye=other_image").successful
    assert node.estimates(1)
    assert node.change("deactivate", "activate") == [True, True]
    assert node.estimates(1), "it was activated, not configured"
    assert node.change("deactivate", "cleanup", "configure", "activate") == [True] * 4
    counted = node.probe.node.count_subscribers
    wait_until(lambda: counted("/other_image") == 1, 10, "the other topic")
    assert counted("/image") == 0
    assert node.set(cameras="").successful
    assert node.change("deactivate", "cleanup", "configure", "activate") == [True] * 4
    assert node.estimates(1)


def test_what_changes_while_inactive_counts_from_the_next_activation(node: ManagedNode):
    assert node.change("deactivate") == [True]
    assert node.set(withhold_below=1.0).successful
    assert node.change("activate") == [True]
    assert all(state.flags & state.WITHHELD for state in node.estimates(2))
    assert node.change("deactivate", "cleanup", "configure") == [True] * 3
    assert node.set(withhold_below=0.0).successful
    assert node.change("activate") == [True]
    assert not any(state.flags & state.WITHHELD for state in node.estimates(2))
