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

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_backbones import onnx_vectors, write_face_input, write_onnx

from emotion_recognition.model.backbones import (
    BackboneError,
    FaceInput,
    FrameEncoderChoice,
    make_frame_encoder,
)
from emotion_recognition.model.checkpoint import CheckpointError
from emotion_recognition.model.frame_encoder import SHIPPED_WEIGHTS, load_frame_encoder

COLOUR = {
    "size": 32,
    "channels": 3,
    "vector_size": 5,
    "mean": [0.5, 0.4, 0.3],
    "std": [0.2, 0.25, 0.5],
}


class Tiny(torch.nn.Module):
    """Mean and largest of each channel; the vectors, and something else."""

    def forward(self, faces: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        vectors = torch.cat([faces.mean(dim=(2, 3)), faces.amax(dim=(2, 3))], dim=1)
        return vectors, faces


@pytest.fixture
def faces() -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (3, 32, 32, 3), dtype=np.uint8)


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "ours.pt"
    torch.jit.script(Tiny()).save(str(path))
    write_face_input(path, size=32, channels=3, vector_size=6)
    return path


def scaled(faces: np.ndarray) -> np.ndarray:
    """As COLOUR says, channels first."""
    pixels = (faces / 255 - np.array(COLOUR["mean"])) / np.array(COLOUR["std"])
    return pixels.transpose(0, 3, 1, 2)


def test_the_shipped_encoder_is_the_default() -> None:
    faces = np.random.default_rng(0).integers(0, 256, (2, 48, 48), dtype=np.uint8)
    encoder = make_frame_encoder(FrameEncoderChoice())
    network, _ = load_frame_encoder(SHIPPED_WEIGHTS)
    with torch.inference_mode():
        expected, _ = network(torch.from_numpy(faces)[:, None].float() / 255)
    assert encoder.face == FaceInput(48, 1, 128) and len(encoder.sha256) == 64
    np.testing.assert_array_equal(encoder.encode(faces), expected.numpy())


@pytest.mark.parametrize("batch", [None, 1])
def test_an_onnx_file_gets_the_pixels_that_its_json_declares(tmp_path, faces, batch) -> None:
    pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    path = tmp_path / "ours.onnx"
    write_onnx(path, 3, 32, 5, batch)
    write_face_input(path, **COLOUR)
    encoder = make_frame_encoder(FrameEncoderChoice("onnx", str(path)))
    found = encoder.encode(faces)
    assert found.dtype == np.float32 and encoder.face.face_shape == (32, 32, 3)
    np.testing.assert_allclose(found, onnx_vectors(scaled(faces), 5), rtol=1e-4, atol=1e-5)


def test_a_torchscript_file_may_give_more_than_the_vectors(script, faces) -> None:
    encoder = make_frame_encoder(FrameEncoderChoice("torchscript", str(script)))
    images = faces / 255
    expected = np.concatenate([images.mean(axis=(1, 2)), images.max(axis=(1, 2))], axis=1)
    np.testing.assert_allclose(encoder.encode(faces), expected, rtol=1e-5)


def test_the_configuration_may_declare_in_place_of_the_json(script, faces) -> None:
    script.with_suffix(".json").unlink()
    declared = FaceInput(32, 3, 6, mean=(0.5,), std=(0.5,))
    encoder = make_frame_encoder(FrameEncoderChoice("torchscript", str(script), declared))
    np.testing.assert_allclose(
        encoder.encode(faces)[:, :3], (faces / 255).mean(axis=(1, 2)) * 2 - 1, rtol=1e-3, atol=1e-5
    )


def test_other_scaling_is_another_encoder(script) -> None:
    choice = FrameEncoderChoice("torchscript", str(script))
    before = make_frame_encoder(choice).sha256
    assert make_frame_encoder(choice).sha256 == before
    write_face_input(script, size=32, channels=3, vector_size=6, mean=[0.5])
    assert make_frame_encoder(choice).sha256 != before


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"vector_size": 7}, r"gives \(2, 6\) for two faces; expected \(2, 7\)"),
        ({"channels": 2}, "channels is 2; allowed: 1"),
        ({"size": 8}, "size is 8; allowed: 16 to 1024"),
        ({"std": [0.0]}, "std is .*; allowed: positive"),
        ({"mean": [0.1, 0.2]}, "mean is .*; allowed: one number"),
        ({"colour": True}, "unexpected keyword argument 'colour'"),
        (None, r"ours\.json is missing: expected a JSON file with size"),
        ("no json", r"ours\.json: "),
    ],
)
def test_a_wrong_declaration_is_refused(script, fields, message) -> None:
    path = script.with_suffix(".json")
    if fields is None:
        path.unlink()
    elif isinstance(fields, str):
        path.write_text(fields)
    else:
        path.write_text(json.dumps({"size": 32, "channels": 3, "vector_size": 6, **fields}))
    with pytest.raises(BackboneError, match=message) as caught:
        make_frame_encoder(FrameEncoderChoice("torchscript", str(script)))
    assert caught.value.field == "frame_encoder_path"


def test_an_onnx_file_of_another_input_is_refused(tmp_path) -> None:
    pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    path = tmp_path / "ours.onnx"
    write_onnx(path, 3, 32, 5, None)
    write_face_input(path, **{**COLOUR, "size": 64})
    with pytest.raises(BackboneError, match=r"inputs are faces .*32, 32.*expected .*\(3, 64, 64\)"):
        make_frame_encoder(FrameEncoderChoice("onnx", str(path)))


def test_a_device_without_its_provider_is_refused(tmp_path, monkeypatch) -> None:
    runtime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    monkeypatch.setattr(runtime, "get_available_providers", lambda: ["CPUExecutionProvider"])
    path = tmp_path / "ours.onnx"
    write_onnx(path, 3, 32, 5, None)
    write_face_input(path, **COLOUR)
    with pytest.raises(BackboneError, match="cuda:0, but this onnxruntime has only CPU"):
        make_frame_encoder(FrameEncoderChoice("onnx", str(path)), "cuda:0")


@pytest.mark.parametrize("name", ["onnx", "torchscript"])
def test_a_broken_or_missing_file_is_named(name, tmp_path) -> None:
    if name == "onnx":
        pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    path = tmp_path / "ours.bin"
    with pytest.raises(BackboneError, match=r"ours\.bin: no such file"):
        make_frame_encoder(FrameEncoderChoice(name, str(path)))
    path.write_bytes(b"neither")
    write_face_input(path, size=32, channels=3, vector_size=6)
    with pytest.raises(BackboneError, match=r"ours\.bin: no (ONNX|TorchScript) file"):
        make_frame_encoder(FrameEncoderChoice(name, str(path)))
    with pytest.raises(BackboneError, match="is empty"):
        make_frame_encoder(FrameEncoderChoice(name))
    with pytest.raises(CheckpointError, match=r"ours\.bin"):
        make_frame_encoder(FrameEncoderChoice("shipped", str(path)))


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(BackboneError, match="'vgg' is unknown: expected one of shipped, onnx, tor"):
        make_frame_encoder(FrameEncoderChoice("vgg"))


def test_a_missing_package_is_named_with_the_extra(tmp_path, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    path = tmp_path / "ours.onnx"
    path.write_bytes(b"")
    write_face_input(path, **COLOUR)
    with pytest.raises(BackboneError, match=r"onnxruntime, which is not .*\[backbones\]") as caught:
        make_frame_encoder(FrameEncoderChoice("onnx", str(path)))
    assert caught.value.field == "frame_encoder"
