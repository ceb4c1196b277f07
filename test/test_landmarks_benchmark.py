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

"""The benchmark: its figures from known errors, and its errors."""

import json

import numpy as np
import pytest

from emotion_recognition.cli import main
from emotion_recognition.evaluation import landmarks
from emotion_recognition.evaluation.landmark_faces import CutFace
from emotion_recognition.evaluation.landmark_plots import tile
from emotion_recognition.evaluation.landmark_teacher import FILE, TeacherError
from emotion_recognition.evaluation.landmarks import (
    PARTS,
    benchmark_landmarks,
    measure,
    summary,
    table,
)
from emotion_recognition.vision.align import Placement


def test_the_parts_are_the_whole_face_once():
    numbers = [number for slices in PARTS.values() for s in slices for number in np.arange(68)[s]]
    assert sorted(numbers) == list(range(68))


def test_figures_of_known_errors():
    errors = np.repeat(np.array([0.02, 0.04, 0.06, 0.12])[:, None], 68, axis=1)
    errors[0, :17] = 0.06
    measured = {
        "images": 7,
        "undetected": 1,
        "unseen": 2,
        "errors": errors,
        "nme": errors.mean(axis=1),
        "expected": np.array([0.02, 0.05, 0.05, 0.2]),
        "teacher_mirrored": np.array([0.01, 0.01, 0.02, 0.04]),
        "teacher_at_48": np.zeros(4),
    }
    found = summary(measured)
    assert (found["images"], found["undetected"], found["unseen_by_teacher"]) == (7, 1, 2)
    assert found["faces"] == 4
    assert found["nme"] == pytest.approx((0.03 + 0.04 + 0.06 + 0.12) / 4)
    assert found["nme_median"] == pytest.approx(0.05)
    assert found["failure_rate"] == 0.25
    assert found["parts"]["jaw"] == pytest.approx(0.07)
    assert found["parts"]["eyes"] == pytest.approx(0.06)
    assert found["trusted_share"] == 0.75
    assert found["nme_trusted"] == pytest.approx(0.13 / 3)
    assert found["failure_rate_trusted"] == 0
    assert found["teacher_mirrored"] == pytest.approx(0.02)
    assert "| FER+ test | 4 | 6.2 % | 5.0 % |" in table({"FER+ test": found})


class FakeTeacher:
    """Sees a face in all but black images; its points lie 4 px beside a fixed ring."""

    def __init__(self, ring):
        self._ring = ring

    def find(self, image, start):
        return self._ring, 1.0 if image.any() else 0.1


def test_faces_that_nobody_sees_are_counted(monkeypatch):
    angles = np.arange(68) * 2 * np.pi / 68
    ring = np.stack([24 + 10 * np.cos(angles), 24 + 10 * np.sin(angles)], 1).astype(np.float32)
    monkeypatch.setattr(
        landmarks, "predict_landmarks", lambda *_: (ring[None] + 1, np.array([0.04]))
    )

    def face(grey):
        image = np.full((48, 48), grey, np.uint8)
        return CutFace(image, image, Placement(1 + 0j, 0j))

    measured = measure(None, FakeTeacher(ring), [face(9), None, face(0), face(7), None], "test")
    assert (measured["images"], measured["undetected"], measured["unseen"]) == (5, 2, 1)
    unit = np.linalg.norm(ring[45] - ring[36])
    np.testing.assert_allclose(measured["nme"], np.sqrt(2) / unit, rtol=1e-5)
    assert len(measured["tiles"]) == 2
    with pytest.raises(ValueError, match="sees no face in 2 images"):
        measure(None, FakeTeacher(ring), [None, face(0)], "test")


def test_a_tile_shows_both_sets_of_points():
    points = np.random.default_rng(0).uniform(20, 80, (68, 2)).astype(np.float32)
    points[36], points[45] = (30, 40), (70, 40)
    picture = tile(np.full((100, 100), 100, np.uint8), points + 2, points, 0.05)
    assert picture.shape == (224, 224, 3)
    assert (picture == (80, 220, 80)).all(axis=2).any()
    assert (picture == (60, 60, 240)).all(axis=2).any()


def test_a_missing_teacher_is_named(tmp_path):
    pytest.importorskip("ai_edge_litert", reason="ai-edge-litert is not installed")
    data = tmp_path / "data"
    data.mkdir()
    with pytest.raises(TeacherError, match=FILE):
        benchmark_landmarks(data, tmp_path / "out")


def test_the_command_says_what_is_missing(tmp_path, capsys):
    arguments = ["benchmark", "landmarks", "--data", str(tmp_path), "--out", str(tmp_path / "out")]
    assert main([*arguments, "--teacher", str(tmp_path / "no.task")]) == 1
    said = capsys.readouterr().err
    assert "no.task" in said or "ai-edge-litert" in said
    arguments[1] = "ferplus"
    assert main([*arguments, "--teacher", str(tmp_path / "no.task")]) == 1
    assert "ferplus has none; only landmarks" in capsys.readouterr().err


def test_some_real_faces(shared, monkeypatch, tmp_path):
    """Twelve faces of each set; the whole sets take minutes."""
    pytest.importorskip("ai_edge_litert", reason="ai-edge-litert is not installed")

    def few(read, *arguments):
        return [face for face, _ in zip(read(*arguments), range(12), strict=False)]

    for name in ("ferplus_faces", "strip_faces", "clip_faces"):
        read = getattr(landmarks, name)
        monkeypatch.setattr(landmarks, name, lambda *arguments, read=read: few(read, *arguments))
    result = benchmark_landmarks(shared / "data", tmp_path)
    assert result == json.loads((tmp_path / "landmarks.json").read_text())
    assert set(result["sets"]) == {"FER+ test", "RAVDESS actor 1", "javanese_av"}
    for name in ("RAVDESS actor 1", "javanese_av"):
        assert result["sets"][name]["nme"] < 0.06
        assert result["sets"][name]["teacher_mirrored"] < 0.03
    for file in ("landmarks.md", "landmarks.png", "landmarks-sheet.png"):
        assert (tmp_path / file).stat().st_size > 0
