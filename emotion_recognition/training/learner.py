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

"""The part of the trainer that is PyTorch Lightning's: module, callbacks, batches, checkpoints."""

import csv
import json
import logging
import os
import sys
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import (
    Callback,
    EarlyStopping,
    ModelCheckpoint,
    TQDMProgressBar,
    WeightAveraging,
)
from pytorch_lightning.loggers import TensorBoardLogger
from pytorch_lightning.plugins.io import TorchCheckpointIO
from pytorch_lightning.strategies import DDPStrategy
from torch import Tensor
from torch.nn import functional
from torch.utils.data import DataLoader, Sampler

from emotion_recognition.training.config import ConfigError
from emotion_recognition.training.optimise import moving_average
from emotion_recognition.training.optimiser import (
    Optimiser,
    Schedule,
    build_optimiser,
    build_schedule,
)
from emotion_recognition.training.task import Batch, Task, Training, leads

logger = logging.getLogger(__name__)


class Learner(pl.LightningModule):
    """A task under training: its losses, and WAR and UAR on the validation data."""

    def __init__(
        self, task: Task, optimiser: Optimiser, schedule: Schedule, training: Training
    ) -> None:
        super().__init__()
        self.network = task.network
        self._loss, self._judge = task.loss, task.judge
        self._optimiser, self._schedule, self._seed = optimiser, schedule, training.seed
        self._confusion, self._sums = torch.zeros(0), torch.zeros(0)

    def configure_optimizers(self) -> Any:
        """Build the optimiser and the schedule of the configuration."""
        optimiser = build_optimiser(self.network, self._optimiser)
        assert self.trainer.max_epochs is not None
        steps = int(self.trainer.estimated_stepping_batches) // self.trainer.max_epochs
        schedule = build_schedule(optimiser, self._schedule, self.trainer.max_epochs, steps)
        entry = {"scheduler": schedule, "interval": "step", "monitor": "valid_loss"}
        if isinstance(schedule, torch.optim.lr_scheduler.ReduceLROnPlateau):
            entry["interval"] = "epoch"
        return {"optimizer": optimiser, "lr_scheduler": entry}

    def lr_scheduler_step(self, scheduler: Any, metric: Any) -> None:
        """Step after a batch; after an epoch :meth:`on_train_epoch_end` does it.

        Lightning would do it after the checkpoint, and a resumed run would miss that step.
        """
        if metric is None:
            scheduler.step()

    def on_train_batch_start(self, batch: Batch, batch_idx: int) -> None:
        """Seed each epoch by itself, so that a resumed run goes on as one without a break."""
        if batch_idx == 0:
            seed = self._seed * 1000 + self.current_epoch
            pl.seed_everything(seed + 1_000_003 * self.global_rank, verbose=False)

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """Return the loss of a batch."""
        loss = self._loss(self.network, batch, self.current_epoch)
        shown = {"on_step": True, "on_epoch": True, "prog_bar": True, "batch_size": 1}
        self.log("train_loss", loss, sync_dist=_world() > 1, **shown)
        return loss

    def on_validation_epoch_start(self) -> None:
        """Start counting."""
        self._confusion = torch.zeros(0, device=self.device)
        self._sums = torch.zeros(2, device=self.device)

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Count what is right, by class."""
        logits, targets = self._judge(self.network, batch)
        logits, classes = logits.float(), logits.shape[1]
        truth = targets if targets.ndim == 1 else targets.argmax(dim=1)
        if not len(self._confusion):
            self._confusion = torch.zeros(classes, classes, device=self.device)
        pairs = truth * classes + logits.argmax(dim=1)
        self._confusion += torch.bincount(pairs, minlength=classes**2).view(classes, classes)
        loss = functional.cross_entropy(logits, targets, reduction="sum")
        self._sums += torch.stack([loss, loss.new_tensor(len(truth))])

    def on_validation_epoch_end(self) -> None:
        """Log loss, WAR and UAR over the rows of all processes."""
        reduce = self.trainer.strategy.reduce
        confusion = reduce(self._confusion, reduce_op="sum")
        loss, rows = reduce(self._sums, reduce_op="sum")
        found, there = confusion.diagonal(), confusion.sum(dim=1)
        recall = (found / there.clamp(min=1)).sum() / (there > 0).sum()
        figures = {"loss": loss / rows, "war": found.sum() / rows, "uar": recall}
        for name, value in figures.items():
            self.log(f"valid_{name}", value, prog_bar=True, batch_size=1)

    def on_train_epoch_end(self) -> None:
        """Step the schedule that waits for a plateau of the validation loss."""
        self.log("learning_rate", self.optimizers().param_groups[0]["lr"])
        schedule = self.lr_schedulers()
        if isinstance(schedule, torch.optim.lr_scheduler.ReduceLROnPlateau):
            schedule.step(float(self.trainer.callback_metrics["valid_loss"]))


class Batches(Sampler[list[int]]):
    """Rows for one of several processes: whole batches in random order, anew in each epoch."""

    def __init__(self, rows: int, training: Training) -> None:
        self._rows, self._size, self._seed = rows, training.batch_size, training.seed
        self._rank, self._world = _rank(), _world()
        self._epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Name the epoch whose order comes next; Lightning does."""
        self._epoch = epoch

    def __len__(self) -> int:
        return self._rows // (self._size * self._world)

    def __iter__(self) -> Iterator[list[int]]:
        generator = torch.Generator().manual_seed(self._seed * 1000 + self._epoch)
        order = torch.randperm(self._rows, generator=generator)
        each = order[: len(self) * self._size * self._world].view(len(self), self._world, -1)
        yield from each[:, self._rank].tolist()


