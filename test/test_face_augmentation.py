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

"""Augmentation: what each change does to a face, and what it must leave alone."""

import pytest
import torch

from emotion_recognition.training.face_augmentation import Augmentation, augment, mix_up

NOTHING = Augmentation(
    rotation_deg=0,
    scale=0,
    shift=0,
    gamma=0,
    contrast=0,
    brightness=0,
    blur=0,
    noise=0,
    erase=0,
    mix=0.2,
)


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


def dot(x, y, count=64):
    """Faces that are black but for a bright blob at a point."""
    rows, columns = torch.meshgrid(torch.arange(48.0), torch.arange(48.0), indexing="ij")
    blob = torch.exp(-((rows - y) ** 2 + (columns - x) ** 2) / 8)
    return blob.expand(count, 1, 48, 48)


def centroids(faces):
    """(N, 2) x and y of the blobs."""
    pixels = torch.arange(48.0)
    mass = faces.sum(dim=(1, 2, 3))
    x = (faces.sum(dim=(1, 2)) * pixels).sum(1) / mass
    y = (faces.sum(dim=(1, 3)) * pixels).sum(1) / mass
    return torch.stack([x, y], dim=1)


def change(**amounts):
    return Augmentation(**{**vars(NOTHING), **amounts})


def test_without_amounts_faces_are_only_mirrored():
    faces = torch.rand(64, 1, 48, 48).clamp_min(1e-4)
    result = augment(faces, NOTHING)
    same = (result - faces).abs().amax(dim=(1, 2, 3)) < 1e-4
    mirrored = (result - faces.flip(3)).abs().amax(dim=(1, 2, 3)) < 1e-4
    assert (same ^ mirrored).all()
    assert 16 < same.sum() < 48


def test_all_changes_keep_shape_and_range():
    faces = torch.rand(32, 1, 48, 48)
    result = augment(faces, Augmentation())
    assert result.shape == faces.shape
    assert result.dtype == torch.float32
    assert result.min() >= 0
    assert result.max() <= 1
    assert ((result - faces).abs().amax(dim=(1, 2, 3)) > 0.1).all()


def test_shift_stays_within_its_limit_and_reaches_towards_it():
    moved = centroids(augment(dot(23.5, 23.5), change(shift=0.1))) - 23.5
    assert moved.abs().max() <= 4.8 + 0.1
    assert (moved.abs().amax(dim=0) > 4).all()


def test_rotation_turns_about_the_centre_without_changing_distances():
    # A blob 14 pixels above the centre; turned by at most 15 degrees.
    moved = centroids(augment(dot(23.5, 9.5), change(rotation_deg=15))) - 23.5
    radius = moved.norm(dim=1)
    torch.testing.assert_close(radius, torch.full_like(radius, 14.0), atol=0.3, rtol=0)
    angle = torch.rad2deg(torch.atan2(moved[:, 0], -moved[:, 1]))
    assert 12 < angle.abs().max() <= 15.5
    assert angle.min() < 0 < angle.max()


def test_scale_moves_points_in_proportion_to_their_distance():
    moved = centroids(augment(dot(23.5, 13.5), change(scale=0.2)))[:, 1] - 23.5
    # The inverse map divides by 0.8 to 1.2, stretched by up to a quarter of that amount.
    assert (moved.abs() > 10 * 0.8 / 1.05 - 0.2).all()
    assert (moved.abs() < 10 * 1.2 / 0.95 + 0.2).all()
    assert moved.abs().max() - moved.abs().min() > 2


def test_light_keeps_the_order_of_greys():
    ramp = torch.linspace(0.2, 0.8, 48).expand(32, 1, 48, 48)
    lit = augment(ramp, change(gamma=0.4, contrast=0.2, brightness=0.1))
    steps = lit.diff(dim=3)
    assert ((steps >= -1e-6).all(dim=(1, 2, 3)) | (steps <= 1e-6).all(dim=(1, 2, 3))).all()
    assert lit.mean(dim=(1, 2, 3)).std() > 0.02


def test_blur_touches_its_share_and_keeps_the_mean():
    faces = torch.rand(400, 1, 48, 48)
    faces = (faces + faces.flip(3)) / 2  # mirrored faces are equal
    blurred = augment(faces, change(blur=0.5))
    touched = (blurred - faces).abs().amax(dim=(1, 2, 3)) > 1e-3
    assert 150 < touched.sum() < 250
    assert (blurred[touched].std(dim=(1, 2, 3)) < faces[touched].std(dim=(1, 2, 3))).all()
    torch.testing.assert_close(blurred.mean(), faces.mean(), atol=1e-3, rtol=0)


def test_erasing_covers_one_rectangle_with_one_grey():
    faces = torch.rand(200, 1, 48, 48).clamp_min(1e-4)
    faces = (faces + faces.flip(3)) / 2
    erased = augment(faces, change(erase=0.5))
    changed = (erased - faces).abs() > 1e-4
    assert 70 < changed.any(dim=3).any(dim=2).sum() < 130
    for face, mask in zip(erased, changed, strict=True):
        if mask.any():
            rows, columns = mask[0].any(dim=1).nonzero(), mask[0].any(dim=0).nonzero()
            box = face[0, rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
            assert box.max() - box.min() < 1e-6
            assert all(7 <= side <= 25 for side in box.shape)


def test_mixing_blends_faces_and_targets_alike():
    values = torch.linspace(0, 1, 32)
    faces, targets = (
        values.view(32, 1, 1, 1).expand(32, 1, 48, 48),
        torch.stack([values, 1 - values], dim=1),
    )
    mixed, mixed_targets = mix_up(faces, targets, 0.5)
    torch.testing.assert_close(mixed[:, 0, 0, 0], mixed_targets[:, 0])
    torch.testing.assert_close(mixed_targets.sum(1), torch.ones(32))
    assert not torch.equal(mixed, faces)


def test_mixing_leaves_each_face_the_larger_share():
    faces = torch.zeros(2, 1, 48, 48)
    targets = torch.eye(2)
    for _ in range(20):
        _, mixed = mix_up(faces, targets, 1.0)
        assert (mixed.diagonal() >= 0.5).all()
