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

"""Voices with their faces, as the stage ``audio_visual`` reads them, and who is tested."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from emotion_recognition.corpora import ravdess
from emotion_recognition.emotions import EMOTIONS
from emotion_recognition.evaluation.ravdess_voice import feature_cache
from emotion_recognition.model.backbones import FrameEncoderChoice, make_frame_encoder
from emotion_recognition.training.clip_sources import (
    ClassFolders,
    RavdessPairs,
    Source,
    clips_of,
    read_corpus,
)
from emotion_recognition.training.clip_windows import Encoders, windows_key, write_windows
from emotion_recognition.training.config import ConfigError
from emotion_recognition.training.ravdess_pairs import paired_clips
from emotion_recognition.training.task import leads
from emotion_recognition.vision.detect import make_detector


@dataclass(frozen=True)
class ClipPairs:
    """N clips.

    Attributes:
        frames: (N, T, 87) float16 audio feature frames from the start, 0 after the end; or
            (N, 180, D) vectors of a voice encoder over the window around the clip's middle.
        lengths: (N,) how many there are of each.
        vectors: (N, S, V) of the face over the window around the clip's middle, or action units as
            measured, one step (S = 1) for the whole clip.
        seen: (N, S) bool, where a face was seen.
        labels: (N,) indices into ``EMOTIONS``.
        speakers: N names.
        heard: (N, 180) bool, which vectors of a voice encoder are there; None: features.
    """

    frames: Tensor
    lengths: Tensor
    vectors: Tensor
    seen: Tensor
    labels: Tensor
    speakers: tuple[str, ...]
    heard: Tensor | None = None


@dataclass(frozen=True)
class Split:
    """Rows (n,) of the clips to train on, to validate on and to test on; no speaker in two."""

    train: Tensor
    valid: Tensor
    test: Tensor


def read_pairs(
    source: Source, data: Path, features: Path, encoders: Encoders | None = None
) -> ClipPairs:
    """Read the clips of a source.

    Args:
        source: Which.
        data: Folder of the corpora.
        features: Folder of what was computed from them before; what is not there is added.
        encoders: What clips are read by; of no use to ``RavdessPairs``. None: the shipped one.

    Raises:
        ConfigError: The corpus is not there, has another layout, or its files are not sound.
    """
    features.mkdir(parents=True, exist_ok=True)
    if isinstance(source, RavdessPairs):
        _wait_for(feature_cache(features))
        voices, units, _ = read_corpus("data.corpus", lambda: paired_clips(data, features))
        seen = torch.ones(len(voices), 1, dtype=torch.bool)
        speakers = tuple(str(actor) for actor in voices.actors.tolist())
        vectors = units[:, None]
        return ClipPairs(voices.frames, voices.lengths, vectors, seen, voices.labels, speakers)
    encoders = encoders or Encoders(make_frame_encoder(FrameEncoderChoice()))
    clips = clips_of(source, data)
    cache = features / f"clips-{windows_key(clips, source.detector, encoders)}.npz"
    _wait_for(cache)
    if not cache.is_file():
        write_windows(clips, make_detector(source.detector), encoders, cache)
    names = ("frames", "lengths", "vectors", "seen", "heard")
    with np.load(cache, allow_pickle=False) as stored:
        frames, lengths, vectors, seen, heard = (torch.from_numpy(stored[name]) for name in names)
    labels = torch.tensor([clip.label for clip in clips])
    speakers = tuple(clip.speaker for clip in clips)
    of_windows = None if encoders.voice is None else heard
    return ClipPairs(frames, lengths, vectors, seen, labels, speakers, of_windows)


def split_by_speaker(source: Source, clips: ClipPairs) -> Split:
    """Split the clips as the source says.

    Raises:
        ConfigError: A part is empty, or a class that is tested is not trained.
    """
    if isinstance(source, ClassFolders):
        fields = {"test": "data.test_speakers", "valid": "data.valid_speakers", "train": "data"}
        test, valid = source.test_speakers, source.valid_speakers
    else:
        fields = dict.fromkeys(("test", "valid", "train"), "data.fold")
        test = tuple(str(actor) for actor in ravdess.FOLDS[source.fold - 1])
        valid = tuple(str(actor) for actor in ravdess.validation_actors(source.fold - 1))
    there = sorted(set(clips.speakers), key=lambda name: (len(name), name))
    for part, names in (("test", test), ("valid", valid)):
        absent = sorted(set(names) - set(there))
        if len(absent) == len(names) or (absent and isinstance(source, ClassFolders)):
            problem = f"no clip of {', '.join(absent)} ({part}); there are clips of "
            raise ConfigError(fields[part], problem + ", ".join(there))
    train = tuple(name for name in there if name not in test + valid)
    if not train:
        raise ConfigError(fields["train"], "nobody is left to train on; add recordings of others")
    split = Split(*(_rows_of(people, clips) for people in (train, valid, test)))
    known = set(clips.labels[split.train].tolist())
    asked = set(clips.labels[torch.cat([split.valid, split.test])].tolist())
    if asked - known:
        classes = ", ".join(EMOTIONS[label] for label in sorted(asked - known))
        problem = f"tested on {classes}, of which there is nothing to learn"
        raise ConfigError(fields["train"], problem)
    return split


def _rows_of(people: Sequence[str], clips: ClipPairs) -> Tensor:
    return torch.tensor([row for row, name in enumerate(clips.speakers) if name in people])


def _wait_for(cache: Path) -> None:
    """Let the first process compute what several need."""
    while not cache.is_file() and not leads():
        time.sleep(1)
