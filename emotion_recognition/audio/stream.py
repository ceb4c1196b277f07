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

"""The stream of one microphone: chunks in, feature vectors with sensor time out."""

import threading
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from emotion_recognition.audio.chunk import NS_PER_S, AudioChunk
from emotion_recognition.audio.decode import sanitize
from emotion_recognition.audio.features import (
    FEATURE_SIZE,
    FRAME,
    HOP,
    SAMPLE_RATE,
    FeatureExtractor,
)
from emotion_recognition.audio.resample import StreamingResampler

_SAMPLE_NS = NS_PER_S // SAMPLE_RATE  # exactly 62500
_HOP_NS = HOP * _SAMPLE_NS
_INEXACT_NS = NS_PER_S // 4  # jitter of stamps that are no capture times
_JUMP_NS = NS_PER_S  # stamps this far back mean that time itself went back
_FORGET_NS = 10 * NS_PER_S  # after a gap this long, noise and level are learnt anew
_DRIFT_S = 10.0  # time constant with which the sample clock follows the stamps


@dataclass(frozen=True)
class AudioConfig:
    """How sound is prepared.

    Attributes:
        denoise: Reduce stationary noise.
        normalise: Bring the voice to a standard level.
    """

    denoise: bool = True
    normalise: bool = True


@dataclass(frozen=True)
class AudioFeatures:
    """Feature vectors of consecutive frames.

    Attributes:
        stamps_ns: Sensor time of the END of each frame, int64 (n,).
        values: float32 (n, 87), columns as in ``features.FEATURES``.
        samples: float32 (n, 256), the 16 kHz sound that each frame adds to the one before, as it
            came in: neither denoised nor normalised.
    """

    stamps_ns: np.ndarray
    values: np.ndarray
    samples: np.ndarray


