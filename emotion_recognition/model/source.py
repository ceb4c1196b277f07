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

"""Where a model comes from: the file of its weights, its checksum, its terms, its encoders."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from emotion_recognition.model.backbones import FrameBackbone, VoiceBackbone
from emotion_recognition.model.checkpoint import checkpoint_sha256


@dataclass(frozen=True)
class ModelSource:
    """What a loaded model was made of.

    Attributes:
        checkpoint: File of the emotion network.
        sha256: Of that file, hexadecimal.
        licence: Terms of the weights, as the file states them; empty: it states none.
        frame_encoder: Name and checksum of what turns a face into a vector.
        voice_encoder: Likewise for the voice; empty: none, the network reads audio features.
    """

    checkpoint: Path
    sha256: str
    licence: str
    frame_encoder: str
    voice_encoder: str


def model_source(
    path: Path,
    metadata: Mapping[str, str],
    encoder: FrameBackbone,
    voice_encoder: VoiceBackbone | None,
) -> ModelSource:
    """Describe what a model was made of.

    Args:
        path: The network's checkpoint.
        metadata: The checkpoint's.
        encoder: The frame encoder.
        voice_encoder: The voice encoder, if there is one.

    Raises:
        CheckpointError: The file is gone.
    """
    return ModelSource(
        checkpoint=path.resolve(),
        sha256=checkpoint_sha256(path),
        licence=metadata.get("licence", ""),
        frame_encoder=_named(encoder),
        voice_encoder="" if voice_encoder is None else _named(voice_encoder),
    )


def _named(encoder: FrameBackbone | VoiceBackbone) -> str:
    return f"{encoder.name}, sha256 {encoder.sha256}"
