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

"""Notices that nothing arrives any more: nobody's callback does."""

from collections.abc import Callable

from rclpy.clock import Clock, ClockType
from rclpy.node import Node

_PERIOD_S = 0.25


class SilenceWatch:
    """Looks again and again how long ago the newest message came, by the node's clock.

    It tells of a silence at the second look: at the first, the clock may have been set forward.
    """

    def __init__(
        self, node: Node, longest_ns: Callable[[], int | None], tell: Callable[[int], None]
    ) -> None:
        """Begin to look, as if a message had come now.

        Args:
            node: Whose clock it is.
            longest_ns: Longer is silence; None: nobody wants to know at present.
            tell: Called at each look at a silence, with the present in ns of the node's clock.
        """
        self._node = node
        self._longest_ns = longest_ns
        self._tell = tell
        self._silent = False  # at the last look
        self._newest_ns = 0
        self.arrived()
        # The node's clock may stand still, and one that was set back would hold its timers up.
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self._timer = node.create_timer(_PERIOD_S, self._look, clock=steady)

    def arrived(self) -> int:
        """Note that a message has come; return when, in ns of the node's clock."""
        self._newest_ns = self._now_ns()
        return self._newest_ns

    def close(self) -> None:
        """Look no more."""
        self._node.destroy_timer(self._timer)

    def _now_ns(self) -> int:
        return int(self._node.get_clock().now().nanoseconds)

    def _look(self) -> None:
        now_ns, longest_ns = self._now_ns(), self._longest_ns()
        self._newest_ns = min(self._newest_ns, now_ns)  # a clock that was set back
        silent = longest_ns is not None and now_ns - self._newest_ns > longest_ns
        if silent and self._silent:
            self._tell(now_ns)
        self._silent = silent
