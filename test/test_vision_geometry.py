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

"""Proportions of a face: golden values, and what must not change them."""

from dataclasses import asdict

import numpy as np
import pytest

from emotion_recognition.model.face_points import mirror
from emotion_recognition.vision.geometry import eye_aspect_ratio, face_geometry


@pytest.fixture
def face():
    """A drawn face, 100 units between the outer eye corners; not symmetric."""
    points = np.zeros((68, 2), np.float32)
    points[17:22] = [[0, -20], [10, -26], [20, -30], [30, -26], [38, -18]]  # mean (19.6, -24)
    points[22:27] = [[60, -10], [70, -12], [80, -14], [90, -12], [100, -12]]  # mean (80, -12)
    points[36:42] = [[0, 0], [10, -6], [20, -6], [30, 0], [20, 6], [10, 6]]
    points[42:48] = [[70, 0], [80, -3], [90, -3], [100, 0], [90, 3], [80, 3]]
    points[48:60, 1], points[48:60, 0] = 80, np.linspace(20, 80, 12)
    points[48], points[54] = [30, 74], [70, 70]
    points[51], points[57] = [50, 70], [50, 90]
    points[60:68] = [[35, 80], [40, 77], [50, 75], [60, 78], [65, 80], [60, 84], [50, 87], [40, 84]]
    return points


def turned(points, degrees, scale=1.0, shift=(0, 0)):
    angle = np.deg2rad(degrees)
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return (points @ rotation.T * scale + shift).astype(np.float32)


def test_golden_values(face):
    geometry = face_geometry(face)
    assert geometry.right_eye_opening == pytest.approx(12 / 30)
    assert geometry.left_eye_opening == pytest.approx(6 / 30)
    assert geometry.right_brow_height == pytest.approx(0.24)
    assert geometry.left_brow_height == pytest.approx(0.12)
    assert geometry.brow_gap == pytest.approx(np.hypot(22, 8) / 100)
    # Gaps 7, 12 and 6 between the pairs of inner lip points.
    assert geometry.mouth_opening == pytest.approx(25 / 3 / 100)
    assert geometry.mouth_width == pytest.approx(np.hypot(40, 4) / 100)
    assert geometry.mouth_corner_lift == pytest.approx(0.08)  # 72 against 80
    assert geometry.roll == 0


@pytest.mark.parametrize(("degrees", "scale"), [(0, 0.2), (0, 7), (30, 1), (-75, 3)])
def test_size_place_and_turn_change_nothing_but_the_roll(face, degrees, scale):
    before = asdict(face_geometry(face))
    after = asdict(face_geometry(turned(face, degrees, scale, (300, -40))))
    assert after.pop("roll") == pytest.approx(np.deg2rad(degrees), abs=1e-5)
    before.pop("roll")
    assert after == pytest.approx(before, abs=1e-5)


def test_a_mirror_exchanges_the_sides(face):
    face = turned(face, 10)
    seen, mirrored = (asdict(face_geometry(points)) for points in (face, mirror(face, 640)))
    exchanged = {
        key.replace("right", "x").replace("left", "right").replace("x", "left"): value
        for key, value in mirrored.items()
    }
    exchanged["roll"] *= -1
    assert exchanged == pytest.approx(seen, abs=1e-5)


def test_movements_change_what_they_should(face):
    rest = face_geometry(face)
    face[17:22, 1] -= 5
    face[[48, 54], 1] -= 6
    face[65:68, 1] += 9
    moved = face_geometry(face)
    assert moved.right_brow_height == pytest.approx(rest.right_brow_height + 0.05)
    assert moved.left_brow_height == pytest.approx(rest.left_brow_height)
    assert moved.mouth_corner_lift == pytest.approx(rest.mouth_corner_lift + 0.06)
    assert moved.mouth_opening == pytest.approx(rest.mouth_opening + 0.09)


def test_a_shut_eye_has_no_opening():
    shut = np.array([[0, 0], [10, 2], [20, 2], [30, 0], [20, 2], [10, 2]], np.float32)
    assert eye_aspect_ratio(shut) == 0


@pytest.mark.parametrize("points", [np.zeros((68, 3)), np.zeros((5, 2)), np.zeros(136)])
def test_other_shapes_are_refused(points):
    with pytest.raises(ValueError, match=r"expected \(68, 2\)"):
        face_geometry(points)


def test_a_face_without_extent_is_refused():
    with pytest.raises(ValueError, match="same place"):
        face_geometry(np.full((68, 2), 7.0))
    with pytest.raises(ValueError, match="same place"):
        face_geometry(np.full((68, 2), np.nan))
