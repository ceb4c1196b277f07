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

"""Writes reports: one HTML file with everything in it, its tables as Markdown and LaTeX too."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from emotion_recognition import __version__
from emotion_recognition.evaluation.report import Table
from emotion_recognition.studies.labels import Label
from emotion_recognition.studies.series import series_of
from emotion_recognition.studies.summary import Summary, summarize_series
from emotion_recognition.studies.svg import colour_of
from emotion_recognition.studies.timeline import Picture, Recording, clock, draw_timeline

if TYPE_CHECKING:
    import pandas as pd

ABOUT = (
    "Estimates are guesses from outward signs in face and voice; they do not measure what anyone "
    "feels."
)


@dataclass(frozen=True)
class Card:
    """A figure that the report shows first."""

    title: str
    value: str
    note: str = ""


@dataclass(frozen=True)
class Chart:
    """A picture of the report, as SVG."""

    title: str
    svg: str
    note: str = ""


@dataclass(frozen=True)
class Section:
    """A part of the report: charts side by side, then tables."""

    title: str
    charts: Sequence[Chart] = ()
    tables: Sequence[Table] = ()
    note: str = ""
    wide: bool = False


@dataclass(frozen=True)
class Report:
    """A page.

    Attributes:
        title: what was studied.
        about: how, in a sentence or two.
        cards: figures shown first.
        sections: in their order.
        emotions: classes that occur, for the key of colours.
        warnings: what the reader has to know before believing the figures.
    """

    title: str
    about: str
    cards: Sequence[Card]
    sections: Sequence[Section]
    emotions: Sequence[str]
    warnings: Sequence[str] = ()


def write_report(
    path: Path,
    frame: "pd.DataFrame",
    name: str,
    *,
    labels: Sequence[Label] = (),
    pictures: Sequence[Picture] = (),
    origin_ns: int | None = None,
) -> None:
    """Write the report of one recording, without scores, to an HTML file.

    Args:
        path: File to write; its folder is made.
        frame: The estimates (see :func:`~.series.series_of` for the columns).
        name: Name of the recording for the title.
        labels: Shown above the estimates.
        pictures: Images at key moments; none by default, so that the file shows nobody.
        origin_ns: Sensor time that counts as 0; None: the first estimate.

    Raises:
        ValueError: A column is missing, or there is no estimate.
    """
    subjects = series_of(frame)
    if not subjects:
        raise ValueError(f"{name}: no estimates to report")
    recording = Recording(name, {"estimate": subjects}, labels, pictures, origin_ns)
    write_html(recording_report(recording), path)


def recording_report(recording: Recording) -> Report:
    """Return the report of one recording: its summary, its timeline and its tables."""
    subjects = next(iter(recording.estimates.values()))
    summary = summarize_series(subjects)
    chart = Chart("", draw_timeline(recording), TIMELINE_NOTE)
    return Report(
        title=recording.name,
        about=ABOUT,
        cards=summary_cards(summary),
        sections=(
            Section("Timeline", (chart,), wide=True),
            Section("Summary", (), summary_tables(summary, recording.span_ns[0])),
        ),
        emotions=classes_of([recording]),
    )


TIMELINE_NOTE = (
    "Pale bars: estimates that are withheld, too uncertain to act on. Voice and face: the share of "
    "the decision that each carried. Dashed: ratings of valence and arousal by people."
)


def classes_of(recordings: Sequence[Recording]) -> list[str]:
    """Return the classes that labels and estimates name, in the order of the model's classes."""
    found: dict[str, None] = {}
    for recording in recordings:
        for subjects in recording.estimates.values():
            found.update(dict.fromkeys(label for series in subjects for label in series.labels))
        found.update(dict.fromkeys(label.emotion for label in recording.labels if label.emotion))
    return list(found)


def summary_cards(summary: Summary) -> list[Card]:
    """Return the figures of a summary that are shown first."""
    most = next(iter(summary.shares), "-")
    share = summary.shares.get(most, 0.0)
    return [
        Card("analysed", clock(summary.duration_s), f"{summary.estimates} estimates"),
        Card("shown most", most, f"{percent(share)} of the time"),
        Card("coverage", percent(summary.coverage), "time with an estimate to act on"),
        Card("changes a minute", number(summary.flips_per_minute, 1), "of the most probable class"),
        Card("valence", number(summary.valence, 2), "mean, -1 to 1"),
        Card("arousal", number(summary.arousal, 2), "mean, -1 to 1"),
    ]


def summary_tables(summary: Summary, origin_ns: int) -> list[Table]:
    """Return the tables of a summary: shares, transitions, strongest moments."""
    shares = [[name, percent(share)] for name, share in summary.shares.items()]
    changes = [[t.before, t.after, str(t.count)] for t in summary.transitions[:12]]
    moments = [
        [clock((m.stamp_ns - origin_ns) / 1e9), m.emotion, f"{m.confidence:.2f}", m.subject or "-"]
        for m in summary.strongest
    ]
    return [
        Table("Share of time", ["emotion", "share"], shares, "Of the time with an estimate."),
        Table("Changes", ["from", "to", "times"], changes, "Of the most probable class."),
        Table("Strongest moments", ["time", "emotion", "confidence", "subject"], moments),
    ]


def write_html(report: Report, path: Path) -> None:
    """Write a page to a file; see :func:`write_text`."""
    write_text(html_of(report), path)


def write_text(text: str, path: Path) -> None:
    """Write a file, which appears when it is complete; the folder is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".part")
    try:
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def html_of(report: Report) -> str:
    """Return the page: no script, no address outside of it, light or dark as the reader likes."""
    import jinja2  # in the extra "studies"

    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string(
        files("emotion_recognition.studies").joinpath("report.html").read_text(encoding="utf-8")
    )
    key = [(name, colour_of(name)) for name in report.emotions]
    return template.render(report=report, key=key, version=__version__)


def write_tables(report: Report, folder: Path) -> None:
    """Write every table of a report as NAME.md and NAME.tex, named after its title."""
    for section in report.sections:
        for table in section.tables:
            name = re.sub(r"[^a-z0-9]+", "-", table.title.lower()).strip("-")
            heading = f"## {table.title}\n\n" + (f"{table.note}\n\n" if table.note else "")
            write_text(heading + table.markdown() + "\n", folder / f"{name}.md")
            write_text(latex(table), folder / f"{name}.tex")


_LATEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "±": r"$\pm$",
    "≥": r"$\geq$",
    **{sign: "\\" + sign for sign in "&%$#_{}"},
}


def latex(table: Table) -> str:
    """Return a table for LaTeX with the package booktabs: the first column left, others right."""

    def row(cells: Sequence[str]) -> str:
        return " & ".join("".join(_LATEX.get(sign, sign) for sign in c) for c in cells) + r" \\"

    lines = [
        r"\begin{table}",
        r"  \centering",
        rf"  \caption{{{row([table.title])[:-3]}}}",
        rf"  \begin{{tabular}}{{l{'r' * (len(table.columns) - 1)}}}",
        r"    \toprule",
        f"    {row(table.columns)}",
        r"    \midrule",
        *(f"    {row(cells)}" for cells in table.rows),
        r"    \bottomrule",
        r"  \end{tabular}",
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def percent(share: float) -> str:
    """Return a share of 1 as percent; ``-`` for NaN."""
    return "-" if share != share else f"{100 * share:.1f} %"


def number(value: float, digits: int) -> str:
    """Return a number with so many decimals; ``-`` for NaN."""
    return "-" if value != value else f"{value:.{digits}f}"
