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

"""Noise for tests: speech-shaped, added to a voice at a given signal-to-noise ratio."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

# Long-term average speech spectrum of men and women in twelve languages: centres of third-octave
# bands, Hz, and their levels, dB SPL (Byrne et al. 1994, J. Acoust. Soc. Am. 96, table II).
_CENTRES = (
    *(63, 80, 100, 125, 160, 200, 250, 315, 400, 500, 630, 800, 1000, 1250, 1600, 2000, 2500),
    *(3150, 4000, 5000, 6300, 8000, 10000, 12500, 16000),
)
_LEVELS = (
    *(38.6, 43.5, 54.4, 57.7, 56.8, 60.2, 60.3, 59.0, 62.1, 62.1, 60.5, 56.8, 53.7, 53.0, 52.0),
    *(48.7, 48.1, 46.8, 45.6, 44.5, 44.3, 43.7, 43.4, 41.3, 40.7),
)

ACTIVE_FRAME_S = 0.032
ACTIVE_RANGE_DB = 30.0
"""Frames no more than this below the loudest one are voice; the rest is pause."""


def speech_shaped_noise(
    count: int, sample_rate: int, generator: np.random.Generator
) -> npt.NDArray[np.float64]:
    """Return Gaussian noise (count,) with the long-term spectrum of speech and power 1."""
    # A band's width grows with its centre: less the width, its level is the power per Hz.
    density_db = np.array(_LEVELS) - 10 * np.log10(_CENTRES)

    def level_db(frequencies: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
        audible = np.maximum(frequencies, 1.0)
        shape_db = np.interp(np.log(audible), np.log(_CENTRES), density_db)
        return np.where(audible < _CENTRES[0], -np.inf, shape_db)

    return shaped_noise(count, sample_rate, level_db, generator)


def shaped_noise(
    count: int,
    sample_rate: int,
    level_db: Callable[[npt.NDArray[np.floating]], npt.NDArray[np.floating]],
    generator: np.random.Generator,
) -> npt.NDArray[np.float64]:
    """Return Gaussian noise (count,) of power 1, shaped by ``level_db``: from Hz to dB per Hz."""
    spectrum = np.fft.rfft(generator.standard_normal(count))
    shape_db = level_db(np.fft.rfftfreq(count, 1 / sample_rate))
    return of_power_one(np.fft.irfft(spectrum * 10 ** (shape_db / 20), count))


def of_power_one(sound: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return a sound (n,) scaled to a mean power of 1."""
    return sound / np.sqrt(np.mean(sound**2))


def voice_power(samples: npt.NDArray[np.floating], sample_rate: int) -> float:
    """Return the mean power of the frames with voice of ``samples`` (n,); pauses do not count."""
    length = max(round(ACTIVE_FRAME_S * sample_rate), 1)
    frames = samples[: len(samples) // length * length].reshape(-1, length).astype(np.float64)
    if not len(frames):
        raise ValueError(f"{len(samples)} samples: expected at least one frame of {length}")
    power = np.mean(frames**2, axis=1)
    return float(power[power >= power.max() * 10 ** (-ACTIVE_RANGE_DB / 10)].mean())


def with_noise(
    samples: npt.NDArray[np.floating], sample_rate: int, snr_db: float, seed: int
) -> npt.NDArray[np.float32]:
    """Return ``samples`` (n,) or (n, channels) with speech-shaped noise, the same in each channel.

    Args:
        samples: A recording of a voice.
        sample_rate: Samples a second.
        snr_db: Power of the voice in its loud frames (:func:`voice_power`) over that of the noise.
        seed: Another seed is other noise; at another ratio it is the same noise, scaled.

    Raises:
        ValueError: The recording is shorter than a frame of 32 ms.
    """
    mono = samples if samples.ndim == 1 else samples.mean(axis=1)
    noise = speech_shaped_noise(len(mono), sample_rate, np.random.default_rng(seed))
    noise *= np.sqrt(voice_power(mono, sample_rate) / 10 ** (snr_db / 10))
    return (samples + (noise if samples.ndim == 1 else noise[:, None])).astype(np.float32)
