"""Exponential smoothing in sensor time."""

import math

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]


class Smoother:
    """First-order low-pass filter of vectors that arrive at any rate.

    A vector that comes ``dt`` after the one before it counts with the weight
    ``1 - exp(-dt / time_constant)``, so the result does not depend on the rate. Distributions stay
    distributions. A number that was NaN starts anew as soon as it is known.
    """

    def __init__(self, time_constant_s: float, gap_s: float) -> None:
        """Start empty.

        Args:
            time_constant_s: seconds until a step is followed to 63 %; 0: no smoothing.
            gap_s: after so many seconds without a vector the filter starts anew.
        """
        self._time_constant_ns = time_constant_s * 1e9
        self._gap_ns = gap_s * 1e9
        self._stamp_ns = 0
        self._state: Numbers | None = None

    def reset(self) -> None:
        """Start anew with the next vector."""
        self._state = None

    def update(self, stamp_ns: int, numbers: Numbers) -> Numbers:
        """Take up a vector of any length, the same each time; return the smoothed one."""
        elapsed_ns = stamp_ns - self._stamp_ns
        previous, self._state, self._stamp_ns = self._state, numbers, stamp_ns
        if previous is None or not self._time_constant_ns or not 0 <= elapsed_ns <= self._gap_ns:
            return numbers
        weight = -math.expm1(-elapsed_ns / self._time_constant_ns)
        smoothed = previous + weight * (numbers - previous)
        self._state = np.where(np.isnan(previous), numbers, smoothed)
        return self._state
