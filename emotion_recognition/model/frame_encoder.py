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

"""The frame encoder: one aligned face in, one vector and the scores of eight emotions out."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.fusion import fuse_linear_bn_eval

from emotion_recognition.emotions import FERPLUS_CLASSES
from emotion_recognition.model.checkpoint import CheckpointError, load_checkpoint
from emotion_recognition.model.fold import folded

KIND = "frame_encoder"
SHIPPED_WEIGHTS = Path(__file__).parents[1] / "weights" / "frame_encoder.safetensors"
"""The weights that come with the package; ``frame_encoder.md`` beside them is their card."""


@dataclass(frozen=True)
class FrameEncoderConfig:
    """Size of the network: channels of the stem and of each stage, residual blocks per stage."""

    stem: int = 24
    widths: tuple[int, ...] = (48, 96, 192)
    blocks: tuple[int, ...] = (1, 2, 2)
    dropout: float = 0.2

    def __post_init__(self) -> None:
        if len(self.blocks) != len(self.widths) or not self.widths:
            raise ValueError(f"blocks {self.blocks}: expected one number a stage of {self.widths}")
        for name in ("widths", "blocks"):
            if min(getattr(self, name)) < 1:
                raise ValueError(f"{name} {getattr(self, name)}: expected 1 or more")
        if self.stem < 1:
            raise ValueError(f"stem {self.stem}: expected 1 or more")
        if not 0 <= self.dropout < 1:
            raise ValueError(f"dropout {self.dropout}: expected 0 to below 1")


class FrameEncoder(nn.Module):
    """A compact residual network (He et al. 2016) for grey faces of 48 x 48 pixels.

    Two convolutions halve the resolution; each later stage halves it again with its first block.
    The pooled features become the vector, and the vector's positive part the scores. Out of
    training, the vector is the mean over the face and its mirror image.
    """

    FACE_SIZE: ClassVar[int] = 48
    VECTOR_SIZE: ClassVar[int] = 128

    def __init__(self, config: FrameEncoderConfig | None = None):
        super().__init__()
        self.config = config = config or FrameEncoderConfig()
        layers: list[nn.Module] = [
            *_convolution(1, config.stem, stride=1),
            *_convolution(config.stem, config.widths[0], stride=2),
        ]
        width = config.widths[0]
        for stage, (out_width, count) in enumerate(zip(config.widths, config.blocks, strict=True)):
            for block in range(count):
                stride = 2 if stage > 0 and block == 0 else 1
                layers.append(_ResidualBlock(width, out_width, stride))
                width = out_width
        self.trunk: nn.Module = nn.Sequential(*layers)
        self.dropout = nn.Dropout(config.dropout)
        self.embed = nn.Linear(width, self.VECTOR_SIZE, bias=False)
        self.embed_norm: nn.Module = nn.BatchNorm1d(self.VECTOR_SIZE)
        self.classify = nn.Linear(self.VECTOR_SIZE, len(FERPLUS_CLASSES))

    def forward(self, faces: Tensor) -> tuple[Tensor, Tensor]:
        """Encode faces.

        Args:
            faces: (N, 1, 48, 48) grey, in [0, 1], float32 whatever the weights are. Each is
                standardised on its own, so brightness and contrast of the camera do not matter.

        Returns:
            The vectors (N, 128) and the logits (N, 8) in the order of ``FERPLUS_CLASSES``.
        """
        faces = _standardise(faces).to(self.embed.weight.dtype)
        if not self.training:
            faces = torch.cat([faces, faces.flip(3)])
        features = self.trunk(faces).mean(dim=(2, 3))
        vectors = self.embed_norm(self.embed(self.dropout(features)))
        if not self.training:
            vectors = vectors.view(2, -1, self.VECTOR_SIZE).mean(dim=0)
        return vectors, self.classify(F.relu(vectors))

    def fold(self) -> "FrameEncoder":
        """Take the batch normalisation into the weights before it, for inference; return this."""
        self.trunk = folded(self.trunk)
        if isinstance(self.embed_norm, nn.BatchNorm1d):
            self.embed = fuse_linear_bn_eval(self.embed, self.embed_norm)
            self.embed_norm = nn.Identity()
        return self

    def config_json(self) -> dict[str, object]:
        """Return the configuration as it is kept in a checkpoint."""
        return asdict(self.config)


def load_frame_encoder(path: Path) -> tuple[FrameEncoder, dict[str, str]]:
    """Build the encoder that a checkpoint holds, made fast for inference, and return its metadata.

    Batch normalisation is folded into the weights, and these lie as CPUs read them fastest.

    Raises:
        CheckpointError: The file is missing, corrupt, or not a checkpoint of this network.
    """
    state, metadata = load_checkpoint(path, KIND)
    try:
        config: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value
            for key, value in json.loads(metadata["config"]).items()
        }
        encoder = FrameEncoder(FrameEncoderConfig(**config))
        encoder.load_state_dict(state)
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise CheckpointError(f"{path}: weights do not fit the {KIND}: {error}") from error
    encoder.eval().fold().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return encoder, metadata


class _ResidualBlock(nn.Module):
    """Two convolutions beside a shortcut, which is pooled and projected where the shape changes."""

    def __init__(self, width: int, out_width: int, stride: int):
        super().__init__()
        self.first = nn.Sequential(*_convolution(width, out_width, stride))
        self.second = nn.Sequential(
            nn.Conv2d(out_width, out_width, 3, padding=1, bias=False), nn.BatchNorm2d(out_width)
        )
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or width != out_width:
            self.shortcut = nn.Sequential(
                nn.AvgPool2d(stride),
                nn.Conv2d(width, out_width, 1, bias=False),
                nn.BatchNorm2d(out_width),
            )

    def forward(self, images: Tensor) -> Tensor:
        return F.relu(self.second(self.first(images)) + self.shortcut(images), inplace=True)


def _convolution(width: int, out_width: int, stride: int) -> list[nn.Module]:
    return [
        nn.Conv2d(width, out_width, 3, stride, padding=1, bias=False),
        nn.BatchNorm2d(out_width),
        nn.ReLU(inplace=True),
    ]


def _standardise(faces: Tensor) -> Tensor:
    """Give each image mean 0 and standard deviation 1; a uniform image becomes 0."""
    centred = faces - faces.mean(dim=(1, 2, 3), keepdim=True)
    return centred / centred.square().mean(dim=(1, 2, 3), keepdim=True).sqrt().clamp_min(1e-3)
