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

"""Frame encoders: the shipped one, and a lab's own as an ONNX or TorchScript file.

A file of a lab comes with a JSON file of the same name beside it (``ours.onnx``, ``ours.json``)
that holds the fields of :class:`~emotion_recognition.model.backbones.interface.FaceInput`. What it
declares is held against what the encoder is, once, when it is loaded.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from emotion_recognition.model.backbones.interface import (
    BackboneError,
    FaceInput,
    FrameBackbone,
    FrameEncoderChoice,
    Pixels,
    Vectors,
    sha256_of,
)
from emotion_recognition.model.batches import make_runner
from emotion_recognition.model.frame_encoder import (
    SHIPPED_WEIGHTS,
    FrameEncoder,
    load_frame_encoder,
)

PATH = "frame_encoder_path"
SHIPPED = "shipped"


class ShippedFrames:
    """The package's own frame encoder, or another checkpoint of it."""

    name = SHIPPED
    face = FaceInput(FrameEncoder.FACE_SIZE, 1, FrameEncoder.VECTOR_SIZE)

    def __init__(self, path: Path, device: str = "cpu") -> None:
        """Load the checkpoint.

        Raises:
            CheckpointError: It is missing, corrupt, or of another kind.
        """
        encoder, _ = load_frame_encoder(path)
        self.sha256 = sha256_of([path])
        self._vectors = FaceVectors(encoder.to(device))
        self._run = make_runner(self._vectors, device)

    def halve(self) -> None:
        """Compute in float16 from here on."""
        self._vectors.half()

    def encode(self, faces: Pixels) -> Vectors:
        """Return the vectors (N, 128) of grey faces (N, 48, 48) uint8."""
        return self._run(faces)


class FaceVectors(nn.Module):
    """The shipped encoder from the bytes of faces on, so that no floats go to the device."""

    def __init__(self, encoder: FrameEncoder) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, faces: Tensor) -> Tensor:
        """Grey faces (N, 48, 48) uint8 to vectors (N, 128) float32."""
        vectors, _ = self.encoder(faces[:, None].float() / 255)
        return vectors.float()


class OnnxFrames:
    """An ONNX file with one float32 input (N, channels, size, size), whose first output counts.

    A batch size that is fixed to 1 in the file is served face by face.
    """

    name = "onnx"

    def __init__(self, path: Path, face: FaceInput, device: str = "cpu") -> None:
        """Load the file, on the CPU or by the CUDA provider of onnxruntime.

        Raises:
            BackboneError: onnxruntime or its CUDA provider is not installed, the file is broken, or
                the encoder is not what ``face`` declares.
        """
        try:
            import onnxruntime
        except ImportError as error:
            raise missing_package("frame_encoder", "onnx", "onnxruntime") from error
        self.face = face
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        options.log_severity_level = 3  # errors are raised, and said by us
        try:
            self._session = onnxruntime.InferenceSession(
                str(path), options, providers=[_provider(device, onnxruntime)]
            )
        except BackboneError:
            raise
        except Exception as error:  # of onnxruntime's own kinds, which derive from nothing narrower
            raise BackboneError(PATH, f"{path}: no ONNX file that can be run: {error}") from error
        inputs = self._session.get_inputs()
        shape = (face.channels, face.size, face.size)
        if len(inputs) != 1 or inputs[0].type != "tensor(float)" or not _fits(inputs[0], shape):
            found = ", ".join(f"{each.name} {each.type} {each.shape}" for each in inputs)
            raise BackboneError(
                PATH, f"{path}: inputs are {found}; expected one tensor(float) (N, *{shape})"
            )
        self._input = inputs[0].name
        self._one_by_one = inputs[0].shape[0] == 1
        self.sha256 = sha256_of([path], face)
        check_vectors(path, face, self._run)

    def encode(self, faces: Pixels) -> Vectors:
        """Return the vectors (N, vector_size) of faces (N, *face_shape) uint8."""
        return self._run(self.face.scaled(faces))

    def _run(self, images: Vectors) -> Vectors:
        parts = np.split(images, len(images)) if self._one_by_one else [images]
        found = [self._session.run(None, {self._input: part})[0] for part in parts]
        return np.concatenate(found).astype(np.float32)


