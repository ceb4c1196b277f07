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

"""Frame encoders and voice encoders by name, so that a stronger one can be put in.

``docs/backbones.md`` tells how. Nothing of an optional package is imported until an encoder that
needs it is made.
"""

from pathlib import Path

from emotion_recognition.model.backbones.frames import FRAME_ENCODERS, SHIPPED
from emotion_recognition.model.backbones.interface import (
    BackboneError,
    FaceInput,
    FrameBackbone,
    FrameEncoderChoice,
    VoiceBackbone,
    VoiceEncoderChoice,
)
from emotion_recognition.model.backbones.voices import NO_VOICE_ENCODER, VOICE_ENCODERS

__all__ = [
    "FRAME_ENCODERS",
    "NO_VOICE_ENCODER",
    "SHIPPED",
    "VOICE_ENCODERS",
    "BackboneError",
    "FaceInput",
    "FrameBackbone",
    "FrameEncoderChoice",
    "VoiceBackbone",
    "VoiceEncoderChoice",
    "make_frame_encoder",
    "make_voice_encoder",
]


def make_frame_encoder(choice: FrameEncoderChoice, device: str = "cpu") -> FrameBackbone:
    """Load the frame encoder that was chosen.

    Args:
        choice: Which.
        device: ``cpu`` or ``cuda:N``.

    Raises:
        CheckpointError: It cannot be used; a BackboneError says what is to be changed.
    """
    if choice.name not in FRAME_ENCODERS:
        raise BackboneError(
            "frame_encoder",
            f"'{choice.name}' is unknown: expected one of {', '.join(FRAME_ENCODERS)}",
        )
    return FRAME_ENCODERS[choice.name](choice, device)


def make_voice_encoder(choice: VoiceEncoderChoice, device: str = "cpu") -> VoiceBackbone | None:
    """Load the voice encoder that was chosen; None for ``none``.

    Args:
        choice: Which.
        device: ``cpu`` or ``cuda:N``.

    Raises:
        BackboneError: It cannot be used.
    """
    if choice.name == NO_VOICE_ENCODER:
        if choice.path:
            raise BackboneError(
                "voice_encoder", f"is '{NO_VOICE_ENCODER}', but voice_encoder_path is set"
            )
        return None
    if choice.name not in VOICE_ENCODERS:
        known = ", ".join([NO_VOICE_ENCODER, *VOICE_ENCODERS])
        raise BackboneError("voice_encoder", f"'{choice.name}' is unknown: expected one of {known}")
    if not choice.path:
        raise BackboneError("voice_encoder_path", f"is empty; '{choice.name}' needs its folder")
    folder = Path(choice.path).expanduser()
    if not folder.is_dir():
        raise BackboneError("voice_encoder_path", f"{folder}: no such folder")
    return VOICE_ENCODERS[choice.name](choice.name, folder, device)