class EveryRow(Sampler[list[int]]):
    """The rows in order, each for one of the processes."""

    def __init__(self, rows: int, size: int) -> None:
        mine = list(range(_rank(), rows, _world()))
        self._parts = [mine[start : start + size] for start in range(0, len(mine), size)]

    def __len__(self) -> int:
        return len(self._parts)

    def __iter__(self) -> Iterator[list[int]]:
        yield from self._parts


class History(Callback):
    """Writes the figures of each epoch; what a resumed run repeats stands there once."""

    def __init__(self, out: Path) -> None:
        self._out = out
        self._epochs: list[dict[str, float]] = []
        self._began = 0.0

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Start the clock."""
        self._began = time.monotonic()

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Add the epoch to ``history.json`` and ``history.csv``."""
        found = trainer.callback_metrics
        names = ("train_loss_epoch", "valid_loss", "valid_war", "valid_uar")
        entry: dict[str, float] = {"epoch": trainer.current_epoch + 1}
        entry |= {
            name.removesuffix("_epoch"): float(found[name]) for name in names if name in found
        }
        entry["learning_rate"] = trainer.optimizers[0].param_groups[0]["lr"]
        entry["seconds"] = round(time.monotonic() - self._began, 2)
        self._epochs.append(entry)
        if leads():
            logger.info(", ".join(f"{name} {value:.4g}" for name, value in entry.items()))
            text = json.dumps(self._epochs, indent=1)
            (self._out / "history.json").write_text(text + "\n", encoding="utf-8")
            with (self._out / "history.csv").open("w", newline="", encoding="utf-8") as file:
                writer = csv.DictWriter(file, list(entry))
                writer.writeheader()
                writer.writerows(self._epochs)

    def state_dict(self) -> dict[str, Any]:
        """Return what a checkpoint keeps."""
        return {"epochs": self._epochs}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from a checkpoint."""
        self._epochs = list(state_dict["epochs"])


class Stop(EarlyStopping):
    """Early stopping that a resumed run keeps to."""

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Train no further where the run had stopped already."""
        trainer.should_stop = trainer.should_stop or self.wait_count >= self.patience


class WholeFiles(TorchCheckpointIO):
    """Checkpoints that a kill cannot leave in half: written beside, then put in place."""

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: Any, storage_options: Any = None
    ) -> None:
        """Write ``checkpoint`` to ``path``."""
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        partial = Path(f"{path}.partial")
        torch.save(checkpoint, partial)
        partial.replace(path)


