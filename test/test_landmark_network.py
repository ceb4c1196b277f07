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

"""The landmark network: shapes, what it does not depend on, and its checkpoint."""

import json

import pytest
import torch

from emotion_recognition.model.checkpoint import CheckpointError, save_checkpoint
from emotion_recognition.model.landmark_network import (
    KIND,
    SHIPPED_WEIGHTS,
    LandmarkConfig,
    LandmarkNetwork,
    load_landmark_network,
)

SMALL = LandmarkConfig(stem=4, widths=(4, 6, 8), neck=2)


@pytest.fixture
def network():
    torch.manual_seed(0)
    return LandmarkNetwork(SMALL)


def write(path, network, **config):
    save_checkpoint(path, network, KIND, "test", {**network.config_json(), **config})
    return path


def test_points_and_a_doubt_for_each_face(network):
    points, doubts = network(torch.rand(5, 1, 48, 48))
    assert points.shape == (5, 68, 2) and doubts.shape == (5,)


def test_brightness_and_contrast_do_not_matter(network):
    faces = torch.rand(2, 1, 48, 48)
    network.eval()
    torch.testing.assert_close(network(faces)[0], network(0.3 * faces + 0.2)[0], atol=1e-2, rtol=0)


def test_a_flat_image_gives_numbers(network):
    assert network.eval()(torch.full((1, 1, 48, 48), 0.5))[0].isfinite().all()


def test_an_untrained_network_starts_near_the_mean_face(network):
    mean = torch.rand(68, 2) * 40
    network.eval().start_from(mean)
    points, _ = network(torch.rand(3, 1, 48, 48))
    assert (points - mean).abs().max() < 10
    assert (points - mean).abs().mean() < 3


def test_points_learn_nothing_from_the_doubt(network):
    _, doubts = network(torch.rand(4, 1, 48, 48))
    doubts.sum().backward()
    assert all(weight.grad is None for weight in network.trunk.parameters())
    assert network.doubt.weight.grad.abs().sum() > 0


def test_every_weight_gets_a_gradient(network):
    points, doubts = network(torch.rand(8, 1, 48, 48))
    (points.square().mean() + doubts.square().mean()).backward()
    assert all(weight.grad.abs().sum() > 0 for weight in network.parameters())


def test_folding_for_inference_changes_nothing(network, tmp_path):
    for _ in range(3):
        network(torch.rand(16, 1, 48, 48))  # running statistics that are not 0 and 1
    state = {
        k: v.half().float() if v.is_floating_point() else v for k, v in network.state_dict().items()
    }
    network.load_state_dict(state)
    loaded, metadata = load_landmark_network(write(tmp_path / "l.safetensors", network))
    faces = torch.rand(4, 1, 48, 48)
    for ours, theirs in zip(loaded(faces), network.eval()(faces), strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-3, rtol=1e-4)
    assert metadata["id"] == "test" and loaded.config == SMALL
    assert not any(isinstance(part, torch.nn.BatchNorm2d) for part in loaded.modules())


def test_shipped_weights_are_small():
    network, metadata = load_landmark_network()
    assert SHIPPED_WEIGHTS.stat().st_size < 1_000_000
    assert "FER2013" in metadata["licence"]
    assert json.loads(metadata["history"])[-1]["valid_nme"] < 0.06
    assert not network.training


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        ("missing", "no such checkpoint"),
        ("truncated", "incomplete or corrupt"),
        ("other kind", "kind is 'frame_encoder'"),
        ("other size", "do not fit"),
        ("unknown key", "do not fit"),
    ],
)
def test_bad_weights_are_named(network, tmp_path, damage, words):
    path = tmp_path / "l.safetensors"
    if damage == "other kind":
        save_checkpoint(path, network, "frame_encoder", "test", network.config_json())
    elif damage == "other size":
        write(path, network, neck=3)
    elif damage == "unknown key":
        write(path, network, depth=3)
    elif damage == "truncated":
        write(path, network)
        path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(CheckpointError, match=words) as caught:
        load_landmark_network(path)
    assert "l.safetensors" in str(caught.value)
