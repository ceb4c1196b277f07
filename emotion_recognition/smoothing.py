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

"""Steadies estimates from window to window, by sensor time alone.

Windows overlap, so successive ones say nearly the same, and where two emotions are about equally
probable the label flickers. Three filters, chosen by name:

* ``hysteresis``: the published label stays until another one is clearly more probable;
* ``hmm``: the forward filter of a hidden Markov model over the emotions;
* ``exponential``: a moving average.

What the first two need is fitted by ``training/smoother.py`` and kept in ``weights/smoother.json``.
"""

import json
import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emotion_recognition.model.checkpoint import CheckpointError
from emotion_recognition.model.digest import check_digest

Numbers = NDArray[np.float64]

METHODS = ("hysteresis", "hmm", "exponential", "none")
PARAMETERS_FILE = Path(__file__).with_name("weights") / "smoother.json"
FORMAT = "emotion_recognition/smoother/1"
_LEAST = 1e-9  # of a probability, so that no emotion is ruled out for good


class Filter(ABC):
    """Filters vectors of one length that arrive at any rate."""

    def __init__(self, gap_s: float) -> None:
        """Start empty; after ``gap_s`` without a vector, or a step back, it starts anew."""
        self._gap_ns = gap_s * 1e9
        self._stamp_ns: int | None = None

    def reset(self) -> None:
        """Start anew with the next vector."""
        self._stamp_ns = None

    def update(self, stamp_ns: int, numbers: Numbers) -> Numbers:
        """Take up a vector; return the filtered one."""
        elapsed_ns = -1 if self._stamp_ns is None else stamp_ns - self._stamp_ns
        self._stamp_ns = stamp_ns
        if 0 <= elapsed_ns <= self._gap_ns:
            return self._step(numbers, elapsed_ns / 1e9)
        return self._begin(numbers)

    @abstractmethod
    def _begin(self, numbers: Numbers) -> Numbers:
        """Take up the first vector."""

    @abstractmethod
    def _step(self, numbers: Numbers, elapsed_s: float) -> Numbers:
        """Take up another one."""


class ExponentialFilter(Filter):
    """First-order low-pass filter.

    A vector that comes ``dt`` after the one before it counts with the weight
    ``1 - exp(-dt / time_constant)``, so the result does not depend on the rate. Distributions stay
    distributions. A number that was NaN starts anew as soon as it is known.
    """

    def __init__(self, time_constant_s: float, gap_s: float) -> None:
        """Start empty; ``time_constant_s``: until a step is followed to 63 %; 0: no smoothing."""
        super().__init__(gap_s)
        self._time_constant_s = time_constant_s

    def _begin(self, numbers: Numbers) -> Numbers:
        self._state = numbers
        return numbers

    def _step(self, numbers: Numbers, elapsed_s: float) -> Numbers:
        if not self._time_constant_s:
            return self._begin(numbers)
        weight = -math.expm1(-elapsed_s / self._time_constant_s)
        smoothed = self._state + weight * (numbers - self._state)
        self._state = np.where(np.isnan(self._state), numbers, smoothed)
        return self._state


@dataclass(frozen=True)
class HysteresisParameters:
    """``odds`` for the published label, at least 1; ``sharpness``: exponent of what is published.

    Raises:
        ValueError: one is out of its range.
    """

    odds: float
    sharpness: float = 1.0

    def __post_init__(self) -> None:
        _check("odds", self.odds, 1, 100)
        _check("sharpness", self.sharpness, 0.1, 10)


class HysteresisFilter(Filter):
    """Keeps the label until another is ``odds`` times as probable in the newest window.

    It is a hidden Markov model with decision feedback: what was published counts as the state, and
    an emotion is ``odds`` times as likely to stay as to change to any one other. Windows that
    overlap are no independent evidence, so nothing is added up over them, and the rate of the
    windows does not matter.
    """

    def __init__(self, parameters: HysteresisParameters, gap_s: float) -> None:
        """Start empty."""
        super().__init__(gap_s)
        self._parameters = parameters

    def _begin(self, numbers: Numbers) -> Numbers:
        self._label = int(numbers.argmax())
        return _sharpened(numbers, self._parameters.sharpness)

    def _step(self, numbers: Numbers, elapsed_s: float) -> Numbers:
        held = numbers.copy()
        held[self._label] *= self._parameters.odds
        return self._begin(held)


