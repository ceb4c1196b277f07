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

"""Train a network of both streams from end to end: any architecture, both papers' recipes and ours.

    emotion-recognition train config/training/intermediate_attention.yaml --data DIR --out DIR

Writes ``network.safetensors``, and ``report.json`` and ``report.md`` with the figures on the test
speakers: both streams, voice missing, face missing. The validation speakers choose the epoch and
fit one temperature for each of these; nothing is chosen on test speakers.
"""

import json
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import Dataset

from emotion_recognition.corpora.openface import ACTION_UNITS
from emotion_recognition.emotions import EMOTIONS
from emotion_recognition.evaluation.metrics import classification_report
from emotion_recognition.evaluation.voice_folds import centre_window
from emotion_recognition.model.backbones import (
    NO_VOICE_ENCODER,
    BackboneError,
    FrameEncoderChoice,
    VoiceEncoderChoice,
    make_frame_encoder,
    make_voice_encoder,
)
from emotion_recognition.model.backbones.trained_with import encoder_entries
from emotion_recognition.model.branches import Branch
from emotion_recognition.model.checkpoint import (
    CheckpointError,
    load_checkpoint,
    save_checkpoint,
)
from emotion_recognition.model.device import choose_device
from emotion_recognition.model.network import KIND, NetworkConfig, build_network, config_entries
from emotion_recognition.training.augment import random_windows
from emotion_recognition.training.calibration import fit_temperature
from emotion_recognition.training.clip_pairs import (
    ClipPairs,
    Split,
    read_pairs,
    split_by_speaker,
)
from emotion_recognition.training.clip_sources import RavdessPairs, Source
from emotion_recognition.training.clip_windows import Encoders
from emotion_recognition.training.condition_report import condition_table
from emotion_recognition.training.config import ConfigError, require
from emotion_recognition.training.optimise import soft_cross_entropy
from emotion_recognition.training.optimiser import Adam, Constant, Optimiser, Schedule
from emotion_recognition.training.task import Task, Training, leads
from emotion_recognition.training.trainer import fit, kept_epoch

CONDITIONS = {"both": (True, True), "voice_missing": (False, True), "face_missing": (True, False)}
"""Whether there is sound, and whether there is a face."""

LICENCE = "non-commercial research only where trained on RAVDESS (CC BY-NC-SA 4.0)"

Windows = tuple[Tensor, Tensor, Tensor, Tensor, Tensor]
"""Audio frames (B, 225, F), their mask, face vectors (B, S, V), their mask, and labels (B,)."""


@dataclass(frozen=True)
class AudioVisual:
    """Options of the stage.

    Attributes:
        data: The clips and who is tested.
        network: The architecture.
        optimiser: The optimiser.
        schedule: Its learning rate over time.
        trainer: Length, batches, seed, and which epoch is kept.
        drop_voice: Share of the training clips whose sound is left out.
        drop_face: Share whose face is left out, of the others.
        augment: Cut, stretch and disturb the voice at random (``training.augment``; log_mel only).
        face_noise: Standard deviation of noise on standardised action units.
        smoothing: Label smoothing.
        start: A checkpoint of the same architecture to start from; empty: random weights.
        frame_encoder: What turns faces into vectors (docs/backbones.md).
        voice_encoder: What turns voices into vectors, for the audio branch ``vectors``.
    """

    data: Source = field(default_factory=RavdessPairs)
    network: NetworkConfig = field(default_factory=NetworkConfig)
    optimiser: Optimiser = field(default_factory=Adam)
    schedule: Schedule = field(default_factory=Constant)
    trainer: Training = field(default_factory=Training)
    drop_voice: float = 0.0
    drop_face: float = 0.0
    augment: bool = False
    face_noise: float = 0.0
    smoothing: float = 0.0
    start: str = ""
    frame_encoder: FrameEncoderChoice = field(default_factory=FrameEncoderChoice)
    voice_encoder: VoiceEncoderChoice = field(default_factory=VoiceEncoderChoice)

    def __post_init__(self) -> None:
        for name in ("drop_voice", "drop_face"):
            require(0 <= getattr(self, name) <= 1, name, getattr(self, name), "0 to 1")
        both = self.drop_voice + self.drop_face
        require(both <= 1, "drop_face", self.drop_face, f"{1 - self.drop_voice:g} at most")
        require(self.face_noise >= 0, "face_noise", self.face_noise, "0 or more")
        require(0 <= self.smoothing < 1, "smoothing", self.smoothing, "0 to below 1")
        count, own = len(EMOTIONS), "; for classes of your own take the stage fine_tune"
        classes = self.network.classes
        require(classes == count, "network.classes", classes, f"{count}, those of EMOTIONS{own}")
        branch, voice = self.network.audio_branch, self.voice_encoder.name
        if isinstance(self.data, RavdessPairs):
            size, allowed = self.network.vector_size, f"{ACTION_UNITS}, the action units"
            require(size == ACTION_UNITS, "network.vector_size", size, allowed)
            require(voice == NO_VOICE_ENCODER, "voice_encoder.name", voice, NO_VOICE_ENCODER)
        vectors = "vectors" if voice != NO_VOICE_ENCODER else "log_mel or mfcc"
        fits = (branch == "vectors") == (voice != NO_VOICE_ENCODER)
        require(fits, "network.audio_branch", branch, f"{vectors}, with voice_encoder '{voice}'")
        require(not self.augment or branch == "log_mel", "augment", True, "true for log_mel alone")


