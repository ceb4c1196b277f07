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

"""Every fusion and both single streams side by side: 1429 RAVDESS clips, six folds by actor.

The voice comes from the audio branch of the committed network of the fold, which heard neither the
four test actors nor the two validation actors; the face is the clip's mean action units,
standardised by the training actors. Everything else is trained here, for each fold anew, on the 18
other actors: a fixed number of batches, with modality dropout. The validation actors fit one
temperature for each model and condition. Nothing is chosen on test actors.

The audio branch has heard the training actors, and knows them better than it will know strangers. A
branch of another fold would not help: it heard the test actors. So the branch stays frozen, as in
the deployed network, and the fusions see augmented versions of the training voices (``augment``),
which it recognises little more often than strangers', instead of the clips themselves.

The face has one step for the whole clip. A softmax over one key is 1: attention of the voice to the
face is trivial here, that of the face to the steps of the voice is not.
"""

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from tqdm import tqdm

from emotion_recognition.corpora import ravdess
from emotion_recognition.corpora.openface import ACTION_UNITS
from emotion_recognition.emotions import EMOTIONS
from emotion_recognition.evaluation.fusion_report import (
    CONDITIONS,
    FoldResult,
    compare,
    fusion_pictures,
    fusion_tables,
    ranking,
)
from emotion_recognition.evaluation.ravdess_voice import fold_weights
from emotion_recognition.evaluation.report import Page, write_page
from emotion_recognition.model.branches import VisualBranch
from emotion_recognition.model.fusion import (
    AFTER_BRANCHES,
    BETWEEN_STAGES,
    DECISION,
    EARLY,
    EarlyFusion,
    LogisticFusion,
)
from emotion_recognition.model.heads import NetworkOutput
from emotion_recognition.model.network import (
    EarlyNetwork,
    NetworkConfig,
    TwoStreamNetwork,
    build_network,
    load_network,
)
from emotion_recognition.training.calibration import fit_temperature
from emotion_recognition.training.optimise import (
    AveragedModel,
    descend,
    one_cycle,
    soft_cross_entropy,
)
from emotion_recognition.training.ravdess_pairs import Pairs, hear, in_noise, paired_clips
from emotion_recognition.training.voice_data import VoiceSet

logger = logging.getLogger(__name__)

NAME = "ravdess-fusion"

SHIPPED = NetworkConfig().fusion

ABOUT = f"""\
Every fusion and both single streams on the RAVDESS clips that have action units (OpenFace, mean
over the clip), eight classes, six folds of four actors. The voice comes from the audio branch of
the committed network of the fold (`weights/folds`), which heard neither the four test actors nor
the two that validate; the rest is trained here, on the other 18. The deployed network's fusion is
`{SHIPPED}`; it sees faces through its own frame encoder, not as action units: these figures
compare fusions. A single stream that is missing says nothing: its figure is the share of the first
class."""

MODELS: tuple[str, ...] = (
    "audio",
    "video",
    "late_transformer",
    "intermediate_transformer",
    "intermediate_attention",
    "early",
    "late_softmax",
    "late_logistic",
    "hybrid",
)

VERSIONS = 3
"""Augmented versions of each training voice."""

STEPS, BATCH, PEAK_RATE = 300, 64, 2e-3
MISSING = 0.25
"""Share of the training clips without voice, and of those without face."""
FACE_NOISE = 0.3
"""Standard deviation of the noise on standardised action units in training."""

Logits = dict[str, Tensor]
"""(N, 8) by condition."""

PRESENT: dict[str, tuple[bool, bool, bool]] = {
    "both": (True, True, True),
    "voice_missing": (False, True, True),
    "face_missing": (True, False, True),
}
"""Which decisions there are of voice, face and ``early``, which copes with either missing."""


