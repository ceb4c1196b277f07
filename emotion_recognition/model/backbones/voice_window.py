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

"""The voice of one window as the vectors of a voice encoder."""

import numpy as np
import numpy.typing as npt

from emotion_recognition.model.backbones.interface import Vectors, VoiceBackbone

VOICE_STEPS = 180
"""Vectors of a window, at 50 Hz."""

STRIDE, LEAST = 320, 400
"""Samples from one vector to the next, and those that the first one needs."""


def window_vectors(
    encoder: VoiceBackbone, hops: Vectors, heard: npt.NDArray[np.bool_]
) -> tuple[Vectors, npt.NDArray[np.bool_]]:
    """Encode the sound of a window.

    The encoder gets the sound from the first hop that is there to the last, so that what it makes
    of a short sound does not depend on the silence around it.

    Args:
        encoder: The voice encoder.
        hops: (225, 256) the window's 16 kHz samples, 256 a row; 0 where they are missing.
        heard: (225,) which rows are there.

    Returns:
        Vectors (180, D) at their place in the window, 0 where there are none, and (180,) whether
        the sound that a vector describes was there.
    """
    values = np.zeros((VOICE_STEPS, encoder.vector_size), np.float32)
    mask = np.zeros(VOICE_STEPS, bool)
    rows = np.flatnonzero(heard)
    if not len(rows):
        return values, mask
    first, last, hop = rows[0], rows[-1], hops.shape[1]
    samples = hops[first : last + 1].ravel()
    if len(samples) < LEAST:
        return values, mask
    start = round(first * hop / STRIDE)
    found = encoder.encode(samples)[: VOICE_STEPS - start]
    centres = (first * hop + STRIDE * np.arange(len(found)) + LEAST // 2) // hop
    mask[start : start + len(found)] = heard[centres]
    values[start : start + len(found)] = found
    values[~mask] = 0
    return values, mask
