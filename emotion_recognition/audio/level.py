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

"""Streaming level normalisation: quiet and loud microphones give like features.

A slow gain brings the active speech level (mean power while a voice is active, the idea of ITU-T
P.56) to a target. It moves only while a voice is active, so pauses are not pumped up, and at a
limited rate, so the loudness contour inside an utterance stays.
"""

import numpy as np

TARGET_DBFS = -26.0  # usual nominal level of active speech (ITU-T P.56 practice)
MAX_GAIN_DB = 30.0
RATE_DB_PER_S = 20.0
MEMORY_S = 5.0  # of active speech

_MIN_POWER = 1e-10


class LevelNormaliser:
    """Follows the active speech level of one stream.

    Args:
        frame_rate: Frames per second.
    """

    def __init__(self, frame_rate: float):
        self._max_step_db = RATE_DB_PER_S / frame_rate
        self._memory = MEMORY_S * frame_rate
        self.reset()

    def reset(self) -> None:
        """Forget the level; the gain starts at 0 dB."""
        self._active_frames = 0
        self._power = 0.0
        self._gain_db = 0.0

    def process(self, power: np.ndarray, active: np.ndarray) -> np.ndarray:
        """Return the gain of each frame in dB, (n,).

        Args:
            power: Mean square of each frame, (n,), full scale 1.
            active: Whether a voice is active, (n,) bool.
        """
        gains = np.empty(len(power))
        for index in range(len(power)):
            if active[index]:
                self._follow(float(power[index]))
            gains[index] = self._gain_db
        return gains

    def _follow(self, power: float) -> None:
        # A plain mean until the memory is full, so that the first second already counts in full.
        self._active_frames += 1
        self._power += (power - self._power) / min(self._active_frames, self._memory)
        wanted = TARGET_DBFS - 10 * np.log10(max(self._power, _MIN_POWER))
        wanted = min(max(wanted, -MAX_GAIN_DB), MAX_GAIN_DB)
        step = min(max(wanted - self._gain_db, -self._max_step_db), self._max_step_db)
        self._gain_db += step
