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

"""What a recording's outputs were made from: so that finished ones are known again.

A manifest is written before the outputs, and once more when they are complete. Its fingerprint
stands for everything that the estimates follow from: the recording's files (size and time of
change), the configuration, the weights, the options and the version of this package.
"""

import functools
import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from emotion_recognition import __version__
from emotion_recognition.model.frame_encoder import SHIPPED_WEIGHTS
from emotion_recognition.model.network_file import network_file


@dataclass(frozen=True)
class Manifest:
    """The record of one recording under one configuration.

    Attributes:
        recording: name of its file or folder.
        configuration: all parameters by name.
        fingerprint: of what the estimates follow from, hexadecimal.
        finished: whether the outputs are complete.
        model: id of the weights; empty before the end.
        windows: windows that were judged.
        seconds: sensor time from the first to the last of them.
        version: of this package.
    """

    recording: str
    configuration: Mapping[str, Any]
    fingerprint: str
    finished: bool = False
    model: str = ""
    windows: int = 0
    seconds: float = 0.0
    version: str = __version__


def write_manifest(path: Path, manifest: Manifest) -> None:
    """Write it, complete or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".part")
    try:
        partial.write_text(json.dumps(asdict(manifest), indent=1) + "\n", encoding="utf-8")
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def read_manifest(path: Path) -> Manifest | None:
    """Read it; None if there is none that can be read."""
    try:
        return Manifest(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def fingerprint(recording: Path, weights: str, **settings: Any) -> str:
    """Hash what estimates follow from.

    Args:
        recording: file or folder; of a folder all files count.
        weights: as of ``weights_digest``.
        settings: what else matters, of types that JSON knows.

    Raises:
        OSError: the recording is not there.
    """
    files = sorted(path for path in recording.rglob("*") if path.is_file()) or [recording]
    listed = []
    for path in files:
        status = path.stat()
        listed.append([str(path.relative_to(recording)), status.st_size, status.st_mtime_ns])
    content = [__version__, recording.name, listed, weights, settings]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


@functools.cache
def weights_digest(model_path: Path | None) -> str:
    """Hash the emotion network's file and the frame encoder's beside it.

    Raises:
        OSError: there is no network.
    """
    network = network_file(model_path)
    digest = hashlib.sha256(network.read_bytes())
    encoder = network.with_name(SHIPPED_WEIGHTS.name)
    if encoder.exists():
        digest.update(encoder.read_bytes())
    return digest.hexdigest()
