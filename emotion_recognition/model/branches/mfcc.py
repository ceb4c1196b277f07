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

"""The voice from cepstral coefficients (MFCC), as in the source papers.

Chumachenko et al. (ICPR 2022), section III: four blocks of convolution, batch normalisation, ReLU
and max pooling, with 64 and 128 filters in stage one, 256 and 128 in stage two.
"""

from typing import ClassVar

import torch
from torch import Tensor, nn

from emotion_recognition.audio.features import FEATURES, N_MFCC
from emotion_recognition.model.branches.branch import Branch
from emotion_recognition.model.branches.steps import conv1d_block, shrink_mask

FIRST = FEATURES["mfcc"].start
"""Column of an audio feature frame in which the coefficients begin."""


def _block(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(conv1d_block(inputs, outputs), nn.MaxPool1d(2))


class MfccBranch(Branch):
    """The first ``size`` MFCC of audio feature frames to 128 features for the whole window.

    Attributes:
        mean, std: Statistics (size,) of the coefficients in the training data, by which input is
            scaled; 0 and 1 until they are set.
    """

    STAGE_ONE_SIZE: ClassVar[int] = 128
    INPUT_SIZES: ClassVar[range] = range(1, N_MFCC + 1)

    mean: Tensor
    std: Tensor

    def __init__(self, size: int = N_MFCC, dropout: float = 0.3) -> None:
        super().__init__(FIRST + size)
        self.register_buffer("mean", torch.zeros(size))
        self.register_buffer("std", torch.ones(size))
        self.first = nn.Sequential(_block(size, 64), _block(64, self.STAGE_ONE_SIZE))
        self.second = nn.Sequential(
            _block(self.STAGE_ONE_SIZE, 256), nn.Dropout(dropout), _block(256, self.SIZE)
        )

    def stage_one(self, values: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Frames (B, T, >= 64 + size) and mask (B, T) to features (B, 128, T // 4) and mask."""
        scaled = (values[:, :, FIRST : self.columns] - self.mean) / self.std
        scaled = torch.where(mask[:, :, None], scaled, torch.zeros_like(scaled))
        features, steps = self.first(scaled.transpose(1, 2)), shrink_mask(mask, 4)
        return features * steps[:, None], steps

    def steps(self, features: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Features (B, 128, S) and mask (B, S) to stage-two features (B, 128, S // 4) and mask."""
        return self.second(features), shrink_mask(mask, 4)

    def drop_stage_two(self) -> None:
        """Give up stage two."""
        del self.second
