"""The recogniser itself: takes up both streams and gives the estimates that are due."""

import logging

import numpy as np
from numpy.typing import NDArray

from emotion_recognition.audio.chunk import AudioChunk
from emotion_recognition.audio.features import FEATURE_SIZE, HOP, SAMPLE_RATE
from emotion_recognition.audio.stream import AudioStream
from emotion_recognition.estimate import Estimate, Flags
from emotion_recognition.model.emotion_model import EmotionModel, Prediction, load_model
from emotion_recognition.recognizer import part
from emotion_recognition.recognizer.config import RecognizerConfig, RecognizerStatus
from emotion_recognition.recognizer.part import SECOND_NS, Part
from emotion_recognition.smoothing import ExponentialFilter, make_filter
from emotion_recognition.vision.stream import FaceObservation, FaceStream
from emotion_recognition.windows import RingBuffer, Values

log = logging.getLogger(__name__)

GRACE_NS = 250_000_000
"""How long a stream that lags is waited for, in the other stream's time."""
LATE_NS = SECOND_NS
"""A stamp that is further back than this is a clock that was set back, not a late message."""
_BUFFER_BYTES = 4 << 20  # a stream; several times what a window takes at the highest rates


class _Stream:
    """The buffer of one stream, and the newest stamp that arrived (which may not be buffered)."""

    def __init__(self, width: int, span_ns: int) -> None:
        self.buffer = RingBuffer(width, span_ns, _BUFFER_BYTES)
        self.newest_ns: int | None = None

    def clear(self) -> None:
        self.buffer.clear()
        self.newest_ns = None


