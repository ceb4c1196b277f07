"""The streaming recogniser: frames and sound in, one estimate for each window of sensor time out.

Everything here is decided by sensor stamps alone, so a live node and an offline run over the same
messages give the same estimates. Windows end at the multiples of ``1 / publish_rate`` of sensor
time, and hold what lies in ``(end - window, end]``. A window is due once every live stream has
reached its end; a stream that lags is waited for up to ``GRACE_NS`` of the other's time.

A stream carries a window if it is fresh at its end and has something to say: a face, or a voice. A
window that no stream can carry gives one note of an outage (an estimate without labels), and then
nothing until there is something to say again.
"""

import logging
import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from emotion_recognition.audio.chunk import AudioChunk
from emotion_recognition.audio.features import FEATURE_SIZE, FEATURES, HOP, SAMPLE_RATE
from emotion_recognition.audio.stream import AudioConfig, AudioStream
from emotion_recognition.estimate import Box, Estimate, Flags
from emotion_recognition.model.emotion_model import (
    AUDIO_STEPS,
    VIDEO_STEPS,
    WINDOW_S,
    EmotionModel,
    Prediction,
    load_model,
)
from emotion_recognition.model.frame_encoder import FrameEncoder
from emotion_recognition.smoothing import Smoother
from emotion_recognition.vision.stream import FaceStream, VisionConfig
from emotion_recognition.windows import RingBuffer, Stamps, Values, to_grid

log = logging.getLogger(__name__)

SECOND_NS = 1_000_000_000
GRACE_NS = 250_000_000
"""How long a stream that lags is waited for, in the other stream's time."""
LATE_NS = SECOND_NS
"""A stamp that is further back than this is a clock that was set back, not a late message."""
MIN_VOICE_S = 0.1
"""Less activity in a window is a click, not a voice."""

AUDIO_PERIOD_NS = HOP * SECOND_NS // SAMPLE_RATE
VIDEO_PERIOD_NS = round(WINDOW_S / VIDEO_STEPS * SECOND_NS)
_BUFFER_BYTES = 4 << 20  # a stream; several times what a window takes at the highest rates

# A row of the video buffer: track id (NO_TRACK: a frame without a face), box, vector.
_NO_TRACK = -1
_BOX = slice(1, 5)
_VECTOR = slice(5, 5 + FrameEncoder.VECTOR_SIZE)
_SPEECH = FEATURES["speech"].start


@dataclass(frozen=True)
class RecognizerConfig:
    """Settings of the recogniser; ValueError names the field that is out of its range."""

    window_s: float = WINDOW_S  # length of a window, at most the model's
    publish_rate: float = 4.0  # windows a second
    min_window_s: float = 1.0  # estimates begin once a stream has covered this much
    stale_after_s: float = 1.0  # a stream that is silent for longer is left out
    smoothing_s: float = 0.5  # time constant of the smoothing; 0: none
    withhold_below: float = 0.35  # estimates of lower confidence are flagged WITHHELD
    audio: AudioConfig = field(default_factory=AudioConfig)
    vision: VisionConfig = field(default_factory=VisionConfig)

    def __post_init__(self) -> None:
        shortest_stale = 2 / self.vision.face_rate
        for name, low, high in (
            ("window_s", 0.5, WINDOW_S),
            ("publish_rate", 0.1, 30.0),
            ("min_window_s", 0.1, self.window_s),
            ("stale_after_s", shortest_stale, 10.0),  # longer than from one face to the next
            ("smoothing_s", 0.0, 10.0),
            ("withhold_below", 0.0, 1.0),
        ):
            value = getattr(self, name)
            if not low <= value <= high:
                raise ValueError(f"{name} is {value}; allowed: {low:g} to {high:g}")


@dataclass(frozen=True)
class RecognizerStatus:
    """What has gone through a recogniser, for diagnostics. Fills are shares of the window, 0 to 1."""

    frames: int  # that arrived
    faces: int  # frames in which the subject's face was found
    late_frames: int  # left out because they were late or duplicate
    audio_chunks: int
    audio_fill: float
    video_fill: float
    newest_audio_ns: int | None
    newest_video_ns: int | None
    dropped_samples: int  # given up because the buffers were full
    dropped_estimates: int  # due, but passed over for newer ones
    clock_jumps: int  # a clock was set back: everything was forgotten
    gaps: int  # a stream was silent for longer than a window: it was forgotten


