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

"""Voices judged by the networks of folds, each by one that never heard its speaker.

Each clip goes through the audio front end (or the voice encoder that the networks read) and then,
as one window around its middle, through the deployed path of the fold's network, with the face
missing.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from emotion_recognition.evaluation.voice_features import noise_at, voice_features, voice_vectors
from emotion_recognition.model.backbones import NO_VOICE_ENCODER, VoiceEncoderChoice
from emotion_recognition.model.emotion_model import (
    AUDIO_STEPS,
    VIDEO_STEPS,
    EmotionModel,
    Prediction,
    load_model,
)
from emotion_recognition.model.frame_encoder import FrameEncoder

NOISE: Mapping[str, float] = {"noise_20db": 20.0, "noise_10db": 10.0, "noise_0db": 0.0}
"""Conditions with speech-shaped noise: name to signal-to-noise ratio, dB."""


class VoiceClip(Protocol):
    """What the benchmarks need to know of a clip."""

    @property
    def path(self) -> Path:
        """The sound file."""

    @property
    def actor(self) -> int:
        """Who speaks."""


@dataclass(frozen=True)
class JudgedVoices:
    """What the networks said of N clips, and by the network of which fold (from 0)."""

    probabilities: npt.NDArray[np.float32]
    intensity: npt.NDArray[np.float64]
    folds: npt.NDArray[np.int64]


def centre_window(
    frames: npt.NDArray[np.floating[Any]], steps: int = AUDIO_STEPS
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    """Cut or pad frames (n, F) to a window (steps, F) around their middle; second: its mask."""
    start = (len(frames) - steps) // 2
    index = np.arange(start, start + steps)
    mask = (index >= 0) & (index < len(frames))
    window = np.zeros((steps, frames.shape[1]), np.float32)
    window[mask] = frames[index[mask]]
    return window, mask


def judge_voice(model: EmotionModel, frames: npt.NDArray[np.floating[Any]]) -> Prediction:
    """Judge the window around the middle of a clip, with the face missing.

    Args:
        model: The network's.
        frames: (n, 87) features of the clip, or (n, D) vectors of the voice encoder.
    """
    no_face = np.zeros((VIDEO_STEPS, FrameEncoder.VECTOR_SIZE), np.float32)
    window, mask = centre_window(frames, model.audio_shape[0])
    return model.predict(window, mask, no_face, np.zeros(VIDEO_STEPS, bool))


def fold_of(clips: Iterable[VoiceClip], folds: Sequence[Sequence[int]]) -> npt.NDArray[np.int64]:
    """Return the number of the fold, from 0, whose test actors hold each clip's.

    Raises:
        ValueError: An actor is in no fold.
    """
    number = {actor: fold for fold, actors in enumerate(folds) for actor in actors}
    clips = list(clips)
    if strangers := sorted({clip.actor for clip in clips} - number.keys()):
        raise ValueError(f"actors {strangers} are in no fold: expected {sorted(number)}")
    return np.array([number[clip.actor] for clip in clips], np.int64)


@dataclass(frozen=True)
class Networks:
    """The networks of the folds.

    Attributes:
        weights: File of the network of a fold, from 0.
        voice_encoder: Whose vectors they read; by default they read features.
        arguments: What the command line says of them; empty for the shipped ones.
    """

    weights: Callable[[int], Path]
    voice_encoder: VoiceEncoderChoice = field(default_factory=VoiceEncoderChoice)
    arguments: str = ""

    def words(self, shipped: str) -> str:
        """Return which networks these are, ``shipped`` being the folder of the shipped ones."""
        return "`--networks`" if self.arguments else f"committed, `{shipped}`"

    @property
    def path(self) -> str:
        """What a voice goes through first."""
        none = self.voice_encoder.name == NO_VOICE_ENCODER
        return "audio front end" if none else f"voice encoder `{self.voice_encoder.name}`"


def networks_in(folder: Path, voice_encoder: VoiceEncoderChoice) -> Networks:
    """Return the networks that the stage ``voice`` wrote into a folder."""
    arguments = " --networks DIR"
    if voice_encoder.name != NO_VOICE_ENCODER:
        arguments += f" --voice-encoder {voice_encoder.name} --voice-encoder-path DIR"
    return Networks(
        lambda fold: folder / f"voice_fold{fold + 1}.safetensors", voice_encoder, arguments
    )


def feature_file(out: Path, corpus: str, condition: str, networks: Networks) -> Path:
    """Return the file below ``out`` that keeps what the networks read under a condition."""
    encoder = networks.voice_encoder.name
    suffix = "" if encoder == NO_VOICE_ENCODER else f"-{encoder}"
    return out / "features" / f"{corpus}-{condition}{suffix}.npz"


def judge_voices(
    clips: Sequence[VoiceClip],
    folds: npt.NDArray[np.int64],
    networks: Networks,
    cache: Path,
    snr_db: float | None = None,
) -> JudgedVoices:
    """Judge each clip by the network of its fold.

    Args:
        clips: N clips.
        folds: (N,) fold of each, from 0.
        networks: Those of the folds.
        cache: Where the audio features are kept (:mod:`.voice_features`).
        snr_db: Ratio of the speech-shaped noise that is added; None: no noise.

    Raises:
        CheckpointError: Weights of a fold are missing or corrupt, or of another voice encoder.
    """
    models = {
        fold: load_model(networks.weights(fold), "cpu", voice_encoder=networks.voice_encoder)
        for fold in np.unique(folds).tolist()
    }
    encoder = next(iter(models.values())).voice_encoder
    paths = [clip.path for clip in clips]
    change = None if snr_db is None else noise_at(snr_db)
    if encoder is None:
        features = voice_features(paths, cache, change)
    else:
        features = voice_vectors(paths, cache, encoder, change)
    judged = [
        judge_voice(models[fold], features[clip.path.stem])
        for clip, fold in tqdm(
            zip(clips, folds.tolist(), strict=True),
            desc=f"judging {cache.stem}",
            total=len(clips),
            mininterval=1,
        )
    ]
    return JudgedVoices(
        np.stack([found.probabilities for found in judged]),
        np.array([found.intensity for found in judged]),
        folds,
    )
