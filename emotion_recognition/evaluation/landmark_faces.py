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

"""Faces on which landmarks are measured: cut out as the recogniser does it, with their images."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from emotion_recognition.corpora.clip_window import read_strip
from emotion_recognition.corpora.ferplus import load_ferplus
from emotion_recognition.evaluation.landmark_teacher import Square, around_crop
from emotion_recognition.vision.align import Placement, cut_face, place_face, points_of
from emotion_recognition.vision.detect import FaceDetector

STRIP_STEP = 4  # of the 20 faces of a strip, every fourth
FRAMES_PER_CLIP = 3


@dataclass(frozen=True)
class CutFace:
    """A face in an image, grey or BGR, and its crop (48, 48) with the way it was cut out."""

    image: NDArray[np.uint8]
    crop: NDArray[np.uint8]
    placement: Placement

    @property
    def surroundings(self) -> Square:
        """Where the teacher looks for this face first."""
        square = around_crop(self.crop.shape[0])
        centre = self.placement.to_image(square.centre[np.newaxis])[0].astype(np.float64)
        factor = self.placement.factor
        return Square(centre, square.side / abs(factor), -float(np.angle(factor)))


def ferplus_faces(folder: Path, split: str) -> Iterator[CutFace]:
    """Give all images of a split of FER+, which are crops already."""
    for image in load_ferplus(folder, split).images:  # type: ignore[arg-type]
        yield CutFace(image, image, Placement(1 + 0j, 0j))


def strip_faces(folder: Path, detector: FaceDetector) -> Iterator[CutFace | None]:
    """Give faces out of strips of 224x224 crops; None where the detector finds none."""
    for path in sorted(folder.glob("*.jpg")):
        for grey in read_strip(path)[::STRIP_STEP]:
            yield cut_out(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR), detector)


def clip_faces(folder: Path, detector: FaceDetector) -> Iterator[CutFace | None]:
    """Give the faces of some frames, evenly spread, of every clip of a folder."""
    for path in sorted(folder.glob("*.mp4")):
        with av.open(str(path)) as container:
            frames = list(container.decode(video=0))
        places = (np.arange(FRAMES_PER_CLIP) + 0.5) / FRAMES_PER_CLIP * len(frames)
        for place in places.astype(int):
            image = frames[place].to_ndarray(format="bgr24")
            if image.std() > 1:  # some clips fade in from black
                yield cut_out(image, detector)


def cut_out(image: NDArray[np.uint8], detector: FaceDetector) -> CutFace | None:
    """Cut out the face of which a detector is surest; None if it finds none."""
    found = detector.detect(image)
    if not found:
        return None
    placement = place_face(points_of(max(found, key=lambda detection: detection.score)))
    return CutFace(image, cut_face(image, placement), placement)
