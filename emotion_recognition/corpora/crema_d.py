"""CREMA-D (Cao et al. 2014): clips of 91 actors with the emotions that listeners heard in them."""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from emotion_recognition.emotions import CREMA_D_CODES, EMOTIONS

VOICE_ONLY = "1"
"""First digit of the row ids of votes given on the voice alone (2: the face, 3: both)."""

_VOTE_COLUMNS = {"A": "ANG", "D": "DIS", "F": "FEA", "H": "HAP", "N": "NEU", "S": "SAD"}


@dataclass(frozen=True)
class CremaDClip:
    """One clip, the emotion that was acted, and what listeners made of the voice.

    ``votes`` is the share of votes for each class of ``EMOTIONS`` (sum 1; calm and surprised were
    not on offer); ``intensity`` the mean perceived intensity, 0 to 1.
    """

    path: Path
    emotion: str
    actor: int
    votes: np.ndarray
    intensity: float

    @property
    def label(self) -> int:
        """Index of the acted emotion in ``EMOTIONS``."""
        return EMOTIONS.index(self.emotion)


def clips(data: Path) -> list[CremaDClip]:
    """Return the 7442 clips below ``data/crema_d`` with the votes of ``data/crema_d_labels``.

    A clip that nobody voted on takes the acted emotion as its one vote, with intensity 0.5.

    Raises:
        FileNotFoundError: clips or votes are missing.
        ValueError: a file name is no CREMA-D name.
    """
    paths = sorted((data / "crema_d").glob("*.opus"))
    if not paths:
        raise FileNotFoundError(f"no CREMA-D clips '{data / 'crema_d'}/*.opus': check --data")
    votes = _voice_votes(data / "crema_d_labels" / "tabulatedVotes.csv")
    return [_clip(path, votes) for path in paths]


def _clip(path: Path, votes: dict[str, tuple[np.ndarray, float]]) -> CremaDClip:
    fields = path.stem.split("_")
    if len(fields) != 4 or fields[2] not in CREMA_D_CODES or not fields[0].isdigit():
        raise ValueError(f"'{path.name}' is no CREMA-D name: expected such as 1001_DFA_ANG_XX")
    emotion = CREMA_D_CODES[fields[2]]
    acted = np.eye(len(EMOTIONS), dtype=np.float32)[EMOTIONS.index(emotion)]
    share, intensity = votes.get(path.stem, (acted, 0.5))
    return CremaDClip(path, emotion, int(fields[0]), share, intensity)


def _voice_votes(path: Path) -> dict[str, tuple[np.ndarray, float]]:
    """Share of votes per class and mean intensity (0 to 1) by clip name, from the voice alone."""
    votes: dict[str, tuple[np.ndarray, float]] = {}
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            if not row[""].startswith(VOICE_ONLY):
                continue
            counts = np.zeros(len(EMOTIONS), dtype=np.float32)
            for column, code in _VOTE_COLUMNS.items():
                counts[EMOTIONS.index(CREMA_D_CODES[code])] = float(row[column])
            if counts.sum() > 0:
                intensity = float(row["meanEmoResp"]) / 100
                votes[row["fileName"]] = (counts / counts.sum(), min(max(intensity, 0.0), 1.0))
    return votes
