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

"""The plots of the benchmarks are pictures of what they should show."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from emotion_recognition.evaluation import plots
from emotion_recognition.evaluation.judgements import Judgements, summarise

LABELS = ("calm", "happy", "sad")
BLUE, ORANGE = (0xB2, 0x72, 0x00), (0x00, 0x9F, 0xE6)  # BGR of the first two colours


@pytest.fixture(scope="module")
def summary() -> dict:
    generator = np.random.default_rng(0)
    truth = generator.integers(0, 3, 300)
    probabilities = generator.dirichlet(np.ones(3), 300)
    probabilities[np.arange(300), truth] += 0.7
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    speakers = np.arange(300) % 10
    sexes = np.where(speakers % 2, "male", "female")
    return summarise(Judgements(truth, probabilities, speakers // 5, speakers, sexes), LABELS)


def read(path: Path) -> np.ndarray:
    picture = cv2.imread(str(path))
    assert picture is not None and min(picture.shape[:2]) > 300
    assert picture.std() > 10 and (picture == 255).mean() < 0.97
    return picture


def share_of(picture: np.ndarray, colour: tuple[int, int, int]) -> float:
    return float((np.abs(picture.astype(int) - colour).max(axis=2) < 12).mean())


def test_the_confusion_of_a_perfect_classifier_is_dark_on_its_diagonal(tmp_path: Path) -> None:
    perfect = summarise(
        Judgements(np.arange(30) % 3, np.eye(3)[np.arange(30) % 3], np.zeros(30, int)), LABELS
    )
    wrong = {**perfect, "confusion": np.full((3, 3), 3).tolist()}
    dark = []
    for name, report in (("perfect", perfect), ("even", wrong)):
        plots.plot_confusion(report, name, tmp_path / f"{name}.png")
        dark.append((read(tmp_path / f"{name}.png").mean(axis=2) < 90).mean())
    assert dark[0] > dark[1] + 0.1  # a third of the cells are full


def test_reliability_draws_each_condition_in_its_colour(summary, tmp_path: Path) -> None:
    plots.plot_reliability({"clean": summary}, "one", tmp_path / "one.png")
    plots.plot_reliability({"clean": summary, "noise": summary}, "two", tmp_path / "two.png")
    one, two = (read(tmp_path / f"{name}.png") for name in ("one", "two"))
    assert share_of(one, BLUE) > 0.001 and share_of(one, ORANGE) == 0
    assert share_of(two, ORANGE) > 0.001


def test_speakers_are_drawn_in_the_colour_of_their_sex(summary, tmp_path: Path) -> None:
    plots.plot_speakers(summary["by_speaker"], "speakers", tmp_path / "speakers.png")
    picture = read(tmp_path / "speakers.png")
    assert share_of(picture, BLUE) > 0.001 and share_of(picture, ORANGE) > 0.001


def test_a_bar_twice_as_high_has_twice_the_colour(tmp_path: Path) -> None:
    series = {"low": [(0.4, 0.0)], "high": [(0.8, 0.0)]}
    plots.plot_bars(["group"], series, "bars", "%", tmp_path / "bars.png")
    picture = read(tmp_path / "bars.png")
    assert share_of(picture, ORANGE) / share_of(picture, BLUE) == pytest.approx(2, rel=0.1)


def test_estimates_over_ratings_have_a_panel_each(tmp_path: Path) -> None:
    points = np.random.default_rng(0).uniform(-1, 1, 200).tolist()
    plots.plot_scatter(
        {"valence": (points, points, 1.0), "arousal": (points, points, 1.0)}, tmp_path / "two.png"
    )
    picture = read(tmp_path / "two.png")
    left, right = np.array_split(picture, 2, axis=1)
    assert left.std() > 10 and right.std() > 10
    assert picture.shape[1] > 1.5 * picture.shape[0]
