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

"""What a camera or microphone is told to publish, and where its material lies. No ROS."""

from dataclasses import dataclass

FRAMES_FILE = "frames.npy"
SOUND_FILE = "sound.npy"
HEARD, UNHEARD = "heard", "unheard"
"""What a device says when it gets a subscriber, and when it loses it."""

MATCH_S = 0.5
"""A subscriber that is known may not know the publisher yet: what is published would be lost."""
SOUND_RATE = 16_000
ENCODINGS = ("bgr8", "rgb8", "rgba8", "mono8")
SAMPLE_FORMATS = ("S16LE", "S32LE", "F32LE")


@dataclass(frozen=True)
class ImageOrder:
    """Publish frame ``number`` of the material (counted on over its end)."""

    stamp_ns: int
    number: int
    width: int = 640
    height: int = 480
    encoding: str = "bgr8"
    damaged: bool = False


@dataclass(frozen=True)
class SoundOrder:
    """Publish the ``duration_s`` of the material's sound that begin at sample ``begin``."""

    stamp_ns: int
    begin: int
    duration_s: float
    rate: int = SOUND_RATE
    channels: int = 1
    sample_format: str = "S16LE"
    damaged: bool = False
