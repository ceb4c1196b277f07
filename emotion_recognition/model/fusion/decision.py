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

"""Decision-level fusion: the streams are judged apart, and only their logits meet.

What is fused is a sum over the streams, of which ``parts`` are the summands.
"""

import torch
from torch import Tensor, nn

from emotion_recognition.emotions import EMOTIONS


class SoftmaxAverage(nn.Module):
    """Mean of the class probabilities of the streams that are there; nothing to train."""

    def forward(self, logits: Tensor, present: Tensor) -> Tensor:
        """Judge from each stream's logits.

        Args:
            logits: (B, M, C) of M streams.
            present: (B, M) bool, the streams that are there.

        Returns:
            (B, C) logarithm of the mean probabilities; equal for all classes with no stream.
        """
        return self.parts(logits, present).sum(dim=1).clamp(min=1e-12).log()

    def parts(self, logits: Tensor, present: Tensor) -> Tensor:
        """Return what each stream adds to the mean probabilities, (B, M, C)."""
        keep = present[:, :, None].to(logits.dtype)
        return logits.softmax(dim=2) * keep / keep.sum(dim=1, keepdim=True).clamp(min=1)


class LogisticFusion(nn.Module):
    """Multinomial logistic regression on the log-probabilities of all streams.

    ``logits = bias + sum_m W_m l_m``, where ``l_m`` are the stream's logits centred over the
    classes, which keeps their log-probabilities but for a constant; zeros for a missing stream. It
    starts as the sum of the streams, the product of their probabilities.
    """

    def __init__(self, streams: int = 2, classes: int = len(EMOTIONS)) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.eye(classes).repeat(streams, 1, 1))
        self.bias = nn.Parameter(torch.zeros(classes))

    def forward(self, logits: Tensor, present: Tensor) -> Tensor:
        """Logits (B, M, C) of M streams and their presence (B, M) bool to fused logits (B, C)."""
        return self.bias + self.parts(logits, present).sum(dim=1)

    def parts(self, logits: Tensor, present: Tensor) -> Tensor:
        """Return what each stream adds to the fused logits, (B, M, C)."""
        centred = logits - logits.mean(dim=2, keepdim=True)
        centred = torch.where(present[:, :, None], centred, torch.zeros_like(centred))
        return torch.einsum("bmc,mkc->bmk", centred, self.weight)
