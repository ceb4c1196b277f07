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

"""CREMA-D by voice alone, five folds by actor: against listeners' votes and the acted emotion."""

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from emotion_recognition.corpora import crema_d
from emotion_recognition.emotions import CREMA_D_CODES, EMOTIONS
from emotion_recognition.evaluation.judgements import Judgements, summarise
from emotion_recognition.evaluation.metrics import concordance
from emotion_recognition.evaluation.report import (
    Page,
    Table,
    class_table,
    classification_pictures,
    classification_result,
    classification_tables,
    conditions_table,
    percent,
    write_page,
)
from emotion_recognition.evaluation.voice_folds import (
    NOISE,
    Networks,
    feature_file,
    fold_of,
    judge_voices,
)
from emotion_recognition.evaluation.votes import (
    agreement_with_others,
    distribution_scores,
    majority,
)
from emotion_recognition.model.network_file import WEIGHTS

logger = logging.getLogger(__name__)

NAME = "crema-d-voice"

COLUMNS = [index for index, name in enumerate(EMOTIONS) if name in CREMA_D_CODES.values()]
CLASSES = tuple(EMOTIONS[index] for index in COLUMNS)
"""The six emotions of CREMA-D, in the order of ``EMOTIONS``."""

NOISE_SENTENCES = "DFA and MTI"
"""Sentences that are judged in noise as well: each actor spoke each of them in every emotion."""

ABOUT = f"""\
CREMA-D by voice alone, six classes, five folds of 18 or 19 actors. Each clip is judged by the
network of the fold that never heard its speaker ({{networks}}), through the
deployed path; its eight probabilities are restricted to the six classes of CREMA-D and divided by
their sum. The truth is the majority of those who heard the voice alone; clips without one, for
a tie or for want of voters, are left out of these figures and counted. The conditions with noise
(speech-shaped, Byrne et al. 1994) are of two of the twelve sentences, {NOISE_SENTENCES},
beside the same clips without noise. The networks were taught by other actors' clips."""


def fold_weights(fold: int) -> Path:
    """Return the file of the network that was trained without the actors of fold 0 to 4."""
    return WEIGHTS / "crema_d_folds" / f"crema_d_fold{fold + 1}.safetensors"


SHIPPED = Networks(fold_weights)


