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

"""Builds the messages that are written into bags."""

from typing import Any

import cv2
import numpy as np

from emotion_recognition.audio.chunk import AudioChunk
from emotion_recognition.bags.types import (
    AUDIO_DATA,
    AUDIO_DATA_STAMPED,
    AUDIO_INFO,
    COMPRESSED_IMAGE,
    EMOTION_STATE,
    HEADER,
    IMAGE,
    typestore,
)
from emotion_recognition.estimate import Estimate

MICROPHONE = "microphone"  # frame_id of the sound of clips
JPEG_QUALITY = 90


def header(stamp_ns: int, frame_id: str) -> Any:
    """A ``std_msgs/Header``."""
    return _make(HEADER, stamp=_time("Time", stamp_ns), frame_id=frame_id)


def raw_image(stamp_ns: int, frame_id: str, pixels: np.ndarray) -> Any:
    """A ``sensor_msgs/Image`` of (H, W, 3) uint8 BGR."""
    height, width, _ = pixels.shape
    return _make(
        IMAGE,
        header=header(stamp_ns, frame_id),
        height=height,
        width=width,
        encoding="bgr8",
        is_bigendian=0,
        step=3 * width,
        data=pixels.reshape(-1),
    )


def jpeg_image(
    stamp_ns: int, frame_id: str, pixels: np.ndarray, quality: int = JPEG_QUALITY
) -> Any:
    """A ``sensor_msgs/CompressedImage`` of (H, W, 3) uint8 BGR; ``quality`` from 1 to 100."""
    _, data = cv2.imencode(".jpg", pixels, (cv2.IMWRITE_JPEG_QUALITY, quality))
    return _make(
        COMPRESSED_IMAGE,
        header=header(stamp_ns, frame_id),
        format="bgr8; jpeg compressed bgr8",
        data=data.reshape(-1),
    )


def sound(chunk: AudioChunk) -> Any:
    """An ``AudioDataStamped`` (released dialect) of S16LE; exact for samples of 16 bits."""
    pcm = np.rint(chunk.samples * 32768.0).clip(-32768, 32767).astype("<i2")
    return _make(
        AUDIO_DATA_STAMPED,
        header=header(chunk.stamp_ns, MICROPHONE),
        audio=_make(AUDIO_DATA, data=np.frombuffer(pcm.tobytes(), np.uint8)),
    )


def sound_info(sample_rate: int) -> Any:
    """The ``AudioInfo`` (released dialect) of mono ``sound``."""
    return _make(
        AUDIO_INFO,
        channels=1,
        sample_rate=sample_rate,
        sample_format="S16LE",
        bitrate=sample_rate * 16,
        coding_format="wave",
    )


def emotion_state(estimate: Estimate) -> Any:
    """An ``EmotionState`` as the node publishes it, but of latency 0: nobody waited for it."""
    box = estimate.face
    left, top = (max(0, box.x), max(0, box.y)) if box else (0, 0)  # the fields are unsigned
    face = _make(
        "sensor_msgs/msg/RegionOfInterest",
        x_offset=left,
        y_offset=top,
        width=max(0, box.x + box.width - left) if box else 0,
        height=max(0, box.y + box.height - top) if box else 0,
        do_rectify=False,
    )
    return _make(
        EMOTION_STATE,
        header=header(estimate.stamp_ns, estimate.frame_id),
        window=_time("Duration", estimate.window_ns),
        subject=estimate.subject,
        face=face,
        labels=list(estimate.labels),
        probabilities=np.array(estimate.probabilities, np.float32),
        emotion=estimate.emotion,
        confidence=estimate.confidence,
        valence=estimate.valence,
        arousal=estimate.arousal,
        intensity=estimate.intensity,
        audio_weight=estimate.audio_weight,
        video_weight=estimate.video_weight,
        flags=int(estimate.flags),
        latency=_time("Duration", 0),
        model=estimate.model,
    )


def _time(kind: str, nanoseconds: int) -> Any:
    sec, nanosec = divmod(nanoseconds, 1_000_000_000)
    return _make(f"builtin_interfaces/msg/{kind}", sec=sec, nanosec=nanosec)


def _make(msgtype: str, **fields: Any) -> Any:
    return typestore().types[msgtype](**fields)
