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

"""Draws a recording over time: labels, estimates, confidence, stream weights, valence, arousal."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from emotion_recognition.studies.labels import Label
from emotion_recognition.studies.series import Numbers, Series
from emotion_recognition.studies.summary import runs
from emotion_recognition.studies.svg import Drawing, colour_of, ticks

WIDTH, LEFT, RIGHT = 980, 128, 14
_LANE, _GAP = 22, 9
_STEPS_S = (0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400)
_LETTER = 6.6  # px, of a label inside its bar


@dataclass(frozen=True)
class Picture:
    """A small image of the recording: JPEG bytes, its shape in pixels, and what it shows."""

    stamp_ns: int
    jpeg: bytes
    width: int
    height: int
    caption: str


@dataclass(frozen=True)
class Recording:
    """What a report shows of one recording.

    Attributes:
        name: how the reader knows it.
        estimates: by the name of the configuration, the estimates by subject.
        labels: what people said of it, in the order of time.
        pictures: small images; empty: none are shown.
        origin_ns: sensor time that counts as 0; None: the first estimate.
    """

    name: str
    estimates: Mapping[str, Sequence[Series]]
    labels: Sequence[Label] = ()
    pictures: Sequence[Picture] = field(default=(), repr=False)
    origin_ns: int | None = None

    @property
    def span_ns(self) -> tuple[int, int]:
        """Begin and end of what is drawn, sensor time."""
        every = [series for each in self.estimates.values() for series in each]
        begins = [int(series.stamps_ns[0]) for series in every]
        ends = [int(series.stamps_ns[-1] + series.held_s[-1] * 1e9) for series in every]
        begin = self.origin_ns if self.origin_ns is not None else min(begins, default=0)
        return begin, max([*ends, *(label.end_ns for label in self.labels), begin + 1])


def draw_timeline(recording: Recording) -> str:
    """Return the picture of a recording as SVG.

    Labels and estimates of every configuration are bars; the curves below are of the first one, for
    each of its subjects.
    """
    tracks = [
        (name, series) for name, subjects in recording.estimates.items() for series in subjects
    ]
    first = next(iter(recording.estimates.values()), ())
    pictures = max((picture.height for picture in recording.pictures), default=0)
    height: float = (
        (pictures + _GAP if pictures else 0)
        + (len(tracks) + bool(recording.labels)) * (_LANE + _GAP)
        + len(first) * (_CURVES + 3 * _GAP)
        + 26
    )
    lanes = _Lanes(Drawing(WIDTH, height, f"timeline of {recording.name}"), recording)
    if pictures:
        lanes.pictures(recording.pictures, pictures)
    if recording.labels:
        lanes.labels(recording.labels)
    several = len(first) > 1
    for name, series in tracks:
        lanes.estimates(f"{name} {series.subject}" if several else name, series)
    for series in first:
        lanes.curves(series, recording.labels, series.subject if several else "")
    return lanes.finish()


_CONFIDENCE, _WEIGHTS, _AFFECT = 40, 34, 56
_CURVES = _CONFIDENCE + _WEIGHTS + _AFFECT


class _Lanes:
    """Places lane below lane on a common axis of time."""

    def __init__(self, drawing: Drawing, recording: Recording) -> None:
        begin_ns, end_ns = recording.span_ns
        self._drawing = drawing
        self._begin_ns, self._span_s = begin_ns, (end_ns - begin_ns) / 1e9
        self._top = 0.0

    def pictures(self, pictures: Sequence[Picture], height: float) -> None:
        free: float = LEFT
        for picture in sorted(pictures, key=lambda each: each.stamp_ns):
            middle = self._x(picture.stamp_ns)
            x = max(free, min(middle - picture.width / 2, WIDTH - RIGHT - picture.width))
            if x + picture.width <= WIDTH - RIGHT:
                self._drawing.picture(
                    x,
                    self._top,
                    picture.width,
                    picture.height,
                    data_address(picture.jpeg),
                    picture.caption,
                )
                free = x + picture.width + 4
        self._next(height)

    def labels(self, labels: Sequence[Label]) -> None:
        self._title("label")
        for label in labels:
            self._bar(label.emotion, label.start_ns, label.end_ns, f"label: {label.emotion or '-'}")
        self._next(_LANE)

    def estimates(self, title: str, series: Series) -> None:
        self._title(title)
        emotions, held_ns = series.emotions, (series.held_s * 1e9).astype(np.int64)
        state = np.where(emotions < 0, -1, 2 * emotions + series.withheld)
        for begin, end in runs(state):
            if emotions[begin] < 0:
                continue
            name, withheld = series.labels[emotions[begin]], bool(series.withheld[begin])
            mean = float(np.mean(series.confidence[begin:end]))
            tip = f"{name}, mean confidence {mean:.2f}{', withheld' if withheld else ''}"
            stop_ns = int(series.stamps_ns[end - 1] + held_ns[end - 1])
            self._bar(name, int(series.stamps_ns[begin]), stop_ns, tip, 0.4 if withheld else 1.0)
        self._next(_LANE)

    def curves(self, series: Series, labels: Sequence[Label], subject: str) -> None:
        x = self._xs(series.stamps_ns)
        self._field((f"confidence {subject}".strip(),), _CONFIDENCE, ("1", "0"))
        self._line(x, series.confidence, (0, 1), _CONFIDENCE, "var(--ink)")
        self._next(_CONFIDENCE)
        self._field(("voice", "face"), _WEIGHTS, ("", ""))
        self._weights(series)
        self._next(_WEIGHTS)
        self._field(("valence", "arousal"), _AFFECT, ("1", "-1"))
        self._drawing.line(
            LEFT, self._top + _AFFECT / 2, WIDTH - RIGHT, self._top + _AFFECT / 2, "rule"
        )
        for values, colour in (
            (series.valence, "var(--valence)"),
            (series.arousal, "var(--arousal)"),
        ):
            self._line(x, values, (-1, 1), _AFFECT, colour)
        for label in labels:
            for value, colour in (
                (label.valence, "var(--valence)"),
                (label.arousal, "var(--arousal)"),
            ):
                ends = self._xs(np.array([label.start_ns, label.end_ns]))
                self._line(ends, np.array([value, value]), (-1, 1), _AFFECT, colour, dashed=True)
        self._next(_AFFECT)

    def finish(self) -> str:
        bottom = self._top - _GAP + 4
        self._drawing.line(LEFT, bottom, WIDTH - RIGHT, bottom, "axis")
        for second in ticks(self._span_s, 12, _STEPS_S).tolist():
            x = self._x(self._begin_ns + round(second * 1e9))
            self._drawing.line(x, bottom, x, bottom + 4, "axis")
            self._drawing.text(x, bottom + 17, clock(second), anchor="middle", kind="s")
        return self._drawing.svg

    def _bar(self, name: str, start_ns: int, end_ns: int, tip: str, opacity: float = 1.0) -> None:
        left, right = max(self._x(start_ns), LEFT), min(self._x(end_ns), WIDTH - RIGHT)
        if right <= left or not name:
            return
        begin, end = (clock((stamp - self._begin_ns) / 1e9) for stamp in (start_ns, end_ns))
        width = max(right - left - 0.6, 0.4)
        self._drawing.rect(
            left,
            self._top,
            width,
            _LANE,
            fill=colour_of(name),
            opacity=opacity,
            tip=f"{begin} to {end}: {tip}",
        )
        if len(name) * _LETTER < width - 4:
            kind = "b" if opacity == 1 else "t"
            self._drawing.text((left + right) / 2, self._top + 15, name, anchor="middle", kind=kind)

    def _weights(self, series: Series) -> None:
        """Stacked shares of voice (above) and face (below), a bar while they are alike to 0.05."""
        shares = np.round(np.stack([series.audio_weight, series.video_weight], axis=1) * 20) / 20
        _, states = np.unique(shares, axis=0, return_inverse=True)
        for begin, end in runs(states.reshape(-1).astype(np.int64)):
            voice, face = shares[begin]
            x = self._x(int(series.stamps_ns[begin]))
            stop_ns = int(series.stamps_ns[end - 1] + series.held_s[end - 1] * 1e9)
            width = self._x(stop_ns) - x
            tip = f"voice {voice:.2f}, face {face:.2f}"
            high, low = voice * _WEIGHTS, face * _WEIGHTS
            if high > 0:
                self._drawing.rect(x, self._top, width, high, fill="var(--voice)", tip=tip)
            if low > 0:
                self._drawing.rect(
                    x, self._top + _WEIGHTS - low, width, low, fill="var(--face)", tip=tip
                )

    def _line(
        self,
        x: Numbers,
        values: Numbers,
        ends: tuple[float, float],
        height: float,
        colour: str,
        *,
        dashed: bool = False,
    ) -> None:
        low, high = ends
        y = self._top + height * (1 - (np.asarray(values, np.float64) - low) / (high - low))
        self._drawing.curve(x, y, colour, dashed=dashed)

    def _title(self, words: str) -> None:
        short = words if len(words) <= 17 else words[:16] + "…"
        self._drawing.text(LEFT - 22, self._top + _LANE / 2 + 4, short, anchor="end")

    def _field(self, words: Sequence[str], height: float, ends: tuple[str, str]) -> None:
        """The ground of curves: its names below each other, and what its edges stand for."""
        self._drawing.rect(LEFT, self._top, WIDTH - RIGHT - LEFT, height, kind="field")
        for index, word in enumerate(words):
            y = self._top + height / 2 + 4 + 15 * (index - (len(words) - 1) / 2)
            self._drawing.text(LEFT - 22, y, word, anchor="end", kind=f"t {word}")
        self._drawing.text(LEFT - 6, self._top + 9, ends[0], anchor="end", kind="s")
        self._drawing.text(LEFT - 6, self._top + height, ends[1], anchor="end", kind="s")

    def _next(self, height: float) -> None:
        self._top += height + _GAP

    def _x(self, stamp_ns: int) -> float:
        share = (stamp_ns - self._begin_ns) / 1e9 / self._span_s
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    def _xs(self, stamps_ns: np.ndarray) -> Numbers:
        seconds = (stamps_ns - self._begin_ns) / 1e9
        return LEFT + seconds / self._span_s * (WIDTH - LEFT - RIGHT)


def clock(seconds: float) -> str:
    """Return a time of a recording as people read it: ``4.5 s``, ``2:05`` or ``1:02:05``."""
    if seconds < 120:
        return f"{seconds:.1f}".removesuffix(".0") + " s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def data_address(jpeg: bytes) -> str:
    """Return a JPEG as an address that a page can hold."""
    import base64

    return "data:image/jpeg;base64," + base64.b64encode(jpeg).decode("ascii")
