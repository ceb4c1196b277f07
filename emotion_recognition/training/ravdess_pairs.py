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

"""RAVDESS clips that have both a voice and a face described by action units."""

import logging
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from emotion_recognition.corpora import ravdess
from emotion_recognition.corpora.openface import action_units, clip_key
from emotion_recognition.evaluation.ravdess_voice import feature_cache
from emotion_recognition.evaluation.voice_features import noise_at, voice_features
from emotion_recognition.evaluation.voice_folds import NOISE
from emotion_recognition.model.network import TwoStreamNetwork
from emotion_recognition.training.fusion import listen
from emotion_recognition.training.voice_data import VoiceSet, ravdess_voices

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Pairs:
    """What the fusions are trained and tested on.

    ``sound`` (N, 128, S) are stage-one features of an audio branch and ``sound_mask`` (N, S) their
    valid steps; ``faces`` (N, 1, 35) action units, one step for the whole clip, and ``faces_mask``
    (N, 1); ``labels`` (N,).
    """

    sound: Tensor
    sound_mask: Tensor
    faces: Tensor
    faces_mask: Tensor
    labels: Tensor

    def rows(self, index: Tensor) -> "Pairs":
        """Return the clips at ``index``, the sound as float32."""
        rest = (self.sound_mask, self.faces, self.faces_mask, self.labels)
        return Pairs(self.sound[index].float(), *(field[index] for field in rest))

    def without_voice(self) -> "Pairs":
        """Return the same clips with the sound missing."""
        return replace(self, sound_mask=torch.zeros_like(self.sound_mask))

    def faces_alone(self) -> "Pairs":
        """Return the same clips without sound, as short as the audio branch takes it."""
        return replace(self, sound=self.sound[:, :, :2], sound_mask=self.sound_mask[:, :2] & False)

    def without_face(self) -> "Pairs":
        """Return the same clips with the face missing."""
        return replace(self, faces_mask=torch.zeros_like(self.faces_mask))


def paired_clips(
    data: Path, out: Path, noise: bool = False
) -> tuple[VoiceSet, Tensor, dict[str, VoiceSet]]:
    """Return the clips that have action units.

    Args:
        data: Folder of the corpora.
        out: Folder below which the audio features are kept.
        noise: Whether to return the voices in noise as well.

    Returns:
        The voices of N clips; their action units (N, 35) as measured; and the same voices under
        each condition of noise, by name.

    Raises:
        FileNotFoundError: the clips or the action units are missing.
        ValueError: no clip has action units.
    """
    units = action_units(data)
    clips = [c for c in ravdess.speech_clips(data) if clip_key(c.path.stem) in units]
    if not clips:
        raise ValueError(f"no clip in '{data}' has a row of action units: check --data")
    paths = [clip.path for clip in clips]
    changes = {name: noise_at(snr_db) for name, snr_db in NOISE.items()} if noise else {}
    voices = {
        condition: ravdess_voices(
            clips, voice_features(paths, feature_cache(out, condition), change)
        )
        for condition, change in {"clean": None, **changes}.items()
    }
    faces = torch.stack([torch.from_numpy(units[clip_key(clip.path.stem)]) for clip in clips])
    return voices.pop("clean"), faces, voices


def hear(
    network: TwoStreamNetwork, voices: VoiceSet, faces: Tensor, versions: int, seed: int
) -> Pairs:
    """Pair faces (N, 35) with their voices through the frozen stage one of ``network``.

    ``versions`` augmented versions of each voice, or with 0 its middle alone.
    """
    sounds = listen(network, voices, versions, seed)
    faces = faces.repeat(max(versions, 1), 1)[:, None]
    here = torch.ones(len(faces), 1, dtype=torch.bool)
    return Pairs(sounds.features, sounds.mask, faces, here, sounds.labels)


def in_noise(network: TwoStreamNetwork, pairs: Pairs, noisy: VoiceSet) -> Pairs:
    """Return ``pairs`` of clips with the same clips' voices in noise, each in the middle."""
    sounds = listen(network, noisy, 0, seed=0)
    return replace(pairs, sound=sounds.features, sound_mask=sounds.mask)
