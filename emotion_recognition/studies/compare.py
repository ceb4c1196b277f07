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

"""Compares configurations on the same recordings: difference, its interval, and a paired test."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from emotion_recognition.studies.evidence import Evidence
from emotion_recognition.studies.scores import (
    RESAMPLES,
    SEED,
    draws,
    interval,
    tallies_of,
)
from emotion_recognition.studies.series import Numbers

PERMUTATIONS = 10_000
_EXHAUSTIVE = 13  # up to so many clusters every exchange is tried: at most 8192

COMPARED = (
    "accuracy",
    "uar",
    "macro_f1",
    "clip_accuracy",
    "ccc_valence",
    "ccc_arousal",
    "ece",
    "onset_delay_s",
    "coverage",
    "flips_per_minute",
)


@dataclass(frozen=True)
class Difference:
    """How a figure of configuration ``second`` differs from that of ``first``.

    ``difference`` is second less first; ``ci95`` its paired bootstrap interval; ``p`` the share of
    exchanges of the two that give as great a difference, two-sided; both None for one cluster.
    """

    figure: str
    first: str
    second: str
    difference: float
    ci95: tuple[float, float] | None
    p: float | None


def compare(
    first: str,
    second: str,
    clusters_first: Sequence[Sequence[Evidence]],
    clusters_second: Sequence[Sequence[Evidence]],
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> list[Difference]:
    """Compare two configurations on the same clusters, such as recordings.

    The bootstrap draws the same clusters for both. The test exchanges the two configurations within
    clusters: if they were alike, every exchange would be as likely (Fisher's paired randomisation
    test; Yeh 2000, section 3). Up to 13 clusters all exchanges are tried, otherwise
    ``PERMUTATIONS`` random ones, with one added to both counts.

    Args:
        first: Name of the one.
        second: Name of the other.
        clusters_first: Evidence of the one by cluster.
        clusters_second: Evidence of the other, of the same clusters in the same order.
        resamples: Draws of the bootstrap.
        seed: Of draws and exchanges.

    Returns:
        One for each of ``COMPARED`` that is defined for both.
    """
    ours, layout = tallies_of(clusters_first)
    theirs, _ = tallies_of(clusters_second)
    count = len(ours)
    values = [layout.figures(tallies.sum(axis=0)) for tallies in (ours, theirs)]
    named = [name for name in COMPARED if not np.isnan([values[0][name], values[1][name]]).any()]
    if count < 2:
        return [
            Difference(name, first, second, float(values[1][name] - values[0][name]), None, None)
            for name in named
        ]
    weights = draws(count, resamples, seed)
    drawn = [layout.figures(weights @ each, each.sum(axis=0)) for each in (ours, theirs)]
    # An exchange hands each cluster's counts to the other one: what one gains, the other loses.
    one = _exchanges(count, seed) @ (ours - theirs) + theirs.sum(axis=0)
    other = ours.sum(axis=0) + theirs.sum(axis=0) - one
    exchanged = [layout.figures(each) for each in (one, other)]
    found = []
    for name in named:
        difference = float(values[1][name] - values[0][name])
        chance = exchanged[1][name] - exchanged[0][name]
        ci95 = interval(drawn[1][name] - drawn[0][name])
        p = _p(difference, chance, exhaustive=count <= _EXHAUSTIVE)
        found.append(Difference(name, first, second, difference, ci95, p))
    return found


def _exchanges(count: int, seed: int) -> Numbers:
    """Rows of 0 and 1: which clusters keep their configuration."""
    if count <= _EXHAUSTIVE:
        return np.array(list(product((1.0, 0.0), repeat=count)))
    generator = np.random.default_rng(seed)
    return generator.integers(0, 2, size=(PERMUTATIONS, count)).astype(np.float64)


def _p(difference: float, chance: Numbers, *, exhaustive: bool) -> float:
    known = chance[~np.isnan(chance)]
    # A difference that the order of additions alone makes smaller is as great.
    great = int(np.count_nonzero(np.abs(known) >= abs(difference) - 1e-9))
    return great / len(known) if exhaustive else (great + 1) / (len(known) + 1)
