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

"""One camera: the faces of its newest frame, and the buffer of what its frames showed.

A row of the buffer is a frame. It has a slot for each face that may be followed; what a slot holds
is the face's track id, its box, the opening of its mouth and its vector.
"""

import numpy as np
from numpy.typing import NDArray

from emotion_recognition.estimate import Box
from emotion_recognition.model.emotion_model import VIDEO_STEPS, WINDOW_S, EmotionModel
from emotion_recognition.recognizer.config import CameraStatus
from emotion_recognition.recognizer.part import SECOND_NS, Mask, Part
from emotion_recognition.recognizer.speaker import mouth_changes
from emotion_recognition.vision.align import cut_face
from emotion_recognition.vision.stream import FaceObservation, FaceStream, VisionConfig
from emotion_recognition.windows import RingBuffer, Values, to_grid

VIDEO_PERIOD_NS = round(WINDOW_S / VIDEO_STEPS * SECOND_NS)
MOST_WAITING = 2
"""Frames whose faces are encoded together: cheaper than singly, and few enough that no estimate has
to wait for many."""

_NO_TRACK = -1  # a slot that holds no face
_TRACK = 0
_BOX = slice(1, 5)
_MOUTH = 5
_VECTOR = slice(6, None)
_NUMBER_BYTES = np.dtype(np.float32).itemsize


class Camera:
    """What is kept of one camera; bounded, however many people walk by.

    Attributes:
        name: Prefix of its subjects; empty: they have none.
        faces: Of the subjects in the newest frame, most prominent first.
        frame_id: Of the newest frame.
        newest_ns: Stamp of the newest frame that arrived (which may not be buffered).
    """

    def __init__(
        self, name: str, config: VisionConfig, stream: FaceStream, model: EmotionModel, span_ns: int
    ) -> None:
        """Start with nothing seen; ``span_ns``: time that is kept."""
        self.name = name
        self._slots = config.max_faces
        self._stream = stream
        self._model = model
        self._width = _VECTOR.start + model.face.vector_size
        storage = self._bytes(config.face_rate, span_ns)
        self.buffer = RingBuffer(self._slots * self._width, span_ns, storage)
        self._frames = self._shown = self.late_frames = 0
        self._waiting: list[tuple[int, Values, list[NDArray[np.uint8]]]] = []
        self.clear()

    def reconfigure(self, config: VisionConfig, span_ns: int) -> None:
        """Go on by other rates and thresholds with what was seen."""
        self._stream.reconfigure(config)
        self.buffer = self.buffer.resized(span_ns, self._bytes(config.face_rate, span_ns))

    def _bytes(self, face_rate: float, span_ns: int) -> int:
        """Storage for twice the rows that the rate allows for, and as many as slack."""
        row_bytes = self._slots * self._width * _NUMBER_BYTES
        most_rows = 2 * (2 + int(span_ns / SECOND_NS * face_rate))
        return 2 * most_rows * (row_bytes + _NUMBER_BYTES * 2)

    def clear(self) -> None:
        """Forget what was seen; counts stay."""
        self._waiting.clear()
        self.buffer.clear()
        self._stream.reset()
        self.faces: list[FaceObservation] = []
        self.frame_id = ""
        self.newest_ns: int | None = None

    def count(self) -> None:
        """Take note that a frame arrived."""
        self._frames += 1

    def wants(self, stamp_ns: int) -> bool:
        """Whether a frame is to be decoded and added."""
        return self._stream.wants(stamp_ns)

    @property
    def reach(self) -> tuple[int, int] | None:
        """Stamp of the newest frame, and time up to which none is missing; None without one."""
        if self.newest_ns is None:
            return None
        return self.newest_ns, max(self.newest_ns, self._stream.complete_ns or 0)

    def add(self, stamp_ns: int, image: NDArray[np.uint8], frame_id: str) -> None:
        """Look for the faces in a frame, (H, W, 3) uint8 BGR; they wait for ``encode``."""
        self.frame_id = frame_id
        self.faces = self._stream.add_all(stamp_ns, image)
        self._shown += bool(self.faces)
        row = np.zeros((self._slots, self._width), np.float32)
        row[:, _TRACK] = _NO_TRACK
        for slot, face in zip(row, self.faces, strict=False):
            slot[_TRACK] = face.track_id
            slot[_BOX] = (face.box.x, face.box.y, face.box.width, face.box.height)
            geometry = face.geometry
            slot[_MOUTH] = np.nan if geometry is None else geometry.mouth_opening
        crops = [_crop(image, face, self._model) for face in self.faces]
        self._waiting.append((stamp_ns, row, crops))
        if len(self._waiting) >= MOST_WAITING:
            self.encode()

    def encode(self) -> None:
        """Encode the faces that wait, all at once, and buffer what their frames showed."""
        crops = [crop for _, _, crops in self._waiting for crop in crops]
        found = iter(self._model.encode_faces(np.stack(crops)) if crops else ())
        for stamp_ns, row, crops in self._waiting:
            for slot in row[: len(crops)]:
                slot[_VECTOR] = next(found)
            self.buffer.add([stamp_ns], row.reshape(1, -1))
        self._waiting.clear()

    def subject(self, track: int) -> str:
        """Name of a track, unique among all cameras."""
        return f"{self.name}/{track}" if self.name else str(track)

    def tracks(self, video: Part) -> dict[int, Part]:
        """Split the rows of a window by the faces that they show; by ascending id."""
        slots = video.rows.reshape(len(video.rows), self._slots, self._width)
        ids = slots[:, :, _TRACK]
        found = {}
        for track in np.unique(ids[ids != _NO_TRACK]):
            rows, places = np.nonzero(ids == track)
            found[int(track)] = Part(video.stamps[rows], slots[rows, places], video.fresh)
        return found

    def status(self, window_ns: int) -> CameraStatus:
        """Counts, and how much of a window is filled."""
        span_ns = (self.buffer.newest_ns or 0) - (self.buffer.oldest_ns or 0)
        return CameraStatus(
            name=self.name,
            frames=self._frames,
            faces=self._shown,
            late_frames=self.late_frames,
            fill=min(1.0, span_ns / window_ns),
            newest_ns=self.newest_ns,
        )


