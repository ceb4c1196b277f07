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

"""Records images, sound and estimates into a bag where there is no ``ros2 bag``.

Messages are taken as they arrive, serialized; a thread writes them, so that a slow disk or the
compression of raw images holds no topic back. What waits is bounded: beyond, messages are dropped
and counted.
"""

import threading
from collections import Counter, deque
from functools import partial
from typing import Any, NamedTuple

from rclpy.clock import Clock
from rclpy.clock_type import ClockType
from rclpy.node import Node
from rclpy.qos import QoSProfile
from rclpy.subscription import Subscription

from emotion_recognition.bags import compose
from emotion_recognition.bags.types import (
    AUDIO_DATA,
    AUDIO_DATA_STAMPED,
    AUDIO_INFO,
    AUDIO_STAMPED,
    COMPRESSED_IMAGE,
    EMOTION_STATE,
    IMAGE,
    AudioDialect,
    typestore,
)
from emotion_recognition.bags.write import BagWriter
from emotion_recognition.nodes.launching.record_graph import Topics
from emotion_recognition.nodes.ros.message_types import fields_of, message_class
from emotion_recognition.nodes.ros.qos import matching_qos, serves
from emotion_recognition.vision.messages import ImageFormatError, decode_image

MAX_WAITING_BYTES = 256 << 20
_DEPTH = 100
_LOOK_EVERY_S = 0.25
_RAW_AFTER_S = 1.0  # image_transport announces the compressed topic with the raw one
_SILENT_AFTER_S = 10.0


class _Waiting(NamedTuple):
    topic: str
    msgtype: str
    received_ns: int
    data: bytes


class _Recording(NamedTuple):
    """A topic's subscription, and what it asks for."""

    subscription: Subscription
    msgtype: str
    qos: QoSProfile


