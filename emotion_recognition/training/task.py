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

"""What a stage hands to the trainer: what is to be learnt, and how long and how exactly."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.utils.data import Dataset

from emotion_recognition.training.config import require

Batch = Any
"""What a data set returns for a list of rows: tensors, or tuples, dicts or dataclasses of them."""


@dataclass(frozen=True)
class Task:
    """What is to be learnt.

    Attributes:
        network: It is trained in place; parts that need no gradient stay as they are.
        loss: From the network, a batch of ``train`` and the epoch (from 0) to the mean loss.
        judge: From the network and a batch of ``valid`` to logits (B, C) and targets, (B,) class
            indices or (B, C) distributions.
        train: Given a list of rows, returns their batch; has a length. What it draws at random it
            draws from PyTorch's default generator, which is seeded for each epoch.
        valid: The same for the data that choose the epoch; None: there are none.
    """

    network: nn.Module
    loss: Callable[[nn.Module, Batch, int], Tensor]
    judge: Callable[[nn.Module, Batch], tuple[Tensor, Tensor]]
    train: Dataset[Batch]
    valid: Dataset[Batch] | None = None


@dataclass(frozen=True)
class Training:
    """How long and how exactly to train.

    Attributes:
        epochs: At most so many.
        batch_size: Rows a batch, for each process.
        seed: Of shuffling, dropout, augmentation and, in the stages, the first weights.
        precision: 32, or mixed with bfloat16 or float16 (on GPUs alone).
        clip_gradient: Largest norm of the gradient; none: any.
        ema_decay: Of the moving average of the weights, which is then judged and kept.
        keep: The epoch that did best on the validation speakers, or the last.
        monitor: What best means: the lowest loss, the highest accuracy (WAR) or recall (UAR).
        patience: Stop after so many epochs without a better one; none: never.
        workers: Processes that read the data; 0: this one.
    """

    epochs: int = 100
    batch_size: int = 32
    seed: int = 1
    precision: Literal[32, "bf16-mixed", "16-mixed"] = 32
    clip_gradient: float | None = None
    ema_decay: float | None = None
    keep: Literal["best", "last"] = "best"
    monitor: Literal["loss", "war", "uar"] = "uar"
    patience: int | None = None
    workers: int = 0

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size"):
            require(getattr(self, name) >= 1, name, getattr(self, name), "1 or more")
        require(self.seed >= 0, "seed", self.seed, "0 or more")
        require(self.workers >= 0, "workers", self.workers, "0 or more")
        clip, decay, patience = self.clip_gradient, self.ema_decay, self.patience
        require(clip is None or clip > 0, "clip_gradient", clip, "above 0, or none")
        require(decay is None or 0 < decay < 1, "ema_decay", decay, "between 0 and 1, or none")
        require(patience is None or patience >= 1, "patience", patience, "1 or more, or none")
        require(
            self.precision != "16-mixed" or torch.cuda.is_available(),
            "precision",
            self.precision,
            "32 or bf16-mixed on this machine, which has no GPU",
        )


def leads() -> bool:
    """Whether this process is the one that writes: the only one, or the first of torchrun's."""
    return os.environ.get("RANK", "0") == "0"
