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

"""From the recogniser's types to the API's."""

import math
from typing import TYPE_CHECKING

from emotion_recognition.dashboard.schemas import Box, EstimateView, FaceView, Flag
from emotion_recognition.estimate import Box as PixelBox
from emotion_recognition.estimate import Estimate, Flags

if TYPE_CHECKING:  # they bring PyTorch, which the server does without
    from emotion_recognition.vision.landmarks import Landmarks
    from emotion_recognition.vision.stream import FaceObservation

_FLAGS: dict[Flags, Flag] = {
    Flags.NO_FACE: "NO_FACE",
    Flags.NO_SPEECH: "NO_SPEECH",
    Flags.AUDIO_STALE: "AUDIO_STALE",
    Flags.VIDEO_STALE: "VIDEO_STALE",
    Flags.PARTIAL_WINDOW: "PARTIAL_WINDOW",
    Flags.WITHHELD: "WITHHELD",
}


def estimate_view(estimate: Estimate, origin_ns: int) -> EstimateView:
    """Convert an estimate; its time counts from ``origin_ns``."""
    return EstimateView(
        time=(estimate.stamp_ns - origin_ns) / 1e9,
        subject=estimate.subject,
        emotion=estimate.emotion or None,
        confidence=share(estimate.confidence) if estimate.available else None,
        probabilities=dict(zip(estimate.labels, map(float, estimate.probabilities), strict=True)),
        valence=score(estimate.valence),
        arousal=score(estimate.arousal),
        intensity=share(estimate.intensity),
        audio_weight=share(estimate.audio_weight) or 0.0,
        video_weight=share(estimate.video_weight) or 0.0,
        flags=flag_names(int(estimate.flags)),
        face=None if estimate.face is None else box_view(estimate.face),
    )


def estimate_of(view: EstimateView) -> Estimate:
    """Convert back, as far as rows of a table need it."""

    def number(value: float | None) -> float:
        return math.nan if value is None else value

    return Estimate(
        stamp_ns=round(view.time * 1e9),
        window_ns=0,
        newest_ns=0,
        labels=tuple(view.probabilities),
        probabilities=tuple(view.probabilities.values()),
        valence=number(view.valence),
        arousal=number(view.arousal),
        intensity=number(view.intensity),
        audio_weight=view.audio_weight,
        video_weight=view.video_weight,
        flags=Flags(sum(flag for flag, name in _FLAGS.items() if name in view.flags)),
        subject=view.subject,
    )


def face_view(face: "FaceObservation") -> FaceView:
    """Convert what was found in one frame."""
    return FaceView(
        subject=str(face.track_id),
        box=box_view(face.box),
        landmarks=None if face.landmarks is None else landmark_points(face.landmarks),
    )


def landmark_points(landmarks: "Landmarks") -> list[tuple[float, float]]:
    """Return 68 points, rounded to a tenth of a pixel."""
    return [(round(float(x), 1), round(float(y), 1)) for x, y in landmarks.points]


def box_view(box: PixelBox) -> Box:
    """Convert a box."""
    return Box(x=box.x, y=box.y, width=box.width, height=box.height)


def flag_names(flags: int) -> list[Flag]:
    """Return the names of the set flags."""
    return [name for flag, name in _FLAGS.items() if flags & flag]


def share(value: float) -> float | None:
    """Return a number between 0 and 1 (rounding errors are cut); None for NaN."""
    return None if math.isnan(value) else min(1.0, max(0.0, float(value)))


def score(value: float) -> float | None:
    """Return a number between -1 and 1; None for NaN."""
    return None if math.isnan(value) else min(1.0, max(-1.0, float(value)))
