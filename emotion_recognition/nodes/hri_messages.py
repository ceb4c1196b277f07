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

"""Between our estimates and the messages of ROS4HRI (REP-155), which ``hri_msgs`` defines.

That package is optional: it is looked for when a node that needs it starts.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from rclpy.exceptions import InvalidTopicNameException
from rclpy.validate_full_topic_name import validate_full_topic_name
from std_msgs.msg import Header

from emotion_recognition.emotions import canonical
from emotion_recognition.nodes.ros.message_types import message_class
from emotion_recognition.nodes.ros.spin import StartError

EXPRESSIONS: Mapping[str, str] = MappingProxyType(
    {
        "neutral": "NEUTRAL",
        "calm": "NEUTRAL",
        "happy": "HAPPY",
        "sad": "SAD",
        "angry": "ANGRY",
        "fearful": "SCARED",
        "disgust": "DISGUSTED",
        "surprised": "SURPRISED",
    }
)
"""Our classes, and the constants of ``hri_msgs/Expression`` that stand for them."""

FACES = "/humans/faces"
VOICES = "/humans/voices"


def hri_message(name: str) -> type[Any]:
    """Return a message class of ``hri_msgs``, such as ``Expression``.

    Raises:
        StartError: the package is not installed.
    """
    found = message_class(f"hri_msgs/msg/{name}")
    if found is None:
        raise StartError(
            f"hri_msgs/msg/{name} is missing: ROS4HRI needs the package hri_msgs. Install "
            "ros-<distro>-hri-msgs, or build https://github.com/ros4hri/hri_msgs in your workspace"
        )
    return found


def expression_name(label: str, expression: type[Any]) -> str | None:
    """Return the value of ``expression`` (the class) that a label stands for; None if none does.

    Our classes in any word form go by ``EXPRESSIONS``, other labels by their own name (``bored``).
    """
    try:
        constant = EXPRESSIONS[canonical(label)]
    except ValueError:
        constant = label.strip().upper()
    value = getattr(expression, constant, None) if constant.isidentifier() else None
    return value if isinstance(value, str) else None


def expression_message(
    expression: type[Any],
    header: Header,
    labels: Sequence[str],
    probabilities: Sequence[float],
    valence: float,
    arousal: float,
) -> Any | None:
    """Build an ``Expression``.

    The probabilities of classes with the same expression (neutral and calm) are added; the
    expression is the most probable one, its probability the confidence.

    Args:
        expression: The class.
        header: Of the estimate.
        labels: Class names.
        probabilities: Theirs; empty: no estimate.
        valence: -1 to 1; NaN, where unknown, is passed on.
        arousal: As ``valence``.

    Returns:
        The message; None without an estimate, or if no label has an expression.
    """
    shares: dict[str, float] = {}
    for label, probability in zip(labels, probabilities, strict=False):
        name = expression_name(label, expression)
        if name is not None:
            shares[name] = shares.get(name, 0.0) + float(probability)
    if not shares:
        return None
    name = max(shares, key=lambda each: shares[each])
    return expression(
        header=header,
        expression=name,
        confidence=min(1.0, shares[name]),
        valence=float(valence),
        arousal=float(arousal),
    )


def is_topic_part(identifier: str) -> bool:
    """Whether an id can be part of a topic's name: letters, digits and _, no digit first."""
    if "/" in identifier:
        return False
    try:
        validate_full_topic_name(f"{FACES}/{identifier}/cropped")
    except InvalidTopicNameException:
        return False
    return True
