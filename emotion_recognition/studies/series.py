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

"""The estimates of one face or voice of a recording over time, as arrays."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from emotion_recognition.bags.table import flag_names
from emotion_recognition.estimate import Flags

if TYPE_CHECKING:
    import pandas as pd

HOLD_S = 1.0
"""An estimate stands until the next one of its subject, but for no longer than this."""

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Series:
    """The n estimates of a subject in the order of time, for C classes.

    Attributes:
        subject: track id of the face; empty where a recording has only one.
        labels: names of the C classes.
        stamps_ns: (n,) ends of the windows, sensor time.
        probabilities: (n, C); NaN where no estimate was possible.
        valence: (n,) -1 to 1; NaN where unknown.
        arousal: (n,) -1 to 1; NaN where unknown.
        intensity: (n,) 0 to 1; NaN where unknown.
        audio_weight: (n,) share of the decision that the voice carried.
        video_weight: (n,) share of the decision that the face carried.
        withheld: (n,) whether the estimate says not to act on it.
    """

    subject: str
    labels: tuple[str, ...]
    stamps_ns: npt.NDArray[np.int64]
    probabilities: Numbers
    valence: Numbers
    arousal: Numbers
    intensity: Numbers
    audio_weight: Numbers
    video_weight: Numbers
    withheld: npt.NDArray[np.bool_]

    @property
    def available(self) -> npt.NDArray[np.bool_]:
        """(n,) Whether there is an estimate at all."""
        return np.asarray(~np.isnan(self.probabilities).any(axis=1))

    @property
    def usable(self) -> npt.NDArray[np.bool_]:
        """(n,) Whether there is an estimate that may be acted on."""
        return self.available & ~self.withheld

    @property
    def emotions(self) -> npt.NDArray[np.int64]:
        """(n,) Index of the most probable class; -1 where there is no estimate."""
        best = np.nan_to_num(self.probabilities, nan=0.0).argmax(axis=1)
        return np.where(self.available, best, -1).astype(np.int64)

    @property
    def confidence(self) -> Numbers:
        """(n,) Probability of the most probable class; NaN where there is no estimate."""
        return self.probabilities.max(axis=1)

    @property
    def held_s(self) -> Numbers:
        """(n,) For how long each estimate stands: until the next, at most ``HOLD_S``."""
        if len(self.stamps_ns) < 2:
            return np.full(len(self.stamps_ns), HOLD_S)
        gaps_s = np.minimum(np.diff(self.stamps_ns) / 1e9, HOLD_S)
        return np.append(gaps_s, np.median(gaps_s))

    @property
    def span_s(self) -> float:
        """Time from the first estimate until the last one stands no longer."""
        if not len(self.stamps_ns):
            return 0.0
        return float((self.stamps_ns[-1] - self.stamps_ns[0]) / 1e9 + self.held_s[-1])

    @property
    def flips(self) -> int:
        """How often the most probable class changes from one estimate to the next."""
        emotions = self.emotions[self.available]
        return int(np.count_nonzero(np.diff(emotions)))


def series_of(frame: "pd.DataFrame") -> list[Series]:
    """Return the estimates of a recording by subject, in the order of their first estimates.

    Args:
        frame: Estimates as rows: ``stamp_ns``, ``subject``, ``valence``, ``arousal``,
            ``intensity``, ``audio_weight``, ``video_weight``, ``flags`` (names joined by ``|``) and
            ``p_<label>`` for each class.

    Raises:
        ValueError: A column is missing.
    """
    needed = ("stamp_ns", "subject", "valence", "arousal", "intensity", "flags")
    missing = [name for name in (*needed, *WEIGHTS) if name not in frame.columns]
    labels = tuple(str(name)[2:] for name in frame.columns if str(name).startswith("p_"))
    if missing or not labels:
        raise ValueError(
            f"estimates lack the columns {', '.join(missing) or 'p_<label>'}: "
            f"got {', '.join(map(str, frame.columns))}"
        )
    subjects = frame["subject"].fillna("").astype(str).to_numpy()
    return [
        _series(subject, labels, frame[subjects == subject]) for subject in dict.fromkeys(subjects)
    ]


WEIGHTS = ("audio_weight", "video_weight")
_WITHHELD = flag_names(Flags.WITHHELD)


def _series(subject: str, labels: tuple[str, ...], frame: "pd.DataFrame") -> Series:
    frame = frame.sort_values("stamp_ns", kind="stable")

    def column(name: str) -> Any:
        return frame[name].to_numpy(np.float64)

    return Series(
        subject=subject,
        labels=labels,
        stamps_ns=frame["stamp_ns"].to_numpy(np.int64),
        probabilities=frame[[f"p_{label}" for label in labels]].to_numpy(np.float64),
        valence=column("valence"),
        arousal=column("arousal"),
        intensity=column("intensity"),
        audio_weight=column("audio_weight"),
        video_weight=column("video_weight"),
        withheld=np.array([_WITHHELD in str(f).split("|") for f in frame["flags"]], bool),
    )
