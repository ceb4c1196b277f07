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

"""The recogniser itself: takes up the streams and has the windows judged that are due."""

import logging
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from emotion_recognition.audio.chunk import AudioChunk
from emotion_recognition.audio.features import FEATURE_SIZE, HOP, SAMPLE_RATE
from emotion_recognition.audio.stream import AudioStream
from emotion_recognition.estimate import Estimate, Flags
from emotion_recognition.model.emotion_model import EmotionModel, load_model
from emotion_recognition.recognizer.camera import Camera
from emotion_recognition.recognizer.clock import LATE_NS, Abandoned, SetBack
from emotion_recognition.recognizer.config import RecognizerConfig, RecognizerStatus
from emotion_recognition.recognizer.due import GRACE_NS, DueWindows, Reach, reached_ns
from emotion_recognition.recognizer.judge import Judge
from emotion_recognition.recognizer.part import AUDIO_PERIOD_NS, SECOND_NS, cut
from emotion_recognition.recognizer.window import Window, newest_stamp, only_frame_id
from emotion_recognition.vision.detect import FaceDetector
from emotion_recognition.vision.stream import FaceObservation, FaceStream, VisionConfig
from emotion_recognition.windows import RingBuffer

log = logging.getLogger(__name__)

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
        self._judge = Judge(config, self.model, self._several)
        self._due = DueWindows()
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
        self._judge.reset()
        self._due.reset()
        self._heard_ns: int | None = None  # end of the newest chunk
        self._set_back: SetBack | None = None  # the newest, unless all was forgotten since
        self._abandoned = Abandoned()
        self._waiting_since_ns: int | None = None  # when `unavailable` was first asked in vain

    def reconfigure(self, config: RecognizerConfig) -> None:
        """Go on by other settings with what was seen and heard; smoothing that changes begins anew.

        ``config.audio`` and the detector and number of faces of ``config.vision`` stay as they are.

        Raises:
            model.checkpoint.CheckpointError: what the smoothing needs is missing or damaged.
        """
        self._judge.reconfigure(config)
        self._due.reconfigure(self.config, config)
        self.config = config
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
        # Without a stamp it follows on the one before.
        if chunk.stamp_ns > 0 and not self._is_of_now(None, chunk.stamp_ns):
            return
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
        newest = (camera.newest_ns for camera in self._cameras.values())
        if not self._due.may_come((self._audio_stream.end_ns, *newest), self.config):
            return []
        self._hear()
        up_to_ns = reached_ns(self._reaches(), self.config.stale_ns)
        if up_to_ns is None:
            return []
        period_ns = self.config.period_ns
        due = self._due.take(up_to_ns, self.config)
        if due:
            for camera in self._cameras.values():
                camera.encode()
        if latest_only and due:
            passed_over = [self._window(number * period_ns) for number in due[:-1]]
            self._dropped_estimates += sum(window is not None for window in passed_over)
            due = due[-1:]
        windows = (self._window(number * period_ns) for number in due)
        judged = (self._judge.judge(window) for window in windows if window is not None)
        return [estimate for estimates in judged for estimate in estimates]

    def unavailable(self, now_ns: int) -> Estimate | None:
        """Return the note that all streams have fallen silent; None if not, or already said.

        Args:
            now_ns: the present, on the clock of the stamps.
        """
        arrived = self._newest().values()
        if not arrived and self._waiting_since_ns is None:
            self._waiting_since_ns = now_ns
        last_ns = max(arrived, default=self._waiting_since_ns or now_ns)
        if now_ns - last_ns <= self.config.stale_ns:
            return None
        silent = Flags.AUDIO_STALE | Flags.VIDEO_STALE
        return self._judge.outage(now_ns, last_ns, silent, only_frame_id(self._cameras.values()))

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
        of_now = self._is_of_now(camera.name, stamp_ns)
        # Asked anew, for time may have been set back.
        if not of_now or (camera.newest_ns is not None and stamp_ns <= camera.newest_ns):
            camera.late_frames += 1
            return False
        camera.newest_ns = stamp_ns
        return True

    def _is_of_now(self, source: str | None, stamp_ns: int) -> bool:
        """Whether a message is not left over from before a clock was set back.

        Starts afresh if it is the first from after that; counts gaps that are longer than a window.

        Args:
            source: name of the camera; None: it is sound.
            stamp_ns: that of the message.
        """
        newest = self._newest()
        own_ns = newest.get(source)
        if (
            own_ns is None
            and self._set_back
            and self._set_back.is_left_over(source, stamp_ns, newest)
        ):
            return False
        abandoned = self._abandoned.note(source, stamp_ns, newest)
        if abandoned or (own_ns is not None and stamp_ns - own_ns < -LATE_NS):
            back_s = (max(newest.values()) - stamp_ns) / SECOND_NS
            log.warning("time jumped back by %.1f s: starting afresh", back_s)
            self._clock_jumps += 1
            self.reset()
            self._set_back = SetBack(newest)
        elif own_ns is not None and stamp_ns - own_ns > self.config.window_ns:
            self._gaps += 1  # no window reaches across it, and the streams below start afresh
        return True

    def _newest(self) -> dict[str | None, int]:
        """Newest stamp of each source that has one: of cameras by name, of sound by None."""
        newest = {None: self._heard_ns} | {
            name: camera.newest_ns for name, camera in self._cameras.items()
        }
        return {source: stamp for source, stamp in newest.items() if stamp is not None}

    def _hear(self) -> None:
        """Turn the sound that came into features, all at once, and keep them."""
        features = self._audio_stream.take()
        self._audio.add(features.stamps_ns, features.values)
        if self._sound is not None:
            self._sound.add(features.stamps_ns, features.samples)

    def _reaches(self) -> list[Reach | None]:
        """How far each stream has come."""
        heard_ns = self._audio.newest_ns
        heard = None if heard_ns is None else (heard_ns, heard_ns + AUDIO_PERIOD_NS - 1)
        return [heard, *(camera.reach for camera in self._cameras.values())]

    def _window(self, end_ns: int) -> Window | None:
        """Cut a window out of the buffers; None if it cannot be judged.

        That is, if no fresh stream covers enough of it, or if none comes close to its end, which is
        found out late: when the streams go on after a pause.
        """
        limits = end_ns, self.config.window_ns, self.config.stale_ns
        videos = [(each, cut(each.buffer, *limits)) for each in self._cameras.values()]
        sound = None if self._sound is None else cut(self._sound, *limits)
        window = Window(end_ns, cut(self._audio, *limits), sound, tuple(videos))
        reach_ns = GRACE_NS + round(SECOND_NS / self.config.vision.face_rate)
        if not window.fresh or end_ns - newest_stamp(window.fresh) > reach_ns:
            return None
        covered_ns = max(end_ns - each.oldest_ns for each in window.fresh)
        return window if covered_ns >= self.config.least_ns else None
