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

import math

import numpy as np
import pytest
import torch

from emotion_recognition.model.branches import TransformerEncoder
from emotion_recognition.model.branches.stream_encoder import HEADS, positional_encoding

SIZE = 8


@pytest.fixture
def encoder() -> TransformerEncoder:
    torch.manual_seed(0)
    built = TransformerEncoder(SIZE)
    for parameter in built.parameters():
        torch.nn.init.normal_(parameter, std=0.4)
    return built.eval()


@pytest.fixture
def features() -> torch.Tensor:
    return torch.randn(3, SIZE, 6, generator=torch.Generator().manual_seed(1))


@pytest.fixture
def mask() -> torch.Tensor:
    return torch.arange(6)[None] < torch.tensor([[6], [4], [0]])


def numbers(tensor: torch.Tensor) -> np.ndarray:
    return tensor.detach().double().numpy()


def positions(steps: int, size: int) -> np.ndarray:
    """Vaswani et al. (2017), section 3.5, number by number; (steps, size)."""
    table = np.zeros((steps, size))
    for t in range(steps):
        for i in range(size // 2):
            angle = t / 10000 ** (2 * i / size)
            table[t, 2 * i], table[t, 2 * i + 1] = math.sin(angle), math.cos(angle)
    return table


def layer_norm(values: np.ndarray, norm: torch.nn.LayerNorm) -> np.ndarray:
    centred = values - values.mean(axis=1, keepdims=True)
    scaled = centred / np.sqrt((centred**2).mean(axis=1, keepdims=True) + norm.eps)
    return scaled * numbers(norm.weight) + numbers(norm.bias)


def attention(values: np.ndarray, module: torch.nn.MultiheadAttention) -> np.ndarray:
    """Scaled dot-product attention of each head on (T, C)."""
    projected = values @ numbers(module.in_proj_weight).T + numbers(module.in_proj_bias)
    found = []
    for head in range(HEADS):
        own = slice(head * SIZE // HEADS, (head + 1) * SIZE // HEADS)
        query, key, value = (part[:, own] for part in np.split(projected, 3, axis=1))
        powers = np.exp(query @ key.T / math.sqrt(SIZE // HEADS))
        found.append(powers / powers.sum(axis=1, keepdims=True) @ value)
    joined = np.concatenate(found, axis=1)
    return joined @ numbers(module.out_proj.weight).T + numbers(module.out_proj.bias)


def reference(values: np.ndarray, encoder: TransformerEncoder) -> np.ndarray:
    """Valid steps (T, C) through both layers."""
    values = values + positions(*values.shape)
    for layer in encoder.layers.layers:
        values = values + attention(layer_norm(values, layer.norm1), layer.self_attn)
        hidden = layer_norm(values, layer.norm2) @ numbers(layer.linear1.weight).T
        hidden = np.maximum(hidden + numbers(layer.linear1.bias), 0)
        values = values + hidden @ numbers(layer.linear2.weight).T + numbers(layer.linear2.bias)
    return layer_norm(values, encoder.layers.norm)


def test_positions_are_the_sinusoids_of_the_paper() -> None:
    found = positional_encoding(50, 64)
    assert found.shape == (64, 50)
    np.testing.assert_allclose(found.numpy().T, positions(50, 64), atol=1e-5)


def test_encodes_the_valid_steps_as_numpy_does(encoder, features, mask) -> None:
    found = numbers(encoder(features, mask))
    for sample, steps in enumerate((6, 4)):
        expected = reference(numbers(features[sample, :, :steps]).T, encoder)
        np.testing.assert_allclose(found[sample, :, :steps].T, expected, rtol=1e-3, atol=1e-4)


def test_steps_left_out_change_nothing_and_stay_out(encoder, features, mask) -> None:
    expected = encoder(features, mask)
    assert (expected[1, :, 4:] == 0).all() and (expected[2] == 0).all()
    features[1, :, 4:] = 1e3
    torch.testing.assert_close(encoder(features, mask), expected, rtol=0, atol=0)


def test_the_order_of_the_steps_matters(encoder, features, mask) -> None:
    turned = encoder(features.flip(2), mask)[0].flip(1)
    assert not torch.allclose(turned, encoder(features, mask)[0], atol=1e-2)


def test_gradients_reach_every_parameter_though_a_stream_is_missing(
    encoder, features, mask
) -> None:
    features.requires_grad_()
    (encoder.train()(features, mask) ** 3).sum().backward()
    for value in (*encoder.parameters(), features):
        assert value.grad is not None
        assert torch.isfinite(value.grad).all() and value.grad.abs().sum() > 0
    assert (features.grad[2] == 0).all()
