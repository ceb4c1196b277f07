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

"""The stage ``voice``: train the audio branch and its heads on voices, by folds and for deployment.

    emotion-recognition train config/training/voice_ravdess.yaml --data DIR --out DIR --features DIR

Writes ``voice_fold1.safetensors`` and so on, emotion networks that judge voices alone, and
``report.md`` with their accuracy on validation speakers. Test speakers are not looked at.
"""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor, nn
from torch.utils.data import Dataset

from emotion_recognition.corpora import crema_d, ravdess
from emotion_recognition.emotions import EMOTIONS
from emotion_recognition.extras import need_extra
from emotion_recognition.model.backbones import (
    BackboneError,
    VoiceBackbone,
    VoiceEncoderChoice,
    make_voice_encoder,
)
from emotion_recognition.model.backbones.trained_with import encoder_entries
from emotion_recognition.model.backbones.voice_window import VOICE_STEPS
from emotion_recognition.model.branches import LOG_MEL
from emotion_recognition.model.checkpoint import (
    CheckpointError,
    checkpoint_sha256,
    load_checkpoint,
    save_checkpoint,
)
from emotion_recognition.model.device import choose_device
from emotion_recognition.model.emotion_model import AUDIO_STEPS
from emotion_recognition.model.network import (
    KIND,
    EmotionNetwork,
    NetworkConfig,
    TwoStreamNetwork,
    config_entries,
    load_network,
)
from emotion_recognition.model.network_file import NETWORK_FILE, WEIGHTS
from emotion_recognition.training.augment import mix, random_vector_windows, random_windows
from emotion_recognition.training.calibration import fit_temperature
from emotion_recognition.training.config import ConfigError, require
from emotion_recognition.training.optimise import intensity_loss, soft_cross_entropy
from emotion_recognition.training.optimiser import AdamW, OneCycle, Optimiser, Schedule
from emotion_recognition.training.task import Task, Training, leads
from emotion_recognition.training.trainer import fit
from emotion_recognition.training.voice_data import VoiceSet, join_voices, read_voices

logger = logging.getLogger(__name__)

Corpus = Literal["crema_d", "ravdess_speech", "ravdess_song"]

ENCODER = WEIGHTS / "frame_encoder.safetensors"
"""The frame encoder that goes with the networks."""

FOLDS = {"ravdess": len(ravdess.FOLDS), "crema_d": len(crema_d.FOLDS)}

VECTORS = "vectors"
"""The audio branch that reads a voice encoder."""

LICENCE = "CC BY-NC-SA 4.0 where trained on RAVDESS; CREMA-D is ODbL 1.0"


@dataclass(frozen=True)
class Voice:
    """Options of the stage.

    Attributes:
        corpora: The clips to train on.
        split: Whose folds by actor; the other corpora have no actor in common with it.
        folds: Which, from 1; 0 is a network for deployment, trained on all actors.
        acted: Weight of the acted emotion in a CREMA-D target; the rest is the listeners' votes.
        start: The network to start from, in which ``{fold}`` stands for the number of the fold;
            empty: random weights.
        smoothing: Label smoothing.
        intensity: Weight of the intensity loss beside the class loss.
        noisy_versions: Of each voice in rooms and noise, to train on beside the clean one.
        voice_encoder: Whose vectors the networks read; by default they read log-mel frames.
        calibrated: Networks of the same recipe, of which the temperature is taken. The actors that
            validate are then trained on as well; empty: they are kept out, and calibrate.
        optimiser: The optimiser.
        schedule: Its learning rate over time.
        trainer: Length, batches, seed.
    """

    corpora: tuple[Corpus, ...]
    split: Literal["ravdess", "crema_d"]
    folds: tuple[int, ...]
    acted: float = 0.7
    start: str = ""
    smoothing: float = 0.1
    intensity: float = 0.2
    noisy_versions: int = 0
    calibrated: str = ""
    voice_encoder: VoiceEncoderChoice = field(default_factory=VoiceEncoderChoice)
    optimiser: Optimiser = field(default_factory=AdamW)
    schedule: Schedule = field(default_factory=OneCycle)
    trainer: Training = field(default_factory=lambda: Training(keep="last"))

    def __post_init__(self) -> None:
        require(bool(self.corpora), "corpora", [], "one or more")
        most = FOLDS[self.split]
        for fold in self.folds:
            require(0 <= fold <= most, "folds", fold, f"0 to {most}, those of {self.split}")
        require(bool(self.folds), "folds", [], "one or more")
        for name in ("acted", "smoothing"):
            require(0 <= getattr(self, name) <= 1, name, getattr(self, name), "0 to 1")
        for name in ("intensity", "noisy_versions"):
            require(getattr(self, name) >= 0, name, getattr(self, name), "0 or more")
        require(self.trainer.keep == "last", "trainer.keep", self.trainer.keep, "last")


