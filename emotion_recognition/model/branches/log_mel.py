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

"""The voice from log-mel spectra: 2-D blocks over frequency and time, then 1-D blocks over time.

Stage one collapses the frequencies into 128 features for each four frames, stage two goes on from
there in time as the MFCC branch does.
"""

from typing import ClassVar

import torch
from torch import Tensor, nn

from emotion_recognition.model.branches.branch import Branch
from emotion_recognition.model.branches.steps import audio_stage_two, shrink_mask

LOG_MEL = 64
"""Leading columns of an audio feature frame that are log-mel power in dB."""

AUDIO_STRIDE = 4
"""Audio frames that make one step of the branch's stage one."""


def _conv2d(inputs: int, outputs: int, kernel: int, stride: int = 1) -> nn.Sequential:
    conv = nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(outputs), nn.ReLU())


class AudioBranch(Branch):
    """Log-mel frames to 128 features for the whole window.

    Attributes:
        mean, std: log-mel statistics (64,) of the training data in dB, by which input is scaled.
    """

    STAGE_ONE_SIZE: ClassVar[int] = 128
    INPUT_SIZES: ClassVar[range] = range(LOG_MEL, LOG_MEL + 1)

    mean: Tensor
    std: Tensor

    def __init__(self, size: int = LOG_MEL, dropout: float = 0.3) -> None:
        super().__init__(size)
        self.register_buffer("mean", torch.full((LOG_MEL,), -60.0))
        self.register_buffer("std", torch.full((LOG_MEL,), 20.0))
        self.spectral = nn.Sequential(
            _conv2d(1, 16, 5, stride=2),
            _conv2d(16, 32, 3),
            nn.MaxPool2d(2),
            _conv2d(32, 64, 3),
            nn.MaxPool2d((2, 1)),
            nn.Dropout2d(0.1),
        )
        self.collapse = nn.Sequential(
            nn.Conv2d(64, self.STAGE_ONE_SIZE, (LOG_MEL // 8, 1), bias=False),
            nn.BatchNorm2d(self.STAGE_ONE_SIZE),
            nn.ReLU(),
        )
        self.temporal = audio_stage_two(self.STAGE_ONE_SIZE, self.SIZE, dropout)

    def stage_one(self, values: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Frames (B, T, >= 64) and mask (B, T) to features (B, 128, T // 4) and their mask."""
        scaled = (values[:, :, :LOG_MEL] - self.mean) / self.std
        scaled = torch.where(mask[:, :, None], scaled, torch.zeros_like(scaled))
        image = scaled.transpose(1, 2)[:, None].contiguous(memory_format=torch.channels_last)
        features = self.collapse(self.spectral(image)).squeeze(2)
        steps = shrink_mask(mask, AUDIO_STRIDE)
        return features[:, :, : steps.shape[1]] * steps[:, None], steps

    def steps(self, features: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Features (B, 128, S) and mask (B, S) to stage-two features (B, 128, S // 2) and mask."""
        return self.temporal(features), shrink_mask(mask, 2)

    def drop_stage_two(self) -> None:
        """Give up stage two."""
        del self.temporal
