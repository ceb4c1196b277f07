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

"""RAVDESS (Livingstone and Russo 2018): clips, labels and the six folds by actor."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from emotion_recognition.corpora.corpus import Corpus, read_corpus, visible
from emotion_recognition.corpora.media import IMAGE_SUFFIXES, SOUND_SUFFIXES, VIDEO_SUFFIXES
from emotion_recognition.emotions import EMOTIONS, RAVDESS_CODES

ACTORS: tuple[int, ...] = tuple(range(1, 25))

FOLDS: tuple[tuple[int, ...], ...] = tuple(ACTORS[start : start + 4] for start in range(0, 24, 4))
"""Test actors of each fold: 1-4, 5-8, ... 21-24. Even actors are women, odd ones men."""

Modality = Literal["audio-video", "video", "audio"]
Channel = Literal["speech", "song"]

_MODALITIES: Mapping[Modality, str] = MappingProxyType(
    {"audio-video": "01", "video": "02", "audio": "03"}
)
_CHANNELS: Mapping[Channel, str] = MappingProxyType({"speech": "01", "song": "02"})
_PREFIXES = {f"{m}-{c}-" for m, c in product(_MODALITIES.values(), _CHANNELS.values())}
# What was recorded: song without disgust and surprise, and without actor 18.
_EMOTIONS: Mapping[Channel, range] = MappingProxyType({"speech": range(1, 9), "song": range(1, 7)})


@dataclass(frozen=True)
class RavdessClip:
    """One clip and what its name says."""

    path: Path
    emotion: str
    strong: bool
    statement: int
    repetition: int
    actor: int

    @property
    def label(self) -> int:
        """Index of the emotion in ``EMOTIONS``."""
        return EMOTIONS.index(self.emotion)

    @property
    def sound_name(self) -> str:
        """Name, without suffix, of the clip that holds the same take as sound alone."""
        return f"{_MODALITIES['audio']}{self.path.stem[2:]}"


def parse_clip(path: Path) -> RavdessClip:
    """Read the labels of a clip from its name, such as ``03-01-05-02-01-01-12.flac``.

    Raises:
        ValueError: the name is not seven fields with a known emotion, intensity and actor, or the
            clip lies in another actor's folder.
    """
    fields = path.stem.split("-")
    if len(fields) != 7 or not all(field.isdigit() for field in fields):
        raise ValueError(f"'{path.name}' is no RAVDESS name: expected seven numbers joined by '-'")
    _, _, emotion, intensity, statement, repetition, actor = fields
    if emotion not in RAVDESS_CODES or intensity not in ("01", "02") or int(actor) not in ACTORS:
        raise ValueError(
            f"'{path.name}' is no RAVDESS name: expected emotion 01-08, intensity 01-02 and "
            f"actor 01-24, got {emotion}, {intensity} and {actor}"
        )
    if path.parent.name.startswith("Actor_") and path.parent.name != f"Actor_{actor}":
        raise ValueError(f"'{path.name}' is of actor {actor}, and lies in '{path.parent.name}'")
    return RavdessClip(
        path, RAVDESS_CODES[emotion], intensity == "02", int(statement), int(repetition), int(actor)
    )


def read(folder: Path, channel: Channel, modality: Modality = "audio") -> Corpus[RavdessClip]:
    """Read the clips of one kind below ``folder``.

    They lie in ``Actor_01`` to ``Actor_24`` as published, or in the folder itself; clips of other
    kinds among them are passed over. Sound is .wav as published, or in another coding; a clip with
    a picture is a video (.mp4) or a strip of 20 face crops (.jpg, see :mod:`.clip_window`).

    Raises:
        FileNotFoundError: there are none.
    """
    prefix = f"{_MODALITIES[modality]}-{_CHANNELS[channel]}-"
    suffixes = SOUND_SUFFIXES if modality == "audio" else VIDEO_SUFFIXES + IMAGE_SUFFIXES
    paths = [
        path
        for path in visible([*folder.glob("Actor_*/*"), *folder.glob("*")])
        if path.suffix.lower() in suffixes and path.name[:6] not in _PREFIXES - {prefix}
    ]
    return read_corpus(
        f"RAVDESS {channel} ({modality})",
        folder,
        f"Actor_01/{prefix}01-01-01-01-01 to Actor_24/... with one of {' '.join(suffixes)}",
        paths,
        parse_clip,
        _published(channel, prefix),
    )


def speech_clips(data: Path) -> list[RavdessClip]:
    """Return the spoken clips below ``data/ravdess_speech``, in the order of their names.

    A part of the 1440 will do.

    Raises:
        CorpusError: some are broken or mislabelled; it lists them.
        FileNotFoundError: there are none.
    """
    return read(data / "ravdess_speech", "speech").check(complete=False)


def validation_actors(fold: int) -> tuple[int, ...]:
    """Return two training actors, a man and a woman, that fold ``fold`` (0 to 5) keeps to validate.

    They are the first two test actors of the next fold, so that no actor validates twice.
    """
    return FOLDS[(fold + 1) % len(FOLDS)][:2]


def _published(channel: Channel, prefix: str) -> frozenset[str]:
    """Names of all clips of a kind: neutral has no strong intensity."""
    takes = product(_EMOTIONS[channel], (1, 2), (1, 2), (1, 2), ACTORS)
    return frozenset(
        f"{prefix}{emotion:02d}-{intensity:02d}-{statement:02d}-{repetition:02d}-{actor:02d}"
        for emotion, intensity, statement, repetition, actor in takes
        if (emotion, intensity) != (1, 2) and (channel, actor) != ("song", 18)
    )
