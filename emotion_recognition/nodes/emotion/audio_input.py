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

"""Subscribes to sound in whichever dialect of ``audio_common_msgs`` its publisher speaks."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rclpy.node import Node
from rclpy.qos import QoSProfile
from rclpy.subscription import Subscription

from emotion_recognition.nodes.launching.graph import audio_info_topic
from emotion_recognition.nodes.ros.qos import matching_qos, serves
from emotion_recognition.nodes.ros.spin import StartError
from emotion_recognition.settings.emotion_node import AUDIO_TYPES

_PACKAGE = "audio_common_msgs"
_DEPTH = 100  # a burst of 10 ms chunks, one second long
_LOOK_EVERY_S = 0.25


@dataclass(frozen=True)
class _Heard:
    """A subscription, and what it asks for."""

    subscription: Subscription
    kind: type
    qos: QoSProfile


class AudioInput:
    """Waits for publishers on ``audio`` and ``audio_info`` and subscribes as they offer.

    Both packages that bear the name ``audio_common_msgs`` may be installed; the type is taken from
    the publisher, and the quality of service as well, so that no sound is lost without need. Where
    a publisher comes back with another type or less quality, it is subscribed to anew.

    Args:
        node: The node that subscribes.
        audio_type: One of ``AUDIO_TYPES``, or "auto" for whichever of them is published.
        on_audio: Called with each message of sound.
        on_info: Called with each description of the sound.
        complain: Called with a text where what is published cannot be subscribed to.
        topic: Of the sound; its description is expected on ``audio_info`` beside it.

    Attributes:
        kinds: Full names of the types that are understood.

    Raises:
        StartError: ``audio_common_msgs`` is not installed, or has no such type.
    """

    def __init__(
        self,
        node: Node,
        audio_type: str,
        on_audio: Callable[[Any], None],
        on_info: Callable[[Any], None],
        complain: Callable[[str], None],
        topic: str = "audio",
    ) -> None:
        try:
            from audio_common_msgs import msg
        except ImportError as error:
            raise StartError(
                f"the package {_PACKAGE} is missing ({error}): install "
                "ros-<distro>-audio-common-msgs, or set the parameter 'use_audio' to false"
            ) from error
        self._types = {name: getattr(msg, name) for name in AUDIO_TYPES if hasattr(msg, name)}
        if audio_type != "auto" and audio_type not in self._types:
            raise StartError(
                f"parameter 'audio_type' is '{audio_type}', but the installed {_PACKAGE} has only "
                f"{', '.join(self._types)}: set one of them or 'auto'"
            )
        self._node = node
        self._wanted = AUDIO_TYPES if audio_type == "auto" else (audio_type,)
        self.kinds = tuple(f"{_PACKAGE}/msg/{name}" for name in self._wanted if name in self._types)
        self._info_type = msg.AudioInfo
        self._on_audio = on_audio
        self._on_info = on_info
        self._complain = complain
        self._audio: _Heard | None = None
        self._info: _Heard | None = None
        self._name, self._info_name = topic, audio_info_topic(topic)
        self.topic = node.resolve_topic_name(self._name)
        self._info_topic = node.resolve_topic_name(self._info_name)
        self._timer = node.create_timer(_LOOK_EVERY_S, self._look, clock=_steady_clock())
        self._look()

    def close(self) -> None:
        """End the subscriptions, and the search for publishers."""
        self._node.destroy_timer(self._timer)
        for heard in (self._audio, self._info):
            if heard is not None:
                self._node.destroy_subscription(heard.subscription)

    def _look(self) -> None:
        # The other dialect's AudioInfo travels inside its AudioStamped, never by itself.
        profiles = self._offers(self._info_topic).get(f"{_PACKAGE}/msg/AudioInfo")
        if profiles and "AudioDataStamped" in self._types:
            qos = matching_qos(profiles, 1)
            self._info = self._follow(
                self._info, self._info_type, self._info_name, qos, self._on_info
            )
        self._follow_audio()

    def _follow_audio(self) -> None:
        offered = self._offers(self.topic)
        usable = {
            full_name: self._types[name]
            for full_name in offered
            for package, _, name in [full_name.partition("/msg/")]
            if package == _PACKAGE and name in self._wanted and name in self._types
        }
        if usable:
            # What is heard already is gone on with, as long as it is there.
            now = self._audio.kind if self._audio else None
            full_name, kind = max(usable.items(), key=lambda each: each[1] is now)
            qos = matching_qos(offered[full_name], _DEPTH)
            before = self._audio
            self._audio = self._follow(before, kind, self._name, qos, self._on_audio)
            if self._audio is not before:
                self._node.get_logger().info(f"audio: {full_name} on {self.topic}")
        elif offered:
            self._complain(
                f"{self.topic} carries {', '.join(offered)}: expected {' or '.join(self.kinds)}. "
                f"Remap 'audio', or install the publisher's {_PACKAGE}"
            )

    def _follow(
        self,
        heard: _Heard | None,
        kind: type,
        topic: str,
        qos: QoSProfile,
        callback: Callable[[Any], None],
    ) -> _Heard:
        """Subscribe, unless what is ``heard`` already serves as well."""
        if heard is not None:
            if heard.kind is kind and serves(heard.qos, qos):
                return heard
            self._node.destroy_subscription(heard.subscription)
        subscription = self._node.create_subscription(kind, topic, callback, qos)
        return _Heard(subscription, kind, qos)

    def _offers(self, topic: str) -> dict[str, list[QoSProfile]]:
        offers: dict[str, list[QoSProfile]] = {}
        for endpoint in self._node.get_publishers_info_by_topic(topic):
            offers.setdefault(endpoint.topic_type, []).append(endpoint.qos_profile)
        return offers


def _steady_clock() -> Any:
    from rclpy.clock import Clock, ClockType

    return Clock(clock_type=ClockType.STEADY_TIME)
