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

"""Train the frame encoder on FER+.

    emotion-recognition train config/training/frame_encoder.yaml --data DIR --out DIR

``--data`` is the folder that holds ``ferplus/``. Writes ``frame_encoder.safetensors``: the averaged
weights of the epoch that did best on the validation split, which also fits the temperature. The
test split is left to ``emotion-recognition benchmark ferplus``.
"""

import json
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
from safetensors import SafetensorError
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import Dataset

from emotion_recognition.corpora.ferplus import FerPlus, load_ferplus
from emotion_recognition.emotions import FERPLUS_CLASSES
from emotion_recognition.evaluation.ferplus import predict_logits
from emotion_recognition.extras import need_extra
from emotion_recognition.model.checkpoint import CheckpointError, load_checkpoint, save_checkpoint
from emotion_recognition.model.frame_encoder import KIND, FrameEncoder, FrameEncoderConfig
from emotion_recognition.training.calibration import fit_temperature
from emotion_recognition.training.config import ConfigError, require
from emotion_recognition.training.face_augmentation import Augmentation, augment, mix_up
from emotion_recognition.training.optimise import soft_cross_entropy
from emotion_recognition.training.optimiser import Cosine, Optimiser, Schedule, Sgd
from emotion_recognition.training.task import Task, Training, leads
from emotion_recognition.training.trainer import fit

WEIGHTS_ID = "ferplus-2026.11-3"
LICENCE = "non-commercial research only: trained on FER2013 images; FER+ labels MIT"

FaceBatch = tuple[Tensor, Tensor]
"""Faces (B, 1, 48, 48) in [0, 1], and shares of votes (B, 8) or, to judge, labels (B,)."""


@dataclass(frozen=True)
class FrameEncoderTraining:
    """Options of the stage.

    Attributes:
        network: The size of the network.
        augmentation: How far the training faces are changed.
        optimiser: The optimiser.
        schedule: Its learning rate over time.
        trainer: Length, batches, seed, and which epoch is kept.
        small_epochs: So many first epochs see the faces reduced, at a fraction of the cost.
        small_size: To so many pixels a side.
        clean_epochs: So many last epochs are without mixup.
        start: A checkpoint of the same network to start from; empty: random weights.
    """

    network: FrameEncoderConfig = field(default_factory=FrameEncoderConfig)
    augmentation: Augmentation = field(default_factory=Augmentation)
    optimiser: Optimiser = field(
        default_factory=lambda: Sgd("sgd", 0.1, 0.9, True, 5e-4, "weights")
    )
    schedule: Schedule = field(default_factory=lambda: Cosine(warmup_epochs=2.0))
    trainer: Training = field(
        default_factory=lambda: Training(
            epochs=25, batch_size=128, precision="bf16-mixed", ema_decay=0.998, monitor="war"
        )
    )
    small_epochs: int = 0
    small_size: int = 32
    clean_epochs: int = 5
    start: str = ""

    def __post_init__(self) -> None:
        for name in ("small_epochs", "clean_epochs"):
            epochs, most = getattr(self, name), self.trainer.epochs
            require(0 <= epochs <= most, name, epochs, f"0 to {most}, the epochs")
        size, side = self.small_size, FrameEncoder.FACE_SIZE
        require(16 <= size <= side, "small_size", size, f"16 to {side}")


class Faces(Dataset[FaceBatch]):
    """Faces of a split by lists of rows: changed, with their votes, or as they are, with labels."""

    def __init__(self, split: FerPlus, augmentation: Augmentation | None = None) -> None:
        self._images = torch.from_numpy(split.images).unsqueeze(1)
        self._augmentation = augmentation
        self._targets = torch.from_numpy(
            split.majority if augmentation is None else split.soft_targets()
        )

    def __len__(self) -> int:
        return len(self._images)

    def __getitem__(self, rows: list[int]) -> FaceBatch:
        faces = self._images[rows].float() / 255
        if self._augmentation is not None:
            faces = augment(faces, self._augmentation)
        return faces.contiguous(memory_format=torch.channels_last), self._targets[rows]


def run(config: FrameEncoderTraining, data: Path, out: Path, features: Path, resume: bool) -> Path:
    """Train and return the checkpoint; see ``training.config.STAGES`` for the arguments.

    Raises:
        ConfigError: The starting checkpoint does not fit.
        FileNotFoundError: FER+ is not in ``data``.
    """
    need_extra("training")
    began = time.monotonic()
    torch.manual_seed(config.trainer.seed)
    network = FrameEncoder(config.network)
    if config.start:
        _start(network, config.start)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    train, valid = (load_ferplus(data / "ferplus", split).kept() for split in ("train", "valid"))
    task = Task(
        network,
        lambda network, batch, epoch: _loss(network, batch, epoch, config),
        lambda network, batch: (network(batch[0])[1].float(), batch[1]),
        Faces(train, config.augmentation),
        Faces(valid),
    )
    fit(task, config.optimiser, config.schedule, config.trainer, out, resume)
    path = out / f"{KIND}.safetensors"
    if leads():
        _save(path, network, valid, config, time.monotonic() - began)
    return path


def _loss(network: nn.Module, batch: FaceBatch, epoch: int, config: FrameEncoderTraining) -> Tensor:
    faces, targets = batch
    if epoch < config.small_epochs:
        faces = functional.interpolate(faces, size=config.small_size, mode="area")
    if epoch < config.trainer.epochs - config.clean_epochs:
        faces, targets = mix_up(faces, targets, config.augmentation.mix)
    return soft_cross_entropy(network(faces)[1].float(), targets)


def _start(network: FrameEncoder, start: str) -> None:
    """Read the weights to start from."""
    try:
        state, metadata = load_checkpoint(Path(start), KIND)
        found = json.loads(metadata["config"])
    except (CheckpointError, SafetensorError, KeyError, ValueError) as error:
        raise ConfigError("start", str(error)) from error
    expected = json.loads(json.dumps(network.config_json()))
    if found != expected:
        raise ConfigError("start", f"'{start}' is {found}; allowed: {expected}, as network")
    network.load_state_dict(state)


def _save(
    path: Path,
    network: FrameEncoder,
    valid: FerPlus,
    config: FrameEncoderTraining,
    seconds: float,
) -> None:
    """Fit the temperature and write the checkpoint with its history."""
    logits = predict_logits(network, valid.images)
    temperature = fit_temperature(logits, torch.from_numpy(valid.majority))
    save_checkpoint(
        path,
        network,
        KIND,
        WEIGHTS_ID,
        network.config_json(),
        labels=json.dumps(FERPLUS_CLASSES),
        licence=LICENCE,
        temperature=f"{temperature:.4f}",
        history=(path.parent / "history.json").read_text(encoding="utf-8"),
        recipe=json.dumps(asdict(config)),
        seconds=f"{seconds:.0f}",
    )