def vectors(face: Part | None, end_ns: int, model: EmotionModel) -> tuple[Values, Mask]:
    """Vectors of one face on the model's grid, and which are there; None: of nobody."""
    if face is None:
        return np.zeros((VIDEO_STEPS, model.face.vector_size), np.float32), np.zeros(
            VIDEO_STEPS, bool
        )
    return _on_grid(face, face.rows[:, _VECTOR], end_ns)


def changes(face: Part, end_ns: int) -> Values:
    """Changes of a face's mouth on the model's grid, (36,); NaN where they are not known."""
    values = mouth_changes(face.stamps, face.rows[:, _MOUTH])
    gridded, there = _on_grid(face, values[:, None], end_ns)
    return np.where(there, gridded[:, 0], np.nan).astype(np.float32)


def newest_box(face: Part) -> Box:
    """Box of a face where it was last seen."""
    return Box(*(int(number) for number in face.rows[-1, _BOX]))


def _on_grid(face: Part, values: Values, end_ns: int) -> tuple[Values, Mask]:
    return to_grid(face.stamps, values, end_ns, VIDEO_STEPS, VIDEO_PERIOD_NS, VIDEO_PERIOD_NS)


def _crop(
    image: NDArray[np.uint8], face: FaceObservation, model: EmotionModel
) -> NDArray[np.uint8]:
    """The face as the model's encoder reads it: cut anew where that is not the stream's crop."""
    if face.crop.shape == model.face.face_shape:
        return face.crop
    size, colour = model.face.size, model.face.channels == 3
    return cut_face(image, face.placement.resized(size), size, colour)
