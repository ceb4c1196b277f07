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

"""A condition for behaviour trees (py_trees): does a person seem to feel this?

python examples/behaviour_tree.py shows a tree that greets who is happy and waits otherwise.
"""

import contextlib
import sys

import py_trees
import rclpy
from emotion_recognition.msg import EmotionState
from py_trees.common import Status
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node


class IsPerson(py_trees.behaviour.Behaviour):
    """SUCCESS while a person seems to feel ``emotion``; FAILURE where not, or where unknown.

    Args:
        node: Subscribes to ``topic``, and has the clock.
        emotion: One of the labels, such as ``happy``.
        confidence: Least probability of it.
        subject: Whom to ask about; None: anybody.
        refuse: Flags under which an estimate does not count.
        stale_after_s: Older estimates do not count: nothing old is acted on.
        topic: Of the estimates.
    """

    def __init__(
        self,
        node: Node,
        emotion: str,
        confidence: float = 0.6,
        subject: str | None = None,
        refuse: int = EmotionState.WITHHELD,
        stale_after_s: float = 1.0,
        topic: str = "emotion",
    ) -> None:
        super().__init__(f"IsPerson({emotion})")
        self._node = node
        self._emotion = emotion
        self._confidence = confidence
        self._subject = subject
        self._refuse = refuse
        self._stale_ns = round(stale_after_s * 1e9)
        self._newest: dict[str, tuple[int, EmotionState]] = {}
        node.create_subscription(EmotionState, topic, self._keep, 10)

    def _keep(self, state: EmotionState) -> None:
        if not state.probabilities:  # the streams fell silent: nothing is known of anybody
            self._newest.clear()
        elif self._subject in (None, state.subject):
            self._newest[state.subject] = (self._now_ns(), state)

    def update(self) -> Status:
        """Look at the newest estimate of each person."""
        now_ns = self._now_ns()
        self._newest = {
            subject: (arrived_ns, state)
            for subject, (arrived_ns, state) in self._newest.items()
            if 0 <= now_ns - arrived_ns <= self._stale_ns
        }
        if not self._newest:
            self.feedback_message = "nothing is known"
            return Status.FAILURE
        for subject, (_, state) in self._newest.items():
            if self._holds(state):
                self.feedback_message = f"{subject or 'somebody'}: {state.confidence:.2f}"
                return Status.SUCCESS
        self.feedback_message = "nobody"
        return Status.FAILURE

    def _holds(self, state: EmotionState) -> bool:
        sure = state.confidence >= self._confidence and not state.flags & self._refuse
        return sure and state.emotion == self._emotion

    def _now_ns(self) -> int:
        return int(self._node.get_clock().now().nanoseconds)


def greeting_tree(node: Node) -> py_trees.trees.BehaviourTree:
    """Greet who is happy, speak softly to who is sad, wait otherwise."""
    root = py_trees.composites.Selector("react", memory=False)
    for emotion, action in (("happy", "greet"), ("sad", "speak softly")):
        branch = py_trees.composites.Sequence(emotion, memory=False)
        branch.add_children([IsPerson(node, emotion), py_trees.behaviours.Success(action)])
        root.add_child(branch)
    root.add_child(py_trees.behaviours.Running("wait"))
    return py_trees.trees.BehaviourTree(root)


def main() -> int:
    """Tick the tree five times a second until Ctrl-C; say what changes."""
    rclpy.init()
    node = Node("behaviour_tree")
    tree = greeting_tree(node)

    doing = ""

    def tick() -> None:
        nonlocal doing
        tree.tick()
        tip = tree.root.tip()
        if tip is not None and tip.name != doing:
            doing = tip.name
            node.get_logger().info(doing)

    node.create_timer(0.2, tick)
    with contextlib.suppress(KeyboardInterrupt, ExternalShutdownException):
        rclpy.spin(node)
    return 0


if __name__ == "__main__":
    sys.exit(main())
