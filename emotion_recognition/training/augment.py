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

"""Windows of voices for training: cut, and if log-mel frames, stretched and disturbed at random."""

import torch
from torch import Tensor
from torch.nn import functional

from emotion_recognition.model.backbones.voice_window import VOICE_STEPS
from emotion_recognition.model.branches import LOG_MEL
from emotion_recognition.model.emotion_model import AUDIO_STEPS


def random_windows(
    frames: Tensor, lengths: Tensor, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Cut augmented windows (B, 225, 64) in dB and their masks (B, 225) from clips (B, T, >= 64).

    Speed changes by up to 15 %, the mel axis stretches by up to 8 % (a longer or shorter vocal
    tract) and moves by up to two bands, the clip shifts by up to a third of the window, and every
    fourth window keeps only a part. Then a gain, a spectral tilt, a noise floor, and the two time
    and two frequency masks of SpecAugment (Park et al. 2019).
    """
    windows, mask = _warp(frames[:, :, :LOG_MEL].float(), lengths, generator)
    windows = _disturb(windows, generator)
    return _spec_augment(windows, mask, generator), mask


def random_vector_windows(
    vectors: Tensor, lengths: Tensor, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Cut windows (B, 180, D) and masks (B, 180) from the vectors (B, T, D) of a voice encoder.

    Each clip stands anywhere in its window; every fourth window keeps only a part, and one stretch
    of up to 0.4 s is masked (SpecAugment's, in time).
    """
    batch, total, size = vectors.shape
    room = VOICE_STEPS - lengths.clamp(max=VOICE_STEPS)
    start = (torch.rand(batch, generator=generator) * (room + 1)).long()
    index = torch.arange(VOICE_STEPS)[None] - start[:, None]
    whole = (index >= 0) & (index < lengths[:, None])
    rows = index.clamp(0, total - 1)[:, :, None].expand(-1, -1, size)
    windows = vectors.gather(1, rows).float()
    mask = whole & _parts(batch, VOICE_STEPS, generator)
    mask &= ~_stripes(batch, VOICE_STEPS, 20, generator)
    mask = torch.where(mask.any(dim=1, keepdim=True), mask, whole)
    return windows, mask


def mix(
    windows: Tensor, mask: Tensor, generator: torch.Generator, strength: float = 0.3
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Blend each window with another of the batch (mixup, Zhang et al. 2018).

    Returns the windows, their masks, the order (B,) of the partners and each first one's share.
    """
    batch = windows.shape[0]
    order = torch.randperm(batch, generator=generator)
    share = _uniform(batch, 0.0, strength, generator)
    share[torch.rand(batch, generator=generator) < 0.5] = 0.0
    share = 1 - share
    partner = torch.where(mask[order][:, :, None], windows[order], windows)
    blend = share[:, None, None] * windows + (1 - share[:, None, None]) * partner
    return blend, mask, order, share


def _uniform(count: int, low: float, high: float, generator: torch.Generator) -> Tensor:
    return torch.rand(count, generator=generator) * (high - low) + low


def _warp(frames: Tensor, lengths: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    batch, total, bands = frames.shape
    speed = torch.exp(_uniform(batch, -0.15, 0.15, generator))
    shift = _uniform(batch, -AUDIO_STEPS / 3, AUDIO_STEPS / 3, generator)
    shift *= (torch.rand(batch, generator=generator) < 0.7).float()
    offsets = (torch.arange(AUDIO_STEPS) - (AUDIO_STEPS - 1) / 2)[None] * speed[:, None]
    times = (lengths[:, None] - 1) / 2 + offsets + shift[:, None]
    stretch = torch.exp(_uniform(batch, -0.08, 0.08, generator))
    move = _uniform(batch, -2.0, 2.0, generator)
    mels = torch.arange(bands)[None] * stretch[:, None] + move[:, None]
    grid = torch.empty(batch, AUDIO_STEPS, bands, 2)
    grid[..., 0] = (mels * 2 / (bands - 1) - 1)[:, None]
    grid[..., 1] = (times * 2 / (total - 1) - 1)[:, :, None]
    windows = functional.grid_sample(
        frames[:, None], grid, mode="bilinear", padding_mode="border", align_corners=True
    )[:, 0]
    mask = (times >= 0) & (times <= lengths[:, None] - 1)
    mask &= _parts(batch, AUDIO_STEPS, generator)
    empty = ~mask.any(dim=1)
    mask[empty] = ((times >= 0) & (times <= lengths[:, None] - 1))[empty]
    return windows, mask


def _parts(batch: int, steps: int, generator: torch.Generator) -> Tensor:
    """Masks (B, steps) that keep all, or in every fourth window one part of 1.4 s and more."""
    length = _uniform(batch, 0.4 * steps, steps, generator)
    length[torch.rand(batch, generator=generator) > 0.25] = steps
    start = torch.rand(batch, generator=generator) * (steps - length)
    axis = torch.arange(steps)[None]
    return (axis >= start[:, None].floor()) & (axis < (start + length)[:, None].ceil())


def _disturb(windows: Tensor, generator: torch.Generator) -> Tensor:
    batch, _, bands = windows.shape
    gain = _uniform(batch, -6.0, 6.0, generator)[:, None, None]
    tilt = _uniform(batch, -5.0, 5.0, generator)[:, None, None]
    windows = windows + gain + tilt * torch.linspace(-1, 1, bands)
    loudest = windows.amax(dim=(1, 2), keepdim=True)
    depth = _uniform(batch, 35.0, 90.0, generator)[:, None, None]
    slope = _uniform(batch, -8.0, 8.0, generator)[:, None, None] * torch.linspace(-1, 1, bands)
    noise = torch.randn(windows.shape, generator=generator) * 2.0
    floor = loudest - depth + slope + noise
    return torch.maximum(windows, floor)


def _spec_augment(windows: Tensor, mask: Tensor, generator: torch.Generator) -> Tensor:
    batch, steps, bands = windows.shape
    keep = torch.ones(batch, steps, bands, dtype=torch.bool)
    for _ in range(2):
        keep &= ~_stripes(batch, steps, 24, generator)[:, :, None]
        keep &= ~_stripes(batch, bands, 8, generator)[:, None, :]
    count = mask.sum(dim=1).clamp(min=1)[:, None, None] * bands
    fill = (windows * mask[:, :, None]).sum(dim=(1, 2), keepdim=True) / count
    return torch.where(keep, windows, fill)


def _stripes(batch: int, size: int, widest: int, generator: torch.Generator) -> Tensor:
    width = torch.rand(batch, generator=generator) * widest
    start = torch.rand(batch, generator=generator) * (size - width)
    axis = torch.arange(size)[None]
    return (axis >= start[:, None]) & (axis < (start + width)[:, None])
