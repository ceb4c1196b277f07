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

from emotion_recognition.model.fusion import CrossAttention, TransformerFusion


def softmax(scores: np.ndarray) -> np.ndarray:
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def matrix(linear: torch.nn.Linear) -> np.ndarray:
    return linear.weight.detach().double().numpy().T


def reference(queries: np.ndarray, keys: np.ndarray, module: CrossAttention) -> np.ndarray:
    """The design's formula for one sample, queries (Q, C_q) and keys (K, C_k)."""
    w_q, w_k, w_v = matrix(module.query), matrix(module.key), matrix(module.value)
    return softmax((queries @ w_q) @ (keys @ w_k).T / np.sqrt(w_q.shape[1])) @ (keys @ w_v)


def stream(batch: int, size: int, steps: int, seed: int) -> torch.Tensor:
    return torch.randn(batch, size, steps, generator=torch.Generator().manual_seed(seed)) * 3


def test_attention_follows_the_formula_on_valid_steps_alone() -> None:
    torch.manual_seed(0)
    module = CrossAttention(query_size=5, key_size=7, size=4)
    queries, keys = stream(2, 5, 6, 1), stream(2, 7, 9, 2)
    mask = torch.arange(9)[None] < torch.tensor([[9], [4]])
    found = module(queries, keys, mask).detach().numpy()
    assert found.shape == (2, 5, 6)
    for sample in range(2):
        valid = keys[sample].double().numpy().T[mask[sample]]
        expected = reference(queries[sample].double().numpy().T, valid, module)
        np.testing.assert_allclose(found[sample].T, expected, rtol=1e-3, atol=1e-5)


def test_fusion_adds_to_each_stream_what_it_attends_to() -> None:
    torch.manual_seed(1)
    fusion = TransformerFusion(audio_size=7, video_size=5, size=4)
    audio, video = stream(1, 7, 9, 3), stream(1, 5, 6, 4)
    masks = torch.ones(1, 9, dtype=torch.bool), torch.ones(1, 6, dtype=torch.bool)
    new_audio, new_video = fusion(audio, masks[0], video, masks[1])
    a, v = audio[0].double().numpy().T, video[0].double().numpy().T
    expected = a + reference(a, v, fusion.to_audio), v + reference(v, a, fusion.to_video)
    np.testing.assert_allclose(new_audio[0].detach().numpy().T, expected[0], rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(new_video[0].detach().numpy().T, expected[1], rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("missing", ["audio", "video"])
def test_a_missing_stream_leaves_both_as_they_are(missing: str) -> None:
    torch.manual_seed(2)
    fusion = TransformerFusion(audio_size=7, video_size=5, size=4)
    audio, video = stream(1, 7, 9, 5), stream(1, 5, 6, 6)
    audio_mask, video_mask = torch.full((1, 9), missing != "audio"), torch.full((1, 6), True)
    if missing == "video":
        video_mask[:] = False
    new_audio, new_video = fusion(audio, audio_mask, video, video_mask)
    assert torch.equal(new_audio, audio) and torch.equal(new_video, video)


def test_padding_gets_nothing() -> None:
    torch.manual_seed(3)
    fusion = TransformerFusion(audio_size=7, video_size=5, size=4)
    audio_mask = torch.arange(9)[None] < 4
    audio, video = stream(1, 7, 9, 7) * audio_mask[:, None], stream(1, 5, 6, 8)
    new_audio, _ = fusion(audio, audio_mask, video, torch.ones(1, 6, dtype=torch.bool))
    assert (new_audio[:, :, 4:] == 0).all() and not torch.equal(new_audio, audio)


def test_gradients_reach_all_projections_and_stay_finite_with_masks() -> None:
    torch.manual_seed(4)
    fusion = TransformerFusion(audio_size=7, video_size=5, size=4)
    audio_mask = torch.arange(9)[None] < torch.tensor([[9], [4], [0]])
    video_mask = torch.arange(6)[None] < torch.tensor([[6], [0], [3]])
    audio, video = fusion(stream(3, 7, 9, 9), audio_mask, stream(3, 5, 6, 10), video_mask)
    (audio.square().sum() + video.square().sum()).backward()
    for parameter in fusion.parameters():
        assert parameter.grad is not None
        assert torch.isfinite(parameter.grad).all() and parameter.grad.abs().sum() > 0
