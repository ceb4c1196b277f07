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

"""Smoothing depends on sensor time alone, and is steady without being late."""

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import expm
from scipy.special import logsumexp

from emotion_recognition.model.checkpoint import CheckpointError
from emotion_recognition.smoothing import (
    METHODS,
    PARAMETERS_FILE,
    ExponentialFilter,
    Filter,
    HmmFilter,
    HmmParameters,
    HysteresisFilter,
    HysteresisParameters,
    load_parameters,
    make_filter,
)

SECOND = 10**9
UPDATE = SECOND // 4


def mostly(index: int, probability: float = 0.9) -> np.ndarray:
    """A distribution over the emotions that favours one."""
    numbers = np.full(8, (1 - probability) / 7)
    numbers[index] = probability
    return numbers


def run(steady: Filter, rows: list[np.ndarray], period: int = UPDATE) -> np.ndarray:
    return np.array([steady.update(SECOND + n * period, row) for n, row in enumerate(rows)])


def filters() -> list[Filter]:
    return [make_filter(method, 0.5, gap_s=3.6) for method in METHODS]


# What all filters promise


@pytest.mark.parametrize("steady", filters(), ids=METHODS)
def test_distributions_stay_distributions(steady: Filter):
    rng = np.random.default_rng(1)
    rows = [rng.dirichlet(np.full(8, 0.05)) for _ in range(100)]  # with zeros among them
    smoothed = run(steady, rows)
    np.testing.assert_allclose(smoothed.sum(axis=1), 1)
    assert smoothed.min() >= 0


@pytest.mark.parametrize("steady", filters(), ids=METHODS)
@pytest.mark.parametrize("elapsed", [5 * SECOND, -SECOND])
def test_gap_and_jump_back_start_anew(steady: Filter, elapsed: int):
    alone = steady.update(100 * SECOND, mostly(3, 0.4))
    steady.reset()
    run(steady, [mostly(5)] * 8)
    last = SECOND + 7 * UPDATE
    np.testing.assert_array_equal(steady.update(last + elapsed, mostly(3, 0.4)), alone)


@pytest.mark.parametrize("steady", filters(), ids=METHODS)
def test_reset_starts_anew(steady: Filter):
    alone = steady.update(SECOND, mostly(3, 0.4))
    steady.update(SECOND, mostly(5))
    steady.reset()
    np.testing.assert_array_equal(steady.update(SECOND + 1, mostly(3, 0.4)), alone)


@pytest.mark.parametrize("method", ["hysteresis", "hmm"])
@settings(max_examples=20)
@given(before=st.integers(0, 7), after=st.integers(0, 7), windows=st.integers(1, 40))
def test_clear_change_is_followed_within_one_extra_update(method, before, after, windows):
    steady = make_filter(method, 0.5, gap_s=3.6)
    labels = run(steady, [mostly(before)] * windows + [mostly(after)] * 2).argmax(axis=1)
    assert (labels[:windows] == before).all()
    assert labels[-1] == after


def test_what_flickers_without_smoothing_is_steady():
    rows = [mostly(2 + n % 2, 0.4) * 0.5 + mostly(3 - n % 2, 0.35) * 0.5 for n in range(20)]
    changes = {
        method: np.count_nonzero(np.diff(run(steady, rows).argmax(axis=1)))
        for method, steady in zip(METHODS, filters(), strict=True)
    }
    assert changes["none"] == 19
    assert changes["hysteresis"] == 0


# Hysteresis


def test_label_stays_until_another_has_the_odds():
    steady = HysteresisFilter(HysteresisParameters(odds=2.0), gap_s=5)
    rows = [[0.6, 0.3, 0.1], [0.35, 0.6, 0.05], [0.3, 0.65, 0.05], [0.6, 0.4, 0.0]]
    published = run(steady, [np.array(row) for row in rows])
    # Row 2: 0.7 to 0.6. Row 3: 0.6 to 0.65. Row 4: 0.6 to 0.8.
    assert published.argmax(axis=1).tolist() == [0, 0, 1, 1]
    np.testing.assert_allclose(published[1], np.array([0.7, 0.6, 0.05]) / 1.35)
    np.testing.assert_allclose(published[3], np.array([0.6, 0.8, 0.0]) / 1.4, atol=1e-8)


def test_sharpness_changes_confidence_and_no_label():
    rng = np.random.default_rng(2)
    rows = [rng.dirichlet(np.ones(8)) for _ in range(200)]
    plain, soft = (
        run(HysteresisFilter(HysteresisParameters(1.7, sharpness), 5), rows)
        for sharpness in (1.0, 0.5)
    )
    np.testing.assert_array_equal(plain.argmax(axis=1), soft.argmax(axis=1))
    roots = np.sqrt(plain)
    np.testing.assert_allclose(soft, roots / roots.sum(axis=1, keepdims=True), atol=1e-6)


