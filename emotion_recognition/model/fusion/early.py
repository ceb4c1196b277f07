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

"""Early fusion: the features of both streams side by side, through one branch from there on."""

import torch
from torch import Tensor, nn

from emotion_recognition.emotions import EMOTIONS
from emotion_recognition.model.branches import AudioBranch, VisualBranch, masked_mean, shrink_mask
from emotion_recognition.model.branches.steps import audio_stage_two


def align_steps(features: Tensor, steps: int) -> Tensor:
    """Bring features or a mask (..., T) that span a window to ``steps`` steps, nearest in time."""
    index = (torch.arange(steps, device=features.device) * features.shape[-1]) // steps
    return features[..., index]


class EarlyFusion(nn.Module):
    """Concatenates stage-one features at the rate of the audio and judges them together.

    ``logits = W mean_t(joint([audio_t; video_t]))``, where ``joint`` has the layers of the audio
    branch's stage two. A missing stream counts as zeros of the same length.
    """

    SIZE = AudioBranch.SIZE

    def __init__(
        self,
        audio_size: int = AudioBranch.STAGE_ONE_SIZE,
        video_size: int = VisualBranch.STAGE_ONE_SIZE,
        dropout: float = 0.3,
        classes: int = len(EMOTIONS),
    ) -> None:
        super().__init__()
        self.joint = audio_stage_two(audio_size + video_size, self.SIZE, dropout)
        self.drop = nn.Dropout(dropout)
        self.classes = nn.Linear(self.SIZE, classes)

    def features(
        self, audio: Tensor, audio_mask: Tensor, video: Tensor, video_mask: Tensor
    ) -> Tensor:
        """Return the vector (B, 128) of the window; arguments as in :meth:`forward`."""
        steps = audio.shape[2]
        seen = align_steps(video_mask, steps)
        video = align_steps(video * video_mask[:, None], steps)
        together = torch.cat([audio * audio_mask[:, None], video], dim=1)
        return self.drop(masked_mean(self.joint(together), shrink_mask(audio_mask | seen, 2)))

    def forward(
        self, audio: Tensor, audio_mask: Tensor, video: Tensor, video_mask: Tensor
    ) -> Tensor:
        """Judge stage-one features (B, C_a, S) and (B, C_v, T), masks (B, S) and (B, T).

        A step counts if either stream is there; S is at least 2, T at least 1.

        Returns:
            Class logits (B, C).
        """
        logits: Tensor = self.classes(self.features(audio, audio_mask, video, video_mask))
        return logits

    @torch.no_grad()
    def parts(
        self, audio: Tensor, audio_mask: Tensor, video: Tensor, video_mask: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Split the logits, less the bias, into a part (B, C) of the audio and one of the video.

        The parts are the Shapley values of the streams (Lundberg and Lee, "A unified approach to
        interpreting model predictions", 2017, equation 4, for two players): what a stream adds to
        nothing, and what it adds to the other one, averaged. The part of a missing stream is 0.
        Judged without dropout, whatever the mode; no gradient flows.
        """
        training = self.training
        self.eval()
        both = self(audio, audio_mask, video, video_mask)
        heard = self(audio, audio_mask, video, video_mask & False)
        seen = self(audio, audio_mask & False, video, video_mask)
        self.train(training)
        bias = self.classes.bias
        return (both - seen + heard - bias) / 2, (both - heard + seen - bias) / 2
