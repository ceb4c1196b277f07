"""RAVDESS speech by voice alone, over six folds by actor, through the deployed path.

Each clip goes through the audio front end and then, as one window around its middle, through the
network of the fold that never heard its speaker, with the face missing.
"""

import json
import logging
import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import soundfile
from tqdm import tqdm

from emotion_recognition.audio.stream import AudioConfig, features_of
from emotion_recognition.corpora import ravdess
from emotion_recognition.emotions import EMOTIONS
from emotion_recognition.evaluation.metrics import classification_report
from emotion_recognition.model.emotion_model import (
    AUDIO_STEPS,
    VIDEO_STEPS,
    WEIGHTS,
    EmotionModel,
    load_model,
)
from emotion_recognition.model.frame_encoder import FrameEncoder

logger = logging.getLogger(__name__)


def fold_weights(fold: int) -> Path:
    """Return the file of the network that was trained without the actors of fold 0 to 5."""
    return WEIGHTS / "folds" / f"ravdess_fold{fold + 1}.safetensors"


def centre_window(
    frames: npt.NDArray[np.floating[Any]],
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    """Cut or pad frames (n, F) to a window (225, F) around their middle; second: its mask."""
    start = (len(frames) - AUDIO_STEPS) // 2
    index = np.arange(start, start + AUDIO_STEPS)
    mask = (index >= 0) & (index < len(frames))
    window = np.zeros((AUDIO_STEPS, frames.shape[1]), np.float32)
    window[mask] = frames[index[mask]]
    return window, mask


def judge_voice(model: EmotionModel, clip: Path) -> npt.NDArray[np.float32]:
    """Return the probabilities (8,) that ``model`` gives the voice of a sound file."""
    samples, sample_rate = soundfile.read(clip, dtype="float32")
    window, mask = centre_window(features_of(samples, sample_rate, AudioConfig()))
    no_face = np.zeros((VIDEO_STEPS, FrameEncoder.VECTOR_SIZE), np.float32)
    return model.predict(window, mask, no_face, np.zeros(VIDEO_STEPS, bool)).probabilities


def benchmark_ravdess_voice(data: Path, out: Path) -> dict[str, Any]:
    """Score the fold networks in ``weights/folds``.

    Args:
        data: Folder of the corpora.
        out: Folder for ``ravdess-voice.json``.

    Returns:
        The report of :func:`classification_report` over all 1440 clips, ``folds`` (the same of each
        fold, with its ``actors``), ``accuracy_mean`` and ``accuracy_std`` over the folds (sample
        standard deviation), and ``seconds``, as written.

    Raises:
        CheckpointError: weights of a fold are missing or corrupt.
        FileNotFoundError: there are no clips.
    """
    began = time.monotonic()
    clips = ravdess.speech_clips(data)
    progress = tqdm(total=len(clips), desc="ravdess-voice", mininterval=1)
    truth: list[int] = []
    probabilities: list[npt.NDArray[np.float32]] = []
    folds = []
    for fold, actors in enumerate(ravdess.FOLDS):
        model = load_model(fold_weights(fold), "cpu")
        start = len(truth)
        for clip in clips:
            if clip.actor in actors:
                truth.append(clip.label)
                probabilities.append(judge_voice(model, clip.path))
                progress.update()
        report = classification_report(truth[start:], np.stack(probabilities[start:]), EMOTIONS)
        folds.append({"actors": list(actors), **report})
    progress.close()
    accuracies = [report["accuracy"] for report in folds]
    result = {
        **classification_report(truth, np.stack(probabilities), EMOTIONS),
        "accuracy_mean": float(np.mean(accuracies)),
        "accuracy_std": float(np.std(accuracies, ddof=1)),
        "folds": folds,
        "seconds": time.monotonic() - began,
    }
    out.mkdir(parents=True, exist_ok=True)
    (out / "ravdess-voice.json").write_text(json.dumps(result, indent=2) + "\n")
    logger.info("RAVDESS voice: accuracy %.4f, UAR %.4f", result["accuracy"], result["uar"])
    return result
