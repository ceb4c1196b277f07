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

"""Which file the deployed network is, and what its checkpoint says of it: classes, calibration."""

import json
from collections.abc import Mapping
from pathlib import Path

from emotion_recognition.model.checkpoint import CheckpointError
from emotion_recognition.model.network import TwoStreamNetwork, load_network

WEIGHTS = Path(__file__).parents[1] / "weights"
NETWORK_FILE = "emotion_network.safetensors"


def read_labels(path: Path | None = None) -> tuple[str, ...]:
    """Return the class names of the network that :func:`load_model` would load from ``path``.

    Raises:
        CheckpointError: As of :func:`load_model`.
    """
    file = network_file(path)
    return labels_of(file, *load_network(file))


def network_file(path: Path | None) -> Path:
    """Return the file of the network: that in a folder, and the shipped one for None."""
    path = path or WEIGHTS
    return path / NETWORK_FILE if path.is_dir() else path


def labels_of(
    path: Path, network: TwoStreamNetwork, metadata: Mapping[str, str]
) -> tuple[str, ...]:
    """Return the class names in a network's checkpoint.

    Raises:
        CheckpointError: There are none, or not as many as the network tells apart.
    """
    try:
        found = json.loads(metadata["labels"])
    except (KeyError, ValueError):
        found = None
    count = network.config.classes
    named = isinstance(found, list) and all(isinstance(name, str) and name for name in found)
    if not named or len(set(found)) != count or len(found) != count:
        raise CheckpointError(
            f"{path}: labels are {metadata.get('labels')}, expected the {count} different names of "
            "its classes"
        )
    return tuple(found)


def calibration_of(path: Path, metadata: Mapping[str, str]) -> tuple[str, dict[str, float]]:
    """Return the id and the temperatures of a network's checkpoint.

    Raises:
        CheckpointError: The temperatures are missing or make no sense.
    """
    try:
        temperatures = {
            name: float(value) for name, value in json.loads(metadata["temperature"]).items()
        }
        if set(temperatures) != {"audio", "video", "both"} or min(temperatures.values()) <= 0:
            raise ValueError(f"got {temperatures}")
    except (KeyError, AttributeError, TypeError, ValueError) as error:
        raise CheckpointError(
            f"{path}: temperature must hold a positive number for audio, video and both ({error})"
        ) from error
    return metadata["id"], temperatures
