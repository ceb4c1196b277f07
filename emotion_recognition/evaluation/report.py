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

"""One form for every benchmark: its figures as JSON, tables in Markdown, and plots."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from emotion_recognition.evaluation import plots

FIGURES_NOTE = (
    "Percent, but for the loss (cross-entropy, nats) and the calibration error (ECE, 15 bins). WAR "
    "is the weighted average recall, which is the accuracy and top 1; UAR the macro recall; by "
    "chance the ECE that perfect calibration would show on as many samples, in the mean; "
    "precision and F1 are macro means; ± the sample standard deviation over the folds."
)


@dataclass(frozen=True)
class Table:
    """A table of a page; cells are written as they are shown."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""

    def markdown(self) -> str:
        """Return the table: the first column to the left, figures to the right."""
        lines = [self.columns, [":--", *["--:"] * (len(self.columns) - 1)], *self.rows]
        return "\n".join("| " + " | ".join(line) + " |" for line in lines)


@dataclass(frozen=True)
class Page:
    """What a benchmark prints: tables, then pictures by their title."""

    title: str
    about: str
    tables: Sequence[Table]
    pictures: Mapping[str, Path]


def write_page(page: Page, result: Mapping[str, Any], out: Path) -> None:
    """Write ``result`` as NAME.json and ``page`` as NAME.md, NAME being ``result["benchmark"]``."""
    name = result["benchmark"]
    options = "".join(f" --{option}" for option in ("quick", "noise") if result.get(option))
    others = result.get("arguments", "")
    command = f"`emotion-recognition benchmark {name} --data DIR --out DIR{options}{others}`"
    scope = "Only the first fold was run (`--quick`). " if result.get("quick") else ""
    parts = [f"# {page.title}", page.about, f"{scope}Took {result['seconds']:.0f} s."]
    for table in page.tables:
        parts += [f"## {table.title}", f"{table.note} Printed by {command}.".strip()]
        parts += [table.markdown()]
    if page.pictures:
        parts += ["## Plots", f"Drawn by {command}."]
    parts += [f"![{title}]({path.name})" for title, path in page.pictures.items()]
    (out / f"{name}.md").write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    (out / f"{name}.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


def classification_result(name: str, conditions: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return the summary of the first condition, and those of the others by their names."""
    first, *others = conditions
    return {
        "benchmark": name,
        **conditions[first],
        "conditions": list(conditions),
        **{condition: conditions[condition] for condition in others},
    }


def classification_tables(conditions: Mapping[str, Mapping[str, Any]]) -> list[Table]:
    """Return the tables on the summaries (:func:`summarise`) of a classifier, by condition.

    Where there are several conditions, all figures are compared; those by class, fold, sex and
    speaker are of the first.
    """
    first, summary = next(iter(conditions.items()))
    tables = [conditions_table(conditions), class_table(summary, first)]
    if len(summary["folds"]) > 1:
        tables.append(fold_table(summary, first))
    if len(summary.get("by_speaker", {}).get("each", {})) > 1:
        tables.append(people_table(conditions))
    return tables


def conditions_table(conditions: Mapping[str, Mapping[str, Any]]) -> Table:
    """Return all headline figures by condition."""
    rows = [
        [
            shown(condition),
            str(entry["n"]),
            percent(entry["accuracy"]),
            fold_spread(entry, "accuracy"),
            percent(entry["uar"]),
            fold_spread(entry, "uar"),
            *(percent(entry[figure]) for figure in ("macro_precision", "macro_f1", "top5")),
            f"{entry['loss']:.3f}",
            f"{entry['ece']:.3f}",
            f"{entry['ece_by_chance']:.3f}",
        ]
        for condition, entry in conditions.items()
    ]
    columns = ["condition", "n", "WAR", "±", "UAR", "±", "prec.", "F1", "top 5"]
    columns += ["loss", "ECE", "by chance"]
    return Table("Figures", columns, rows, FIGURES_NOTE)


def class_table(summary: Mapping[str, Any], condition: str) -> Table:
    """Return precision, recall and F1 by class; '-' where the class does not occur."""
    rows = [
        [
            label,
            str(entry["support"]),
            *(
                percent(entry[figure]) if entry["support"] else "-"
                for figure in ("precision", "recall", "f1")
            ),
        ]
        for label, entry in summary["per_class"].items()
    ]
    columns = ["class", "n", "precision", "recall", "F1"]
    return Table(f"By class ({shown(condition)})", columns, rows, "Percent.")


def fold_table(summary: Mapping[str, Any], condition: str) -> Table:
    """Return the figures of each fold, and their mean and sample standard deviation."""
    shares = ("accuracy", "uar", "macro_precision", "macro_f1", "top5")
    rows = [
        [
            str(fold["fold"]),
            ranges(fold["actors"]),
            str(fold["n"]),
            *(percent(fold[figure]) for figure in shares),
            *(f"{fold[figure]:.3f}" for figure in ("loss", "ece")),
        ]
        for fold in summary["folds"]
    ]
    for name, kind in (("mean", "mean"), ("±", "std")):
        figures = [percent(summary[f"{figure}_{kind}"]) for figure in shares]
        figures += [f"{summary[f'{figure}_{kind}']:.3f}" for figure in ("loss", "ece")]
        rows.append([name, "", "", *figures])
    columns = ["fold", "test actors", "n", "WAR", "UAR", "prec.", "F1", "top 5", "loss", "ECE"]
    note = "The last row is the sample standard deviation; the other conditions' are in the JSON."
    return Table(f"By fold ({shown(condition)})", columns, rows, note)


def people_table(conditions: Mapping[str, Mapping[str, Any]], of: str = "condition") -> Table:
    """Return the spread over sexes and speakers by condition, or whatever the summaries are of."""
    rows = []
    for condition, entry in conditions.items():
        for sex, group in entry["by_sex"].items():
            own = [e["accuracy"] for e in entry["by_speaker"]["each"].values() if e["sex"] == sex]
            rows.append([shown(condition), sex, *_people(group, own)])
        own = [e["accuracy"] for e in entry["by_speaker"]["each"].values()]
        group = {**entry, "speakers": len(own)}
        rows.append([shown(condition), "all", *_people(group, own)])
    return Table(
        "By sex and speaker",
        [of, "sex", "speakers", "n", "WAR", "UAR", "mean ± sd", "lowest", "highest"],
        rows,
        "Percent. The last three columns are of the speakers' accuracies (± sample standard "
        "deviation); each speaker is in the JSON under `by_speaker`.",
    )


def _people(group: Mapping[str, Any], accuracies: Sequence[float]) -> list[str]:
    spread = 100 * float(np.std(accuracies, ddof=1)) if len(accuracies) > 1 else 0.0
    return [
        str(group["speakers"]),
        str(group["n"]),
        percent(group["accuracy"]),
        percent(group["uar"]),
        f"{100 * float(np.mean(accuracies)):.1f} ± {spread:.1f}",
        percent(min(accuracies)),
        percent(max(accuracies)),
    ]


def classification_pictures(
    name: str, title: str, conditions: Mapping[str, Mapping[str, Any]], out: Path
) -> dict[str, Path]:
    """Draw the plots on the summaries of a classifier into ``out``; return them by their title."""
    first, summary = next(iter(conditions.items()))
    of_first = f"{title}, {shown(first)}" if len(conditions) > 1 else title
    pictures = {
        "Confusion": out / f"{name}-confusion.png",
        "Reliability": out / f"{name}-reliability.png",
    }
    plots.plot_confusion(summary, of_first, pictures["Confusion"])
    named = {shown(condition): entry for condition, entry in conditions.items()}
    plots.plot_reliability(named, title, pictures["Reliability"])
    if len(summary.get("by_speaker", {}).get("each", {})) > 1:
        pictures["Accuracy by speaker"] = out / f"{name}-speakers.png"
        plots.plot_speakers(summary["by_speaker"], of_first, pictures["Accuracy by speaker"])
    if len(conditions) > 1:
        pictures["Accuracy and UAR by condition"] = path = out / f"{name}-conditions.png"
        series = {
            label: [(e[f"{figure}_mean"], e[f"{figure}_std"]) for e in conditions.values()]
            for label, figure in (("accuracy (WAR)", "accuracy"), ("UAR", "uar"))
        }
        folds = len(summary["folds"])
        of = "%" if folds == 1 else f"%, mean and standard deviation of {folds} folds"
        plots.plot_bars(list(named), series, title, of, path)
    return pictures


def percent(share: float) -> str:
    """Return a share of 1 in percent with one decimal."""
    return f"{100 * share:.1f}"


def fold_spread(entry: Mapping[str, Any], figure: str) -> str:
    """Return the sample standard deviation over the folds, in percent; '-' for one fold."""
    return percent(entry[f"{figure}_std"]) if len(entry["folds"]) > 1 else "-"


def shown(condition: str) -> str:
    """Return the name of a condition as people read it."""
    return re.sub(r"(\d)db\b", r"\1 dB", condition.replace("_", " "))


def ranges(numbers: Sequence[int]) -> str:
    """Return sorted numbers with runs joined: ``1-4``; of more than three runs how many."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    if len(runs) > 3:
        return f"{len(numbers)} actors"
    return ", ".join(f"{r[0]}-{r[-1]}" if len(r) > 1 else str(r[0]) for r in runs)
