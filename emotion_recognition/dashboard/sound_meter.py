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

"""Level and spectrogram of a live sound, about ten times a second."""

import numpy as np

from emotion_recognition.audio.chunk import AudioChunk
from emotion_recognition.audio.features import FRAME, N_MELS, SAMPLE_RATE, log_mel, power_spectrum
from emotion_recognition.audio.resample import StreamingResampler
from emotion_recognition.dashboard.schemas import LiveAudio, Spectrogram

_STEP = 640  # samples from column to column
_PERIOD = 1600  # samples of a message, at least
_FLOOR_DB = -80.0
_SILENCE_DBFS = -100.0
_GAP_NS = 500_000_000  # after a longer pause the sound starts afresh
SPECTROGRAM = Spectrogram(
    bands=N_MELS, low_hz=50, high_hz=8000, column_s=_STEP / SAMPLE_RATE, floor_db=_FLOOR_DB
)


def _full_scale_db() -> float:
    """What ``log_mel`` gives for a tone of 1 kHz at full scale."""
    tone = np.sin(2 * np.pi * 1000 * np.arange(FRAME) / SAMPLE_RATE)
    return float(log_mel(power_spectrum(tone[None])).max())


_FULL_SCALE_DB = _full_scale_db()


class SoundMeter:
    """Measures one stream of sound, whatever its rate and channels; the mean of these is heard."""

    def __init__(self) -> None:
        self._end_ns = 0
        self._begin(SAMPLE_RATE)

    def _begin(self, rate: int) -> None:
        self._resampler = StreamingResampler(rate, SAMPLE_RATE)
        self._tail = np.zeros(0, np.float32)  # samples that the next column needs
        self._measured = np.zeros(0, np.float32)  # samples since the last message
        self._columns: list[list[int]] = []

    def add(self, chunk: AudioChunk) -> LiveAudio | None:
        """Take a piece of sound; return a message where enough has come together."""
        other_rate = chunk.sample_rate != self._resampler.rate_in
        if other_rate or abs(chunk.stamp_ns - self._end_ns) > _GAP_NS:
            self._begin(chunk.sample_rate)
        self._end_ns = chunk.end_ns
        samples = self._resampler.process(chunk.samples.mean(axis=1))
        self._measured = np.concatenate((self._measured, samples))
        self._tail = np.concatenate((self._tail, samples))
        self._draw()
        if len(self._measured) < _PERIOD:
            return None
        message = LiveAudio(
            time=chunk.end_ns / 1e9,
            level_dbfs=_dbfs(float(np.sqrt(np.mean(np.square(self._measured))))),
            peak_dbfs=_dbfs(float(np.abs(self._measured).max())),
            columns=self._columns,
        )
        self._measured, self._columns = self._measured[:0], []
        return message

    def _draw(self) -> None:
        """Turn what is there into columns."""
        count = max(0, (len(self._tail) - FRAME) // _STEP + 1)
        if count == 0:
            return
        frames = np.stack([self._tail[_STEP * k : _STEP * k + FRAME] for k in range(count)])
        level_db = log_mel(power_spectrum(frames)) - _FULL_SCALE_DB
        shades = np.clip(255 * (1 - level_db / _FLOOR_DB), 0, 255).round().astype(int)
        self._columns += shades.tolist()
        self._tail = self._tail[_STEP * count :]


def _dbfs(amplitude: float) -> float:
    if amplitude <= 0:
        return _SILENCE_DBFS
    return round(float(np.clip(20 * np.log10(amplitude), _SILENCE_DBFS, 0)), 1)
