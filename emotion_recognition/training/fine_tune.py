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

"""The stage ``fine_tune``: teach a trained network the emotions of a lab, from its own recordings.

    emotion-recognition train config/training/fine_tune.yaml --data DIR --out DIR

The branches and the attention between them stay as they are, for a few minutes of recordings would
spoil more than they teach; what is trained is the fusion head, the linear maps from both streams'
vectors to the classes. A class that the network knows already starts from what it knows.

Writes ``emotion_network.safetensors``, so that ``OUT`` is a ``model_path`` of the node, and
``report.json`` and ``report.md`` with the figures on the test recordings. The validation recordings
choose the epoch and fit the temperatures; nothing is chosen on test recordings.
"""

import json
import logging
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import Dataset

from emotion_recognition.emotions import canonical
from emotion_recognition.evaluation.metrics import classification_report
from emotion_recognition.model.checkpoint import CheckpointError, save_checkpoint
from emotion_recognition.model.heads import Heads
from emotion_recognition.model.network import KIND, EmotionNetwork, config_entries, load_network
from emotion_recognition.model.network_file import NETWORK_FILE, network_file, read_labels
from emotion_recognition.studies.configuration import (
    ConfigurationError,
    StudyConfiguration,
    load_configuration,
    make_configuration,
)
from emotion_recognition.studies.labels import NO_EMOTION
from emotion_recognition.training.calibration import fit_temperature
from emotion_recognition.training.condition_report import condition_table
from emotion_recognition.training.config import ConfigError, require
from emotion_recognition.training.optimiser import AdamW, OneCycle, Optimiser, Schedule
from emotion_recognition.training.recorded_windows import (
    CONDITIONS,
    LabelledWindows,
    read_windows,
)
from emotion_recognition.training.task import Task, Training, leads
from emotion_recognition.training.trainer import fit, kept_epoch

logger = logging.getLogger(__name__)

_STREAMS = {"both": "both", "voice_missing": "video", "face_missing": "audio"}
"""The temperature of each condition, as a checkpoint names it."""


@dataclass(frozen=True)
class EmotionClass:
    """An emotion of the lab.

    Attributes:
        name: In lower case, as labels name it; their case does not matter.
        valence: Of a person who shows it for certain, -1 to 1; none: as the network has it, if it
            knows the emotion.
        arousal: Likewise; both or none.
    """

    name: str
    valence: float | None = None
    arousal: float | None = None

    def __post_init__(self) -> None:
        name, ratings = self.name, (self.valence, self.arousal)
        fits = name == name.strip().lower() and name not in NO_EMOTION and "," not in name
        none = ", ".join(sorted(NO_EMOTION - {""}))
        require(fits, "name", name, f"lower case without comma, and none of {none}")
        for field_, value in zip(("valence", "arousal"), ratings, strict=True):
            require(value is None or -1 <= value <= 1, field_, value, "-1 to 1")
        half = None in ratings and ratings != (None, None)
        require(not half, "arousal", self.arousal, "valence and arousal, or neither")


