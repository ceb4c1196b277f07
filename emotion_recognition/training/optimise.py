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

"""What every training stage shares: loss, learning rate, one step, the averaged weights."""

import copy
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional

Model = TypeVar("Model", bound=nn.Module)

MAX_GRADIENT = 2.0


class AveragedModel(Generic[Model]):
    """The :func:`moving_average` of a model's weights and running statistics."""

    def __init__(self, model: Model, decay: float) -> None:
        self.model = copy.deepcopy(model)
        self.model.eval()
        self._average = moving_average(decay)
        self._updates = 0

    def resume(self, updates: int) -> None:
        """Go on as after so many updates; ``model`` is restored by its state."""
        self._updates = updates

    @torch.no_grad()
    def update(self, model: Model) -> None:
        """Take one step of ``model`` into the average."""
        self._updates += 1
        current = model.state_dict()
        averages = self.model.state_dict()
        self._average(list(averages.values()), [current[name] for name in averages], self._updates)


def moving_average(decay: float) -> Callable[[Any, Any, Any], None]:
    """Return the step of an exponential moving average, in place.

    It takes the averages, the new values and how many there were, as
    ``torch.optim.swa_utils.AveragedModel`` calls it. The decay grows as ``(1 + n) / (10 + n)`` up
    to ``decay``, so that early steps fade quickly.
    """

    def update(averages: Sequence[Tensor], values: Sequence[Tensor], count: Tensor | int) -> None:
        weight = 1 - min(decay, (1 + int(count)) / (10 + int(count)))
        for average, value in zip(averages, values, strict=True):
            if average.is_floating_point():
                average.lerp_(value, weight)
            else:
                average.copy_(value)

    return update


def soft_cross_entropy(logits: Tensor, targets: Tensor, smoothing: float = 0.0) -> Tensor:
    """Mean cross-entropy of logits (B, C) against distributions (B, C), smoothed."""
    targets = targets * (1 - smoothing) + smoothing / targets.shape[1]
    return -(targets * functional.log_softmax(logits, dim=1)).sum(dim=1).mean()


def intensity_loss(logits: Tensor, intensity: Tensor) -> Tensor:
    """Mean binary cross-entropy of logits (B,) against intensity (B,), NaN left out."""
    known = ~intensity.isnan()
    target = torch.where(known, intensity, torch.zeros_like(intensity))
    loss = functional.binary_cross_entropy_with_logits(logits, target, reduction="none")
    return (loss * known).sum() / known.sum().clamp(min=1)


def one_cycle(
    model: nn.Module, peak_rate: float, steps: int, weight_decay: float = 0.02
) -> tuple[torch.optim.Optimizer, torch.optim.lr_scheduler.OneCycleLR]:
    """AdamW with a one-cycle learning rate (Smith and Topin 2018) over ``steps`` batches.

    Weight decay acts on the weights of convolutions and linear maps alone.
    """
    parameters = [p for p in model.parameters() if p.requires_grad]
    groups = [
        {"params": [p for p in parameters if p.dim() > 1], "weight_decay": weight_decay},
        {"params": [p for p in parameters if p.dim() <= 1], "weight_decay": 0.0},
    ]
    optimiser = torch.optim.AdamW(groups, lr=peak_rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, peak_rate, total_steps=max(steps, 1), pct_start=0.2
    )
    return optimiser, schedule


def descend(
    loss: Tensor,
    model: Model,
    optimiser: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.LRScheduler,
    average: AveragedModel[Model],
) -> None:
    """Take one step down the gradient of ``loss``, clipped to a norm of ``MAX_GRADIENT``."""
    optimiser.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), MAX_GRADIENT)
    optimiser.step()
    schedule.step()
    average.update(model)
