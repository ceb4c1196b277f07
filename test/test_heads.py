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

from emotion_recognition.model.heads import Heads, decision_shares


@pytest.fixture
def heads() -> Heads:
    torch.manual_seed(0)
    return Heads(audio_size=6, video_size=4).eval()


def test_logits_are_one_linear_map_of_the_concatenated_vectors(heads: Heads) -> None:
    audio, video = torch.randn(3, 6), torch.randn(3, 4)
    weight = torch.cat([heads.audio_classes.weight, heads.video_classes.weight], dim=1)
    expected = torch.cat([audio, video], dim=1) @ weight.T + heads.audio_classes.bias
    torch.testing.assert_close(heads(audio, video).logits, expected)


def test_shares_are_one_stream_s_when_the_other_is_missing(heads: Heads) -> None:
    audio, video, none = torch.rand(2, 6), torch.rand(2, 4), torch.zeros(2, 6)
    output = heads(audio, video * 0)
    assert output.audio_weight.tolist() == pytest.approx([1, 1])
    assert output.video_weight.tolist() == pytest.approx([0, 0])
    output = heads(none, video)
    assert output.audio_weight.tolist() == pytest.approx([0, 0], abs=1e-6)
    assert output.video_weight.tolist() == pytest.approx([1, 1])


def test_shares_are_both_zero_without_evidence(heads: Heads) -> None:
    output = heads(torch.zeros(1, 6), torch.zeros(1, 4))
    assert output.audio_weight.item() == output.video_weight.item() == 0


def test_shares_follow_the_additive_parts() -> None:
    # Centred, the parts are (3, -3, 0) and (1, -1, 0): three quarters and one quarter.
    audio, video = torch.tensor([[4.0, -2.0, 1.0]]), torch.tensor([[0.0, -2.0, -1.0]])
    audio_share, video_share = decision_shares(audio, video)
    assert audio_share.item() == pytest.approx(0.75)
    assert video_share.item() == pytest.approx(0.25)


def test_a_stream_that_is_overruled_has_no_share() -> None:
    audio_share, video_share = decision_shares(
        torch.tensor([[-1.0, 1.0]]), torch.tensor([[3.0, -3.0]])
    )
    assert (audio_share.item(), video_share.item()) == (0, 1)


def test_shares_lie_in_range_and_sum_to_one_for_any_parts() -> None:
    generator = torch.Generator().manual_seed(0)
    audio, video = torch.randn(2, 200, 8, generator=generator).unbind()
    audio_share, video_share = decision_shares(audio, video)
    torch.testing.assert_close(audio_share + video_share, torch.ones(200))
    assert ((audio_share >= 0) & (audio_share <= 1)).all()