class NetworkFusion(nn.Module):
    """A network on action units, which starts with the voice of ``heard``.

    The audio branch and its head stay as they were trained. Early fusion has no head of the voice
    alone: its joint stage two starts as the audio branch's, deaf to the face, and is trained.
    """

    def __init__(self, heard: TwoStreamNetwork, fusion: str) -> None:
        super().__init__()
        self.network = build_network(NetworkConfig(vector_size=ACTION_UNITS, fusion=fusion))
        self.network.audio.requires_grad_(False)
        self.network.heads.intensity.requires_grad_(False)
        if isinstance(self.network, EarlyNetwork):
            start_early(self.network.fusion, heard)
        else:
            self.network.audio.load_state_dict(heard.audio.state_dict())
            classes = self.network.get_submodule("heads.audio_classes")
            classes.load_state_dict(part_of(heard, "heads.audio_classes"))
            classes.requires_grad_(False)

    def train(self, mode: bool = True) -> "NetworkFusion":
        """Switch all but the frozen audio branch."""
        super().train(mode)
        self.network.audio.eval()
        return self

    def forward(self, pairs: Pairs) -> Tensor:
        """Return class logits (N, 8)."""
        face = self.network.video.stage_one(pairs.faces, pairs.faces_mask)
        output: NetworkOutput = self.network.fuse(pairs.sound, pairs.sound_mask, *face)
        return output.logits


def start_early(fusion: EarlyFusion, heard: TwoStreamNetwork) -> None:
    """Let early fusion judge the voice as ``heard`` does, whatever the face shows."""
    state = part_of(heard, "audio.temporal")
    known = state["0.0.weight"]
    rest = known.new_zeros(known.shape[0], VisualBranch.STAGE_ONE_SIZE, known.shape[2])
    state["0.0.weight"] = torch.cat([known, rest], dim=1)
    fusion.joint.load_state_dict(state)
    fusion.classes.load_state_dict(part_of(heard, "heads.audio_classes"))


def part_of(network: nn.Module, name: str) -> dict[str, Tensor]:
    """Return the state of the submodule ``name``."""
    return network.get_submodule(name).state_dict()


def train(model: nn.Module, pairs: Pairs, steps: int, seed: int) -> nn.Module:
    """Train ``model`` in place with modality dropout; return its averaged weights."""
    generator = torch.Generator().manual_seed(seed)
    torch.manual_seed(seed)
    model.train()
    optimiser, schedule = one_cycle(model, PEAK_RATE, steps)
    average = AveragedModel(model, decay=0.98)
    for _ in range(steps):
        rows = torch.randint(len(pairs.labels), (BATCH,), generator=generator)
        chance = torch.rand(BATCH, 1, generator=generator)
        heard, seen = chance >= MISSING, chance < 1 - MISSING
        chosen = pairs.rows(rows)
        noise = torch.randn(chosen.faces.shape, generator=generator) * FACE_NOISE
        batch = replace(
            chosen,
            sound_mask=chosen.sound_mask & heard,
            faces=chosen.faces + noise,
            faces_mask=chosen.faces_mask & seen,
        )
        with torch.autocast("cpu", torch.bfloat16):
            logits = model(batch)
        targets = functional.one_hot(batch.labels, len(EMOTIONS)).float()
        loss = soft_cross_entropy(logits.float(), targets, smoothing=0.05)
        descend(loss, model, optimiser, schedule, average)
    return average.model


@torch.inference_mode()
def judge(model: nn.Module, pairs: Pairs) -> Logits:
    """Return the logits of a trained network under all conditions."""
    model.eval()
    clips = {
        "both": pairs,
        "voice_missing": pairs.without_voice(),
        "face_missing": pairs.without_face(),
    }
    parts = torch.arange(len(pairs.labels)).split(256)
    return {
        condition: torch.cat([model(some.rows(part)) for part in parts])
        for condition, some in clips.items()
    }


def decisions(streams: Sequence[Logits], condition: str) -> tuple[Tensor, Tensor]:
    """Return the logits (N, M, 8) of M streams and which of them are there (N, M)."""
    logits = torch.stack([stream[condition] for stream in streams], dim=1)
    return logits, torch.tensor(PRESENT[condition][: len(streams)]).expand(logits.shape[:2])


