"""RAVDESS (Livingstone and Russo 2018): clips, labels and the six folds by actor."""

from dataclasses import dataclass
from pathlib import Path

from emotion_recognition.emotions import EMOTIONS, RAVDESS_CODES

ACTORS: tuple[int, ...] = tuple(range(1, 25))

FOLDS: tuple[tuple[int, ...], ...] = tuple(ACTORS[start : start + 4] for start in range(0, 24, 4))
"""Test actors of each fold: 1-4, 5-8, ... 21-24. Even actors are women, odd ones men."""


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


def parse_clip(path: Path) -> RavdessClip:
    """Read the labels of a clip from its name, such as ``03-01-05-02-01-01-12.flac``.

    Raises:
        ValueError: the name is not seven fields with a known emotion, intensity and actor.
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
    return RavdessClip(
        path, RAVDESS_CODES[emotion], intensity == "02", int(statement), int(repetition), int(actor)
    )


def speech_clips(data: Path) -> list[RavdessClip]:
    """Return the 1440 spoken clips below ``data/ravdess_speech``, in the order of their names.

    Raises:
        FileNotFoundError: there are none.
    """
    folder = data / "ravdess_speech"
    paths = sorted(folder.glob("Actor_*/*.flac"))
    if not paths:
        raise FileNotFoundError(f"no RAVDESS clips '{folder}/Actor_*/*.flac': check --data")
    return [parse_clip(path) for path in paths]


def validation_actors(fold: int) -> tuple[int, ...]:
    """Return two training actors, a man and a woman, that fold ``fold`` (0 to 5) keeps to validate.

    They are the first two test actors of the next fold, so that no actor validates twice.
    """
    return FOLDS[(fold + 1) % len(FOLDS)][:2]
