"""The stage ``voice``: train the audio branch and its heads on voices, by folds and for deployment.

    emotion-recognition train config/training/voice_ravdess.yaml --data DIR --out DIR --features DIR

Writes ``voice_fold1.safetensors`` and so on, emotion networks that judge voices alone, and
``report.md`` with their accuracy on validation speakers. Test speakers are not looked at.
"""

import json
import logging
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import Dataset

from emotion_recognition.corpora import crema_d, ravdess
from emotion_recognition.emotions import EMOTIONS
from emotion_recognition.model.branches import LOG_MEL
from emotion_recognition.model.checkpoint import CheckpointError, checkpoint_sha256, save_checkpoint
from emotion_recognition.model.emotion_model import WEIGHTS
from emotion_recognition.model.network import (
    KIND,
    EmotionNetwork,
    NetworkConfig,
    config_entries,
    load_network,
)
from emotion_recognition.training.augment import mix, random_windows
from emotion_recognition.training.calibration import fit_temperature
from emotion_recognition.training.config import ConfigError, require
from emotion_recognition.training.optimise import intensity_loss, soft_cross_entropy
from emotion_recognition.training.optimiser import AdamW, OneCycle, Optimiser, Schedule
from emotion_recognition.training.trainer import Task, Training, fit, leads, need_lightning
from emotion_recognition.training.voice_data import VoiceSet, join_voices, read_voices
from emotion_recognition.training.voice_teachers import (
    audio_tagger,
    describe_clips,
    judge_unheard,
    speaker_encoder,
    standardised,
)

logger = logging.getLogger(__name__)

Corpus = Literal["crema_d", "ravdess_speech", "ravdess_song"]

ENCODER = WEIGHTS / "frame_encoder.safetensors"
"""The frame encoder that goes with the networks."""

FOLDS = {"ravdess": len(ravdess.FOLDS), "crema_d": len(crema_d.FOLDS)}

LICENCE = "CC BY-NC-SA 4.0 where trained on RAVDESS; CREMA-D is ODbL 1.0"


@dataclass(frozen=True)
class Teacher:
    """What the network learns from ``training.voice_teachers`` beside the labels.

    Attributes:
        yamnet: YAMNet as .tflite with log-mel patches as input.
        targets: Share of the teachers' judgement in the targets.
        vectors: Weight of the error in guessing the speaker encoder's statistics.
    """

    yamnet: str
    targets: float = 0.5
    vectors: float = 1.0

    def __post_init__(self) -> None:
        require(0 <= self.targets <= 1, "targets", self.targets, "0 to 1")
        require(self.vectors >= 0, "vectors", self.vectors, "0 or more")


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
        teacher: Teachers, for RAVDESS speech alone.
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
    teacher: Teacher | None = None
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
        require(self.intensity >= 0, "intensity", self.intensity, "0 or more")
        require(self.trainer.keep == "last", "trainer.keep", self.trainer.keep, "last")
        speech = ("ravdess_speech",)
        require(
            self.teacher is None or self.corpora == speech,
            "corpora",
            self.corpora,
            "ravdess_speech",
        )


class VoiceClassifier(nn.Module):
    """The parts of an emotion network that judge a voice, trained in place.

    Args:
        network: Whose parts they are.
        teacher_size: Size of a teacher's vectors that are to be guessed too; 0: none.
    """

    def __init__(self, network: EmotionNetwork, teacher_size: int = 0) -> None:
        super().__init__()
        self.branch = network.audio
        self.drop = network.heads.drop
        self.classes = network.heads.audio_classes
        self.intensity = network.heads.intensity
        self.teacher = nn.Linear(self.branch.SIZE, teacher_size) if teacher_size else None

    def forward(self, audio: Tensor, mask: Tensor) -> tuple[Tensor, Tensor, Tensor | None]:
        """Frames (B, T, >= 64) and mask to class logits (B, 8), intensity logits (B,), vectors."""
        vector = self.branch.stage_two(*self.branch.stage_one(audio, mask))
        heard = self.drop(vector)
        guess = None if self.teacher is None else self.teacher(vector)
        return self.classes(heard), self.intensity(heard)[:, 0], guess


class RandomWindows(Dataset[tuple[Tensor, ...]]):
    """Batches of windows (B, 225, 64), masks, class targets, intensities and teacher's vectors."""

    def __init__(self, voices: VoiceSet, targets: Tensor, vectors: Tensor) -> None:
        self._voices, self._targets, self._vectors = voices, targets, vectors

    def __len__(self) -> int:
        return len(self._voices)

    def __getitem__(self, rows: list[int]) -> tuple[Tensor, ...]:
        voices, chance = self._voices, torch.default_generator
        windows, mask = random_windows(voices.frames[rows], voices.lengths[rows], chance)
        windows, mask, partner, share = mix(windows, mask, chance)
        targets, vectors = (
            share[:, None] * values[rows] + (1 - share[:, None]) * values[rows][partner]
            for values in (self._targets, self._vectors)
        )
        return windows, mask, targets, voices.intensity[rows], vectors


