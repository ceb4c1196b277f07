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

"""Real faces with their voices: 52 RAVDESS clips of actor 1, by face, by voice and by both.

A check of the fusion, not a benchmark: one man, seven emotions (calm is not among the clips). The
network is that of fold 1, which never heard actor 1; no network has seen a RAVDESS face.
"""

import logging
import time
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import soundfile
from tqdm import tqdm

from emotion_recognition.corpora import ravdess
from emotion_recognition.corpora.clip_window import read_strip
from emotion_recognition.emotions import EMOTIONS
from emotion_recognition.evaluation.judgements import summarise
from emotion_recognition.evaluation.ravdess_voice import fold_weights, judgements_of
from emotion_recognition.evaluation.report import (
    Page,
    classification_pictures,
    classification_result,
    classification_tables,
    write_page,
)
from emotion_recognition.evaluation.voice_features import clip_features
from emotion_recognition.evaluation.voice_folds import centre_window
from emotion_recognition.model.emotion_model import (
    VIDEO_STEPS,
    WINDOW_S,
    EmotionModel,
    load_model,
)
from emotion_recognition.model.frame_encoder import FrameEncoder
from emotion_recognition.vision.align import align_face
from emotion_recognition.vision.detect import FaceDetector, make_detector

logger = logging.getLogger(__name__)

NAME = "ravdess-actor01"

ABOUT = """\
Real faces with their voices: clips of RAVDESS actor 1, twenty pictures of each, by the committed
network of fold 1, which never heard him; no network was trained on a RAVDESS face. Seven emotions:
calm is not among the clips, and neutral that is taken for calm counts as an error. One man: a check
of the fusion, not a benchmark."""


CONDITIONS: Mapping[str, tuple[bool, bool]] = MappingProxyType(
    {"both": (True, True), "voice_missing": (False, True), "face_missing": (True, False)}
)
"""Whether there are a voice and a face."""


def face_window(
    model: EmotionModel, detector: FaceDetector, images: npt.NDArray[np.uint8], duration_s: float
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    """Encode grey images (n, H, W) spread evenly over a clip, as the window around its middle."""
    window = np.zeros((VIDEO_STEPS, FrameEncoder.VECTOR_SIZE), np.float32)
    mask = np.zeros(VIDEO_STEPS, bool)
    times = (np.arange(len(images)) + 0.5) / len(images) * duration_s
    steps = np.floor((times - (duration_s - WINDOW_S) / 2) * VIDEO_STEPS / WINDOW_S).astype(int)
    for step, grey in zip(steps, images, strict=True):
        image = cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR)
        found = detector.detect(image) if 0 <= step < VIDEO_STEPS else []
        if found:
            face = align_face(image, max(found, key=lambda detection: detection.score))
            window[step] = model.encode_faces(face[None])[0]
            mask[step] = True
    return window, mask


def benchmark_ravdess_actor01(data: Path, out: Path) -> dict[str, Any]:
    """Score face, voice and both on the clips below ``data/ravdess_actor01_faces``.

    Args:
        data: Folder of the corpora.
        out: Folder for ``ravdess-actor01.json``, ``.md`` and plots.

    Returns:
        The summary (:func:`summarise`) for face and voice together, and those with
        ``voice_missing`` and ``face_missing``, which are ``face`` and ``voice`` as well (and their
        ``accuracy_face``, ``accuracy_voice``); ``voice_weight``, the mean share of the voice where
        both are there, ``detector`` and ``seconds``, as written.

    Raises:
        CheckpointError: weights are missing or corrupt.
        FileNotFoundError: there are no clips, or the voice of one is missing.
        ValueError: a picture is not what it should be.
    """
    began = time.monotonic()
    paths = sorted((data / "ravdess_actor01_faces").glob("01-*.jpg"))
    if not paths:
        raise FileNotFoundError(f"no '01-*.jpg' in '{data / 'ravdess_actor01_faces'}'")
    clips = [ravdess.parse_clip(path) for path in paths]
    model, detector = load_model(fold_weights(0), "cpu"), make_detector()
    found: dict[str, list[npt.NDArray[np.float32]]] = {name: [] for name in CONDITIONS}
    weights = []
    for clip in tqdm(clips, desc=NAME, mininterval=1):
        voice = data / "ravdess_speech" / "Actor_01" / f"{clip.sound_name}.flac"
        if not voice.is_file():
            raise FileNotFoundError(f"'{clip.path.name}' has no voice: expected '{voice}'")
        sound, heard = centre_window(clip_features(voice))
        images = read_strip(clip.path)
        sight, seen = face_window(model, detector, images, soundfile.info(voice).duration)
        for name, (with_voice, with_face) in CONDITIONS.items():
            judged = model.predict(sound, heard & with_voice, sight, seen & with_face)
            found[name].append(judged.probabilities)
            if name == "both":
                weights.append(judged.audio_weight)
    folds = np.zeros(len(clips), np.int64)
    conditions = {
        name: summarise(judgements_of(clips, np.stack(rows), folds), EMOTIONS)
        for name, rows in found.items()
    }
    result = {
        **classification_result(NAME, conditions),
        "accuracy_face": conditions["voice_missing"]["accuracy"],
        "accuracy_voice": conditions["face_missing"]["accuracy"],
        "face": conditions["voice_missing"],
        "voice": conditions["face_missing"],
        "voice_weight": float(np.mean(weights)),
        "detector": detector.name,
        "seconds": time.monotonic() - began,
    }
    pictures = classification_pictures(NAME, "RAVDESS actor 1", conditions, out)
    about = (
        f"{ABOUT} Faces were found by {detector.name}; where both streams are there the voice "
        f"carries {result['voice_weight']:.2f} of the decision on average."
    )
    page = Page("Face and voice of one actor", about, classification_tables(conditions), pictures)
    write_page(page, result, out)
    for name, summary in conditions.items():
        logger.info("actor 1, %s: accuracy %.3f of %d", name, summary["accuracy"], summary["n"])
    return result
