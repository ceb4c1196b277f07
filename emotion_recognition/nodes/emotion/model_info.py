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

"""Publishes ``~/model_info``: which model makes the estimates, latched."""

from rclpy.node import Node

from emotion_recognition.model.emotion_model import EmotionModel
from emotion_recognition.msg import ModelInfo
from emotion_recognition.nodes.ros.convert import duration_message
from emotion_recognition.nodes.ros.qos import LATCHED

TOPIC = "~/model_info"


class ModelInfoTopic:
    """The topic of one node: whoever subscribes, however late, learns which model is at work."""

    def __init__(self, node: Node) -> None:
        """Advertise the topic."""
        self._node = node
        self._publisher = node.create_publisher(ModelInfo, TOPIC, LATCHED)
        self._said = ModelInfo()

    def update(self, model: EmotionModel, window_s: float) -> None:
        """Publish what ``model`` is, unless that has been said already.

        Args:
            model: Which may have gone over to another device since.
            window_s: Longest window that an estimate analyses, seconds.
        """
        info = model_info(model, window_s)
        info.header.stamp = self._said.header.stamp
        if info != self._said:
            info.header.stamp = self._node.get_clock().now().to_msg()
            self._said = info
            self._publisher.publish(info)

    def close(self) -> None:
        """Take the topic back."""
        self._node.destroy_publisher(self._publisher)


def model_info(model: EmotionModel, window_s: float) -> ModelInfo:
    """Describe a model, without a stamp."""
    info = ModelInfo(
        model=model.id,
        labels=list(model.labels),
        device=model.device,
        precision=model.precision,
        window=duration_message(round(window_s * 1e9)),
    )
    if model.source is not None:
        info.checkpoint = str(model.source.checkpoint)
        info.sha256 = model.source.sha256
        info.license = model.source.licence
        info.frame_encoder = model.source.frame_encoder
        info.voice_encoder = model.source.voice_encoder
    return info
