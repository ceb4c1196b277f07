"""Early fusion: the features of both streams side by side, through one branch from there on."""

import torch
from torch import Tensor, nn

from emotion_recognition.emotions import EMOTIONS
from emotion_recognition.model.branches import (
    AudioBranch,
    VisualBranch,
    conv1d_block,
    masked_mean,
    shrink_mask,
)


def align_steps(features: Tensor, steps: int) -> Tensor:
    """Bring features or a mask (..., T) that span a window to ``steps`` steps, nearest in time."""
    index = (torch.arange(steps, device=features.device) * features.shape[-1]) // steps
    return features[..., index]


class EarlyFusion(nn.Module):
    """Concatenates stage-one features at the rate of the audio and judges them together.

    ``logits = W mean_t(joint([audio_t; video_t]))``, where ``joint`` has the layers of the audio
    branch's stage two. A missing stream counts as zeros of the same length.
    """

    def __init__(self, video_size: int = VisualBranch.STAGE_ONE_SIZE, dropout: float = 0.3) -> None:
        super().__init__()
        self.joint = nn.Sequential(
            conv1d_block(AudioBranch.STAGE_ONE_SIZE + video_size, 256),
            nn.MaxPool1d(2),
            nn.Dropout(dropout),
            conv1d_block(256, AudioBranch.SIZE),
        )
        self.drop = nn.Dropout(dropout)
        self.classes = nn.Linear(AudioBranch.SIZE, len(EMOTIONS))

    def forward(
        self, audio: Tensor, audio_mask: Tensor, video: Tensor, video_mask: Tensor
    ) -> Tensor:
        """Judge stage-one features (B, 128, S) and (B, C_v, T), masks (B, S) and (B, T).

        A step counts if either stream is there; S is at least 2, T at least 1.

        Returns:
            Class logits (B, 8).
        """
        steps = audio.shape[2]
        seen = align_steps(video_mask, steps)
        video = align_steps(video * video_mask[:, None], steps)
        together = torch.cat([audio * audio_mask[:, None], video], dim=1)
        features = masked_mean(self.joint(together), shrink_mask(audio_mask | seen, 2))
        return self.classes(self.drop(features))