@dataclass(frozen=True)
class FineTune:
    """Options of the stage.

    Attributes:
        recordings: Folder of bags, videos and sound files, below the folder of the data.
        labels: File or folder of labels below it, or a topic of the bags (docs/evaluation.md).
        classes: The emotions to tell apart.
        test: Who is tested: names of subjects, or of recordings.
        valid: Who chooses the epoch and calibrates, likewise; all others are trained on.
        id: Name of the weights.
        parameters: A parameter file of ``emotion_node``: how windows are cut, and the network to
            start from (``model_path``); empty: the defaults, and the shipped one.
        smoothing: Label smoothing.
        optimiser: The optimiser.
        schedule: Its learning rate over time.
        trainer: Length, batches, seed, and which epoch is kept.
    """

    recordings: str
    labels: str
    classes: tuple[EmotionClass, ...]
    test: tuple[str, ...]
    valid: tuple[str, ...]
    id: str
    parameters: str = ""
    smoothing: float = 0.05
    optimiser: Optimiser = field(default_factory=AdamW)
    schedule: Schedule = field(default_factory=OneCycle)
    trainer: Training = field(default_factory=Training)

    def __post_init__(self) -> None:
        names = self.names
        different = 1 < len(names) == len(set(names))
        require(different, "classes", list(names), "two or more different names")
        for name in ("test", "valid"):
            require(bool(getattr(self, name)), name, [], "one subject or recording, or more")
        both = sorted(set(self.test) & set(self.valid))
        require(not both, "valid", both, "none of test")
        require(bool(self.id), "id", self.id, "a name for the weights")
        require(0 <= self.smoothing < 1, "smoothing", self.smoothing, "0 to below 1")

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the classes."""
        return tuple(each.name for each in self.classes)


class FusionHead(nn.Module):
    """The heads alone, on vectors of the streams."""

    def __init__(self, heads: Heads) -> None:
        super().__init__()
        self.heads = heads
        heads.intensity.requires_grad_(False)

    def forward(self, audio: Tensor, video: Tensor) -> Tensor:
        """Vectors (B, A) and (B, V) to logits (B, C)."""
        logits: Tensor = self.heads(audio, video).logits
        return logits


class Vectors(Dataset[tuple[Tensor, Tensor, Tensor]]):
    """Vectors of windows and their labels, by lists of rows."""

    def __init__(self, windows: LabelledWindows, rows: Tensor, conditions: Sequence[int]) -> None:
        picked = torch.zeros_like(windows.there)
        picked[rows[:, None], torch.tensor(conditions)] = True
        row, condition = (picked & windows.there).nonzero(as_tuple=True)
        self._audio, self._video = windows.audio[row, condition], windows.video[row, condition]
        self.labels = windows.labels[row]

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, rows: list[int]) -> tuple[Tensor, Tensor, Tensor]:
        return self._audio[rows], self._video[rows], self.labels[rows]


def run(config: FineTune, data: Path, out: Path, features: Path, resume: bool) -> Path:
    """Train, test, and return the checkpoint; see ``training.config.STAGES`` for the arguments.

    Raises:
        ConfigError: The configuration does not fit the recordings, the labels or the network.
        RecordingError, LabelError: A recording or its labels cannot be used.
    """
    began = time.monotonic()
    configuration = _configuration(config)
    start, metadata = _start_network(configuration)
    labels = config.labels if config.labels.startswith("/") else data / config.labels
    windows = read_windows(data / config.recordings, labels, config.names, configuration, features)
    read_s = time.monotonic() - began
    train, valid, test = split(config, windows)
    torch.manual_seed(config.trainer.seed)
    heads = start_heads(start, read_labels(configuration.settings.model_path), config.classes)
    learnt = Vectors(windows, train, range(len(CONDITIONS)))
    counts = torch.bincount(learnt.labels, minlength=len(config.classes))
    weights = len(learnt) / (len(counts) * counts.float())  # rare emotions count as much

    def loss(head: nn.Module, batch: Any, epoch: int) -> Tensor:
        *vectors, truth = batch
        return functional.cross_entropy(
            head(*vectors).float(),
            truth,
            weights.to(truth.device),
            label_smoothing=config.smoothing,
        )

    task = Task(
        FusionHead(heads).train(),
        loss,
        lambda head, batch: (head(*batch[:2]), batch[2]),
        learnt,
        Vectors(windows, valid, [0]),
    )
    fit(task, config.optimiser, config.schedule, config.trainer, out, resume)
    path = out / NETWORK_FILE
    if leads():
        temperature = json.loads(metadata["temperature"])
        temperature |= _temperatures(heads, windows, valid)
        network = with_heads(start, heads)
        entries = {
            **{key: value for key, value in metadata.items() if "_encoder" in key},
            "labels": json.dumps(config.names),
            "temperature": json.dumps(temperature),
            "licence": f"{metadata.get('licence', 'unknown')}; head trained on own recordings",
        }
        save_checkpoint(path, network, KIND, config.id, config_entries(network), **entries)
        parts = {"train": train, "valid": valid, "test": test}
        seconds = {"read": read_s, "all": time.monotonic() - began}
        _report(config, heads, windows, parts, temperature, seconds, out)
    return path


def split(config: FineTune, windows: LabelledWindows) -> tuple[Tensor, Tensor, Tensor]:
    """Return the rows to train on, to validate on and to test on.

    Raises:
        ConfigError: A name is that of no subject and no recording, a part is empty, two parts share
            a recording, or of a class that is asked there is nothing to learn.
    """
    known = {*windows.subjects, *windows.recordings}
    names = list(zip(windows.subjects, windows.recordings, strict=True))
    held = []
    for part in ("test", "valid"):
        wanted = getattr(config, part)
        absent = sorted(set(wanted) - known)
        there = ", ".join(sorted(set(windows.subjects)))
        require(not absent, part, absent, f"subjects ({there}), or recordings, with labels")
        held.append(torch.tensor([bool({*both} & {*wanted}) for both in names]))
    test, valid = held
    require(not (test & valid).any(), "valid", list(config.valid), "none of the recordings of test")
    rows = [mask.nonzero()[:, 0] for mask in (~(test | valid), valid, test)]
    learnt = set(windows.labels[rows[0]].tolist())
    missing = [name for index, name in enumerate(config.names) if index not in learnt]
    if missing:
        problem = f"nothing is left to learn {', '.join(missing)} from; add recordings and labels"
        raise ConfigError("classes", problem)
    return rows[0], rows[1], rows[2]


def start_heads(
    network: EmotionNetwork, known: Sequence[str], classes: Sequence[EmotionClass]
) -> Heads:
    """Return heads for ``classes`` that start from those of ``network``.

    A class that the network knows, by its name or another word form, starts as it is known there; a
    new one from the mean of all. The intensity stays.
    """
    old = network.heads
    sizes = old.audio_classes.in_features, old.video_classes.in_features
    heads = Heads(*sizes, classes=len(classes))
    heads.intensity.load_state_dict(old.intensity.state_dict())
    with torch.no_grad():
        for row, each in enumerate(classes):
            place = _place(each.name, known)
            for new, before in zip(_rows(heads), _rows(old), strict=True):
                new[row] = before.mean(dim=0) if place is None else before[place]
            rating = torch.full((2,), torch.nan) if place is None else old.ratings[place]
            if each.valence is not None and each.arousal is not None:
                rating = torch.tensor([each.valence, each.arousal])
            heads.ratings[row] = rating
    return heads


def with_heads(network: EmotionNetwork, heads: Heads) -> EmotionNetwork:
    """Return a network like ``network`` that judges by ``heads``."""
    other = EmotionNetwork(replace(network.config, classes=heads.audio_classes.out_features))
    state = {
        name: value for name, value in network.state_dict().items() if not name.startswith("heads.")
    }
    other.load_state_dict(state | {f"heads.{name}": v for name, v in heads.state_dict().items()})
    return other.eval()


def _rows(heads: Heads) -> tuple[Tensor, Tensor, Tensor]:
    audio = heads.audio_classes
    return audio.weight, audio.bias, heads.video_classes.weight


def _place(name: str, known: Sequence[str]) -> int | None:
    if name not in known:
        try:
            name = canonical(name)
        except ValueError:
            return None
    return known.index(name) if name in known else None


def _configuration(config: FineTune) -> StudyConfiguration:
    if not config.parameters:
        return make_configuration()
    try:
        return load_configuration(Path(config.parameters))
    except (ConfigurationError, OSError) as error:
        raise ConfigError("parameters", str(error)) from error


def _start_network(configuration: StudyConfiguration) -> tuple[EmotionNetwork, dict[str, str]]:
    path = network_file(configuration.settings.model_path)
    try:
        network, metadata = load_network(path)
    except CheckpointError as error:
        raise ConfigError("parameters", str(error)) from error
    if not isinstance(network, EmotionNetwork):
        problem = f"'{path}' has the fusion '{network.config.fusion}', of decisions or of features "
        raise ConfigError("parameters", problem + "before the branches' ends; allowed: any other")
    return network, metadata


@torch.inference_mode()
def _logits(heads: Heads, vectors: Vectors) -> Tensor:
    audio, video, _ = vectors[list(range(len(vectors)))]
    logits: Tensor = heads.eval()(audio, video).logits
    return logits


def _temperatures(heads: Heads, windows: LabelledWindows, valid: Tensor) -> dict[str, float]:
    """Temperatures by streams; of those that the validation windows lack there is none."""
    fitted = {}
    for condition, name in enumerate(CONDITIONS):
        rows = valid[windows.paired[valid]] if name == "both" else valid
        vectors = Vectors(windows, rows, [condition])
        if len(vectors):
            fitted[_STREAMS[name]] = fit_temperature(_logits(heads, vectors), vectors.labels)
    return fitted


def _report(
    config: FineTune,
    heads: Heads,
    windows: LabelledWindows,
    parts: dict[str, Tensor],
    temperature: dict[str, float],
    seconds: dict[str, float],
    out: Path,
) -> None:
    """Test, and write ``report.json`` and ``report.md``."""
    entries = {}
    for condition, name in enumerate(CONDITIONS):
        rows = parts["test"][windows.paired[parts["test"]]] if name == "both" else parts["test"]
        vectors = Vectors(windows, rows, [condition])
        if len(vectors):
            chances = (_logits(heads, vectors) / temperature[_STREAMS[name]]).softmax(dim=1)
            entries[name] = classification_report(vectors.labels, chances.numpy(), config.names)
    people = {name: {windows.subjects[row] for row in rows} for name, rows in parts.items()}
    known = sorted(people["test"] & (people["train"] | people["valid"]))
    history = json.loads((out / "history.json").read_text(encoding="utf-8"))
    result = {
        **entries,
        "stage": "fine_tune",
        "epochs": len(history),
        "valid": kept_epoch(history, config.trainer),
        "windows": {name: len(rows) for name, rows in parts.items()},
        "subjects": {name: sorted(names) for name, names in people.items()},
        "seconds": seconds,
        "config": asdict(config),
    }
    lines = [condition_table(f"{len(parts['test'])} test windows", entries)]
    if known:
        lines.append(
            f"Trained on others' recordings and on recordings of {', '.join(known)}, who is tested "
            "too: the figures hold for people who took part, and for nobody else.\n"
        )
    lines.append(
        f"{len(parts['train'])} windows of {len(people['train'])} people to learn from; reading "
        f"the recordings took {seconds['read']:.0f} s, all {seconds['all']:.0f} s.\n"
    )
    text = json.dumps(result, indent=2)
    (out / "report.json").write_text(text + "\n", encoding="utf-8")
    (out / "report.md").write_text("\n".join(lines), encoding="utf-8")
