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

"""The FER+ benchmark: the frame encoder on the official test split, by majority vote."""

import logging
import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from emotion_recognition.corpora.ferplus import load_ferplus
from emotion_recognition.emotions import FERPLUS_CLASSES
from emotion_recognition.evaluation.judgements import Judgements, summarise
from emotion_recognition.evaluation.report import (
    Page,
    Table,
    classification_pictures,
    classification_tables,
    write_page,
)
from emotion_recognition.model.checkpoint import checkpoint_sha256
from emotion_recognition.model.frame_encoder import (
    SHIPPED_WEIGHTS,
    FrameEncoder,
    load_frame_encoder,
)

logger = logging.getLogger(__name__)

NAME = "ferplus"

TIMED_FACES = 200

ABOUT = """\
The frame encoder on the official test split of FER+, eight emotions. The truth is the majority
vote; images whose majority is unknown or 'not a face' are left out. Each image is encoded as in
use, by the mean over the face and its mirror image. A clear majority is more than half of the
votes once labels with a single vote are left out: what the authors of FER+ evaluate on."""


def benchmark_ferplus(data: Path, out: Path, weights: Path | None = None) -> dict[str, Any]:
    """Measure a frame encoder on the FER+ test split.

    The truth is the majority vote; images whose majority is unknown or 'not a face' are left out.
    Each image is encoded as the deployed model does it, which averages a face and its mirror image.

    Args:
        data: The folder that holds ``ferplus/``.
        out: The folder for ``ferplus.json``, ``.md`` and plots; made if it does not exist.
        weights: The checkpoint; the shipped one if None.

    Returns:
        The summary (:func:`summarise`; its one fold is the official split),
        ``accuracy_clear_majority`` of the ``n_clear_majority`` images with a
        :func:`clear_majority`, ``ms_per_face`` (median, faces one by one on one CPU thread),
        ``parameters``, ``seconds`` and ``checkpoint`` (id and SHA-256), as written.

    Raises:
        FileNotFoundError: The data set is not there.
        ValueError: The data set has another layout.
        CheckpointError: The weights cannot be used.
    """
    started = time.monotonic()
    weights = weights or SHIPPED_WEIGHTS
    encoder, metadata = load_frame_encoder(weights)
    test = load_ferplus(data / "ferplus", "test").kept()
    logger.info("%d faces, weights %s", len(test), metadata["id"])
    logits = predict_logits(encoder, test.images)
    probabilities = torch.softmax(logits / float(metadata["temperature"]), dim=1).numpy()
    judgements = Judgements(test.majority, probabilities, np.zeros(len(test), np.int64))
    summary = summarise(judgements, FERPLUS_CLASSES)
    clear = clear_majority(test.votes)
    right = logits.argmax(dim=1).numpy() == test.majority
    result = {
        "benchmark": NAME,
        **summary,
        "folds": [{"name": "official test split", **fold} for fold in summary["folds"]],
        "accuracy_clear_majority": float(right[clear].mean()),
        "n_clear_majority": int(clear.sum()),
        "ms_per_face": milliseconds_per_face(encoder, test.images[:TIMED_FACES]),
        "parameters": sum(weight.numel() for weight in encoder.parameters()),
        "seconds": time.monotonic() - started,
        "checkpoint": {"id": metadata["id"], "sha256": checkpoint_sha256(weights)},
    }
    out.mkdir(parents=True, exist_ok=True)
    conditions = {"test split": summary}
    agreed = Table(
        "Images with a clear majority",
        ["images", "accuracy"],
        [[f"{clear.sum():,}", f"{100 * result['accuracy_clear_majority']:.1f}"]],
    )
    size = Table(
        "Weights",
        ["id", "parameters", "ms a face (one CPU thread)"],
        [[metadata["id"], f"{result['parameters']:,}", f"{result['ms_per_face']:.1f}"]],
    )
    pictures = classification_pictures(NAME, "FER+ test split", conditions, out)
    tables = [*classification_tables(conditions), agreed, size]
    write_page(Page("Faces of FER+", ABOUT, tables, pictures), result, out)
    return result


def clear_majority(votes: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
    """Which images (N,) have one label with more than half of their votes (N, 10).

    Labels with a single vote are taken for outliers and do not count. This is what Barsoum et al.
    (2016), section 3, evaluate on: their program leaves the other images out.
    """
    agreed = np.where(votes > 1, votes, 0)
    return 2 * agreed.max(axis=1) > agreed.sum(axis=1)


@torch.inference_mode()
def predict_logits(
    encoder: FrameEncoder, images: npt.NDArray[np.uint8], batch_size: int = 128
) -> Tensor:
    """Return the logits (N, 8) of faces (N, 48, 48), after setting ``encoder`` to evaluation."""
    encoder.eval()
    batches = torch.from_numpy(images).unsqueeze(1).split(batch_size)
    return torch.cat([encoder(batch.float() / 255)[1] for batch in batches])


def milliseconds_per_face(encoder: FrameEncoder, images: npt.NDArray[np.uint8]) -> float:
    """Return the median time to encode one face of (N, 48, 48) alone on one CPU thread."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    times = []
    try:
        for image in images:
            started = time.perf_counter()
            predict_logits(encoder, image[None])
            times.append(time.perf_counter() - started)
    finally:
        torch.set_num_threads(threads)
    return float(np.median(times)) * 1000
