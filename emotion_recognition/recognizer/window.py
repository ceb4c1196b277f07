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

"""What one window of sensor time holds, and whose voice is whose in it."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from emotion_recognition.estimate import Box
from emotion_recognition.model.emotion_model import VIDEO_STEPS
from emotion_recognition.recognizer.camera import VIDEO_PERIOD_NS, Camera, changes, newest_box
from emotion_recognition.recognizer.part import Mask, Part, step_of, voiced_steps
from emotion_recognition.recognizer.speaker import NOBODY, speakers
from emotion_recognition.windows import Values


@dataclass(frozen=True)
class Face:
    """A face in a window: its camera, that camera's rows, and those that show the face."""

    camera: Camera
    track: int
    video: Part
    own: Part

    @property
    def subject(self) -> str:
        """Its name, unique among all cameras."""
        return self.camera.subject(self.track)

    @property
    def box(self) -> Box | None:
        """Its box in the newest frame; None if that does not show it."""
        return newest_box(self.own) if self.own.newest_ns == self.video.newest_ns else None


@dataclass(frozen=True)
class Window:
    """The sound and the images in (end - length, end].

    Attributes:
        audio: features of the sound.
        sound: its samples; None where the model does not read them.
        videos: of all cameras.
    """

    end_ns: int
    audio: Part
    sound: Part | None
    videos: tuple[tuple[Camera, Part], ...]

    @property
    def fresh(self) -> list[Part]:
        """The streams that come close to its end."""
        return [part for part in (self.audio, *(video for _, video in self.videos)) if part.fresh]

    @property
    def sees(self) -> bool:
        """Whether a camera comes close to its end."""
        return any(video.fresh for _, video in self.videos)

    @property
    def frame_id(self) -> str:
        """That of estimates without a face."""
        return only_frame_id([camera for camera, _ in self.videos])

    def faces(self) -> list[Face]:
        """All faces that the fresh cameras show, in the order of cameras and track ids."""
        return [
            Face(camera, track, video, own)
            for camera, video in self.videos
            if video.fresh
            for track, own in camera.tracks(video).items()
        ]


@dataclass(frozen=True)
class Share:
    """What one estimate is made of: a face or none, and the steps of the sound that are its."""

    face: Face | None
    heard: Mask


def only_frame_id(cameras: Collection[Camera]) -> str:
    """Return the frame id of the only camera; empty if there are several, or none."""
    return next(iter(cameras)).frame_id if len(cameras) == 1 else ""


def newest_stamp(parts: Iterable[Part]) -> int:
    """Return the stamp of the newest row of parts, of which there must be one."""
    return max(each.newest_ns for each in parts)


def newest(faces: Sequence[Face]) -> Face | None:
    """Return the face that was seen last; None of none."""
    return max(faces, key=lambda face: face.own.newest_ns, default=None)


def present(
    faces: Sequence[Face], end_ns: int, gap_ns: int, least_ns: int, most: int
) -> list[Face]:
    """Return the faces that are there: seen ``gap_ns`` ago at most, and first ``least_ns`` ago.

    Of more than ``most`` of one camera those that were seen last, and of these the oldest tracks.
    """
    there = [
        face
        for face in faces
        if end_ns - face.own.newest_ns <= gap_ns and end_ns - face.own.oldest_ns >= least_ns
    ]
    kept = []
    for face in there:
        rivals = [other for other in there if other.camera is face.camera]
        rivals.sort(key=lambda other: (-other.own.newest_ns, other.track))
        if face in rivals[:most]:
            kept.append(face)
    return kept


def shares(
    faces: Sequence[Face], features: Values, active: Mask, heard: Mask, end_ns: int, least_ns: int
) -> list[Share]:
    """Give the voice of a window to the faces that speak.

    Args:
        faces: Those that are there, of all cameras.
        features: (225, 87) the sound on the model's grid.
        active: (225,) which features are there.
        heard: (steps,) which steps are there of what the model reads of the sound.
        end_ns: End of the window.
        least_ns: Of a voice that no face in view speaks with; less is left out.

    Returns:
        One share for each face and, last, one of the voice that is nobody's, if there is enough.
    """
    voiced = voiced_steps(features, active)
    mouths = [changes(face.own, end_ns) for face in faces]
    speaker = speakers(np.array(mouths).reshape(-1, VIDEO_STEPS), voiced)
    of_step = speaker[step_of(len(heard))]
    found = [Share(face, heard & (of_step == index)) for index, face in enumerate(faces)]
    unseen_ns = np.count_nonzero(voiced & (speaker == NOBODY)) * VIDEO_PERIOD_NS
    if not faces or unseen_ns >= least_ns:
        found.append(Share(None, heard & (of_step == NOBODY)))
    return found
