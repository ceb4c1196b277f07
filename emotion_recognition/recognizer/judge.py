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

"""What a window says: the estimates of those who are seen and heard in it, or that it is mute."""

from collections.abc import Sequence

import numpy as np

from emotion_recognition.estimate import Estimate, Flags
from emotion_recognition.model.emotion_model import EmotionModel, Prediction
from emotion_recognition.recognizer import part
from emotion_recognition.recognizer.camera import vectors
from emotion_recognition.recognizer.config import RecognizerConfig
from emotion_recognition.recognizer.part import SECOND_NS, Mask, Part
from emotion_recognition.recognizer.steady import Steadying
from emotion_recognition.recognizer.window import (
    Face,
    Share,
    Window,
    newest,
    newest_stamp,
    present,
    shares,
)
from emotion_recognition.windows import Values


class Judge:
    """Turns windows, in the order of time, into estimates.

    It remembers what smoothing needs of the windows before, and whether there is an outage, so that
    one is told once.
    """

    def __init__(self, config: RecognizerConfig, model: EmotionModel, several: bool) -> None:
        """Begin.

        Args:
            config: Settings.
            model: Judges what is seen and heard.
            several: More than one face may be seen, so that it is a question whose the voice is.

        Raises:
            model.checkpoint.CheckpointError: the parameters of the smoothing are missing or
                damaged.
        """
        self._config = config
        self._model = model
        self._several = several
        self._steadying = Steadying(config)
        self.reset()

    def reset(self) -> None:
        """Forget all windows before."""
        self._steadying.reset()
        self._subject = ""
        self._in_outage = False

    def reconfigure(self, config: RecognizerConfig) -> None:
        """Go on by other settings; smoothing that changes begins anew.

        Raises:
            model.checkpoint.CheckpointError: what the smoothing needs is missing or damaged.
        """
        steadied = ("smoothing", "smoothing_s", "window_s")
        if any(getattr(config, name) != getattr(self._config, name) for name in steadied):
            self._steadying = Steadying(config)
        self._config = config

    def judge(self, window: Window) -> list[Estimate]:
        """The estimates of one window, or the note of an outage that begins with it."""
        end_ns = window.end_ns
        features, active = part.voice(window.audio, end_ns)
        voice, heard = self._voice(window, features, active)
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
            sight = vectors(share.face.own if share.face else None, end_ns, self._model)
            if share.heard.any() or sight[1].any():
                found.append((share, voice, share.heard, *sight))
        if not found:
            parts = [*window.fresh, *(face.own for face in faces if self._several)]
            flags |= self._partial(parts, end_ns)
            note = self.outage(end_ns, newest_stamp(window.fresh), flags, window.frame_id)
            return [] if note is None else [note]
        self._in_outage = False
        owners, *streams = zip(*found, strict=True)
        predictions = self._model.predict_batch(*(np.stack(stream) for stream in streams))
        return [
            self._estimate(window, share.face, prediction, flags)
            for share, prediction in zip(owners, predictions, strict=True)
        ]

    def outage(self, stamp_ns: int, newest_ns: int, flags: Flags, frame_id: str) -> Estimate | None:
        """The note that there is nothing to say, once until there is again."""
        if self._in_outage:
            return None
        self._in_outage = True
        self._steadying.reset()
        return Estimate(
            stamp_ns=stamp_ns,
            window_ns=self._config.window_ns,
            newest_ns=newest_ns,
            flags=flags,
            frame_id=frame_id,
            model=self._model.id,
        )

    def _voice(self, window: Window, features: Values, active: Mask) -> tuple[Values, Mask]:
        """What the model hears of a window: features, or vectors of its voice encoder."""
        if window.sound is None:
            return features, active
        if not active.any():
            steps, width = self._model.audio_shape
            return np.zeros((steps, width), np.float32), np.zeros(steps, bool)
        return part.voice_vectors(window.sound, window.end_ns, self._model)

    def _shares(
        self, faces: list[Face], features: Values, active: Mask, heard: Mask, end_ns: int
    ) -> list[Share]:
        if not self._several:
            return [Share(newest(faces), heard)]
        vision, least_ns = self._config.vision, self._config.least_ns
        gap_ns = round(vision.max_gap_s * SECOND_NS)
        there = present(faces, end_ns, gap_ns, least_ns, vision.max_faces)
        return shares(there, features, active, heard, end_ns, least_ns)

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
        if max(probabilities) < self._config.withhold_below:
            flags |= Flags.WITHHELD
        return Estimate(
            stamp_ns=window.end_ns,
            window_ns=self._config.window_ns,
            newest_ns=newest_stamp(parts),
            labels=tuple(self._model.labels),
            probabilities=probabilities,
            valence=valence,
            arousal=arousal,
            intensity=intensity,
            audio_weight=prediction.audio_weight,
            video_weight=prediction.video_weight,
            flags=flags,
            subject=subject,
            face=None if face is None or self._config.redact else face.box,
            frame_id=window.frame_id if face is None else face.camera.frame_id,
            model=self._model.id,
        )

    def _steadied_as(self, subject: str) -> str:
        """Which smoothing goes on: with one face that of the voice and the face together."""
        if self._several:
            return subject
        if subject and self._subject and subject != self._subject:
            self._steadying.reset()
        self._subject = subject or self._subject
        return ""

    def _partial(self, parts: Sequence[Part], end_ns: int) -> Flags:
        """Whether one of the parts does not fill the window."""
        # The first sample of a full window may lie one sample after its beginning.
        full_ns = self._config.window_ns - 2 * SECOND_NS / self._config.vision.face_rate
        short = any(end_ns - each.oldest_ns < full_ns for each in parts)
        return Flags.PARTIAL_WINDOW if short else Flags(0)
