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

"""The stream of camera frames in, the aligned faces of each frame out."""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from emotion_recognition.estimate import Box
from emotion_recognition.model.face_points import five_points
from emotion_recognition.vision.align import Placement, cut_face, place_face, points_of
from emotion_recognition.vision.detect import DETECTORS, Detection, FaceDetector, make_detector
from emotion_recognition.vision.follow import FaceFollower
from emotion_recognition.vision.geometry import FaceGeometry, face_geometry
from emotion_recognition.vision.landmarks import LandmarkFinder, Landmarks
from emotion_recognition.vision.track import FaceTracker, Track

MAX_FACE_RATE = 60.0
MOST_FACES = 16
RESTART_NS = 1_000_000_000  # a stamp this far back is a clock that was set back, not a late frame


@dataclass(frozen=True)
class VisionConfig:
    """Settings of the face stream; each is checked, with ValueError where it is out of range."""

    detector: str = "auto"  # one of detect.DETECTORS
    detector_model: str = ""  # YuNet's file; empty: the cache folder
    face_rate: float = 10.0  # frames a second in which faces are sought, (0, 60]
    min_face_size: int = 32  # px, longest side of the box; smaller faces are not looked at
    min_score: float = 0.6  # detections below are dropped, [0, 1]
    max_faces: int = 1  # the most prominent ones are followed, 1 to 16
    max_gap_s: float = 1.0  # a face not seen for longer is a new one when it comes back, (0, 10]
    landmarks: bool = False  # find them on each face; without a detector's points always done

    def __post_init__(self) -> None:
        if self.detector not in DETECTORS:
            raise ValueError(f"detector is {self.detector!r}; choose one of {', '.join(DETECTORS)}")
        if not 0 < self.face_rate <= MAX_FACE_RATE:
            raise ValueError(f"face_rate is {self.face_rate}; allowed: above 0, at most 60 (Hz)")
        if self.min_face_size < 1:
            raise ValueError(f"min_face_size is {self.min_face_size}; allowed: 1 or more (pixels)")
        if not 0 <= self.min_score <= 1:
            raise ValueError(f"min_score is {self.min_score}; allowed: 0 to 1")
        if not 1 <= self.max_faces <= MOST_FACES:
            raise ValueError(f"max_faces is {self.max_faces}; allowed: 1 to {MOST_FACES}")
        if not 0 < self.max_gap_s <= 10:
            raise ValueError(f"max_gap_s is {self.max_gap_s}; allowed: above 0, at most 10 (s)")


@dataclass(frozen=True)
class FaceObservation:
    """A subject's face in one frame.

    ``crop`` is uint8 grey (48, 48), aligned, and ``placement`` the way it was cut out.
    ``landmarks`` is None where nobody asked for them or they cannot be trusted.
    """

    stamp_ns: int
    track_id: int
    box: Box
    score: float
    points: np.ndarray | None
    crop: np.ndarray
    placement: Placement
    landmarks: Landmarks | None = None

    @property
    def geometry(self) -> FaceGeometry | None:
        """Openings, heights and widths of the face; None without landmarks."""
        return None if self.landmarks is None else face_geometry(self.landmarks.points)


