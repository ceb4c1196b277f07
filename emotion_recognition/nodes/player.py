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

"""Publish a bag's recorded messages with their timing."""

import argparse
import math
import struct
import sys
import time
from pathlib import Path

import rclpy
from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rosgraph_msgs.msg import Clock

from emotion_recognition.bags.bag import Bag, RecordedMessage, RecordedTopic
from emotion_recognition.nodes.ros.convert import time_message
from emotion_recognition.nodes.ros.message_types import fields_of, message_class
from emotion_recognition.nodes.ros.qos import LATCHED
from emotion_recognition.nodes.ros.spin import WRONG_USAGE, start_ros, stop_signals
from emotion_recognition.nodes.run import add_ros_arguments

_CLOCK_PERIOD_S = 0.01
_SETTLE_S = 2.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of ``emotion-recognition play``."""
    parser.add_argument("bag", type=Path, help="bag folder, .mcap, .db3 or .bag file")
    parser.add_argument("--rate", type=float, default=1.0, help="speed (default: 1)")
    parser.add_argument("--loop", action="store_true", help="start again at the end")
    parser.add_argument(
        "--stamps",
        choices=("recorded", "now"),
        default="recorded",
        help="recorded: as in the bag, with /clock at 100 Hz for nodes with use_sim_time; "
        "now: moved to the present, for nodes on the wall clock (default: recorded)",
    )
    parser.add_argument(
        "--wait",
        type=float,
        default=2.0,
        metavar="SECONDS",
        help="wait at most so long for a subscriber on every topic, so that the beginning is not "
        "lost while nodes find each other (default: 2)",
    )
    add_ros_arguments(parser)


def main(options: argparse.Namespace) -> int:
    """Play until the end, SIGINT or SIGTERM; return the exit code.

    Raises:
        argparse.ArgumentError: the speed makes no sense.
    """
    try:
        check_speed(options.rate, options.stamps)
    except ValueError as error:
        raise argparse.ArgumentError(None, str(error)) from error
    if not start_ros(["--ros-args", *options.ros_args]):
        return WRONG_USAGE
    try:
        node = Node("player")
        player = Player(
            node, options.bag, rate=options.rate, loop=options.loop, stamps=options.stamps
        )
        with stop_signals(player.stop):
            if options.wait and not player.wait_for_subscribers(options.wait):
                topics = ", ".join(player.unheard())
                print(f"no subscriber on {topics}: playing all the same", file=sys.stderr)
            player.play()
        for topic, count in sorted(player.published.items()):
            print(f"{topic}: {count} messages published")
        node.destroy_node()
        return 0
    finally:
        rclpy.try_shutdown()


class Player:
    """Publishes the messages of a bag, serialized as they were recorded.

    Args:
        node: Makes the publishers; its name remappings hold.
        bag: What to play.
        rate: Speed; 2 plays in half the time.
        loop: Start again at the end, until ``stop``.
        stamps: "recorded" leaves the messages as they are and publishes ``/clock``; "now" moves the
            header stamps so that the first message is of the present.

    Raises:
        ValueError: see ``check_speed``.
    """

    def __init__(
        self, node: Node, bag: Path, rate: float = 1.0, loop: bool = False, stamps: str = "recorded"
    ) -> None:
        check_speed(rate, stamps)
        self._node = node
        self._bag = bag
        self._rate = rate
        self._loop = loop
        self._stopped = False  # no lock, and so no Event: a signal handler sets it
        self._move_stamps = stamps == "now"
        self._clock = None if self._move_stamps else node.create_publisher(Clock, "/clock", 1)
        self._publishers: dict[str, Publisher] = {}
        self._stamped: set[str] = set()
        with Bag(bag) as recording:
            self.length_s = (recording.end_ns - recording.start_ns) / 1e9
            for topic in recording.topics.values():
                self._add_publisher(topic)
        self.published: dict[str, int] = dict.fromkeys(self._publishers, 0)
        self.started_ns = 0  # node clock's time of the first message of this pass

    def unheard(self) -> list[str]:
        """Return the topics that have no subscriber yet."""
        return [
            topic
            for topic, publisher in self._publishers.items()
            if not publisher.get_subscription_count()
        ]

    def wait_for_subscribers(self, timeout_s: float) -> bool:
        """Wait until each topic has a subscriber; return whether that is so.

        A subscriber knows of the publisher later than the publisher of it: it is given a while, or
        it would miss the beginning.
        """
        until_s = time.monotonic() + timeout_s
        while self.unheard() and time.monotonic() < until_s and not self._stopped:
            time.sleep(0.05)
        if self.unheard():
            return False
        time.sleep(_SETTLE_S)
        return True

    def play(self) -> None:
        """Publish everything, in this thread; return at the end or after ``stop``."""
        while True:
            with Bag(self._bag) as recording:
                self._play_once(recording)
            if not self._loop or self._stopped:
                return

    def stop(self) -> None:
        """End ``play`` at the next message. May be called from another thread or a signal."""
        self._stopped = True

    def _add_publisher(self, topic: RecordedTopic) -> None:
        kind = message_class(topic.msgtype)
        if kind is None:
            self._node.get_logger().warning(
                f"{topic.name} is left out: its type {topic.msgtype} is not installed here"
            )
            return
        # Reliable with a bounded queue serves best-effort and reliable subscribers alike.
        qos = QoSProfile(depth=10, reliability=ReliabilityPolicy.RELIABLE)
        self._publishers[topic.name] = self._node.create_publisher(
            kind, topic.name, LATCHED if topic.latched else qos
        )
        if [kind for _, kind in fields_of(kind)][:1] == ["std_msgs/Header"]:
            self._stamped.add(topic.name)

    def _play_once(self, recording: Bag) -> None:
        started_s = time.monotonic()
        self.started_ns = self._node.get_clock().now().nanoseconds
        for message in recording.messages(self._publishers):
            since_ns = message.received_ns - recording.start_ns
            self._wait_until(started_s + since_ns / (1e9 * self._rate), message.received_ns)
            if self._stopped:
                return
            self._publishers[message.topic].publish(self._stamped_data(message, recording.start_ns))
            self.published[message.topic] += 1

    def _stamped_data(self, message: RecordedMessage, start_ns: int) -> bytes:
        if self._move_stamps and message.topic in self._stamped:
            return shifted(message.data, self.started_ns - start_ns)
        return message.data

    def _wait_until(self, due_s: float, due_ns: int) -> None:
        """Sleep until ``due_s`` of the steady clock; /clock goes on, up to ``due_ns``."""
        while (ahead_s := due_s - time.monotonic()) > 0 and not self._stopped:
            self._tell_time(due_ns - int(1e9 * ahead_s * self._rate))
            time.sleep(min(ahead_s, _CLOCK_PERIOD_S))
        self._tell_time(due_ns)

    def _tell_time(self, now_ns: int) -> None:
        if self._clock is not None:
            self._clock.publish(Clock(clock=time_message(now_ns)))


def check_speed(rate: float, stamps: str) -> None:
    """Raise ValueError unless a bag can be played at ``rate`` with these ``stamps``.

    What is played at another speed than 1 cannot have stamps of the present ("now").
    """
    if not 0 < rate < math.inf:
        raise ValueError(f"rate is {rate:g}: expected a speed above 0")
    if stamps == "now" and rate != 1:
        raise ValueError("stamps of the present need rate 1: leave out --rate or --stamps now")


def shifted(data: bytes, by_ns: int) -> bytes:
    """Move the stamp of a serialized message that begins with a ``std_msgs/Header``.

    In CDR the stamp (int32 seconds, uint32 nanoseconds) follows the four bytes of encapsulation,
    whose second one is odd for little-endian numbers (OMG RTPS 2.2, section 10).
    """
    layout = "<iI" if data[1] & 1 else ">iI"
    sec, nanosec = struct.unpack_from(layout, data, 4)
    stamp = struct.pack(layout, *divmod(sec * 1_000_000_000 + nanosec + by_ns, 1_000_000_000))
    return data[:4] + stamp + data[12:]
