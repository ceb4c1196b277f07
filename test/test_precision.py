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

"""The choice of a precision at load, and what the networks must not do in it."""

import logging
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch

from emotion_recognition.model.backbones.frames import ShippedFrames
from emotion_recognition.model.branches import STREAM_ENCODERS
from emotion_recognition.model.calibrated import CalibratedNetwork
from emotion_recognition.model.device import Device
from emotion_recognition.model.emotion_model import (
    AUDIO_STEPS,
    VIDEO_STEPS,
    EmotionModel,
    in_half_if_exact,
)
from emotion_recognition.model.frame_encoder import SHIPPED_WEIGHTS, FrameEncoder
from emotion_recognition.model.fusion import FUSIONS
from emotion_recognition.model.network import NetworkConfig, build_network, load_network
from emotion_recognition.model.network_file import WEIGHTS
from emotion_recognition.model.precision import TOLERANCE, worst_difference

TEMPERATURES = {"audio": 1.5, "video": 0.8, "both": 1.0}


def build(device: Device, half: bool, spoilt: float = 0.0) -> EmotionModel:
    """The shipped networks on the CPU; ``spoilt``: what is added to a bias of those in half."""
    network, _ = load_network(WEIGHTS / "emotion_network.safetensors")
    encoder = ShippedFrames(SHIPPED_WEIGHTS, "cpu")
    if half:
        network.half()
        encoder.halve()
        with torch.no_grad():
            network.heads.audio_classes.bias[0] += spoilt
    return EmotionModel(encoder, network, "test", TEMPERATURES, replace(device, name="cpu"))


def test_the_shipped_model_is_exact_enough_in_half_precision(caplog) -> None:
    model = in_half_if_exact(build, Device("cuda:0"))
    assert model.precision == "float16"
    assert 0 < worst_difference(model, build(Device("cpu"), False)) <= TOLERANCE
    assert not caplog.records


@pytest.mark.parametrize("spoilt", [1.0, float("nan")])
def test_a_model_that_is_not_falls_back_to_float32_with_a_warning(caplog, spoilt: float) -> None:
    model = in_half_if_exact(lambda *how: build(*how, spoilt=spoilt), Device("cuda:0"))
    assert model.precision == "float32"
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert "float16 on cuda:0 changes probabilities by up to" in record.message
    assert "computing in float32" in record.message


def test_silence_and_no_evidence_are_no_nan_in_half_precision() -> None:
    model = build(Device("cpu"), True)
    sound = np.zeros((1, AUDIO_STEPS, 87), np.float32)
    sight = np.zeros((1, VIDEO_STEPS, 128), np.float32)
    heard, seen = np.ones((1, AUDIO_STEPS), bool), np.ones((1, VIDEO_STEPS), bool)
    for there in ((heard, seen), (heard, ~seen), (~heard, seen)):
        (found,) = model.predict_batch(sound, there[0], sight, there[1])
        assert np.isfinite(found.probabilities).all()
        assert found.audio_weight + found.video_weight == pytest.approx(1, abs=1e-3)


def configurations() -> Iterator[NetworkConfig]:
    for fusion in FUSIONS:
        yield NetworkConfig(fusion=fusion)
    for encoder in STREAM_ENCODERS:
        yield NetworkConfig(stream_encoder=encoder, audio_branch="mfcc", audio_size=20)
    yield NetworkConfig(audio_branch="vectors", audio_size=48)


@pytest.mark.parametrize("config", configurations(), ids=lambda config: config.fusion)
def test_no_network_asks_for_a_value_on_its_way(config: NetworkConfig) -> None:
    """A CUDA graph cannot: and meta tensors, which have no values, refuse it in the same places."""
    network = CalibratedNetwork(build_network(config).eval(), TEMPERATURES)
    network.network.half()
    width = 87 if config.audio_branch != "vectors" else config.audio_size
    window = (
        torch.zeros(2, AUDIO_STEPS, width),
        torch.ones(2, AUDIO_STEPS, dtype=torch.bool),
        torch.zeros(2, VIDEO_STEPS, 128),
        torch.ones(2, VIDEO_STEPS, dtype=torch.bool),
    )
    with torch.inference_mode():
        assert torch.isfinite(network(*window)).all()
        found = network.to("meta")(*(each.to("meta") for each in window))
    assert found.shape == (2, 13) and found.dtype == torch.float32 and found.is_meta


def test_nor_does_the_frame_encoder() -> None:
    encoder = FrameEncoder().eval().fold().half().to("meta")
    with torch.inference_mode():
        vectors, _ = encoder(torch.zeros(3, 1, 48, 48, device="meta"))
    assert vectors.shape == (3, 128) and vectors.dtype == torch.float16