@dataclass(frozen=True)
class HmmParameters:
    """What the forward filter needs.

    Attributes:
        switch_rate: Changes to an emotion drawn from all of them, per second.
        overlap_s: Windows that end so far apart count as independent evidence.
        sharpness: Exponent of what is published.

    Raises:
        ValueError: one is out of its range.
    """

    switch_rate: float
    overlap_s: float
    sharpness: float = 1.0

    def __post_init__(self) -> None:
        _check("switch_rate", self.switch_rate, 0.001, 100)
        _check("overlap_s", self.overlap_s, 0.01, 60)
        _check("sharpness", self.sharpness, 0.1, 10)


class HmmFilter(Filter):
    """The forward filter of a hidden Markov model whose states are the emotions.

    Rabiner 1989, equations 19 and 20, in continuous time: over ``dt`` the state stays with the
    probability ``exp(-switch_rate dt)`` and is drawn anew, from all emotions alike, otherwise. The
    emission is the network's probability over its uniform prior, to the power
    ``min(1, dt / overlap_s)``: the share of a window that is news.
    """

    def __init__(self, parameters: HmmParameters, gap_s: float) -> None:
        """Start empty."""
        super().__init__(gap_s)
        self._parameters = parameters

    def _begin(self, numbers: Numbers) -> Numbers:
        self._state = numbers
        return _sharpened(numbers, self._parameters.sharpness)

    def _step(self, numbers: Numbers, elapsed_s: float) -> Numbers:
        stay = math.exp(-self._parameters.switch_rate * elapsed_s)
        predicted = stay * self._state + (1 - stay) / len(numbers)
        news = min(1.0, elapsed_s / self._parameters.overlap_s)
        posterior = predicted * np.maximum(numbers, _LEAST) ** news
        return self._begin(posterior / posterior.sum())


@dataclass(frozen=True)
class SmoothingParameters:
    """The fitted parameters."""

    hysteresis: HysteresisParameters
    hmm: HmmParameters


def load_parameters(path: Path | None = None) -> SmoothingParameters:
    """Read the fitted parameters; None: the shipped ones.

    Raises:
        CheckpointError: the file is missing, is none of the kind, or holds a senseless value.
    """
    path = path or PARAMETERS_FILE
    try:
        check_digest(path)
        entries = json.loads(path.read_text(encoding="utf-8"))
        if entries["format"] != FORMAT:
            raise ValueError(f"format is {entries['format']!r}, expected {FORMAT!r}")
        return SmoothingParameters(
            HysteresisParameters(**entries["hysteresis"]), HmmParameters(**entries["hmm"])
        )
    except KeyError as error:
        reason = f"{error} is missing"
    except (OSError, ValueError, TypeError) as error:
        reason = str(error)
    raise CheckpointError(
        f"{path}: no usable parameters of the smoothing ({reason}): restore the file, fit it anew "
        "with 'python -m emotion_recognition.training.smoother', or set smoothing to exponential "
        "or none"
    )


def make_filter(method: str, time_constant_s: float, gap_s: float) -> Filter:
    """Return the filter for class probabilities that is called ``method``, one of ``METHODS``.

    Args:
        method: Its name.
        time_constant_s: For ``exponential`` alone.
        gap_s: After so many seconds without a vector it starts anew.

    Raises:
        CheckpointError: the fitted parameters cannot be read.
    """
    if method == "hysteresis":
        return HysteresisFilter(load_parameters().hysteresis, gap_s)
    if method == "hmm":
        return HmmFilter(load_parameters().hmm, gap_s)
    return ExponentialFilter(time_constant_s if method == "exponential" else 0.0, gap_s)


def _sharpened(probabilities: Numbers, sharpness: float) -> Numbers:
    """Return a distribution out of non-negative numbers to the power ``sharpness``."""
    powers: Numbers = np.maximum(probabilities, _LEAST) ** sharpness
    return powers / powers.sum()


def _check(name: str, value: object, low: float, high: float) -> None:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not low <= value <= high:  # type: ignore[operator]
        raise ValueError(f"{name} is {value!r}, expected a number from {low:g} to {high:g}")
