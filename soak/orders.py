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
