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

"""Scores against the votes of several people, worked out by hand."""

import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon
from scipy.stats import entropy

from emotion_recognition.evaluation.votes import (
    agreement_with_others,
    distribution_scores,
    majority,
)


def test_a_tie_and_no_votes_have_no_majority() -> None:
    counts = np.array([[3, 1, 0], [2, 2, 1], [0, 0, 0], [0, 0, 1], [1, 1, 1]])
    assert majority(counts).tolist() == [0, -1, -1, 2, -1]


def test_people_are_compared_with_the_majority_of_the_others() -> None:
    # Three to one: each of the three agrees with the others (2 to 1), the one does not (3 to 0).
    assert agreement_with_others(np.array([[3, 1, 0]])) == pytest.approx(3 / 4)
    # Two to one: for each of the two the others are tied, and left out; the one is wrong.
    assert agreement_with_others(np.array([[2, 1, 0]])) == pytest.approx(0)
    assert agreement_with_others(np.array([[5, 0, 0]])) == 1.0
    # A vote alone has no others; the mean is over samples, however many voted.
    assert agreement_with_others(np.array([[1, 0, 0], [9, 0, 0], [3, 1, 0]])) == pytest.approx(
        7 / 8
    )


def test_distances_are_those_of_scipy() -> None:
    generator = np.random.default_rng(0)
    votes = generator.multinomial(10, [0.5, 0.3, 0.2, 0], 40) / 10
    probabilities = generator.dirichlet(np.ones(4), 40)
    found = distribution_scores(votes, probabilities)
    assert found["kl"] == pytest.approx(np.mean(entropy(votes, probabilities, axis=1)))
    own = np.mean(entropy(votes, axis=1))
    assert found["cross_entropy"] == pytest.approx(found["kl"] + own)
    distance = jensenshannon(votes, probabilities, axis=1)
    assert found["jensen_shannon"] == pytest.approx(np.mean(distance**2))
    assert found["mean_absolute_difference"] == pytest.approx(np.abs(votes - probabilities).mean())


def test_the_votes_themselves_are_at_no_distance() -> None:
    votes = np.array([[0.5, 0.5, 0.0], [1.0, 0.0, 0.0]])
    found = distribution_scores(votes, votes)
    assert found["kl"] == found["mean_absolute_difference"] == 0
    assert found["jensen_shannon"] == pytest.approx(0, abs=1e-12)
    apart = distribution_scores(np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]]))
    assert apart["jensen_shannon"] == pytest.approx(np.log(2))
