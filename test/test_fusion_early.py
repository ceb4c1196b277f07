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

from emotion_recognition.model.fusion.early import EarlyFusion, align_steps


@pytest.fixture
def fusion() -> EarlyFusion:
    torch.manual_seed(0)
    model = EarlyFusion(video_size=5)
    for module in model.modules():  # statistics that are not trivial
        if isinstance(module, torch.nn.BatchNorm1d):
            module.running_mean.normal_()
            module.running_var.uniform_(0.5, 2)
    return model.eval()


@pytest.fixture
def streams() -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    return {
        "audio": torch.randn(2, 128, 8, generator=generator),
        "audio_mask": torch.arange(8)[None] < torch.tensor([[8], [5]]),
        "video": torch.randn(2, 5, 4, generator=generator),
        "video_mask": torch.arange(4)[None] < torch.tensor([[4], [2]]),
    }


def block(values: np.ndarray, layers: torch.nn.Sequential) -> np.ndarray:
    """Convolution over three steps with zero padding, batch norm and ReLU on (T, C)."""
    conv, norm = layers[0], layers[1]
    weight = conv.weight.detach().double().numpy()  # (O, I, 3)
    padded = np.pad(values, ((1, 1), (0, 0)))
    out = sum(padded[k : k + len(values)] @ weight[:, :, k].T for k in range(3))
    mean, var = norm.running_mean.double().numpy(), norm.running_var.double().numpy()
    return np.maximum((out - mean) / np.sqrt(var + norm.eps), 0)


def test_video_is_brought_to_the_rate_of_the_audio() -> None:
    steps = torch.arange(3.0)[None]
    assert align_steps(steps, 6).tolist() == [[0, 0, 1, 1, 2, 2]]
    assert align_steps(steps, 2).tolist() == [[0, 1]]
    assert align_steps(torch.tensor([[True]]), 3).all()


def test_follows_the_formula_against_numpy(fusion, streams) -> None:
    found = fusion(**streams).detach().numpy()
    assert found.shape == (2, 8)
    for i in range(2):
        mask = streams["audio_mask"][i].numpy()
        seen = np.repeat(streams["video_mask"][i].numpy(), 2)
        audio = streams["audio"][i].double().numpy().T * mask[:, None]
        video = np.repeat(streams["video"][i].double().numpy().T, 2, axis=0) * seen[:, None]
        first = block(np.concatenate([audio, video], axis=1), fusion.joint[0])
        pooled = first.reshape(4, 2, -1).max(axis=1)
        second = block(pooled, fusion.joint[3])
        counts = (mask | seen).reshape(4, 2).any(axis=1)
        mean = second[counts].mean(axis=0)
        weight = fusion.classes.weight.detach().double().numpy()
        expected = weight @ mean + fusion.classes.bias.detach().double().numpy()
        np.testing.assert_allclose(found[i], expected, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("stream", ["audio", "video"])
def test_what_lies_under_a_false_mask_does_not_matter(fusion, streams, stream) -> None:
    streams[f"{stream}_mask"][0] = False
    expected = fusion(**streams)
    assert torch.isfinite(expected).all()
    streams[stream][0] = 1e3
    assert torch.equal(fusion(**streams), expected)


def test_both_streams_missing_gives_the_bias(fusion, streams) -> None:
    streams["audio_mask"][:] = False
    streams["video_mask"][:] = False
    torch.testing.assert_close(fusion(**streams), fusion.classes.bias.expand(2, 8))


def test_gradients_reach_all_weights_and_both_streams(fusion, streams) -> None:
    fusion.train()
    streams["audio"].requires_grad_()
    streams["video"].requires_grad_()
    fusion(**streams)[:, 3].sum().backward()
    for value in (*fusion.parameters(), streams["audio"], streams["video"]):
        assert value.grad is not None
        assert torch.isfinite(value.grad).all() and value.grad.abs().sum() > 0
