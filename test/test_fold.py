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

import pytest
import torch
from torch import nn

from emotion_recognition.model.branches import AUDIO_BRANCHES, STREAM_ENCODERS, VIDEO_BRANCHES
from emotion_recognition.model.emotion_model import AUDIO_STEPS, VIDEO_STEPS
from emotion_recognition.model.fold import folded
from emotion_recognition.model.network import (
    NetworkConfig,
    TwoStreamNetwork,
    build_network,
    load_network,
)
from emotion_recognition.model.network_file import WEIGHTS


def logits(network: TwoStreamNetwork, width: int) -> torch.Tensor:
    torch.manual_seed(1)
    windows = (
        torch.randn(3, AUDIO_STEPS, width) * 20 - 60,
        torch.rand(3, AUDIO_STEPS) < 0.9,
        torch.randn(3, VIDEO_STEPS, 128),
        torch.rand(3, VIDEO_STEPS) < 0.9,
    )
    with torch.inference_mode():
        return network(*windows).logits


def unsettled(network: TwoStreamNetwork) -> TwoStreamNetwork:
    """A network whose normalisation does something, as after training."""
    torch.manual_seed(0)
    for module in network.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.running_mean.normal_()
            module.running_var.uniform_(0.5, 2)
            nn.init.uniform_(module.weight, 0.5, 2)
            nn.init.normal_(module.bias)
    return network.eval()


def normalisations(network: nn.Module) -> int:
    return sum(isinstance(each, nn.modules.batchnorm._BatchNorm) for each in network.modules())


def configurations() -> list[NetworkConfig]:
    return [
        NetworkConfig(),
        NetworkConfig(fusion="late_transformer", audio_branch="mfcc", audio_size=20),
        NetworkConfig(fusion="hybrid"),
        *(NetworkConfig(stream_encoder=name) for name in STREAM_ENCODERS),
        *(NetworkConfig(video_branch=name) for name in VIDEO_BRANCHES),
        *(
            NetworkConfig(audio_branch=name, audio_size=AUDIO_BRANCHES[name].INPUT_SIZES[0])
            for name in AUDIO_BRANCHES
        ),
    ]


@pytest.mark.parametrize("config", configurations())
def test_a_folded_network_says_what_it_said(config: NetworkConfig) -> None:
    network = unsettled(build_network(config))
    width = 1 if config.audio_branch == "vectors" else 87
    expected = logits(network, width)
    assert normalisations(network) > 0
    folded(network)
    assert normalisations(network) == 0
    torch.testing.assert_close(logits(network, width), expected, atol=1e-4, rtol=1e-4)


def test_so_does_the_shipped_one() -> None:
    network, _ = load_network(WEIGHTS / "emotion_network.safetensors")
    expected = logits(network, 87).softmax(dim=1)
    folded(network)
    torch.testing.assert_close(logits(network, 87).softmax(dim=1), expected, atol=1e-5, rtol=0)
