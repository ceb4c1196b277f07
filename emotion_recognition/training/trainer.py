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

"""One way to train a network: :func:`fit`, on PyTorch Lightning.

A stage hands in a :class:`Task`, which says what is learnt, and gets the trained network back. In
``out`` stand, after each epoch, ``history.json`` and ``history.csv``, logs for TensorBoard, and
``checkpoints/`` to go on from after a kill. Started by ``torchrun``, the processes share the work
(PyTorch's distributed data parallel, one GPU a process, or gloo on CPUs), and the first alone
writes.
"""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import nn

from emotion_recognition.extras import need_extra
from emotion_recognition.training.config import ConfigError
from emotion_recognition.training.optimiser import Optimiser, Plateau, Schedule
from emotion_recognition.training.task import Task, Training


def fit(
    task: Task,
    optimiser: Optimiser,
    schedule: Schedule,
    training: Training,
    out: Path,
    resume: bool = False,
) -> nn.Module:
    """Train ``task.network`` and return it with the weights to keep, on the CPU, in eval mode.

    Args:
        task: What is learnt.
        optimiser: The optimiser.
        schedule: The learning rate over the epochs.
        training: The rest of the recipe.
        out: Folder for history, logs and checkpoints.
        resume: Go on after the last finished epoch in ``out``, if there is one. The result is that
            of a run without a break.

    Raises:
        ConfigError: Something in the recipe needs validation data, of which there are none, or
            there are fewer rows than a batch has.
        FileExistsError: ``out`` holds a run already, and it is not to be resumed.
        RuntimeError: The extra ``training`` is not installed.
    """
    if task.valid is None:
        needs = {
            "trainer.keep": training.keep == "best",
            "trainer.patience": training.patience is not None,
            "schedule.name": isinstance(schedule, Plateau),
        }
        for field, needed in needs.items():
            if needed:
                raise ConfigError(field, "needs validation data, and there are none")
    folder = out / "checkpoints"
    last = folder / "last.ckpt"
    if last.is_file() and not resume:
        raise FileExistsError(f"'{out}' holds a run already: --resume goes on, or name another")
    need_extra("training")
    from emotion_recognition.training.learner import learn  # heavy to import, and optional

    learn(task, optimiser, schedule, training, out, last if last.is_file() else None)
    kept = folder / ("best.ckpt" if training.keep == "best" else "last.ckpt")
    state = torch.load(kept, map_location="cpu", weights_only=True)["state_dict"]
    network = task.network.cpu()
    network.load_state_dict({name.removeprefix("network."): state[name] for name in state})
    return network.eval()


def kept_epoch(history: Sequence[dict[str, float]], training: Training) -> dict[str, float]:
    """Return the entry of ``history.json`` whose weights :func:`fit` returned."""
    if training.keep == "last":
        return history[-1]
    sign = -1 if training.monitor == "loss" else 1
    return max(history, key=lambda entry: sign * entry[f"valid_{training.monitor}"])
