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

"""What a frame encoder and a voice encoder are to the rest of the package, and how one is chosen.

Anything that has the attributes and the method of :class:`FrameBackbone` or :class:`VoiceBackbone`
can take the place of what is shipped; ``model.backbones`` keeps those that come with the package by
name.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from emotion_recognition.model.checkpoint import CheckpointError

Pixels = npt.NDArray[np.uint8]
Vectors = npt.NDArray[np.float32]

MAX_SIDE = 1024


class BackboneError(CheckpointError):
    """An encoder cannot be used.

    Attributes:
        field: What is to be changed: ``frame_encoder``, ``frame_encoder_path``, ``voice_encoder``
            or ``voice_encoder_path``, which are also the parameters of the node.
    """

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(problem)
        self.field = field


@dataclass(frozen=True)
class FaceInput:
    """What a frame encoder reads and gives; ValueError names the field that is out of range.

    A pixel ``p`` of channel ``c``, 0 to 255, goes in as ``(p / 255 - mean[c]) / std[c]``.

    Attributes:
        size: Side of the aligned face in pixels.
        channels: 1: grey, 3: red, green, blue.
        mean: One number for all channels, or one each.
        std: Likewise; positive.
        vector_size: Numbers in a face's vector.
    """

    size: int
    channels: int
    vector_size: int
    mean: tuple[float, ...] = (0.0,)
    std: tuple[float, ...] = (1.0,)

    def __post_init__(self) -> None:
        if not 16 <= self.size <= MAX_SIDE:
            raise ValueError(f"size is {self.size}; allowed: 16 to {MAX_SIDE}")
        if self.channels not in (1, 3):
            raise ValueError(f"channels is {self.channels}; allowed: 1 (grey), 3 (RGB)")
        if not 1 <= self.vector_size <= 65535:
            raise ValueError(f"vector_size is {self.vector_size}; allowed: 1 to 65535")
        for name, values in (("mean", self.mean), ("std", self.std)):
            if len(values) not in (1, self.channels):
                raise ValueError(
                    f"{name} is {values}; allowed: one number, or one for each channel"
                )
        if min(self.std) <= 0:
            raise ValueError(f"std is {self.std}; allowed: positive numbers")

    @property
    def face_shape(self) -> tuple[int, ...]:
        """Shape of one face: (size, size) if grey, (size, size, 3) in colour."""
        return (self.size, self.size) if self.channels == 1 else (self.size, self.size, 3)

    def scaled(self, faces: Pixels) -> Vectors:
        """Faces ``(N, *face_shape)`` uint8 as the encoder reads them, (N, channels, size, size)."""
        mean, std = np.array(self.mean, np.float32), np.array(self.std, np.float32)
        shape = (-1, self.size, self.size, self.channels)
        pixels = (faces.reshape(shape).astype(np.float32) / np.float32(255) - mean) / std
        return pixels.transpose(0, 3, 1, 2).copy()


class FrameBackbone(Protocol):
    """Turns aligned faces into vectors.

    Attributes:
        name: By which it is chosen.
        sha256: Of its file; a network loads with the encoder it was trained with and no other.
        face: What it reads and gives.
    """

    name: str
    sha256: str
    face: FaceInput

    def encode(self, faces: Pixels) -> Vectors:
        """Return the vectors (N, vector_size) of N >= 1 faces ``(N, *face_shape)`` uint8."""


class VoiceBackbone(Protocol):
    """Turns sound into vectors, 50 a second.

    Attributes:
        name: By which it is chosen.
        sha256: Of its files.
        vector_size: Numbers in a vector.
    """

    name: str
    sha256: str
    vector_size: int

    def encode(self, samples: Vectors) -> Vectors:
        """Return the vectors of mono sound at 16 kHz.

        Args:
            samples: (n,) float32, full scale 1; n is at least 400.

        Returns:
            ((n - 80) // 320, vector_size) float32; vector i describes the sound around sample
            320 i + 200.
        """


@dataclass(frozen=True)
class FrameEncoderChoice:
    """Which frame encoder.

    Attributes:
        name: A name in ``FRAME_ENCODERS``.
        path: Its file; empty for ``shipped``: the weights that come with the package.
        face: What it reads and gives; None: as the JSON file beside it says (``shipped`` knows).
    """

    name: str = "shipped"
    path: str = ""
    face: FaceInput | None = None


@dataclass(frozen=True)
class VoiceEncoderChoice:
    """Which voice encoder.

    Attributes:
        name: A name in ``VOICE_ENCODERS``, or ``none``.
        path: Its folder.
    """

    name: str = "none"
    path: str = ""


def sha256_of(paths: Iterable[Path], face: FaceInput | None = None) -> str:
    """Return the SHA-256, in hexadecimal, of the contents of files, one after the other.

    With ``face``, of that as well: other scaling makes other vectors.
    """
    digest = hashlib.sha256(json.dumps(asdict(face)).encode() if face else b"")
    for path in paths:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()
