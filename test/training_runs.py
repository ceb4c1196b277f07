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

"""A tiny network to train, in this process or in others that may be killed; by test_trainer.py."""

import multiprocessing
import os
import signal
import socket
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import TensorDataset

from emotion_recognition.training.optimiser import Optimiser, Plateau, Schedule, Sgd
from emotion_recognition.training.task import Task, Training
from emotion_recognition.training.trainer import fit

CLASSES = 3


@dataclass(frozen=True)
class Recipe:
    """Dropout, momentum, an average and a plateau: all the state that a checkpoint must keep."""

    training: Training
    optimiser: Optimiser = Sgd(learning_rate=0.05)  # noqa: RUF009 - frozen
    schedule: Schedule = Plateau(patience=0)  # noqa: RUF009 - frozen
    kill: tuple[int, int] | None = None  # epoch and batch in which the process kills itself


def data(rows: int, seed: int) -> TensorDataset:
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(rows) % CLASSES
    values = torch.randn(rows, 6, generator=generator)
    values[torch.arange(rows), labels] += 3
    return TensorDataset(values, labels)


def task(recipe: Recipe) -> Task:
    torch.manual_seed(recipe.training.seed)
    network = nn.Sequential(
        nn.Linear(6, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.3), nn.Linear(8, CLASSES)
    )
    batches = {"seen": 0, "epoch": -1}

    def loss(network: nn.Module, batch: tuple[Tensor, Tensor], epoch: int) -> Tensor:
        batches["seen"] = batches["seen"] + 1 if batches["epoch"] == epoch else 1
        batches["epoch"] = epoch
        if recipe.kill == (epoch, batches["seen"]):
            os.kill(os.getpid(), signal.SIGKILL)
        values, labels = batch
        return functional.cross_entropy(network(values + 0.1 * torch.randn_like(values)), labels)

    def judge(network: nn.Module, batch: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        return network(batch[0]), batch[1]

    return Task(network, loss, judge, data(60, 0), data(30, 1))


def train(recipe: Recipe, out: Path, resume: bool = False) -> nn.Module:
    return fit(task(recipe), recipe.optimiser, recipe.schedule, recipe.training, out, resume)


def _start(environment: dict[str, str], recipe: Recipe, out: Path, resume: bool) -> None:
    os.environ.update(environment)
    torch.set_num_threads(1)
    network = train(recipe, out, resume)
    torch.save(network.state_dict(), out / f"rank{environment.get('RANK', '0')}.pt")


def processes(recipe: Recipe, out: Path, count: int = 1, resume: bool = False) -> list[int]:
    """Train in ``count`` processes, as torchrun starts them; return their exit codes."""
    out.mkdir(parents=True, exist_ok=True)
    # One server imports Lightning, in a process without threads, and all others are forked off it.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["training_runs", "emotion_recognition.training.learner"])
    started = []
    port = _free_port()
    for rank in range(count):
        shared = {
            "RANK": str(rank),
            "LOCAL_RANK": str(rank),
            "GROUP_RANK": "0",
            "WORLD_SIZE": str(count),
            "LOCAL_WORLD_SIZE": str(count),
            "MASTER_ADDR": "127.0.0.1",
            "MASTER_PORT": str(port),
            "TORCHELASTIC_RUN_ID": "test",
            "GLOO_SOCKET_IFNAME": "lo",
        }
        process = context.Process(
            target=_start, args=(shared if count > 1 else {}, recipe, out, resume)
        )
        process.start()
        started.append(process)
    for process in started:
        process.join()
    return [process.exitcode or 0 for process in started]


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
