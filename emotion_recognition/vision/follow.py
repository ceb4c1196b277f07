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

"""Finding the faces of a stream: sought in the whole image now and then, followed in between.

Where the faces were a tenth of a second ago says nearly where they are. The last network of a
cascade, given those places, moves box and points to the new image and says whether a face is still
there, at a seventh of the cost of the whole cascade; ``docs/performance.md`` has the figures.
"""

import numpy as np

from emotion_recognition.vision.detect import Detection, FaceDetector, FollowingDetector

SEEK_NS = 1_000_000_000
"""The whole image is searched this often, so a new face is overlooked for so long at most. A face
that was lost, and may be behind another, is sought in every frame for so long."""


class FaceFollower:
    """Finds the faces in the frames of one stream. The same frames give the same faces.

    The whole image is searched if ``SEEK_NS`` have passed since it was, if the image's size changed
    or time went back, if there is no face to follow or one was lost less than ``SEEK_NS`` ago, and
    always with a detector that cannot follow.
    """

    def __init__(self, detector: FaceDetector) -> None:
        self._detector = detector
        self.reset()

    def reset(self) -> None:
        """Forget faces and time."""
        self._faces: list[Detection] = []
        self._size = (0, 0)
        self._sought_ns = 0
        self._newest_ns = 0
        self._lost_ns: int | None = None  # when a face was lost that is not back yet

    def find(self, stamp_ns: int, image: np.ndarray) -> list[Detection]:
        """Return the faces of the next frame, uint8 BGR (height, width, 3), in no order."""
        faces = self._followed(stamp_ns, image)
        if len(faces) < max(1, len(self._faces)):
            faces = self._detector.detect(image)
            self._sought_ns = stamp_ns
            if len(faces) != len(self._faces):
                self._lost_ns = stamp_ns if len(faces) < len(self._faces) else None
        self._faces, self._newest_ns, self._size = faces, stamp_ns, image.shape[:2]
        return faces

    def _followed(self, stamp_ns: int, image: np.ndarray) -> list[Detection]:
        if not isinstance(self._detector, FollowingDetector):
            return []
        goes_on = self._newest_ns < stamp_ns < self._sought_ns + SEEK_NS
        if self._lost_ns is not None and 0 < stamp_ns - self._lost_ns < SEEK_NS:
            return []
        if not (self._faces and goes_on and image.shape[:2] == self._size):
            return []
        return self._detector.follow(image, self._faces)
