"""Train the frame encoder on FER+.

    python -m emotion_recognition.training.frame_encoder --data DIR --out DIR

``--data`` is the folder that holds ``ferplus/``. Writes ``frame_encoder.safetensors``, the weights
of the epoch that did best on the validation split, and ``history.json``; ``--resume`` goes on after
the last finished epoch of ``training_state.safetensors``.
"""

import argparse
import json
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor
from torch.nn import functional as F
from torch.optim.swa_utils import AveragedModel
from tqdm import tqdm

from emotion_recognition.corpora.ferplus import FerPlus, load_ferplus
from emotion_recognition.emotions import FERPLUS_CLASSES
from emotion_recognition.evaluation.ferplus import predict_logits
from emotion_recognition.model.checkpoint import save_checkpoint
from emotion_recognition.model.frame_encoder import KIND, FrameEncoder, FrameEncoderConfig
from emotion_recognition.training.calibration import fit_temperature
from emotion_recognition.training.face_augmentation import Augmentation, augment, mix_up

logger = logging.getLogger(__name__)

History = list[dict[str, float]]
"""For each epoch its number, mean loss, accuracy on the validation split, and seconds."""

WEIGHTS_ID = "ferplus-2026.11"
LICENCE = "non-commercial research only: trained on FER2013 images; FER+ labels MIT"


@dataclass(frozen=True)
class Recipe:
    """How the shipped weights were trained."""

    network: FrameEncoderConfig = field(default_factory=FrameEncoderConfig)
    augmentation: Augmentation = field(default_factory=Augmentation)
    epochs: int = 25
    small_epochs: int = 14  # the first ones see the faces reduced to small_size, at half the cost
    small_size: int = 32
    batch_size: int = 128
    learning_rate: float = 0.1  # peak, after a linear warm-up; a half cosine takes it to 0
    warmup_epochs: float = 2.0
    momentum: float = 0.9
    weight_decay: float = 5e-4
    ema_decay: float = 0.998  # of the averaged weights, which are the ones that are kept
    clean_epochs: int = 5  # the last ones are without mixup
    seed: int = 1


@dataclass
class Run:
    """The state of a training run between two epochs."""

    encoder: FrameEncoder
    average: AveragedModel
    optimizer: torch.optim.SGD
    history: History


def start(recipe: Recipe) -> Run:
    """Return a run at its beginning."""
    torch.manual_seed(recipe.seed)
    encoder = FrameEncoder(recipe.network)
    encoder.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    average = AveragedModel(
        encoder, multi_avg_fn=_moving_average(recipe.ema_decay), use_buffers=True
    )
    decayed = [weight for weight in encoder.parameters() if weight.ndim > 1]
    others = [weight for weight in encoder.parameters() if weight.ndim == 1]
    groups: list[dict[str, Any]] = [{"params": decayed}, {"params": others, "weight_decay": 0.0}]
    optimizer = torch.optim.SGD(
        groups,
        lr=recipe.learning_rate,
        momentum=recipe.momentum,
        weight_decay=recipe.weight_decay,
        nesterov=True,
    )
    return Run(encoder, average, optimizer, [])


def train(data: FerPlus, valid: FerPlus, recipe: Recipe, out: Path, resume: bool = False) -> Path:
    """Train for the epochs that are left and return the path of the best weights.

    Args:
        data: The images to learn from, see :meth:`FerPlus.kept`.
        valid: The images that choose the epoch and fit the temperature.
        recipe: The hyper-parameters.
        out: Folder for weights, history and state.
        resume: Go on with the state in ``out``, if there is one.
    """
    out.mkdir(parents=True, exist_ok=True)
    run = start(recipe)
    state_path, best_path = out / "training_state.safetensors", out / f"{KIND}.safetensors"
    if resume and state_path.is_file():
        _restore(run, state_path)
    for epoch in range(len(run.history), recipe.epochs):
        began = time.monotonic()
        loss = _train_epoch(run, data, recipe, epoch)
        averaged = cast(FrameEncoder, run.average.module)
        logits = predict_logits(averaged, valid.images)
        accuracy = float((logits.argmax(1).numpy() == valid.majority).mean())
        seconds = time.monotonic() - began
        best = max((entry["valid_accuracy"] for entry in run.history), default=0.0)
        run.history.append(
            {"epoch": epoch + 1, "loss": loss, "valid_accuracy": accuracy, "seconds": seconds}
        )
        if accuracy > best:
            _save_weights(best_path, averaged, logits, valid, run.history)
        _keep(run, state_path)
        (out / "history.json").write_text(json.dumps(run.history, indent=1))
        logger.info("epoch %d: loss %.3f, valid %.4f, %.0f s", epoch + 1, loss, accuracy, seconds)
    return best_path


