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

"""From the streams' vectors to class logits, stream shares, intensity and valence-arousal.

There are C classes: the eight of ``emotions.EMOTIONS``, or those of a network of your own. Each
kind of heads holds ``ratings`` (C, 2): valence and arousal of a person who shows one class for
certain; NaN where nobody said.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from emotion_recognition.emotions import EMOTIONS


@dataclass(frozen=True)
class NetworkOutput:
    """What the network says about a batch of windows.

    Attributes:
        logits: (B, C) in the order of the classes.
        intensity: (B,) logits of the intensity, to be read where there is sound.
        audio_weight: (B,) share of the decision that the sound carried, 0 to 1.
        video_weight: (B,) share that the face carried; both sum to 1, or are 0 with no stream.
    """

    logits: Tensor
    intensity: Tensor
    audio_weight: Tensor
    video_weight: Tensor


def decision_shares(audio: Tensor, video: Tensor) -> tuple[Tensor, Tensor]:
    """Split a decision between the streams by their additive parts of the logits.

    The logits are ``z = bias + a + v`` with ``a = W_a h_a`` and ``v = W_v h_v``. A common shift of
    all classes changes no probability, so each part is centred over the classes. The evidence
    ``e = a + v`` then splits as ``|e|^2 = a.e + v.e``, and the share of the audio is
    ``a.e / |e|^2``, kept in [0, 1]: where the streams contradict each other so strongly that one
    of them only lessens the evidence, that one's share is 0.

    Args:
        audio: (B, C) part of the logits that comes from the sound; zeros if there is none.
        video: (B, C) part that comes from the face; zeros if there is none.

    Returns:
        The shares of audio and video, each (B,): sum 1, or both 0 where there is no evidence; in
        float32, for in half precision the least evidence would be none.
    """
    audio, video = audio.float(), video.float()
    audio = audio - audio.mean(dim=1, keepdim=True)
    video = video - video.mean(dim=1, keepdim=True)
    evidence = audio + video
    power = evidence.square().sum(dim=1)
    share = ((audio * evidence).sum(dim=1) / power.clamp(min=1e-12)).clamp(0.0, 1.0)
    some = (power > 1e-12).to(share.dtype)
    return share * some, (1 - share) * some


class Heads(nn.Module):
    """Linear heads on the concatenated vectors of both streams.

    A linear map of a concatenation is a sum of one map per stream; kept apart, the parts tell how
    much each stream contributes. Intensity is read from the voice alone: no face was ever labelled
    with one in training.

    Attributes:
        ratings: (C, 2) valence and arousal of a person who shows one class for certain.
    """

    ratings: Tensor

    def __init__(
        self,
        audio_size: int,
        video_size: int,
        dropout: float = 0.3,
        classes: int = len(EMOTIONS),
    ) -> None:
        super().__init__()
        self.drop = nn.Dropout(dropout)
        self.audio_classes = nn.Linear(audio_size, classes)
        self.video_classes = nn.Linear(video_size, classes, bias=False)
        self.intensity = nn.Linear(audio_size, 1)
        self.register_buffer("ratings", torch.zeros(classes, 2))

    def forward(self, audio: Tensor, video: Tensor) -> NetworkOutput:
        """Vectors (B, A) and (B, V) of the streams, zeros for a missing one, to the output."""
        audio, video = self.drop(audio), self.drop(video)
        bias = self.audio_classes.bias
        audio_part = self.audio_classes(audio) - bias
        video_part = self.video_classes(video)
        audio_weight, video_weight = decision_shares(audio_part, video_part)
        return NetworkOutput(
            audio_part + video_part + bias, self.intensity(audio)[:, 0], audio_weight, video_weight
        )


class StreamHeads(nn.Module):
    """Linear heads that judge each stream on its own, for fusion of decisions."""

    ratings: Tensor

    def __init__(
        self,
        audio_size: int,
        video_size: int,
        dropout: float = 0.3,
        classes: int = len(EMOTIONS),
    ) -> None:
        super().__init__()
        self.drop = nn.Dropout(dropout)
        self.audio_classes = nn.Linear(audio_size, classes)
        self.video_classes = nn.Linear(video_size, classes)
        self.intensity = nn.Linear(audio_size, 1)
        self.register_buffer("ratings", torch.zeros(classes, 2))

    def forward(self, audio: Tensor, video: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Vectors (B, A) and (B, V) to the logits (B, C) of each and the intensity's (B,)."""
        audio, video = self.drop(audio), self.drop(video)
        return self.audio_classes(audio), self.video_classes(video), self.intensity(audio)[:, 0]


class IntensityHead(nn.Module):
    """What is left to judge where the classes are judged already: the intensity."""

    ratings: Tensor

    def __init__(self, size: int, classes: int = len(EMOTIONS)) -> None:
        super().__init__()
        self.intensity = nn.Linear(size, 1)
        self.register_buffer("ratings", torch.zeros(classes, 2))

    def forward(self, features: Tensor) -> Tensor:
        """Features (B, size) to the logit (B,) of the intensity."""
        logits: Tensor = self.intensity(features)[:, 0]
        return logits
