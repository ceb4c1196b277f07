"""The recogniser itself: takes up the streams and gives the estimates that are due."""

import logging
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from emotion_recognition.audio.chunk import AudioChunk
from emotion_recognition.audio.features import FEATURE_SIZE, HOP, SAMPLE_RATE
from emotion_recognition.audio.stream import AudioStream
from emotion_recognition.estimate import Estimate, Flags
from emotion_recognition.model.emotion_model import EmotionModel, Prediction, load_model
from emotion_recognition.recognizer import part
from emotion_recognition.recognizer.camera import Camera, vectors
from emotion_recognition.recognizer.config import RecognizerConfig, RecognizerStatus
from emotion_recognition.recognizer.part import AUDIO_PERIOD_NS, SECOND_NS, Mask, Part
from emotion_recognition.recognizer.steady import Steadying
from emotion_recognition.recognizer.window import Face, Share, Window, newest, present, shares
from emotion_recognition.vision.detect import FaceDetector
from emotion_recognition.vision.stream import FaceObservation, FaceStream, VisionConfig
from emotion_recognition.windows import RingBuffer, Values

log = logging.getLogger(__name__)

GRACE_NS = 250_000_000
"""How long a stream that lags is waited for, in the other streams' time."""
LATE_NS = SECOND_NS
"""A stamp that is further back than this is a clock that was set back, not a late message."""
_AUDIO_BYTES = 4 << 20  # several times what a window takes


