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

"""CREMA-D against listeners and actors: the benchmark's parts, and a run on a few clips."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from emotion_recognition.corpora import crema_d
from emotion_recognition.emotions import EMOTIONS
from emotion_recognition.evaluation.crema_d_voice import (
    CLASSES,
    against_votes,
    benchmark_crema_d_voice,
    intensity_scores,
    restricted,
    vote_counts,
)
from emotion_recognition.evaluation.voice_folds import networks_in
from emotion_recognition.model.backbones import VoiceEncoderChoice
from emotion_recognition.model.checkpoint import CheckpointError


def clip(votes: dict[str, int], emotion: str = "sad", intensity: float = 0.5) -> crema_d.CremaDClip:
    voters = sum(votes.values())
    shares = np.array([votes.get(name, 0) / max(voters, 1) for name in EMOTIONS], np.float32)
    return crema_d.CremaDClip(Path("1001_DFA_SAD_XX.wav"), emotion, 1001, shares, intensity, voters)


def test_probabilities_are_restricted_to_the_six_classes() -> None:
    assert CLASSES == ("neutral", "happy", "sad", "angry", "fearful", "disgust")
    eight = np.array([[0.1, 0.3, 0.1, 0.2, 0.05, 0.05, 0.1, 0.1]])
    expected = np.array([0.1, 0.1, 0.2, 0.05, 0.05, 0.1]) / 0.6
    np.testing.assert_allclose(restricted(eight)[0], expected)


def test_counts_are_the_votes_that_were_cast() -> None:
    clips = [clip({"neutral": 3, "sad": 7}), clip({"disgust": 1, "angry": 1}), clip({})]
    assert vote_counts(clips).tolist() == [[3, 0, 7, 0, 0, 0], [0, 0, 0, 1, 0, 1], [0] * 6]


def test_ties_and_clips_without_votes_are_counted() -> None:
    counts = np.array([[4, 0, 1, 0, 0, 0], [2, 2, 0, 0, 0, 0], [0] * 6, [0, 0, 5, 0, 0, 0]])
    probabilities = np.full((4, 6), 1 / 6)
    found = against_votes(counts, probabilities, np.array([2, 0, 0, 2]))
    assert (found["n"], found["n_majority"], found["n_tied"], found["n_without_votes"]) == (
        3,
        2,
        1,
        1,
    )
    assert found["listener_in_majority"] == pytest.approx((0.8 + 1) / 2)
    assert found["listener_acted"] == pytest.approx((0.2 + 0.5 + 1) / 3)
    assert found["majority_acted"] == 0.5
    # Of the first clip's votes four agree with the others and one does not; two to two is no
    # majority, and against three others two to one, never for one's own side.
    assert found["listener_agreement"] == pytest.approx((0.8 + 0 + 1) / 3)
    assert found["model"] == found["uniform"]
    assert found["uniform"]["cross_entropy"] == pytest.approx(np.log(6))


def test_intensity_is_compared_where_somebody_judged_it() -> None:
    clips = [clip({"sad": 5}, intensity=value) for value in (0.2, 0.4, 0.9)] + [clip({})]
    found = intensity_scores(clips, np.array([0.3, 0.5, 1.0, 0.0]))
    assert found["n"] == 3
    assert found["pearson"] == pytest.approx(1)
    variance = np.var([0.2, 0.4, 0.9])
    assert found["ccc"] == pytest.approx(2 * variance / (2 * variance + 0.01))


def test_sexes_are_those_of_the_table(tmp_path: Path, shared_data: Path) -> None:
    sexes = crema_d.sexes(shared_data)
    assert sorted(sexes) == list(crema_d.ACTORS)
    assert list(sexes.values()).count("female") == 43 and sexes[1001] == "male"
    with pytest.raises(FileNotFoundError, match=r"no VideoDemographics\.csv"):
        crema_d.sexes(tmp_path)
    (tmp_path / "VideoDemographics.csv").write_text("Actor,Sex\n1001,Male\n")
    with pytest.raises(ValueError, match=r"no columns \['ActorID'\]"):
        crema_d.sexes(tmp_path)


@pytest.fixture
def few_clips(shared_data: Path, tmp_path: Path) -> Path:
    """Two emotions of the sentence DFA by four actors of the first fold and two of the second."""
    data = tmp_path / "data"
    (data / "crema_d").mkdir(parents=True)
    (data / "crema_d_labels").symlink_to(shared_data / "crema_d_labels")
    for actor in (*crema_d.FOLDS[0][:4], *crema_d.FOLDS[1][:2]):
        for emotion in ("ANG", "SAD"):
            name = f"{actor}_DFA_{emotion}_XX.opus"
            (data / "crema_d" / name).symlink_to(shared_data / "crema_d" / name)
    return data


@pytest.mark.shared
def test_a_fold_is_judged_against_listeners_and_actors(few_clips, tmp_path) -> None:
    out = tmp_path / "out"
    result = benchmark_crema_d_voice(few_clips, out, quick=True)
    assert json.loads((out / "crema-d-voice.json").read_text()) == result
    assert result["acted"]["n"] == 8 and result["quick"]
    assert result["n"] == result["votes"]["n_majority"] <= 8
    assert result["folds"][0]["actors"] == list(crema_d.FOLDS[0][:4])
    assert result["labels"] == list(CLASSES)
    assert result["accuracy"] > 0.3
    keys = {"accuracy", "war", "uar", "top1", "top5", "loss", "ece", "folds", "by_sex"}
    for condition in result["conditions"][1:]:
        assert keys <= result[condition].keys()
    assert result["conditions"][-1] == "noise_0db"
    assert result["clean_two_sentences"]["accuracy"] == result["accuracy"]  # all are of DFA
    page = (out / "crema-d-voice.md").read_text()
    assert page.count("crema-d-voice --data DIR --out DIR --quick") >= 7
    for picture in out.glob("*.png"):
        assert cv2.imread(str(picture)).std() > 10 and f"({picture.name})" in page


def test_weights_that_are_missing_are_named(few_clips, tmp_path: Path) -> None:
    networks = networks_in(tmp_path, VoiceEncoderChoice())
    with pytest.raises(CheckpointError, match=r"voice_fold1\.safetensors: no such checkpoint"):
        benchmark_crema_d_voice(few_clips, tmp_path / "out", networks=networks)


def test_data_that_are_missing_are_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"VideoDemographics\.csv"):
        benchmark_crema_d_voice(tmp_path, tmp_path)
