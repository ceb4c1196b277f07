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

"""The landmarks benchmark: the shipped network against its teacher, on faces held out of training.

There are no landmarks set by hand on these faces. The error is the distance from what the teacher
says, in inter-ocular units; how far the teacher itself can be trusted is measured beside it, by
showing it each face a second time, mirrored, and large faces once more at the network's 48 pixels.
"""

import json
import logging
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from emotion_recognition.evaluation.landmark_faces import (
    CutFace,
    clip_faces,
    ferplus_faces,
    strip_faces,
)
from emotion_recognition.evaluation.landmark_plots import draw_curves, draw_sheet, tile
from emotion_recognition.evaluation.landmark_teacher import (
    FILE,
    MIN_SCORE,
    LandmarkTeacher,
    Square,
    around_crop,
)
from emotion_recognition.model.checkpoint import checkpoint_sha256
from emotion_recognition.model.face_points import (
    INNER_LIPS,
    JAW,
    LEFT_BROW,
    LEFT_EYE,
    NOSE,
    OUTER_LIPS,
    RIGHT_BROW,
    RIGHT_EYE,
    mirror,
    point_errors,
)
from emotion_recognition.model.landmark_network import (
    SHIPPED_WEIGHTS,
    LandmarkNetwork,
    load_landmark_network,
)
from emotion_recognition.vision.detect import make_detector
from emotion_recognition.vision.landmarks import MAX_ERROR, predict_landmarks

logger = logging.getLogger(__name__)

FAILURE = 0.08
"""A face whose NME is larger counts as failed, as in the 300-W challenge."""
PARTS = {
    "jaw": [JAW],
    "brows": [RIGHT_BROW, LEFT_BROW],
    "nose": [NOSE],
    "eyes": [RIGHT_EYE, LEFT_EYE],
    "lips": [OUTER_LIPS, INNER_LIPS],
}
TIMED_FACES = 200
TILES = 8


