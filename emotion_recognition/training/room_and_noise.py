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

"""Voices as a robot hears them: from across a room, over fans, motors and the hum of a place.

Training hears them beside the clean ones. The noise is of other kinds than the speech-shaped one
that the benchmarks add (:mod:`emotion_recognition.evaluation.noise`), which so stays a test.
"""

import zlib
from pathlib import Path

import numpy as np
import numpy.typing as npt

from emotion_recognition.evaluation.noise import of_power_one, shaped_noise, voice_power
from emotion_recognition.evaluation.voice_features import Change, Samples

Sound = npt.NDArray[np.float64]

SNR_DB = (0.0, 30.0)
"""Power of the voice over that of the noise; uniform."""

IN_A_ROOM = 0.5
"""Share of the voices that are heard across a room."""

REVERBERATION_S = (0.2, 0.8)
"""Time in which the sound of a room falls by 60 dB: from a small office to a lecture hall."""

DIRECT_TO_REVERBERANT_DB = (-3.0, 12.0)
"""From three metres away to an arm's length in such rooms."""

_SLOPE_DB = (-8.0, 0.0)  # an octave: fans and wind fall steeply, hiss is flat
_FLUCTUATING = 0.5
_FLUCTUATION_HZ = (1.0, 6.0)
_FLUCTUATION_DB = (2.0, 8.0)  # standard deviation of the level
_HUMMING = 0.4
_HUM_HZ = (60.0, 400.0)  # of a motor's first harmonic
_HUM_DB = (-10.0, 6.0)  # against the rest of the noise
_HARMONICS = 12


def room_and_noise(version: int) -> Change:
    """Return the change of a clip's sound; each ``version`` is another room and other noise."""

    def apply(samples: Samples, sample_rate: int, clip: str) -> Samples:
        generator = np.random.default_rng([version, zlib.crc32(clip.encode())])
        return in_room_and_noise(samples, sample_rate, generator)

    return Change(f"version {version}", Path(__file__), apply)


def in_room_and_noise(
    samples: Samples, sample_rate: int, generator: np.random.Generator
) -> Samples:
    """Return a voice (n,) or (n, channels) as one microphone hears it, (n,), at the same power.

    Raises:
        ValueError: The recording is shorter than a frame of 32 ms.
    """
    voice = samples.astype(np.float64)
    voice = voice if voice.ndim == 1 else voice.mean(axis=1)
    power = voice_power(voice, sample_rate)
    if generator.random() < IN_A_ROOM:
        response = room_response(
            sample_rate,
            generator.uniform(*REVERBERATION_S),
            generator.uniform(*DIRECT_TO_REVERBERANT_DB),
            generator,
        )
        voice = convolve(voice, response)
        voice *= np.sqrt(power / max(voice_power(voice, sample_rate), 1e-30))
    level = power / 10 ** (generator.uniform(*SNR_DB) / 10)
    return (voice + np.sqrt(level) * place_noise(len(voice), sample_rate, generator)).astype(
        np.float32
    )


def room_response(
    sample_rate: int, reverberation_s: float, direct_db: float, generator: np.random.Generator
) -> Sound:
    """Return the impulse response (n,) of a room: the direct sound, then Polack's diffuse tail.

    The tail is Gaussian noise that falls exponentially (Polack 1988), by 60 dB in
    ``reverberation_s``; the direct sound, 1, has ``direct_db`` more energy than it.
    """
    count = max(round(reverberation_s * sample_rate), 2)
    decay = 10 ** (-3 * np.arange(count) / (reverberation_s * sample_rate))
    tail = generator.standard_normal(count) * decay
    tail[0] = 0.0
    response = tail * np.sqrt(10 ** (-direct_db / 10) / np.sum(tail**2))
    response[0] = 1.0
    return response


def convolve(sound: Sound, response: Sound) -> Sound:
    """Return the first len(sound) samples of the convolution."""
    size = 1 << (len(sound) + len(response) - 2).bit_length()
    spectrum = np.fft.rfft(sound, size) * np.fft.rfft(response, size)
    return np.fft.irfft(spectrum, size)[: len(sound)]


def place_noise(count: int, sample_rate: int, generator: np.random.Generator) -> Sound:
    """Return the noise (count,) of a place, of power 1: broadband, at times with a motor's hum."""
    noise = coloured_noise(count, sample_rate, generator.uniform(*_SLOPE_DB), generator)
    if generator.random() < _FLUCTUATING:
        noise = of_power_one(noise * _fluctuation(count, sample_rate, generator))
    if generator.random() < _HUMMING:
        hum = _hum(count, sample_rate, generator)
        noise = noise + hum * 10 ** (generator.uniform(*_HUM_DB) / 20)
    return of_power_one(noise)


def coloured_noise(
    count: int, sample_rate: int, slope_db: float, generator: np.random.Generator
) -> Sound:
    """Return Gaussian noise (count,) of power 1 whose density has ``slope_db`` an octave."""

    def level_db(frequencies: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
        return slope_db * np.log2(np.maximum(frequencies, 50.0) / 50.0)

    return shaped_noise(count, sample_rate, level_db, generator)


def _fluctuation(count: int, sample_rate: int, generator: np.random.Generator) -> Sound:
    """Return amplitudes (count,) whose level wanders, a few times a second, about 0 dB."""
    spectrum = np.fft.rfft(generator.standard_normal(count))
    slow = np.fft.rfftfreq(count, 1 / sample_rate) < generator.uniform(*_FLUCTUATION_HZ)
    level = np.fft.irfft(np.where(slow, spectrum, 0), count)
    level *= generator.uniform(*_FLUCTUATION_DB) / max(level.std(), 1e-12)
    return 10 ** (level / 20)


def _hum(count: int, sample_rate: int, generator: np.random.Generator) -> Sound:
    """Return harmonics (count,) of one pitch that fall with their number; power 1."""
    pitch = generator.uniform(*_HUM_HZ)
    number = np.arange(1, _HARMONICS + 1)
    number = number[number * pitch < sample_rate / 2]
    phase = generator.uniform(0, 2 * np.pi, len(number))
    times = np.arange(count)[:, None] / sample_rate
    return of_power_one(np.sum(np.sin(2 * np.pi * pitch * number * times + phase) / number, axis=1))
