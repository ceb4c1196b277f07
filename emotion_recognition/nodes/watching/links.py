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

"""Why a topic is silent or loses messages: what the graph says of its publishers."""

from collections.abc import Sequence
from dataclasses import dataclass

from rclpy.node import Node
from rclpy.qos import QoSCompatibility, QoSProfile, ReliabilityPolicy, qos_check_compatible
from rclpy.topic_endpoint_info import TopicEndpointInfo
from rclpy.utilities import get_rmw_implementation_identifier

from emotion_recognition.nodes.ros.dds import DEFAULT_SEGMENT_BYTES, PROFILE_VARIABLES, config_file

_UNKNOWN = "_NODE_NAME_UNKNOWN_"
_MOST_NAMED = 3


@dataclass(frozen=True)
class Offer:
    """One publisher of a topic: its node, the type that it sends and its quality of service."""

    node: str
    kind: str
    qos: QoSProfile


@dataclass(frozen=True)
class Link:
    """A topic as the graph shows it.

    Attributes:
        topic: full name.
        kinds: types that the node understands there, such as ``sensor_msgs/msg/Image``.
        offers: of its publishers.
        asked: quality of service of the node's own subscription; None where it has none.
        elsewhere: topics that bear one of ``kinds``, where this one has no publisher.
        fast_dds: whether the middleware is Fast DDS.
    """

    topic: str
    kinds: Sequence[str]
    offers: Sequence[Offer]
    asked: QoSProfile | None
    elsewhere: Sequence[str]
    fast_dds: bool


def look_up(node: Node, topic: str, kinds: Sequence[str]) -> Link:
    """Ask the graph who publishes ``topic``, and how."""
    offers = [
        Offer(_node_name(end), end.topic_type, end.qos_profile)
        for end in node.get_publishers_info_by_topic(topic)
    ]
    own = node.get_fully_qualified_name()
    asked = [
        end.qos_profile
        for end in node.get_subscriptions_info_by_topic(topic)
        if _node_name(end) == own
    ]
    elsewhere = [] if offers else _published(node, kinds)
    fast_dds = "fastrtps" in get_rmw_implementation_identifier()
    return Link(topic, kinds, offers, asked[0] if asked else None, elsewhere, fast_dds)


def mismatch(link: Link, input_name: str) -> str:
    """Say why no publisher of the topic can reach the node; empty where one can, or none is there.

    Args:
        link: The topic.
        input_name: The node's own name of it, which is remapped; such as ``image``.
    """
    fitting = [offer for offer in link.offers if offer.kind in link.kinds]
    if link.offers and not fitting:
        kinds = sorted({offer.kind for offer in link.offers})
        return (
            f"{link.topic} carries {', '.join(kinds)} (from {_named(link.offers)}), not "
            f"{' or '.join(link.kinds)}: {_other_type(kinds, link.kinds, input_name)}"
        )
    if not fitting or link.asked is None:
        return ""
    reasons = []
    for offer in fitting:
        compatible, reason = qos_check_compatible(offer.qos, link.asked)
        if compatible != QoSCompatibility.ERROR:
            return ""
        reasons.append(reason.replace("ERROR: ", "").strip("; ").lower())
    remedy = (
        "set image_reliability to best_effort, or the publisher's reliability to reliable"
        if link.asked.reliability == ReliabilityPolicy.RELIABLE and "image" in link.kinds[0].lower()
        else "let the publisher offer what is asked for"
    )
    return (
        f"the quality of service of {_named(fitting)} on {link.topic} is incompatible "
        f"({reasons[0]}): {remedy}"
    )


def why_silent(link: Link, input_name: str) -> str:
    """Say the likely cause of a silence that is no ``mismatch``, and what to do."""
    if not link.offers:
        found = f"; such messages are on {', '.join(link.elsewhere)}" if link.elsewhere else ""
        return f"nobody publishes it. Start its driver, or remap '{input_name}'{found}"
    return (
        f"{_named(link.offers)} is there, but nothing of it arrives. Is its device unplugged, the "
        "recording paused, or its container without this machine's shared memory (/dev/shm)?"
    )


def why_lost(link: Link, message_bytes: int) -> str:
    """Say the likely cause of messages that are missing, and what to do.

    Args:
        link: The topic.
        message_bytes: Size of its messages.
    """
    words = _best_effort(link)
    if not words:
        who = _named(link.offers)
        return f"the link is reliable: {who} leaves them out, or the machine is overloaded"
    overload = f"{words}, and the network or the machine of {_named(link.offers)} is overloaded"
    return why_oversized(link, message_bytes) or overload


def why_oversized(link: Link, message_bytes: int) -> str:
    """Say that messages may be lost because of their size; empty where they are not that large."""
    words = _best_effort(link)
    if not words or not link.fast_dds or message_bytes <= DEFAULT_SEGMENT_BYTES:
        return ""
    return (
        f"{words} and frames ({message_bytes / 1e6:.1f} MB) exceed the shared-memory segment "
        f"({DEFAULT_SEGMENT_BYTES / 1e6:.1f} MB by default). Start {_named(link.offers)} with "
        f"{PROFILE_VARIABLES[0]}={config_file('fastdds.xml')}"
    )


def _best_effort(link: Link) -> str:
    """Say who made the link best effort; empty where it is reliable."""
    if any(offer.qos.reliability != ReliabilityPolicy.RELIABLE for offer in link.offers):
        return "publisher is best effort"
    if link.asked is not None and link.asked.reliability != ReliabilityPolicy.RELIABLE:
        return "image_reliability is best_effort"
    return ""


def _other_type(found: Sequence[str], wanted: Sequence[str], input_name: str) -> str:
    transports = {"sensor_msgs/msg/Image": "raw", "sensor_msgs/msg/CompressedImage": "compressed"}
    for kind in found:
        if kind in transports and wanted[0] in transports:
            return f"set image_transport to {transports[kind]}, or remap '{input_name}'"
    return f"remap '{input_name}'"


def _published(node: Node, kinds: Sequence[str]) -> list[str]:
    """Topics with a publisher that bear one of the types, a few at most."""
    found = (
        topic
        for topic, types in node.get_topic_names_and_types()
        if set(types) & set(kinds) and node.count_publishers(topic)
    )
    return [topic for topic, _ in zip(found, range(_MOST_NAMED), strict=False)]


def _node_name(end: TopicEndpointInfo) -> str:
    return f"{end.node_namespace.rstrip('/')}/{end.node_name}"


def _named(offers: Sequence[Offer]) -> str:
    """The nodes of some publishers in words."""
    names = sorted({offer.node for offer in offers if _UNKNOWN not in offer.node})
    return ", ".join(names[:_MOST_NAMED]) or "its publisher"
