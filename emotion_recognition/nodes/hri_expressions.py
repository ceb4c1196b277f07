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

"""Tells ROS4HRI (REP-155) what ``emotion_node`` estimates: ``EmotionState`` to ``Expression``.

For robots whose faces are found by ``emotion_node``, in its own camera images. Its subjects become
faces of ROS4HRI: they are listed in ``/humans/faces/tracked`` as long as there are estimates.
"""

import re
import sys
import time
from typing import Any

from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from rclpy.publisher import Publisher

from emotion_recognition.msg import EmotionState
from emotion_recognition.nodes.hri_messages import FACES, expression_message, hri_message
from emotion_recognition.nodes.ros.complaints import Complaints
from emotion_recognition.nodes.ros.convert import StateError, check_state
from emotion_recognition.nodes.ros.parameters import declare
from emotion_recognition.nodes.ros.qos import ESTIMATES
from emotion_recognition.nodes.ros.spin import run_nodes
from emotion_recognition.settings import Parameter

PARAMETERS = (
    Parameter("gone_after_s", 2.0, "a face without estimates for so long has left, s", 0.1, 60.0),
    Parameter("max_faces", 32, "faces that may be there at once; others are left out", 1, 256),
)
_LOOK_EVERY_S = 0.25
_LIST_EVERY_S = 1.0


class HriExpressions(Node):
    """Publishes an ``Expression`` for each subject, and the list of the faces that are there.

    Raises:
        StartError: ``hri_msgs`` is missing, or a parameter is wrong.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(
            "hri_expressions", automatically_declare_parameters_from_overrides=True, **options
        )
        self._expression, self._ids_list = hri_message("Expression"), hri_message("IdsList")
        self._settings = declare(self, PARAMETERS)
        self._faces: dict[str, Publisher] = {}
        self._seen_s: dict[str, float] = {}
        self._listed_s = 0.0
        self._complain = Complaints(self.get_logger().warning)
        self._tracked = self.create_publisher(self._ids_list, f"{FACES}/tracked", ESTIMATES)
        self.create_subscription(EmotionState, "emotion", self._tell, ESTIMATES)
        steady = Clock(clock_type=ClockType.STEADY_TIME)  # /clock may stand still
        self.create_timer(_LOOK_EVERY_S, self._look, clock=steady)
        self.get_logger().info("ready")

    def _tell(self, state: EmotionState) -> None:
        if not state.subject:  # of no face, or an outage
            return
        try:
            check_state(state)
        except StateError as error:
            self._complain(f"an estimate is not passed on: {error}")
            return
        message = expression_message(
            self._expression,
            state.header,
            state.labels,
            state.probabilities,
            state.valence,
            state.arousal,
        )
        if message is None:
            return
        face = face_id(state.subject)
        if face not in self._faces:
            if len(self._faces) >= self._settings["max_faces"]:
                return
            topic = f"{FACES}/{face}/expression"
            self._faces[face] = self.create_publisher(self._expression, topic, ESTIMATES)
            self._list()
        self._seen_s[face] = time.monotonic()
        self._faces[face].publish(message)

    def _look(self) -> None:
        """Drop the faces that have left; repeat the list now and then, for who comes later."""
        now_s = time.monotonic()
        gone = [
            face
            for face, seen_s in self._seen_s.items()
            if now_s - seen_s > self._settings["gone_after_s"]
        ]
        for face in gone:
            self.destroy_publisher(self._faces.pop(face))
            del self._seen_s[face]
        if gone or now_s - self._listed_s >= _LIST_EVERY_S:
            self._list()

    def _list(self) -> None:
        self._listed_s = time.monotonic()
        message = self._ids_list(ids=list(self._faces))
        message.header.stamp = self.get_clock().now().to_msg()
        self._tracked.publish(message)


def face_id(subject: str) -> str:
    """Return the ROS4HRI id of a subject: ``face_3`` of 3, ``face_front_3`` of front/3."""
    return "face_" + re.sub(r"[^A-Za-z0-9]+", "_", subject).strip("_")


def main(args: list[str] | None = None) -> int:
    """Entry point of ``ros2 run emotion_recognition hri_expressions``."""
    return run_nodes([HriExpressions], args)


if __name__ == "__main__":
    sys.exit(main())
