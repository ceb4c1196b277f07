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

"""The branches of a network, sound and sight, and the encoders after their stage one, by name.

Both follow the two-stage scheme of Chumachenko, Iosifidis and Gabbouj, "Self-attention fusion for
audiovisual emotion recognition with incomplete data" (ICPR 2022), section III: stage one of a
branch and stage two, between which the streams may meet.
"""

from emotion_recognition.model.branches.branch import Branch
from emotion_recognition.model.branches.log_mel import LOG_MEL, AudioBranch
from emotion_recognition.model.branches.mfcc import MfccBranch
from emotion_recognition.model.branches.steps import masked_mean, shrink_mask
from emotion_recognition.model.branches.stream_encoder import NoEncoder, TransformerEncoder
from emotion_recognition.model.branches.vectors import VectorBranch
from emotion_recognition.model.branches.visual import VisualBranch

AUDIO_BRANCHES: dict[str, type[Branch]] = {
    "log_mel": AudioBranch,
    "mfcc": MfccBranch,
    "vectors": VectorBranch,
}
"""Built from the width of what they read; ``INPUT_SIZES`` tells which widths that may be."""

VIDEO_BRANCHES: dict[str, type[Branch]] = {"conv": VisualBranch}
"""Built from the size of the frame vectors."""

STREAM_ENCODERS: dict[str, type[NoEncoder] | type[TransformerEncoder]] = {
    "none": NoEncoder,
    "transformer": TransformerEncoder,
}
"""Built from the size of a stream's stage-one features."""

__all__ = [
    "AUDIO_BRANCHES",
    "LOG_MEL",
    "STREAM_ENCODERS",
    "VIDEO_BRANCHES",
    "AudioBranch",
    "Branch",
    "MfccBranch",
    "TransformerEncoder",
    "VectorBranch",
    "VisualBranch",
    "masked_mean",
    "shrink_mask",
]
