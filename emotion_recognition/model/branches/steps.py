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

"""What the branches are built of: blocks over the steps of a stream, and masks of valid steps."""

from torch import Tensor, nn


def shrink_mask(mask: Tensor, factor: int) -> Tensor:
    """Return the mask (B, T // factor) of steps that cover at least one valid step of ``mask``."""
    steps = mask.shape[1] // factor
    return mask[:, : steps * factor].reshape(-1, steps, factor).any(dim=2)


def masked_mean(values: Tensor, mask: Tensor) -> Tensor:
    """Average ``values`` (B, C, T) over the valid steps of ``mask`` (B, T); zeros where none is."""
    keep = mask[:, None].to(values.dtype)
    return (values * keep).sum(dim=2) / keep.sum(dim=2).clamp(min=1)


def conv1d_block(inputs: int, outputs: int) -> nn.Sequential:
    """Convolve over three steps, normalise, ReLU: (B, inputs, T) to (B, outputs, T)."""
    conv = nn.Conv1d(inputs, outputs, 3, padding=1, bias=False)
    return nn.Sequential(conv, nn.BatchNorm1d(outputs), nn.ReLU())


def audio_stage_two(inputs: int, outputs: int, dropout: float) -> nn.Sequential:
    """Two blocks with a pool of two between them: (B, inputs, S) to (B, outputs, S // 2)."""
    return nn.Sequential(
        conv1d_block(inputs, 256), nn.MaxPool1d(2), nn.Dropout(dropout), conv1d_block(256, outputs)
    )
