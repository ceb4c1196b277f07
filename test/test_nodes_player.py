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
"""The bag player."""

import array
import struct
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from ros_support import Probe, probe, random_domain_id, wait_until

pytestmark = pytest.mark.ros

from rclpy.qos import QoSProfile, ReliabilityPolicy
from rclpy.serialization import deserialize_message, serialize_message
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import Image

from emotion_recognition.bags.bag import Bag
from emotion_recognition.bags.write import IMAGE_TOPIC, make_bag
from emotion_recognition.nodes.player import Player, shifted
from emotion_recognition.nodes.ros.convert import nanoseconds, time_message

ALL = QoSProfile(depth=1000, reliability=ReliabilityPolicy.RELIABLE)


@pytest.fixture(scope="module")
def bag(talking_face: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bag") / "talking"
    make_bag(talking_face, folder)
    return folder


@pytest.fixture(scope="module")
def graph() -> Iterator[Probe]:
    with probe(random_domain_id()) as opened:
        yield opened


def image(stamp_ns: int) -> Image:
    message = Image(height=2, width=2, encoding="mono8", step=2, data=array.array("B", bytes(4)))
    message.header.stamp = time_message(stamp_ns)
    message.header.frame_id = "camera"
    return message


@pytest.mark.parametrize("by_ns", [0, 1, 1_795_000_000_999_999_999, -5_000_000_001])
def test_a_serialized_stamp_is_moved_and_nothing_else(by_ns):
    data = serialize_message(image(7_999_999_999))
    moved = deserialize_message(shifted(data, by_ns), Image)
    assert nanoseconds(moved.header.stamp) == 7_999_999_999 + by_ns
    moved.header.stamp = time_message(7_999_999_999)
    assert moved == image(7_999_999_999)


def test_big_endian_messages_are_moved_too():
    data = b"\x00\x00\x00\x00" + struct.pack(">iI", 7, 999_999_999) + b"rest"
    assert shifted(data, 1) == b"\x00\x00\x00\x00" + struct.pack(">iI", 8, 0) + b"rest"


def recorded(bag: Path) -> dict[str, int]:
    with Bag(bag) as opened:
        return {name: topic.count for name, topic in opened.topics.items()}


def wait_for_match(player: Player) -> None:
    """Until the publisher knows the subscriber, and a little more for the other way round."""
    wait_until(lambda: IMAGE_TOPIC not in player.unheard(), 20)
    time.sleep(0.5)


def first_stamps(bag: Path, count: int) -> list[int]:
    with Bag(bag) as opened:
        messages = list(opened.messages([IMAGE_TOPIC]))[:count]
    return [nanoseconds(deserialize_message(m.data, Image).header.stamp) for m in messages]


def test_a_recorded_bag_is_played_as_it_was_with_its_clock(graph: Probe, bag: Path):
    images = graph.hear(Image, IMAGE_TOPIC, ALL)
    clocks = graph.hear(Clock, "/clock", 1000)
    player = Player(graph.node, bag, rate=4.0)
    wait_for_match(player)
    began_s = time.monotonic()
    player.play()
    seconds = time.monotonic() - began_s
    assert player.published == recorded(bag)
    wait_until(lambda: len(images) == player.published[IMAGE_TOPIC], 10, "all images")
    stamps = [nanoseconds(message.header.stamp) for message in images]
    assert stamps[:5] == first_stamps(bag, 5)
    assert stamps == sorted(stamps)
    assert seconds >= player.length_s / 4
    times = [nanoseconds(message.clock) for message in clocks]
    assert times == sorted(times)
    assert times[-1] <= stamps[0] + player.length_s * 1e9
    assert len(times) > 50 * player.length_s / 4


def test_stamps_of_the_present_keep_their_distances(graph: Probe, bag: Path):
    images = graph.hear(Image, IMAGE_TOPIC, ALL)
    clocks = graph.hear(Clock, "/clock", 1000)
    player = Player(graph.node, bag, stamps="now")
    wait_for_match(player)
    playing = threading.Thread(target=player.play)
    playing.start()
    wait_until(lambda: len(images) >= 10, 20, "images")
    player.stop()
    playing.join(5)
    assert not playing.is_alive()
    stamps = [nanoseconds(message.header.stamp) for message in images[:10]]
    assert np.diff(stamps).tolist() == np.diff(first_stamps(bag, 10)).tolist()
    now_ns = graph.node.get_clock().now().nanoseconds
    assert 0 < now_ns - stamps[0] < 60e9
    assert not clocks


def test_a_loop_starts_again(graph: Probe, bag: Path):
    images = graph.hear(Image, IMAGE_TOPIC, ALL)
    player = Player(graph.node, bag, rate=20.0, loop=True)
    wait_for_match(player)
    playing = threading.Thread(target=player.play)
    playing.start()
    wait_until(lambda: player.published[IMAGE_TOPIC] > recorded(bag)[IMAGE_TOPIC] + 3, 30, "again")
    player.stop()
    playing.join(5)

    def jumped_back() -> bool:
        stamps = [nanoseconds(message.header.stamp) for message in images]
        return any(np.diff(stamps) < 0)

    wait_until(jumped_back, 10, "the first image again")


@pytest.mark.parametrize(
    ("options", "words"),
    [({"rate": 0.0}, "above 0"), ({"rate": 2.0, "stamps": "now"}, "rate 1")],
)
def test_speeds_without_sense_are_refused(graph: Probe, bag: Path, options, words):
    with pytest.raises(ValueError, match=words):
        Player(graph.node, bag, **options)
