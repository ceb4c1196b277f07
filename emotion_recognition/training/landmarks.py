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

"""Train the landmark network to say what its teacher says.

    python -m emotion_recognition.training.landmarks --data DIR --teacher FILE --out DIR

``--data`` is the folder that holds ``ferplus/``, ``--teacher`` is ``face_landmarker.task``, see
``evaluation/landmark_teacher.py``. First it looks at all faces of FER+ train and valid; what it
says is kept in ``--out`` and read from there the next time. Writes ``landmarks.safetensors`` and
``history.json``; ``--resume`` goes on after the last finished epoch.
"""

import argparse
import json
import logging
import math
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F
from tqdm import tqdm

from emotion_recognition.corpora.ferplus import load_ferplus
from emotion_recognition.evaluation.landmark_teacher import (
    LandmarkTeacher,
    Lessons,
    teach_crops,
)
from emotion_recognition.model.checkpoint import save_checkpoint
from emotion_recognition.model.face_points import (
    LEFT_EYE_CORNER,
    MIRRORED,
    RIGHT_EYE_CORNER,
    point_errors,
)
from emotion_recognition.model.landmark_network import KIND, LandmarkConfig, LandmarkNetwork
from emotion_recognition.training.face_augmentation import Augmentation, disturb
from emotion_recognition.training.optimise import AveragedModel, descend, one_cycle

logger = logging.getLogger(__name__)

WEIGHTS_ID = "landmarks-2026.11"
LICENCE = "non-commercial research only: trained on FER2013 images"
WORST_ERROR = 0.5  # inter-ocular units: what the network is to expect of what is no face


@dataclass(frozen=True)
class Motion:
    """How far faces are moved, so that the network also reads loosely cut ones.

    Standard deviations of normal distributions.
    """

    rotation_deg: float = 12.0
    scale: float = 0.12  # of the natural logarithm
    stretch: float = 0.04  # the same, of x against y
    shift: float = 0.06  # of the side of the crop


@dataclass(frozen=True)
class Recipe:
    """How the shipped weights were trained."""

    network: LandmarkConfig = field(default_factory=LandmarkConfig)
    motion: Motion = field(default_factory=Motion)
    disturbance: Augmentation = field(
        default_factory=lambda: Augmentation(blur=0.3, noise=0.04, erase=0.2)
    )
    epochs: int = 9
    batch_size: int = 64
    learning_rate: float = 2e-3
    weight_decay: float = 0.02
    ema_decay: float = 0.998
    no_faces: float = 1 / 16  # share of a batch that is shown as no face
    wing_width: float = 2.0  # pixels of the crop: errors below it count by their logarithm
    wing_bend: float = 0.5  # pixels: how sharply
    seed: int = 1


@dataclass(frozen=True)
class Faces:
    """Crops (N, 48, 48) uint8 in which the teacher sees a face, and its points (N, 68, 2)."""

    crops: Tensor
    points: Tensor

    def __len__(self) -> int:
        return len(self.crops)


def load_faces(data: Path, split: str, teacher: Path, out: Path) -> Faces:
    """Read a split of FER+ with the teacher's points, asking the teacher only the first time.

    Images on which it sees no face are left out.

    Raises:
        TeacherError: There is nothing in ``out`` yet, and the teacher cannot be used.
    """
    images = load_ferplus(data / "ferplus", split).images  # type: ignore[arg-type]
    cache = out / f"teacher_{split}.npz"
    if cache.is_file():
        with np.load(cache, allow_pickle=False) as file:
            lessons = Lessons(file["points"], file["scores"])
    else:
        lessons = teach_crops(LandmarkTeacher(teacher), images)
        out.mkdir(parents=True, exist_ok=True)
        np.savez(cache, points=lessons.points, scores=lessons.scores)
    if len(lessons.points) != len(images):
        raise ValueError(f"{cache}: {len(lessons.points)} faces, FER+ {split} has {len(images)}")
    seen = lessons.seen
    logger.info("%s: the teacher sees a face on %d of %d images", split, seen.sum(), len(seen))
    return Faces(torch.from_numpy(images[seen]), torch.from_numpy(lessons.points[seen]))


