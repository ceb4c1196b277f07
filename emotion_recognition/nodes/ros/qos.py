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

"""Quality of service of the topics."""

from collections.abc import Sequence

from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy

RELIABILITIES = {
    "best_effort": ReliabilityPolicy.BEST_EFFORT,
    "reliable": ReliabilityPolicy.RELIABLE,
}

LATCHED = QoSProfile(
    history=HistoryPolicy.KEEP_LAST,
    depth=1,
    reliability=ReliabilityPolicy.RELIABLE,
    durability=DurabilityPolicy.TRANSIENT_LOCAL,
)
"""For a topic whose last message is the state of things, such as ``audio_info``."""

ESTIMATES = QoSProfile(
    history=HistoryPolicy.KEEP_LAST, depth=10, reliability=ReliabilityPolicy.RELIABLE
)


def sensor_qos(depth: int, reliability: str = "best_effort") -> QoSProfile:
    """Keep the last ``depth`` messages; ``reliability`` is a key of ``RELIABILITIES``."""
    return QoSProfile(
        history=HistoryPolicy.KEEP_LAST, depth=depth, reliability=RELIABILITIES[reliability]
    )


def matching_qos(offers: Sequence[QoSProfile], depth: int) -> QoSProfile:
    """Return the strictest profile that is compatible with every publisher's offer.

    A reader that asks for more than a writer offers gets nothing at all, and one that asks for
    less loses sound (best effort) or a latched message (volatile) without need.
    """
    reliable = all(offer.reliability == ReliabilityPolicy.RELIABLE for offer in offers)
    latched = all(offer.durability == DurabilityPolicy.TRANSIENT_LOCAL for offer in offers)
    return QoSProfile(
        history=HistoryPolicy.KEEP_LAST,
        depth=depth,
        reliability=ReliabilityPolicy.RELIABLE if reliable else ReliabilityPolicy.BEST_EFFORT,
        durability=DurabilityPolicy.TRANSIENT_LOCAL if latched else DurabilityPolicy.VOLATILE,
    )


def serves(asked: QoSProfile, offered: QoSProfile) -> bool:
    """Whether a reader of ``asked`` hears what is offered, latched messages included.

    One that asks for best effort stays where a reliable publisher has come instead: to subscribe
    anew would cost more sound than it saves.
    """
    reliable = asked.reliability == ReliabilityPolicy.RELIABLE
    heard = not reliable or offered.reliability == ReliabilityPolicy.RELIABLE
    latched = [each.durability == DurabilityPolicy.TRANSIENT_LOCAL for each in (asked, offered)]
    return heard and latched[0] == latched[1]
