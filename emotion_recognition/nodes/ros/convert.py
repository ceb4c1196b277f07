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

"""Between the result type and the message: ``Estimate`` to ``EmotionState``."""

import math

from builtin_interfaces.msg import Duration, Time

from emotion_recognition.estimate import Estimate
from emotion_recognition.msg import EmotionState

_SECOND_NS = 1_000_000_000
_MAX_SEC = 2**31 - 1
_ROUNDING = 1e-3  # by which shares may miss their range
_RANGES = {
    "confidence": (0.0, 1.0),
    "valence": (-1.0, 1.0),
    "arousal": (-1.0, 1.0),
    "intensity": (0.0, 1.0),
    "audio_weight": (0.0, 1.0),
    "video_weight": (0.0, 1.0),
}
_MAY_BE_UNKNOWN = ("valence", "arousal", "intensity")


class StateError(ValueError):
    """An ``EmotionState`` of somebody else breaks what the message promises."""


def time_message(stamp_ns: int) -> Time:
    """Convert nanoseconds since the epoch."""
    sec, nanosec = divmod(stamp_ns, _SECOND_NS)
    return Time(sec=_fit(sec), nanosec=nanosec)


def duration_message(duration_ns: int) -> Duration:
    """Convert a length of time; below 0 ``sec`` is rounded down and ``nanosec`` added to it."""
    sec, nanosec = divmod(duration_ns, _SECOND_NS)
    return Duration(sec=_fit(sec), nanosec=nanosec)


def nanoseconds(value: Time | Duration) -> int:
    """Convert a ``Time`` or ``Duration`` message to nanoseconds."""
    return value.sec * _SECOND_NS + value.nanosec


def emotion_state(estimate: Estimate, now_ns: int) -> EmotionState:
    """Build the message. ``now_ns`` is the time of publication, of the clock of the stamps.

    The latency is negative where the sensor's clock is ahead of this machine's. An estimate that
    used no sensor data has latency 0.
    """
    message = EmotionState()
    message.header.stamp = time_message(estimate.stamp_ns)
    message.header.frame_id = estimate.frame_id
    message.window = duration_message(estimate.window_ns)
    message.subject = estimate.subject
    if estimate.face is not None:
        left, top = max(0, estimate.face.x), max(0, estimate.face.y)  # the fields are unsigned
        message.face.x_offset, message.face.y_offset = left, top
        message.face.width = max(0, estimate.face.x + estimate.face.width - left)
        message.face.height = max(0, estimate.face.y + estimate.face.height - top)
    message.labels = list(estimate.labels)
    message.probabilities = list(estimate.probabilities)
    message.emotion = estimate.emotion
    message.confidence = float(estimate.confidence)
    message.valence = float(estimate.valence)
    message.arousal = float(estimate.arousal)
    message.intensity = float(estimate.intensity)
    message.audio_weight = float(estimate.audio_weight)
    message.video_weight = float(estimate.video_weight)
    message.flags = int(estimate.flags)
    if estimate.available:
        message.latency = duration_message(now_ns - estimate.newest_ns)
    message.model = estimate.model
    return message


def check_state(message: EmotionState) -> None:
    """Check an ``EmotionState`` that came by a topic before it is shown.

    Raises:
        StateError: labels and probabilities are not of one number, or a number lies outside of its
            range.
    """
    if len(message.labels) != len(message.probabilities):
        raise StateError(
            f"EmotionState with {len(message.labels)} labels and {len(message.probabilities)} "
            "probabilities: expected as many; check its publisher"
        )
    for name, (low, high) in _RANGES.items():
        value = getattr(message, name)
        if not (math.isnan(value) and name in _MAY_BE_UNKNOWN):
            _check_range(name, value, low, high)
    for probability in message.probabilities:
        _check_range("probabilities", probability, 0.0, 1.0)


def _check_range(name: str, value: float, low: float, high: float) -> None:
    if not low - _ROUNDING <= value <= high + _ROUNDING:
        raise StateError(
            f"EmotionState with {name} {value:g}: expected {low:g} to {high:g}; check its publisher"
        )


def _fit(sec: int) -> int:
    return max(-_MAX_SEC, min(_MAX_SEC, sec))
