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

"""The voice from the vectors of a pretrained voice encoder (``model.backbones.voice``)."""

from typing import ClassVar

import torch
from torch import Tensor, nn

from emotion_recognition.model.branches.branch import Branch
from emotion_recognition.model.branches.steps import audio_stage_two, conv1d_block, shrink_mask


class VectorBranch(Branch):
    """Vectors of ``size`` numbers, 50 a second, to 128 features for the whole window.

    Each vector is normalised on its own (layer normalisation): encoders differ widely in scale.
    """

    STAGE_ONE_SIZE: ClassVar[int] = 128

    def __init__(self, size: int, dropout: float = 0.3) -> None:
        super().__init__(size)
        self.norm = nn.LayerNorm(size)
        self.first = nn.Sequential(
            nn.Dropout(dropout),
            conv1d_block(size, self.STAGE_ONE_SIZE),
            nn.MaxPool1d(2),
            conv1d_block(self.STAGE_ONE_SIZE, self.STAGE_ONE_SIZE),
            nn.MaxPool1d(2),
        )
        self.second = audio_stage_two(self.STAGE_ONE_SIZE, self.SIZE, dropout)

    def stage_one(self, values: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Vectors (B, T, size) and mask (B, T) to features (B, 128, T // 4) and their mask."""
        keep = mask[:, :, None]
        vectors = torch.where(keep, values, torch.zeros_like(values))
        features = self.first((self.norm(vectors) * keep).transpose(1, 2))
        steps = shrink_mask(mask, 4)
        return features * steps[:, None], steps

    def steps(self, features: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Features (B, 128, S) and mask (B, S) to stage-two features (B, 128, S // 2) and mask."""
        return self.second(features), shrink_mask(mask, 2)

    def drop_stage_two(self) -> None:
        """Give up stage two."""
        del self.second
