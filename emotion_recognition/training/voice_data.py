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

"""Voice clips of RAVDESS and CREMA-D as training reads them: features, soft targets, speakers."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from emotion_recognition.corpora import crema_d, ravdess
from emotion_recognition.corpora.corpus import CorpusError
from emotion_recognition.emotions import EMOTIONS
from emotion_recognition.evaluation.voice_features import Features, voice_features, voice_vectors
from emotion_recognition.evaluation.voice_folds import VoiceClip, centre_window
from emotion_recognition.model.backbones import VoiceBackbone
from emotion_recognition.model.emotion_model import AUDIO_STEPS
from emotion_recognition.training.config import ConfigError
from emotion_recognition.training.room_and_noise import room_and_noise


@dataclass(frozen=True)
class VoiceSet:
    """Clips of one corpus.

    ``frames`` (N, T, F) float16 hold each clip's feature frames from the start, or the vectors of a
    voice encoder of the window around its middle, ``lengths`` (N,) how many. ``targets`` (N, 8) are
    class distributions; ``intensity`` (N,) is in [0, 1], NaN where unknown; ``labels`` (N,) are
    indices into ``EMOTIONS``; ``actors`` (N,).
    """

    paths: list[Path]
    frames: Tensor
    lengths: Tensor
    targets: Tensor
    intensity: Tensor
    labels: Tensor
    actors: Tensor

    def __len__(self) -> int:
        return len(self.paths)

    def centre_windows(self, steps: int = AUDIO_STEPS) -> tuple[Tensor, Tensor]:
        """Return one window (N, steps, F) around the middle of each clip, and their masks."""
        pairs = [
            centre_window(clip[:length].numpy(), steps)
            for clip, length in zip(self.frames, self.lengths.tolist(), strict=True)
        ]
        windows, masks = zip(*pairs, strict=True)
        return torch.from_numpy(np.stack(windows)), torch.from_numpy(np.stack(masks))

    def select(self, keep: Tensor) -> "VoiceSet":
        """Return the clips where ``keep`` (N,) bool is true."""
        chosen = keep.nonzero().flatten()
        return VoiceSet(
            [self.paths[i] for i in chosen.tolist()],
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


def ravdess_voices(clips: list[ravdess.RavdessClip], features: dict[str, np.ndarray]) -> VoiceSet:
    """Build the set of RAVDESS clips; intensity is 0 normal, 1 strong, unknown for neutral."""
    labels = np.array([clip.label for clip in clips])
    intensity = [np.nan if clip.emotion == "neutral" else float(clip.strong) for clip in clips]
    return _voice_set(
        [clip.path for clip in clips],
        features,
        np.eye(len(EMOTIONS), dtype=np.float32)[labels],
        np.array(intensity, dtype=np.float32),
        labels,
        np.array([clip.actor for clip in clips]),
    )


def crema_d_voices(
    clips: list[crema_d.CremaDClip], features: dict[str, np.ndarray], acted: float
) -> VoiceSet:
    """Build the set of CREMA-D clips.

    In a target the emotion that was acted has the weight ``acted``, the listeners' votes the rest.
    """
    labels = np.array([clip.label for clip in clips])
    intended = np.eye(len(EMOTIONS), dtype=np.float32)[labels]
    votes = np.stack([clip.votes for clip in clips])
    return _voice_set(
        [clip.path for clip in clips],
        features,
        acted * intended + (1 - acted) * votes,
        np.array([clip.intensity for clip in clips], dtype=np.float32),
        labels,
        np.array([clip.actor for clip in clips]),
    )


def read_voices(
    corpus: str,
    data: Path,
    folder: Path,
    acted: float,
    encoder: VoiceBackbone | None = None,
    version: int = 0,
) -> VoiceSet:
    """Read ``crema_d``, ``ravdess_speech`` or ``ravdess_song`` below ``data``.

    The features, or the vectors of a voice encoder, are taken from a cache in ``folder``, and put
    there the first time.

    Args:
        corpus: Its name.
        data: Folder that holds it.
        folder: Of the cache.
        acted: Weight of the acted emotion in a CREMA-D target.
        encoder: Whose vectors are read; None: log-mel frames.
        version: 0: the clips as they are; from 1: that version of them in rooms and noise.

    Raises:
        ConfigError: the corpus is not there, or its files are not sound.
    """
    change = room_and_noise(version) if version else None
    name = f"{corpus}-room{version}" if version else corpus

    def heard(clips: Sequence[VoiceClip]) -> Features:
        paths = [clip.path for clip in clips]
        if encoder is None:
            return voice_features(paths, folder / f"{name}.npz", change)
        return voice_vectors(paths, folder / f"{name}-{encoder.name}.npz", encoder, change)

    try:
        if corpus == "crema_d":
            spoken = crema_d.clips(data)
            return crema_d_voices(spoken, heard(spoken), acted)
        channel: ravdess.Channel = "song" if corpus == "ravdess_song" else "speech"
        clips = ravdess.read(data / corpus, channel).check(complete=False)
        return ravdess_voices(clips, heard(clips))
    except (CorpusError, OSError, ValueError) as error:
        raise ConfigError("corpora", str(error)) from error


def join_voices(sets: list[VoiceSet]) -> VoiceSet:
    """Return the clips of all sets as one, the frames padded to the longest."""
    longest = max(voices.frames.shape[1] for voices in sets)
    columns: dict[str, list[Tensor]] = {
        item.name: [getattr(voices, item.name) for voices in sets]
        for item in fields(VoiceSet)
        if item.name != "paths"
    }
    columns["frames"] = [
        functional.pad(frames, (0, 0, 0, longest - frames.shape[1])) for frames in columns["frames"]
    ]
    paths = [path for voices in sets for path in voices.paths]
    return VoiceSet(paths, **{name: torch.cat(parts) for name, parts in columns.items()})


def _voice_set(
    paths: list[Path],
    features: dict[str, np.ndarray],
    targets: np.ndarray,
    intensity: np.ndarray,
    labels: np.ndarray,
    actors: np.ndarray,
) -> VoiceSet:
    lengths = np.array([len(features[path.stem]) for path in paths])
    width = features[paths[0].stem].shape[1]
    frames = np.zeros((len(paths), lengths.max(), width), dtype=np.float16)
    for row, path in enumerate(paths):
        frames[row, : lengths[row]] = features[path.stem]
    return VoiceSet(
        paths,
        torch.from_numpy(frames),
        torch.from_numpy(lengths),
        torch.from_numpy(targets.astype(np.float32)),
        torch.from_numpy(intensity),
        torch.from_numpy(labels),
        torch.from_numpy(actors),
    )
