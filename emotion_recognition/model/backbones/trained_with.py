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

"""Which encoders a network was trained with: kept in its checkpoint, held against what is chosen.

A network understands the vectors of one encoder and of no other, however alike they look.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from emotion_recognition.model.backbones import (
    NO_VOICE_ENCODER,
    SHIPPED,
    BackboneError,
    FrameBackbone,
    FrameEncoderChoice,
    VoiceBackbone,
    VoiceEncoderChoice,
    make_frame_encoder,
    make_voice_encoder,
)
from emotion_recognition.model.checkpoint import CheckpointError
from emotion_recognition.model.frame_encoder import SHIPPED_WEIGHTS
from emotion_recognition.model.network import NetworkConfig


def encoder_entries(
    frames: FrameBackbone | None = None, voice: VoiceBackbone | None = None
) -> dict[str, str]:
    """Return the entries of a checkpoint that tell which encoders its network was trained with."""
    entries: dict[str, str] = {}
    for kind, encoder in (("frame_encoder", frames), ("voice_encoder", voice)):
        if encoder is not None:
            entries |= {kind: encoder.name, f"{kind}_sha256": encoder.sha256}
    return entries


def load_frames(
    path: Path,
    config: NetworkConfig,
    metadata: Mapping[str, str],
    choice: FrameEncoderChoice,
    device: str,
) -> FrameBackbone:
    """Load the frame encoder of a network.

    Args:
        path: The network's checkpoint. A ``frame_encoder.safetensors`` beside it is the shipped
            encoder's, unless ``choice`` names a file.
        config: The network's configuration.
        metadata: The checkpoint's.
        choice: Which encoder.
        device: ``cpu`` or ``cuda:N``.

    Raises:
        CheckpointError: It cannot be used, or is not the one that the network was trained with.
    """
    _expect_name(path, "frame_encoder", choice.name, metadata.get("frame_encoder", SHIPPED))
    by_itself = choice.name == SHIPPED and not choice.path
    if by_itself:
        beside = path.parent / SHIPPED_WEIGHTS.name
        choice = replace(choice, path=str(beside if beside.is_file() else SHIPPED_WEIGHTS))
    encoder = make_frame_encoder(choice, device)
    wanted = metadata.get("frame_encoder_sha256")
    if encoder.sha256 != wanted:
        problem = (
            f"{path}: was trained with the frame encoder of sha256 {wanted}, but {choice.path} has "
            f"{encoder.sha256}: "
        )
        if by_itself:
            raise CheckpointError(f"{problem}put the matching {SHIPPED_WEIGHTS.name} beside it")
        raise BackboneError("frame_encoder_path", f"{problem}name the matching file")
    _expect_size(path, "frame_encoder_path", encoder.face.vector_size, config.vector_size)
    return encoder


def load_voice(
    path: Path,
    config: NetworkConfig,
    metadata: Mapping[str, str],
    choice: VoiceEncoderChoice,
    device: str,
) -> VoiceBackbone | None:
    """Load the voice encoder of a network, None if it has none; arguments as above.

    Raises:
        CheckpointError: It cannot be used, or is not the one that the network was trained with.
    """
    wanted = metadata.get("voice_encoder", NO_VOICE_ENCODER)
    if (wanted != NO_VOICE_ENCODER) != (config.audio_branch == "vectors"):
        raise CheckpointError(
            f"{path}: audio_branch is '{config.audio_branch}', but voice_encoder '{wanted}': a "
            "network has a voice encoder if it reads vectors, and only then"
        )
    _expect_name(path, "voice_encoder", choice.name, wanted)
    encoder = make_voice_encoder(choice, device)
    if encoder is None:
        return None
    if encoder.sha256 != metadata.get("voice_encoder_sha256"):
        raise BackboneError(
            "voice_encoder_path",
            f"{path}: was trained with the voice encoder of sha256 "
            f"{metadata.get('voice_encoder_sha256')}, but {choice.path} has {encoder.sha256}: name "
            "the matching folder",
        )
    _expect_size(path, "voice_encoder_path", encoder.vector_size, config.audio_size)
    return encoder


def _expect_name(path: Path, field: str, chosen: str, wanted: str) -> None:
    if chosen != wanted:
        raise BackboneError(field, f"is '{chosen}', but {path} was trained with '{wanted}'")


def _expect_size(path: Path, field: str, size: int, wanted: int) -> None:
    if size != wanted:
        raise BackboneError(field, f"gives vectors of {size} numbers; {path} reads {wanted}")
