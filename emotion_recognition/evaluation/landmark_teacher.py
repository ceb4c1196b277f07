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

"""The teacher of the face landmarks: MediaPipe's face landmarker, reduced to the 68-point layout.

Its file (``face_landmarker.task``, Google, Apache-2.0) is a zip of TensorFlow Lite networks and is
no part of this package; ``ai-edge-litert`` runs them (the extra ``landmarks``). The network for the
points (Kartynnik et al. 2019, "Real-time facial surface geometry from monocular video on mobile
GPUs"; Grishchenko et al. 2020, "Attention mesh") takes a square of 256x256 pixels, one and a half
times as large as the face and turned upright, and gives 478 points and the logit of a face's
presence. As its authors do in a video, the square is taken from the points of the pass before.
"""

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

FILE = "face_landmarker.task"
MIN_SCORE = 0.5
"""Below this presence the teacher sees no face."""

# Points of the mesh (of 478) that lie where the 68-point layout of 300-W (Sagonas et al. 2013) has
# its points: the correspondence in general use, as in answers to stackoverflow.com/q/69167499.
TO_68 = (
    *(162, 234, 93, 58, 172, 136, 149, 148, 152, 377, 378, 365, 397, 288, 323, 454, 389),  # jaw
    *(71, 63, 105, 66, 107),  # the person's right brow
    *(336, 296, 334, 293, 301),  # left brow
    *(168, 197, 5, 4),  # bridge of the nose
    *(75, 97, 2, 326, 305),  # nostrils
    *(33, 160, 158, 133, 153, 144),  # right eye
    *(362, 385, 387, 263, 373, 380),  # left eye
    *(61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181),  # outer edge of the lips
    *(78, 82, 13, 312, 308, 317, 14, 87),  # inner edge
)
_NETWORK = "face_landmarks_detector.tflite"
_SIDE = 256
_MARGIN = 1.5  # side of the square, in longest sides of the face
_EYES = (33, 263)  # outer corners, which are brought level


class TeacherError(ValueError):
    """The teacher cannot be used: its file or the package that runs it is missing or wrong."""


@dataclass(frozen=True)
class Square:
    """A square part of an image: its centre (x, y) and side in pixels, its turn in radians."""

    centre: NDArray[np.float64]
    side: float
    turn: float = 0.0

    def to_network(self) -> NDArray[np.float64]:
        """Return the 2x3 matrix from pixels of the image to pixels of the network's input."""
        scale = _SIDE / self.side
        cos, sin = scale * np.cos(self.turn), scale * np.sin(self.turn)
        linear = np.array([[cos, sin], [-sin, cos]])
        middle = (_SIDE - 1) / 2
        return np.column_stack([linear, middle - linear @ self.centre])


@dataclass(frozen=True)
class Lessons:
    """What the teacher says of many faces: points (N, 68, 2) in pixels, presence (N,)."""

    points: NDArray[np.float32]
    scores: NDArray[np.float32]

    @property
    def seen(self) -> NDArray[np.bool_]:
        """(N,) whether the teacher saw a face at all."""
        return self.scores >= MIN_SCORE


class LandmarkTeacher:
    """Finds the 68 points of the one face of an image whose place is roughly known."""

    def __init__(self, path: Path) -> None:
        """Load the network out of ``face_landmarker.task``.

        Raises:
            TeacherError: ``ai-edge-litert`` is not installed, or the file is missing or no such
                bundle.
        """
        try:
            from ai_edge_litert.interpreter import Interpreter
        except ImportError as error:
            raise TeacherError(
                "the landmark teacher needs ai-edge-litert: pip install "
                "'emotion_recognition[landmarks]', or pip install -r requirements/landmarks.txt"
            ) from error
        try:
            with zipfile.ZipFile(path) as bundle:
                content = bundle.read(_NETWORK)
            self._network: Any = Interpreter(model_content=content, num_threads=1)
            self._network.allocate_tensors()
        except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
            raise TeacherError(
                f"{path}: expected MediaPipe's {FILE}, a zip that holds {_NETWORK}: {error}"
            ) from error
        self._input = self._network.get_input_details()[0]["index"]
        points, presence, *_ = self._network.get_output_details()
        self._points, self._presence = points["index"], presence["index"]

    def find(self, image: NDArray[np.uint8], start: Square) -> tuple[NDArray[np.float32], float]:
        """Find the points of the face that ``start`` surrounds, by two looks.

        Args:
            image: uint8 BGR (height, width, 3) or grey (height, width).
            start: Where to look first; about 1.5 times as large as the face.

        Returns:
            Points (68, 2), x and y in pixels of the image, and the presence of a face in [0, 1].
        """
        mesh, _ = self._look(image, start)
        mesh, score = self._look(image, surrounding(mesh))
        return mesh[list(TO_68)].astype(np.float32), score

    def _look(self, image: NDArray[np.uint8], square: Square) -> tuple[NDArray[np.float64], float]:
        matrix = square.to_network()
        patch = cv2.warpAffine(
            image, matrix, (_SIDE, _SIDE), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
        )
        code = cv2.COLOR_GRAY2RGB if patch.ndim == 2 else cv2.COLOR_BGR2RGB
        rgb = cv2.cvtColor(patch, code).astype(np.float32) / 255
        self._network.set_tensor(self._input, rgb[np.newaxis])
        self._network.invoke()
        mesh = self._network.get_tensor(self._points).reshape(-1, 3)[:, :2].astype(np.float64)
        logit = float(self._network.get_tensor(self._presence).ravel()[0])
        back = np.linalg.inv(matrix[:, :2])
        return (mesh - 0.5 - matrix[:, 2]) @ back.T, float(1 / (1 + np.exp(-logit)))


def surrounding(mesh: NDArray[np.float64]) -> Square:
    """Return the square for the next look: around the points, eyes level, with the margin."""
    right, left = mesh[list(_EYES)]
    turn = float(np.arctan2(left[1] - right[1], left[0] - right[0]))
    cos, sin = np.cos(turn), np.sin(turn)
    upright = mesh @ np.array([[cos, -sin], [sin, cos]])
    low, high = upright.min(axis=0), upright.max(axis=0)
    centre = np.array([[cos, -sin], [sin, cos]]) @ ((low + high) / 2)
    return Square(centre, _MARGIN * float((high - low).max()), turn)


def around_crop(side: int) -> Square:
    """Return the first square for a grey crop of ``side`` pixels that is framed as in FER+."""
    return Square(np.array([0.5, 0.54]) * side - 0.5, 1.375 * side)


def teach_crops(teacher: LandmarkTeacher, crops: NDArray[np.uint8]) -> Lessons:
    """Let the teacher look at grey face crops (N, side, side), framed as those of FER+ are."""
    start = around_crop(crops.shape[1])
    found = [teacher.find(crop, start) for crop in tqdm(crops, "teacher", mininterval=10)]
    return Lessons(
        np.stack([points for points, _ in found]),
        np.array([score for _, score in found], np.float32),
    )
