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

"""Aligned crops: points land on the template, whatever the pose; no aliasing; edges repeat."""

import cv2
import numpy as np
import pytest

from emotion_recognition.estimate import Box
from emotion_recognition.vision.align import TEMPLATE, align_face, box_points, fit_similarity
from emotion_recognition.vision.detect import Detection


def placed(scale, degrees, shift):
    """The template's points after a known similarity."""
    turn = np.deg2rad(degrees)
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    return (TEMPLATE @ rotation.T * scale + shift).astype(np.float32)


def with_points(points):
    return Detection(Box(0, 0, 10, 10), 1.0, points)


def umeyama(source, target):
    """Umeyama 1991, equations 38 to 43, by singular value decomposition."""
    a, b = source - source.mean(0), target - target.mean(0)
    u, d, vt = np.linalg.svd(b.T @ a / len(a))
    sign = np.diag([1, np.sign(np.linalg.det(u) * np.linalg.det(vt))])
    rotation = u @ sign @ vt
    scale = np.trace(np.diag(d) @ sign) / a.var(0).sum()
    return scale * rotation, target.mean(0) - scale * rotation @ source.mean(0)


def test_similarity_equals_the_published_formula():
    rng = np.random.default_rng(3)
    for _ in range(20):
        source = rng.normal(100, 30, (5, 2))
        target = source @ rng.normal(0, 1, (2, 2)) * 0.1 + TEMPLATE
        matrix, offset = umeyama(source, target)
        factor, shift = fit_similarity(source, target)
        linear = [[factor.real, -factor.imag], [factor.imag, factor.real]]
        np.testing.assert_allclose(linear, matrix, atol=1e-9)
        np.testing.assert_allclose([shift.real, shift.imag], offset, atol=1e-7)


@pytest.mark.parametrize("size", [48, 96])
@pytest.mark.parametrize(
    ("scale", "degrees", "shift"),
    [(1, 0, (100, 80)), (4.3, 0, (60, 50)), (3, 25, (150, 40)), (0.6, -40, (120, 160))],
)
def test_points_land_on_the_template(scale, degrees, shift, size):
    points = placed(scale, degrees, shift)
    landed = []
    for x, y in points:  # a soft spot at each point in turn; its centre of mass in the crop
        grid = np.mgrid[0:360, 0:480].astype(np.float32)
        spot = 250 * np.exp(-((grid[1] - x) ** 2 + (grid[0] - y) ** 2) / (2 * (2.5 * scale) ** 2))
        image = np.repeat(spot.astype(np.uint8)[..., None], 3, axis=2)
        crop = align_face(image, with_points(points), size).astype(float)
        rows, columns = np.mgrid[0:size, 0:size]
        landed.append([(crop * columns).sum() / crop.sum(), (crop * rows).sum() / crop.sum()])
    expected = (TEMPLATE + 0.5) * size / 48 - 0.5
    np.testing.assert_allclose(landed, expected, atol=0.25)


def test_crop_is_grey_of_the_size_asked_for():
    image = np.random.default_rng(0).integers(0, 256, (200, 200, 3), np.uint8)
    crop = align_face(image, with_points(placed(2, 0, (50, 50))))
    assert crop.shape == (48, 48) and crop.dtype == np.uint8
    assert align_face(image, with_points(placed(2, 0, (50, 50))), 64).shape == (64, 64)


def test_identity_returns_the_image_itself():
    image = cv2.GaussianBlur(
        np.random.default_rng(0).integers(0, 256, (48, 48, 3), np.uint8), (0, 0), 1.5
    )
    crop = align_face(image, with_points(TEMPLATE))
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    assert np.abs(crop.astype(int) - grey).max() <= 1


@pytest.mark.parametrize("scale", [2, 3, 6, 8])
def test_fine_stripes_become_grey_and_not_moire(scale):
    stripes = np.zeros((48 * scale, 48 * scale, 3), np.uint8)
    stripes[:, ::2] = 255
    crop = align_face(stripes, with_points(TEMPLATE * scale + (scale - 1) / 2))
    inner = crop[2:-2, 2:-2].astype(float)
    assert inner.std() < (8 if scale % 2 == 0 else 45)
    assert abs(inner.mean() - 127.5) < 3


def test_a_large_face_equals_area_averaging():
    image = np.random.default_rng(0).integers(0, 256, (240, 240, 3), np.uint8)
    crop = align_face(image, with_points((TEMPLATE + 0.5) * 5 - 0.5))
    expected = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY).reshape(48, 5, 48, 5).mean((1, 3))
    assert np.abs(crop - expected).max() <= 2


def test_outside_of_the_image_its_edge_is_repeated():
    image = np.zeros((100, 100, 3), np.uint8)
    image[:, :50] = 200
    crop = align_face(image, with_points(placed(2, 0, (-60, 10))))
    assert (crop[:, :25] == 200).all()  # left of the image


def test_without_points_the_box_decides():
    box = Box(100, 60, 120, 120)
    image = np.random.default_rng(0).integers(0, 256, (300, 300, 3), np.uint8)
    by_box = align_face(image, Detection(box, 1.0, None))
    np.testing.assert_array_equal(by_box, align_face(image, with_points(box_points(box))))
    eyes = box_points(box)[:2]
    assert (eyes[:, 1] < 120).all() and eyes[0, 0] < 160 < eyes[1, 0]


@pytest.mark.parametrize("points", [np.full((5, 2), 50.0), np.full((5, 2), -1e5), TEMPLATE * 1e4])
def test_senseless_points_give_a_crop_all_the_same(points):
    image = np.full((60, 60, 3), 77, np.uint8)
    assert (align_face(image, with_points(points)) == 77).all()
