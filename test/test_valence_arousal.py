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

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from emotion_recognition.corpora import affectnet
from emotion_recognition.emotions import EMOTIONS
from emotion_recognition.evaluation.valence_arousal import (
    benchmark_valence_arousal,
    emotion_shares,
)
from emotion_recognition.training.valence_arousal import (
    CALM_AROUSAL,
    emotion_ratings,
    fit_ratings,
)


def made_up_faces(ratings: np.ndarray, count: int = 50) -> affectnet.RatedFaces:
    shares = np.random.default_rng(0).dirichlet(np.ones(8), count)
    return affectnet.RatedFaces(shares, shares @ ratings[:, 0], shares @ ratings[:, 1])


def test_finds_the_ratings_that_made_the_faces() -> None:
    ratings = np.random.default_rng(1).uniform(-1, 1, (8, 2))
    np.testing.assert_allclose(fit_ratings(made_up_faces(ratings)), ratings, atol=1e-9)


def test_carries_ratings_over_by_name_and_places_calm_below_neutral() -> None:
    ratings = np.arange(16).reshape(8, 2) / 20
    found = dict(zip(EMOTIONS, emotion_ratings(ratings).tolist(), strict=True))
    assert found["happy"] == pytest.approx([0.0, 0.05])
    assert found["sad"] == pytest.approx([0.1, 0.15])
    assert found["angry"] == pytest.approx([0.5, 0.55])
    assert found["neutral"] == pytest.approx([0.7, 0.75])
    assert found["calm"] == pytest.approx([0.7, 0.75 + CALM_AROUSAL])


def test_contempt_is_left_out_and_the_rest_made_whole() -> None:
    faces = affectnet.RatedFaces(
        np.array([[0.3, 0, 0, 0, 0, 0.3, 0.4, 0]]), np.zeros(1), np.zeros(1)
    )
    expected = [0, 0, 0.5, 0, 0.5, 0, 0, 0]
    np.testing.assert_allclose(emotion_shares(faces)[0], expected)


def test_reads_both_sets(shared_data: Path) -> None:
    for number in (1, 2):
        faces = affectnet.rated_faces(shared_data, number)
        assert faces.expressions.shape == (800, 8)
        np.testing.assert_allclose(faces.expressions.sum(axis=1), 1)
        happy = faces.expressions[:, affectnet.CLASSES.index("happiness")] > 0.8
        assert faces.valence[happy].mean() > 0.3
        assert abs(faces.arousal).max() <= 1
    with pytest.raises(FileNotFoundError):
        affectnet.rated_faces(shared_data, 3)


def test_files_that_list_other_faces_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "affectnet_c25"
    folder.mkdir()
    for what, face in (("expression", "a"), ("valence", "a"), ("arousal", "b")):
        (folder / f"{what}_set1_C25.csv").write_text(f"index,filename,p0\n1,{face}.jpg,0\n")
    with pytest.raises(ValueError, match="do not list the same faces"):
        affectnet.rated_faces(tmp_path, 1)


def test_the_shipped_map_holds_on_the_other_set(shared_data: Path, tmp_path: Path) -> None:
    result = benchmark_valence_arousal(shared_data, tmp_path)
    assert result["ccc_valence"] > 0.9
    assert result["ccc_arousal"] > 0.7
    assert json.loads((tmp_path / "valence-arousal.json").read_text()) == result
    faces = affectnet.rated_faces(shared_data, 2)
    shares = emotion_shares(faces)
    assert result["n"] == len(shares) == 800
    assert 0 < result["rmse_valence"] < faces.valence.std()
    assert result["pearson_arousal"] >= result["ccc_arousal"]
    page = (tmp_path / "valence-arousal.md").read_text()
    assert f"| valence | 800 | {result['ccc_valence']:.3f} |" in page
    picture = cv2.imread(str(tmp_path / "valence-arousal.png"))
    assert picture.shape[1] > 600 and picture.std() > 10
