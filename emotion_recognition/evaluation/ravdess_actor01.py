"""Real faces with their voices: 52 RAVDESS clips of actor 1, by face, by voice and by both.

A check of the fusion, not a benchmark: one man, seven emotions (calm is not among the clips). The
network is that of fold 1, which never heard actor 1; no network has seen a RAVDESS face.
"""

import json
import logging
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import soundfile

from emotion_recognition.audio.stream import AudioConfig, features_of
from emotion_recognition.corpora import ravdess
from emotion_recognition.corpora.clip_window import read_strip
from emotion_recognition.emotions import EMOTIONS
from emotion_recognition.evaluation.metrics import classification_report
from emotion_recognition.evaluation.ravdess_voice import fold_weights
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
        out: Folder for ``ravdess-actor01.json``.

    Returns:
        The report of :func:`classification_report` for face and voice together, those of each
        alone under ``face`` and ``voice`` (and their ``accuracy_face``, ``accuracy_voice``),
        ``folds`` (the one that there is), ``voice_weight``, the mean share of the voice where both
        are there, and ``seconds``, as written. Neutral that is taken for calm counts as an error.

    Raises:
        CheckpointError: weights are missing or corrupt.
        FileNotFoundError: there are no clips.
        ValueError: a picture is not what it should be.
    """
    began = time.monotonic()
    paths = sorted((data / "ravdess_actor01_faces").glob("01-*.jpg"))
    if not paths:
        raise FileNotFoundError(f"no '01-*.jpg' in '{data / 'ravdess_actor01_faces'}'")
    model, detector = load_model(fold_weights(0), "cpu"), make_detector()
    truth: list[int] = []
    probabilities: dict[str, list[npt.NDArray[np.float32]]] = {"face": [], "voice": [], "both": []}
    weights = []
    for path in paths:
        clip = ravdess.parse_clip(path)
        voice = data / "ravdess_speech" / "Actor_01" / f"03{path.stem[2:]}.flac"
        samples, sample_rate = soundfile.read(voice, dtype="float32")
        sound, heard = centre_window(features_of(samples, sample_rate, AudioConfig()))
        images = read_strip(path)
        sight, seen = face_window(model, detector, images, len(samples) / sample_rate)
        truth.append(clip.label)
        both = model.predict(sound, heard, sight, seen)
        weights.append(both.audio_weight)
        probabilities["both"].append(both.probabilities)
        probabilities["face"].append(model.predict(sound, heard & False, sight, seen).probabilities)
        probabilities["voice"].append(
            model.predict(sound, heard, sight, seen & False).probabilities
        )
    reports = {
        name: classification_report(truth, np.stack(rows), EMOTIONS)
        for name, rows in probabilities.items()
    }
    both_streams = reports["both"]
    result = {
        **both_streams,
        "accuracy_face": reports["face"]["accuracy"],
        "accuracy_voice": reports["voice"]["accuracy"],
        "face": reports["face"],
        "voice": reports["voice"],
        "folds": [{"actors": [1], **both_streams}],
        "voice_weight": float(np.mean(weights)),
        "detector": detector.name,
        "seconds": time.monotonic() - began,
    }
    out.mkdir(parents=True, exist_ok=True)
    (out / "ravdess-actor01.json").write_text(json.dumps(result, indent=2) + "\n")
    for name, report in reports.items():
        logger.info("actor 1 by %s: accuracy %.3f of %d", name, report["accuracy"], report["n"])
    return result