class CentreWindows(Dataset[tuple[Tensor, ...]]):
    """Batches of the windows (B, 225, F) around the middle of the clips, masks and labels."""

    def __init__(self, voices: VoiceSet) -> None:
        self._parts = (*voices.centre_windows(), voices.labels)

    def __len__(self) -> int:
        return len(self._parts[2])

    def __getitem__(self, rows: list[int]) -> tuple[Tensor, ...]:
        return tuple(part[rows] for part in self._parts)


def run(config: Voice, data: Path, out: Path, features: Path, resume: bool) -> Path:
    """Train the folds that are not there yet; see ``training.config.STAGES`` for the arguments.

    Returns:
        The network of the last fold.
    """
    need_lightning()
    if config.teacher is not None and not Path(config.teacher.yamnet).is_file():
        problem = f"found no file '{config.teacher.yamnet}'; allowed: YAMNet as .tflite"
        raise ConfigError("teacher.yamnet", problem)
    starts = {fold: _start(config, fold) for fold in config.folds}
    voices = join_voices(
        [read_voices(name, data, features, config.acted) for name in config.corpora]
    )
    descriptions = [] if config.teacher is None else _describe(config.teacher, voices, features)
    lines = ["| fold | validation clips | accuracy | temperature |", "| --- | --- | --- | --- |"]
    for fold in config.folds:
        path = out / f"voice_fold{fold}.safetensors"
        train, held = split_voices(voices, config.split, fold)
        network = starts[fold]
        task = make_task(network, voices, train, held, descriptions, config)
        classifier = fit(
            task, config.optimiser, config.schedule, config.trainer, out / f"fold{fold}", resume
        )
        temperature = 1.0
        if bool(held.any()):
            valid = voices.select(held)
            logits = score(classifier, valid)
            temperature = fit_temperature(logits, valid.labels)
            right = (logits.argmax(dim=1) == valid.labels).float().mean().item()
            lines.append(f"| {fold} | {len(valid)} | {100 * right:.1f} % | {temperature:.2f} |")
        if leads():
            _save(path, network, f"voice-{config.split}-fold{fold}", temperature)
            (out / "report.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def make_task(
    network: EmotionNetwork,
    voices: VoiceSet,
    train: Tensor,
    held: Tensor,
    descriptions: list[Tensor],
    config: Voice,
) -> Task:
    """Set out what ``network`` is to learn from the rows ``train`` (N,) bool of ``voices``."""
    chosen = voices.select(train)
    set_statistics(network, chosen)
    targets, vectors, weight = chosen.targets, torch.zeros(len(chosen), 0), 0.0
    if config.teacher is not None:
        judged = judge_unheard([part[train] for part in descriptions], chosen.labels, chosen.actors)
        targets = (1 - config.teacher.targets) * targets + config.teacher.targets * judged
        vectors, weight = standardised(descriptions[0], train)[train], config.teacher.vectors

    def loss(model: nn.Module, batch: tuple[Tensor, ...], epoch: int) -> Tensor:
        windows, mask, wanted, intensity, taught = batch
        logits, strength, guess = model(windows, mask)
        total = soft_cross_entropy(logits.float(), wanted, config.smoothing)
        total = total + config.intensity * intensity_loss(strength.float(), intensity)
        return total if guess is None else total + weight * functional.mse_loss(guess, taught)

    valid = CentreWindows(voices.select(held)) if bool(held.any()) else None
    return Task(
        VoiceClassifier(network, vectors.shape[1]).train(),
        loss,
        lambda model, batch: (model(*batch[:2])[0], batch[2]),
        RandomWindows(chosen, targets, vectors),
        valid,
    )


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
def score(classifier: nn.Module, voices: VoiceSet) -> Tensor:
    """Class logits (N, 8) of the clips, each through one window around its middle."""
    classifier.eval()
    windows, masks = voices.centre_windows()
    batches = zip(windows.split(64), masks.split(64), strict=True)
    return torch.cat([classifier(*batch)[0] for batch in batches])


def _start(config: Voice, fold: int) -> EmotionNetwork:
    if not config.start:
        torch.manual_seed(config.trainer.seed * 100 + fold)
        return EmotionNetwork()
    try:
        network, _ = load_network(Path(config.start.format(fold=fold)))
    except CheckpointError as error:
        raise ConfigError("start", str(error)) from error
    if network.config != NetworkConfig():
        problem = f"'{config.start}' is built as {network.config}"
        raise ConfigError("start", f"{problem}; allowed: {NetworkConfig()}")
    assert isinstance(network, EmotionNetwork)
    return network


def _describe(teacher: Teacher, voices: VoiceSet, features: Path) -> list[Tensor]:
    """Describe the clips by both teachers, the speaker encoder first."""
    speaker = describe_clips(voices.paths, speaker_encoder(), features / "speaker-encoder.npz")
    tagger = audio_tagger(Path(teacher.yamnet))
    return [speaker, describe_clips(voices.paths, tagger, features / "yamnet.npz")]


def _save(path: Path, network: EmotionNetwork, name: str, temperature: float) -> None:
    save_checkpoint(
        path,
        network,
        KIND,
        name,
        config_entries(network),
        labels=json.dumps(EMOTIONS),
        temperature=json.dumps(dict.fromkeys(("audio", "video", "both"), temperature)),
        frame_encoder_sha256=checkpoint_sha256(ENCODER),
        licence=LICENCE,
    )
