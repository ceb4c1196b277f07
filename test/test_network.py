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

from emotion_recognition.model.branches import (
    STREAM_ENCODERS,
    AudioBranch,
    VisualBranch,
    masked_mean,
    shrink_mask,
)
from emotion_recognition.model.checkpoint import save_checkpoint
from emotion_recognition.model.fusion import AFTER_BRANCHES, BETWEEN_STAGES, FUSIONS
from emotion_recognition.model.network import (
    KIND,
    EmotionNetwork,
    NetworkConfig,
    build_network,
    config_entries,
    load_network,
)

BATCH = 3


@pytest.fixture(scope="module")
def network() -> EmotionNetwork:
    torch.manual_seed(0)
    return EmotionNetwork().eval()


@pytest.fixture
def window() -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    return {
        "audio": torch.randn(BATCH, 225, 87, generator=generator) * 20 - 60,
        "audio_mask": torch.ones(BATCH, 225, dtype=torch.bool),
        "video": torch.randn(BATCH, 36, 128, generator=generator),
        "video_mask": torch.ones(BATCH, 36, dtype=torch.bool),
    }


def test_gives_logits_intensity_and_shares_for_each_window(network, window) -> None:
    output = network(**window)
    assert output.logits.shape == (BATCH, 8)
    for values in (output.intensity, output.audio_weight, output.video_weight):
        assert values.shape == (BATCH,)
    torch.testing.assert_close(output.audio_weight + output.video_weight, torch.ones(BATCH))


@pytest.mark.parametrize("stream", ["audio", "video"])
def test_what_lies_under_a_false_mask_does_not_matter(network, window, stream) -> None:
    window[f"{stream}_mask"][:, :13] = False
    expected = network(**window).logits
    window[stream][:, :13] = 1e6
    assert torch.equal(network(**window).logits, expected)
    window[stream][:, :13] = float("nan")
    assert torch.equal(network(**window).logits, expected)


@pytest.mark.parametrize("stream", ["audio", "video"])
def test_a_missing_stream_contributes_nothing(network, window, stream) -> None:
    window[f"{stream}_mask"][:] = False
    output = network(**window)
    assert torch.isfinite(output.logits).all()
    assert getattr(output, f"{stream}_weight").tolist() == [0.0] * BATCH
    other = "video" if stream == "audio" else "audio"
    torch.testing.assert_close(getattr(output, f"{other}_weight"), torch.ones(BATCH))


def test_two_missing_streams_leave_only_the_bias(network, window) -> None:
    window["audio_mask"][:] = False
    window["video_mask"][:] = False
    output = network(**window)
    torch.testing.assert_close(
        output.logits, network.heads.audio_classes.bias.expand(BATCH, -1), atol=1e-6, rtol=0
    )
    assert output.audio_weight.tolist() == output.video_weight.tolist() == [0.0] * BATCH


def test_a_window_does_not_depend_on_the_others_of_the_batch(network, window) -> None:
    window["video_mask"][1] = False
    together = network(**window).logits
    for row in range(BATCH):
        alone = network(**{name: values[row : row + 1] for name, values in window.items()})
        torch.testing.assert_close(alone.logits[0], together[row], atol=1e-4, rtol=1e-4)


def test_reads_the_log_mel_columns_alone(network, window) -> None:
    expected = network(**window).logits
    window["audio"] = window["audio"][:, :, :64]
    assert torch.equal(network(**window).logits, expected)


def test_every_parameter_learns_even_with_streams_missing(window) -> None:
    torch.manual_seed(0)
    network = EmotionNetwork().train()
    window["audio_mask"][1] = False
    window["video_mask"][2] = False
    output = network(**window)
    (output.logits.square().sum() + output.intensity.square().sum()).backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert torch.isfinite(parameter.grad).all(), name
        assert parameter.grad.abs().sum() > 0, name


def test_a_step_of_the_audio_branch_covers_four_frames() -> None:
    branch = AudioBranch().eval()
    mask = torch.zeros(1, 225, dtype=torch.bool)
    mask[0, 101] = True
    features, steps = branch.stage_one(torch.zeros(1, 225, 64), mask)
    assert features.shape == (1, 128, 56)
    assert steps.nonzero().tolist() == [[0, 25]]
    assert features[0, :, 24].abs().sum() == 0


def test_the_visual_branch_keeps_the_steps() -> None:
    mask = torch.ones(2, 36, dtype=torch.bool)
    features, steps = VisualBranch().eval().stage_one(torch.zeros(2, 36, 128), mask)
    assert features.shape == (2, 64, 36)
    assert torch.equal(steps, mask)


def test_masks_shrink_by_any_and_means_leave_masked_steps_out() -> None:
    mask = torch.tensor([[0, 0, 1, 0, 0, 0, 1]], dtype=torch.bool)
    assert shrink_mask(mask, 2).tolist() == [[False, True, False]]
    values = torch.tensor([[[1.0, 5.0, 9.0]]])
    assert masked_mean(values, torch.tensor([[True, False, True]])).item() == 5
    assert masked_mean(values, torch.tensor([[False, False, False]])).item() == 0


@pytest.mark.parametrize("fusion", FUSIONS)
def test_the_fusion_is_chosen_by_name_and_kept_in_the_checkpoint(fusion, window, tmp_path) -> None:
    torch.manual_seed(1)
    network = build_network(NetworkConfig(fusion=fusion)).eval()
    assert network(**window).logits.shape == (BATCH, 8)
    network = network.half().float()  # as a checkpoint rounds it
    path = tmp_path / "network.safetensors"
    save_checkpoint(path, network, KIND, "test", config_entries(network))
    loaded, _ = load_network(path)
    assert loaded.config.fusion == fusion
    assert torch.equal(loaded(**window).logits, network(**window).logits)