class Clips(Dataset[Windows]):
    """Windows of some of the clips, by lists of rows."""

    def __init__(self, clips: ClipPairs, rows: Tensor, augment: bool = False) -> None:
        self._frames, self._lengths = clips.frames[rows], clips.lengths[rows]
        self._vectors, self._seen, self._labels = (
            part[rows] for part in (clips.vectors, clips.seen, clips.labels)
        )
        self._augment = augment
        if clips.heard is not None:
            self._windows, self._masks = self._frames.float(), clips.heard[rows]
            return
        windows = [
            centre_window(frames[:length].numpy())
            for frames, length in zip(self._frames, self._lengths.tolist(), strict=True)
        ]
        self._windows = torch.from_numpy(np.stack([window for window, _ in windows]))
        self._masks = torch.from_numpy(np.stack([mask for _, mask in windows]))

    def __len__(self) -> int:
        return len(self._labels)

    def __getitem__(self, rows: list[int]) -> Windows:
        if self._augment:
            sound, heard = random_windows(
                self._frames[rows], self._lengths[rows], torch.default_generator
            )
        else:
            sound, heard = self._windows[rows], self._masks[rows]
        return sound, heard, self._vectors[rows], self._seen[rows], self._labels[rows]


def run(config: AudioVisual, data: Path, out: Path, features: Path, resume: bool) -> Path:
    """Train, test, and return the checkpoint; see ``training.config.STAGES`` for the arguments.

    Raises:
        ConfigError: The configuration does not fit the data or the starting checkpoint.
    """
    began = time.monotonic()
    start = _starting_state(config) if config.start else None
    encoders = None if isinstance(config.data, RavdessPairs) else load_encoders(config)
    clips = read_pairs(config.data, data, features, encoders)
    split = split_by_speaker(config.data, clips)
    clips = _standardised(clips, split.train, isinstance(config.data, RavdessPairs))
    torch.manual_seed(config.trainer.seed)
    network = build_network(config.network)
    if clips.heard is None:
        set_statistics(network.audio, clips, split.train)
    if start is not None:
        network.load_state_dict(start)
    task = Task(
        network,
        lambda network, batch, epoch: _loss(network, batch, config),
        lambda network, batch: (network(*batch[:4]).logits, batch[4]),
        Clips(clips, split.train, config.augment),
        Clips(clips, split.valid),
    )
    trained = fit(task, config.optimiser, config.schedule, config.trainer, out, resume)
    path = out / "network.safetensors"
    if leads():
        _finish(trained, config, encoders, clips, split, path, time.monotonic() - began)
    return path


def load_encoders(config: AudioVisual) -> Encoders:
    """Load the encoders that the clips are read by.

    Raises:
        ConfigError: One cannot be used, or the network reads vectors of another size.
    """
    try:
        frames = make_frame_encoder(config.frame_encoder)
        voice = make_voice_encoder(config.voice_encoder, choose_device().name)
    except BackboneError as error:
        raise ConfigError(error.field.replace("_path", ".path"), str(error)) from error
    except CheckpointError as error:
        raise ConfigError("frame_encoder.path", str(error)) from error
    sizes = {"vector_size": (config.frame_encoder.name, frames.face.vector_size)}
    if voice is not None:
        sizes["audio_size"] = (config.voice_encoder.name, voice.vector_size)
    for name, (encoder, size) in sizes.items():
        found = getattr(config.network, name)
        require(found == size, f"network.{name}", found, f"{size}, of the encoder '{encoder}'")
    return Encoders(frames, voice)


def set_statistics(branch: Branch, clips: ClipPairs, rows: Tensor) -> None:
    """Set the input scaling of an audio branch to the statistics of the clips' frames."""
    frames, lengths = clips.frames[rows], clips.lengths[rows]
    valid = torch.arange(frames.shape[1])[None] < lengths[:, None]
    mean, std = branch.get_buffer("mean"), branch.get_buffer("std")
    columns = frames[valid][:, branch.columns - len(mean) : branch.columns].float()
    mean.copy_(columns.mean(dim=0))
    std.copy_(columns.std(dim=0).clamp(min=1e-3))


