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

"""The published design that the cost is compared with: its size, and its attention."""

import numpy as np
import pytest
import torch
from scipy.special import softmax

from bench.reference_model import (
    FACE_SIZE,
    FACES,
    MFCC_SIZE,
    IntermediateAttention,
    ShuffleUnit,
    build_reference,
    count,
)


@pytest.fixture(scope="module")
def reference():
    return build_reference()


def test_the_frame_network_has_the_published_size(reference):
    parameters, operations = count(reference.frames, torch.zeros(1, 3, FACE_SIZE, FACE_SIZE))
    assert parameters == pytest.approx(1.28e6, rel=0.02)  # EfficientFace, table 1
    assert operations == pytest.approx(154.18e6, rel=0.03)


def test_counts_are_those_of_a_layer_done_by_hand():
    layer = torch.nn.Conv2d(4, 6, 3, padding=1, groups=2)
    assert count(layer, torch.zeros(1, 4, 5, 7)) == (6 * 2 * 9 + 6, 6 * 5 * 7 * 2 * 9)


@torch.inference_mode()
def test_a_window_gives_a_score_for_each_class(reference):
    scores = reference(torch.rand(FACES, 3, FACE_SIZE, FACE_SIZE), torch.rand(MFCC_SIZE, 225))
    assert scores.shape == (8,)
    assert torch.isfinite(scores).all()


@torch.inference_mode()
def test_attention_agrees_with_the_formula():
    attention = IntermediateAttention(asking=6, offered=5, size=4)
    rng = np.random.default_rng(0)
    asking, offered = rng.standard_normal((6, 7)), rng.standard_normal((5, 9))
    query, key = attention.query.weight.numpy().T, attention.key.weight.numpy().T
    scores = asking.T @ query @ (offered.T @ key).T / np.sqrt(4)
    expected = softmax(scores, axis=1).sum(axis=0)
    found = attention(*(torch.from_numpy(x).float()[None] for x in (asking, offered)))
    np.testing.assert_allclose(found[0].numpy(), expected, rtol=1e-5)
    assert expected.sum() == pytest.approx(7)  # each asking step gives away 1


@torch.inference_mode()
def test_a_unit_shuffles_what_passes_with_what_is_worked_on():
    unit = ShuffleUnit(8, 8, 1).eval()
    images = torch.rand(1, 8, 6, 6)
    found = unit(images)
    torch.testing.assert_close(found[:, 0::2], images[:, :4])
    assert ShuffleUnit(8, 12, 2).eval()(images).shape == (1, 12, 3, 3)
