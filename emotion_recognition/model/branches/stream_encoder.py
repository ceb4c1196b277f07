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

"""What may look at the steps of one stream as a whole, between the stages of its branch."""

import math

import torch
from torch import Tensor, nn

HEADS, LAYERS = 4, 2


def positional_encoding(steps: int, size: int) -> Tensor:
    """Return the sinusoidal position of each step, (size, steps), of an even ``size``.

    Row ``2 i`` is ``sin(t / 10000^(2 i / size))``, row ``2 i + 1`` the cosine: Vaswani et al.,
    "Attention is all you need" (2017), section 3.5.
    """
    time = torch.arange(steps, dtype=torch.float32)
    rates = torch.exp(torch.arange(0, size, 2) * (-math.log(10000.0) / size))
    angles = rates[:, None] * time[None]
    return torch.stack([angles.sin(), angles.cos()], dim=1).reshape(size, steps)


class NoEncoder(nn.Module):
    """Leaves the features as they are."""

    def __init__(self, size: int) -> None:
        super().__init__()

    def forward(self, features: Tensor, mask: Tensor) -> Tensor:
        """Return the features."""
        return features


class TransformerEncoder(nn.Module):
    """Self-attention over the valid steps of one stream, which know their place in time.

    Two layers of four heads (Vaswani et al. 2017, section 3.1), normalised before each sublayer,
    which trains without a warm-up.
    """

    def __init__(self, size: int, dropout: float = 0.1) -> None:
        super().__init__()
        layer = nn.TransformerEncoderLayer(
            size, HEADS, 2 * size, dropout, batch_first=True, norm_first=True
        )
        self.layers = nn.TransformerEncoder(
            layer, LAYERS, norm=nn.LayerNorm(size), enable_nested_tensor=False
        )

    def forward(self, features: Tensor, mask: Tensor) -> Tensor:
        """Encode stage-one features (B, C, S) under their mask (B, S); steps left out become 0."""
        place = positional_encoding(features.shape[2], features.shape[1]).to(features)
        tokens = (features + place).transpose(1, 2)
        # A softmax over no key at all is NaN: a stream that is missing attends to its zeros.
        left_out = ~mask & mask.any(dim=1, keepdim=True)
        encoded = self.layers(tokens, src_key_padding_mask=left_out)
        return encoded.transpose(1, 2) * mask[:, None]