@pytest.mark.parametrize("fusion", FUSIONS)
@pytest.mark.parametrize("stream", ["audio", "video"])
def test_no_fusion_lets_through_a_missing_stream(fusion, stream, window) -> None:
    torch.manual_seed(2)
    network = build_network(NetworkConfig(fusion=fusion)).eval()
    window[f"{stream}_mask"][:] = False
    expected = network(**window)
    assert getattr(expected, f"{stream}_weight").tolist() == [0.0] * BATCH
    window[stream][:] = 1e6
    assert torch.equal(network(**window).logits, expected.logits)


@pytest.mark.parametrize("fusion", [*BETWEEN_STAGES, *AFTER_BRANCHES])
def test_each_stream_changes_the_part_of_the_other(fusion, window) -> None:
    torch.manual_seed(3)
    network = build_network(NetworkConfig(fusion=fusion)).eval()
    torch.nn.init.zeros_(network.heads.video_classes.weight)  # leaves the audio's part
    expected = network(**window).logits
    window["video"] = window["video"].flip(0) * 3
    assert not torch.allclose(network(**window).logits, expected, atol=1e-7)


@pytest.mark.parametrize("fusion", FUSIONS)
@pytest.mark.parametrize("encoder", STREAM_ENCODERS)
def test_every_parameter_learns_with_any_fusion_and_encoder(fusion, encoder, window) -> None:
    torch.manual_seed(4)
    network = build_network(NetworkConfig(fusion=fusion, stream_encoder=encoder)).train()
    window["audio_mask"][1] = False
    window["video_mask"][2] = False
    output = network(**window)
    assert torch.isfinite(output.logits).all()
    (output.logits[:, 3].sum() + output.intensity.square().sum()).backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert torch.isfinite(parameter.grad).all() and parameter.grad.abs().sum() > 0, name


@pytest.mark.parametrize("fusion", FUSIONS)
def test_the_shares_of_any_fusion_sum_to_one_or_are_zero(fusion, window) -> None:
    torch.manual_seed(5)
    network = build_network(NetworkConfig(fusion=fusion)).eval()
    window["audio_mask"][1] = False
    window["video_mask"][1:] = False
    output = network(**window)
    assert (output.audio_weight + output.video_weight).tolist() == pytest.approx([1, 0, 1])
    assert output.audio_weight[2].item() == pytest.approx(1) and (output.audio_weight >= 0).all()


@pytest.mark.parametrize("branch", ["mfcc", "vectors"])
@pytest.mark.parametrize("fusion", FUSIONS)
def test_any_audio_branch_goes_with_any_fusion(branch, fusion, window) -> None:
    size = 20 if branch == "mfcc" else 87
    torch.manual_seed(6)
    config = NetworkConfig(
        audio_branch=branch, audio_size=size, stream_encoder="transformer", fusion=fusion
    )
    network = build_network(config).eval()
    window["audio_mask"][:, 100:] = False
    expected = network(**window)
    assert expected.logits.shape == (BATCH, 8)
    window["audio"][:, 100:] = float("nan")
    assert torch.equal(network(**window).logits, expected.logits)
    window["audio_mask"][:] = False
    assert network(**window).audio_weight.tolist() == [0.0] * BATCH


def test_a_checkpoint_of_before_there_was_a_choice_is_what_it_was(window, tmp_path) -> None:
    torch.manual_seed(7)
    network = EmotionNetwork().eval().half().float()
    path = tmp_path / "network.safetensors"
    config = {"vector_size": 128, "attention_size": 64, "fusion": "intermediate_attention"}
    save_checkpoint(path, network, KIND, "test", config)
    loaded, _ = load_network(path)
    assert loaded.config == NetworkConfig()
    assert torch.equal(loaded(**window).logits, network(**window).logits)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"fusion": "middle"}, "fusion 'middle' is unknown: expected one of late_transformer, "),
        ({"audio_branch": "plp"}, "audio_branch 'plp' is unknown: expected one of log_mel, "),
        ({"video_branch": "lstm"}, "video_branch 'lstm' is unknown: expected one of conv"),
        ({"stream_encoder": "rnn"}, "stream_encoder 'rnn' is unknown: expected one of none, tra"),
        ({"audio_size": 20}, "audio_size is 20; allowed by the audio_branch 'log_mel': 64 to 64"),
        ({"audio_branch": "mfcc"}, "audio_size is 64; allowed by the audio_branch 'mfcc': 1 to 20"),
        ({"vector_size": 0}, "vector_size is 0; allowed: 1 to 65535"),
        ({"attention_size": 0}, "attention_size is 0; allowed: 1 to 1024"),
    ],
)
def test_a_wrong_configuration_is_refused_with_what_is_allowed(changes, message) -> None:
    with pytest.raises(ValueError, match=message):
        NetworkConfig(**changes)


def test_a_network_of_features_refuses_a_fusion_of_decisions() -> None:
    with pytest.raises(ValueError, match="'hybrid' is unknown: expected one of intermediate_att"):
        EmotionNetwork(NetworkConfig(fusion="hybrid"))


@pytest.mark.parametrize("fusion", FUSIONS)
def test_tells_as_many_classes_apart_as_it_is_built_for(fusion, window, tmp_path) -> None:
    built = build_network(NetworkConfig(fusion=fusion, classes=3)).eval()
    save_checkpoint(tmp_path / "n.safetensors", built, KIND, "x", config_entries(built))
    network, _ = load_network(tmp_path / "n.safetensors")
    output = network(**window)
    assert output.logits.shape == (BATCH, 3)
    assert network.heads.ratings.shape == (3, 2)
    with pytest.raises(ValueError, match="classes is 1"):
        NetworkConfig(fusion=fusion, classes=1)
