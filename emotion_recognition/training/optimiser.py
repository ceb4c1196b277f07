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

"""Optimisers and learning-rate schedules as a configuration names them."""

import math
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import nn
from torch.optim import lr_scheduler

from emotion_recognition.training.config import require

Decayed = Literal["all", "weights"]
"""What weight decay acts on: all parameters, or the weights of convolutions and linear maps."""


@dataclass(frozen=True)
class Adam:
    """Adam (Kingma and Ba 2015)."""

    name: Literal["adam"] = "adam"
    learning_rate: float = 1e-4
    weight_decay: float = 0.0
    decayed: Decayed = "all"

    def __post_init__(self) -> None:
        _check(self)


@dataclass(frozen=True)
class AdamW:
    """Adam with decoupled weight decay (Loshchilov and Hutter 2019)."""

    name: Literal["adamw"] = "adamw"
    learning_rate: float = 2e-3
    weight_decay: float = 0.02
    decayed: Decayed = "weights"

    def __post_init__(self) -> None:
        _check(self)


@dataclass(frozen=True)
class Sgd:
    """Stochastic gradient descent with momentum."""

    name: Literal["sgd"] = "sgd"
    learning_rate: float = 0.04
    momentum: float = 0.9
    nesterov: bool = False
    weight_decay: float = 1e-3
    decayed: Decayed = "all"

    def __post_init__(self) -> None:
        _check(self)
        require(0 <= self.momentum < 1, "momentum", self.momentum, "0 to below 1")
        require(self.momentum > 0 or not self.nesterov, "nesterov", True, "only with momentum")


Optimiser = Adam | AdamW | Sgd


@dataclass(frozen=True)
class Constant:
    """The learning rate stays."""

    name: Literal["constant"] = "constant"


@dataclass(frozen=True)
class Plateau:
    """Times ``factor`` after ``patience`` epochs in which the validation loss did not fall."""

    name: Literal["plateau"] = "plateau"
    patience: int = 10
    factor: float = 0.1

    def __post_init__(self) -> None:
        require(self.patience >= 0, "patience", self.patience, "0 or more epochs")
        require(0 < self.factor < 1, "factor", self.factor, "between 0 and 1")


@dataclass(frozen=True)
class OneCycle:
    """Up to the rate over the share ``rise`` of the batches, then down (Smith and Topin 2018)."""

    name: Literal["one_cycle"] = "one_cycle"
    rise: float = 0.2

    def __post_init__(self) -> None:
        require(0 < self.rise < 1, "rise", self.rise, "between 0 and 1")


@dataclass(frozen=True)
class Cosine:
    """A linear warm-up, then half a cosine down to 0."""

    name: Literal["cosine"] = "cosine"
    warmup_epochs: float = 0.0

    def __post_init__(self) -> None:
        require(self.warmup_epochs >= 0, "warmup_epochs", self.warmup_epochs, "0 or more")


Schedule = Constant | Plateau | OneCycle | Cosine


def build_optimiser(model: nn.Module, config: Optimiser) -> torch.optim.Optimizer:
    """Return the optimiser of the parameters of ``model`` that are to be trained."""
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    decayed = [p for p in trained if p.ndim > 1 or config.decayed == "all"]
    spared = [p for p in trained if p.ndim <= 1 and config.decayed == "weights"]
    groups: list[dict[str, Any]] = [{"params": decayed, "weight_decay": config.weight_decay}]
    groups += [{"params": spared, "weight_decay": 0.0}] if spared else []
    if isinstance(config, Sgd):
        return torch.optim.SGD(
            groups, config.learning_rate, momentum=config.momentum, nesterov=config.nesterov
        )
    kind = torch.optim.AdamW if isinstance(config, AdamW) else torch.optim.Adam
    return kind(groups, config.learning_rate)


def build_schedule(
    optimiser: torch.optim.Optimizer, config: Schedule, epochs: int, steps: int
) -> lr_scheduler.LRScheduler:
    """Return the schedule over ``epochs`` of ``steps`` batches; it is stepped after each batch.

    :class:`Plateau` is stepped after each epoch instead, with the validation loss.
    """
    if isinstance(config, Plateau):
        return lr_scheduler.ReduceLROnPlateau(
            optimiser, factor=config.factor, patience=config.patience
        )
    if isinstance(config, OneCycle):
        peak = [group["lr"] for group in optimiser.param_groups]
        return lr_scheduler.OneCycleLR(
            optimiser, peak, total_steps=epochs * steps, pct_start=config.rise
        )
    if isinstance(config, Constant):
        return lr_scheduler.LambdaLR(optimiser, lambda _: 1.0)
    warmup = round(config.warmup_epochs * steps)

    def share(step: int) -> float:
        if step < warmup:
            return (step + 1) / (warmup + 1)
        done = (step - warmup) / max(epochs * steps - warmup, 1)
        return 0.5 * (1 + math.cos(math.pi * min(done, 1.0)))

    return lr_scheduler.LambdaLR(optimiser, share)


def _check(config: Optimiser) -> None:
    require(config.learning_rate > 0, "learning_rate", config.learning_rate, "above 0")
    require(config.weight_decay >= 0, "weight_decay", config.weight_decay, "0 or more")
