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

"""The landmark network: one aligned face in, 68 points and how far they may be off out."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.fusion import fuse_conv_bn_eval

from emotion_recognition.model.checkpoint import CheckpointError, load_checkpoint
from emotion_recognition.model.face_points import POINTS

KIND = "landmark_network"
SHIPPED_WEIGHTS = Path(__file__).parents[1] / "weights" / "landmarks.safetensors"
"""The weights that come with the package; ``landmarks.md`` beside them is their card."""


@dataclass(frozen=True)
class LandmarkConfig:
    """Channels of the stem, of the three stages, and of the map that the points are read from."""

    stem: int = 16
    widths: tuple[int, int, int] = (32, 48, 96)
    neck: int = 32


class LandmarkNetwork(nn.Module):
    """A small residual network (He et al. 2016) that reads the points off its last map.

    The map keeps its 6x6 places: where a feature is tells more about a point than how strong it is
    on average. A second, linear reading of the same map says how far the points may be off.
    """

    FACE_SIZE: ClassVar[int] = 48

    def __init__(self, config: LandmarkConfig | None = None):
        super().__init__()
        self.config = config = config or LandmarkConfig()
        first, second, third = config.widths
        self.trunk = nn.Sequential(
            _Convolution(1, config.stem, stride=2),
            _Convolution(config.stem, first),
            _Convolution(first, second, stride=2),
            _ResidualBlock(second),
            _Convolution(second, third, stride=2),
            _ResidualBlock(third),
            nn.Conv2d(third, config.neck, 1),
            nn.Flatten(),
        )
        places = config.neck * (self.FACE_SIZE // 8) ** 2
        self.locate = nn.Linear(places, 2 * POINTS)
        self.doubt = nn.Linear(places, 1)

    def forward(self, faces: Tensor) -> tuple[Tensor, Tensor]:
        """Find the points of faces.

        Args:
            faces: (N, 1, 48, 48) grey, in [0, 1]. Each is standardised on its own, so brightness
                and contrast of the camera do not matter.

        Returns:
            The points (N, 68, 2), x and y in pixels of the crop (they may lie outside), and the
            natural logarithm (N,) of the expected mean error in inter-ocular units.
        """
        features = self.trunk(F.instance_norm(faces, eps=1e-6))
        share = self.locate(features).float().view(-1, POINTS, 2)
        points = (share + 0.5) * self.FACE_SIZE - 0.5
        # The doubt looks on: it must not change what the points are read from.
        return points, self.doubt(features.detach()).float().squeeze(1)

    def start_from(self, mean: Tensor) -> None:
        """Let the points of an untrained network be the mean face (68, 2), in pixels."""
        with torch.no_grad():
            self.locate.weight.mul_(0.1)
            self.locate.bias.copy_(((mean + 0.5) / self.FACE_SIZE - 0.5).flatten())

    def config_json(self) -> dict[str, object]:
        """Return the configuration as it is kept in a checkpoint."""
        return asdict(self.config)


def load_landmark_network(path: Path | None = None) -> tuple[LandmarkNetwork, dict[str, str]]:
    """Build the network that a checkpoint holds, ready and folded for inference.

    Args:
        path: The checkpoint; the shipped one if None.

    Returns:
        The network, with every normalisation folded into its convolution, and the metadata.

    Raises:
        CheckpointError: The file is missing, corrupt, or not a checkpoint of this network.
    """
    path = path or SHIPPED_WEIGHTS
    state, metadata = load_checkpoint(path, KIND)
    try:
        config: dict[str, Any] = json.loads(metadata["config"])
        config["widths"] = tuple(config["widths"])
        network = LandmarkNetwork(LandmarkConfig(**config))
        network.load_state_dict(state)
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise CheckpointError(f"{path}: weights do not fit the {KIND}: {error}") from error
    network.eval()
    for part in network.modules():
        if isinstance(part, _Convolution):
            part.fold()
    return network, metadata


class _Convolution(nn.Module):
    """A 3x3 convolution, normalised, with ReLU."""

    def __init__(self, width: int, out_width: int, stride: int = 1):
        super().__init__()
        self.filter = nn.Conv2d(width, out_width, 3, stride, padding=1, bias=False)
        self.norm: nn.BatchNorm2d | nn.Identity = nn.BatchNorm2d(out_width)

    def forward(self, images: Tensor) -> Tensor:
        return F.relu(self.norm(self.filter(images)), inplace=True)

    def fold(self) -> None:
        """Fold the running statistics into the filter, for inference."""
        if isinstance(self.norm, nn.BatchNorm2d):
            self.filter, self.norm = fuse_conv_bn_eval(self.filter, self.norm), nn.Identity()


class _ResidualBlock(nn.Module):
    """Two convolutions whose result is added to what came in."""

    def __init__(self, width: int):
        super().__init__()
        self.first, self.second = _Convolution(width, width), _Convolution(width, width)

    def forward(self, images: Tensor) -> Tensor:
        return images + self.second(self.first(images))
