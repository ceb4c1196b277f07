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

"""The camera of the live view: subscribed while somebody looks on, compressed where offered."""

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from rclpy.node import Node
from rclpy.serialization import deserialize_message
from rclpy.subscription import Subscription
from sensor_msgs.msg import CompressedImage, Image

from emotion_recognition.nodes.ros.convert import nanoseconds
from emotion_recognition.nodes.ros.qos import sensor_qos
from emotion_recognition.nodes.watching.diagnostics import Arrivals
from emotion_recognition.vision.messages import ImageFormatError, decode_image

_COMPRESSED = "sensor_msgs/msg/CompressedImage"


class LiveCamera:
    """Hands on a few images a second; the others are dropped before they are unpacked.

    Args:
        node: The node that subscribes.
        rate: Images a second.
        show: Called with stamp (ns), pixels (uint8 BGR) and frame_id of each of them.
    """

    def __init__(
        self, node: Node, rate: float, show: Callable[[int, np.ndarray, str], None]
    ) -> None:
        self._node = node
        self._period_s = 0.9 / rate  # a camera about as slow then loses no image to jitter
        self._show = show
        self._subscription: Subscription | None = None
        self._newest_s = 0.0
        self.topic = node.resolve_topic_name("image")
        self.arrivals = Arrivals()

    def look(self, wanted: bool) -> None:
        """Subscribe where somebody looks on and images are published, else unsubscribe."""
        if not wanted and self._subscription is not None:
            self._node.destroy_subscription(self._subscription)
            self._subscription = None
            self.arrivals = Arrivals()
        elif wanted and self._subscription is None:
            self._subscribe()

    def _subscribe(self) -> None:
        packed = f"{self.topic}/compressed"  # as image_transport names it
        for topic in (packed, self.topic):
            offers = self._node.get_publishers_info_by_topic(topic)
            if offers:
                kind = CompressedImage if offers[0].topic_type == _COMPRESSED else Image
                self._subscription = self._node.create_subscription(
                    kind, topic, partial(self._on_image, kind), sensor_qos(1), raw=True
                )
                return

    def _on_image(self, kind: Any, data: Any) -> None:
        now_s = time.monotonic()
        self.arrivals.tick(now_s)
        if now_s - self._newest_s < self._period_s:
            return
        self._newest_s = now_s
        message = deserialize_message(data, kind)
        try:
            image = decode_image(message)
        except ImageFormatError as error:
            self._node.get_logger().warning(f"image not shown: {error}", throttle_duration_sec=10.0)
            return
        stamp_ns = nanoseconds(message.header.stamp) or self._node.get_clock().now().nanoseconds
        self._show(stamp_ns, image, message.header.frame_id)
