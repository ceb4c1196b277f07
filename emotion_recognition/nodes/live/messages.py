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

"""From ROS messages to those of the dashboard's live view."""

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus

from emotion_recognition.dashboard.convert import flag_names, score, share
from emotion_recognition.dashboard.schemas import (
    Box,
    DiagnosticReport,
    Level,
    LiveDiagnostics,
    LiveEstimate,
    LiveStream,
    StreamCondition,
)
from emotion_recognition.msg import EmotionState
from emotion_recognition.nodes.ros.convert import nanoseconds
from emotion_recognition.nodes.watching.diagnostics import Arrivals

_LEVELS: dict[bytes, Level] = {
    DiagnosticStatus.OK: "ok",
    DiagnosticStatus.WARN: "warn",
    DiagnosticStatus.ERROR: "error",
    DiagnosticStatus.STALE: "stale",
}
_STALE_S = 1.5  # a stream that is silent for longer; estimates come four times a second


def live_estimate(message: EmotionState, received_s: float) -> LiveEstimate:
    """Convert an estimate that came at the Unix time ``received_s``."""
    face = message.face
    available = bool(message.probabilities)
    return LiveEstimate(
        time=nanoseconds(message.header.stamp) / 1e9,
        subject=message.subject,
        emotion=message.emotion or None,
        confidence=share(message.confidence) if available else None,
        probabilities=dict(zip(message.labels, map(float, message.probabilities), strict=True)),
        valence=score(message.valence),
        arousal=score(message.arousal),
        intensity=share(message.intensity),
        audio_weight=share(message.audio_weight) or 0.0,
        video_weight=share(message.video_weight) or 0.0,
        flags=flag_names(message.flags),
        face=Box(x=face.x_offset, y=face.y_offset, width=face.width, height=face.height)
        if face.width
        else None,
        model=message.model,
        window=nanoseconds(message.window) / 1e9,
        latency=nanoseconds(message.latency) / 1e9 if available else None,
        received=received_s,
    )


def live_diagnostics(message: DiagnosticArray) -> LiveDiagnostics | None:
    """Convert what an emotion node says of itself; None where the message is of others alone."""
    reports = [
        DiagnosticReport(
            name=status.name,
            level=_LEVELS.get(status.level, "error"),
            message=status.message,
            values={value.key: value.value for value in status.values},
        )
        for status in message.status
        if "emotion_node" in status.name.partition(":")[0]
    ]
    if not reports:
        return None
    return LiveDiagnostics(time=nanoseconds(message.header.stamp) / 1e9, reports=reports)


def live_stream(topic: str, arrivals: Arrivals, now_s: float) -> LiveStream:
    """Tell how a topic comes in, by a steady clock."""
    silent_s = arrivals.silent_for_s(now_s)
    state: StreamCondition = "ok"
    if silent_s is None:
        state = "missing"
    elif silent_s > _STALE_S:
        state = "stale"
    rate = round(arrivals.rate(now_s), 1)
    return LiveStream(topic=topic, state=state, rate=rate, silent=silent_s)
