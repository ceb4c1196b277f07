"""Estimates as files for people and programs: CSV and JSON."""

import io
from collections.abc import Sequence

from emotion_recognition.bags.table import CsvTable
from emotion_recognition.dashboard.convert import estimate_of
from emotion_recognition.dashboard.schemas import EstimateView


def csv_text(estimates: Sequence[EstimateView]) -> str:
    """Return estimates as ``emotion-recognition estimate --out`` writes them."""
    labels = next((tuple(each.probabilities) for each in estimates if each.probabilities), ())
    text = io.StringIO(newline="")
    table = CsvTable(text, labels)
    for each in estimates:
        table.write(estimate_of(each))
    return text.getvalue()
