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

"""The comparison of fusions: figures by model and condition, ranking, tables and plots."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from emotion_recognition.evaluation.fusion_report import (
    CONDITIONS,
    FoldResult,
    compare,
    fusion_pictures,
    fusion_tables,
    ranking,
)

MODELS = ("audio", "video", "early", "hybrid")


def sure(predicted: list[int]) -> np.ndarray:
    """Probabilities 0.65 for the prediction, 0.05 for the others."""
    return np.where(np.eye(8)[predicted] == 1, 0.65, 0.05).astype(np.float32)


def fold(actor: int, right: dict[str, int], noise: tuple[str, ...] = ()) -> FoldResult:
    """Four clips of class 0 to 3, of which each model gets so many right."""
    truth = np.arange(4)
    judged = {
        model: {
            condition: sure([i if i < count - (condition != "both") else 7 for i in range(4)])
            for condition in (*CONDITIONS, *noise)
        }
        for model, count in right.items()
    }
    return FoldResult(truth, np.full(4, actor), judged)


@pytest.fixture
def models() -> dict:
    return compare(
        [
            fold(1, {"audio": 2, "video": 1, "early": 3, "hybrid": 4}),
            fold(2, {"audio": 1, "video": 1, "early": 2, "hybrid": 3}),
        ]
    )


def test_summarises_each_model_over_the_folds(models) -> None:
    assert tuple(models) == MODELS
    audio = models["audio"]
    assert audio["n"] == 8
    assert audio["accuracy"] == audio["top1"] == audio["accuracy_mean"] == 3 / 8
    assert audio["accuracy_std"] == pytest.approx(np.std([0.5, 0.25], ddof=1))
    assert [entry["actors"] for entry in audio["folds"]] == [[1], [2]]
    assert [entry["accuracy"] for entry in audio["folds"]] == [0.5, 0.25]
    expected = -(3 * np.log(0.65) + 5 * np.log(0.05)) / 8
    assert audio["loss"] == pytest.approx(expected, rel=1e-6)
    assert audio["by_sex"]["male"]["accuracy"] == 0.5  # actor 1
    assert audio["by_sex"]["female"]["accuracy"] == 0.25


def test_says_the_same_of_each_missing_stream(models) -> None:
    entry = models["hybrid"]
    for condition in ("voice_missing", "face_missing"):
        assert entry[condition]["accuracy"] == 5 / 8
        assert {"accuracy", "uar", "top1", "top5", "loss", "folds"} <= entry[condition].keys()


def test_ranks_streams_and_fusions_apart(models) -> None:
    assert ranking(models) == {
        "best_single": "audio",
        "best_single_accuracy": 3 / 8,
        "best_fusion": "hybrid",
        "best_fusion_accuracy": 7 / 8,
        "gain": 0.5,
        "gain_std": 0.0,  # half in both folds
    }


def test_one_fold_has_no_spread() -> None:
    models = compare([fold(1, {"audio": 2, "video": 1})])
    assert models["audio"]["accuracy_std"] == 0.0


def test_the_table_has_a_line_a_model(models) -> None:
    table = fusion_tables(models, CONDITIONS, "early")[0]
    assert table.columns[-2:] == ["voice missing", "face missing"]
    lines = table.markdown().splitlines()
    assert len(lines) == 2 + len(MODELS)
    assert lines[2].startswith("| audio | 37.5 | 17.7 |")
    assert lines[2].endswith("| 12.5 | 12.5 |")


def test_noise_gets_a_column_and_a_plot_of_its_own(tmp_path: Path) -> None:
    right = dict.fromkeys(MODELS, 3)
    conditions = (*CONDITIONS, "noise_20db", "noise_0db")
    models = compare([fold(actor, right, conditions[3:]) for actor in (1, 2)])
    assert models["early"]["noise_0db"]["accuracy"] == 0.5
    tables = fusion_tables(models, conditions, "early")
    assert tables[0].columns[-2:] == ["noise 20 dB", "noise 0 dB"]
    pictures = fusion_pictures("name", models, conditions, "early", tmp_path)
    assert {path.name for path in pictures.values()} == {
        "name.png",
        "name-noise.png",
        "name-confusion.png",
        "name-reliability.png",
        "name-speakers.png",
    }
    for path in pictures.values():
        picture = cv2.imread(str(path))
        assert picture.shape[1] > 500 and picture.std() > 10