def train(faces: Faces, valid: Faces, recipe: Recipe, out: Path, resume: bool = False) -> Path:
    """Train for the epochs that are left and return the path of the weights.

    The averaged weights of the last epoch are kept: nothing is chosen by the validation faces.

    Args:
        faces: To learn from.
        valid: To watch the error on.
        recipe: The hyper-parameters.
        out: Folder for weights, history and state.
        resume: Go on with the state in ``out``, if there is one.
    """
    out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(recipe.seed)
    network = LandmarkNetwork(recipe.network)
    network.start_from(faces.points.mean(dim=0))
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    average = AveragedModel(network, recipe.ema_decay)
    steps = max(len(faces) // recipe.batch_size, 1)
    optimiser, schedule = one_cycle(
        network, recipe.learning_rate, recipe.epochs * steps, recipe.weight_decay
    )
    parts: dict[str, Any] = {
        "network": network,
        "average": average.model,
        "optimiser": optimiser,
        "schedule": schedule,
    }
    state_path, history = out / "training_state.pt", []
    if resume and state_path.is_file():
        state = torch.load(state_path, weights_only=True)
        history = state.pop("history")
        average.resume(len(history) * steps)
        for name, part in parts.items():
            part.load_state_dict(state[name])
    for epoch in range(len(history), recipe.epochs):
        began = time.monotonic()
        # Each epoch has its own seed, so that a resumed run goes on as the uninterrupted one would.
        torch.manual_seed(recipe.seed * 1000 + epoch)
        network.train()
        total = 0.0
        order = torch.randperm(len(faces))[: steps * recipe.batch_size].split(recipe.batch_size)
        for chosen in tqdm(order, f"epoch {epoch + 1}", leave=False, mininterval=5):
            crops, points, is_face = batch(faces.crops[chosen], faces.points[chosen], recipe)
            with torch.autocast("cpu", torch.bfloat16):
                found, doubt = network(crops.to(memory_format=torch.channels_last))
            loss = loss_of(found, doubt, points, is_face, recipe)
            descend(loss, network, optimiser, schedule, average)
            total += float(loss.detach())
        history.append(
            {
                "epoch": epoch + 1,
                "loss": total / steps,
                "valid_nme": mean_error(average.model, valid),
                "seconds": time.monotonic() - began,
            }
        )
        state = {name: part.state_dict() for name, part in parts.items()}
        torch.save({**state, "history": history}, state_path.with_suffix(".partial"))
        state_path.with_suffix(".partial").replace(state_path)
        (out / "history.json").write_text(json.dumps(history, indent=1))
        logger.info("%s", history[-1])
    path = out / "landmarks.safetensors"
    network = average.model
    save_checkpoint(
        path,
        network,
        KIND,
        WEIGHTS_ID,
        network.config_json(),
        licence=LICENCE,
        history=json.dumps(history),
    )
    return path


def batch(crops: Tensor, points: Tensor, recipe: Recipe) -> tuple[Tensor, Tensor, Tensor]:
    """Return changed faces (N, 1, 48, 48) in [0, 1], their points, and which still are faces."""
    faces, points = move(crops.unsqueeze(1).float() / 255, points, recipe.motion)
    is_face = torch.rand(len(faces)) >= recipe.no_faces
    # Exchanged quarters, upside down: the texture of faces without their shape.
    half = faces.shape[-1] // 2
    broken = faces.roll((half, half), (2, 3)).flip(2)
    faces = torch.where(is_face[:, None, None, None], faces, broken)
    return disturb(faces, recipe.disturbance), points, is_face


def move(faces: Tensor, points: Tensor, motion: Motion) -> tuple[Tensor, Tensor]:
    """Turn, scale, stretch, shift and mirror faces (N, 1, S, S) at random, and their points.

    What comes into view repeats the edge for one half of the faces and mirrors the image at it for
    the other.
    """
    count, side = len(faces), faces.shape[-1]
    angle = torch.randn(count) * math.radians(motion.rotation_deg)
    scale, stretch = (torch.randn(count) * motion.scale).exp(), torch.randn(count) * motion.stretch
    x_scale, y_scale = scale * (stretch / 2).exp(), scale * (-stretch / 2).exp()
    flipped = torch.rand(count) < 0.5
    sign = 1 - 2.0 * flipped
    cos, sin = angle.cos(), angle.sin()
    # Where each pixel of the result comes from, the middle of the image being the origin.
    linear = torch.stack(
        [
            torch.stack([sign * cos * x_scale, -sign * sin * y_scale], 1),
            torch.stack([sin * x_scale, cos * y_scale], 1),
        ],
        dim=1,
    )
    shift = torch.randn(count, 2, 1) * 2 * motion.shift  # affine_grid's image spans -1 to 1
    grid = F.affine_grid(torch.cat([linear, shift], dim=2), list(faces.shape), align_corners=False)
    half = count // 2
    moved = torch.cat(
        [
            F.grid_sample(faces[part], grid[part], padding_mode=beyond, align_corners=False)
            for part, beyond in ((slice(half), "border"), (slice(half, None), "reflection"))
        ]
    )
    middle = (side - 1) / 2
    places = (points - middle) * (2 / side) - shift.transpose(1, 2)
    places = torch.linalg.solve(linear, places.transpose(1, 2)).transpose(1, 2)
    places = torch.where(flipped[:, None, None], places[:, torch.from_numpy(MIRRORED)], places)
    return moved, places * (side / 2) + middle


def loss_of(
    found: Tensor, doubt: Tensor, points: Tensor, is_face: Tensor, recipe: Recipe
) -> Tensor:
    """Wing loss (Feng et al. 2018, equation 5) of the points of faces, and the doubt's own loss."""
    off = (found - points).abs()
    width, bend = recipe.wing_width, recipe.wing_bend
    offset = width - width * math.log1p(width / bend)
    wing = torch.where(off < width, width * torch.log1p(off / bend), off - offset)
    wing = wing.mean(dim=(1, 2))[is_face].mean()
    unit = (points[:, LEFT_EYE_CORNER] - points[:, RIGHT_EYE_CORNER]).norm(dim=1).clamp(min=1.0)
    error = (found - points).norm(dim=2).mean(dim=1) / unit
    error = torch.where(is_face, error, WORST_ERROR).clamp(1e-3, WORST_ERROR)
    return wing + 0.1 * F.smooth_l1_loss(doubt, error.detach().log())


@torch.inference_mode()
def mean_error(network: LandmarkNetwork, faces: Faces) -> float:
    """Return the mean over faces of the normalised mean error (NME) of a network's points."""
    network.eval()
    batches = faces.crops.unsqueeze(1).split(256)
    found = torch.cat([network(crops.float() / 255)[0] for crops in batches])
    return float(point_errors(found.numpy(), faces.points.numpy()).mean())


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Train the landmark network on FER+.")
    parser.add_argument("--data", type=Path, required=True, help="folder that holds ferplus/")
    parser.add_argument("--teacher", type=Path, required=True, help="face_landmarker.task")
    parser.add_argument("--out", type=Path, required=True, help="folder for weights and labels")
    parser.add_argument("--epochs", type=int, default=Recipe.epochs, help="default %(default)s")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads, default %(default)s")
    parser.add_argument("--resume", action="store_true", help="go on after the last epoch in --out")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(options.threads)
    cv2.setNumThreads(options.threads)
    faces, valid = (
        load_faces(options.data, split, options.teacher, options.out)
        for split in ("train", "valid")
    )
    train(faces, valid, Recipe(epochs=options.epochs), options.out, options.resume)


if __name__ == "__main__":
    main()
