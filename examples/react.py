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

"""A node that reacts to what people seem to feel, and does nothing where that is not known.

python examples/react.py, or with another topic: --ros-args -r emotion:=/robot/emotion
"""

import contextlib
import sys

import rclpy
from emotion_recognition.msg import EmotionState
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node

REACTIONS = {
    "happy": "smile back",
    "sad": "speak softly",
    "angry": "keep a distance",
    "fearful": "stop, and move slowly",
}
SURE = 0.6


class Reactor(Node):
    """Says what a robot could do, once each time that somebody's emotion changes."""

    def __init__(self) -> None:
        super().__init__("reactor")
        self._before: dict[str, str] = {}
        self.create_subscription(EmotionState, "emotion", self._on_emotion, 10)

    def _on_emotion(self, state: EmotionState) -> None:
        if not state.probabilities:  # no face and no voice: who was there may have left
            self._before.clear()
            return
        uncertain = state.flags & EmotionState.WITHHELD or state.confidence < SURE
        if uncertain or self._before.get(state.subject) == state.emotion:
            return
        self._before[state.subject] = state.emotion
        if state.emotion in REACTIONS:
            who = state.subject or "they"
            self.get_logger().info(f"{who}: {state.emotion}: {REACTIONS[state.emotion]}")


def main() -> int:
    """Run until Ctrl-C."""
    rclpy.init()
    with contextlib.suppress(KeyboardInterrupt, ExternalShutdownException):
        rclpy.spin(Reactor())
    return 0


if __name__ == "__main__":
    sys.exit(main())
