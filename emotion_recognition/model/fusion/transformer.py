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

"""Transformer fusion: each stream takes in what it attends to in the other.

Chumachenko, Iosifidis and Gabbouj, "Self-attention fusion for audiovisual emotion recognition with
incomplete data" (ICPR 2022), section III: cross-attention both ways, added back. Between the stages
of the branches it is their intermediate transformer fusion, after the branches the late one.
"""

import math

import torch
from torch import Tensor, nn


class CrossAttention(nn.Module):
    """What each step of one stream picks up from the steps of another.

    ``A = softmax(queries W_q (keys W_k)^T / sqrt(d_k)) keys W_v``, over the keys.
    """

    def __init__(self, query_size: int, key_size: int, size: int = 64) -> None:
        super().__init__()
        self.query = nn.Linear(query_size, size, bias=False)
        self.key = nn.Linear(key_size, size, bias=False)
        self.value = nn.Linear(key_size, query_size, bias=False)

    def forward(self, queries: Tensor, keys: Tensor, key_mask: Tensor) -> Tensor:
        """Attend from the queries to the keys.

        Args:
            queries: (B, C_q, Q) features of this stream.
            keys: (B, C_k, K) features of the other stream.
            key_mask: (B, K) bool, the valid steps of the keys.

        Returns:
            (B, C_q, Q); zeros where the other stream is missing.
        """
        keys = keys.transpose(1, 2)
        asked, offered = self.query(queries.transpose(1, 2)), self.key(keys)
        scores = asked @ offered.transpose(1, 2) / math.sqrt(asked.shape[2])
        scores = scores.masked_fill(~key_mask[:, None], torch.finfo(scores.dtype).min)
        attention = scores.softmax(dim=2) * key_mask[:, None]
        return (attention @ self.value(keys)).transpose(1, 2)


class TransformerFusion(nn.Module):
    """Adds to the steps of both streams what they attend to in the other one."""

    def __init__(self, audio_size: int, video_size: int, size: int = 64) -> None:
        super().__init__()
        self.to_audio = CrossAttention(audio_size, video_size, size)
        self.to_video = CrossAttention(video_size, audio_size, size)

    def forward(
        self, audio: Tensor, audio_mask: Tensor, video: Tensor, video_mask: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return audio (B, C_a, S_a) + A_a and video (B, C_v, S_v) + A_v; masks (B, S_a), (B, S_v).

        Steps that are not valid stay as they are: nothing stands in for a missing stream.
        """
        to_audio = self.to_audio(audio, video, video_mask) * audio_mask[:, None]
        to_video = self.to_video(video, audio, audio_mask) * video_mask[:, None]
        return audio + to_audio, video + to_video
