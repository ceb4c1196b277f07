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

"""The stage ``fusion``: train the fusion of voice and face for each fold and for deployment.

    emotion-recognition train config/training/fusion.yaml --data DIR --out DIR --features DIR

takes the networks that the stage ``voice`` wrote and the package's frame encoder, and writes
``emotion_network.safetensors``, ``folds/ravdess_fold1.safetensors`` to 6, and ``report.md`` with
the temperatures and the accuracy on held-out voices and simulated faces.

The audio branch and its heads stay as they were trained, so that a voice without a face is judged
exactly as the audio branch was measured. What is trained is the visual branch, its head and the
attention: on windows with both streams and, as often, with the sound left out (modality dropout;
windows without a face would train nothing).
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import Dataset

from emotion_recognition.corpora import affectnet, ravdess
from emotion_recognition.corpora.ferplus import load_ferplus
from emotion_recognition.emotions import EMOTIONS
from emotion_recognition.extras import need_extra
from emotion_recognition.model.checkpoint import (
    CheckpointError,
)
from emotion_recognition.model.frame_encoder import FrameEncoder, load_frame_encoder
from emotion_recognition.model.network import (
    EmotionNetwork,
    NetworkConfig,
    TwoStreamNetwork,
    load_network,
)
from emotion_recognition.training.augment import random_windows
from emotion_recognition.training.calibration import fit_temperature
from emotion_recognition.training.config import ConfigError, require
from emotion_recognition.training.face_sequences import (
    FaceBank,
    at_most,
    build_bank,
    compose,
    draw_faces,
    join_banks,
)
from emotion_recognition.training.optimise import soft_cross_entropy
from emotion_recognition.training.optimiser import AdamW, OneCycle, Optimiser, Schedule
from emotion_recognition.training.task import Task, Training, leads
from emotion_recognition.training.trainer import fit
from emotion_recognition.training.valence_arousal import emotion_ratings, fit_ratings
from emotion_recognition.training.voice import ENCODER, save_network, split_voices
from emotion_recognition.training.voice_data import VoiceSet, join_voices, read_voices

logger = logging.getLogger(__name__)

LICENCE = (
    "CC BY-NC-SA 4.0 (trained on RAVDESS, CC BY-NC-SA 4.0, CREMA-D, ODbL 1.0, and FER+ faces, "
    "research use)"
)


FACES_OF_EMOTION = 2500
"""Most FER+ training faces of one emotion that are used."""

ALONE_WEAKEST = 0.4
"""How little of its emotion a face may show in a window without sound.