class AudioStream:
    """Turns the chunks of one microphone into features, whatever their rate, channels and length.

    Time is kept by counting samples from the first chunk on. Stamps that differ from the count by
    up to a hop (16 ms) are jitter, and pull the count only slowly, so that a drifting clock is
    followed. Otherwise:

    * a gap starts the framing anew at the new stamp (noise and level are forgotten after 10 s);
    * samples that overlap what was heard are dropped, a duplicate chunk whole;
    * a stamp more than 1 s back is a jump of time, and starts a new signal;
    * another rate or channel count starts the resampler and the framing anew.

    A stamp of 0 is none: the chunk follows on the one before. Inexact stamps
    (``AudioChunk.exact_stamp`` False) may lie 0.25 s late or 1 s early before they count as a
    break.

    Attributes:
        bad_samples: Samples that were not finite (or beyond all reason) and were replaced by 0.
        dropped_samples: Samples dropped because their time had been heard.
        breaks: Gaps, jumps and format changes.
    """

    def __init__(self, config: AudioConfig | None = None):
        config = config or AudioConfig()
        self._extractor = FeatureExtractor(config.denoise, config.normalise)
        self.reset()

    def reset(self) -> None:
        """Forget everything; the next chunk starts a new signal."""
        self.bad_samples = 0
        self.dropped_samples = 0
        self.breaks = 0
        self._extractor.reset()
        self._resampler: StreamingResampler | None = None
        self._channels = 0
        self._start_ns = 0.0  # time of the first sample since the last break
        self._heard = 0  # input samples since then
        self._frames = 0  # frames since then
        self._sound = np.zeros(0, np.float32)  # from the beginning of the next frame on
        # Pieces at 16 kHz whose frames are not extracted yet, and the time of their signal's start.
        self._waiting: list[tuple[np.ndarray, int]] = []
        self._ready: list[AudioFeatures] = []

    @property
    def end_ns(self) -> int | None:
        """Time of the newest sample, which no frame is newer than; None without sound."""
        return None if self._resampler is None else round(self._now_ns())

    def add(self, chunk: AudioChunk) -> AudioFeatures:
        """Take in the next chunk; return the frames that it completes, possibly none."""
        self.put(chunk)
        return self.take()

    def take(self) -> AudioFeatures:
        """Return the frames that the chunks since the last call completed, possibly none."""
        self._extract_waiting()
        ready, self._ready = self._ready, []
        return _join(ready)

    def put(self, chunk: AudioChunk) -> None:
        """Take in the next chunk; its frames wait for ``take``, which costs less for many at once.

        At most a second of sound waits as samples; what is older waits as frames.
        """
        samples, bad = sanitize(chunk.samples)
        self.bad_samples += bad
        if len(samples) == 0:
            return

        format_kept = (
            self._resampler is not None
            and self._resampler.rate_in == chunk.sample_rate
            and self._channels == samples.shape[1]
        )
        early_ns, late_ns = (_HOP_NS, _HOP_NS) if chunk.exact_stamp else (_JUMP_NS, _INEXACT_NS)
        error_ns = self._error_ns(chunk)
        if not format_kept or error_ns > late_ns or error_ns < -_JUMP_NS:
            self._break(chunk, samples.shape[1], error_ns)
        elif error_ns < -early_ns:
            skip = min(round(-error_ns * chunk.sample_rate / NS_PER_S), len(samples))
            self.dropped_samples += skip
            samples = samples[skip:]
        else:
            self._follow(error_ns, len(samples) / chunk.sample_rate)

        assert self._resampler is not None
        self._heard += len(samples)
        self._wait(self._resampler.process(samples.mean(axis=1)))
        if sum(len(piece) for piece, _ in self._waiting) >= SAMPLE_RATE:
            self._extract_waiting()

    def finish(self) -> AudioFeatures:
        """Return the frames still held back by the resampler; the next chunk starts anew."""
        self._close()
        return self.take()

    def _close(self) -> None:
        if self._resampler is not None:
            self._wait(self._resampler.flush())
            self._extract_waiting()
            self._resampler = None

    def _error_ns(self, chunk: AudioChunk) -> float:
        """Return how much later than the sample count the chunk's stamp is."""
        if self._resampler is None or chunk.stamp_ns <= 0:
            return 0.0
        return chunk.stamp_ns - self._now_ns()

    def _now_ns(self) -> float:
        assert self._resampler is not None
        return self._start_ns + self._heard * NS_PER_S / self._resampler.rate_in

    def _break(self, chunk: AudioChunk, channels: int, error_ns: float) -> None:
        """Close the signal so far and start at the chunk."""
        start_ns = float(chunk.stamp_ns)
        if self._resampler is not None:
            self.breaks += 1
            if chunk.stamp_ns <= 0:
                start_ns = self._now_ns()
            self._close()
        if error_ns < -_JUMP_NS or error_ns > _FORGET_NS:
            self._extractor.reset()
        else:
            self._extractor.restart()
        self._resampler = StreamingResampler(chunk.sample_rate, SAMPLE_RATE)
        self._channels = channels
        self._start_ns = start_ns
        self._heard = 0
        self._frames = 0
        self._sound = np.zeros(0, np.float32)

    def _follow(self, error_ns: float, duration_s: float) -> None:
        # At most half a hop at once, so that the stamps of frames always increase.
        shift = error_ns * min(duration_s / _DRIFT_S, 1.0)
        self._start_ns += min(max(shift, -_HOP_NS / 2), _HOP_NS / 2)

    def _wait(self, samples: np.ndarray) -> None:
        self._waiting.append((samples, round(self._start_ns)))

    def _extract_waiting(self) -> None:
        if self._waiting:
            pieces, starts_ns = zip(*self._waiting, strict=True)
            self._waiting.clear()
            self._ready.append(self._extract(pieces, np.array(starts_ns, np.int64)))

    def _extract(self, pieces: tuple[np.ndarray, ...], starts_ns: np.ndarray) -> AudioFeatures:
        """Frames that the next pieces complete; each is timed as when its last sample came."""
        samples = np.concatenate(pieces)
        values = self._extractor.process(samples)
        ends = np.arange(self._frames, self._frames + len(values), dtype=np.int64) * HOP + FRAME
        before = self._frames * HOP + len(self._sound)
        last_pieces = np.searchsorted(before + np.cumsum([len(piece) for piece in pieces]), ends)
        self._frames += len(values)
        self._sound = np.concatenate([self._sound, samples.astype(np.float32)])
        hops = self._sound[HOP : HOP + len(values) * HOP].reshape(-1, HOP)
        self._sound = self._sound[len(values) * HOP :]
        return AudioFeatures(starts_ns[last_pieces] + ends * _SAMPLE_NS, values, hops)


def features_of(
    samples: np.ndarray, sample_rate: int, config: AudioConfig | None = None
) -> np.ndarray:
    """Return the features of a whole signal, through the same stream as live sound.

    Args:
        samples: (n,) or (n, channels), full scale 1.
        sample_rate: Samples per second.
        config: How sound is prepared; None: the defaults.

    Returns:
        (frames, 87) float32; frame i ends 32 + 16 i ms after the start. No frames below 32 ms.
    """
    stream = _stream(config or AudioConfig(), threading.get_ident())
    stream.reset()
    head = stream.add(AudioChunk(0, sample_rate, np.asarray(samples, np.float32)))
    return _join([head, stream.finish()]).values


@lru_cache(maxsize=8)
def _stream(config: AudioConfig, thread: int) -> AudioStream:
    """Return this thread's stream for whole signals: building the voice detector takes 50 ms."""
    return AudioStream(config)


def _join(parts: list[AudioFeatures]) -> AudioFeatures:
    if len(parts) == 1:
        return parts[0]
    return AudioFeatures(
        np.concatenate([np.zeros(0, np.int64), *(part.stamps_ns for part in parts)]),
        np.concatenate([np.zeros((0, FEATURE_SIZE), np.float32), *(part.values for part in parts)]),
        np.concatenate([np.zeros((0, HOP), np.float32), *(part.samples for part in parts)]),
    )
