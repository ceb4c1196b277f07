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

"""The report of a study: figures, comparison, plots, timelines, tables by file and subject."""

import math
from collections.abc import Mapping, Sequence

from emotion_recognition.evaluation.report import Table
from emotion_recognition.studies.charts import (
    area_under_risk,
    draw_abstaining,
    draw_confusion,
    draw_reliability,
    risk_at,
)
from emotion_recognition.studies.evaluation import Evaluation, clusters
from emotion_recognition.studies.evidence import Evidence
from emotion_recognition.studies.report import (
    ABOUT,
    TIMELINE_NOTE,
    Card,
    Chart,
    Report,
    Section,
    classes_of,
    number,
    percent,
)
from emotion_recognition.studies.scores import (
    LEVELS,
    RESAMPLES,
    Score,
    confusion_of,
    figures_of,
)
from emotion_recognition.studies.summary import summarize_series
from emotion_recognition.studies.timeline import clock, draw_timeline

MOST_TIMELINES = 40
"""Recordings whose timelines a report shows; all of them are in the tables."""

_FEW = 10  # clusters: below, percentile intervals are known to be too narrow
_ANSWERED = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.25)
_SHARES = ("accuracy", "uar", "macro_f1")
_FIGURES: Mapping[str, tuple[str, int | None]] = {  # title, decimals; None: percent
    "accuracy": ("accuracy, windows", None),
    "uar": ("UAR, windows", None),
    "macro_f1": ("macro F1, windows", None),
    "frame_accuracy": ("accuracy, frames", None),
    "frame_uar": ("UAR, frames", None),
    "frame_macro_f1": ("macro F1, frames", None),
    "clip_accuracy": ("accuracy, clips", None),
    "clip_uar": ("UAR, clips", None),
    "clip_macro_f1": ("macro F1, clips", None),
    "ccc_valence": ("CCC, valence", 3),
    "rmse_valence": ("RMSE, valence", 3),
    "ccc_arousal": ("CCC, arousal", 3),
    "rmse_arousal": ("RMSE, arousal", 3),
    "ccc_intensity": ("CCC, intensity", 3),
    "rmse_intensity": ("RMSE, intensity", 3),
    "ece": ("calibration error (ECE)", 3),
    "onset_delay_s": ("onset delay, s", 2),
    "onsets_named": ("onsets named", None),
    "coverage": ("coverage", None),
    "availability": ("time with an estimate", None),
    "flips_per_minute": ("changes a minute", 1),
}


def study_report(study: Evaluation) -> Report:
    """Return the page on a study."""
    recordings = study.recordings
    how = f"{len(recordings)} recording{'s' if len(recordings) != 1 else ''}"
    names = f"configuration{'s' if len(study.scores) > 1 else ''} {', '.join(study.scores)}"
    judged = "set against labels" if study.labelled else "without labels"
    sections = [_figures_section(study)]
    if len(study.scores) > 1:
        sections.append(_comparison_section(study))
    if study.labelled:
        sections.append(_plots_section(study))
    sections += [_timelines_section(study), _parts_section(study)]
    if study.failures:
        sections.append(_failures_section(study))
    return Report(
        title="Evaluation of emotion estimates",
        about=f"{how}, {names}, {judged}. {ABOUT}",
        cards=_cards(study),
        sections=[section for section in sections if section.charts or section.tables],
        emotions=classes_of(recordings),
        warnings=[
            *(f"{f.recording} ({f.configuration}) failed: {f.error}" for f in study.failures),
            *study.warnings,
        ],
    )


def _cards(study: Evaluation) -> list[Card]:
    name, scores = next(iter(study.scores.items()))
    evidence = study.evidence[name]
    windows = sum(len(each.windows.truth) for each in evidence)
    span = clock(sum(each.span_s for each in evidence))
    cards = [Card("recordings", str(len(study.recordings)), f"{span} of estimates")]
    if windows:
        cards += [
            _card("accuracy", scores["accuracy"], f"{windows} windows"),
            _card("UAR", scores["uar"], "mean recall of the classes"),
            _card("macro F1", scores["macro_f1"], ""),
        ]
        if not math.isnan(scores["ccc_valence"].value):
            cards.append(_card("CCC valence", scores["ccc_valence"], "", 2))
        cards.append(_card("ECE", scores["ece"], "calibration error", 3))
    cards.append(_card("coverage", scores["coverage"], "time with an estimate to act on"))
    cards.append(_card("changes a minute", scores["flips_per_minute"], "", 1))
    return cards


