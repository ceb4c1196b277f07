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

"""Checkpoints: one safetensors file that holds the weights and everything needed to use them.

The weights are stored as float16 and given back as float32. The metadata, a map from string to
string, holds ``format`` and ``kind``, which tell what the file is, ``id``, the name that estimates
bear, ``config``, the network's configuration as JSON, and whatever else its kind needs.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from emotion_recognition.model.digest import DigestError, check_digest, sha256

FORMAT = "emotion_recognition/1"


class CheckpointError(ValueError):
    """A checkpoint cannot be used; the message names the file, what it is and what it should be."""


def save_checkpoint(
    path: Path, module: nn.Module, kind: str, id: str, config: Mapping[str, Any], **metadata: str
) -> None:
    """Write the weights of ``module`` and their metadata to ``path``, replacing it at once.

    Args:
        path: The file to write; its folder is made if it does not exist.
        module: The network; floating point tensors are stored as float16, others as they are.
        kind: What the file is, e.g. ``frame_encoder``; :func:`load_checkpoint` asks for it.
        id: Name of these weights, e.g. ``ferplus-2026.11``.
        config: Arguments that build the same network again; must be JSON.
        **metadata: More entries, e.g. ``labels`` and ``licence``.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    tensors = {name: _stored(tensor) for name, tensor in module.state_dict().items()}
    entries = {"format": FORMAT, "kind": kind, "id": id, "config": json.dumps(dict(config))}
    partial = path.with_name(path.name + ".partial")
    save_file(tensors, partial, {**metadata, **entries})
    partial.replace(path)


def load_checkpoint(path: Path, kind: str) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Read a checkpoint of the given kind.

    Returns:
        The state dict (floating point tensors as float32) and the metadata.

    Raises:
        CheckpointError: The file is missing, is not the one whose digest is stated, is no
            safetensors file, or is of another format or kind.
    """
    if not path.is_file():
        raise CheckpointError(
            f"{path}: no such checkpoint; expected a .safetensors file of kind '{kind}'"
        )
    try:
        check_digest(path)
        with safe_open(path, framework="pt") as file:
            metadata = dict(file.metadata() or {})
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except DigestError as error:
        raise CheckpointError(str(error)) from error
    except (SafetensorError, OSError) as error:
        raise CheckpointError(
            f"{path}: not a readable safetensors file ({error}); it may be incomplete or corrupt: "
            "restore or download it again"
        ) from error
    _expect(path, "format", metadata, FORMAT)
    _expect(path, "kind", metadata, kind)
    return {name: _loaded(tensor) for name, tensor in tensors.items()}, metadata


def checkpoint_sha256(path: Path) -> str:
    """Return the SHA-256 of the file at ``path`` in hexadecimal.

    Raises:
        CheckpointError: The file is missing.
    """
    if not path.is_file():
        raise CheckpointError(f"{path}: no such checkpoint")
    return sha256(path)


def _expect(path: Path, key: str, metadata: Mapping[str, str], expected: str) -> None:
    if metadata.get(key) != expected:
        found = f"'{metadata[key]}'" if key in metadata else "missing"
        raise CheckpointError(f"{path}: {key} is {found}, expected '{expected}'")


def _stored(tensor: Tensor) -> Tensor:
    dtype = torch.float16 if tensor.is_floating_point() else tensor.dtype
    return tensor.detach().to("cpu", dtype).contiguous()


def _loaded(tensor: Tensor) -> Tensor:
    return tensor.float() if tensor.is_floating_point() else tensor