class FaceStream:
    """Finds, follows and aligns the most prominent faces in a stream of frames.

    The same frames give the same result, live or offline. Not to be shared between threads.
    """

    def __init__(
        self,
        config: VisionConfig,
        detector: FaceDetector | None = None,
        finder: LandmarkFinder | None = None,
    ) -> None:
        """Load the detector that the configuration names, unless one is given.

        Args:
            config: Settings of the stream.
            detector: Used in place of the one that the configuration names.
            finder: Finds the landmarks; None: it is loaded where landmarks are needed.

        Raises:
            vision.detect.DetectorError: It is not there or broken.
            model.checkpoint.CheckpointError: Landmarks are needed, and their weights are not there
                or broken.
        """
        self._config = config
        model = Path(config.detector_model) if config.detector_model else None
        self._detector = detector or make_detector(config.detector, model)
        if finder is None and (config.landmarks or not self._detector.gives_points):
            finder = LandmarkFinder()
        self._finder = finder
        self._follower = FaceFollower(self._detector)
        self._tracker = FaceTracker(config.max_gap_s, config.max_faces)
        self._period_ns = round(1e9 / config.face_rate)
        self._newest_ns: int | None = None
        self.face_count = 0  # in the newest frame, followed or not

    def reconfigure(self, config: VisionConfig) -> None:
        """Go on by other rates and thresholds; the detector and ``max_faces`` stay as they are."""
        self._config = config
        self._period_ns = round(1e9 / config.face_rate)
        self._tracker.max_age_s = config.max_gap_s

    def of_another_camera(self) -> "FaceStream":
        """Return a stream for other frames that shares the networks with this one."""
        return FaceStream(self._config, self._detector, self._finder)

    @property
    def detector_name(self) -> str:
        """Which detector is at work."""
        return self._detector.name

    def wants(self, stamp_ns: int) -> bool:
        """Whether a frame of that time is to be added; asking changes nothing.

        It is, if it is the first of its slot of 1/face_rate on the clock, or if almost that time
        has passed since the last one (a camera about as slow as face_rate then loses no frame to
        jitter). Late and duplicate frames are not; a clock set back starts afresh.
        """
        newest = self._newest_ns
        if newest is None or stamp_ns <= newest - RESTART_NS:
            return True
        return stamp_ns >= self._next_ns(newest)

    @property
    def complete_ns(self) -> int | None:
        """Time up to which no further frame will be wanted; None before the first one."""
        return None if self._newest_ns is None else self._next_ns(self._newest_ns) - 1

    def _next_ns(self, newest_ns: int) -> int:
        """The earliest time of a frame that is wanted after one of ``newest_ns``."""
        next_slot = (newest_ns // self._period_ns + 1) * self._period_ns
        return min(next_slot, newest_ns + math.ceil(0.9 * self._period_ns))

    def add(self, stamp_ns: int, image: np.ndarray) -> FaceObservation | None:
        """As ``add_all``, for one subject: the most prominent one, or None where none is seen."""
        return next(iter(self.add_all(stamp_ns, image)), None)

    def add_all(self, stamp_ns: int, image: np.ndarray) -> list[FaceObservation]:
        """Look for the faces of the subjects in a frame.

        Args:
            stamp_ns: Sensor time of the frame.
            image: uint8 BGR (height, width, 3); the size may change from frame to frame.

        Returns:
            The faces of those subjects that are seen, ``max_faces`` at most, most prominent first.
        """
        self._newest_ns = stamp_ns
        found = [face for face in self._follower.find(stamp_ns, image) if self._is_usable(face)]
        tracks = self._tracker.update(stamp_ns, found, (image.shape[1], image.shape[0]))
        self.face_count = len(tracks)
        subjects = self._tracker.subjects(tracks)
        placements = [
            place_face(points_of(Detection(face.box, face.score, face.points))) for face in subjects
        ]
        crops = [cut_face(image, placement) for placement in placements]
        landmarks: list[Landmarks | None] = [None] * len(subjects)
        if self._finder is not None:
            landmarks = self._finder.find_all(crops, placements)
        return [
            _observation(stamp_ns, image, *parts)
            for parts in zip(subjects, placements, crops, landmarks, strict=True)
        ]

    def reset(self) -> None:
        """Forget faces and time."""
        self._follower.reset()
        self._tracker.reset()
        self._newest_ns = None
        self.face_count = 0

    def _is_usable(self, face: Detection) -> bool:
        longest = max(face.box.width, face.box.height)
        return longest >= self._config.min_face_size and face.score >= self._config.min_score


def _observation(
    stamp_ns: int,
    image: np.ndarray,
    face: Track,
    placement: Placement,
    crop: np.ndarray,
    landmarks: Landmarks | None,
) -> FaceObservation:
    if landmarks is not None and face.points is None:
        # The box alone says little of where the eyes and the mouth are: cut by them instead.
        placement = place_face(five_points(landmarks.points))
        crop = cut_face(image, placement)
    return FaceObservation(
        stamp_ns, face.id, face.box, face.score, face.points, crop, placement, landmarks
    )