def _card(title: str, score: Score, note: str, digits: int | None = None) -> Card:
    return Card(title, _shown(score.value, digits), _ci(score, digits) or note)


def _figures_section(study: Evaluation) -> Section:
    names = [
        name
        for name in _FIGURES
        if any(not math.isnan(scores[name].value) for scores in study.scores.values())
    ]
    columns, rows = ["figure"], [[_FIGURES[name][0]] for name in names]
    count = len(clusters(next(iter(study.evidence.values())), study.unit))
    for configuration, scores in study.scores.items():
        columns += [configuration, "95 %"] if count > 1 else [configuration]
        for name, row in zip(names, rows, strict=True):
            digits = _FIGURES[name][1]
            row.append(_shown(scores[name].value, digits))
            row += [_ci(scores[name], digits) or "-"] if count > 1 else []
    few = ", which are few: the intervals are rough" if count < _FEW else ""
    note = (
        f"95 %: percentile bootstrap, {RESAMPLES} draws of {count} {study.unit}s{few}. "
        if count > 1
        else "No intervals: one recording does not tell how recordings differ. "
    )
    tables = [Table("Figures", columns, rows)]
    if study.labelled:
        tables += [_class_table(study)]
    return Section("Figures", (), [t for t in tables if t.rows], note + LEVELS_NOTE)


LEVELS_NOTE = (
    "Windows: each estimate against the label at the middle of its window. Frames: every 0.1 s the "
    "estimate that stands, as a robot has it. Clips: mean probability over a labelled stretch. "
    "Coverage: share of the time with an estimate that is not withheld."
)


def _class_table(study: Evaluation) -> Table:
    """Precision, recall and F1 by class, of the first configuration's windows."""
    name, evidence = next(iter(study.evidence.items()))
    if not evidence:
        return Table("By class", ["class"], [])
    confusion = confusion_of(evidence, "window")
    rows = []
    for index, label in enumerate(evidence[0].labels):
        right, actual, said = (
            int(confusion[index, index]),
            int(confusion[index].sum()),
            int(confusion[:, index].sum()),
        )
        if actual or said:
            rows.append(
                [
                    label,
                    str(actual),
                    percent(right / said) if said else "-",
                    percent(right / actual) if actual else "-",
                    percent(2 * right / (actual + said)) if actual else "-",
                ]
            )
    columns = ["class", "windows", "precision", "recall", "F1"]
    note = f"Windows, {name}." if len(study.scores) > 1 else "Windows."
    return Table("By class", columns, rows, note)


def _comparison_section(study: Evaluation) -> Section:
    tables = []
    for each in study.comparisons:
        rows = [
            [
                _FIGURES[d.figure][0],
                _signed(d.difference, _FIGURES[d.figure][1]),
                "-" if d.ci95 is None else _range(d.ci95, _FIGURES[d.figure][1], signed=True),
                "-" if d.p is None else f"{d.p:.3f}" if d.p >= 0.001 else "< 0.001",
            ]
            for d in each.differences
        ]
        title = f"{each.second} less {each.first}"
        tables.append(Table(title, ["figure", "difference", "95 %", "p"], rows))
    note = (
        "The same recordings under both. 95 %: paired bootstrap; p: paired randomisation test, two-"
        f"sided, exchanging configurations within {study.unit}s. Of many figures some fall below "
        "0.05 by chance alone."
    )
    return Section("Comparison", (), [table for table in tables if table.rows], note)


def _plots_section(study: Evaluation) -> Section:
    judged = {
        name: each
        for name, each in study.evidence.items()
        if any(len(part.windows.truth) for part in each)
    }
    charts = []
    for name, each in judged.items():
        for level in LEVELS[::2]:
            title = f"Confusion of {level}s" + (f", {name}" if len(judged) > 1 else "")
            counts = confusion_of(each, level)
            charts.append(Chart(title, draw_confusion(counts, each[0].labels, title)))
    if judged:
        risks = ", ".join(f"{name} {area_under_risk(each):.3f}" for name, each in judged.items())
        charts += [
            Chart(
                "Reliability", draw_reliability(judged), "On the dashed line confidence is right."
            ),
            Chart(
                "Risk when abstaining",
                draw_abstaining(judged),
                f"Errors left if only the surest windows are answered. Mean risk: {risks}.",
            ),
        ]
    rows = [
        [f"{share:.0%}", *(percent(risk_at(each, share)) for each in judged.values())]
        for share in _ANSWERED
    ]
    title = "Errors when abstaining"
    note = "Share of windows answered, the surest first, and of those the wrong ones."
    table = Table(title, ["answered", *judged], rows, note)
    return Section("Plots", charts, [table] if judged else [])