class Recognizer:
    """Estimates the emotions of people from camera frames and sound. Not thread-safe.

    Each face and each piece of sound is encoded once, together with those that came since the
    estimate before; an estimate slices the buffers and runs the fusion network on them, once for
    all that are due at the same time.
    """

    def __init__(
        self,
        config: RecognizerConfig,
        model: EmotionModel | None = None,
        cameras: Sequence[str] = ("",),
        detector: FaceDetector | None = None,
    ) -> None:
        """Build the streams.

        Args:
            config: Settings.
            model: None: the shipped one is loaded.
            cameras: Names of the cameras. Subjects bear that of their camera in front, as in
                ``front/3``; those of a camera without a name are numbers only.
            detector: Finds the faces, in place of the one that the settings name.

        Raises:
            ValueError: two cameras have the same name.
            model.checkpoint.CheckpointError: the shipped weights, or the parameters of the
                smoothing, are missing or damaged.
            vision.detect.DetectorError: the face detector is missing or damaged.
        """
        self.config = config
        self.model = model or load_model()
        self._audio_stream = AudioStream(config.audio)
        self._audio = RingBuffer(FEATURE_SIZE, self.config.span_ns, _AUDIO_BYTES)
        self._sound = (  # the samples themselves, where the model has a voice encoder
            None
            if self.model.voice_encoder is None
            else RingBuffer(HOP, self.config.span_ns, _AUDIO_BYTES)
        )
        # Whose voice it is, is a question only where more than one face may be seen.
        self._several = config.vision.max_faces > 1 or len(cameras) != 1
        self._faces = FaceStream(self._vision(), detector)
        self.detector_name = self._faces.detector_name
        self._cameras: dict[str, Camera] = {}
        self.set_cameras(cameras)
        self._steadying = Steadying(config)
        self._chunks = self._dropped_estimates = self._clock_jumps = self._gaps = 0
        self._forget()
        self._warm_up()

    def set_cameras(self, names: Sequence[str]) -> None:
        """Go on with these cameras: new ones begin, those that are not named are forgotten.

        Raises:
            ValueError: two have the same name.
        """
        if len(set(names)) < len(names):
            raise ValueError(f"cameras {list(names)}: expected names that differ")
        self._cameras = {name: self._cameras.get(name) or self._camera(name) for name in names}

    def _camera(self, name: str) -> Camera:
        stream = self._faces.of_another_camera()
        return Camera(name, self._vision(), stream, self.model, self.config.span_ns)

    def _vision(self) -> VisionConfig:
        vision = self.config.vision
        return replace(vision, landmarks=vision.landmarks or self._several)

    def reset(self) -> None:
        """Forget what was seen and heard; counts stay."""
        self._audio.clear()
        if self._sound is not None:
            self._sound.clear()
        self._audio_stream.reset()
        for camera in self._cameras.values():
            camera.clear()
        self._forget()

    def _forget(self) -> None:
        self._steadying.reset()
        self._heard_ns: int | None = None  # end of the newest chunk
        self._next_window: int | None = None  # windows are numbered end / period
        self._subject = ""
        self._in_outage = False
        self._waiting_since_ns: int | None = None  # when `unavailable` was first asked in vain

    def reconfigure(self, config: RecognizerConfig) -> None:
        """Go on by other settings with what was seen and heard; smoothing that changes begins anew.

        ``config.audio`` and the detector and number of faces of ``config.vision`` stay as they are.

        Raises:
            model.checkpoint.CheckpointError: what the smoothing needs is missing or damaged.
        """
        before, steadied = self.config, ("smoothing", "smoothing_s", "window_s")
        if any(getattr(config, name) != getattr(before, name) for name in steadied):
            self._steadying = Steadying(config)
        self.config = config
        if self._next_window is not None:  # the first one that ends after all that were judged
            judged_ns = (self._next_window - 1) * before.period_ns
            self._next_window = judged_ns // config.period_ns + 1
        for buffer in (self._audio, self._sound):
            if buffer is not None:
                buffer.span_ns = config.span_ns
        for camera in self._cameras.values():
            camera.reconfigure(self._vision(), config.span_ns)

    def wants_frame(self, stamp_ns: int, camera: str = "") -> bool:
        """Take note that a frame arrived; return whether it is to be decoded and added."""
        source = self._cameras[camera]
        source.count()
        return self._is_next_frame(source, stamp_ns) and source.wants(stamp_ns)

    def add_frame(
        self, stamp_ns: int, image: NDArray[np.uint8], frame_id: str = "", camera: str = ""
    ) -> None:
        """Look for the faces in a frame, (H, W, 3) uint8 BGR, and keep them."""
        source = self._cameras[camera]
        if stamp_ns == source.newest_ns or self._is_next_frame(source, stamp_ns):
            source.add(stamp_ns, image, frame_id)

    def faces(self, camera: str = "") -> list[FaceObservation]:
        """The faces of the subjects in the newest frame that was added, most prominent first."""
        return self._cameras[camera].faces

    def add_audio(self, chunk: AudioChunk) -> None:
        """Take in a piece of sound."""
        self._chunks += 1
        if chunk.stamp_ns > 0:  # otherwise it follows on the one before
            self._check_clock(self._heard_ns, chunk.stamp_ns)
        self._heard_ns = max(chunk.end_ns, self._heard_ns or chunk.end_ns)
        self._audio_stream.put(chunk)

    def estimates(self, latest_only: bool = False) -> list[Estimate]:
        """Return the estimates of the windows that have become due, oldest first.

        With several faces or cameras a window has one estimate for each face that is there, in the
        order of cameras and track ids, and one more for a voice that no face in view speaks with.

        Args:
            latest_only: give those of the newest window alone, and count the others as dropped. For
                a machine that does not keep up: what is late is of no use.
        """
        if not self._may_be_due():
            return []
        self._hear()
        reached_ns = self._reached_ns()
        if reached_ns is None:
            return []
        period_ns = self.config.period_ns
        last = reached_ns // period_ns
        oldest = (reached_ns - self.config.span_ns) // period_ns + 1  # the buffers hold no more
        due = range(max(oldest, self._next_window or oldest), last + 1)
        self._next_window = max(last + 1, self._next_window or 0)
        if due:
            for camera in self._cameras.values():
                camera.encode()
        if latest_only and due:
            passed_over = [self._window(number * period_ns) for number in due[:-1]]
            self._dropped_estimates += sum(window is not None for window in passed_over)
            due = due[-1:]
        windows = (self._window(number * period_ns) for number in due)
        return [one for window in windows if window is not None for one in self._judged(window)]

    def unavailable(self, now_ns: int) -> Estimate | None:
        """Return the note that all streams have fallen silent; None if not, or already said.

        Args:
            now_ns: the present, on the clock of the stamps.
        """
        seen = [camera.newest_ns for camera in self._cameras.values()]
        arrived = [stamp for stamp in (self._heard_ns, *seen) if stamp is not None]
        if not arrived and self._waiting_since_ns is None:
            self._waiting_since_ns = now_ns
        last_ns = max(arrived, default=self._waiting_since_ns or now_ns)
        if now_ns - last_ns <= self.config.stale_ns:
            return None
        return self._outage(now_ns, last_ns, Flags.AUDIO_STALE | Flags.VIDEO_STALE)

    def status(self) -> RecognizerStatus:
        """Counts and fill levels."""
        cameras = self._cameras.values()
        audio_ns = (self._audio.newest_ns or 0) - (self._audio.oldest_ns or 0)
        buffers = (self._audio, *(camera.buffer for camera in cameras))
        return RecognizerStatus(
            cameras=tuple(camera.status(self.config.window_ns) for camera in cameras),
            audio_chunks=self._chunks,
            audio_fill=min(1.0, audio_ns / self.config.window_ns),
            newest_audio_ns=self._heard_ns,
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

    def _is_next_frame(self, camera: Camera, stamp_ns: int) -> bool:
        """Whether a frame goes on in time; faces are followed forwards only."""
        self._check_clock(camera.newest_ns, stamp_ns)
        if camera.newest_ns is not None and stamp_ns <= camera.newest_ns:
            camera.late_frames += 1
            return False
        camera.newest_ns = stamp_ns
        return True

    def _check_clock(self, newest_ns: int | None, stamp_ns: int) -> None:
        """Start afresh if time was set back; count gaps that are longer than a window."""
        if newest_ns is None:
            return
        ahead_ns = stamp_ns - newest_ns
        if ahead_ns < -LATE_NS:
            log.warning("time jumped back by %.1f s: starting afresh", -ahead_ns / SECOND_NS)
            self._clock_jumps += 1
            self.reset()
        elif ahead_ns > self.config.window_ns:
            self._gaps += 1  # no window reaches across it, and the streams below start afresh

    def _may_be_due(self) -> bool:
        """Whether the stream that is ahead has reached the next window's end: others must have."""
        stamps = (
            self._audio_stream.end_ns,
            *(camera.newest_ns for camera in self._cameras.values()),
        )
        ahead_ns = max((stamp for stamp in stamps if stamp is not None), default=None)
        if ahead_ns is None:
            return False
        return self._next_window is None or ahead_ns >= self._next_window * self.config.period_ns

    def _hear(self) -> None:
        """Turn the sound that came into features, all at once, and keep them."""
        features = self._audio_stream.take()
        self._audio.add(features.stamps_ns, features.values)
        if self._sound is not None:
            self._sound.add(features.stamps_ns, features.samples)

    def _reached_ns(self) -> int | None:
        """Time up to which windows are due: none that no stream has reached."""
        heard_ns = self._audio.newest_ns
        heard = None if heard_ns is None else (heard_ns, heard_ns + AUDIO_PERIOD_NS - 1)
        streams = (heard, *(camera.reach for camera in self._cameras.values()))
        reached = [reach for reach in streams if reach is not None]
        if not reached:
            return None
        lead = max(newest for newest, _ in reached)
        lag = min(complete for newest, complete in reached if lead - newest <= self.config.stale_ns)
        return max(min(lag, lead), lead - GRACE_NS)

    def _window(self, end_ns: int) -> Window | None:
        """Cut a window out of the buffers; None if it cannot be judged.

        That is, if no fresh stream covers enough of it, or if none comes close to its end, which is
        found out late: when the streams go on after a pause.
        """
        limits = end_ns, self.config.window_ns, self.config.stale_ns
        videos = [(each, part.cut(each.buffer, *limits)) for each in self._cameras.values()]
        window = Window(end_ns, part.cut(self._audio, *limits), tuple(videos))
        reach_ns = GRACE_NS + round(SECOND_NS / self.config.vision.face_rate)
        if not window.fresh or end_ns - _newest_ns(window.fresh) > reach_ns:
            return None
        covered_ns = max(end_ns - each.oldest_ns for each in window.fresh)
        return window if covered_ns >= self.config.least_ns else None

    def _judged(self, window: Window) -> list[Estimate]:
        """The estimates of one window, or the note of an outage that begins with it."""
        end_ns = window.end_ns
        features, active = part.voice(window.audio, end_ns)
        voice, heard = self._voice(features, active, end_ns)
        flags = Flags(0)
        if not window.audio.fresh:
            flags |= Flags.AUDIO_STALE
        elif not heard.any():
            flags |= Flags.NO_SPEECH
        faces = window.faces()
        if not window.sees:
            flags |= Flags.VIDEO_STALE
        elif not faces:
            flags |= Flags.NO_FACE
        found = []
        for share in self._shares(faces, features, active, heard, end_ns):
            sight = vectors(share.face.own if share.face else None, end_ns, self.model)
            if share.heard.any() or sight[1].any():
                found.append((share, voice, share.heard, *sight))
        if not found:
            parts = [*window.fresh, *(face.own for face in faces if self._several)]
            flags |= self._partial(parts, end_ns)
            note = self._outage(end_ns, _newest_ns(window.fresh), flags)
            return [] if note is None else [note]
        self._in_outage = False
        owners, *streams = zip(*found, strict=True)
        predictions = self.model.predict_batch(*(np.stack(stream) for stream in streams))
        return [
            self._estimate(window, share.face, prediction, flags)
            for share, prediction in zip(owners, predictions, strict=True)
        ]

    def _shares(
        self, faces: list[Face], features: Values, active: Mask, heard: Mask, end_ns: int
    ) -> list[Share]:
        if not self._several:
            return [Share(newest(faces), heard)]
        vision = self.config.vision
        gap_ns = round(vision.max_gap_s * SECOND_NS)
        there = present(faces, end_ns, gap_ns, self.config.least_ns, vision.max_faces)
        return shares(there, features, active, heard, end_ns, self.config.least_ns)

    def _estimate(
        self, window: Window, face: Face | None, prediction: Prediction, flags: Flags
    ) -> Estimate:
        """One subject's estimate; ``flags`` are those of the whole window."""
        subject = "" if face is None else face.subject
        parts = window.fresh
        if self._several:
            own = [] if face is None else [face.own]
            parts = [*([window.audio] if window.audio.fresh else []), *own]
        flags |= self._partial(parts, window.end_ns)
        probabilities, valence, arousal, intensity = self._steadying.update(
            self._steadied_as(subject), window.end_ns, prediction
        )
        if max(probabilities) < self.config.withhold_below:
            flags |= Flags.WITHHELD
        return Estimate(
            stamp_ns=window.end_ns,
            window_ns=self.config.window_ns,
            newest_ns=_newest_ns(parts),
            labels=tuple(self.model.labels),
            probabilities=probabilities,
            valence=valence,
            arousal=arousal,
            intensity=intensity,
            audio_weight=prediction.audio_weight,
            video_weight=prediction.video_weight,
            flags=flags,
            subject=subject,
            face=None if face is None or self.config.redact else face.box,
            frame_id=self._frame_id(face),
            model=self.model.id,
        )

    def _steadied_as(self, subject: str) -> str:
        """Which smoothing goes on: with one face that of the voice and the face together."""
        if self._several:
            return subject
        if subject and self._subject and subject != self._subject:
            self._steadying.reset()
        self._subject = subject or self._subject
        return ""

    def _voice(self, features: Values, active: Mask, end_ns: int) -> tuple[Values, Mask]:
        """What the model hears of a window: features, or vectors of its voice encoder."""
        if self._sound is None or self.model.voice_encoder is None:
            return features, active
        if not active.any():
            steps, width = self.model.audio_shape
            return np.zeros((steps, width), np.float32), np.zeros(steps, bool)
        sound = part.cut(self._sound, end_ns, self.config.window_ns, self.config.stale_ns)
        return part.voice_vectors(sound, end_ns, self.model)

    def _partial(self, parts: Sequence[Part], end_ns: int) -> Flags:
        """Whether one of the parts does not fill the window."""
        # The first sample of a full window may lie one sample after its beginning.
        full_ns = self.config.window_ns - 2 * SECOND_NS / self.config.vision.face_rate
        short = any(end_ns - each.oldest_ns < full_ns for each in parts)
        return Flags.PARTIAL_WINDOW if short else Flags(0)

    def _frame_id(self, face: Face | None) -> str:
        """Of the camera that shows the face, or else of the only camera."""
        cameras = list(self._cameras.values())
        if face is not None:
            return face.camera.frame_id
        return cameras[0].frame_id if len(cameras) == 1 else ""

    def _outage(self, stamp_ns: int, newest_ns: int, flags: Flags) -> Estimate | None:
        """The note that there is nothing to say, once until there is again."""
        if self._in_outage:
            return None
        self._in_outage = True
        self._steadying.reset()
        return Estimate(
            stamp_ns=stamp_ns,
            window_ns=self.config.window_ns,
            newest_ns=newest_ns,
            flags=flags,
            frame_id=self._frame_id(None),
            model=self.model.id,
        )


def _newest_ns(parts: Sequence[Part]) -> int:
    return max(each.newest_ns for each in parts)
