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

import numpy as np
import pytest

from emotion_recognition.estimate import Box
from emotion_recognition.evaluation.ravdess_actor01 import (
    benchmark_ravdess_actor01,
    face_window,
)
from emotion_recognition.vision.detect import Detection


class BrightDetector:
    """Finds one face in every image that is not black."""

    name = "bright"
    gives_points = False

    def detect(self, image: np.ndarray) -> list[Detection]:
        return [Detection(Box(40, 20, 140, 180), 0.9, None)] if image.any() else []


class MeanEncoder:
    """Encodes a face by its mean grey."""

    def encode_faces(self, crops: np.ndarray) -> np.ndarray:
        return np.repeat(crops.mean(axis=(1, 2))[:, None], 128, axis=1).astype(np.float32)


def pictures() -> np.ndarray:
    """Twenty flat pictures, each of its own grey; the sixth is black."""
    images = np.ones((20, 224, 224), np.uint8) * (10 + np.arange(20, dtype=np.uint8))[:, None, None]
    images[5] = 0
    return images


def test_faces_stand_where_their_time_is() -> None:
    vectors, mask = face_window(MeanEncoder(), BrightDetector(), pictures(), 3.6)
    # One picture each 0.18 s: the middles of the first are at 0.09 s, 0.27 s, 0.45 s.
    assert np.flatnonzero(mask)[:4].tolist() == [0, 2, 4, 6]
    assert vectors[[0, 2, 4], 0].tolist() == [10, 11, 12]
    assert mask.sum() == 19 and not mask[9]  # the sixth, at 0.99 s, shows no face
    assert (vectors[~mask] == 0).all()


def test_what_lies_outside_of_the_window_is_left_out() -> None:
    vectors, mask = face_window(MeanEncoder(), BrightDetector(), pictures(), 7.2)
    # The window holds 1.8 s to 5.4 s of the clip. Pictures stand every 0.36 s from 0.18 s on: the
    # first in it, the black sixth at 1.98 s, shows no face; the seventh stands at 2.34 s.
    assert np.flatnonzero(mask)[0] == 5 and vectors[5, 0] == 16
    assert mask.sum() == 9 and vectors[np.flatnonzero(mask)[-1], 0] == 24


def test_missing_clips_are_named(tmp_path) -> None:
    with pytest.raises(FileNotFoundError, match="ravdess_actor01_faces"):
        benchmark_ravdess_actor01(tmp_path, tmp_path)
