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

"""One stream's share of a window, and what the model gets of the sound."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emotion_recognition.audio.features import FEATURES, HOP, SAMPLE_RATE
from emotion_recognition.model.emotion_model import AUDIO_STEPS, VIDEO_STEPS, EmotionModel
from emotion_recognition.windows import RingBuffer, Stamps, Values, to_grid

Mask = NDArray[np.bool_]

SECOND_NS = 1_000_000_000
AUDIO_PERIOD_NS = HOP * SECOND_NS // SAMPLE_RATE
MIN_VOICE_S = 0.1
"""Less activity in a window is a click, not a voice."""

_SPEECH = FEATURES["speech"].start


@dataclass(frozen=True)
class Part:
    """One stream's rows in a window, in time order; ``fresh`` if they come close to its end."""

    stamps: Stamps
    rows: Values
    fresh: bool

    @property
    def oldest_ns(self) -> int:
        """Stamp of the first row, of which there must be one."""
        return int(self.stamps[0])

    @property
    def newest_ns(self) -> int:
        """Stamp of the last row, of which there must be one."""
        return int(self.stamps[-1])


def cut(buffer: RingBuffer, end_ns: int, window_ns: int, stale_ns: int) -> Part:
    """Cut the window (end - window, end] out of a buffer."""
    stamps, rows = buffer.window(end_ns - window_ns, end_ns)
    return Part(stamps, rows, len(stamps) > 0 and int(stamps[-1]) > end_ns - stale_ns)


def voice(audio: Part, end_ns: int) -> tuple[Values, Mask]:
    """Features on the model's grid; none if no voice is active, for the model knows only voices."""
    active_s = np.count_nonzero(audio.rows[:, _SPEECH]) * AUDIO_PERIOD_NS / SECOND_NS
    used = slice(None) if audio.fresh and active_s >= MIN_VOICE_S else slice(0)
    return to_grid(
        audio.stamps[used], audio.rows[used], end_ns, AUDIO_STEPS, AUDIO_PERIOD_NS, AUDIO_PERIOD_NS
    )


def voice_vectors(sound: Part, end_ns: int, model: EmotionModel) -> tuple[Values, Mask]:
    """Vectors of its voice encoder on the model's grid; rows of ``sound`` are hops of samples."""
    hops, heard = to_grid(
        sound.stamps, sound.rows, end_ns, AUDIO_STEPS, AUDIO_PERIOD_NS, AUDIO_PERIOD_NS
    )
    return model.voice_vectors(hops, heard)


def voiced_steps(features: Values, heard: Mask) -> Mask:
    """Whether a voice is active in half of a tenth of a second or more; (36,) of (225, 87)."""
    step = step_of(len(features))
    active = np.bincount(step, heard & (features[:, _SPEECH] > 0), VIDEO_STEPS)
    return active >= np.bincount(step) / 2


def step_of(count: int) -> NDArray[np.int64]:
    """The tenth of a second in which each of ``count`` equal steps of a window lies, (count,)."""
    return np.arange(count) * VIDEO_STEPS // count
