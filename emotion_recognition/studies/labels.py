"""Labels of a recording: what a person said that somebody shows, and when."""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Label:
    """One labelled stretch of a recording, sensor time, end exclusive.

    ``emotion`` is a class of ``emotions.EMOTIONS``; empty where only numbers were rated.
    ``valence`` and ``arousal`` lie in [-1, 1], ``intensity`` in [0, 1]; each is NaN where nobody
    said. ``subject`` is the person, by whatever name the study gives; empty where unknown.
    """

    start_ns: int
    end_ns: int
    emotion: str
    valence: float = math.nan
    arousal: float = math.nan
    intensity: float = math.nan
    subject: str = ""
