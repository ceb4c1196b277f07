"""The two branches of the network, sound and sight, each in two stages to fuse between.

Both follow the two-stage scheme of Chumachenko et al., "Self-attention fusion for audiovisual
emotion recognition with incomplete data" (2022): convolution, batch normalisation, ReLU; stage one
ends in 128 (audio) or 64 (video) features a step, stage two in 128. The audio branch reads log-mel
spectra, so the first of its four blocks look at frequency and time together (2-D).
"""

import torch
from torch import Tensor, nn

LOG_MEL = 64
"""Leading columns of an audio feature frame that are log-mel power in dB."""

AUDIO_STRIDE = 4
"""Audio frames that make one step of the audio branch's stage one."""


def shrink_mask(mask: Tensor, factor: int) -> Tensor:
    """Return the mask (B, T // factor) of steps that cover at least one valid step of ``mask``."""
    steps = mask.shape[1] // factor
    return mask[:, : steps * factor].reshape(-1, steps, factor).any(dim=2)


def masked_mean(values: Tensor, mask: Tensor) -> Tensor:
    """Average ``values`` (B, C, T) over the valid steps of ``mask`` (B, T); zeros where none is."""
    keep = mask[:, None].to(values.dtype)
    return (values * keep).sum(dim=2) / keep.sum(dim=2).clamp(min=1)


def _conv2d(inputs: int, outputs: int, kernel: int, stride: int = 1) -> nn.Sequential:
    conv = nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(outputs), nn.ReLU())


def conv1d_block(inputs: int, outputs: int) -> nn.Sequential:
    """Convolve over three steps, normalise, ReLU: (B, inputs, T) to (B, outputs, T)."""
    conv = nn.Conv1d(inputs, outputs, 3, padding=1, bias=False)
    return nn.Sequential(conv, nn.BatchNorm1d(outputs), nn.ReLU())


class AudioBranch(nn.Module):
    """Log-mel frames to 128 features for the whole window.

    Attributes:
        mean, std: log-mel statistics (64,) of the training data in dB, by which input is scaled.
    """

    STAGE_ONE_SIZE = 128
    SIZE = 128

    mean: Tensor
    std: Tensor

    def __init__(self, dropout: float = 0.3) -> None:
        super().__init__()
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
        self.temporal = nn.Sequential(
            conv1d_block(self.STAGE_ONE_SIZE, 256),
            nn.MaxPool1d(2),
            nn.Dropout(dropout),
            conv1d_block(256, self.SIZE),
        )

    def stage_one(self, audio: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Frames (B, T, >= 64) and mask (B, T) to features (B, 128, T // 4) and their mask."""
        scaled = (audio[:, :, :LOG_MEL] - self.mean) / self.std
        scaled = torch.where(mask[:, :, None], scaled, torch.zeros_like(scaled))
        image = scaled.transpose(1, 2)[:, None].contiguous(memory_format=torch.channels_last)
        features = self.collapse(self.spectral(image)).squeeze(2)
        steps = shrink_mask(mask, AUDIO_STRIDE)
        return features[:, :, : steps.shape[1]] * steps[:, None], steps

    def steps(self, features: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Features (B, 128, S) and mask (B, S) to stage-two features (B, 128, S // 2) and mask."""
        return self.temporal(features), shrink_mask(mask, 2)

    def stage_two(self, features: Tensor, mask: Tensor) -> Tensor:
        """Features (B, 128, S) and mask (B, S) to the window's vector (B, 128), masked mean."""
        return masked_mean(*self.steps(features, mask))

    def forward(self, audio: Tensor, mask: Tensor) -> Tensor:
        """Both stages without fusion: frames (B, T, >= 64) to (B, 128)."""
        return self.stage_two(*self.stage_one(audio, mask))


class VisualBranch(nn.Module):
    """Frame vectors of the frame encoder to 128 features for the whole window."""

    STAGE_ONE_SIZE = 64
    SIZE = 128

    def __init__(self, vector_size: int = 128, dropout: float = 0.3) -> None:
        super().__init__()
        self.first = nn.Sequential(
            nn.Dropout(dropout),
            conv1d_block(vector_size, 64),
            conv1d_block(64, self.STAGE_ONE_SIZE),
        )
        self.second = nn.Sequential(
            conv1d_block(self.STAGE_ONE_SIZE, 128),
            nn.Dropout(dropout),
            conv1d_block(128, self.SIZE),
        )

    def stage_one(self, vectors: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Vectors (B, T, V) and mask (B, T) to features (B, 64, T) and the mask."""
        keep = mask[:, None]
        vectors = vectors.transpose(1, 2)
        vectors = torch.where(keep, vectors, torch.zeros_like(vectors))
        return self.first(vectors) * keep, mask

    def steps(self, features: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Features (B, 64, T) and mask (B, T) to stage-two features (B, 128, T) and the mask."""
        return self.second(features), mask

    def stage_two(self, features: Tensor, mask: Tensor) -> Tensor:
        """Features (B, 64, T) and mask (B, T) to the window's vector (B, 128), masked mean."""
        return masked_mean(*self.steps(features, mask))
