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

"""The terminal picture of the newest ``EmotionState``: bars, valence-arousal plane, latency."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import isnan

import numpy as np
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from emotion_recognition.estimate import Flags
from emotion_recognition.msg import EmotionState
from emotion_recognition.nodes.ros.convert import nanoseconds

COLOURS = {
    "neutral": "white",
    "calm": "cyan",
    "happy": "yellow",
    "sad": "blue",
    "angry": "red",
    "fearful": "magenta",
    "disgust": "green",
    "surprised": "bright_cyan",
}
UNCERTAIN = "uncertain"
"""Stands in the history where an estimate was withheld."""
_BAR = 22  # cells
_BARS_WIDTH = 37  # label, bar and figure
_PLANE_WIDTH, _PLANE_HEIGHT = 29, 7  # odd, so that the axes have cells of their own


@dataclass
class LiveView:
    """What is shown.

    ``state`` is drawn at length: of several people the one who speaks, or else the first.
    ``people`` are all states of the newest window, and ``history`` holds (seconds since the start,
    label) of each ``state``.
    """

    title: str
    state: EmotionState | None = None
    people: list[EmotionState] = field(default_factory=list)
    elapsed_s: float = 0.0
    rates: dict[str, float] = field(default_factory=dict)  # "image", "audio": messages a second
    latencies_ms: list[float] = field(default_factory=list)
    history: list[tuple[float, str]] = field(default_factory=list)

    def note(self, state: EmotionState) -> None:
        """Take up the next state, of the newest window or of a new one."""
        if not self.people or self.people[0].header.stamp != state.header.stamp:
            self.people = []
        self.people.append(state)
        self.state = max(self.people, key=lambda each: each.audio_weight)

    def __rich__(self) -> RenderableType:
        """Draw the whole view, 80 cells wide and 18 high, and a line for each of several people."""
        if self.state is None:
            return Panel("waiting for the first estimate ...", title=self.title, width=80)
        return Panel(
            Group(
                _side_by_side(_bars(self.state), _plane(self.state)),
                Text(""),
                self._facts(self.state),
                *map(_person, self.people if len(self.people) > 1 else ()),
                Text(""),
                strip(self.history),
            ),
            title=f"{self.title}  {self.elapsed_s:5.1f} s",
            width=80,
            padding=(1, 2),
        )

    def _facts(self, state: EmotionState) -> Table:
        table = Table.grid(padding=(0, 2))
        table.add_row("[b]streams", _share("face", state.video_weight, "yellow"), _face(state))
        table.add_row("", _share("voice", state.audio_weight, "cyan"), flag_names(state.flags))
        if self.latencies_ms:
            p95_ms = float(np.percentile(self.latencies_ms, 95))
            rates = ", ".join(f"{rate:.0f} {name}/s" for name, rate in self.rates.items())
            table.add_row(
                "[b]latency", f"{self.latencies_ms[-1]:.0f} ms, P95 {p95_ms:.0f} ms", rates
            )
        return table


def line(state: EmotionState, elapsed_s: float) -> str:
    """Return the view as one line, for a log or a pipe."""
    if not state.probabilities:
        return f"{elapsed_s:6.2f} s  no estimate: {flag_names(state.flags)}"
    subject = f"#{state.subject} " if state.subject else ""
    return (
        f"{elapsed_s:6.2f} s  {subject}{state.emotion:<9} {state.confidence:.2f}  "
        f"valence {_signed(state.valence)}  arousal {_signed(state.arousal)}  "
        f"face {state.video_weight:.2f}  voice {state.audio_weight:.2f}  "
        f"latency {nanoseconds(state.latency) / 1e6:4.0f} ms  {flag_names(state.flags)}"
    ).rstrip()


def flag_names(flags: int) -> str:
    """Return the names of the set flags, such as 'no face, partial window'."""
    return ", ".join(
        flag.name.lower().replace("_", " ") for flag in Flags if flag & flags and flag.name
    )


def strip(history: Sequence[tuple[float, str]], width: int = 60) -> Text:
    """Return the past as ``width`` coloured cells; 20 s at first, then as long as it lasts."""
    length_s = max(20.0, history[-1][0] if history else 0.0)
    text = Text("over time  ", style="bold")
    cells = {int((width - 1) * time_s / length_s): label for time_s, label in history}
    for cell in range(width):
        label = cells.get(cell, "")
        text.append("█" if label else "·", style=COLOURS.get(label, "dim"))
    return text


def _side_by_side(left: RenderableType, right: RenderableType) -> Table:
    table = Table.grid(padding=(0, 4))
    table.add_row(left, right)
    return table


def _bars(state: EmotionState) -> Table:
    table = Table.grid(padding=(0, 1))
    table.min_width = _BARS_WIDTH
    if not state.probabilities:
        table.add_row("no estimate")
    for label, probability in zip(state.labels, state.probabilities, strict=True):
        cells = round(_BAR * probability)
        colour = COLOURS.get(label, "white")
        style = "bold" if label == state.emotion else ""
        table.add_row(
            Text(label, style=style),
            Text("█" * cells, style=colour) + Text("─" * (_BAR - cells), style="bright_black"),
            Text(f"{probability:4.2f}", style=style),
        )
    return table


def _plane(state: EmotionState) -> Text:
    """Valence to the right, arousal upwards, both from -1 to 1; the dot is the estimate."""
    rows = [[" "] * _PLANE_WIDTH for _ in range(_PLANE_HEIGHT)]
    middle_x, middle_y = _PLANE_WIDTH // 2, _PLANE_HEIGHT // 2
    rows[middle_y] = ["─"] * _PLANE_WIDTH
    for row in rows:
        row[middle_x] = "│"
    rows[middle_y][middle_x] = "┼"
    if not isnan(state.valence) and not isnan(state.arousal):
        x = round(middle_x * (1 + max(-1.0, min(1.0, state.valence))))
        y = round(middle_y * (1 - max(-1.0, min(1.0, state.arousal))))
        rows[y][x] = "●"
    text = Text("\n".join("".join(row) for row in rows), style="bright_black")
    text.highlight_regex("●", f"bold {COLOURS.get(state.emotion, 'white')}")
    text.append("\nvalence → ", style="dim")
    text.append(_signed(state.valence))
    text.append("  arousal ↑ ", style="dim")
    text.append(_signed(state.arousal))
    return text


def _person(state: EmotionState) -> Text:
    """One of several people: who, what, how sure, and whether the voice is theirs."""
    who = f"#{state.subject}" if state.subject else "unseen"
    text = Text(f"{who:<12}", style="bold")
    text.append(f"{state.emotion or '-':<10}", style=COLOURS.get(state.emotion, "dim"))
    text.append(f"{state.confidence:4.2f}  voice {state.audio_weight:4.2f}  ")
    text.append(flag_names(state.flags), style="dim")
    return text


def _share(name: str, weight: float, colour: str) -> Text:
    cells = round(12 * weight)
    bar = Text("█" * cells, style=colour) + Text("─" * (12 - cells), style="bright_black")
    return Text(f"{name:<6}") + bar + Text(f" {weight:.2f}")


def _face(state: EmotionState) -> str:
    face = state.face
    if not face.width:
        return "no face"
    subject = f"face {state.subject}: " if state.subject else "face "
    return f"{subject}{face.width}x{face.height} at ({face.x_offset}, {face.y_offset})"


def _signed(value: float) -> str:
    return " n/a " if isnan(value) else f"{value:+.2f}"
