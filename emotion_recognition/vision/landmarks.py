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

"""The 68 landmarks of a face, found in its aligned crop and placed in the image."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from emotion_recognition.model.landmark_network import LandmarkNetwork, load_landmark_network
from emotion_recognition.vision.align import Placement

MAX_ERROR = 0.1
"""Inter-ocular units. Faces whose landmarks are expected to be worse are left without: they are
turned away, covered, or none. The benchmark ``landmarks`` says what this lets through."""


@dataclass(frozen=True)
class Landmarks:
    """Where the parts of a face are; ``model/face_points.py`` names the points.

    ``points`` (68, 2) float32 in pixels of the full image; ``expected_error`` the mean error that
    the network expects of them, as a share of the distance between the outer corners of the eyes.
    """

    points: np.ndarray
    expected_error: float


class LandmarkFinder:
    """Finds landmarks on aligned faces; not to be shared between threads."""

    def __init__(self, weights: Path | None = None) -> None:
        """Load the network, the shipped one if ``weights`` is None.

        Raises:
            model.checkpoint.CheckpointError: The weights are missing or damaged.
        """
        self._network, _ = load_landmark_network(weights)

    def find(self, crop: np.ndarray, placement: Placement) -> Landmarks | None:
        """Find the landmarks of one face.

        Args:
            crop: uint8 grey (48, 48), as ``align.cut_face`` gives it.
            placement: By which it was cut out of the image.

        Returns:
            The landmarks, or None where they cannot be trusted.
        """
        return self.find_all([crop], [placement])[0]

    def find_all(
        self, crops: Sequence[np.ndarray], placements: Sequence[Placement]
    ) -> list[Landmarks | None]:
        """Find the landmarks of several faces in one run of the network; as ``find`` for each."""
        if not crops:
            return []
        points, errors = predict_landmarks(self._network, np.stack(crops))
        return [
            Landmarks(placement.to_image(face), float(error))
            if error <= MAX_ERROR and abs(placement.factor) >= 1e-6
            else None
            for face, error, placement in zip(points, errors, placements, strict=True)
        ]


@torch.inference_mode()
def predict_landmarks(
    network: LandmarkNetwork, crops: np.ndarray, batch_size: int = 256
) -> tuple[np.ndarray, np.ndarray]:
    """Run a network on crops (N, 48, 48) uint8.

    Returns:
        Points (N, 68, 2) float32 in pixels of the crops, and the expected errors (N,).

    Raises:
        ValueError: The crops have another shape or type.
    """
    size = LandmarkNetwork.FACE_SIZE
    if crops.ndim != 3 or crops.shape[1:] != (size, size) or crops.dtype != np.uint8:
        raise ValueError(
            f"face crops {crops.shape} {crops.dtype}: expected (N, {size}, {size}) uint8"
        )
    network.eval()
    batches = torch.from_numpy(np.ascontiguousarray(crops)).unsqueeze(1).split(batch_size)
    found = [network(batch.float() / 255) for batch in batches]
    points, doubts = (torch.cat(parts) for parts in zip(*found, strict=True))
    return points.numpy(), doubts.exp().numpy()
