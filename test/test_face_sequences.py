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

import numpy as np
import pytest
import torch

from emotion_recognition.emotions import EMOTIONS
from emotion_recognition.training.face_sequences import (
    CALM_SHARE,
    FaceBank,
    compose,
    draw_faces,
    emotion_targets,
)

NEUTRAL, CALM, HAPPY, SAD = 0, 1, 2, 3


@pytest.fixture
def bank() -> FaceBank:
    """Thirty faces; the vectors of each emotion point along an axis of their own."""
    labels = torch.tensor([NEUTRAL, HAPPY, SAD]).repeat(10)
    vectors = torch.zeros(30, 2, 128)
    vectors[torch.arange(30), :, labels] = 5
    return FaceBank(vectors, torch.eye(len(EMOTIONS))[labels], labels)


def test_votes_carry_over_and_calm_takes_its_part_of_neutral() -> None:
    shares = np.zeros((3, 8), np.float32)
    shares[0, 0] = 1  # neutral
    shares[1, [1, 3]] = 0.75, 0.25  # happiness, sadness
    shares[2, [4, 7]] = 0.5, 0.5  # anger, contempt
    targets = emotion_targets(shares)
    assert targets[0, NEUTRAL] == pytest.approx(1 - CALM_SHARE)
    assert targets[0, CALM] == pytest.approx(CALM_SHARE)
    assert targets[1, [HAPPY, SAD]] == pytest.approx([0.75, 0.25])
    assert targets[2, EMOTIONS.index("angry")] == pytest.approx(1)


def test_faces_suit_the_emotion_and_calm_takes_neutral_ones(bank: FaceBank) -> None:
    wanted = torch.tensor([HAPPY, CALM, SAD, NEUTRAL])
    rows = draw_faces(bank, wanted, torch.Generator().manual_seed(0))
    assert bank.labels[rows].tolist() == [HAPPY, NEUTRAL, SAD, NEUTRAL]


def test_a_window_shows_its_emotion_and_neutral_but_no_other(bank: FaceBank) -> None:
    generator = torch.Generator().manual_seed(0)
    apex = bank.of_emotion(HAPPY).repeat(20)
    vectors, found = compose(bank, apex, torch.ones(len(apex)), generator)
    assert vectors.shape == (200, 36, 128) and found.shape == (200, 36)
    assert found.any(dim=1).all() and not found.all()
    means = vectors.mean(dim=(0, 1))
    assert means[HAPPY] > 3 and means[NEUTRAL] > 0.2
    assert abs(means[SAD]) < 0.05
    assert (vectors[:, 1:, HAPPY] - vectors[:, :-1, HAPPY]).abs().mean() < 1
    assert vectors[:, :, HAPPY].max(dim=1).values.min() > 2.5


def test_windows_are_repeatable(bank: FaceBank) -> None:
    apex = torch.arange(30)
    first = compose(bank, apex, torch.full((30,), 0.5), torch.Generator().manual_seed(3))
    second = compose(bank, apex, torch.full((30,), 0.5), torch.Generator().manual_seed(3))
    assert torch.equal(first[0], second[0]) and torch.equal(first[1], second[1])


def test_a_weak_emotion_shows_less(bank: FaceBank) -> None:
    apex = bank.of_emotion(HAPPY).repeat(20)
    strong, _ = compose(bank, apex, torch.ones(200), torch.Generator().manual_seed(4))
    weak, _ = compose(bank, apex, torch.zeros(200), torch.Generator().manual_seed(4))
    heights = weak[:, :, HAPPY].max(dim=1).values
    assert weak[:, :, HAPPY].mean() < 0.7 * strong[:, :, HAPPY].mean()
    assert heights.min() < 1.5 and heights.max() > 4