In a window with sound it may show nothing at all, so that the network learns not to take a quiet
face for proof against a moved voice.
"""


@dataclass(frozen=True)
class Fusion:
    """Options of the stage.

    Attributes:
        voice: The networks of the stage ``voice``; ``{fold}`` stands for the number of the fold.
        id: Name of the weights.
        folds: Which to train, from 1; 0 is the deployed network, whose temperatures are the mean of
            those of the folds, so that it comes last.
        versions: Augmented versions of each voice and of each face.
        noisy_versions: Of each voice in rooms and noise, to train on beside the clean one.
        batches: In an epoch; each holds ``trainer.batch_size`` pairs and as many faces alone.
        smoothing: Label smoothing.
        optimiser: The optimiser.
        schedule: Its learning rate over time.
        trainer: Length, batches, seed.
    """

    voice: str
    id: str
    folds: tuple[int, ...] = (1, 2, 3, 4, 5, 6, 0)
    versions: int = 2
    noisy_versions: int = 0
    batches: int = 50
    smoothing: float = 0.05
    optimiser: Optimiser = field(default_factory=AdamW)
    schedule: Schedule = field(default_factory=OneCycle)
    trainer: Training = field(default_factory=lambda: Training(keep="last"))

    def __post_init__(self) -> None:
        most = len(ravdess.FOLDS)
        for fold in self.folds:
            require(0 <= fold <= most, "folds", fold, f"0 to {most}")
        alone = 0 in self.folds and (len(self.folds) == 1 or self.folds[-1] != 0)
        require(bool(self.folds) and not alone, "folds", self.folds, "0 only after other folds")
        for name in ("versions", "batches"):
            require(getattr(self, name) >= 1, name, getattr(self, name), "1 or more")
        noisy = self.noisy_versions
        require(noisy >= 0, "noisy_versions", noisy, "0 or more")
        require(0 <= self.smoothing < 1, "smoothing", self.smoothing, "0 to below 1")
        require(self.trainer.keep == "last", "trainer.keep", self.trainer.keep, "last")


@dataclass(frozen=True)
class Sounds:
    """Stage-one features (N, 128, S) float16 of audio windows, masks (N, S), labels (N,)."""

    features: Tensor
    mask: Tensor
    labels: Tensor


@torch.inference_mode()
def listen(network: TwoStreamNetwork, voices: VoiceSet, versions: int, seed: int) -> Sounds:
    """Run stage one of the audio branch on augmented versions of the clips; 0: on their middle."""
    network.eval()
    generator = torch.Generator().manual_seed(seed)
    windows: Iterable[tuple[Tensor, Tensor]]
    if versions:
        rows = torch.arange(len(voices)).repeat(versions).split(64)
        clips = ((voices.frames[part], voices.lengths[part]) for part in rows)
        windows = (random_windows(*clip, generator) for clip in clips)
    else:
        middle, masks = voices.centre_windows()
        windows = zip(middle.split(64), masks.split(64), strict=True)
    heard = [network.audio.stage_one(*window) for window in windows]
    return Sounds(
        torch.cat([features.half() for features, _ in heard]).clone(),
        torch.cat([mask for _, mask in heard]).clone(),
        voices.labels.repeat(max(versions, 1)),
    )


def silence(network: EmotionNetwork, batch: int) -> tuple[Tensor, Tensor]:
    """Stage-one features and mask of no sound at all, as short as the audio branch takes it."""
    return torch.zeros(batch, network.audio.STAGE_ONE_SIZE, 2), torch.zeros(batch, 2).bool()


class FusionPart(nn.Module):
    """A network of which the audio branch and what is read from it alone stay as they are."""

    def __init__(self, network: EmotionNetwork) -> None:
        super().__init__()
        self.network = network
        for module in (network.audio, network.heads.audio_classes, network.heads.intensity):
            module.requires_grad_(False)

    def train(self, mode: bool = True) -> "FusionPart":
        """Switch all but the audio branch, which keeps the statistics of its normalisation."""
        super().train(mode)
        self.network.audio.eval()
        return self

    def forward(self, *batch: Tensor) -> tuple[Tensor, Tensor]:
        """Logits of the pairs, and of the faces alone that follow them, of a :class:`Mixture`."""
        sound, heard, vectors, found = batch
        pairs = len(sound)
        sight, seen = self.network.video.stage_one(vectors, found)
        both = self.network.fuse(sound, heard, sight[:pairs], seen[:pairs])
        face = self.network.fuse(
            *silence(self.network, len(sight) - pairs), sight[pairs:], seen[pairs:]
        )
        return both.logits, face.logits


class Mixture(Dataset[tuple[Tensor, ...]]):
    """Batches of voices with a face of the same emotion, and as many faces alone.

    Returns the sound's stage-one features and mask, the face vectors and mask of twice as many
    windows, and the targets of all.
    """

    def __init__(self, sounds: Sounds, faces: FaceBank, length: int) -> None:
        self._sounds, self._faces, self._length = sounds, faces, length
        # The root evens out the emotions: faces of disgust are ten times rarer than neutral ones.
        frequency = torch.bincount(faces.labels, minlength=len(EMOTIONS)).float()
        self._chance = (frequency.clamp(min=1).rsqrt() * (frequency > 0))[faces.labels]

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, rows: list[int]) -> tuple[Tensor, ...]:
        count, chance, sounds = len(rows), torch.default_generator, self._sounds
        voices = torch.randint(len(sounds.labels), (count,), generator=chance)
        labels = sounds.labels[voices]
        single = torch.multinomial(self._chance, count, replacement=True, generator=chance)
        apex = torch.cat([draw_faces(self._faces, labels, chance), single])
        weakest = torch.cat([torch.zeros(count), torch.full((count,), ALONE_WEAKEST)])
        vectors, found = compose(self._faces, apex, weakest, chance)
        acted = functional.one_hot(labels, len(EMOTIONS)).float()
        targets = torch.cat([acted, self._faces.targets[single]])
        heard = sounds.features[voices].float(), sounds.mask[voices]
        return *heard, vectors, found, targets


def make_task(network: EmotionNetwork, sounds: Sounds, faces: FaceBank, config: Fusion) -> Task:
    """Set out what ``network`` is to learn from these voices and faces."""

    def loss(model: nn.Module, batch: tuple[Tensor, ...], epoch: int) -> Tensor:
        *streams, targets = batch
        parts = zip(model(*streams), targets.chunk(2), strict=True)
        losses = [soft_cross_entropy(z.float(), truth, config.smoothing) for z, truth in parts]
        return losses[0] + losses[1]

    return Task(
        FusionPart(network).train(),
        loss,
        lambda model, batch: (model(*batch[:4])[0], batch[4].chunk(2)[0]),
        Mixture(sounds, faces, config.batches * config.trainer.batch_size),
    )


@torch.inference_mode()
def temperatures(
    network: EmotionNetwork, sounds: Sounds, faces: FaceBank
) -> tuple[dict[str, float], dict[str, float]]:
    """Fit the temperatures for ``audio``, ``video`` and ``both`` on held-out voices and faces.

    Returns:
        The temperatures, and the accuracies on the same windows (simulated where a face is in it).
    """
    network.eval()
    generator = torch.Generator().manual_seed(0)
    pairs = draw_faces(faces, sounds.labels, generator)
    sight, sight_mask = network.video.stage_one(
        *compose(faces, pairs, torch.zeros(len(pairs)), generator)
    )
    heard = sounds.features.float()
    everyone = torch.arange(len(faces.labels))
    full = torch.full((len(everyone),), ALONE_WEAKEST)
    seen, seen_mask = network.video.stage_one(*compose(faces, everyone, full, generator))
    logits = {
        "audio": network.fuse(heard, sounds.mask, sight, sight_mask & False).logits,
        "video": network.fuse(*silence(network, len(everyone)), seen, seen_mask).logits,
        "both": network.fuse(heard, sounds.mask, sight, sight_mask).logits,
    }
    truth = {"audio": sounds.labels, "video": faces.targets, "both": sounds.labels}
    hard = {**truth, "video": faces.targets.argmax(dim=1)}
    return (
        {name: fit_temperature(logits[name], truth[name]) for name in logits},
        {name: (logits[name].argmax(dim=1) == hard[name]).float().mean().item() for name in logits},
    )


def run(config: Fusion, data: Path, out: Path, features: Path, resume: bool) -> Path:
    """Train the folds and the deployed network; see ``training.config.STAGES`` for the arguments.

    Returns:
        The network of the last fold.
    """
    need_extra("training")
    networks = {
        fold: start_network(Path(config.voice.format(fold=fold)), config.trainer.seed * 100 + fold)
        for fold in config.folds
    }
    speech, *noisy = (
        read_voices("ravdess_speech", data, features, acted=1.0, version=version)
        for version in range(config.noisy_versions + 1)
    )
    ratings = emotion_ratings(fit_ratings(affectnet.rated_faces(data, 1)))
    encoder, _ = load_frame_encoder(ENCODER)
    faces, held_faces = read_faces(encoder, data, config.versions)
    lines = ["| fold | voice | face | both | temperatures |", "| --- " * 5 + "|"]
    fitted: list[dict[str, float]] = []
    for fold in config.folds:
        train, held = split_voices(speech, "ravdess", fold)
        network = networks[fold]
        network.heads.ratings.copy_(torch.from_numpy(ratings))
        voices = join_voices([version.select(train) for version in (speech, *noisy)])
        sounds = listen(network, voices, config.versions, seed=fold)
        task = make_task(network, sounds, faces, config)
        runs = out / "runs" / f"fold{fold}"
        fit(task, config.optimiser, config.schedule, config.trainer, runs, resume)
        if fold:
            heard = listen(network, speech.select(held), 0, seed=0)
            temperature, right = temperatures(network, heard, held_faces)
            figures = [f"{100 * right[name]:.1f} %" for name in ("audio", "video", "both")]
            values = ", ".join(f"{value:.2f}" for value in temperature.values())
            lines.append(f"| {fold} | {' | '.join(figures)} | {values} |")
        else:  # no actor is left to validate on: what the folds needed on average
            temperature = {key: float(np.mean([fold[key] for fold in fitted])) for key in fitted[0]}
        fitted.append(temperature)
        path = out / (f"folds/ravdess_fold{fold}" if fold else "emotion_network")
        path = path.with_suffix(".safetensors")
        if leads():
            name = config.id + (f"-fold{fold}" if fold else "")
            save_network(path, network, name, temperature, LICENCE)
            (out / "report.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def read_faces(encoder: FrameEncoder, data: Path, versions: int) -> tuple[FaceBank, FaceBank]:
    """Encode FER+ faces to train on, and faces to calibrate by that nothing was trained on.

    Half of the validation faces, which are new to the encoder, take part in training.
    """
    torch.manual_seed(0)
    new = load_ferplus(data / "ferplus", "valid")
    valid = build_bank(encoder, new, versions, changed=True)
    order = torch.randperm(len(valid.labels), generator=torch.Generator().manual_seed(0))
    held = build_bank(encoder, new, 1, changed=False).select(order[: len(order) // 2])
    known = at_most(load_ferplus(data / "ferplus", "train"), FACES_OF_EMOTION)
    faces = join_banks(
        build_bank(encoder, known, versions, changed=True), valid.select(order[len(order) // 2 :])
    )
    logger.info("encoded %d faces", len(faces.labels))
    return faces, held


def start_network(voice: Path, seed: int) -> EmotionNetwork:
    """Build a network that judges a voice as the one in ``voice`` does; the rest is random.

    Raises:
        ConfigError: it is not there, or of another architecture.
    """
    try:
        heard, _ = load_network(voice)
    except CheckpointError as error:
        raise ConfigError("voice", str(error)) from error
    if heard.config != NetworkConfig():
        problem = f"'{voice}' is built as {heard.config}; allowed: {NetworkConfig()}"
        raise ConfigError("voice", problem)
    torch.manual_seed(seed)
    network = EmotionNetwork()
    for part in ("audio", "heads.audio_classes", "heads.intensity"):
        network.get_submodule(part).load_state_dict(heard.get_submodule(part).state_dict())
    return network
