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

"""Training: faces and points move together; a small run learns, and resumes where it stopped."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from emotion_recognition.model.face_points import MIRRORED
from emotion_recognition.model.landmark_network import LandmarkConfig, load_landmark_network
from emotion_recognition.training import landmarks
from emotion_recognition.training.landmarks import (
    WORST_ERROR,
    Faces,
    Motion,
    Recipe,
    batch,
    load_faces,
    loss_of,
    mean_error,
    move,
    train,
)

RECIPE = Recipe(
    network=LandmarkConfig(stem=4, widths=(8, 8, 16), neck=8),
    motion=Motion(0, 0, 0, 0),
    epochs=4,
    batch_size=16,
    learning_rate=1e-2,
    ema_decay=0.5,
)


@pytest.fixture(autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def spots(places, width=2.0):
    """Images (N, 1, 48, 48) with one bright spot each, at (N, 2) x and y."""
    rows, columns = torch.meshgrid(torch.arange(48.0), torch.arange(48.0), indexing="ij")
    x, y = places[:, 0, None, None], places[:, 1, None, None]
    return torch.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * width**2))[:, None]


@pytest.fixture(scope="module")
def faces():
    """A face that is a bright spot, about which its points lie in a ring that leans to the left."""
    torch.manual_seed(0)
    centres = torch.rand(128, 2) * 20 + 14
    angles = torch.arange(68) * 2 * np.pi / 68
    ring = torch.stack([8 * angles.cos(), 6 * angles.sin()], dim=1)
    ring = (ring + torch.stack([-ring[:, 0], ring[:, 1]], dim=1)[MIRRORED]) / 2  # symmetric
    crops = (spots(centres)[:, 0] * 200 + 20).to(torch.uint8)
    return Faces(crops, centres[:, None] + ring)


def test_points_move_with_the_face():
    torch.manual_seed(3)
    places = torch.rand(24, 2) * 14 + 17
    points = places[:, None].repeat(1, 68, 1)
    moved, seen = move(spots(places), points, Motion())
    rows, columns = torch.meshgrid(torch.arange(48.0), torch.arange(48.0), indexing="ij")
    total = moved.sum(dim=(1, 2, 3))
    centre = torch.stack(
        [(moved[:, 0] * columns).sum((1, 2)) / total, (moved[:, 0] * rows).sum((1, 2)) / total], 1
    )
    inside = ((seen[:, 0] > 8) & (seen[:, 0] < 39)).all(dim=1)
    assert inside.sum() > 15
    torch.testing.assert_close(seen[inside, 5], centre[inside], atol=0.15, rtol=0)


def test_half_of_the_faces_are_mirrored_with_their_sides_exchanged():
    torch.manual_seed(0)
    points = torch.rand(64, 68, 2) * 48
    crops = torch.rand(64, 1, 48, 48)
    moved, seen = move(crops, points, Motion(0, 0, 0, 0))
    flipped = (moved - crops).abs().amax(dim=(1, 2, 3)) > 0.01
    assert 15 < flipped.sum() < 49
    torch.testing.assert_close(seen[~flipped], points[~flipped], atol=1e-3, rtol=0)
    expected = points[flipped][:, MIRRORED]
    expected[..., 0] = 47 - expected[..., 0]
    torch.testing.assert_close(seen[flipped], expected, atol=1e-3, rtol=0)


def test_a_batch_holds_some_that_are_no_faces(faces):
    torch.manual_seed(0)
    crops, points, is_face = batch(faces.crops, faces.points, replace(RECIPE, no_faces=0.25))
    assert crops.shape == (128, 1, 48, 48) and points.shape == (128, 68, 2)
    assert crops.min() >= 0 and crops.max() <= 1
    assert 15 < (~is_face).sum() < 50


def test_loss_equals_the_published_formula():
    rng = np.random.default_rng(0)
    found, true = rng.normal(24, 8, (2, 3, 68, 2))
    off = np.abs(found - true)
    w, eps = RECIPE.wing_width, RECIPE.wing_bend
    wing = np.where(off < w, w * np.log(1 + off / eps), off - (w - w * np.log(1 + w / eps)))
    error = np.linalg.norm(found - true, axis=2).mean(1) / np.linalg.norm(
        true[:, 45] - true[:, 36], axis=1
    )
    error[2] = WORST_ERROR  # the third is no face: its points count for nothing
    doubt = np.log(np.clip(error, 1e-3, WORST_ERROR)) + np.array([0.5, -3, 0])
    expected = wing[:2].mean() + 0.1 * (0.5 * 0.5**2 + (3 - 0.5) + 0) / 3
    tensors = (torch.from_numpy(values) for values in (found, doubt, true))
    is_face = torch.tensor([True, True, False])
    assert float(loss_of(*tensors, is_face, RECIPE)) == pytest.approx(expected, rel=1e-6)


def test_a_run_learns(faces, tmp_path):
    path = train(faces, faces, replace(RECIPE, epochs=12, no_faces=0.0), tmp_path)
    history = json.loads((tmp_path / "history.json").read_text())
    assert len(history) == 12
    assert history[-1]["valid_nme"] < 0.5 * history[0]["valid_nme"]
    network, metadata = load_landmark_network(path)
    assert json.loads(metadata["history"]) == history
    assert mean_error(network, faces) == pytest.approx(history[-1]["valid_nme"], rel=0.05)


def test_a_resumed_run_equals_an_uninterrupted_one(faces, tmp_path, monkeypatch):
    whole, halves = tmp_path / "whole", tmp_path / "halves"
    train(faces, faces, RECIPE, whole)

    class KilledError(Exception):
        pass

    measured = []

    def die(network, valid):
        measured.append(network)
        if len(measured) == 3:
            raise KilledError
        return mean_error(network, valid)

    with monkeypatch.context() as patch:
        patch.setattr(landmarks, "mean_error", die)
        with pytest.raises(KilledError):
            train(faces, faces, RECIPE, halves)
    assert len(json.loads((halves / "history.json").read_text())) == 2
    train(faces, faces, RECIPE, halves, resume=True)
    runs = [json.loads((folder / "history.json").read_text()) for folder in (whole, halves)]
    for key in ("loss", "valid_nme"):
        values = [[entry[key] for entry in run] for run in runs]
        assert values[1] == pytest.approx(values[0], rel=1e-3)


def test_labels_of_another_split_are_refused(shared_data, tmp_path):
    np.savez(tmp_path / "teacher_test.npz", points=np.zeros((3, 68, 2)), scores=np.ones(3))
    with pytest.raises(ValueError, match=r"teacher_test\.npz: 3 faces, FER\+ test has 3573"):
        load_faces(shared_data, "test", tmp_path / "none.task", tmp_path)
