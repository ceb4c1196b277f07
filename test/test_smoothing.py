"""Smoothing depends on sensor time alone."""

import math

import numpy as np
import pytest

from emotion_recognition.smoothing import Smoother

SECOND = 10**9


def test_step_is_followed_to_63_percent_in_one_time_constant():
    smoother = Smoother(0.5, gap_s=5)
    smoother.update(0, np.array([0.0]))
    assert smoother.update(SECOND // 2, np.array([1.0])) == pytest.approx(1 - math.exp(-1))


def test_result_does_not_depend_on_the_rate():
    slow, fast = Smoother(0.5, gap_s=5), Smoother(0.5, gap_s=5)
    for smoother in (slow, fast):
        smoother.update(0, np.array([0.0]))
    for stamp in range(SECOND // 10, SECOND, SECOND // 10):
        fast.update(stamp, np.array([1.0]))
    np.testing.assert_allclose(
        fast.update(SECOND, np.array([1.0])), slow.update(SECOND, np.array([1.0]))
    )


def test_distributions_stay_distributions():
    smoother = Smoother(0.7, gap_s=5)
    rng = np.random.default_rng(1)
    for step in range(50):
        smoothed = smoother.update(step * SECOND // 4, rng.dirichlet(np.ones(8)))
        assert smoothed.sum() == pytest.approx(1)
        assert smoothed.min() >= 0


def test_zero_time_constant_passes_everything_through():
    smoother = Smoother(0, gap_s=5)
    smoother.update(0, np.array([0.0]))
    assert smoother.update(1, np.array([1.0])) == 1


@pytest.mark.parametrize("stamp", [6 * SECOND, -SECOND])
def test_gap_and_jump_back_start_anew(stamp):
    smoother = Smoother(0.5, gap_s=5)
    smoother.update(0, np.array([0.0]))
    assert smoother.update(stamp, np.array([1.0])) == 1


def test_reset_starts_anew():
    smoother = Smoother(0.5, gap_s=5)
    smoother.update(0, np.array([0.0]))
    smoother.reset()
    assert smoother.update(1, np.array([1.0])) == 1


def test_unknown_number_does_not_poison_later_ones():
    smoother = Smoother(0.5, gap_s=5)
    smoother.update(0, np.array([math.nan, 0.0]))
    first, second = smoother.update(SECOND, np.array([0.3, 0.0]))
    assert (first, second) == (0.3, 0.0)
    assert math.isnan(smoother.update(2 * SECOND, np.array([math.nan, 0.0]))[0])
