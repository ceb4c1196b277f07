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

"""Networks whose streams meet early or by their decisions: formulas and stream weights."""

import numpy as np
import pytest
import torch

from emotion_recognition.model.fusion import DECISION
from emotion_recognition.model.network import NetworkConfig, TwoStreamNetwork, build_network

BATCH = 4


def build(fusion: str) -> TwoStreamNetwork:
    torch.manual_seed(0)
    network = build_network(NetworkConfig(fusion=fusion)).eval()
    for name, parameter in network.named_parameters():
        if name.startswith(("fusion.", "heads.", "early.classes")):
            torch.nn.init.normal_(parameter, std=0.5)
    return network


@pytest.fixture
def streams() -> dict[str, torch.Tensor]:
    """Stage-one features; the third window has no face, the fourth no voice."""
    generator = torch.Generator().manual_seed(1)
    masks = torch.ones(BATCH, 8, dtype=torch.bool), torch.ones(BATCH, 6, dtype=torch.bool)
    masks[0][1, 5:] = masks[0][3] = False
    masks[1][2] = False
    return {
        "sound": torch.rand(BATCH, 128, 8, generator=generator) * masks[0][:, None],
        "sound_mask": masks[0],
        "sight": torch.rand(BATCH, 64, 6, generator=generator) * masks[1][:, None],
        "sight_mask": masks[1],
    }


def numbers(tensor: torch.Tensor) -> np.ndarray:
    return tensor.detach().double().numpy()


def softmax(scores: np.ndarray) -> np.ndarray:
    powers = np.exp(scores - scores.max())
    return powers / powers.sum()


def centred(values: np.ndarray) -> np.ndarray:
    return values - values.mean()


def share(audio: np.ndarray, video: np.ndarray) -> float:
    """The share of the audio in the evidence, as ``heads.decision_shares`` documents it."""
    audio, video = centred(audio), centred(video)
    whole = audio + video
    return float(np.clip(audio @ whole / (whole @ whole), 0, 1))


def judged_alone(network: TwoStreamNetwork, streams: dict) -> tuple[np.ndarray, np.ndarray]:
    """Logits of each stream's own head, by numpy from the vectors of the branches."""
    vectors = (
        network.audio.stage_two(streams["sound"], streams["sound_mask"]),
        network.video.stage_two(streams["sight"], streams["sight_mask"]),
    )
    layers = (network.heads.audio_classes, network.heads.video_classes)
    return tuple(
        numbers(vector) @ numbers(layer.weight).T + numbers(layer.bias)
        for vector, layer in zip(vectors, layers, strict=True)
    )


def test_late_softmax_averages_what_is_there(streams) -> None:
    network = build("late_softmax")
    output = network.fuse(*streams.values())
    audio, video = judged_alone(network, streams)
    both = [(softmax(a) + softmax(v)) / 2 for a, v in zip(audio[:2], video[:2], strict=True)]
    expected = [*both, softmax(audio[2]), softmax(video[3])]
    np.testing.assert_allclose(numbers(output.logits.softmax(dim=1)), expected, rtol=1e-3)
    shares = [share(softmax(audio[i]), softmax(video[i])) for i in range(2)] + [1, 0]
    np.testing.assert_allclose(numbers(output.audio_weight), shares, atol=1e-4)


def test_late_logistic_is_a_regression_on_both_decisions(streams) -> None:
    network = build("late_logistic")
    output = network.fuse(*streams.values())
    decisions = judged_alone(network, streams)
    weight, bias = numbers(network.fusion.weight), numbers(network.fusion.bias)
    for i in range(BATCH):
        parts = [weight[m] @ centred(decisions[m][i]) * (i != (3, 2)[m]) for m in range(2)]
        np.testing.assert_allclose(numbers(output.logits[i]), bias + sum(parts), atol=1e-4)
        assert output.audio_weight[i].item() == pytest.approx(share(*parts), abs=1e-3)


def test_early_fusion_divides_the_decision_by_shapley_values(streams) -> None:
    network = build("early")
    output = network.fuse(*streams.values())
    sound, sight = ("sound", "sound_mask"), ("sight", "sight_mask")

    def judged(*present: tuple[str, str]) -> np.ndarray:
        seen = {
            k: v
            if any(k in names for names in present)
            else v & False
            if v.dtype == torch.bool
            else torch.full_like(v, 9.0)
            for k, v in streams.items()
        }
        return numbers(network.fusion(*seen.values()))

    both, none = judged(sound, sight), judged()
    np.testing.assert_allclose(numbers(output.logits), both, atol=1e-5)
    np.testing.assert_allclose(none[0], numbers(network.fusion.classes.bias), atol=1e-6)
    audio = (judged(sound) - none + both - judged(sight)) / 2
    video = (judged(sight) - none + both - judged(sound)) / 2
    np.testing.assert_allclose(audio + video + none, both, atol=1e-5)
    expected = [share(audio[i], video[i]) for i in range(BATCH)]
    np.testing.assert_allclose(numbers(output.audio_weight), expected, atol=1e-4)
    assert expected[2:] == pytest.approx([1, 0])


def test_hybrid_hears_the_early_decision_too(streams) -> None:
    network = build("hybrid")
    output = network.fuse(*streams.values())
    audio, video = judged_alone(network, streams)
    early = numbers(network.early(*streams.values()))
    parts = [numbers(part) for part in network.early.parts(*streams.values())]
    weight, bias = numbers(network.fusion.weight), numbers(network.fusion.bias)
    for i in range(BATCH):
        by_sound = weight[0] @ centred(audio[i]) * (i != 3)
        by_sight = weight[1] @ centred(video[i]) * (i != 2)
        expected = bias + by_sound + by_sight + weight[2] @ centred(early[i])
        np.testing.assert_allclose(numbers(output.logits[i]), expected, atol=1e-4)
        by_sound = by_sound + weight[2] @ centred(parts[0][i])
        by_sight = by_sight + weight[2] @ centred(parts[1][i])
        assert output.audio_weight[i].item() == pytest.approx(share(by_sound, by_sight), abs=1e-3)


@pytest.mark.parametrize("fusion", ["early", *DECISION])
def test_can_be_trained_end_to_end(fusion) -> None:
    torch.manual_seed(2)
    network = build_network(NetworkConfig(fusion=fusion, vector_size=8)).train()
    labels = torch.arange(8)
    faces = torch.nn.functional.one_hot(labels, 8).float()[:, None].expand(8, 12, 8)
    sound, mask = torch.randn(8, 16, 64) * 20 - 60, torch.ones(8, 16, dtype=torch.bool)
    optimiser = torch.optim.AdamW(network.parameters(), 3e-3)
    losses = []
    for _ in range(15):
        logits = network(sound, mask, faces, mask[:, :12]).logits
        loss = torch.nn.functional.cross_entropy(logits, labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert np.mean(losses[-3:]) < 0.7 * losses[0]
    assert network.training and all(module.training for module in network.modules())
