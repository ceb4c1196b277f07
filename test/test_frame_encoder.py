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

"""The frame encoder: its promises on any weights, and what the shipped ones do."""

import json

import pytest
import torch
from torch.nn import functional as F

from emotion_recognition.emotions import FERPLUS_CLASSES
from emotion_recognition.model.checkpoint import CheckpointError, load_checkpoint, save_checkpoint
from emotion_recognition.model.frame_encoder import (
    KIND,
    SHIPPED_WEIGHTS,
    FrameEncoder,
    FrameEncoderConfig,
    load_frame_encoder,
)

SMALL = FrameEncoderConfig(stem=4, widths=(8, 16), blocks=(1, 2))


@pytest.fixture(scope="module")
def shipped():
    return load_frame_encoder(SHIPPED_WEIGHTS)


@pytest.fixture(scope="module")
def faces():
    """Smooth random images, as unlike each other as faces under different light."""
    noise = torch.rand(4, 1, 12, 12, generator=torch.Generator().manual_seed(0))
    return F.interpolate(noise, size=48, mode="bicubic").clamp(0, 1) * 0.6 + 0.1


def test_vectors_and_logits_have_the_promised_shapes(faces):
    vectors, logits = FrameEncoder(SMALL).eval()(faces)
    assert vectors.shape == (4, FrameEncoder.VECTOR_SIZE) == (4, 128)
    assert logits.shape == (4, len(FERPLUS_CLASSES))
    assert vectors.dtype == logits.dtype == torch.float32


@torch.inference_mode()
def test_brightness_and_contrast_do_not_matter(shipped, faces):
    encoder, _ = shipped
    for changed in (faces + 0.2, faces * 0.5, faces * 1.2 - 0.05):
        for expected, got in zip(encoder(faces), encoder(changed), strict=True):
            torch.testing.assert_close(got, expected, atol=1e-3, rtol=1e-3)


@torch.inference_mode()
def test_faces_of_a_batch_do_not_influence_each_other(shipped, faces):
    encoder, _ = shipped
    _, together = encoder(faces)
    alone = torch.cat([encoder(face[None])[1] for face in faces])
    torch.testing.assert_close(alone, together, atol=1e-4, rtol=1e-4)


@torch.inference_mode()
@pytest.mark.parametrize("grey", [0.0, 0.5, 1.0])
def test_uniform_image_gives_finite_values(shipped, grey):
    vectors, logits = shipped[0](torch.full((1, 1, 48, 48), grey))
    assert vectors.isfinite().all()
    assert logits.isfinite().all()


@torch.inference_mode()
def test_a_face_and_its_mirror_image_get_the_same(shipped, faces):
    for expected, got in zip(shipped[0](faces), shipped[0](faces.flip(3)), strict=True):
        torch.testing.assert_close(got, expected, atol=1e-5, rtol=1e-4)


@torch.inference_mode()
def test_vector_is_the_mean_over_the_face_and_its_mirror_image(faces):
    torch.manual_seed(0)
    encoder = FrameEncoder(SMALL).eval()
    image = faces - faces.mean(dim=(1, 2, 3), keepdim=True)
    image = image / image.square().mean(dim=(1, 2, 3), keepdim=True).sqrt()
    single = [
        encoder.embed_norm(encoder.embed(encoder.trunk(seen).mean(dim=(2, 3))))
        for seen in (image, image.flip(3))
    ]
    torch.testing.assert_close(encoder(faces)[0], (single[0] + single[1]) / 2)


@torch.inference_mode()
def test_folding_the_normalisation_changes_nothing_but_rounding(faces):
    state, metadata = load_checkpoint(SHIPPED_WEIGHTS, KIND)
    plain = FrameEncoder(FrameEncoderConfig(**json.loads(metadata["config"])))
    plain.load_state_dict(state)
    expected = plain.eval()(faces)
    folded, _ = load_frame_encoder(SHIPPED_WEIGHTS)
    kinds = {type(module) for module in folded.modules()}
    assert not kinds & {torch.nn.BatchNorm1d, torch.nn.BatchNorm2d}
    for wanted, got in zip(expected, folded(faces), strict=True):
        torch.testing.assert_close(got, wanted, atol=1e-4, rtol=1e-4)


def test_loading_builds_the_same_network_again(tmp_path, faces):
    torch.manual_seed(0)
    encoder = FrameEncoder(SMALL).eval()
    path = tmp_path / "small.safetensors"
    save_checkpoint(path, encoder, KIND, "small", encoder.config_json())
    loaded, metadata = load_frame_encoder(path)
    assert loaded.config == SMALL
    assert metadata["id"] == "small"
    assert not loaded.training
    torch.testing.assert_close(loaded(faces)[1], encoder(faces)[1], atol=2e-2, rtol=2e-2)


@pytest.mark.parametrize(
    "config",
    [
        {"stem": 8, "widths": [8, 16], "blocks": [1, 2]},
        {"stem": 4, "widths": [8, 16], "blocks": [1]},
        {"colour": True},
    ],
)
def test_weights_that_do_not_fit_their_configuration_are_rejected(tmp_path, config):
    path = tmp_path / "odd.safetensors"
    save_checkpoint(path, FrameEncoder(SMALL), KIND, "odd", config)
    with pytest.raises(CheckpointError, match=r"odd\.safetensors: weights do not fit"):
        load_frame_encoder(path)


def test_shipped_checkpoint_says_what_it_is(shipped):
    _, metadata = shipped
    assert tuple(json.loads(metadata["labels"])) == FERPLUS_CLASSES
    assert metadata["id"].startswith("ferplus-")
    assert "non-commercial" in metadata["licence"]
    assert 0.2 < float(metadata["temperature"]) < 5
    assert SHIPPED_WEIGHTS.stat().st_size < 4_000_000


def test_shipped_weights_are_finite():
    state, _ = load_checkpoint(SHIPPED_WEIGHTS, KIND)
    assert all(tensor.isfinite().all() for tensor in state.values())