class _Stream:
    """The buffer of one stream, and the newest stamp that arrived (which may not be buffered)."""

    def __init__(self, width: int, span_ns: int) -> None:
        self.buffer = RingBuffer(width, span_ns, _BUFFER_BYTES)
        self.newest_ns: int | None = None

    def clear(self) -> None:
        self.buffer.clear()
        self.newest_ns = None


@dataclass(frozen=True)
class _Part:
    """One stream's share of a window: rows in time order, and whether they reach its end."""

    stamps: Stamps
    rows: Values
    fresh: bool

    def covers_ns(self, end_ns: int) -> int:
        return end_ns - int(self.stamps[0]) if self.fresh else 0


class Recognizer:
    """Estimates the emotion of one person from camera frames and sound. Not thread-safe.

    Frames and chunks are encoded once, when they arrive; an estimate slices two buffers and runs
    the fusion network on them.
    """

    def __init__(self, config: RecognizerConfig, model: EmotionModel | None = None) -> None:
        """Build the streams; without ``model`` the shipped one is loaded.

        Raises:
            model.checkpoint.CheckpointError: the shipped weights are missing or damaged.
            vision.detect.DetectorError: the face detector is missing or damaged.
        """
        self.config = config
        self.model = model or load_model()
        self._window_ns = round(config.window_s * SECOND_NS)
        self._period_ns = round(SECOND_NS / config.publish_rate)
        self._stale_ns = round(config.stale_after_s * SECOND_NS)
        # Beyond the window: one stream may run ahead of the other until that is stale.
        self._span_ns = self._window_ns + self._stale_ns + 2 * SECOND_NS
        self._audio_stream = AudioStream(config.audio)
        self._face_stream = FaceStream(config.vision)
        self._audio = _Stream(FEATURE_SIZE, self._span_ns)
        self._video = _Stream(_VECTOR.stop, self._span_ns)
        self._smoother = Smoother(config.smoothing_s, gap_s=config.window_s)
        self._frames = self._faces = self._late_frames = self._chunks = 0
        self._dropped_estimates = self._clock_jumps = self._gaps = 0
        self._forget()

    def reset(self) -> None:
        """Forget what was seen and heard; counts stay."""
        self._audio.clear()
        self._audio_stream.reset()
        self._video.clear()
        self._face_stream.reset()
        self._forget()

    def _forget(self) -> None:
        self._smoother.reset()
        self._next_window: int | None = None  # windows are numbered end / period
        self._subject = ""
        self._frame_id = ""
        self._in_outage = False
        self._waiting_since_ns: int | None = None  # when `unavailable` was first asked in vain

    def wants_frame(self, stamp_ns: int) -> bool:
        """Take note that a frame arrived; return whether it is to be decoded and added."""
        self._frames += 1
        return self._is_next_frame(stamp_ns) and self._face_stream.wants(stamp_ns)

    def add_frame(self, stamp_ns: int, image: NDArray[np.uint8], frame_id: str = "") -> None:
        """Look for the face in a frame, (H, W, 3) uint8 BGR, and keep its vector."""
        if stamp_ns != self._video.newest_ns and not self._is_next_frame(stamp_ns):
            return
        self._frame_id = frame_id
        row = np.zeros(_VECTOR.stop, np.float32)
        row[0] = _NO_TRACK
        face = self._face_stream.add(stamp_ns, image)
        if face is not None:
            self._faces += 1
            row[0] = face.track_id
            row[_BOX] = (face.box.x, face.box.y, face.box.width, face.box.height)
            row[_VECTOR] = self.model.encode_faces(face.crop[None])[0]
        self._video.buffer.add([stamp_ns], row[None])

    def add_audio(self, chunk: AudioChunk) -> None:
        """Turn a piece of sound into features and keep them."""
        self._chunks += 1
        self._check_clock(self._audio, chunk.stamp_ns)
        self._audio.newest_ns = max(chunk.end_ns, self._audio.newest_ns or chunk.end_ns)
        features = self._audio_stream.add(chunk)
        self._audio.buffer.add(features.stamps_ns, features.values)

    def estimates(self, latest_only: bool = False) -> list[Estimate]:
        """Return the estimates of the windows that have become due, oldest first.

        Args:
            latest_only: give the newest alone, and count the others as dropped. For a machine that
                does not keep up: what is late is of no use.
        """
        reached_ns = self._reached_ns()
        if reached_ns is None:
            return []
        newest = reached_ns // self._period_ns
        oldest = (reached_ns - self._span_ns) // self._period_ns + 1  # before that, all is forgotten
        due = range(max(oldest, self._next_window or oldest), newest + 1)
        self._next_window = max(newest + 1, self._next_window or 0)
        if latest_only and due:
            passed_over = sum(self._is_ready(number * self._period_ns) for number in due[:-1])
            self._dropped_estimates += passed_over
            due = due[-1:]
        found = (self._estimate(number * self._period_ns) for number in due)
        return [estimate for estimate in found if estimate is not None]

    def unavailable(self, now_ns: int) -> Estimate | None:
        """Return the note that both streams have fallen silent; None if not, or already said.

        Args:
            now_ns: the present, on the clock of the stamps.
        """
        newest = [s.newest_ns for s in (self._audio, self._video) if s.newest_ns is not None]
        if not newest and self._waiting_since_ns is None:
            self._waiting_since_ns = now_ns
        last_ns = max(newest, default=self._waiting_since_ns or now_ns)
        if now_ns - last_ns <= self._stale_ns:
            return None
        return self._outage(now_ns, last_ns, Flags.AUDIO_STALE | Flags.VIDEO_STALE)

    def status(self) -> RecognizerStatus:
        """Counts and fill levels."""
        buffers = (self._audio.buffer, self._video.buffer)
        audio_fill, video_fill = (
            min(1.0, ((b.newest_ns or 0) - (b.oldest_ns or 0)) / self._window_ns) for b in buffers
        )
        return RecognizerStatus(
            frames=self._frames,
            faces=self._faces,
            late_frames=self._late_frames,
            audio_chunks=self._chunks,
            audio_fill=audio_fill,
            video_fill=video_fill,
            newest_audio_ns=self._audio.newest_ns,
            newest_video_ns=self._video.newest_ns,
            dropped_samples=sum(buffer.dropped for buffer in buffers),
            dropped_estimates=self._dropped_estimates,
            clock_jumps=self._clock_jumps,
            gaps=self._gaps,
        )

    def _is_next_frame(self, stamp_ns: int) -> bool:
        """Whether a frame goes on in time; a face is followed forwards only."""
        self._check_clock(self._video, stamp_ns)
        newest = self._video.newest_ns
        if newest is not None and stamp_ns <= newest:
            self._late_frames += 1
            return False
        self._video.newest_ns = stamp_ns
        return True

    def _check_clock(self, stream: _Stream, stamp_ns: int) -> None:
        """Forget what a jump back or a long gap has cut off from a message of this time."""
        if stream.newest_ns is None:
            return
        ahead_ns = stamp_ns - stream.newest_ns
        if ahead_ns < -LATE_NS:
            log.warning("time jumped back by %.1f s: starting afresh", -ahead_ns / SECOND_NS)
            self._clock_jumps += 1
            self.reset()
        elif ahead_ns > self._window_ns:
            self._gaps += 1
            stream.clear()
            (self._audio_stream if stream is self._audio else self._face_stream).reset()

    def _reached_ns(self) -> int | None:
        """Time up to which windows are due."""
        reached = [
            time for time in (self._audio.buffer.newest_ns, self._video.newest_ns) if time is not None
        ]
        if not reached:
            return None
        lead, lag = max(reached), min(reached)
        return lead if lead - lag > self._stale_ns else max(lag, lead - GRACE_NS)

    def _part(self, stream: _Stream, end_ns: int) -> _Part:
        stamps, rows = stream.buffer.window(end_ns - self._window_ns, end_ns)
        return _Part(stamps, rows, len(stamps) > 0 and stamps[-1] > end_ns - self._stale_ns)

    def _is_ready(self, end_ns: int) -> bool:
        """Whether a fresh stream covers enough of the window."""
        parts = (self._part(self._audio, end_ns), self._part(self._video, end_ns))
        return self._covers_enough(end_ns, *parts)

    def _covers_enough(self, end_ns: int, *parts: _Part) -> bool:
        covered_ns = max(part.covers_ns(end_ns) for part in parts)
        return covered_ns >= self.config.min_window_s * SECOND_NS

    def _estimate(self, end_ns: int) -> Estimate | None:
        audio, video = self._part(self._audio, end_ns), self._part(self._video, end_ns)
        if not self._covers_enough(end_ns, audio, video):
            return None
        flags = self._coverage_flags(end_ns, audio, video)
        voice, voice_mask = _voice(audio, end_ns)
        if audio.fresh and not voice_mask.any():
            flags |= Flags.NO_SPEECH
        track, face, face_mask = _subject(video, end_ns)
        if video.fresh and track is None:
            flags |= Flags.NO_FACE
        newest_ns = int(max(part.stamps[-1] for part in (audio, video) if part.fresh))
        if not voice_mask.any() and not face_mask.any():
            return self._outage(end_ns, newest_ns, flags)
        self._in_outage = False
        prediction = self.model.predict(voice, voice_mask, face, face_mask)
        subject = "" if track is None else str(track)
        probabilities, valence, arousal, intensity = self._smoothed(end_ns, subject, prediction)
        if max(probabilities) < self.config.withhold_below:
            flags |= Flags.WITHHELD
        return Estimate(
            stamp_ns=end_ns,
            window_ns=self._window_ns,
            newest_ns=newest_ns,
            labels=tuple(self.model.labels),
            probabilities=probabilities,
            valence=valence,
            arousal=arousal,
            intensity=intensity,
            audio_weight=prediction.audio_weight,
            video_weight=prediction.video_weight,
            flags=flags,
            subject=subject,
            face=_newest_box(video),
            frame_id=self._frame_id,
            model=self.model.id,
        )

    def _coverage_flags(self, end_ns: int, audio: _Part, video: _Part) -> Flags:
        flags = Flags(0)
        if not audio.fresh:
            flags |= Flags.AUDIO_STALE
        if not video.fresh:
            flags |= Flags.VIDEO_STALE
        # The first sample of a full window may lie one sample after its beginning.
        full_ns = self._window_ns - 2 * SECOND_NS / self.config.vision.face_rate
        if any(part.fresh and part.covers_ns(end_ns) < full_ns for part in (audio, video)):
            flags |= Flags.PARTIAL_WINDOW
        return flags

    def _smoothed(
        self, end_ns: int, subject: str, prediction: Prediction
    ) -> tuple[tuple[float, ...], float, float, float]:
        if subject and self._subject and subject != self._subject:
            self._smoother.reset()
        self._subject = subject or self._subject
        scores = (prediction.valence, prediction.arousal, prediction.intensity)
        numbers = np.array([*prediction.probabilities, *scores], np.float64)
        *probabilities, valence, arousal, intensity = self._smoother.update(end_ns, numbers).tolist()
        return tuple(probabilities), valence, arousal, intensity

    def _outage(self, stamp_ns: int, newest_ns: int, flags: Flags) -> Estimate | None:
        """The note that there is nothing to say, once until there is again."""
        if self._in_outage:
            return None
        self._in_outage = True
        self._smoother.reset()
        return Estimate(
            stamp_ns=stamp_ns,
            window_ns=self._window_ns,
            newest_ns=newest_ns,
            flags=flags,
            frame_id=self._frame_id,
            model=self.model.id,
        )


