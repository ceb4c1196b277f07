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

"""Draws scalable pictures that lie inside an HTML page and take their colours from its theme."""

import math
from collections.abc import Iterable, Sequence
from html import escape

import numpy as np

from emotion_recognition.studies.series import Numbers

# After Okabe and Ito (2008): colours that people with any colour vision can tell apart, here such
# that they also show on a dark page.
PALETTE = ("#2B84C6", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#B8A800", "#8C8C8C")
_EMOTIONS = {
    "neutral": "#8C8C8C",
    "calm": "#8FD3E8",
    "happy": "#E69F00",
    "sad": "#4A90D9",
    "angry": "#D55E00",
    "fearful": "#CC79A7",
    "disgust": "#009E73",
    "surprised": "#D8C400",
}
_MOST_POINTS = 900  # of a curve: more than the picture has pixels


def colour_of(emotion: str) -> str:
    """Return the colour of a class; unknown ones share by their name's letters."""
    return _EMOTIONS.get(emotion, PALETTE[sum(map(ord, emotion)) % len(PALETTE)])


class Drawing:
    """Collects shapes in pixels from the upper left corner; ``svg`` is the picture."""

    def __init__(self, width: float, height: float, title: str) -> None:
        """Begin a picture.

        Args:
            width: of the picture, px; pages scale it.
            height: of the picture, px.
            title: what it shows, for readers who cannot see it.
        """
        self._head = (
            f'<svg viewBox="0 0 {_n(width)} {_n(height)}" width="{_n(width)}" role="img" '
            f'aria-label="{escape(title)}" xmlns="http://www.w3.org/2000/svg">'
        )
        self._parts: list[str] = []

    def rect(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        *,
        fill: str = "",
        kind: str = "",
        opacity: float = 1.0,
        tip: str = "",
    ) -> None:
        """Draw a rectangle by colour or style class, with a text that appears on pointing."""
        paint = f' fill="{fill}"' if fill else ""
        paint += f' class="{kind}"' if kind else ""
        paint += f' opacity="{_n(opacity)}"' if opacity < 1 else ""
        shape = f'<rect x="{_n(x)}" y="{_n(y)}" width="{_n(width)}" height="{_n(height)}"{paint}'
        self._parts.append(f"{shape}><title>{escape(tip)}</title></rect>" if tip else f"{shape}/>")

    def line(self, x1: float, y1: float, x2: float, y2: float, kind: str) -> None:
        """Draw a straight line in the style of a class."""
        self._parts.append(
            f'<line x1="{_n(x1)}" y1="{_n(y1)}" x2="{_n(x2)}" y2="{_n(y2)}" class="{kind}"/>'
        )

    def text(
        self, x: float, y: float, words: str, *, anchor: str = "start", kind: str = "t"
    ) -> None:
        """Write words with their baseline at ``y``; ``anchor`` is start, middle or end."""
        self._parts.append(
            f'<text x="{_n(x)}" y="{_n(y)}" text-anchor="{anchor}" class="{kind}">'
            f"{escape(words)}</text>"
        )

    def curve(self, x: Numbers, y: Numbers, colour: str, *, dashed: bool = False) -> None:
        """Draw a line through points (n,), broken where ``y`` is NaN."""
        step = max(1, math.ceil(len(x) / _MOST_POINTS))
        commands, pen = [], "M"
        for px, py in zip(x[::step].tolist(), y[::step].tolist(), strict=True):
            if math.isnan(py):
                pen = "M"
            else:
                commands.append(f"{pen}{_n(px)} {_n(py)}")
                pen = "L"
        if commands:
            dash = ' stroke-dasharray="5 4"' if dashed else ""
            self._parts.append(
                f'<path d="{"".join(commands)}" fill="none" stroke="{colour}" '
                f'stroke-width="1.8" stroke-linejoin="round" stroke-linecap="round"{dash}/>'
            )

    def dots(self, points: Iterable[tuple[float, float]], colour: str) -> None:
        """Draw a small disc at each point."""
        self._parts += [
            f'<circle cx="{_n(x)}" cy="{_n(y)}" r="3" fill="{colour}"/>' for x, y in points
        ]

    def picture(self, x: float, y: float, width: float, height: float, data: str, tip: str) -> None:
        """Place an image given as a ``data:`` address."""
        self._parts.append(
            f'<image x="{_n(x)}" y="{_n(y)}" width="{_n(width)}" height="{_n(height)}" '
            f'href="{data}"><title>{escape(tip)}</title></image>'
        )

    @property
    def svg(self) -> str:
        """The picture as an element of HTML."""
        return "".join([self._head, *self._parts, "</svg>"])


def ticks(span: float, most: int, steps: Sequence[float]) -> Numbers:
    """Return round places from 0 to ``span``, at most ``most`` of them, by the finest of steps."""
    step = next((each for each in steps if span / each <= most), steps[-1])
    return np.arange(0, span + step * 1e-6, step)


def _n(number: float) -> str:
    return f"{number:.2f}".rstrip("0").rstrip(".")