def _train_epoch(run: Run, data: FerPlus, recipe: Recipe, epoch: int) -> float:
    """Train one epoch and return the mean loss."""
    # Each epoch has its own seed, so that a resumed run goes on as the uninterrupted one would.
    torch.manual_seed(recipe.seed * 1000 + epoch)
    images = torch.from_numpy(data.images).unsqueeze(1)
    targets = torch.from_numpy(data.soft_targets())
    steps = len(data) // recipe.batch_size
    mixed = epoch < recipe.epochs - recipe.clean_epochs
    total = 0.0
    run.encoder.train()
    batches = _batches(len(data), recipe.batch_size)
    progress = tqdm(batches, f"epoch {epoch + 1}", steps, leave=False, mininterval=5)
    for step, chosen in enumerate(progress):
        for group in run.optimizer.param_groups:
            group["lr"] = learning_rate(recipe, epoch + step / steps)
        faces, target = augment(images[chosen].float() / 255, recipe.augmentation), targets[chosen]
        if epoch < recipe.small_epochs:
            faces = F.interpolate(faces, size=recipe.small_size, mode="area")
        if mixed:
            faces, target = mix_up(faces, target, recipe.augmentation.mix)
        with torch.autocast("cpu", torch.bfloat16):
            _, logits = run.encoder(faces.to(memory_format=torch.channels_last))
        loss = F.cross_entropy(logits.float(), target)
        run.optimizer.zero_grad()
        loss.backward()
        run.optimizer.step()
        run.average.update_parameters(run.encoder)
        total += float(loss.detach())
    return total / steps


def learning_rate(recipe: Recipe, epoch: float) -> float:
    """Return the rate at a point of the run: a linear warm-up, then half a cosine down to 0."""
    if epoch < recipe.warmup_epochs:
        return recipe.learning_rate * max(epoch / recipe.warmup_epochs, 0.01)
    done = (epoch - recipe.warmup_epochs) / (recipe.epochs - recipe.warmup_epochs)
    return recipe.learning_rate * 0.5 * (1 + float(np.cos(np.pi * done)))


def _moving_average(decay: float) -> Callable[[Any, Any, Tensor | int], None]:
    """Return an exponential moving average that forgets the start of the run quickly."""

    def update(averages: Sequence[Tensor], values: Sequence[Tensor], count: Tensor | int) -> None:
        weight = 1 - min(decay, (1 + int(count)) / (10 + int(count)))
        for average, value in zip(averages, values, strict=True):
            if average.is_floating_point():
                average.lerp_(value, weight)

    return update


def _batches(count: int, size: int) -> Iterator[Tensor]:
    """Yield the indices of full random batches."""
    return iter(torch.randperm(count)[: count // size * size].split(size))


def _save_weights(
    path: Path, encoder: FrameEncoder, logits: Tensor, valid: FerPlus, history: History
) -> None:
    temperature = fit_temperature(logits, torch.from_numpy(valid.majority))
    save_checkpoint(
        path,
        encoder,
        KIND,
        WEIGHTS_ID,
        encoder.config_json(),
        labels=json.dumps(FERPLUS_CLASSES),
        licence=LICENCE,
        temperature=f"{temperature:.4f}",
        history=json.dumps(history),
    )


def _keep(run: Run, path: Path) -> None:
    """Write the state of the run, so that it can go on after a kill."""
    tensors = {f"encoder.{key}": value for key, value in run.encoder.state_dict().items()}
    tensors |= {f"average.{key}": value for key, value in run.average.state_dict().items()}
    for index, state in run.optimizer.state_dict()["state"].items():
        tensors[f"momentum.{index}"] = state["momentum_buffer"]
    partial = path.with_name(path.name + ".partial")
    tensors = {key: value.contiguous() for key, value in tensors.items()}
    save_file(tensors, partial, {"history": json.dumps(run.history)})
    partial.replace(path)


def _restore(run: Run, path: Path) -> None:
    parts: dict[str, dict[str, Any]] = {"encoder": {}, "average": {}, "momentum": {}}
    with safe_open(path, framework="pt") as file:
        run.history.extend(json.loads(file.metadata()["history"]))
        for key in file.keys():  # noqa: SIM118
            part, _, name = key.partition(".")
            parts[part][name] = file.get_tensor(key)
    run.encoder.load_state_dict(parts["encoder"])
    run.average.load_state_dict(parts["average"])
    state = run.optimizer.state_dict()
    state["state"] = {
        int(index): {"momentum_buffer": buffer} for index, buffer in parts["momentum"].items()
    }
    run.optimizer.load_state_dict(state)


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Train the frame encoder on FER+.")
    parser.add_argument("--data", type=Path, required=True, help="folder that holds ferplus/")
    parser.add_argument("--out", type=Path, required=True, help="folder for weights and history")
    parser.add_argument("--epochs", type=int, default=Recipe.epochs, help="default %(default)s")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads, default %(default)s")
    parser.add_argument("--resume", action="store_true", help="go on after the last epoch in --out")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(options.threads)
    folder = options.data / "ferplus"
    data, valid = (load_ferplus(folder, split).kept() for split in ("train", "valid"))
    train(data, valid, Recipe(epochs=options.epochs), options.out, options.resume)


if __name__ == "__main__":
    main()