class Recognizer:
    """Estimates the emotion of one person from camera frames and sound. Not thread-safe.

    Frames and chunks are encoded once, when they arrive; an estimate slices two buffers and runs
    the fusion network on them.
    """

    def __init__(self, config: RecognizerConfig, model: EmotionModel | None = None) -> None:
        """Build the streams; without ``model`` the shipped one is loaded.

        Raises:
            model.checkpoint.CheckpointError: the shipped weights, or the parameters of the
                smoothing, are missing or damaged.
            vision.detect.DetectorError: the face detector is missing or damaged.
        """
        self.config = config
        self.model = model or load_model()
        self._window_ns = round(config.window_s * SECOND_NS)
        self._period_ns = round(SECOND_NS / config.publish_rate)
        self._stale_ns = round(config.stale_after_s * SECOND_NS)
        self._least_ns = round(config.min_window_s * SECOND_NS)
        self._reach_ns = GRACE_NS + round(SECOND_NS / config.vision.face_rate)
        # Beyond the window: one stream may run ahead of the other until that is stale.
        self._span_ns = self._window_ns + self._stale_ns + 2 * SECOND_NS
        self._audio_stream = AudioStream(config.audio)
        self._face_stream = FaceStream(config.vision)
        self.face: FaceObservation | None = None  # in the newest frame that was added
        self._audio = _Stream(FEATURE_SIZE, self._span_ns)
        self._sound = (  # the samples themselves, where the model has a voice encoder
            None
            if self.model.voice_encoder is None
            else RingBuffer(HOP, self._span_ns, _BUFFER_BYTES)
        )
        self._video = _Stream(part.video_width(self.model), self._span_ns)
        self._steadied = make_filter(config.smoothing, config.smoothing_s, gap_s=config.window_s)
        score_s = 0.0 if config.smoothing == "none" else config.smoothing_s
        self._scores = ExponentialFilter(score_s, gap_s=config.window_s)
        self._frames = self._faces = self._late_frames = self._chunks = 0
        self._dropped_estimates = self._clock_jumps = self._gaps = 0
        self._forget()
        self._warm_up()

    @property
    def detector_name(self) -> str:
        """Which face detector is at work."""
        return self._face_stream.detector_name

    def reset(self) -> None:
        """Forget what was seen and heard; counts stay."""
        self._audio.clear()
        if self._sound is not None:
            self._sound.clear()
        self._audio_stream.reset()
        self._video.clear()
        self._face_stream.reset()
        self.face = None
        self._forget()

    def _forget(self) -> None:
        self._reset_filters()
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
        self.face = self._face_stream.add(stamp_ns, image)
        self._faces += self.face is not None
        self._video.buffer.add([stamp_ns], part.video_row(image, self.face, self.model))

    def add_audio(self, chunk: AudioChunk) -> None:
        """Turn a piece of sound into features and keep them."""
        self._chunks += 1
        if chunk.stamp_ns > 0:  # otherwise it follows on the one before
            self._check_clock(self._audio, chunk.stamp_ns)
        self._audio.newest_ns = max(chunk.end_ns, self._audio.newest_ns or chunk.end_ns)
        features = self._audio_stream.add(chunk)
        self._audio.buffer.add(features.stamps_ns, features.values)
        if self._sound is not None:
            self._sound.add(features.stamps_ns, features.samples)

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
        oldest = (reached_ns - self._span_ns) // self._period_ns + 1  # the buffers hold no more
        due = range(max(oldest, self._next_window or oldest), newest + 1)
        self._next_window = max(newest + 1, self._next_window or 0)
        if latest_only and due:
            passed_over = [self._parts(number * self._period_ns) for number in due[:-1]]
            self._dropped_estimates += sum(parts is not None for parts in passed_over)
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

    def _warm_up(self) -> None:
        """Let the libraries of the audio stream load now, not while the first sound waits."""
        silence = np.zeros((SAMPLE_RATE // 10, 1), np.float32)
        self._audio_stream.add(AudioChunk(SECOND_NS, SAMPLE_RATE, silence))
        self._audio_stream.reset()

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
        """Start afresh if time was set back; count gaps that are longer than a window."""
        if stream.newest_ns is None:
            return
        ahead_ns = stamp_ns - stream.newest_ns
        if ahead_ns < -LATE_NS:
            log.warning("time jumped back by %.1f s: starting afresh", -ahead_ns / SECOND_NS)
            self._clock_jumps += 1
            self.reset()
        elif ahead_ns > self._window_ns:
            self._gaps += 1  # no window reaches across it, and the streams below start afresh

    def _reached_ns(self) -> int | None:
        """Time up to which windows are due."""
        heard_ns, seen_ns = self._audio.buffer.newest_ns, self._video.newest_ns
        if heard_ns is None or seen_ns is None:
            return seen_ns if heard_ns is None else heard_ns
        lead, lag = max(heard_ns, seen_ns), min(heard_ns, seen_ns)
        return lead if lead - lag > self._stale_ns else max(lag, lead - GRACE_NS)

    def _parts(self, end_ns: int) -> tuple[Part, Part] | None:
        """Both streams' parts of a window; None if it cannot be judged.

        That is, if no fresh stream covers enough of it, or if neither comes close to its end, which
        is found out late: when the streams go on after a pause.
        """
        audio, video = (
            part.cut(stream.buffer, end_ns, self._window_ns, self._stale_ns)
            for stream in (self._audio, self._video)
        )
        fresh = [each for each in (audio, video) if each.fresh]
        if not fresh or end_ns - max(each.newest_ns for each in fresh) > self._reach_ns:
            return None
        covered_ns = max(end_ns - each.oldest_ns for each in fresh)
        return (audio, video) if covered_ns >= self._least_ns else None

    def _estimate(self, end_ns: int) -> Estimate | None:
        parts = self._parts(end_ns)
        if parts is None:
            return None
        audio, video = parts
        flags = self._coverage_flags(end_ns, audio, video)
        voice, voice_mask = self._voice(audio, end_ns)
        if audio.fresh and not voice_mask.any():
            flags |= Flags.NO_SPEECH
        track = part.subject(video)
        face, face_mask = part.face(video, track, end_ns)
        if video.fresh and track is None:
            flags |= Flags.NO_FACE
        newest_ns = max(each.newest_ns for each in parts if each.fresh)
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
            face=part.newest_box(video),
            frame_id=self._frame_id,
            model=self.model.id,
        )

    def _voice(self, audio: Part, end_ns: int) -> tuple[Values, part.Mask]:
        """What the model hears of a window: features, or vectors of its voice encoder."""
        features, mask = part.voice(audio, end_ns)
        if self._sound is None or self.model.voice_encoder is None:
            return features, mask
        if not mask.any():
            steps, width = self.model.audio_shape
            return np.zeros((steps, width), np.float32), np.zeros(steps, bool)
        sound = part.cut(self._sound, end_ns, self._window_ns, self._stale_ns)
        return part.voice_vectors(sound, end_ns, self.model.voice_encoder)

    def _coverage_flags(self, end_ns: int, audio: Part, video: Part) -> Flags:
        flags = Flags(0)
        if not audio.fresh:
            flags |= Flags.AUDIO_STALE
        if not video.fresh:
            flags |= Flags.VIDEO_STALE
        # The first sample of a full window may lie one sample after its beginning.
        full_ns = self._window_ns - 2 * SECOND_NS / self.config.vision.face_rate
        if any(each.fresh and end_ns - each.oldest_ns < full_ns for each in (audio, video)):
            flags |= Flags.PARTIAL_WINDOW
        return flags

    def _smoothed(
        self, end_ns: int, subject: str, prediction: Prediction
    ) -> tuple[tuple[float, ...], float, float, float]:
        if subject and self._subject and subject != self._subject:
            self._reset_filters()
        self._subject = subject or self._subject
        probabilities = self._steadied.update(end_ns, prediction.probabilities.astype(np.float64))
        scores = np.array([prediction.valence, prediction.arousal, prediction.intensity])
        valence, arousal, intensity = self._scores.update(end_ns, scores).tolist()
        return tuple(probabilities.tolist()), valence, arousal, intensity

    def _reset_filters(self) -> None:
        self._steadied.reset()
        self._scores.reset()

    def _outage(self, stamp_ns: int, newest_ns: int, flags: Flags) -> Estimate | None:
        """The note that there is nothing to say, once until there is again."""
        if self._in_outage:
            return None
        self._in_outage = True
        self._reset_filters()
        return Estimate(
            stamp_ns=stamp_ns,
            window_ns=self._window_ns,
            newest_ns=newest_ns,
            flags=flags,
            frame_id=self._frame_id,
            model=self.model.id,
        )
