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

"""The face from the vectors of its frames: four blocks of 1-D convolution, 64-64 | 128-128."""

from typing import ClassVar

import torch
from torch import Tensor, nn

from emotion_recognition.model.branches.branch import Branch
from emotion_recognition.model.branches.steps import conv1d_block


class VisualBranch(Branch):
    """Frame vectors of the frame encoder to 128 features for the whole window."""

    STAGE_ONE_SIZE: ClassVar[int] = 64

    def __init__(self, vector_size: int = 128, dropout: float = 0.3) -> None:
        super().__init__(vector_size)
        self.first = nn.Sequential(
            nn.Dropout(dropout),
            conv1d_block(vector_size, 64),
            conv1d_block(64, self.STAGE_ONE_SIZE),
        )
        self.second = nn.Sequential(
            conv1d_block(self.STAGE_ONE_SIZE, 128),
            nn.Dropout(dropout),
            conv1d_block(128, self.SIZE),
        )

    def stage_one(self, values: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Vectors (B, T, V) and mask (B, T) to features (B, 64, T) and the mask."""
        keep = mask[:, None]
        vectors = values.transpose(1, 2)
        vectors = torch.where(keep, vectors, torch.zeros_like(vectors))
        return self.first(vectors) * keep, mask

    def steps(self, features: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Features (B, 64, T) and mask (B, T) to stage-two features (B, 128, T) and the mask."""
        return self.second(features), mask

    def drop_stage_two(self) -> None:
        """Give up stage two."""
        del self.second