@torch.inference_mode()
def decide(model: nn.Module, streams: Sequence[Logits]) -> Logits:
    """Return the logits of a decision-level fusion under all conditions."""
    return {condition: model(*decisions(streams, condition)) for condition in CONDITIONS}


def fit_logistic(model: LogisticFusion, streams: Sequence[Logits], labels: Tensor) -> None:
    """Fit ``model`` in place to decisions under all conditions alike, drawn to the plain sum."""
    logits, present = (
        torch.cat(parts) for parts in zip(*(decisions(streams, c) for c in CONDITIONS), strict=True)
    )
    truth = labels.repeat(len(CONDITIONS))
    start = model.weight.detach().clone()
    optimiser = torch.optim.LBFGS(model.parameters(), max_iter=100, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimiser.zero_grad()
        loss = functional.cross_entropy(model(logits, present), truth)
        loss = loss + 0.01 * (model.weight - start).square().sum()
        loss.backward()
        return loss

    optimiser.step(closure)


def split(fold: int, voices: VoiceSet, units: Tensor, heard: TwoStreamNetwork) -> dict[str, Pairs]:
    """Return the ``train``, ``valid`` and ``test`` pairs of fold 0 to 5.

    Args:
        fold: Which fold.
        voices: N clips.
        units: Their action units (N, 35) as measured.
        heard: The network whose audio branch hears the voices.

    Raises:
        ValueError: a part of the fold has no clips.
    """
    test, valid = ravdess.FOLDS[fold], ravdess.validation_actors(fold)
    rest = tuple(actor for actor in ravdess.ACTORS if actor not in test + valid)
    rows = {}
    for name, actors in (("train", rest), ("valid", valid), ("test", test)):
        rows[name] = torch.isin(voices.actors, torch.tensor(actors))
        if not rows[name].any():
            raise ValueError(f"fold {fold + 1} has no {name} clips: expected actors {actors}")
    known = units[rows["train"]]
    faces = (units - known.mean(dim=0)) / known.std(dim=0).clamp(min=1e-3)
    return {
        name: hear(heard, voices.select(keep), faces[keep], VERSIONS * (name == "train"), fold)
        for name, keep in rows.items()
    }


def train_networks(
    heard: TwoStreamNetwork, pairs: Pairs, steps: int, seed: int
) -> dict[str, nn.Module]:
    """Train the face alone and the fusions within the network, by name."""
    torch.manual_seed(seed)
    face = NetworkFusion(heard, "intermediate_attention")  # without voice the branch as it is
    networks = {"video": train(face, pairs.faces_alone(), steps, seed)}
    for name in (*AFTER_BRANCHES, *BETWEEN_STAGES):
        networks[name] = train(NetworkFusion(heard, name), pairs, steps, seed)
    networks[EARLY] = train(NetworkFusion(heard, EARLY), pairs, steps, seed)
    return networks


def judge_networks(
    heard: TwoStreamNetwork, networks: dict[str, nn.Module], pairs: Pairs
) -> dict[str, Logits]:
    """Return the logits of both streams alone and of the networks.

    A stream that is judged alone and missing says nothing: equal logits.
    """
    voice = judge(NetworkFusion(heard, "intermediate_attention"), pairs.without_face())
    face = judge(networks["video"], pairs.faces_alone())
    voice["voice_missing"] = face["face_missing"] = torch.zeros_like(face["both"])
    judged = {name: judge(model, pairs) for name, model in networks.items() if name != "video"}
    return {"audio": voice, "video": face, **judged}


def calibrate(logits: dict[str, Logits], labels: Tensor) -> None:
    """Divide one model's logits, by part of the fold, by the temperatures that fit ``valid``."""
    for condition in CONDITIONS:
        temperature = fit_temperature(logits["valid"][condition], labels)
        for part in logits.values():
            part[condition] = part[condition] / temperature


def run_fold(
    fold: int, voices: VoiceSet, units: Tensor, noisy: Mapping[str, VoiceSet]
) -> FoldResult:
    """Train all models of fold 0 to 5 and judge its test clips.

    Args:
        fold: Which fold.
        voices: N clips.
        units: Their action units (N, 35) as measured.
        noisy: The same N clips in noise, by condition; only tested on.
    """
    heard, _ = load_network(fold_weights(fold))
    pairs = split(fold, voices, units, heard)
    networks = train_networks(heard, pairs["train"], STEPS, fold)
    actors = ravdess.FOLDS[fold]
    for condition, sounds in noisy.items():
        pairs[condition] = in_noise(heard, pairs["test"], sounds.by_actors(actors))
    judged = {part: judge_networks(heard, networks, clips) for part, clips in pairs.items()}
    logits = {name: {part: judged[part][name] for part in pairs} for name in judged["test"]}
    for found in logits.values():
        calibrate(found, pairs["valid"].labels)
    for name, (build, members) in DECISION.items():
        model = build(len(EMOTIONS))
        if isinstance(model, LogisticFusion):
            fit_logistic(model, [logits[m]["train"] for m in members], pairs["train"].labels)
        logits[name] = {part: decide(model, [logits[m][part] for m in members]) for part in pairs}
        calibrate(logits[name], pairs["valid"].labels)
    tested = [("test", condition, condition) for condition in CONDITIONS]
    tested += [(condition, "both", condition) for condition in noisy]
    return FoldResult(
        pairs["test"].labels.numpy(),
        voices.by_actors(actors).actors.numpy(),
        {
            name: {shown: logits[name][part][c].softmax(dim=1).numpy() for part, c, shown in tested}
            for name in MODELS
        },
    )


def benchmark_ravdess_fusion(
    data: Path, out: Path, quick: bool = False, noise: bool = False
) -> dict[str, Any]:
    """Compare all fusions; write ``ravdess-fusion.json``, ``.md`` and plots into ``out``.

    The audio features are kept below ``out`` for the next time.

    Args:
        data: Folder of the corpora.
        out: Folder for the results; made if it does not exist.
        quick: Only the first fold.
        noise: Test with speech-shaped noise in the voice, too.

    Returns:
        ``n`` clips, ``models`` (see :func:`compare`), the entries of :func:`ranking`,
        ``conditions``, ``quick``, ``noise`` and ``seconds``, as written.

    Raises:
        CheckpointError: weights of a fold are missing or corrupt.
        FileNotFoundError: the clips or the action units are missing.
        ValueError: the data do not fit the protocol.
    """
    began = time.monotonic()
    out.mkdir(parents=True, exist_ok=True)
    voices, units, noisy = paired_clips(data, out, noise)
    folds = [
        run_fold(fold, voices, units, noisy)
        for fold in tqdm(range(1 if quick else len(ravdess.FOLDS)), desc="ravdess-fusion, folds")
    ]
    models = compare(folds)
    conditions = [*CONDITIONS, *noisy]
    result = {
        "benchmark": NAME,
        "n": sum(len(fold.truth) for fold in folds),
        **ranking(models),
        "conditions": conditions,
        "models": models,
        "quick": quick,
        "noise": noise,
        "seconds": time.monotonic() - began,
    }
    spread = "" if quick else f" ± {100 * result['gain_std']:.1f} (standard deviation over folds)"
    about = (
        f"{ABOUT}\n\nThe best fusion, `{result['best_fusion']}`, is {100 * result['gain']:.1f}"
        f"{spread} points above the better single stream, `{result['best_single']}`."
    )
    tables = fusion_tables(models, conditions, SHIPPED)
    pictures = fusion_pictures(NAME, models, conditions, SHIPPED, out)
    write_page(Page("Fusions of voice and face", about, tables, pictures), result, out)
    logger.info("best fusion %s, gain %.4f", result["best_fusion"], result["gain"])
    return result
