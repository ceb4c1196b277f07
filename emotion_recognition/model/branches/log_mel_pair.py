"""Two log-mel branches side by side: an ensemble of two trainings as one branch.

Networks that were trained from different weights err differently; the mean of their judgements is
better than either. Linear heads on both vectors side by side hold that mean exactly.
"""

from typing import ClassVar

import torch
from torch import Tensor

from emotion_recognition.model.branches.branch import Branch
from emotion_recognition.model.branches.log_mel import LOG_MEL, AudioBranch


class LogMelPair(Branch):
    """Log-mel frames to the features of two branches, those of the first one first."""

    STAGE_ONE_SIZE: ClassVar[int] = 2 * AudioBranch.STAGE_ONE_SIZE
    SIZE: ClassVar[int] = 2 * AudioBranch.SIZE
    INPUT_SIZES: ClassVar[range] = AudioBranch.INPUT_SIZES

    def __init__(self, size: int = LOG_MEL) -> None:
        super().__init__(size)
        self.first, self.second = AudioBranch(size), AudioBranch(size)

    @property
    def members(self) -> tuple[AudioBranch, AudioBranch]:
        """Both branches."""
        return self.first, self.second

    def stage_one(self, values: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Frames (B, T, >= 64) and mask (B, T) to features (B, 256, T // 4) and their mask."""
        parts = [member.stage_one(values, mask) for member in self.members]
        return torch.cat([features for features, _ in parts], dim=1), parts[0][1]

    def steps(self, features: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Features (B, 256, S) and mask (B, S) to stage-two features (B, 256, S // 2) and mask."""
        halves = zip(self.members, features.chunk(2, dim=1), strict=True)
        parts = [member.steps(half, mask) for member, half in halves]
        return torch.cat([features for features, _ in parts], dim=1), parts[0][1]

    def drop_stage_two(self) -> None:
        """Give up stage two."""
        for member in self.members:
            member.drop_stage_two()