def drop_streams(batch: Windows, voice: float, face: float) -> Windows:
    """Leave out the sound of a share ``voice`` of the clips and the face of a share ``face``."""
    sound, heard, vectors, seen, labels = batch
    chance = torch.rand(len(labels), 1, device=labels.device)
    return sound, heard & (chance >= voice), vectors, seen & (chance < 1 - face), labels


def _loss(network: nn.Module, batch: Windows, config: AudioVisual) -> Tensor:
    *streams, labels = drop_streams(batch, config.drop_voice, config.drop_face)
    streams[2] = streams[2] + config.face_noise * torch.randn_like(streams[2])
    targets = functional.one_hot(labels, len(EMOTIONS)).float()
    return soft_cross_entropy(network(*streams).logits.float(), targets, config.smoothing)


def _standardised(clips: ClipPairs, train: Tensor, units: bool) -> ClipPairs:
    """Scale action units by those of the training speakers; vectors are left as they are."""
    if not units:
        return clips
    known = clips.vectors[train]
    vectors = (clips.vectors - known.mean(dim=0)) / known.std(dim=0).clamp(min=1e-3)
    return ClipPairs(**{**vars(clips), "vectors": vectors})


def _starting_state(config: AudioVisual) -> dict[str, Tensor]:
    """Read the weights to start from, if they are of the same architecture and classes."""
    try:
        state, metadata = load_checkpoint(Path(config.start), KIND)
        found = asdict(NetworkConfig(**json.loads(metadata["config"])))
        labels = json.loads(metadata["labels"])
    except (CheckpointError, KeyError, TypeError, ValueError) as error:
        raise ConfigError("start", str(error)) from error
    for name, value in asdict(config.network).items():
        if found[name] != value:
            problem = f"'{config.start}' has {name} {found[name]!r}; allowed: {value!r}, as network"
            raise ConfigError("start", problem)
    if tuple(labels) != EMOTIONS:
        problem = f"'{config.start}' tells {len(labels)} classes apart ({', '.join(labels)})"
        raise ConfigError("start", f"{problem}; allowed: the {len(EMOTIONS)} of emotions.EMOTIONS")
    return state


@torch.inference_mode()
def _judge(network: nn.Module, clips: Clips) -> tuple[dict[str, Tensor], Tensor]:
    """Logits (N, 8) of the clips by condition, and their labels."""
    parts = torch.arange(len(clips)).split(256)
    batches = [clips[part.tolist()] for part in parts]
    logits = {
        name: torch.cat([network(b[0], b[1] & heard, b[2], b[3] & seen).logits for b in batches])
        for name, (heard, seen) in CONDITIONS.items()
    }
    return logits, torch.cat([batch[4] for batch in batches])


def _finish(
    network: nn.Module,
    config: AudioVisual,
    encoders: Encoders | None,
    clips: ClipPairs,
    split: Split,
    path: Path,
    seconds: float,
) -> None:
    """Fit the temperatures, test, and write checkpoint, report and table."""
    valid, truth = _judge(network, Clips(clips, split.valid))
    temperature = {name: fit_temperature(valid[name], truth) for name in CONDITIONS}
    logits, truth = _judge(network, Clips(clips, split.test))
    reports = {}
    for name, found in logits.items():
        found = found / temperature[name]
        report = classification_report(truth.numpy(), found.softmax(dim=1).numpy(), EMOTIONS)
        reports[name] = {**report, "loss": float(functional.cross_entropy(found, truth))}
    history = json.loads((path.parent / "history.json").read_text(encoding="utf-8"))
    result = {
        **reports.pop("both"),
        **reports,
        "stage": "audio_visual",
        "epochs": len(history),
        "valid": kept_epoch(history, config.trainer),
        "parameters": sum(parameter.numel() for parameter in network.parameters()),
        "test_speakers": sorted({clips.speakers[row] for row in split.test.tolist()}),
        "valid_speakers": sorted({clips.speakers[row] for row in split.valid.tolist()}),
        "clips": {name: len(getattr(split, name)) for name in ("train", "valid", "test")},
        "seconds": seconds,
        "config": asdict(config),
    }
    save_checkpoint(
        path,
        network,
        KIND,
        f"{config.network.fusion}-{config.data.corpus}",
        config_entries(network),  # type: ignore[arg-type]
        labels=json.dumps(EMOTIONS),
        temperature=json.dumps(
            {
                "audio": temperature["face_missing"],
                "video": temperature["voice_missing"],
                "both": temperature["both"],
            }
        ),
        licence=LICENCE,
        **(encoder_entries(encoders.frames, encoders.voice) if encoders else {}),
    )
    text = json.dumps(result, indent=2)
    (path.parent / "report.json").write_text(text + "\n", encoding="utf-8")
    entries = {name: result if name == "both" else result[name] for name in CONDITIONS}
    table = condition_table(f"{result['n']} test clips", entries)
    (path.parent / "report.md").write_text(table, encoding="utf-8")
