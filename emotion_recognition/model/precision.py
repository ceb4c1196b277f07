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

"""How far a model's probabilities are from those of another, for a choice of precision at load."""

from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

TOLERANCE = 1e-2
"""Probabilities in half precision may differ from float32 by this much, and no more."""

_FACES, _WINDOWS, _PATCHES = 24, 8, 6


class Model(Protocol):
    """What is asked of a model: the inputs that it reads, and what it makes of them."""

    face: Any
    voice_encoder: Any
    audio_shape: tuple[int, int]
    video_shape: tuple[int, int]

    def encode_faces(self, crops: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Vectors (N, D) of N faces."""

    def predict_batch(
        self,
        audio: npt.NDArray[np.float32],
        audio_mask: npt.NDArray[np.bool_],
        video: npt.NDArray[np.float32],
        video_mask: npt.NDArray[np.bool_],
    ) -> list[Any]:
        """Judgements of N windows, each with its ``probabilities``."""


def worst_difference(model: Model, reference: Model) -> float:
    """Return the largest difference of a probability, from faces and sound to the end.

    Both see the same made-up windows: coarse patterns in place of faces, noise of a voice's level,
    each window with both streams and with either alone.

    Args:
        model: What is judged. Infinity is returned if it gives NaN.
        reference: What it is held against; reads the same inputs.
    """
    judged, expected = (_probabilities(each) for each in (model, reference))
    difference = float(np.abs(judged - expected).max())
    return difference if np.isfinite(difference) else float("inf")


def _probabilities(model: Model) -> npt.NDArray[np.float32]:
    """Probabilities (24, C) of the windows."""
    rng = np.random.default_rng(0)
    faces = _patterns(rng, model.face.face_shape)
    steps = model.video_shape[0]
    shown = rng.integers(_FACES, size=(_WINDOWS, steps // 4 + 1)).repeat(4, axis=1)[:, :steps]
    sight = model.encode_faces(faces)[shown]
    level, spread = (-60, 20) if model.voice_encoder is None else (0, 1)
    sound = rng.normal(level, spread, (_WINDOWS, *model.audio_shape)).astype(np.float32)
    heard, seen = np.ones(sound.shape[:2], bool), np.ones(sight.shape[:2], bool)
    found = [
        *model.predict_batch(sound, heard, sight, seen),
        *model.predict_batch(sound, heard, sight, ~seen),
        *model.predict_batch(sound, ~heard, sight, seen),
    ]
    return np.stack([each.probabilities for each in found])


def _patterns(rng: np.random.Generator, shape: tuple[int, ...]) -> npt.NDArray[np.uint8]:
    """Faces (24, *shape) uint8 of coarse patches with some noise."""
    patch = -(-shape[0] // _PATCHES)
    coarse = rng.uniform(40, 200, (_FACES, _PATCHES, _PATCHES))
    images = coarse.repeat(patch, axis=1).repeat(patch, axis=2)[:, : shape[0], : shape[0]]
    if len(shape) == 3:
        images = images[..., None].repeat(shape[2], axis=3)
    return (images + rng.uniform(-20, 20, images.shape)).astype(np.uint8)
