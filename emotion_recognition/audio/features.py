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

"""What the models hear: one vector for each frame of 32 ms, every 16 ms.

A frame uses no sample after its end, and nothing depends on how the signal was cut into pieces.
"""

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

import numpy as np

from emotion_recognition.audio.activity import ActivityDetector
from emotion_recognition.audio.denoise import NoiseReducer
from emotion_recognition.audio.level import LevelNormaliser
from emotion_recognition.audio.pitch import PITCH_FRAME, yin

SAMPLE_RATE = 16000
FRAME = 512
HOP = 256
FRAME_RATE = SAMPLE_RATE / HOP
N_MELS = 64
N_MFCC = 20

FEATURES: Mapping[str, slice] = MappingProxyType(
    {
        "log_mel": slice(0, 64),  # dB
        "mfcc": slice(64, 84),
        "pitch": slice(84, 85),  # Hz, 0: unvoiced
        "energy": slice(85, 86),  # RMS, dBFS
        "speech": slice(86, 87),  # 1: a voice is active
    }
)
"""Columns of a feature vector."""

FEATURE_SIZE = 87

_MIN_POWER = 1e-10
_HISTORY = PITCH_FRAME - FRAME  # samples before a frame that its pitch looks back on
_BLOCK = 256  # frames at once, which bounds the memory for long pieces


class FeatureExtractor:
    """Turns the samples of one continuous 16 kHz signal into feature vectors.

    Args:
        denoise: Reduce stationary noise in everything but pitch and voice activity.
        normalise: Bring the voice to a standard level in log-mel, MFCC and energy.
    """

    def __init__(self, denoise: bool = True, normalise: bool = True):
        self._noise = NoiseReducer() if denoise else None
        self._level = LevelNormaliser(FRAME_RATE) if normalise else None
        self._activity = ActivityDetector()
        self._samples = np.zeros(_HISTORY)

    def restart(self) -> None:
        """Start framing anew after a break, keeping what is known of noise and level."""
        self._activity.reset()
        self._samples = np.zeros(_HISTORY)

    def reset(self) -> None:
        """Start a new signal."""
        self.restart()
        if self._noise is not None:
            self._noise.reset()
        if self._level is not None:
            self._level.reset()

    def process(self, samples: np.ndarray) -> np.ndarray:
        """Return the vectors of the frames that the next samples complete.

        Args:
            samples: (m,) float, full scale 1.

        Returns:
            (n, 87) float32, columns as in ``FEATURES``.
        """
        self._samples = np.concatenate([self._samples, samples])
        count = max((len(self._samples) - PITCH_FRAME) // HOP + 1, 0)
        values = np.empty((count, FEATURE_SIZE), np.float32)
        for start in range(0, count, _BLOCK):
            stop = min(start + _BLOCK, count)
            piece = self._samples[start * HOP : (stop - 1) * HOP + PITCH_FRAME]
            frames = np.lib.stride_tricks.sliding_window_view(piece, PITCH_FRAME)[::HOP]
            values[start:stop] = self._vectors(frames)
        self._samples = self._samples[count * HOP :].copy()
        return values

    def _vectors(self, frames: np.ndarray) -> np.ndarray:
        """Return (n, 87) for frames (n, 1024), of which the first half is history."""
        current = frames[:, _HISTORY:]
        active = self._activity.process(current)
        spectrum = power_spectrum(current)
        power = np.mean(current**2, axis=1)
        if self._noise is not None:
            reduced = self._noise.process(spectrum)
            power = power * reduced.sum(axis=1) / np.maximum(spectrum.sum(axis=1), 1e-30)
            spectrum = reduced
        if self._level is not None:
            gain = 10 ** (self._level.process(power, active) / 10)
            power = power * gain
            spectrum = spectrum * gain[:, None]
        mel = log_mel(spectrum)
        columns = {
            "log_mel": mel,
            "mfcc": mfcc(mel),
            "pitch": yin(frames, SAMPLE_RATE)[:, None],
            "energy": 10 * np.log10(np.maximum(power, _MIN_POWER))[:, None],
            "speech": active[:, None],
        }
        return np.concatenate([columns[name] for name in FEATURES], axis=1)


def power_spectrum(frames: np.ndarray) -> np.ndarray:
    """Return |FFT|² of Hann-windowed frames, (n, 257) from (n, 512)."""
    # Double precision: the quietest bands lie far below the rounding of a loud one in single.
    spectrum = np.fft.rfft(frames * _hann())
    return spectrum.real**2 + spectrum.imag**2


def log_mel(power: np.ndarray) -> np.ndarray:
    """Return log-mel spectra in dB, (n, 64) from power spectra (n, 257).

    Equal to ``librosa.feature.melspectrogram`` with 512-sample Hann frames, hop 256, 64 Slaney
    bands from 50 to 8000 Hz and ``center=False``, then ``librosa.power_to_db(ref=1.0, amin=1e-10,
    top_db=None)``.
    """
    return 10 * np.log10(np.maximum(power @ _mel_bands(), _MIN_POWER))


def mfcc(log_mel_db: np.ndarray) -> np.ndarray:
    """Return cepstral coefficients, (n, 20) from (n, 64); ``librosa.feature.mfcc`` of log-mel."""
    return log_mel_db @ _cosines()


_LINEAR_HERTZ = 200 / 3  # of one mel, up to 1 kHz
_LOG_STEP = np.log(6.4) / 27  # of the frequency's logarithm to one mel, from 1 kHz on


def hertz_to_mel(hertz: np.ndarray) -> np.ndarray:
    """Return Slaney's mel scale (Auditory Toolbox 1998): linear to 1 kHz, then logarithmic."""
    return np.where(
        hertz < 1000,
        hertz / _LINEAR_HERTZ,
        1000 / _LINEAR_HERTZ + np.log(np.maximum(hertz, 1000) / 1000) / _LOG_STEP,
    )


def mel_to_hertz(mel: np.ndarray) -> np.ndarray:
    """Return the frequencies in Hz of Slaney mels."""
    knee = 1000 / _LINEAR_HERTZ
    return np.where(
        mel < knee,
        mel * _LINEAR_HERTZ,
        1000 * np.exp(_LOG_STEP * (np.maximum(mel, knee) - knee)),
    )


@cache
def _hann() -> np.ndarray:
    return 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(FRAME) / FRAME)


@cache
def _mel_bands() -> np.ndarray:
    """Return the mel filter bank, (257, 64): what ``librosa.filters.mel`` gives.

    Triangles of unit area between points that are evenly spaced in mel. Written out here because
    librosa with its compiler takes seconds and 140 MB to import, for these numbers alone.
    """
    lowest, highest = hertz_to_mel(np.array([50.0, 8000.0]))
    edges = mel_to_hertz(np.linspace(lowest, highest, N_MELS + 2))
    bins = np.fft.rfftfreq(FRAME, 1 / SAMPLE_RATE)[:, None]
    low, centre, high = edges[:-2], edges[1:-1], edges[2:]
    rising, falling = (bins - low) / (centre - low), (high - bins) / (high - centre)
    return np.maximum(0, np.minimum(rising, falling)) * 2 / (high - low)


@cache
def _cosines() -> np.ndarray:
    """Return the first 20 columns of the orthonormal DCT-II, (64, 20)."""
    basis = np.cos(np.pi * np.outer(np.arange(N_MELS) + 0.5, np.arange(N_MFCC)) / N_MELS)
    basis *= np.sqrt(2 / N_MELS)
    basis[:, 0] /= np.sqrt(2)
    return basis
