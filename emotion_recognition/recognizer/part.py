"""One stream's share of a window, and what the model gets of it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emotion_recognition.audio.features import FEATURES, HOP, SAMPLE_RATE
from emotion_recognition.estimate import Box
from emotion_recognition.model.backbones import VoiceBackbone
from emotion_recognition.model.backbones.voice_window import window_vectors
from emotion_recognition.model.emotion_model import (
    AUDIO_STEPS,
    VIDEO_STEPS,
    WINDOW_S,
    EmotionModel,
)
from emotion_recognition.vision.align import cut_face
from emotion_recognition.vision.stream import FaceObservation
from emotion_recognition.windows import RingBuffer, Stamps, Values, to_grid

Mask = NDArray[np.bool_]

SECOND_NS = 1_000_000_000
AUDIO_PERIOD_NS = HOP * SECOND_NS // SAMPLE_RATE
VIDEO_PERIOD_NS = round(WINDOW_S / VIDEO_STEPS * SECOND_NS)
MIN_VOICE_S = 0.1
"""Less activity in a window is a click, not a voice."""

_NO_TRACK = -1  # a frame that shows no face
_BOX = slice(1, 5)
_VECTOR = slice(5, None)
_SPEECH = FEATURES["speech"].start


@dataclass(frozen=True)
class Part:
    """One stream's rows in a window, in time order; ``fresh`` if they come close to its end."""

    stamps: Stamps
    rows: Values
    fresh: bool

    @property
    def oldest_ns(self) -> int:
        """Stamp of the first row, of which there must be one."""
        return int(self.stamps[0])

    @property
    def newest_ns(self) -> int:
        """Stamp of the last row, of which there must be one."""
        return int(self.stamps[-1])


def cut(buffer: RingBuffer, end_ns: int, window_ns: int, stale_ns: int) -> Part:
    """Cut the window (end - window, end] out of a buffer."""
    stamps, rows = buffer.window(end_ns - window_ns, end_ns)
    return Part(stamps, rows, len(stamps) > 0 and int(stamps[-1]) > end_ns - stale_ns)


def video_width(model: EmotionModel) -> int:
    """Numbers in a row of the video buffer: track id (or NO_TRACK), box, frame vector."""
    return int(_VECTOR.start) + model.face.vector_size


def video_row(
    image: NDArray[np.uint8], face: FaceObservation | None, model: EmotionModel
) -> Values:
    """Return a row (1, video_width) of the video buffer for what was found in a frame."""
    row = np.zeros((1, video_width(model)), np.float32)
    row[0, 0] = _NO_TRACK
    if face is not None:
        row[0, 0] = face.track_id
        row[0, _BOX] = (face.box.x, face.box.y, face.box.width, face.box.height)
        row[:, _VECTOR] = model.encode_faces(_crop(image, face, model)[None])
    return row


def _crop(
    image: NDArray[np.uint8], face: FaceObservation, model: EmotionModel
) -> NDArray[np.uint8]:
    """The face as the model's encoder reads it: cut anew where that is not the stream's crop."""
    if face.crop.shape == model.face.face_shape:
        return face.crop
    size, colour = model.face.size, model.face.channels == 3
    return cut_face(image, face.placement.resized(size), size, colour)


def voice(audio: Part, end_ns: int) -> tuple[Values, Mask]:
    """Features on the model's grid; none if no voice is active, for the model knows only voices."""
    active_s = np.count_nonzero(audio.rows[:, _SPEECH]) * AUDIO_PERIOD_NS / SECOND_NS
    used = slice(None) if audio.fresh and active_s >= MIN_VOICE_S else slice(0)
    return to_grid(
        audio.stamps[used], audio.rows[used], end_ns, AUDIO_STEPS, AUDIO_PERIOD_NS, AUDIO_PERIOD_NS
    )


def voice_vectors(sound: Part, end_ns: int, encoder: VoiceBackbone) -> tuple[Values, Mask]:
    """Vectors of the voice encoder on the model's grid; rows of ``sound`` are hops of samples."""
    hops, heard = to_grid(
        sound.stamps, sound.rows, end_ns, AUDIO_STEPS, AUDIO_PERIOD_NS, AUDIO_PERIOD_NS
    )
    return window_vectors(encoder, hops, heard)


def subject(video: Part) -> int | None:
    """Track of the newest face in the window; None if there is none."""
    tracks = video.rows[:, 0]
    shown = tracks[tracks != _NO_TRACK]
    return int(shown[-1]) if video.fresh and len(shown) else None


def face(video: Part, track: int | None, end_ns: int) -> tuple[Values, Mask]:
    """Frame vectors of one track on the model's grid, so that two people are never mixed."""
    own = video.rows[:, 0] == track if track is not None else np.zeros(len(video.rows), bool)
    return to_grid(
        video.stamps[own],
        video.rows[own, _VECTOR],
        end_ns,
        VIDEO_STEPS,
        VIDEO_PERIOD_NS,
        VIDEO_PERIOD_NS,
    )


def newest_box(video: Part) -> Box | None:
    """Face box in the newest frame; None if that shows no face."""
    if not video.fresh or video.rows[-1, 0] == _NO_TRACK:
        return None
    return Box(*(int(number) for number in video.rows[-1, _BOX]))
