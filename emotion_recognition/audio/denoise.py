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

"""Streaming noise reduction on the power spectrum.

The noise is tracked per frequency with the unbiased MMSE estimator of Gerkmann and Hendriks
("Unbiased MMSE-based noise power estimation with low complexity and low tracking delay", IEEE
TASLP 20(4), 2012), made for the very framing used here (16 kHz, 32 ms frames, 50 % overlap). The
gain is that of the MMSE estimator of the speech power (Wolfe and Godsill, EURASIP J. Applied
Signal Processing 2003:10) at the decision-directed a-priori SNR of Ephraim and Malah (IEEE TASSP
32(6), 1984). A floor sees to it that at most 15 dB is taken off and nothing is cut out.

It works on power, before the features: no sound is synthesised, so there is no delay.
"""

import numpy as np

FLOOR_DB = -15.0

_SPEECH_SNR = 10.0**1.5  # a-priori SNR assumed where speech is present, 15 dB as in the paper
_NOISE_SMOOTHING = 0.8
_PRESENCE_SMOOTHING = 0.9
_PRESENCE_LIMIT = 0.99  # keeps the noise estimate from locking when the noise jumps up
_SNR_SMOOTHING = 0.88  # milder on onsets than the usual 0.98, see docs/audio.md
_MIN_SNR = 10.0**-2.5
_START_FRAMES = 5  # taken as noise before tracking sets in
_SILENCE = 1e-12  # mean power a bin, below the rounding noise of 24-bit sound


class NoiseReducer:
    """Takes stationary noise off the frames of one stream, frame by frame."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget the noise."""
        self._frames = 0
        self._noise = np.zeros(0)
        self._presence = np.zeros(0)
        self._clean_snr = np.zeros(0)

    def process(self, power: np.ndarray) -> np.ndarray:
        """Return power spectra with the noise reduced, (n, bins) from (n, bins), linear."""
        gains = np.empty_like(power)
        for index, spectrum in enumerate(power):
            gains[index] = self._gain(spectrum)
        return gains * power

    def _gain(self, power: np.ndarray) -> np.ndarray:
        """Take in the next frame (bins,); return its gain in power, (bins,)."""
        if power.mean() < _SILENCE:  # digital silence says nothing about the noise
            return np.ones_like(power)
        self._track(power)
        snr = power / self._noise
        prior = _SNR_SMOOTHING * self._clean_snr + (1 - _SNR_SMOOTHING) * np.maximum(snr - 1, 0)
        np.maximum(prior, _MIN_SNR, out=prior)
        wiener = prior / (1 + prior)
        self._clean_snr = wiener**2 * snr
        gain = np.minimum(wiener * (wiener + 1 / np.maximum(snr, _MIN_SNR)), 1)
        return np.maximum(gain, 10 ** (FLOOR_DB / 10))

    def _track(self, power: np.ndarray) -> None:
        """Update the noise power with the next frame."""
        if self._frames < _START_FRAMES:
            if self._frames == 0:
                self._noise = np.zeros_like(power)
                self._presence = np.zeros_like(power)
                self._clean_snr = np.ones_like(power)
            self._frames += 1
            self._noise += (power + _SILENCE - self._noise) / self._frames
            return
        ratio = _SPEECH_SNR / (1 + _SPEECH_SNR)
        presence = 1 / (1 + (1 + _SPEECH_SNR) * np.exp(-ratio * power / self._noise))
        self._presence = _PRESENCE_SMOOTHING * self._presence + (1 - _PRESENCE_SMOOTHING) * presence
        stuck = self._presence > _PRESENCE_LIMIT
        presence[stuck] = np.minimum(presence[stuck], _PRESENCE_LIMIT)
        estimate = (1 - presence) * power + presence * self._noise
        self._noise = _NOISE_SMOOTHING * self._noise + (1 - _NOISE_SMOOTHING) * estimate
        np.maximum(self._noise, _SILENCE, out=self._noise)
