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

"""Settings and counts of the recogniser."""

from dataclasses import dataclass, field

from emotion_recognition.audio.stream import AudioConfig
from emotion_recognition.model.emotion_model import WINDOW_S
from emotion_recognition.recognizer.part import SECOND_NS
from emotion_recognition.smoothing import METHODS
from emotion_recognition.vision.stream import VisionConfig


@dataclass(frozen=True)
class RecognizerConfig:
    """Settings of the recogniser; ValueError names the field that is out of its range."""

    window_s: float = WINDOW_S  # length of a window, at most the model's
    publish_rate: float = 4.0  # windows a second
    min_window_s: float = 1.0  # estimates begin once a stream has covered this much
    stale_after_s: float = 1.0  # a stream that is silent for longer is left out
    smoothing: str = "hysteresis"  # of the probabilities, one of METHODS
    smoothing_s: float = 0.5  # time constant: exponential, and of valence, arousal, intensity
    withhold_below: float = 0.45  # estimates of lower confidence are flagged WITHHELD
    redact: bool = False  # estimates without the face's place in the image
    audio: AudioConfig = field(default_factory=AudioConfig)
    vision: VisionConfig = field(default_factory=VisionConfig)

    def __post_init__(self) -> None:
        if self.smoothing not in METHODS:
            raise ValueError(f"smoothing is {self.smoothing!r}; allowed: {', '.join(METHODS)}")
        shortest_stale = 2 / self.vision.face_rate  # longer than from one face to the next
        for name, low, high, why in (
            ("window_s", 0.5, WINDOW_S, ""),
            ("publish_rate", 0.1, 30.0, ""),
            ("min_window_s", 0.1, self.window_s, " (window_s)"),
            ("stale_after_s", shortest_stale, max(10.0, shortest_stale), " (from 2 / face_rate)"),
            ("smoothing_s", 0.0, 10.0, ""),
            ("withhold_below", 0.0, 1.0, ""),
        ):
            value = getattr(self, name)
            if not low <= value <= high:
                raise ValueError(f"{name} is {value}; allowed: {low:g} to {high:g}{why}")

    @property
    def window_ns(self) -> int:
        """Length of a window."""
        return round(self.window_s * SECOND_NS)

    @property
    def period_ns(self) -> int:
        """From the end of one window to that of the next."""
        return round(SECOND_NS / self.publish_rate)

    @property
    def stale_ns(self) -> int:
        """A stream that is silent for longer is left out."""
        return round(self.stale_after_s * SECOND_NS)

    @property
    def least_ns(self) -> int:
        """What a stream must have covered for a first estimate; a window that it fills will do.

        The first sample of such a window may lie a sample, or with some jitter two, after its
        beginning.
        """
        samples_ns = min(round(2 * SECOND_NS / self.vision.face_rate), self.window_ns // 2)
        return min(round(self.min_window_s * SECOND_NS), self.window_ns - samples_ns)

    @property
    def span_ns(self) -> int:
        """What is kept: a window and more, for a stream may run ahead until another is stale."""
        return self.window_ns + self.stale_ns + 2 * SECOND_NS


@dataclass(frozen=True)
class CameraStatus:
    """What went through one camera of a recogniser. ``fill``: share of the window, 0 to 1."""

    name: str
    frames: int  # that arrived
    faces: int  # frames in which a subject's face was found
    late_frames: int  # left out because they were late or duplicate
    fill: float
    newest_ns: int | None


@dataclass(frozen=True)
class RecognizerStatus:
    """What went through a recogniser, for diagnostics. Fills: shares of the window, 0 to 1."""

    cameras: tuple[CameraStatus, ...]
    audio_chunks: int
    audio_fill: float
    newest_audio_ns: int | None
    dropped_samples: int  # given up because the buffers were full
    dropped_estimates: int  # windows that were due, but passed over for newer ones
    clock_jumps: int  # a clock was set back: everything was forgotten
    gaps: int  # a stream was silent for longer than a window

    @property
    def frames(self) -> int:
        """Frames that arrived from all cameras."""
        return sum(camera.frames for camera in self.cameras)

    @property
    def faces(self) -> int:
        """Frames of all cameras in which a subject's face was found."""
        return sum(camera.faces for camera in self.cameras)
