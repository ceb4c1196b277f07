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

"""CREMA-D (Cao et al. 2014): clips of 91 actors with the emotions that people perceived in them."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Literal

import numpy as np

from emotion_recognition.corpora.corpus import Corpus, read_corpus, visible, wrong_layout
from emotion_recognition.corpora.media import SOUND_SUFFIXES
from emotion_recognition.emotions import CREMA_D_CODES, EMOTIONS

Rated = Literal["voice", "face", "both"]
"""What the voters perceived: the sound alone, the picture alone, or the whole clip."""

ACTORS: tuple[int, ...] = tuple(range(1001, 1092))

FOLDS: tuple[tuple[int, ...], ...] = tuple(ACTORS[first::5] for first in range(5))
"""Test actors of each fold: 1001, 1006, ... 1091; 1002, 1007, ...; and so on, 19 or 18 each."""

_ID_DIGITS: Mapping[Rated, str] = MappingProxyType({"voice": "1", "face": "2", "both": "3"})
_DEMOGRAPHICS = "VideoDemographics.csv"
_VOTE_COLUMNS = {"A": "ANG", "D": "DIS", "F": "FEA", "H": "HAP", "N": "NEU", "S": "SAD"}
_USED_COLUMNS = {"", "fileName", "meanEmoResp", *_VOTE_COLUMNS}
# Clips and votes: as published, then as below a folder of several corpora.
_LAYOUTS = (
    ("AudioWAV", "processedResults/tabulatedVotes.csv"),
    ("crema_d/AudioWAV", "crema_d/processedResults/tabulatedVotes.csv"),
    ("crema_d", "crema_d_labels/tabulatedVotes.csv"),
)
_LAYOUT = " or ".join(f"{clips}/1001_DFA_ANG_XX.wav ... with {votes}" for clips, votes in _LAYOUTS)


@dataclass(frozen=True)
class CremaDClip:
    """One clip, the emotion that was acted, and what people made of it.

    ``votes`` is the share of votes for each class of ``EMOTIONS`` (sum 1; calm and surprised were
    not on offer); ``intensity`` the mean perceived intensity, 0 to 1; ``voters`` how many voted.
    """

    path: Path
    emotion: str
    actor: int
    votes: np.ndarray
    intensity: float
    voters: int

    @property
    def label(self) -> int:
        """Index of the acted emotion in ``EMOTIONS``."""
        return EMOTIONS.index(self.emotion)


def read(folder: Path, rated: Rated = "voice") -> Corpus[CremaDClip]:
    """Read the clips and votes below ``folder``.

    As published: ``AudioWAV/`` and ``processedResults/tabulatedVotes.csv``. Or a folder of several
    corpora, with the clips in ``crema_d/`` and the votes in ``crema_d_labels/``. A clip that nobody
    voted on takes the acted emotion as all votes, with intensity 0.5 and 0 voters.

    Raises:
        FileNotFoundError: clips or votes are missing.
        ValueError: the votes are no CREMA-D votes.
    """
    for sounds, table in _LAYOUTS:
        candidates = visible((folder / sounds).glob("*"))
        paths = [path for path in candidates if path.suffix.lower() in SOUND_SUFFIXES]
        if paths and (folder / table).is_file():
            break
    else:
        raise wrong_layout("CREMA-D", folder, _LAYOUT)
    rated_names, votes = _read_votes(folder / table, _ID_DIGITS[rated])
    names = rated_names | {path.stem for path in paths}
    return read_corpus(
        "CREMA-D", folder / sounds, _LAYOUT, paths, lambda path: _parse_clip(path, votes), names
    )


def clips(data: Path) -> list[CremaDClip]:
    """Return the clips below ``data/crema_d``, with the votes on the voice.

    A part of the 7442 will do.

    Raises:
        CorpusError: some are broken or mislabelled; it lists them.
        FileNotFoundError: clips or votes are missing.
        ValueError: the votes are no CREMA-D votes.
    """
    return read(data).check(complete=False)


def validation_actors(fold: int) -> tuple[int, ...]:
    """Return eight training actors that fold ``fold`` (0 to 4) keeps to validate.

    They are the first test actors of the next fold, so that no actor validates twice.
    """
    return FOLDS[(fold + 1) % len(FOLDS)][:8]


def sexes(data: Path) -> dict[int, str]:
    """Return the sex, ``female`` or ``male``, of each actor from ``VideoDemographics.csv``.

    The table lies in ``data`` or in ``crema_d/`` or ``crema_d_labels/`` below it.

    Raises:
        FileNotFoundError: there is no such table.
        ValueError: it has other columns.
    """
    folders = (data, data / "crema_d", data / "crema_d_labels")
    paths = [path for folder in folders if (path := folder / _DEMOGRAPHICS).is_file()]
    if not paths:
        raise FileNotFoundError(f"no {_DEMOGRAPHICS} in {', '.join(map(str, folders))}")
    with paths[0].open(newline="") as file:
        rows = csv.DictReader(file)
        if absent := {"ActorID", "Sex"} - set(rows.fieldnames or ()):
            raise ValueError(f"'{paths[0]}' has no columns {sorted(absent)}: expected the actors")
        return {int(row["ActorID"]): row["Sex"].lower() for row in rows}


def _parse_clip(path: Path, votes: Mapping[str, tuple[np.ndarray, float, int]]) -> CremaDClip:
    fields = path.stem.split("_")
    if len(fields) != 4 or fields[2] not in CREMA_D_CODES or not fields[0].isdigit():
        raise ValueError(f"'{path.name}' is no CREMA-D name: expected such as 1001_DFA_ANG_XX")
    emotion = CREMA_D_CODES[fields[2]]
    acted = np.eye(len(EMOTIONS), dtype=np.float32)[EMOTIONS.index(emotion)]
    share, intensity, voters = votes.get(path.stem, (acted, 0.5, 0))
    return CremaDClip(path, emotion, int(fields[0]), share, intensity, voters)


def _read_votes(
    path: Path, digit: str
) -> tuple[set[str], dict[str, tuple[np.ndarray, float, int]]]:
    """Names of all clips; by name, share of votes per class, mean intensity (0 to 1), voters.

    Only votes whose row id begins with ``digit`` count.
    """
    names: set[str] = set()
    votes: dict[str, tuple[np.ndarray, float, int]] = {}
    with path.open(newline="") as file:
        rows = csv.DictReader(file)
        if absent := _USED_COLUMNS - set(rows.fieldnames or ()):
            raise ValueError(f"'{path}' has no columns {sorted(absent)}: expected CREMA-D's votes")
        for row in rows:
            names.add(row["fileName"])
            if not row[""].startswith(digit):
                continue
            counts = np.zeros(len(EMOTIONS), dtype=np.float32)
            for column, code in _VOTE_COLUMNS.items():
                counts[EMOTIONS.index(CREMA_D_CODES[code])] = float(row[column])
            if counts.sum() > 0:
                intensity = float(row["meanEmoResp"]) / 100
                shares = counts / counts.sum()
                votes[row["fileName"]] = (shares, min(max(intensity, 0.0), 1.0), int(counts.sum()))
    return names, votes