def test_hysteresis_does_not_depend_on_the_rate():
    """One emotion fades slowly into another: the label changes at the same moment."""
    share = np.linspace(0, 1, 101)
    rows = [(1 - s) * mostly(1) + s * mostly(6) for s in share]
    fast, slow = (
        HysteresisFilter(HysteresisParameters(odds=1.7, sharpness=0.7), 5) for _ in range(2)
    )
    every, fourth = run(fast, rows, UPDATE // 4), run(slow, rows[::4], UPDATE)
    np.testing.assert_allclose(every[::4], fourth)


# Hidden Markov model


def test_hmm_is_the_forward_filter():
    """Against the log domain, with the transition matrix from its generator."""
    parameters = HmmParameters(switch_rate=1.3, overlap_s=0.8, sharpness=0.6)
    rng = np.random.default_rng(3)
    rows = [rng.dirichlet(np.ones(8)) for _ in range(30)]
    stamps = np.cumsum(rng.integers(1, 5, 30)) * SECOND // 8
    steady = HmmFilter(parameters, gap_s=5)
    found = [steady.update(int(stamp), row) for stamp, row in zip(stamps, rows, strict=True)]
    generator = 1.3 * (np.full((8, 8), 1 / 8) - np.eye(8))
    log_state = np.log(rows[0])
    for n, row in enumerate(rows):
        if n:
            elapsed_s = (stamps[n] - stamps[n - 1]) / SECOND
            log_transition = np.log(expm(generator * elapsed_s))
            predicted = logsumexp(log_state[:, None] + log_transition, axis=0)
            log_state = predicted + min(1, elapsed_s / 0.8) * np.log(row / (1 / 8))
            log_state -= logsumexp(log_state)
        published = 0.6 * log_state
        np.testing.assert_allclose(found[n], np.exp(published - logsumexp(published)))


def test_flat_evidence_leaves_the_drift_to_the_prior():
    steady = HmmFilter(HmmParameters(switch_rate=0.7, overlap_s=1.0), gap_s=5)
    start = mostly(4)
    drifted = run(steady, [start, *[np.full(8, 1 / 8)] * 12])
    for n, row in enumerate(drifted):
        np.testing.assert_allclose(row - 1 / 8, (start - 1 / 8) * math.exp(-0.7 * n / 4))


def test_hmm_does_not_depend_on_the_rate():
    slow, fast = (HmmFilter(HmmParameters(0.5, 2.0), gap_s=5) for _ in range(2))
    rows = [mostly(1), *[mostly(6, 0.5)] * 12]
    seldom = run(slow, rows)
    often = run(fast, [rows[0], *[mostly(6, 0.5)] * 120], UPDATE // 10)
    np.testing.assert_allclose(often[::10], seldom, atol=0.05)


# Exponential


def test_step_is_followed_to_63_percent_in_one_time_constant():
    smoother = ExponentialFilter(0.5, gap_s=5)
    smoother.update(0, np.array([0.0]))
    assert smoother.update(SECOND // 2, np.array([1.0])) == pytest.approx(1 - math.exp(-1))


def test_exponential_does_not_depend_on_the_rate():
    slow, fast = ExponentialFilter(0.5, gap_s=5), ExponentialFilter(0.5, gap_s=5)
    for smoother in (slow, fast):
        smoother.update(0, np.array([0.0]))
    for stamp in range(SECOND // 10, SECOND, SECOND // 10):
        fast.update(stamp, np.array([1.0]))
    np.testing.assert_allclose(
        fast.update(SECOND, np.array([1.0])), slow.update(SECOND, np.array([1.0]))
    )


def test_zero_time_constant_passes_everything_through():
    smoother = ExponentialFilter(0, gap_s=5)
    smoother.update(0, np.array([0.0]))
    assert smoother.update(1, np.array([1.0])) == 1


def test_unknown_number_does_not_poison_later_ones():
    smoother = ExponentialFilter(0.5, gap_s=5)
    smoother.update(0, np.array([math.nan, 0.0]))
    first, second = smoother.update(SECOND, np.array([0.3, 0.0]))
    assert (first, second) == (0.3, 0.0)
    assert math.isnan(smoother.update(2 * SECOND, np.array([math.nan, 0.0]))[0])


# The file of parameters


def test_shipped_parameters_come_from_all_actors_and_reach_their_aim():
    entries = json.loads(PARAMETERS_FILE.read_text(encoding="utf-8"))
    assert entries["fitted"]["actors"] == list(range(1, 25))
    figures = entries["fitted"]["figures"]
    for method in ("hysteresis", "hmm"):
        assert figures[method]["added_delay_mean_s"] <= 0.25
        assert figures[method]["ece"] < 0.05
    assert figures["hysteresis"]["flips_per_minute"] < figures["hmm"]["flips_per_minute"]
    assert figures["hysteresis"]["flips_per_minute"] < 0.6 * figures["none"]["flips_per_minute"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"format": "other/1"}, "format is 'other/1', expected"),
        ({"format": None}, "format is None"),
        ({"hysteresis": None}, "mapping"),
        ({"hysteresis": {"odds": 0.5}}, "odds is 0.5, expected a number from 1"),
        ({"hysteresis": {"odds": math.nan}}, "odds is nan"),
        ({"hysteresis": {"odds": True}}, "odds is True"),
        ({"hysteresis": {}}, "odds"),
        ({"hysteresis": {"odds": 2, "evens": 1}}, "evens"),
        ({"hmm": {"switch_rate": "fast", "overlap_s": 1}}, "switch_rate is 'fast'"),
        ({"hmm": {"switch_rate": 1, "overlap_s": 0}}, "overlap_s is 0"),
        ({"hmm": {"switch_rate": 1, "overlap_s": 1, "sharpness": -1}}, "sharpness is -1"),
    ],
)
def test_senseless_parameters_are_refused(change, words, tmp_path):
    file = tmp_path / "mine.json"
    file.write_text(json.dumps({**json.loads(PARAMETERS_FILE.read_text()), **change}))
    with pytest.raises(CheckpointError, match=r"mine\.json") as caught:
        load_parameters(file)
    assert words in str(caught.value)


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"format": "emotion_recognition/smoother/1"}'])
def test_broken_file_is_refused_by_name(text, tmp_path):
    file = tmp_path / "mine.json"
    file.write_text(text)
    with pytest.raises(CheckpointError, match=r"mine\.json: no usable parameters"):
        load_parameters(file)
    with pytest.raises(CheckpointError, match=r"absent\.json"):
        load_parameters(tmp_path / "absent.json")
