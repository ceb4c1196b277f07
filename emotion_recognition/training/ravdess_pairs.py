"""RAVDESS clips that have both a voice and a face described by action units."""

import logging
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from emotion_recognition.corpora import ravdess
from emotion_recognition.corpora.openface import action_units, clip_key
from emotion_recognition.model.network import TwoStreamNetwork
from emotion_recognition.training.fusion import listen
from emotion_recognition.training.voice_data import VoiceSet, ravdess_voices, read_features
from emotion_recognition.training.voice_features import write_features

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


def paired_clips(data: Path, cache: Path) -> tuple[VoiceSet, Tensor]:
    """Return the voices of the clips that have action units, and these (N, 35) as measured.

    Args:
        data: Folder of the corpora.
        cache: Audio features by ``training.voice_features``; computed if there is no such file.

    Raises:
        FileNotFoundError: the clips or the action units are missing.
        ValueError: no clip has action units, or the cache lacks some of the clips.
    """
    units = action_units(data)
    clips = [c for c in ravdess.speech_clips(data) if clip_key(c.path.stem) in units]
    if not clips:
        raise ValueError(f"no clip in '{data}' has a row of action units: check --data")
    if not cache.is_file():
        write_features([clip.path for clip in clips], cache)
    features = read_features(cache)
    missing = [clip.path.stem for clip in clips if clip.path.stem not in features]
    if missing:
        raise ValueError(
            f"'{cache}' lacks {len(missing)} clips, such as {missing[0]}: delete it to compute anew"
        )
    faces = torch.stack([torch.from_numpy(units[clip_key(clip.path.stem)]) for clip in clips])
    return ravdess_voices(clips, features), faces


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
