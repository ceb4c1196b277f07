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

"""Writes what a study found: metrics.json, report.html and its tables; never over other results."""

import json
from pathlib import Path

from emotion_recognition.studies.evaluation import Evaluation
from emotion_recognition.studies.report import html_of, write_tables, write_text
from emotion_recognition.studies.study_report import study_report

METRICS, REPORT, TABLES = "metrics.json", "report.html", "tables"


def write_study(study: Evaluation, out: Path, *, force: bool = False) -> None:
    """Write ``metrics.json``, ``report.html`` and ``tables/`` to a folder.

    Args:
        study: What was found.
        out: The folder.
        force: Whether other figures that lie there may be overwritten.

    Raises:
        ValueError: other figures lie there, and ``force`` is not set. Those of a run in which
            recordings failed are not complete, and may always be overwritten.
    """
    text = json.dumps(study.metrics, indent=2) + "\n"
    path = out / METRICS
    if path.exists() and not force and _complete(path) and path.read_text("utf-8") != text:
        raise ValueError(
            f"{path} has other figures (of other labels, recordings or settings): remove it, give "
            "another folder, or allow to do everything again (--force)"
        )
    report = study_report(study)
    write_text(html_of(report), out / REPORT)
    write_tables(report, out / TABLES)
    write_text(text, path)  # last: where it lies, the others do


def _complete(path: Path) -> bool:
    try:
        return not json.loads(path.read_text("utf-8")).get("failed")
    except (ValueError, AttributeError):
        return False