def learn(
    task: Task,
    optimiser: Optimiser,
    schedule: Schedule,
    training: Training,
    out: Path,
    last: Path | None,
) -> None:
    """Train and leave ``checkpoints/last.ckpt`` in ``out``, and ``best.ckpt`` if that is kept.

    Args:
        task: What is learnt.
        optimiser: The optimiser.
        schedule: The learning rate over the epochs.
        training: The rest of the recipe.
        out: Folder for history, logs and checkpoints.
        last: The checkpoint to go on from.
    """
    rows = len(task.train)  # type: ignore[arg-type]
    batches = Batches(rows, training)
    if not len(batches):
        found = f"{training.batch_size} for each of {_world()} process(es), and {rows} clips"
        raise ConfigError("trainer.batch_size", f"found {found}; allowed: no more than the clips")
    out.mkdir(parents=True, exist_ok=True)
    callbacks, validation = _callbacks(training, out), None
    if task.valid is not None:
        order = EveryRow(len(task.valid), 4 * training.batch_size)  # type: ignore[arg-type]
        validation = _loader(task.valid, order, training)
    logging.getLogger("pytorch_lightning").setLevel(logging.WARNING)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*does not have many workers.*")
        warnings.filterwarnings("ignore", ".*in eval mode at the start of training.*")
        warnings.filterwarnings("ignore", ".*exists and is not empty.*")
        warnings.filterwarnings("ignore", ".*sync_dist=True.*")  # figures of all processes already
        warnings.filterwarnings("ignore", ".*LeafSpec.*")  # of Lightning itself
        trainer = pl.Trainer(
            max_epochs=training.epochs,
            precision=training.precision,
            gradient_clip_val=training.clip_gradient,
            callbacks=callbacks,
            logger=TensorBoardLogger(str(out), name="tensorboard", version=""),
            log_every_n_steps=1,
            plugins=[WholeFiles()],
            num_sanity_val_steps=0,
            limit_val_batches=0.0 if validation is None else 1.0,
            use_distributed_sampler=False,
            enable_progress_bar=sys.stderr.isatty() and leads(),
            enable_model_summary=False,
            **_processes(),
        )
        trainer.fit(
            Learner(task, optimiser, schedule, training),
            _loader(task.train, batches, training),
            validation,
            ckpt_path=last,
            weights_only=True,
        )
    trainer.strategy.barrier()


def _callbacks(training: Training, out: Path) -> list[Callback]:
    folder = out / "checkpoints"
    monitor: dict[str, Any] = {
        "monitor": f"valid_{training.monitor}",
        "mode": "min" if training.monitor == "loss" else "max",
    }
    always: dict[str, Any] = {"save_on_train_epoch_end": True, "enable_version_counter": False}
    callbacks: list[Callback] = [History(out)]
    if training.ema_decay is not None:
        callbacks.append(WeightAveraging(multi_avg_fn=moving_average(training.ema_decay)))
    if training.patience is not None:
        callbacks.append(Stop(**monitor, patience=training.patience, check_on_train_epoch_end=True))
    if training.keep == "best":
        callbacks.append(ModelCheckpoint(folder, "best", **monitor, **always))
    # After the best one: its state tells which that is.
    callbacks.append(ModelCheckpoint(folder, "last", **always))
    if sys.stderr.isatty() and leads():
        callbacks.append(TQDMProgressBar(leave=False))
    return callbacks


def _processes() -> dict[str, Any]:
    """Arguments of the Trainer: alone, or as torchrun started this process."""
    if _world() == 1:
        return {"devices": 1}
    local = int(os.environ["LOCAL_WORLD_SIZE"])
    return {
        "devices": local,
        "num_nodes": _world() // local,
        "strategy": DDPStrategy(find_unused_parameters=True),
        "sync_batchnorm": torch.cuda.is_available(),
    }


def _loader(data: Any, rows: Sampler[list[int]], training: Training) -> DataLoader[Batch]:
    # A generator of its own: the loader's draw would shift what the epoch draws.
    return DataLoader(
        data,
        batch_size=None,
        sampler=rows,
        num_workers=training.workers,
        generator=torch.Generator().manual_seed(training.seed),
    )


def _rank() -> int:
    return int(os.environ.get("RANK", "0"))


def _world() -> int:
    return int(os.environ.get("WORLD_SIZE", "1"))
