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

"""Random changes to a batch of grey faces, as cameras, poses and detectors would make them.

All work on the whole batch at once: (N, 1, 48, 48) float32 in [0, 1] in, the same out.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from emotion_recognition.training.config import require


@dataclass(frozen=True)
class Augmentation:
    """How far faces are changed; each amount is drawn evenly between its limits for each face."""

    rotation_deg: float = 15.0  # to either side
    scale: float = 0.12  # 1 - scale to 1 + scale, each axis by up to a quarter of it on its own
    shift: float = 0.08  # of the image's side, to any side
    gamma: float = 0.4  # exponent exp(-gamma) to exp(gamma)
    contrast: float = 0.25  # gain 1 - contrast to 1 + contrast, then clipped to [0, 1]
    brightness: float = 0.15  # added, then clipped
    blur: float = 0.2  # share of faces that are blurred
    noise: float = 0.03  # largest standard deviation of the added noise
    erase: float = 0.25  # share of faces of which a rectangle is covered
    mix: float = 0.2  # alpha of mixup's beta distribution

    def __post_init__(self) -> None:
        for name in ("scale", "shift", "contrast", "blur", "erase"):
            require(0 <= getattr(self, name) <= 1, name, getattr(self, name), "0 to 1")
        for name in ("rotation_deg", "gamma", "brightness", "noise"):
            require(getattr(self, name) >= 0, name, getattr(self, name), "0 or more")
        require(self.scale < 1, "scale", self.scale, "0 to below 1")
        require(self.mix > 0, "mix", self.mix, "above 0")


def augment(faces: Tensor, options: Augmentation) -> Tensor:
    """Return randomly moved, lit, blurred and covered copies of ``faces``."""
    return disturb(_move(faces, options), options)


def disturb(faces: Tensor, options: Augmentation) -> Tensor:
    """Return randomly lit, blurred and covered copies of ``faces``, each where it was."""
    faces = _light(faces, options)
    faces = _blur(faces, options.blur)
    faces = faces + _uniform(faces, 0, options.noise) * torch.randn_like(faces)
    return _erase(faces, options.erase).clamp(0, 1)


def mix_up(faces: Tensor, targets: Tensor, alpha: float) -> tuple[Tensor, Tensor]:
    """Blend each face and its target with another of the batch (Zhang et al. 2018)."""
    share = float(torch.distributions.Beta(alpha, alpha).sample())
    share = max(share, 1 - share)
    other = torch.randperm(len(faces))
    return torch.lerp(faces[other], faces, share), torch.lerp(targets[other], targets, share)


def _move(faces: Tensor, options: Augmentation) -> Tensor:
    count = len(faces)
    angle = torch.empty(count).uniform_(-1, 1) * math.radians(options.rotation_deg)
    scale = 1 + torch.empty(count).uniform_(-options.scale, options.scale)
    stretch = 1 + torch.empty(count).uniform_(-options.scale, options.scale) / 4
    flip = torch.randint(0, 2, (count,)) * 2.0 - 1
    cos, sin = angle.cos(), angle.sin()
    x_axis, y_axis = flip / (scale * stretch), stretch / scale
    # affine_grid spans -1 to 1, so a shift by one side of the image is 2.
    shift = torch.empty(2, count).uniform_(-2 * options.shift, 2 * options.shift)
    matrix = torch.stack(
        [
            torch.stack([cos * x_axis, -sin * y_axis, shift[0]], dim=1),
            torch.stack([sin * x_axis, cos * y_axis, shift[1]], dim=1),
        ],
        dim=1,
    )
    grid = F.affine_grid(matrix, list(faces.shape), align_corners=False)
    return F.grid_sample(faces, grid, padding_mode="border", align_corners=False)


def _light(faces: Tensor, options: Augmentation) -> Tensor:
    faces = faces.clamp(1e-4, 1) ** _uniform(faces, -options.gamma, options.gamma).exp()
    gain = 1 + _uniform(faces, -options.contrast, options.contrast)
    offset = _uniform(faces, -options.brightness, options.brightness)
    return ((faces - 0.5) * gain + 0.5 + offset).clamp(0, 1)


def _blur(faces: Tensor, share: float) -> Tensor:
    """Blend faces with their binomial 5x5 blur, by an even random share."""
    row = torch.tensor([1.0, 4.0, 6.0, 4.0, 1.0]) / 16
    blurred = F.conv2d(F.pad(faces, (2, 2, 2, 2), "reflect"), torch.outer(row, row)[None, None])
    strength = _uniform(faces, 0, 1) * (_uniform(faces, 0, 1) < share)
    return torch.lerp(faces, blurred, strength)


def _erase(faces: Tensor, share: float) -> Tensor:
    """Cover a rectangle of a sixth to a half of each side with one random grey (Zhong 2020)."""
    side = faces.shape[-1]
    pixels = torch.arange(side)
    size = torch.empty(2, len(faces), 1).uniform_(side / 6, side / 2)
    start = torch.rand(2, len(faces), 1) * (side - size)
    inside = (pixels >= start) & (pixels < start + size)
    covered = inside[0, :, None, :, None] & inside[1, :, None, None, :]
    covered = covered & (_uniform(faces, 0, 1) < share)
    return torch.where(covered, _uniform(faces, 0, 1), faces)


def _uniform(faces: Tensor, low: float, high: float) -> Tensor:
    return torch.empty(len(faces), 1, 1, 1).uniform_(low, high)