def restricted(probabilities: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return probabilities (N, 8) as those of the six classes alone (N, 6)."""
    chosen = probabilities[:, COLUMNS]
    return chosen / chosen.sum(axis=1, keepdims=True)


def vote_counts(clips: Sequence[crema_d.CremaDClip]) -> npt.NDArray[np.int64]:
    """Return how many people voted for each of ``CLASSES`` (N, 6)."""
    shares = np.stack([clip.votes * clip.voters for clip in clips])
    return np.rint(shares[:, COLUMNS]).astype(np.int64)


def benchmark_crema_d_voice(
    data: Path, out: Path, quick: bool = False, networks: Networks = SHIPPED
) -> dict[str, Any]:
    """Score the networks of the folds.

    Args:
        data: Folder of the corpora.
        out: Folder for ``crema-d-voice.json``, ``.md`` and plots; audio features are kept there.
        quick: Only the first fold.
        networks: Of the folds; by default those in ``weights/crema_d_folds``.

    Returns:
        The summary (:func:`summarise`) against the majority, the same for each condition of noise
        and against the ``acted`` emotion, ``votes`` (see :func:`against_votes`), ``intensity``
        (``n``, ``pearson``, ``ccc`` with the perceived one), ``quick``, ``arguments``
        and ``seconds``, as written.

    Raises:
        CheckpointError: Weights of a fold are missing or corrupt.
        CorpusError: Clips are broken or mislabelled; it lists them.
        FileNotFoundError: Clips, votes or demographics are missing.
    """
    began = time.monotonic()
    sexes = crema_d.sexes(data)
    clips = crema_d.clips(data)
    folds = fold_of(clips, crema_d.FOLDS)
    if quick:
        clips = [clip for clip, fold in zip(clips, folds, strict=True) if fold == 0]
    heard = _judge(clips, out, networks)
    judgements = {"clean": heard.against(majority(heard.counts), sexes)}
    chosen = np.array([clip.path.stem.split("_")[1] in NOISE_SENTENCES for clip in clips])
    if chosen.any():
        same = heard.rows(chosen)
        some = [clip for clip, wanted in zip(clips, chosen, strict=True) if wanted]
        noisy = {name: _judge(some, out, networks, name, snr_db) for name, snr_db in NOISE.items()}
        for name, part in {"clean_two_sentences": same, **noisy}.items():
            judgements[name] = part.against(majority(part.counts), sexes)
    conditions = {name: summarise(part, CLASSES) for name, part in judgements.items()}
    acted = summarise(heard.against(heard.acted, sexes), CLASSES)
    votes = against_votes(heard.counts, heard.probabilities, heard.acted)
    intensity = intensity_scores(clips, heard.intensity)
    result = {
        **classification_result(NAME, conditions),
        "acted": acted,
        "votes": votes,
        "intensity": intensity,
        "quick": quick,
        "arguments": networks.arguments,
        "seconds": time.monotonic() - began,
    }
    tables = [*classification_tables(conditions), *_tables(acted, votes, intensity)]
    about = ABOUT.format(networks=networks.words("weights/crema_d_folds"))
    pictures = classification_pictures(NAME, "CREMA-D, voice alone", conditions, out)
    write_page(Page("CREMA-D by voice", about, tables, pictures), result, out)
    logger.info("CREMA-D voice: accuracy %.4f, UAR %.4f", result["accuracy"], result["uar"])
    return result


@dataclass(frozen=True)
class _Heard:
    """N clips as people and the networks heard them."""

    actors: npt.NDArray[np.int64]
    folds: npt.NDArray[np.int64]
    acted: npt.NDArray[np.int64]
    counts: npt.NDArray[np.int64]  # (N, 6) votes
    probabilities: npt.NDArray[np.float32]  # (N, 6)
    intensity: npt.NDArray[np.float64]

    def rows(self, keep: npt.NDArray[np.bool_]) -> "_Heard":
        return _Heard(*(getattr(self, field.name)[keep] for field in fields(self)))

    def against(self, truth: npt.NDArray[np.int64], sexes: Mapping[int, str]) -> Judgements:
        """Compare with a truth (N,); clips without one (-1) are left out."""
        names = np.array([sexes[actor] for actor in self.actors.tolist()])
        judgements = Judgements(truth, self.probabilities, self.folds, self.actors, names)
        return judgements.rows(truth >= 0)


def _judge(
    clips: Sequence[crema_d.CremaDClip],
    out: Path,
    networks: Networks,
    condition: str = "clean",
    snr_db: float | None = None,
) -> _Heard:
    cache = feature_file(out, "crema_d", condition, networks)
    folds = fold_of(clips, crema_d.FOLDS)
    judged = judge_voices(clips, folds, networks, cache, snr_db)
    return _Heard(
        actors=np.array([clip.actor for clip in clips]),
        folds=folds,
        acted=np.array([CLASSES.index(clip.emotion) for clip in clips]),
        counts=vote_counts(clips),
        probabilities=restricted(judged.probabilities),
        intensity=judged.intensity,
    )


def against_votes(
    counts: npt.NDArray[np.int64],
    probabilities: npt.NDArray[np.float32],
    acted: npt.NDArray[np.int64],
) -> dict[str, Any]:
    """Return how the probabilities (N, 6) compare with the votes (N, 6), and what people score.

    Returns:
        ``n`` clips with votes, ``n_majority`` of which have a majority, ``n_tied`` have none,
        ``n_without_votes``; :func:`distribution_scores` of the ``model``, and for comparison of the
        ``mean_votes`` of all clips and of ``uniform`` probabilities; ``listener_in_majority`` (mean
        share of the votes that the majority has), ``listener_agreement``
        (:func:`agreement_with_others`), ``listener_acted`` (mean share of the votes on the acted
        emotion) and ``majority_acted`` (how often the majority is the acted emotion).
    """
    voted = counts.sum(axis=1) > 0
    counts, probabilities, acted = counts[voted], probabilities[voted], acted[voted]
    shares = counts / counts.sum(axis=1, keepdims=True)
    chosen = majority(counts)
    clear = chosen >= 0
    everyone = np.broadcast_to(shares.mean(axis=0), shares.shape)
    return {
        "n": len(counts),
        "n_majority": int(clear.sum()),
        "n_tied": int((~clear).sum()),
        "n_without_votes": int((~voted).sum()),
        "model": distribution_scores(shares, probabilities),
        "mean_votes": distribution_scores(shares, everyone),
        "uniform": distribution_scores(shares, np.full(shares.shape, 1 / len(CLASSES))),
        "listener_in_majority": float(shares[clear].max(axis=1).mean()),
        "listener_agreement": agreement_with_others(counts),
        "listener_acted": float(shares[np.arange(len(acted)), acted].mean()),
        "majority_acted": float((chosen == acted)[clear].mean()),
    }


def intensity_scores(
    clips: Sequence[crema_d.CremaDClip], estimated: npt.NDArray[np.float64]
) -> dict[str, Any]:
    """Return correlation and concordance of the estimates (N,) with the perceived intensity."""
    voted = np.array([clip.voters > 0 for clip in clips])
    perceived = np.array([clip.intensity for clip in clips])[voted]
    return {
        "n": int(voted.sum()),
        "pearson": float(np.corrcoef(perceived, estimated[voted])[0, 1]),
        "ccc": concordance(perceived, estimated[voted]),
    }


def _tables(
    acted: Mapping[str, Any], votes: Mapping[str, Any], intensity: Mapping[str, Any]
) -> list[Table]:
    names = ("cross_entropy", "kl", "jensen_shannon", "mean_absolute_difference")
    rows = [
        [title, *(f"{votes[key][name]:.3f}" for name in names)]
        for title, key in (
            ("model", "model"),
            ("mean votes of all clips", "mean_votes"),
            ("all classes alike", "uniform"),
        )
    ]
    people = [
        ["a vote is that of the majority", percent(votes["listener_in_majority"])],
        ["a vote is that of the others' majority", percent(votes["listener_agreement"])],
        ["a vote is the acted emotion", percent(votes["listener_acted"])],
        ["the majority is the acted emotion", percent(votes["majority_acted"])],
    ]
    strength = [[str(intensity["n"]), f"{intensity['pearson']:.3f}", f"{intensity['ccc']:.3f}"]]
    return [
        replace(conditions_table({"acted_emotion": acted}), title="Against the acted emotion"),
        class_table(acted, "acted emotion"),
        Table(
            "Against the distribution of votes",
            ["prediction", "cross-entropy", "KL", "Jensen-Shannon", "mean abs. difference"],
            rows,
            f"{votes['n']} clips with votes, mean over clips; nats, but for the difference. The "
            f"majority is clear in {votes['n_majority']} and tied in {votes['n_tied']}; nobody "
            f"voted on {votes['n_without_votes']}.",
        ),
        Table("What listeners score", ["how often", "%"], people, "By voice alone."),
        Table(
            "Intensity",
            ["n", "Pearson", "CCC"],
            strength,
            "The estimated intensity against the mean that listeners perceived.",
        ),
    ]
