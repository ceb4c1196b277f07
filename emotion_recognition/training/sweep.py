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

"""Run the jobs of a configuration one after another, and compare what they came to."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from emotion_recognition.training.config import ConfigError, Job, stage_function
from emotion_recognition.training.task import leads

FOLD = "data.fold"
"""Runs that differ in this alone are one line of the table: the mean over the folds."""

FIGURES = ("accuracy", "uar", "top5", "loss")


def run_jobs(jobs: Sequence[Job], data: Path, out: Path, features: Path, resume: bool) -> Path:
    """Run all jobs, those of a sweep each in a folder of its own below ``out``.

    Args:
        jobs: What ``config.read_jobs`` returned.
        data: Folder of the corpora.
        out: Folder of the results.
        features: Folder of what is computed once from the corpora.
        resume: Leave out what is finished and go on with what was begun.

    Returns:
        The checkpoint of a single job; of a sweep its table, ``comparison.md``.

    Raises:
        ConfigError: ``resume`` with another configuration than that of the run in ``out``.
        FileExistsError: ``out`` holds a run already, and it is not to be resumed.
    """
    if len(jobs) == 1 and not jobs[0].changes:
        return _run(jobs[0], data, out, features, resume)
    for job in jobs:
        folder = out / job.name
        if not (resume and (folder / "report.json").is_file()):
            _run(job, data, folder, features, resume)
    path = out / "comparison.md"
    if leads():
        reports = [_report(out / job.name) for job in jobs]
        rows = compare(jobs, reports)
        path.write_text(table(rows), encoding="utf-8")
        path.with_suffix(".json").write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    return path


def compare(jobs: Sequence[Job], reports: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return a row for each combination but for the fold: its values, and the mean figures.

    ``accuracy_std`` is the sample standard deviation over the folds; 0 for one.
    """
    groups: dict[str, list[int]] = {}
    for index, job in enumerate(jobs):
        values = {key: value for key, value in job.changes.items() if key != FOLD}
        groups.setdefault(json.dumps(values), []).append(index)
    rows = []
    for swept, members in groups.items():
        found = [reports[index] for index in members]
        accuracies = [report["accuracy"] for report in found]
        rows.append(
            {
                **json.loads(swept),
                "folds": len(found),
                **{name: fmean(report[name] for report in found) for name in FIGURES},
                "accuracy_std": stdev(accuracies) if len(found) > 1 else 0.0,
                **{
                    name: fmean(report[name]["accuracy"] for report in found)
                    for name in ("voice_missing", "face_missing")
                },
                "valid_uar": fmean(report["valid"]["valid_uar"] for report in found),
                "epochs": fmean(report["epochs"] for report in found),
                "minutes": sum(report["seconds"] for report in found) / 60,
            }
        )
    return rows


def table(rows: Sequence[dict[str, Any]]) -> str:
    """Return the rows as a Markdown table, in percent but for the loss and the values swept."""
    plain = ("folds", "epochs", "minutes")
    swept = list(rows[0])[: list(rows[0]).index("folds")]
    names = [name for name in rows[0] if name != "accuracy_std"]
    titles = [name.replace("_", " ") if name not in swept else f"`{name}`" for name in names]
    lines = ["| " + " | ".join(titles) + " |", "| --- " * len(names) + "|"]
    for row in rows:
        cells = []
        for name in names:
            value = row[name]
            if name in swept:
                cells.append(str(value))
            elif name in plain:
                cells.append(f"{value:.0f}")
            elif name == "loss":
                cells.append(f"{value:.3f}")
            else:
                spread = f" ± {100 * row['accuracy_std']:.1f}" if row["folds"] > 1 else ""
                cells.append(f"{100 * value:.1f}" + (spread if name == "accuracy" else ""))
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _run(job: Job, data: Path, out: Path, features: Path, resume: bool) -> Path:
    """Run one job; its options stand in ``config.json``, and are not to change on the way."""
    options = json.loads(json.dumps({"stage": job.stage, **asdict(job.config)}))
    path = out / "config.json"
    if path.is_file():
        if not resume:
            raise FileExistsError(f"'{out}' holds a run already: --resume, or another --out")
        known = json.loads(path.read_text(encoding="utf-8"))
        for field, value in _flat(options).items():
            before = _flat(known).get(field)
            if before != value:
                problem = f"found {value!r}; allowed: {before!r}, as the run in '{out}' began"
                raise ConfigError(field, problem)
    if leads():
        out.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(options, indent=2) + "\n", encoding="utf-8")
    return stage_function(job.stage)(job.config, data, out, features, resume)


def _flat(options: dict[str, Any], where: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in options.items():
        name = f"{where}{key}"
        flat |= _flat(value, f"{name}.") if isinstance(value, dict) else {name: value}
    return flat


def _report(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    return found
