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

"""The emotion classes and how other label sets map onto them."""

from collections.abc import Mapping
from types import MappingProxyType

EMOTIONS: tuple[str, ...] = (
    "neutral",
    "calm",
    "happy",
    "sad",
    "angry",
    "fearful",
    "disgust",
    "surprised",
)
"""Classes of the default model, in the order of the RAVDESS emotion codes 01 to 08."""

FERPLUS_CLASSES: tuple[str, ...] = (
    "neutral",
    "happiness",
    "surprise",
    "sadness",
    "anger",
    "disgust",
    "fear",
    "contempt",
)
"""The eight emotions of FER+ (Barsoum et al. 2016), in the order of its vote columns."""

RAVDESS_CODES: Mapping[str, str] = MappingProxyType(
    {f"{index + 1:02d}": name for index, name in enumerate(EMOTIONS)}
)
"""RAVDESS emotion code (third field of a file name) to class."""

CREMA_D_CODES: Mapping[str, str] = MappingProxyType(
    {
        "NEU": "neutral",
        "HAP": "happy",
        "SAD": "sad",
        "ANG": "angry",
        "FEA": "fearful",
        "DIS": "disgust",
    }
)
"""CREMA-D emotion code (third field of a file name) to class."""

ALIASES: Mapping[str, str] = MappingProxyType(
    {
        "happiness": "happy",
        "joy": "happy",
        "sadness": "sad",
        "anger": "angry",
        "fear": "fearful",
        "disgusted": "disgust",
        "surprise": "surprised",
    }
)
"""Other word forms of the classes."""


def canonical(name: str) -> str:
    """Return the class that ``name`` stands for, whatever its case or word form.

    Raises:
        ValueError: ``name`` is no known emotion; the message lists the known names.
    """
    key = name.strip().lower()
    key = ALIASES.get(key, key)
    if key not in EMOTIONS:
        known = ", ".join((*EMOTIONS, *ALIASES))
        raise ValueError(f"unknown emotion '{name}': expected one of {known}")
    return key
