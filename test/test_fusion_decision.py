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

from emotion_recognition.model.fusion import DECISION, LogisticFusion, SoftmaxAverage


def softmax(scores: np.ndarray) -> np.ndarray:
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def decisions(streams: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(4, streams, 8, generator=torch.Generator().manual_seed(seed)) * 3


def test_softmax_average_is_the_mean_of_the_probabilities_that_are_there() -> None:
    logits = decisions(2)
    present = torch.tensor([[True, True], [True, False], [False, True], [False, False]])
    found = SoftmaxAverage()(logits, present).softmax(dim=1).numpy()
    each = softmax(logits.double().numpy())
    expected = [each[0].mean(axis=0), each[1, 0], each[2, 1], np.full(8, 1 / 8)]
    np.testing.assert_allclose(found, expected, rtol=1e-4)


@pytest.mark.parametrize("streams", [2, 3])
def test_logistic_fusion_follows_the_formula(streams: int) -> None:
    torch.manual_seed(streams)
    model = LogisticFusion(streams)
    torch.nn.init.normal_(model.weight)
    torch.nn.init.normal_(model.bias)
    logits = decisions(streams)
    present = torch.ones(4, streams, dtype=torch.bool)
    present[1, 0] = False
    found = model(logits, present).detach().numpy()
    log_probabilities = np.log(softmax(logits.double().numpy()))
    centred = log_probabilities - log_probabilities.mean(axis=2, keepdims=True)
    weight = model.weight.detach().double().numpy()
    for i in range(4):
        expected = model.bias.detach().double().numpy().copy()
        for m in range(streams):
            if present[i, m]:
                expected += weight[m] @ centred[i, m]
        np.testing.assert_allclose(found[i], expected, rtol=1e-4, atol=1e-5)


def test_logistic_fusion_starts_as_the_product_of_the_probabilities() -> None:
    logits = decisions(2)
    found = LogisticFusion()(logits, torch.ones(4, 2, dtype=torch.bool)).softmax(dim=1)
    product = softmax(logits.double().numpy()).prod(axis=1)
    expected = product / product.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(found.detach().numpy(), expected, rtol=1e-4)


@pytest.mark.parametrize("name", DECISION)
def test_a_missing_stream_does_not_matter_whatever_it_holds(name: str) -> None:
    build, members = DECISION[name]
    logits = decisions(len(members))
    present = torch.ones(4, len(members), dtype=torch.bool)
    present[:, 0] = False
    expected = build(8)(logits, present)
    logits[:, 0] = 50 * torch.arange(8)
    torch.testing.assert_close(build(8)(logits, present), expected)


def test_gradients_reach_the_weights_of_streams_that_are_there() -> None:
    model = LogisticFusion(2)
    present = torch.tensor([[True, False]]).expand(4, 2)
    model(decisions(2), present)[:, 0].sum().backward()
    assert model.weight.grad is not None and model.bias.grad is not None
    assert model.weight.grad[0].abs().sum() > 0 and (model.weight.grad[1] == 0).all()