class Recorder(Node):
    """Subscribes to each wanted topic once it is published, and writes what comes.

    Raw images are written as JPEG, unless the camera publishes compressed ones itself.

    Args:
        writer: Where to write.
        topics: What to record.
        options: Of the node.
    """

    def __init__(self, writer: BagWriter, topics: Topics, **options: Any) -> None:
        super().__init__("recorder", **options)
        self.failure: OSError | None = None  # what ended the writing
        self.dropped: Counter[str] = Counter()
        self._writer = writer
        self._wanted: dict[str, tuple[str, ...]] = {
            topics.compressed: (COMPRESSED_IMAGE,),
            topics.image: (IMAGE, COMPRESSED_IMAGE),
            topics.audio: (AUDIO_DATA_STAMPED, AUDIO_DATA, AUDIO_STAMPED),
            topics.audio_info: (AUDIO_INFO,),
            topics.emotion: (EMOTION_STATE,),
        }
        self._topics = topics
        self._recording: dict[str, _Recording] = {}
        self._waiting: deque[_Waiting] = deque()
        self._waiting_bytes = 0
        self._changed = threading.Condition()
        self._ending = False
        self._looks = 0
        steady = Clock(clock_type=ClockType.STEADY_TIME)  # goes on where /clock stands
        self.create_timer(_LOOK_EVERY_S, self._look, clock=steady)
        self._thread = threading.Thread(target=self._write_all, name="writer", daemon=True)
        self._thread.start()

    def finish(self) -> None:
        """Write what waits, and end.

        Raises:
            OSError: it could not be written.
        """
        with self._changed:
            self._ending = True
            self._changed.notify()
        self._thread.join()
        if self.failure is not None:
            raise self.failure

    def _look(self) -> None:
        """Subscribe to what is published by now."""
        self._looks += 1
        since_s = self._looks * _LOOK_EVERY_S
        for topic, types in list(self._wanted.items()):
            offers = self.get_publishers_info_by_topic(topic)
            if not offers or topic not in self._wanted:
                continue
            if topic == self._topics.image and offers[0].topic_type == IMAGE:
                if since_s < _RAW_AFTER_S:
                    continue
                self._wanted.pop(self._topics.compressed, None)  # it would be written twice
            del self._wanted[topic]
            if topic == self._topics.compressed:
                self._wanted.pop(self._topics.image, None)
            self._subscribe(topic, offers, types)
        for topic, recording in list(self._recording.items()):
            self._renew(topic, recording)
        if since_s == _SILENT_AFTER_S:
            named = self._topics.image, self._topics.audio
            silent = [topic for topic in named if topic in self._wanted]
            if silent:
                self.get_logger().warning(f"nobody publishes {' or '.join(silent)} yet")

    def _subscribe(self, topic: str, offers: list[Any], types: tuple[str, ...]) -> None:
        msgtype = offers[0].topic_type
        kind = message_class(msgtype)
        if msgtype not in types or kind is None:
            self.get_logger().warning(
                f"{topic} is not recorded: its type is {msgtype}, expected {' or '.join(types)}"
                + (" (not installed)" if kind is None else "")
            )
            return
        qos = matching_qos([offer.qos_profile for offer in offers], _DEPTH)
        keep = partial(self._keep, topic, msgtype)
        subscription = self.create_subscription(kind, topic, keep, qos, raw=True)
        self._recording[topic] = _Recording(subscription, msgtype, qos)
        self.get_logger().info(f"recording {topic} ({msgtype})")

    def _renew(self, topic: str, recording: _Recording) -> None:
        """Subscribe anew to a publisher that came back with less quality than is asked for."""
        offers = self.get_publishers_info_by_topic(topic)
        offers = [offer for offer in offers if offer.topic_type == recording.msgtype]
        qos = matching_qos([offer.qos_profile for offer in offers], _DEPTH)
        if offers and not serves(recording.qos, qos):
            self.destroy_subscription(recording.subscription)
            self._subscribe(topic, offers, (recording.msgtype,))

    def _keep(self, topic: str, msgtype: str, data: bytes) -> None:
        message = _Waiting(topic, msgtype, self.get_clock().now().nanoseconds, bytes(data))
        with self._changed:
            if self._waiting_bytes + len(data) > MAX_WAITING_BYTES or self.failure:
                self.dropped[topic] += 1
                return
            self._waiting.append(message)
            self._waiting_bytes += len(data)
            self._changed.notify()

    def _write_all(self) -> None:
        while True:
            with self._changed:
                while not self._waiting and not self._ending:
                    self._changed.wait()
                if not self._waiting:
                    return
                message = self._waiting.popleft()
                self._waiting_bytes -= len(message.data)
            try:
                self._write(message)
            except OSError as error:
                self.failure = error
                return

    def _write(self, message: _Waiting) -> None:
        if message.msgtype == IMAGE:
            self._write_jpeg(message)
            return
        dialect = AudioDialect.RELEASED
        if message.msgtype == AUDIO_STAMPED or _speaks_source_dialect(message.msgtype):
            dialect = AudioDialect.SOURCE
        latched = message.msgtype == AUDIO_INFO
        self._writer.write_serialized(*message, typestore(dialect), latched=latched)

    def _write_jpeg(self, message: _Waiting) -> None:
        image: Any = typestore().deserialize_cdr(message.data, IMAGE)
        try:
            pixels = decode_image(image)
        except ImageFormatError as error:
            self.dropped[message.topic] += 1
            self.get_logger().warning(f"image not recorded: {error}", throttle_duration_sec=10.0)
            return
        stamp_ns = image.header.stamp.sec * 1_000_000_000 + image.header.stamp.nanosec
        jpeg = compose.jpeg_image(stamp_ns, image.header.frame_id, pixels)
        self._writer.write(self._topics.compressed, COMPRESSED_IMAGE, message.received_ns, jpeg)


def _speaks_source_dialect(msgtype: str) -> bool:
    """Whether an installed AudioInfo or AudioData is of the package that is built from source."""
    if msgtype not in (AUDIO_INFO, AUDIO_DATA):
        return False
    kind = message_class(msgtype)
    names = [name for name, _ in fields_of(kind)] if kind else []
    return "rate" in names or "float32_data" in names
