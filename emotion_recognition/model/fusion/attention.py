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

"""Intermediate attention fusion: each stream says which moments of the other matter.

Chumachenko, Iosifidis and Gabbouj, "Self-attention fusion for audiovisual emotion recognition with
incomplete data" (ICPR 2022), section III: scaled dot products between the streams reweight their
features; no feature crosses over.
"""

import math

import torch
from torch import Tensor, nn


class CrossWeights(nn.Module):
    """One weight for each step of a stream, from what another stream asks for.

    The attention ``softmax(queries W_q W_k^T keys^T / sqrt(d_k))`` over the keys is summed over the
    queries. The sum is scaled by keys / queries, so that the weights average 1 however many steps
    either stream has; a stream keeps its level whether or not there is another.
    """

    def __init__(self, query_size: int, key_size: int, size: int = 64) -> None:
        super().__init__()
        self.query = nn.Linear(query_size, size, bias=False)
        self.key = nn.Linear(key_size, size, bias=False)

    def forward(
        self, queries: Tensor, query_mask: Tensor, keys: Tensor, key_mask: Tensor
    ) -> Tensor:
        """Return the weights of the keys.

        Args:
            queries: (B, C_q, Q) features of the other stream; ``query_mask`` (B, Q) bool.
            query_mask: Valid steps of the queries.
            keys: (B, C_k, K) features of this stream; ``key_mask`` (B, K) bool.
            key_mask: Valid steps of the keys.

        Returns:
            (B, K), averaging 1 over the valid keys; 1 everywhere if either stream is missing.
        """
        asked = self.query(queries.transpose(1, 2))
        offered = self.key(keys.transpose(1, 2))
        scores = asked @ offered.transpose(1, 2) / math.sqrt(asked.shape[2])
        scores = scores.masked_fill(~key_mask[:, None], torch.finfo(scores.dtype).min)
        attention = scores.softmax(dim=2) * query_mask[:, :, None]
        share = attention.sum(dim=1) / query_mask.sum(dim=1, keepdim=True).clamp(min=1)
        weights = share * key_mask.sum(dim=1, keepdim=True)
        paired = query_mask.any(dim=1, keepdim=True) & key_mask.any(dim=1, keepdim=True)
        return torch.where(paired, weights, torch.ones_like(weights))


class IntermediateAttention(nn.Module):
    """Reweights the steps of both streams after stage one of their branches."""

    def __init__(self, audio_size: int, video_size: int, size: int = 64) -> None:
        super().__init__()
        self.on_audio = CrossWeights(video_size, audio_size, size)
        self.on_video = CrossWeights(audio_size, video_size, size)

    def forward(
        self, audio: Tensor, audio_mask: Tensor, video: Tensor, video_mask: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Scale audio (B, C_a, S_a) and video (B, C_v, S_v); masks are (B, S_a) and (B, S_v)."""
        audio_weights = self.on_audio(video, video_mask, audio, audio_mask)
        video_weights = self.on_video(audio, audio_mask, video, video_mask)
        return audio * audio_weights[:, None], video * video_weights[:, None]