class TorchScriptFrames:
    """A TorchScript file; called with (N, channels, size, size) float32.

    Such a file holds code, which runs: load none that you would not run as a program.
    """

    name = "torchscript"

    def __init__(self, path: Path, face: FaceInput, device: str = "cpu") -> None:
        """Load the file.

        Raises:
            BackboneError: It is broken, or the encoder is not what ``face`` declares.
        """
        self.face = face
        self._device = device
        try:
            self._module = torch.jit.load(str(path), map_location=device).eval()
        except (RuntimeError, ValueError) as error:
            raise BackboneError(PATH, f"{path}: no TorchScript file: {error}") from error
        self.sha256 = sha256_of([path], face)
        check_vectors(path, face, self._run)

    def encode(self, faces: Pixels) -> Vectors:
        """Return the vectors (N, vector_size) of faces (N, *face_shape) uint8."""
        return self._run(self.face.scaled(faces))

    @torch.inference_mode()
    def _run(self, images: Vectors) -> Vectors:
        found = self._module(torch.from_numpy(images).to(self._device))
        vectors = found[0] if isinstance(found, tuple) else found
        return np.asarray(vectors.float().cpu())


FRAME_ENCODERS: dict[str, Callable[[FrameEncoderChoice, str], FrameBackbone]] = {
    SHIPPED: lambda choice, device: ShippedFrames(Path(choice.path or SHIPPED_WEIGHTS), device),
    "onnx": lambda choice, device: OnnxFrames(*_file_and_face(choice), device),
    "torchscript": lambda choice, device: TorchScriptFrames(*_file_and_face(choice), device),
}
"""Builders by name, of the choice and the device."""


def missing_package(field: str, name: str, package: str) -> BackboneError:
    """Return the error that an optional package is missing."""
    return BackboneError(
        field,
        f"'{name}' needs {package}, which is not installed: pip install "
        "'emotion_recognition[backbones]' (in a checkout: pip install -r "
        "requirements/backbones.txt)",
    )


def check_vectors(path: Path, face: FaceInput, run: Callable[[Vectors], Vectors]) -> None:
    """Encode two faces of no content.

    Raises:
        BackboneError: The encoder fails, or gives vectors of another shape or without meaning.
    """
    blank = np.zeros((2, *face.face_shape), np.uint8)
    images = face.scaled(blank)
    try:
        found = run(images)
    except Exception as error:  # whatever a stranger's network raises
        raise BackboneError(
            PATH, f"{path}: fails on faces {images.shape}, as declared: {error}"
        ) from error
    if found.shape != (2, face.vector_size):
        raise BackboneError(
            PATH,
            f"{path}: gives {found.shape} for two faces; expected (2, {face.vector_size}), the "
            "vector_size declared",
        )
    if not np.isfinite(found).all():
        raise BackboneError(PATH, f"{path}: gives NaN or infinity for a black face")


def _provider(device: str, onnxruntime: Any) -> str | tuple[str, dict[str, int]]:
    if device == "cpu":
        return "CPUExecutionProvider"
    there = onnxruntime.get_available_providers()
    if "CUDAExecutionProvider" not in there:
        raise BackboneError(
            "frame_encoder",
            f"device is {device}, but this onnxruntime has only {', '.join(there)}: install "
            "onnxruntime-gpu in its place, or set device to cpu",
        )
    return "CUDAExecutionProvider", {"device_id": int(device.partition(":")[2] or 0)}


def _fits(found: Any, shape: tuple[int, ...]) -> bool:
    """Whether the dimensions that an ONNX input fixes are those of (N, *shape)."""
    dimensions = found.shape
    return len(dimensions) == len(shape) + 1 and all(
        not isinstance(there, int) or there == wanted
        for there, wanted in zip(dimensions[1:], shape, strict=True)
    )


def _file_and_face(choice: FrameEncoderChoice) -> tuple[Path, FaceInput]:
    if not choice.path:
        raise BackboneError(PATH, f"is empty; '{choice.name}' needs the encoder's file")
    path = Path(choice.path).expanduser()
    if not path.is_file():
        raise BackboneError(PATH, f"{path}: no such file")
    return path, choice.face or read_face_input(path.with_suffix(".json"))


def read_face_input(path: Path) -> FaceInput:
    """Read what a frame encoder reads and gives from a JSON file.

    Raises:
        BackboneError: The file is missing, or a field is unknown, missing or out of its range.
    """
    if not path.is_file():
        raise BackboneError(
            PATH,
            f"{path} is missing: expected a JSON file with size, channels, vector_size, mean, std",
        )
    try:
        fields: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value
            for key, value in json.loads(path.read_text(encoding="utf-8")).items()
        }
        return FaceInput(**fields)
    except (ValueError, TypeError, AttributeError) as error:
        raise BackboneError(PATH, f"{path}: {error}") from error