class VoiceClassifier(nn.Module):
    """The parts of an emotion network that judge a voice, trained in place."""

    def __init__(self, network: EmotionNetwork) -> None:
        super().__init__()
        self.branch = network.audio
        self.drop = network.heads.drop
        self.classes = network.heads.audio_classes
        self.intensity = network.heads.intensity

    def forward(self, audio: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Frames (B, T, >= 64) and mask to class logits (B, 8) and intensity logits (B,)."""
        heard = self.drop(self.branch(audio, mask))
        return self.classes(heard), self.intensity(heard)[:, 0]


class RandomWindows(Dataset[tuple[Tensor, ...]]):
    """Batches of windows (B, T, F), masks, class targets (B, 8) and intensities (B,)."""

    def __init__(self, voices: VoiceSet, vectors: bool = False) -> None:
        self._voices = voices
        self._cut = random_vector_windows if vectors else random_windows

    def __len__(self) -> int:
        return len(self._voices)

    def __getitem__(self, rows: list[int]) -> tuple[Tensor, ...]:
        voices, chance = self._voices, torch.default_generator
        windows, mask = self._cut(voices.frames[rows], voices.lengths[rows], chance)
        windows, mask, partner, share = mix(windows, mask, chance)
        targets, share = voices.targets[rows], share[:, None]
        targets = share * targets + (1 - share) * targets[partner]
        return windows, mask, targets, voices.intensity[rows]


class CentreWindows(Dataset[tuple[Tensor, ...]]):
    """Batches of the windows (B, T, F) around the middle of the clips, masks and classes (B,)."""

    def __init__(self, voices: VoiceSet, steps: int = AUDIO_STEPS) -> None:
        self._parts = (*voices.centre_windows(steps), voices.targets.argmax(dim=1))

    def __len__(self) -> int:
        return len(self._parts[2])

    def __getitem__(self, rows: list[int]) -> tuple[Tensor, ...]:
        return tuple(part[rows] for part in self._parts)


def run(config: Voice, data: Path, out: Path, features: Path, resume: bool) -> Path:
    """Train the folds that are not there yet; see ``training.config.STAGES`` for the arguments.

    Returns:
        The network of the last fold.
    """
    need_extra("training")
    encoder = _voice_encoder(config.voice_encoder)
    entries = encoder_entries(voice=encoder)
    network = network_config(encoder)
    starts = {fold: _start(config, fold, network) for fold in config.folds}
    known = {
        fold: voice_temperature(Path(config.calibrated.format(fold=fold)))
        for fold in config.folds
        if config.calibrated
    }
    voices, *noisy = (
        join_voices(
            [
                read_voices(name, data, features, config.acted, encoder, version)
                for name in config.corpora
            ]
        )
        for version in range(config.noisy_versions + 1)
    )
    lines = ["| fold | validation clips | accuracy | temperature |", "| --- " * 4 + "|"]
    for fold in config.folds:
        path = out / f"voice_fold{fold}.safetensors"
        train, held = split_voices(voices, config.split, fold)
        if config.calibrated:
            train, held = train | held, torch.zeros_like(held)
        heard = join_voices([version.select(train) for version in (voices, *noisy)])
        task = make_task(starts[fold], heard, voices.select(held), config)
        runs = out / f"fold{fold}"
        classifier = fit(task, config.optimiser, config.schedule, config.trainer, runs, resume)
        temperature = known.get(fold, 1.0)
        if bool(held.any()):
            valid = voices.select(held)
            logits = score(classifier, valid, window_steps(starts[fold]))
            truth = valid.targets.argmax(dim=1)  # what was acted, or what most listeners heard
            temperature = fit_temperature(logits, truth)
            right = (logits.argmax(dim=1) == truth).float().mean().item()
            lines.append(f"| {fold} | {len(valid)} | {100 * right:.1f} % | {temperature:.2f} |")
        if leads():
            temperatures = dict.fromkeys(("audio", "video", "both"), temperature)
            name = f"voice-{config.split}-fold{fold}"
            save_network(path, starts[fold], name, temperatures, LICENCE, entries)
            (out / "report.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def make_task(network: EmotionNetwork, voices: VoiceSet, held: VoiceSet, config: Voice) -> Task:
    """Set out what ``network`` is to learn from ``voices``; ``held``, or none, validate."""
    vectors = network.config.audio_branch == VECTORS
    if not vectors:
        set_statistics(network, voices)

    def loss(model: nn.Module, batch: tuple[Tensor, ...], epoch: int) -> Tensor:
        windows, mask, targets, intensity = batch
        logits, strength = model(windows, mask)
        total = soft_cross_entropy(logits.float(), targets, config.smoothing)
        return total + config.intensity * intensity_loss(strength.float(), intensity)

    return Task(
        VoiceClassifier(network).train(),
        loss,
        lambda model, batch: (model(*batch[:2])[0], batch[2]),
        RandomWindows(voices, vectors),
        CentreWindows(held, window_steps(network)) if len(held) else None,
    )


def network_config(encoder: VoiceBackbone | None) -> NetworkConfig:
    """Return how a network is built that reads log-mel frames, or the vectors of ``encoder``."""
    if encoder is None:
        return NetworkConfig()
    return NetworkConfig(audio_branch=VECTORS, audio_size=encoder.vector_size)


def window_steps(network: TwoStreamNetwork) -> int:
    """Return how many steps of sound a window of ``network`` has."""
    return VOICE_STEPS if network.config.audio_branch == VECTORS else AUDIO_STEPS


def voice_temperature(path: Path) -> float:
    """Return the temperature of a network for a voice alone.

    Raises:
        ConfigError: it is not there, or no network.
    """
    try:
        _, metadata = load_checkpoint(path, KIND)
        return float(json.loads(metadata["temperature"])["audio"])
    except (CheckpointError, KeyError, ValueError) as error:
        raise ConfigError("calibrated", str(error)) from error


def split_voices(voices: VoiceSet, split: str, fold: int) -> tuple[Tensor, Tensor]:
    """Rows (N,) bool to train on and to validate on in a fold from 1; all and none for 0."""
    if not fold:
        everyone = torch.ones(len(voices), dtype=torch.bool)
        return everyone, ~everyone
    corpus = ravdess if split == "ravdess" else crema_d
    test = torch.isin(voices.actors, torch.tensor(corpus.FOLDS[fold - 1]))
    held = torch.isin(voices.actors, torch.tensor(corpus.validation_actors(fold - 1)))
    return ~test & ~held, held


def set_statistics(network: EmotionNetwork, voices: VoiceSet) -> None:
    """Set the branch's input scaling to the log-mel statistics of all frames of ``voices``."""
    valid = torch.arange(voices.frames.shape[1])[None] < voices.lengths[:, None]
    frames = voices.frames[valid][:, :LOG_MEL].float()
    network.audio.get_buffer("mean").copy_(frames.mean(dim=0))
    network.audio.get_buffer("std").copy_(frames.std(dim=0))


@torch.inference_mode()
def score(classifier: nn.Module, voices: VoiceSet, steps: int = AUDIO_STEPS) -> Tensor:
    """Class logits (N, 8) of the clips, each through one window of ``steps`` around its middle."""
    classifier.eval()
    windows, masks = voices.centre_windows(steps)
    batches = zip(windows.split(64), masks.split(64), strict=True)
    return torch.cat([classifier(*batch)[0] for batch in batches])


def _voice_encoder(choice: VoiceEncoderChoice) -> VoiceBackbone | None:
    try:
        return make_voice_encoder(choice, choose_device().name)
    except BackboneError as error:
        raise ConfigError(error.field.replace("_path", ".path"), str(error)) from error


def _start(config: Voice, fold: int, built: NetworkConfig) -> EmotionNetwork:
    if not config.start:
        torch.manual_seed(config.trainer.seed * 100 + fold)
        fresh = EmotionNetwork(built)
        if built.audio_branch == VECTORS:  # not to be joined with a face: for use as it is
            shipped, _ = load_network(WEIGHTS / NETWORK_FILE)
            fresh.heads.ratings.copy_(shipped.heads.ratings)
        return fresh
    try:
        network, _ = load_network(Path(config.start.format(fold=fold)))
    except CheckpointError as error:
        raise ConfigError("start", str(error)) from error
    if network.config != built:
        problem = f"'{config.start}' is built as {network.config}"
        raise ConfigError("start", f"{problem}; allowed: {built}")
    assert isinstance(network, EmotionNetwork)
    return network


def save_network(
    path: Path,
    network: EmotionNetwork,
    name: str,
    temperature: dict[str, float],
    licence: str,
    encoders: Mapping[str, str] | None = None,
) -> None:
    """Write a network that goes with the shipped frame encoder, in the form that is deployed.

    Args:
        path: The file.
        network: The network.
        name: Its id.
        temperature: For ``audio``, ``video`` and ``both``.
        licence: Of the weights.
        encoders: Entries of the voice encoder that it reads, if there is one.
    """
    save_checkpoint(
        path,
        network,
        KIND,
        name,
        config_entries(network),
        labels=json.dumps(EMOTIONS),
        temperature=json.dumps(temperature),
        frame_encoder_sha256=checkpoint_sha256(ENCODER),
        licence=licence,
        **(encoders or {}),
    )