def benchmark_landmarks(data: Path, out: Path, teacher: Path | None = None) -> dict[str, Any]:
    """Measure the shipped landmarks and write ``landmarks.json``, ``.md`` and plots into ``out``.

    Faces: all of FER+ test as they are; the strips of RAVDESS actor 1 and the clips of javanese_av,
    cut out as the recogniser does it, where those folders are there. Faces that the teacher does
    not see are left out and counted.

    ``landmarks-sheet.png`` shows faces of real people: it is not to be passed on.

    Args:
        data: The folder that holds ``ferplus/`` and, if there, ``ravdess_actor01_faces/`` and
            ``javanese_av/``.
        out: The folder for the results.
        teacher: ``face_landmarker.task``; by default ``models/`` beside ``data`` holds it.

    Returns:
        What is written: for each of ``sets`` the counts and errors of :func:`summary`, ``nme`` (the
        mean on FER+ test), ``ms_per_face`` (CPU), ``parameters``, ``checkpoint`` and ``seconds``.

    Raises:
        TeacherError: The teacher's file or ``ai-edge-litert`` is missing.
        FileNotFoundError: FER+ is not there.
        CheckpointError: The shipped weights are missing or damaged.
    """
    started = time.monotonic()
    expert = LandmarkTeacher(teacher or data.resolve().parent / "models" / FILE)
    network, metadata = load_landmark_network()
    parameters = LandmarkNetwork(network.config).parameters()
    detector = make_detector()
    sets: dict[str, Iterable[CutFace | None]] = {
        "FER+ test": ferplus_faces(data / "ferplus", "test")
    }
    for name, folder, read in (
        ("RAVDESS actor 1", "ravdess_actor01_faces", strip_faces),
        ("javanese_av", "javanese_av", clip_faces),
    ):
        if (data / folder).is_dir():
            sets[name] = read(data / folder, detector)
        else:
            logger.warning("without %s: no folder %s", name, data / folder)
    summaries, curves, tiles = {}, {}, []
    for name, faces in sets.items():
        measured = measure(network, expert, faces, name)
        summaries[name], curves[name] = summary(measured), measured["nme"]
        tiles.append(measured["tiles"])
        logger.info("%s: %s", name, summaries[name])
    result = {
        "benchmark": "landmarks",
        "nme": summaries["FER+ test"]["nme"],
        "sets": summaries,
        "detector": detector.name,
        "ms_per_face": milliseconds_per_face(network),
        "parameters": sum(weight.numel() for weight in parameters),
        "checkpoint": {"id": metadata["id"], "sha256": checkpoint_sha256(SHIPPED_WEIGHTS)},
        "seconds": time.monotonic() - started,
    }
    out.mkdir(parents=True, exist_ok=True)
    (out / "landmarks.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    (out / "landmarks.md").write_text(table(summaries), encoding="utf-8")
    draw_curves(curves, FAILURE, out / "landmarks.png")
    draw_sheet(tiles, out / "landmarks-sheet.png")
    return result


def measure(
    network: LandmarkNetwork,
    teacher: LandmarkTeacher,
    faces: Iterable[CutFace | None],
    name: str,
) -> dict[str, Any]:
    """Ask network and teacher about every face of a set.

    Returns:
        ``images`` and ``undetected``, ``unseen`` by the teacher (counts); for each face that the
        teacher sees ``errors`` (N, 68), their mean ``nme`` (N,), ``expected`` (N,),
        ``teacher_mirrored`` and ``teacher_at_48`` (N,); ``tiles``, pictures of ``TILES`` faces.
    """
    rows: list[tuple[NDArray[np.float32], float, float, float]] = []
    tiles: list[NDArray[np.uint8]] = []
    images = undetected = unseen = 0
    step = 1
    for face in tqdm(faces, name, mininterval=10):
        images += 1
        if face is None:
            undetected += 1
            continue
        true, score = teacher.find(face.image, face.surroundings)
        if score < MIN_SCORE:
            unseen += 1
            continue
        points, expected = predict_landmarks(network, face.crop[np.newaxis])
        found = face.placement.to_image(points[0])
        errors = point_errors(found, true)
        rows.append(
            (
                errors,
                float(expected[0]),
                float(point_errors(_mirrored(teacher, face), true).mean()),
                float(point_errors(_at_48(teacher, face, true), true).mean()),
            )
        )
        if (len(rows) - 1) % step == 0:
            tiles.append(tile(face.image, found, true, float(errors.mean())))
        if len(tiles) == 2 * TILES:  # from here on half as dense, so that they cover the set
            tiles, step = tiles[::2], 2 * step
    if not rows:
        raise ValueError(f"{name}: the teacher sees no face in {images} images")
    errors, expected, mirrored, at_48 = (np.array(column) for column in zip(*rows, strict=True))
    return {
        "images": images,
        "undetected": undetected,
        "unseen": unseen,
        "errors": errors,
        "nme": errors.mean(axis=1),
        "expected": expected,
        "teacher_mirrored": mirrored,
        "teacher_at_48": at_48,
        "tiles": tiles[:TILES],
    }


def summary(measured: dict[str, Any]) -> dict[str, Any]:
    """Sum up a set: NME is the mean over the points of a face, then over faces unless said."""
    nme, trusted = measured["nme"], measured["expected"] <= MAX_ERROR
    return {
        "images": measured["images"],
        "undetected": measured["undetected"],
        "unseen_by_teacher": measured["unseen"],
        "faces": len(nme),
        "nme": float(nme.mean()),
        "nme_median": float(np.median(nme)),
        "nme_p95": float(np.percentile(nme, 95)),
        "failure_rate": float(np.mean(nme > FAILURE)),
        "parts": {
            part: float(np.concatenate([measured["errors"][:, s] for s in slices], axis=1).mean())
            for part, slices in PARTS.items()
        },
        "trusted_share": float(trusted.mean()),
        "nme_trusted": float(nme[trusted].mean()) if trusted.any() else None,
        "failure_rate_trusted": float(np.mean(nme[trusted] > FAILURE)) if trusted.any() else None,
        "teacher_mirrored": float(np.mean(measured["teacher_mirrored"])),
        "teacher_mirrored_median": float(np.median(measured["teacher_mirrored"])),
        "teacher_at_48": float(np.mean(measured["teacher_at_48"])),
        "teacher_at_48_median": float(np.median(measured["teacher_at_48"])),
    }


def table(summaries: dict[str, dict[str, Any]]) -> str:
    """Return the figures as a Markdown table; errors in percent of the inter-ocular distance."""
    columns = {
        "faces": "faces",
        "nme": "NME",
        "nme_median": "median",
        "nme_p95": "95 %",
        "failure_rate": "over 8 %",
        "trusted_share": "trusted",
        "nme_trusted": "NME of those",
        "failure_rate_trusted": "over 8 %",
        "teacher_mirrored": "teacher, mirrored",
        "teacher_at_48": "teacher at 48 px",
    }
    lines = [
        "| set | " + " | ".join(columns.values()) + " |",
        "| --- |" + " --- |" * len(columns),
    ]
    for name, values in summaries.items():
        cells = [_cell(values[key]) for key in columns]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    lines += ["", "| set | " + " | ".join(PARTS) + " |", "| --- |" + " --- |" * len(PARTS)]
    for name, values in summaries.items():
        lines.append(f"| {name} | " + " | ".join(map(_cell, values["parts"].values())) + " |")
    return "\n".join(lines) + "\n"


def milliseconds_per_face(network: LandmarkNetwork) -> float:
    """Return the median processor time for one crop on one thread."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    crops = np.random.default_rng(0).integers(0, 256, (TIMED_FACES, 48, 48), np.uint8)
    times = []
    try:
        for crop in crops:
            began = time.process_time()
            predict_landmarks(network, crop[np.newaxis])
            times.append(time.process_time() - began)
    finally:
        torch.set_num_threads(threads)
    return float(np.median(times)) * 1000


def _mirrored(teacher: LandmarkTeacher, face: CutFace) -> NDArray[np.float32]:
    """The teacher's points of a face that it sees in a mirror."""
    start, width = face.surroundings, face.image.shape[1]
    centre = np.array([width - 1 - start.centre[0], start.centre[1]])
    image = np.ascontiguousarray(face.image[:, ::-1])
    return mirror(teacher.find(image, Square(centre, start.side, -start.turn))[0], width)


def _at_48(
    teacher: LandmarkTeacher, face: CutFace, seen: NDArray[np.float32]
) -> NDArray[np.float32]:
    """The teacher's points of a face of which it sees no more than the network: the crop."""
    if face.image is face.crop:
        return seen
    points, _ = teacher.find(face.crop, around_crop(face.crop.shape[0]))
    return face.placement.to_image(points)


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{100 * value:.1f} %"
    return "-" if value is None else str(value)
