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

"""RAVDESS speech by voice alone, over six folds by actor, clean and in noise."""

import logging
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from emotion_recognition.corpora import ravdess
from emotion_recognition.emotions import EMOTIONS
from emotion_recognition.evaluation.judgements import Judgements, summarise
from emotion_recognition.evaluation.report import (
    Page,
    classification_pictures,
    classification_result,
    classification_tables,
    write_page,
)
from emotion_recognition.evaluation.voice_folds import (
    NOISE,
    Networks,
    feature_file,
    fold_of,
    judge_voices,
)
from emotion_recognition.model.network_file import WEIGHTS

logger = logging.getLogger(__name__)

NAME = "ravdess-voice"

ABOUT = """\
RAVDESS speech by voice alone, eight classes, six folds of four actors. Each clip is judged by the
network of the fold that never heard its speaker ({networks}), through the deployed
path: {path}, one window of 3.6 s around the clip's middle, the face missing. Noise is
speech-shaped (long-term average speech spectrum of Byrne et al. 1994), added to the samples before
the front end at a ratio to the power of the loud frames; no network was trained on it."""


def fold_weights(fold: int) -> Path:
    """Return the file of the network that was trained without the actors of fold 0 to 5."""
    return WEIGHTS / "folds" / f"ravdess_fold{fold + 1}.safetensors"


SHIPPED = Networks(fold_weights)


def feature_cache(out: Path, condition: str = "clean") -> Path:
    """Return the file below ``out`` that keeps the audio features under a condition."""
    return feature_file(out, "ravdess", condition, SHIPPED)


def judgements_of_actors(
    truth: npt.NDArray[np.int64],
    probabilities: npt.NDArray[np.float32],
    folds: npt.NDArray[np.int64],
    actors: npt.NDArray[np.int64],
) -> Judgements:
    """Return judgements of RAVDESS clips; arguments as for :class:`Judgements`."""
    sexes = np.where(actors % 2 == 1, "male", "female")  # by the numbers that actors were given
    return Judgements(truth, probabilities, folds, actors, sexes)


def judgements_of(
    clips: Sequence[ravdess.RavdessClip],
    probabilities: npt.NDArray[np.float32],
    folds: npt.NDArray[np.int64],
) -> Judgements:
    """Return the probabilities (N, 8) of N clips with what is known of these."""
    truth = np.array([clip.label for clip in clips])
    actors = np.array([clip.actor for clip in clips])
    return judgements_of_actors(truth, probabilities, folds, actors)


def benchmark_ravdess_voice(
    data: Path, out: Path, quick: bool = False, networks: Networks = SHIPPED
) -> dict[str, Any]:
    """Score the networks of the folds, clean and with noise at 20, 10 and 0 dB.

    Args:
        data: Folder of the corpora.
        out: Folder for ``ravdess-voice.json``, ``.md`` and plots; audio features are kept there.
        quick: Only the first fold.
        networks: Of the folds; by default those in ``weights/folds``.

    Returns:
        The summary (:func:`summarise`) of the clean clips, that of each condition of noise under
        its name, ``quick``, ``arguments`` and ``seconds``, as written.

    Raises:
        CheckpointError: weights of a fold are missing or corrupt.
        CorpusError: clips are broken or mislabelled; it lists them.
        FileNotFoundError: there are no clips.
    """
    began = time.monotonic()
    clips = ravdess.speech_clips(data)
    folds = fold_of(clips, ravdess.FOLDS)
    if quick:
        clips = [clip for clip, fold in zip(clips, folds, strict=True) if fold == 0]
        folds = folds[folds == 0]
    conditions = {}
    for condition, snr_db in {"clean": None, **NOISE}.items():
        cache = feature_file(out, "ravdess", condition, networks)
        judged = judge_voices(clips, folds, networks, cache, snr_db)
        judgements = judgements_of(clips, judged.probabilities, folds)
        conditions[condition] = summarise(judgements, EMOTIONS)
    result = {
        **classification_result(NAME, conditions),
        "quick": quick,
        "arguments": networks.arguments,
        "seconds": time.monotonic() - began,
    }
    pictures = classification_pictures(NAME, "RAVDESS, voice alone", conditions, out)
    tables = classification_tables(conditions)
    about = ABOUT.format(networks=networks.words("weights/folds"), path=networks.path)
    write_page(Page("RAVDESS by voice", about, tables, pictures), result, out)
    logger.info("RAVDESS voice: accuracy %.4f, UAR %.4f", result["accuracy"], result["uar"])
    return result
