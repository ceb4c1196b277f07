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

"""Labelled windows of a lab's recordings, as the deployed recogniser cuts and encodes them.

What is kept of a window is what the heads of the network judge by: one vector of each stream. So
nothing of a recording is encoded twice, and what is learnt is read from what will be judged.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from emotion_recognition.bags.events import RecordingError
from emotion_recognition.bags.find import recordings_in
from emotion_recognition.model.emotion_model import EmotionModel, Prediction
from emotion_recognition.model.network import EmotionNetwork, load_network
from emotion_recognition.model.network_file import network_file
from emotion_recognition.recognizer import Recognizer
from emotion_recognition.studies.configuration import StudyConfiguration
from emotion_recognition.studies.evidence import label_at
from emotion_recognition.studies.job import RunOptions, estimates_over, load_model_of
from emotion_recognition.studies.label_source import Extent, LabelSource, label_source
from emotion_recognition.studies.labels import Label, LabelError, inside
from emotion_recognition.studies.manifest import fingerprint, weights_digest
from emotion_recognition.studies.names import unique_names
from emotion_recognition.studies.study import start_ns
from emotion_recognition.training.config import ConfigError

logger = logging.getLogger(__name__)

CONDITIONS = ("both", "voice_missing", "face_missing")
"""In which a window is judged: as it is, by its face alone, by its voice alone."""

_BATCH = 128


@dataclass(frozen=True)
class LabelledWindows:
    """N windows.

    Attributes:
        audio: (N, 3, A) the voice's vector under each of ``CONDITIONS``; zeros without a voice.
        video: (N, 3, V) the face's.
        there: (N, 3) bool, whether a condition can be: whether its streams are there.
        paired: (N,) bool, whether both streams are there.
        labels: (N,) indices of the classes.
        subjects: N names of persons.
        recordings: N names of recordings.
    """

    audio: Tensor
    video: Tensor
    there: Tensor
    paired: Tensor
    labels: Tensor
    subjects: tuple[str, ...]
    recordings: tuple[str, ...]


def read_windows(
    folder: Path,
    labels: str | Path,
    classes: Sequence[str],
    configuration: StudyConfiguration,
    features: Path,
) -> LabelledWindows:
    """Read the windows that have one of the classes' labels at their middle.

    A label's subject is the person; where it names none, the recording's name up to its first
    ``_`` is: ``anna_bored_2`` is of ``anna``. Of several faces the most prominent one is read.

    Args:
        folder: Recordings, in subfolders too.
        labels: What :func:`~emotion_recognition.studies.label_source.label_source` reads.
        classes: What labels may name.
        configuration: Settings of the recogniser, and the model whose heads are to be trained.
        features: Folder of what was computed from recordings before; what is not there is added.

    Raises:
        ConfigError: Recordings or labels cannot be used.
        RecordingError, LabelError: Those of one recording cannot.
    """
    try:
        found = recordings_in([folder])
        named = dict(zip(unique_names(found), found, strict=True))
    except (RecordingError, ValueError) as error:
        raise ConfigError("recordings", str(error)) from error
    try:
        source = label_source(labels, classes=classes)
        for warning in source.check(named):
            logger.warning("%s", warning)
    except LabelError as error:
        raise ConfigError("labels", str(error)) from error
    parts = []
    for name, path in tqdm(named.items(), "recordings", disable=None):
        windows = _windows_of(path, configuration, features)
        parts.append(_labelled(name, path, windows, source, classes))
    return LabelledWindows(
        torch.cat([part.audio for part in parts]),
        torch.cat([part.video for part in parts]),
        torch.cat([part.there for part in parts]),
        torch.cat([part.paired for part in parts]),
        torch.cat([part.labels for part in parts]),
        tuple(name for part in parts for name in part.subjects),
        tuple(name for part in parts for name in part.recordings),
    )


def _labelled(
    name: str,
    path: Path,
    windows: Mapping[str, Any],
    source: LabelSource,
    classes: Sequence[str],
) -> LabelledWindows:
    """Those of a recording's windows that are labelled."""
    stamps, begin = windows["stamps_ns"], int(windows["start_ns"])
    end = int(stamps[-1]) if len(stamps) else begin
    labels: list[Label] = []
    if len(stamps):
        labels, told = inside(source.labels_of(Extent(path, name, begin, end)), begin, end, name)
        for warning in told:
            logger.warning("%s", warning)
    else:
        logger.warning("%s: nobody is seen or heard in it", name)
    at = label_at(labels, (np.maximum(stamps - windows["window_ns"], begin) + stamps) // 2)
    known = [classes.index(label.emotion) if label.emotion else -1 for label in labels]
    index = np.append(np.array(known, np.int64), -1)[at]  # -1 picks the last: no label
    rows = np.flatnonzero(index >= 0)
    there = torch.from_numpy(windows["there"][rows])
    by_name = name.partition("_")[0]
    return LabelledWindows(
        torch.from_numpy(windows["audio"][rows]).float(),
        torch.from_numpy(windows["video"][rows]).float(),
        there,
        there.all(dim=1),
        torch.from_numpy(index[rows]),
        tuple(labels[at[row]].subject or by_name for row in rows),
        (name,) * len(rows),
    )


def _windows_of(path: Path, configuration: StudyConfiguration, features: Path) -> dict[str, Any]:
    """All windows of a recording, computed or as they were kept."""
    settings = configuration.settings
    weights = weights_digest(settings.model_path)
    key = fingerprint(path, weights, values=dict(configuration.values))
    cache = features / f"windows-{key[:16]}.npz"
    if not cache.is_file():
        options = RunOptions()
        vision = replace(settings.recognizer.vision, max_faces=1)
        model = WindowKeeper(load_model_of(settings), network_file(settings.model_path))
        recognizer = Recognizer(
            replace(settings.recognizer, vision=vision), cast(EmotionModel, model)
        )
        found = list(estimates_over(path, settings, options, recognizer))
        stamps = [each.stamp_ns for each in found if each.available]
        features.mkdir(parents=True, exist_ok=True)
        partial = cache.with_name("partial-" + cache.name)
        np.savez(
            partial,
            stamps_ns=np.array(stamps, np.int64),
            start_ns=start_ns(path, options),
            window_ns=round(settings.recognizer.window_s * 1e9),
            **model.windows(),
        )
        partial.replace(cache)
    with np.load(cache, allow_pickle=False) as stored:
        return dict(stored)


class WindowKeeper:
    """A deployed model that keeps, of each window it judges, what the heads judge by.

    It passes for an :class:`EmotionModel` in front of a recogniser, which judges one window for
    each estimate that it gives.
    """

    def __init__(self, model: EmotionModel, path: Path) -> None:
        """Keep windows of ``model``, whose network, an :class:`EmotionNetwork`, is at ``path``."""
        network, _ = load_network(path)
        self._model = model
        self._network = cast(EmotionNetwork, network)
        self._waiting: list[tuple[Tensor, Tensor, Tensor, Tensor]] = []
        self._kept: list[tuple[Tensor, Tensor, Tensor]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    def predict_batch(
        self, audio: Any, audio_mask: Any, video: Any, video_mask: Any
    ) -> list[Prediction]:
        """Judge as :meth:`EmotionModel.predict_batch` does, and keep the windows."""
        predictions = self._model.predict_batch(audio, audio_mask, video, video_mask)
        read = audio[:, :, : self._model.audio_shape[1]]
        sound = np.where(audio_mask[:, :, None], read, 0).astype(np.float32)
        sight = np.where(video_mask[:, :, None], video, 0).astype(np.float32)
        arrays = sound, audio_mask, sight, video_mask
        self._waiting += zip(*(torch.from_numpy(np.array(each)) for each in arrays), strict=True)
        if len(self._waiting) >= _BATCH:
            self._encode()
        return predictions

    def windows(self) -> dict[str, Any]:
        """Return ``audio``, ``video`` (float16) and ``there`` of all, as in LabelledWindows."""
        self._encode()
        config = self._network.heads
        sizes = config.audio_classes.in_features, config.video_classes.in_features
        blank = [torch.zeros(0, 3, size) for size in sizes]
        parts = [*self._kept, (*blank, torch.zeros(0, 3, dtype=torch.bool))]
        audio, video, there = (torch.cat(each) for each in zip(*parts, strict=True))
        return {
            "audio": audio.half().numpy(),
            "video": video.half().numpy(),
            "there": there.numpy(),
        }

    @torch.inference_mode()
    def _encode(self) -> None:
        if not self._waiting:
            return
        sound, heard, sight, seen = (torch.stack(each) for each in zip(*self._waiting, strict=True))
        self._waiting = []
        masks = ((heard, seen), (heard & False, seen), (heard, seen & False))
        found = [self._network.vectors(sound, by_ear, sight, by_eye) for by_ear, by_eye in masks]
        audio, video = (torch.stack(each, dim=1) for each in zip(*found, strict=True))
        alone = torch.stack([seen.any(dim=1), heard.any(dim=1)], dim=1)
        there = torch.cat([torch.ones(len(alone), 1, dtype=torch.bool), alone], dim=1)
        self._kept.append((audio, video, there))
