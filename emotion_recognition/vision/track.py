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

"""Following faces from frame to frame, and choosing those that are the subjects.

Each new detection goes to the track whose predicted place and size it fits best, nearest pairs
first. Everything is measured in fractions of the frame, so a camera that changes its resolution
does not lose its faces.
"""

from dataclasses import dataclass

import numpy as np

from emotion_recognition.estimate import Box
from emotion_recognition.vision.detect import Detection

MAX_STEP = 1.0  # a face moves at most its own size between two frames, beside its steady motion
MAX_GROWTH = 0.7  # and changes its size by a factor of two at most (natural logarithm)
MOTION_MEMORY = 0.5  # weight of the old velocity against the newest
PROMINENCE_MEMORY = 0.8  # the same for a face's prominence, which detectors see with some noise
RIVAL_LEAD = 1.5  # another face must be this much more prominent to become the subject


@dataclass(frozen=True)
class Track:
    """A face that keeps its number from frame to frame, as it was seen in the newest frame.

    ``prominence`` is in [0, 1]: the share of the frame that the face covers, times its score, less
    up to one half towards the corners; a running mean over the frames that showed it.
    """

    id: int
    box: Box
    score: float
    points: np.ndarray | None
    prominence: float


@dataclass
class _State:
    """What is remembered of a track; centre and size in fractions of the frame."""

    id: int
    centre: np.ndarray
    size: np.ndarray
    velocity: np.ndarray  # per second
    prominence: float
    seen_ns: int

    def predicted(self, stamp_ns: int) -> np.ndarray:
        return self.centre + self.velocity * ((stamp_ns - self.seen_ns) / 1e9)


class FaceTracker:
    """Gives faces stable numbers and names the subjects.

    A face that is not seen for longer than ``max_age_s`` of sensor time is forgotten: when it comes
    back it is a new one. Numbers are never used twice. A stamp that jumps back forgets all faces.

    The subjects are the ``max_faces`` most prominent faces. Each stays one until it is forgotten,
    or another face is ``RIVAL_LEAD`` times as prominent as the least of them: of two people side by
    side a single subject does not flip to and fro. While a subject is hidden for a moment its place
    is kept, rather than given to somebody else.
    """

    def __init__(self, max_age_s: float = 1.0, max_faces: int = 1) -> None:
        self.max_age_s = max_age_s
        self._max_faces = max_faces
        self._next_id = 1
        self.reset()

    def reset(self) -> None:
        """Forget all faces."""
        self._states: list[_State] = []
        self._stamp_ns: int | None = None
        self._subject_ids: set[int] = set()

    def update(
        self, stamp_ns: int, detections: list[Detection], frame_size: tuple[int, int]
    ) -> list[Track]:
        """Take the faces found in the next frame.

        Args:
            stamp_ns: Sensor time of the frame.
            detections: The faces in it, in any order.
            frame_size: Its width and height in pixels.

        Returns:
            One track for each detection, most prominent first.
        """
        if self._stamp_ns is not None and stamp_ns < self._stamp_ns:
            self.reset()
        self._stamp_ns = stamp_ns
        max_age_ns = round(self.max_age_s * 1e9)
        self._states = [s for s in self._states if stamp_ns - s.seen_ns <= max_age_ns]
        frame = np.array(frame_size, dtype=float)
        places = [_place(detection.box, frame) for detection in detections]
        owners = self._match(stamp_ns, places)
        tracks = []
        for detection, (centre, size), state in zip(detections, places, owners, strict=True):
            prominence = _prominence(centre, size, detection.score)
            if state is None:
                state = _State(self._next_id, centre, size, np.zeros(2), prominence, stamp_ns)
                self._next_id += 1
                self._states.append(state)
            else:
                _move(state, centre, size, stamp_ns)
                state.prominence += (1 - PROMINENCE_MEMORY) * (prominence - state.prominence)
            tracks.append(
                Track(state.id, detection.box, detection.score, detection.points, state.prominence)
            )
        tracks.sort(key=lambda track: (-track.prominence, track.id))
        self._choose_subjects(tracks)
        return tracks

    def subjects(self, tracks: list[Track]) -> list[Track]:
        """Pick those subjects that are seen out of the newest result of ``update``, in order."""
        return [track for track in tracks if track.id in self._subject_ids]

    def _match(
        self, stamp_ns: int, places: list[tuple[np.ndarray, np.ndarray]]
    ) -> list[_State | None]:
        pairs = []
        for number, (centre, size) in enumerate(places):
            for state in self._states:
                step = np.abs(centre - state.predicted(stamp_ns)) / ((size + state.size) / 2)
                growth = np.abs(np.log(size / state.size)).max()
                if step.max() <= MAX_STEP and growth <= MAX_GROWTH:
                    pairs.append((float(np.hypot(*step) + growth), state.id, number, state))
        owners: list[_State | None] = [None] * len(places)
        taken = set()
        for _, state_id, number, state in sorted(pairs, key=lambda pair: pair[:3]):
            if owners[number] is None and state_id not in taken:
                owners[number] = state
                taken.add(state_id)
        return owners

    def _choose_subjects(self, tracks: list[Track]) -> None:
        self._subject_ids &= {state.id for state in self._states}
        for track in tracks:
            if track.id in self._subject_ids:
                continue
            if len(self._subject_ids) < self._max_faces:
                self._subject_ids.add(track.id)
                continue
            seen = self.subjects(tracks)  # most prominent first
            if not seen or track.prominence <= RIVAL_LEAD * seen[-1].prominence:
                return  # nor is any that follows prominent enough
            self._subject_ids.remove(seen[-1].id)
            self._subject_ids.add(track.id)


def _place(box: Box, frame: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    size = np.maximum([box.width, box.height], 1) / frame
    return np.array([box.x, box.y]) / frame + size / 2, size


def _move(state: _State, centre: np.ndarray, size: np.ndarray, stamp_ns: int) -> None:
    elapsed_s = (stamp_ns - state.seen_ns) / 1e9
    if elapsed_s > 0:
        newest = (centre - state.centre) / elapsed_s
        state.velocity = MOTION_MEMORY * state.velocity + (1 - MOTION_MEMORY) * newest
    state.centre, state.size, state.seen_ns = centre, size, stamp_ns


def _prominence(centre: np.ndarray, size: np.ndarray, score: float) -> float:
    off_centre = min(1.0, float(np.hypot(*(centre - 0.5))) / np.sqrt(0.5))
    return float(size.prod()) * score * (1 - off_centre / 2)
