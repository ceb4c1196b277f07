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

"""The 68-point layout: mirroring, the unit of errors, the five points."""

import numpy as np
import pytest

from emotion_recognition.model.face_points import (
    INNER_LIPS,
    JAW,
    LEFT_BROW,
    LEFT_EYE,
    MIRRORED,
    NOSE,
    OUTER_LIPS,
    POINTS,
    RIGHT_BROW,
    RIGHT_EYE,
    eye_distance,
    five_points,
    mirror,
    point_errors,
)


@pytest.fixture
def points():
    return np.random.default_rng(0).uniform(0, 100, (POINTS, 2)).astype(np.float32)


def test_mirroring_pairs_the_points():
    assert sorted(MIRRORED) == list(range(POINTS))
    np.testing.assert_array_equal(MIRRORED[MIRRORED], np.arange(POINTS))
    on_the_axis = np.flatnonzero(np.arange(POINTS) == MIRRORED)
    # Chin, bridge and base of the nose, middles of the lips' four edges.
    np.testing.assert_array_equal(on_the_axis, [8, 27, 28, 29, 30, 33, 51, 57, 62, 66])


@pytest.mark.parametrize(
    ("part", "other"),
    [
        (RIGHT_BROW, LEFT_BROW),
        (RIGHT_EYE, LEFT_EYE),
        (JAW, JAW),
        (NOSE, NOSE),
        (OUTER_LIPS, OUTER_LIPS),
        (INNER_LIPS, INNER_LIPS),
    ],
)
def test_mirrored_parts_are_parts(part, other):
    numbers = np.arange(POINTS)
    assert set(MIRRORED[numbers[part]]) == set(numbers[other])


def test_a_mirrored_face_has_its_left_on_the_other_side(points):
    mirrored = mirror(points, width=200)
    # The person's right outer eye corner is what the mirror shows as the left one.
    np.testing.assert_allclose(mirrored[36], [199 - points[45, 0], points[45, 1]])
    np.testing.assert_allclose(mirror(mirrored, width=200), points, atol=1e-4)


def test_the_unit_is_the_distance_of_the_outer_eye_corners(points):
    points[36], points[45] = (10, 20), (40, 60)
    assert eye_distance(points) == pytest.approx(50)
    moved = points + np.array([3, 4], np.float32)
    np.testing.assert_allclose(
        point_errors(moved[None], points[None]), np.full((1, 68), 0.1), rtol=1e-5
    )


def test_five_points_are_those_of_detectors(points):
    points[36:42] = [[10, 20], [12, 18], [14, 18], [16, 20], [14, 22], [12, 22]]
    five = five_points(points)
    np.testing.assert_allclose(five[0], [13, 20])
    np.testing.assert_allclose(five[1], points[42:48].mean(axis=0), rtol=1e-6)
    np.testing.assert_array_equal(five[2:], points[[30, 48, 54]])
