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

"""Face sequences for training, simulated from single faces.

No corpus here shows many people's faces over time, so a window of frame vectors is composed from
FER+ images of one emotion: an apex that sways between versions of one image and a second image of
the same emotion, often an onset from or a return to a neutral face, noise, and missed frames.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from emotion_recognition.corpora.ferplus import FerPlus
from emotion_recognition.emotions import EMOTIONS, FERPLUS_CLASSES, canonical
from emotion_recognition.model.emotion_model import VIDEO_STEPS
from emotion_recognition.model.frame_encoder import FrameEncoder
from emotion_recognition.training.face_augmentation import Augmentation, augment

NEUTRAL, CALM = EMOTIONS.index("neutral"), EMOTIONS.index("calm")

CALM_SHARE = 0.35
"""Part of the votes for a neutral face that counts as calm: FER+ does not tell the two apart."""


@dataclass(frozen=True)
class FaceBank:
    """Faces as frame vectors.

    ``vectors`` (N, V, 128) hold V versions of each face; ``targets`` (N, 8) its distribution over
    ``EMOTIONS``; ``labels`` (N,) the emotion of most votes, never calm.
    """

    vectors: Tensor
    targets: Tensor
    labels: Tensor

    def of_emotion(self, label: int) -> Tensor:
        """Return the rows of the faces that suit an emotion; neutral ones for calm."""
        return (self.labels == (NEUTRAL if label == CALM else label)).nonzero().flatten()

    def select(self, rows: Tensor) -> "FaceBank":
        """Return the faces in these rows."""
        return FaceBank(self.vectors[rows], self.targets[rows], self.labels[rows])


def join_banks(first: FaceBank, second: FaceBank) -> FaceBank:
    """Return the faces of both banks."""
    return FaceBank(
        torch.cat([first.vectors, second.vectors]),
        torch.cat([first.targets, second.targets]),
        torch.cat([first.labels, second.labels]),
    )


def emotion_targets(shares: np.ndarray) -> np.ndarray:
    """Carry FER+ shares (N, 8) over to ``EMOTIONS`` (N, 8); contempt is left out.

    Rows that hold nothing but contempt are all 0.
    """
    targets = np.zeros((len(shares), len(EMOTIONS)), np.float32)
    for column, name in enumerate(FERPLUS_CLASSES):
        if name != "contempt":
            targets[:, EMOTIONS.index(canonical(name))] += shares[:, column]
    targets[:, CALM] = CALM_SHARE * targets[:, NEUTRAL]
    targets[:, NEUTRAL] -= targets[:, CALM]
    return targets / np.maximum(targets.sum(axis=1, keepdims=True), 1e-6)


def at_most(faces: FerPlus, count: int) -> FerPlus:
    """Return the faces with a majority, at most the first ``count`` of each emotion."""
    kept = faces.kept()
    rows = [
        np.flatnonzero(kept.majority == column)[:count] for column in range(len(FERPLUS_CLASSES))
    ]
    chosen = np.sort(np.concatenate(rows))
    return FerPlus(kept.images[chosen], kept.votes[chosen], kept.names[chosen])


@torch.inference_mode()
def build_bank(encoder: FrameEncoder, faces: FerPlus, versions: int, changed: bool) -> FaceBank:
    """Encode the faces of a FER+ split.

    Args:
        encoder: The frame encoder.
        faces: The split; images without a majority for one of our emotions are left out.
        versions: How often each face is encoded.
        changed: Whether each version is augmented at random. The encoder knows its own training
            images too well: without it they would lie further apart than new faces do.
    """
    kept = faces.kept()
    targets = emotion_targets(kept.soft_targets())
    named = np.array([name != "contempt" for name in FERPLUS_CLASSES])
    rows = named[kept.majority] & (targets.sum(axis=1) > 0)
    to_emotion = np.array(
        [EMOTIONS.index(canonical(n)) if n != "contempt" else -1 for n in FERPLUS_CLASSES]
    )
    images = torch.from_numpy(kept.images[rows])[:, None].float() / 255
    options = Augmentation()
    encoded = []
    for _ in range(versions):
        for batch in images.split(128):
            shown = augment(batch, options) if changed else batch
            with torch.autocast("cpu", torch.bfloat16):
                vectors, _ = encoder(shown)
            encoded.append(vectors.float())
    vectors = torch.cat(encoded).view(versions, len(images), -1).transpose(0, 1).contiguous()
    labels = torch.from_numpy(to_emotion[kept.majority[rows]])
    return FaceBank(vectors.clone(), torch.from_numpy(targets[rows]), labels)


def draw_faces(bank: FaceBank, labels: Tensor, generator: torch.Generator) -> Tensor:
    """Draw for each emotion in ``labels`` (B,) the row of a face that suits it."""
    rows = torch.empty_like(labels)
    for label in labels.unique().tolist():
        candidates = bank.of_emotion(label)
        wanted = labels == label
        picks = torch.randint(len(candidates), (int(wanted.sum()),), generator=generator)
        rows[wanted] = candidates[picks]
    return rows


def compose(
    bank: FaceBank, apex: Tensor, weakest: Tensor, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Compose a window of frame vectors for each face in ``apex`` (B,).

    Args:
        bank: The faces.
        apex: Rows of the faces whose emotion is shown.
        weakest: (B,) how little of the emotion may show at its height, 0 (none) to 1 (all). Faces
            of people who speak show far less than the pictures of FER+.
        generator: Source of chance.

    Returns:
        Vectors (B, 36, 128) and the mask (B, 36) of frames in which the face was found.
    """
    batch, steps = len(apex), VIDEO_STEPS
    second = draw_faces(bank, bank.labels[apex], generator)
    neutral = draw_faces(bank, torch.full_like(apex, NEUTRAL), generator)
    sway = _smooth(batch, steps, generator)[:, :, None] * 0.5
    peak = torch.lerp(_versions(bank, apex, generator), _versions(bank, second, generator), sway)
    height = weakest + (1 - weakest) * torch.rand(batch, generator=generator)
    level = (_level(batch, steps, generator) * height[:, None])[:, :, None]
    vectors = torch.lerp(_versions(bank, neutral, generator), peak, level)
    spread = torch.rand(batch, 1, 1, generator=generator) * 0.3
    vectors = vectors + spread * torch.randn(vectors.shape, generator=generator)
    return vectors, _found(batch, steps, generator)