def _timelines_section(study: Evaluation) -> Section:
    shown = study.recordings[:MOST_TIMELINES]
    left = len(study.recordings) - len(shown)
    note = TIMELINE_NOTE + (
        f" The first {len(shown)} recordings; {left} more are in the tables." if left else ""
    )
    charts = [Chart(each.name, draw_timeline(each)) for each in shown]
    return Section("Timelines", charts, note=note, wide=True)


def _parts_section(study: Evaluation) -> Section:
    """Tables by file, subject and emotion."""
    tables = []
    for name, evidence in study.evidence.items():
        suffix = f", {name}" if len(study.scores) > 1 else ""
        tables.append(_group_table(f"By file{suffix}", clusters(evidence, "recording")))
        if any(each.person for each in evidence):
            tables.append(_group_table(f"By subject{suffix}", clusters(evidence, "subject")))
        tables.append(_share_table(f"Share of time{suffix}", study, name))
    return Section("Parts", (), [table for table in tables if table.rows])


def _group_table(title: str, groups: Mapping[str, Sequence[Evidence]]) -> Table:
    labelled = any(len(e.windows.truth) for own in groups.values() for e in own)
    names = (*_SHARES, "clip_accuracy", "ece", "onset_delay_s") if labelled else ()
    rows = []
    for name, own in groups.items():
        figures = figures_of(own)
        shown = [_shown(figures[each], _FIGURES[each][1]) for each in names]
        windows = [str(sum(len(each.windows.truth) for each in own))] if labelled else []
        rows.append(
            [
                name or "-",
                *windows,
                *shown,
                percent(figures["coverage"]),
                number(figures["flips_per_minute"], 1),
            ]
        )
    heading = ["accuracy", "UAR", "F1", "clips", "ECE", "onset, s"]
    columns = ["name", *(["windows", *heading] if labelled else []), "coverage", "changes/min"]
    return Table(title, columns, rows)


def _share_table(title: str, study: Evaluation, configuration: str) -> Table:
    """Share of the time of each class by recording."""
    summaries = {
        each.name: summarize_series(each.estimates[configuration])
        for each in study.recordings
        if configuration in each.estimates
    }
    classes = [
        name
        for name in classes_of(study.recordings)
        if any(name in summary.shares for summary in summaries.values())
    ]
    rows = [
        [
            name,
            *(percent(summary.shares.get(each, 0.0)) for each in classes),
            number(summary.valence, 2),
            number(summary.arousal, 2),
            number(summary.audio_weight, 2),
            number(summary.video_weight, 2),
        ]
        for name, summary in summaries.items()
    ]
    columns = ["name", *classes, "valence", "arousal", "voice", "face"]
    note = "Of the time with an estimate; means of valence, arousal and the streams' weights."
    return Table(title, columns, rows, note)


def _failures_section(study: Evaluation) -> Section:
    rows = [[f.recording, f.configuration, f.error] for f in study.failures]
    return Section("Failed", (), [Table("Failed", ["recording", "configuration", "why"], rows)])


def _shown(value: float, digits: int | None) -> str:
    return percent(value) if digits is None else number(value, digits)


def _ci(score: Score, digits: int | None) -> str:
    return "" if score.ci95 is None else _range(score.ci95, digits)


def _range(ends: tuple[float, float], digits: int | None, *, signed: bool = False) -> str:
    scale, places = (100, 1) if digits is None else (1, digits)
    sign = "+" if signed else ""
    return " to ".join(f"{scale * end:{sign}.{places}f}" for end in ends)


def _signed(value: float, digits: int | None) -> str:
    return f"{100 * value:+.1f} points" if digits is None else f"{value:+.{digits}f}"
