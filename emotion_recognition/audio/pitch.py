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

"""Fundamental frequency by YIN (de Cheveigné and Kawahara, JASA 111(4), 2002), many frames at once.

The method of ``librosa.yin``, which gives no voicing decision and compiles for seconds at first
use.
"""

import numpy as np

PITCH_MIN_HZ = 65.0
PITCH_MAX_HZ = 500.0
PITCH_FRAME = 1024  # samples: four periods of the lowest pitch

_THRESHOLD = 0.2  # normalised difference (aperiodic share of the power) of a voiced frame
_MIN_POWER = 1e-8  # -80 dBFS: below this the rounding noise would be judged


def yin(frames: np.ndarray, sample_rate: int) -> np.ndarray:
    """Return the pitch of each frame in Hz, 0 where it is unvoiced.

    Args:
        frames: (n, 1024) samples.
        sample_rate: Samples per second.

    Returns:
        (n,) float64, 0 or in [65, 500].
    """
    shortest = int(sample_rate / PITCH_MAX_HZ)
    longest = int(np.ceil(sample_rate / PITCH_MIN_HZ))
    lags = np.arange(1, longest + 2)
    difference = _difference(frames.astype(np.float64, copy=False), longest + 1)
    # Step 3 of the paper: cumulative mean normalised difference, column k is lag k + 1.
    mean = np.cumsum(difference, axis=1) / lags
    normalised = difference / np.maximum(mean, 1e-30)

    # Step 4: the first local minimum under the threshold, within the range of periods.
    inner = normalised[:, shortest - 1 : longest]
    trough = (inner <= normalised[:, shortest - 2 : longest - 1]) & (
        inner < normalised[:, shortest : longest + 1]
    )
    trough &= inner < _THRESHOLD
    voiced = trough.any(axis=1) & (np.mean(frames**2, axis=1) > _MIN_POWER)
    best = trough.argmax(axis=1) + shortest - 1

    # Step 5: parabolic interpolation around the minimum, on the plain difference.
    rows = np.arange(len(frames))
    left, middle, right = (difference[rows, best + offset] for offset in (-1, 0, 1))
    curvature = left + right - 2 * middle
    shift = np.where(curvature > 0, (left - right) / (2 * np.maximum(curvature, 1e-30)), 0.0)
    period = lags[best] + np.clip(shift, -0.5, 0.5)
    pitch = np.clip(sample_rate / period, PITCH_MIN_HZ, PITCH_MAX_HZ)
    return np.where(voiced, pitch, 0.0)


def _difference(frames: np.ndarray, lags: int) -> np.ndarray:
    """Return the squared difference at lags 1 to ``lags`` over a fixed window, (n, lags)."""
    size = frames.shape[1]
    window = size - lags
    # Lags stay below size - window, so the circular correlation does not wrap.
    spectrum = np.fft.rfft(frames)
    head = np.fft.rfft(frames[:, :window], n=size)
    correlation = np.fft.irfft(np.conj(head) * spectrum, n=size)[:, 1 : lags + 1]
    energy = np.cumsum(frames**2, axis=1)
    first = energy[:, window - 1 : window]
    lagged = energy[:, window : window + lags] - energy[:, :lags]
    return np.maximum(first + lagged - 2 * correlation, 0.0)