def _voice(audio: _Part, end_ns: int) -> tuple[Values, NDArray[np.bool_]]:
    """Features on the model's grid; nothing if no voice is active, for it knows only voices."""
    active_s = np.count_nonzero(audio.rows[:, _SPEECH]) * AUDIO_PERIOD_NS / SECOND_NS
    used = slice(None) if audio.fresh and active_s >= MIN_VOICE_S else slice(0)
    return to_grid(
        audio.stamps[used], audio.rows[used], end_ns, AUDIO_STEPS, AUDIO_PERIOD_NS, AUDIO_PERIOD_NS
    )


def _subject(video: _Part, end_ns: int) -> tuple[int | None, Values, NDArray[np.bool_]]:
    """Track of the newest face, and its vectors on the model's grid; those of others are left out."""
    tracks = video.rows[:, 0]
    shown = tracks[tracks != _NO_TRACK]
    track = int(shown[-1]) if video.fresh and len(shown) else None
    own = tracks == (math.nan if track is None else track)
    vectors, mask = to_grid(
        video.stamps[own],
        video.rows[own, _VECTOR],
        end_ns,
        VIDEO_STEPS,
        VIDEO_PERIOD_NS,
        VIDEO_PERIOD_NS,
    )
    return track, vectors, mask


def _newest_box(video: _Part) -> Box | None:
    if not video.fresh or video.rows[-1, 0] == _NO_TRACK:
        return None
    return Box(*(int(number) for number in video.rows[-1, _BOX]))