def _versions(bank: FaceBank, rows: Tensor, generator: torch.Generator) -> Tensor:
    """Vectors (B, 36, 128) that change between the versions of a face every few steps."""
    versions = bank.vectors.shape[1]
    held = torch.randint(versions, (len(rows), VIDEO_STEPS // 4), generator=generator)
    return bank.vectors[rows[:, None], held.repeat_interleave(4, dim=1)]


def _smooth(batch: int, steps: int, generator: torch.Generator) -> Tensor:
    """Curves (B, T) in [0, 1] that wander slowly."""
    knots = torch.rand(batch, 1, 5, generator=generator)
    return torch.nn.functional.interpolate(knots, steps, mode="linear", align_corners=True)[:, 0]


def _level(batch: int, steps: int, generator: torch.Generator) -> Tensor:
    """How much of the emotion shows (B, T), 0 to 1: half rise or fall, the others hold."""
    start = torch.rand(batch, 1, generator=generator) * steps / 3
    length = 3 + torch.rand(batch, 1, generator=generator) * steps / 2
    rise = ((torch.arange(steps)[None] - start) / length).clamp(0, 1)
    low = torch.rand(batch, 1, generator=generator) * 0.5
    level = low + (1 - low) * rise
    fall = torch.rand(batch, generator=generator) < 0.5
    level[fall] = level[fall].flip(1)
    level[torch.rand(batch, generator=generator) < 0.5] = 1.0
    return level


def _found(batch: int, steps: int, generator: torch.Generator) -> Tensor:
    """Masks (B, T): single frames missed, and in a third of the windows all but one part."""
    missed = torch.rand(batch, 1, generator=generator) * 0.3
    found = torch.rand(batch, steps, generator=generator) >= missed
    length = 4 + torch.rand(batch, 1, generator=generator) * (steps - 4)
    start = torch.rand(batch, 1, generator=generator) * (steps - length)
    axis = torch.arange(steps)[None]
    part = (axis >= start.floor()) & (axis < (start + length).ceil())
    part[torch.rand(batch, generator=generator) > 1 / 3] = True
    found &= part
    found[~found.any(dim=1)] = True
    return found
