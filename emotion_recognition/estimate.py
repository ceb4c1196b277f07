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

"""The result of the recogniser: one emotion estimate for one window of sensor time."""

import math
from dataclasses import dataclass
from enum import IntFlag


class Flags(IntFlag):
    """Conditions under which an estimate was made; the same bits as in ``EmotionState.msg``."""

    NO_FACE = 1  # frames arrive, but none in the window shows a face
    NO_SPEECH = 2  # sound arrives, but no voice is active in the window
    AUDIO_STALE = 4  # no recent sound: never came, stopped, or lies outside the window
    VIDEO_STALE = 8  # no recent frame: never came, stopped, or lies outside the window
    PARTIAL_WINDOW = 16  # the streams do not fill the window yet
    WITHHELD = 32  # confidence below the threshold: do not act on the label


@dataclass(frozen=True)
class Box:
    """A rectangle in pixels of the full image: left, top, width, height."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True)
class Estimate:
    """What a person seems to feel over one window.

    ``labels`` and ``probabilities`` are both empty where no estimate is available. ``valence`` and
    ``arousal`` lie in [-1, 1] and ``intensity`` in [0, 1]; each is NaN where unknown. The stream
    weights are each in [0, 1] and sum to 1, or are both 0.
    """

    stamp_ns: int  # end of the analysed window, sensor time
    window_ns: int  # length of the analysed window
    newest_ns: int  # newest sensor stamp that was used
    labels: tuple[str, ...] = ()
    probabilities: tuple[float, ...] = ()
    valence: float = math.nan
    arousal: float = math.nan
    intensity: float = math.nan
    audio_weight: float = 0.0
    video_weight: float = 0.0
    flags: Flags = Flags(0)  # noqa: RUF009 - immutable
    subject: str = ""
    face: Box | None = None
    frame_id: str = ""
    model: str = ""

    @property
    def available(self) -> bool:
        """Whether this is an estimate at all, and not a note that none can be made."""
        return bool(self.probabilities)

    @property
    def emotion(self) -> str:
        """The most probable label; empty if no estimate is available."""
        if not self.probabilities:
            return ""
        return self.labels[self.probabilities.index(max(self.probabilities))]

    @property
    def confidence(self) -> float:
        """Probability of ``emotion``; 0 if no estimate is available."""
        return max(self.probabilities, default=0.0)
