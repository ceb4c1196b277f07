"""Voice clips of RAVDESS and CREMA-D as training reads them: features, soft targets, speakers."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from emotion_recognition.corpora import crema_d, ravdess
from emotion_recognition.emotions import EMOTIONS
from emotion_recognition.evaluation.voice_folds import centre_window

ACTED_SHARE = 0.7
"""Weight of the acted emotion in a CREMA-D target; the rest is the listeners' votes."""


@dataclass(frozen=True)
class VoiceSet:
    """Clips of one corpus.

    ``frames`` (N, T, F) float16 hold each clip's feature frames from the start, ``lengths`` (N,)
    how many. ``targets`` (N, 8) are class distributions; ``intensity`` (N,) is in [0, 1], NaN
    where unknown; ``labels`` (N,) are indices into ``EMOTIONS``; ``actors`` (N,).
    """

    names: list[str]
    frames: Tensor
    lengths: Tensor
    targets: Tensor
    intensity: Tensor
    labels: Tensor
    actors: Tensor

    def __len__(self) -> int:
        return len(self.names)

    def centre_windows(self) -> tuple[Tensor, Tensor]:
        """Return one window (N, 225, F) around the middle of each clip, and their masks."""
        pairs = [
            centre_window(clip[:length].numpy())
            for clip, length in zip(self.frames, self.lengths.tolist(), strict=True)
        ]
        windows, masks = zip(*pairs, strict=True)
        return torch.from_numpy(np.stack(windows)), torch.from_numpy(np.stack(masks))

    def select(self, keep: Tensor) -> "VoiceSet":
        """Return the clips where ``keep`` (N,) bool is true."""
        chosen = keep.nonzero().flatten()
        return VoiceSet(
            [self.names[i] for i in chosen.tolist()],
            self.frames[chosen],
            self.lengths[chosen],
            self.targets[chosen],
            self.intensity[chosen],
            self.labels[chosen],
            self.actors[chosen],
        )

    def by_actors(self, actors: tuple[int, ...]) -> "VoiceSet":
        """Return the clips of these actors."""
        return self.select(torch.isin(self.actors, torch.tensor(actors)))


def read_features(cache: Path) -> dict[str, np.ndarray]:
    """Read a feature cache written by ``training.voice_features``: clip name to (n, F) float16."""
    with np.load(cache) as stored:
        values, offsets = stored["values"], stored["offsets"]
        names = [str(name) for name in stored["names"]]
    return {
        name: values[start:end]
        for name, start, end in zip(names, offsets[:-1], offsets[1:], strict=True)
    }


def ravdess_voices(clips: list[ravdess.RavdessClip], features: dict[str, np.ndarray]) -> VoiceSet:
    """Build the set of RAVDESS clips; intensity is 0 normal, 1 strong, unknown for neutral."""
    labels = np.array([clip.label for clip in clips])
    intensity = [np.nan if clip.emotion == "neutral" else float(clip.strong) for clip in clips]
    return _voice_set(
        [clip.path.stem for clip in clips],
        features,
        np.eye(len(EMOTIONS), dtype=np.float32)[labels],
        np.array(intensity, dtype=np.float32),
        labels,
        np.array([clip.actor for clip in clips]),
    )


def crema_d_voices(clips: list[crema_d.CremaDClip], features: dict[str, np.ndarray]) -> VoiceSet:
    """Build the set of CREMA-D clips; targets blend the acted emotion and the listeners' votes."""
    labels = np.array([clip.label for clip in clips])
    acted = np.eye(len(EMOTIONS), dtype=np.float32)[labels]
    votes = np.stack([clip.votes for clip in clips])
    return _voice_set(
        [clip.path.stem for clip in clips],
        features,
        ACTED_SHARE * acted + (1 - ACTED_SHARE) * votes,
        np.array([clip.intensity for clip in clips], dtype=np.float32),
        labels,
        np.array([clip.actor for clip in clips]),
    )


def _voice_set(
    names: list[str],
    features: dict[str, np.ndarray],
    targets: np.ndarray,
    intensity: np.ndarray,
    labels: np.ndarray,
    actors: np.ndarray,
) -> VoiceSet:
    lengths = np.array([len(features[name]) for name in names])
    width = features[names[0]].shape[1]
    frames = np.zeros((len(names), lengths.max(), width), dtype=np.float16)
    for row, name in enumerate(names):
        frames[row, : lengths[row]] = features[name]
    return VoiceSet(
        names,
        torch.from_numpy(frames),
        torch.from_numpy(lengths),
        torch.from_numpy(targets.astype(np.float32)),
        torch.from_numpy(intensity),
        torch.from_numpy(labels),
        torch.from_numpy(actors),
    )
