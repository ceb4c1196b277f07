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

from emotion_recognition.model.fusion import CrossWeights, IntermediateAttention


def softmax(scores: np.ndarray) -> np.ndarray:
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def reference_weights(queries, keys, w_q, w_k):
    """The design's formula for one sample, (Q, C_q) and (K, C_k), scaled to average 1."""
    scores = (queries @ w_q) @ (keys @ w_k).T / np.sqrt(w_q.shape[1])
    return softmax(scores).sum(axis=0) * len(keys) / len(queries)


@pytest.fixture
def weights() -> CrossWeights:
    torch.manual_seed(0)
    return CrossWeights(query_size=5, key_size=7, size=4).eval()


def stream(batch: int, size: int, steps: int, seed: int) -> torch.Tensor:
    return torch.randn(batch, size, steps, generator=torch.Generator().manual_seed(seed)) * 3


def test_follows_the_formula_on_valid_steps_alone(weights: CrossWeights) -> None:
    queries, keys = stream(2, 5, 6, 1), stream(2, 7, 9, 2)
    query_mask = torch.ones(2, 6, dtype=torch.bool)
    key_mask = torch.ones(2, 9, dtype=torch.bool)
    query_mask[1, 4:] = False
    key_mask[1, :3] = False
    found = weights(queries, query_mask, keys, key_mask).detach().numpy()
    w_q = weights.query.weight.detach().double().numpy().T
    w_k = weights.key.weight.detach().double().numpy().T
    for sample in range(2):
        expected = reference_weights(
            queries[sample].double().numpy().T[query_mask[sample]],
            keys[sample].double().numpy().T[key_mask[sample]],
            w_q,
            w_k,
        )
        np.testing.assert_allclose(found[sample][key_mask[sample]], expected, rtol=1e-4)
    np.testing.assert_allclose(found[1][:3], 0, atol=1e-6)


def test_weights_average_one_over_the_valid_keys(weights: CrossWeights) -> None:
    key_mask = torch.arange(9)[None] < torch.tensor([[9], [2]])
    query_mask = torch.arange(6)[None] < torch.tensor([[1], [5]])
    found = weights(stream(2, 5, 6, 3), query_mask, stream(2, 7, 9, 4), key_mask)
    means = (found * key_mask).sum(dim=1) / key_mask.sum(dim=1)
    torch.testing.assert_close(means, torch.ones(2))


@pytest.mark.parametrize("missing", ["queries", "keys", "both"])
def test_a_missing_stream_leaves_the_other_as_it_is(weights: CrossWeights, missing: str) -> None:
    query_mask = torch.full((1, 6), missing == "keys")
    key_mask = torch.full((1, 9), missing == "queries")
    found = weights(stream(1, 5, 6, 5), query_mask, stream(1, 7, 9, 6), key_mask)
    assert torch.equal(found, torch.ones(1, 9))


def test_scales_each_stream_by_what_the_other_asks_for() -> None:
    torch.manual_seed(1)
    fusion = IntermediateAttention(audio_size=7, video_size=5, size=4).eval()
    audio, video = stream(1, 7, 9, 7), stream(1, 5, 6, 8)
    masks = torch.ones(1, 9, dtype=torch.bool), torch.ones(1, 6, dtype=torch.bool)
    new_audio, new_video = fusion(audio, masks[0], video, masks[1])
    on_audio = fusion.on_audio(video, masks[1], audio, masks[0])
    on_video = fusion.on_video(audio, masks[0], video, masks[1])
    torch.testing.assert_close(new_audio, audio * on_audio[:, None])
    torch.testing.assert_close(new_video, video * on_video[:, None])
    assert on_audio.std() > 0.01 and on_video.std() > 0.01


def test_gradients_reach_all_projections_and_stay_finite_with_masks() -> None:
    fusion = IntermediateAttention(audio_size=7, video_size=5, size=4)
    audio_mask = torch.arange(9)[None] < torch.tensor([[9], [4], [0]])
    video_mask = torch.arange(6)[None] < torch.tensor([[6], [0], [3]])
    audio, video = fusion(stream(3, 7, 9, 9), audio_mask, stream(3, 5, 6, 10), video_mask)
    (audio.square().sum() + video.square().sum()).backward()
    for parameter in fusion.parameters():
        assert parameter.grad is not None
        assert torch.isfinite(parameter.grad).all() and parameter.grad.abs().sum() > 0
