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

"""The teacher: its layout, its squares, its errors; real faces where it is at hand."""

import sys
import zipfile

import cv2
import numpy as np
import pytest

from emotion_recognition.corpora.ferplus import load_ferplus
from emotion_recognition.evaluation.landmark_faces import CutFace
from emotion_recognition.evaluation.landmark_teacher import (
    FILE,
    TO_68,
    LandmarkTeacher,
    Square,
    TeacherError,
    around_crop,
    surrounding,
    teach_crops,
)
from emotion_recognition.model.face_points import mirror, point_errors
from emotion_recognition.vision.align import Placement


def test_the_layout_takes_68_different_points():
    assert len(TO_68) == len(set(TO_68)) == 68
    assert max(TO_68) < 468  # the mesh without the irises


@pytest.mark.parametrize("turn", [0, 0.4, -1.2])
def test_the_next_square_holds_the_face_with_its_margin(turn):
    """A face of 40 by 60 at (100, 80), turned: the square is upright to it, 90 wide."""
    mesh = np.random.default_rng(0).uniform([-20, -30], [20, 30], (478, 2))
    mesh[[0, 1]] = [[-20, -30], [20, 30]]
    mesh[[33, 263]] = [[-15, -10], [15, -10]]
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    square = surrounding(mesh @ rotation.T + [100, 80])
    np.testing.assert_allclose(square.centre, [100, 80], atol=1e-9)
    assert square.side == pytest.approx(90) and square.turn == pytest.approx(turn)


def test_a_square_is_brought_upright_to_the_network():
    square = Square(np.array([100.0, 80.0]), 128.0, np.pi / 6)
    matrix = square.to_network()
    np.testing.assert_allclose(matrix @ [100, 80, 1], [127.5, 127.5])
    along = np.array([np.cos(np.pi / 6), np.sin(np.pi / 6)]) * 10 + square.centre  # its own x axis
    np.testing.assert_allclose(matrix @ [*along, 1], [147.5, 127.5])


def test_the_surroundings_of_a_cut_face_are_those_of_its_crop():
    """A crop of scale 1/4, turned by -0.3: the teacher starts with what the crop shows."""
    placement = Placement(0.25 * np.exp(-0.3j), 3 - 7j)
    crop = np.zeros((48, 48), np.uint8)
    square = CutFace(np.zeros((9, 9, 3), np.uint8), crop, placement).surroundings
    in_crop = around_crop(48)
    assert square.side == pytest.approx(4 * in_crop.side)
    assert square.turn == pytest.approx(0.3)
    np.testing.assert_allclose(
        square.centre, placement.to_image(in_crop.centre[None])[0], rtol=1e-6
    )


def test_without_the_package_it_is_named(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "ai_edge_litert.interpreter", None)
    with pytest.raises(TeacherError, match="pip install"):
        LandmarkTeacher(tmp_path / FILE)


@pytest.mark.parametrize("kind", ["missing", "no zip", "other zip", "broken network"])
def test_a_wrong_file_is_named(tmp_path, kind):
    pytest.importorskip("ai_edge_litert", reason="ai-edge-litert is not installed")
    path = tmp_path / FILE
    if kind == "no zip":
        path.write_bytes(b"nothing")
    elif kind != "missing":
        with zipfile.ZipFile(path, "w") as bundle:
            bundle.writestr(
                "a.txt" if kind == "other zip" else "face_landmarks_detector.tflite", b"x"
            )
    with pytest.raises(TeacherError, match=FILE):
        LandmarkTeacher(path)


@pytest.fixture(scope="module")
def teacher(shared):
    pytest.importorskip("ai_edge_litert", reason="ai-edge-litert is not installed")
    return LandmarkTeacher(shared / "models" / FILE)


@pytest.fixture(scope="module")
def faces(shared_data):
    return load_ferplus(shared_data / "ferplus", "valid").images[[1942, 1095, 58, 145]]


def test_the_teacher_agrees_with_itself_in_the_mirror(teacher, faces):
    seen = teach_crops(teacher, faces)
    mirrored = teach_crops(teacher, np.ascontiguousarray(faces[:, :, ::-1]))
    assert seen.seen.all() and mirrored.seen.all()
    assert point_errors(mirror(mirrored.points, 48), seen.points).mean() < 0.03
    unit = np.linalg.norm(seen.points[:, 45] - seen.points[:, 36], axis=1)
    assert ((unit > 12) & (unit < 36)).all()


def test_size_and_place_in_the_image_do_not_matter(teacher, faces):
    crop = faces[0]
    canvas = np.full((300, 400), 90, np.uint8)
    canvas[50:242, 120:312] = cv2.resize(crop, (192, 192), interpolation=cv2.INTER_CUBIC)
    small, _ = teacher.find(crop, around_crop(48))
    square = around_crop(192)
    large, score = teacher.find(canvas, Square(square.centre + np.array([120, 50]), square.side))
    back = (large - [120, 50] + 0.5) / 4 - 0.5
    assert score > 0.9
    assert point_errors(back[None].astype(np.float32), small[None]).mean() < 0.03


def test_noise_is_no_face(teacher):
    noise = np.random.default_rng(0).integers(0, 256, (1, 48, 48), np.uint8)
    assert not teach_crops(teacher, noise).seen.any()
