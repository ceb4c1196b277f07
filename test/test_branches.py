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

"""The branches that read MFCC and a voice encoder's vectors; test_network.py has the others."""

import numpy as np
import pytest
import torch

from emotion_recognition.model.branches import AUDIO_BRANCHES, MfccBranch, VectorBranch
from emotion_recognition.model.branches.branch import Branch


@pytest.fixture(params=["mfcc", "vectors"])
def branch(request) -> Branch:
    torch.manual_seed(0)
    size = {"mfcc": 20, "vectors": 12}[request.param]
    built = AUDIO_BRANCHES[request.param](size)
    for module in built.modules():  # statistics that are not trivial
        if isinstance(module, torch.nn.BatchNorm1d):
            module.running_mean.normal_()
            module.running_var.uniform_(0.5, 2)
    return built.eval()


@pytest.fixture
def frames(branch) -> torch.Tensor:
    return torch.randn(2, 64, branch.columns, generator=torch.Generator().manual_seed(1)) * 5


@pytest.fixture
def mask() -> torch.Tensor:
    return torch.arange(64)[None] < torch.tensor([[64], [33]])


def numpy_block(values: np.ndarray, layers: torch.nn.Sequential) -> np.ndarray:
    """Convolution over three steps with zero padding, batch norm and ReLU on (T, C)."""
    conv, norm = layers[0], layers[1]
    weight = conv.weight.detach().double().numpy()  # (O, I, 3)
    padded = np.pad(values, ((1, 1), (0, 0)))
    out = sum(padded[k : k + len(values)] @ weight[:, :, k].T for k in range(3))
    mean, var = norm.running_mean.double().numpy(), norm.running_var.double().numpy()
    out = (out - mean) / np.sqrt(var + norm.eps)
    scale, shift = (p.detach().double().numpy() for p in (norm.weight, norm.bias))
    return np.maximum(out * scale + shift, 0)


def pool(values: np.ndarray) -> np.ndarray:
    """Maximum of two steps each."""
    return values.reshape(len(values) // 2, 2, -1).max(axis=1)


def blocks(module: torch.nn.Module) -> list[torch.nn.Sequential]:
    """The convolution blocks in their order."""
    return [
        m
        for m in module.modules()
        if isinstance(m, torch.nn.Sequential) and isinstance(m[0], torch.nn.Conv1d)
    ]


def test_the_mfcc_branch_has_the_blocks_of_the_paper() -> None:
    branch = MfccBranch()
    assert [b[0].out_channels for b in blocks(branch)] == [64, 128, 256, 128]
    assert sum(isinstance(m, torch.nn.MaxPool1d) for m in branch.modules()) == 4
    assert branch.columns == 84 and MfccBranch(13).columns == 77


def test_the_mfcc_branch_against_numpy() -> None:
    torch.manual_seed(0)
    branch = MfccBranch(3).eval()
    branch.mean.copy_(torch.tensor([1.0, -2.0, 3.0]))
    branch.std.copy_(torch.tensor([2.0, 4.0, 8.0]))
    frames = torch.randn(1, 32, 87, generator=torch.Generator().manual_seed(2)) * 5
    mask = torch.ones(1, 32, dtype=torch.bool)
    values = (frames[0, :, 64:67].double().numpy() - [1, -2, 3]) / [2, 4, 8]
    one, two, three, four = blocks(branch)
    first = pool(numpy_block(pool(numpy_block(values, one)), two))
    features, steps = branch.stage_one(frames, mask)
    assert features.shape == (1, 128, 8) and steps.all()
    np.testing.assert_allclose(features[0].detach().numpy().T, first, rtol=1e-3, atol=1e-5)
    second = pool(numpy_block(pool(numpy_block(first, three)), four))
    vector = branch(frames, mask).detach().numpy()
    np.testing.assert_allclose(vector[0], second.mean(axis=0), rtol=1e-3, atol=1e-5)


def test_the_vector_branch_against_numpy() -> None:
    torch.manual_seed(0)
    branch = VectorBranch(6).eval()
    torch.nn.init.normal_(branch.norm.weight)
    torch.nn.init.normal_(branch.norm.bias)
    vectors = torch.randn(1, 16, 6, generator=torch.Generator().manual_seed(3)) * 50 + 7
    mask = torch.ones(1, 16, dtype=torch.bool)
    values = vectors[0].double().numpy()
    centred = values - values.mean(axis=1, keepdims=True)
    normed = centred / np.sqrt((centred**2).mean(axis=1, keepdims=True) + branch.norm.eps)
    scale, shift = (p.detach().double().numpy() for p in branch.norm.parameters())
    one, two, three, four = blocks(branch)
    first = pool(numpy_block(pool(numpy_block(normed * scale + shift, one)), two))
    found = branch(vectors, mask).detach().numpy()
    second = numpy_block(pool(numpy_block(first, three)), four)
    np.testing.assert_allclose(found[0], second.mean(axis=0), rtol=1e-3, atol=1e-5)


def test_four_frames_make_a_step_and_a_step_is_there_if_one_frame_is(branch) -> None:
    mask = torch.zeros(1, 64, dtype=torch.bool)
    mask[0, 21] = True
    features, steps = branch.stage_one(torch.ones(1, 64, branch.columns), mask)
    assert features.shape == (1, 128, 16) and steps.nonzero().tolist() == [[0, 5]]
    assert features[0, :, 4].abs().sum() == features[0, :, 6].abs().sum() == 0


def test_frames_left_out_change_nothing(branch, frames, mask) -> None:
    expected = branch(frames, mask)
    frames[1, 33:] = float("nan")
    assert torch.equal(branch(frames, mask), expected)
    nothing = branch(frames, mask & False)
    assert (nothing == 0).all()


def test_gradients_reach_every_parameter_and_the_input(branch, frames, mask) -> None:
    frames.requires_grad_()
    branch.train()(frames, mask)[:, :64].sum().backward()
    for value in (*branch.parameters(), frames):
        assert value.grad is not None
        assert torch.isfinite(value.grad).all() and value.grad.abs().sum() > 0


def test_a_branch_can_give_up_its_stage_two(branch, frames, mask) -> None:
    expected, _ = branch.stage_one(frames, mask)
    branch.drop_stage_two()
    assert torch.equal(branch.stage_one(frames, mask)[0], expected)
    with pytest.raises(AttributeError):
        branch(frames, mask)
