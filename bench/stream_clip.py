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

"""Material for the benchmarks: frames at 30 Hz and 16 kHz speech, looped as long as asked."""

import heapq
import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import av
import cv2
import numpy as np

from emotion_recognition.bags.sample import fetch_sample

FRAME_RATE = 30
SAMPLE_RATE = 16_000
CHUNK = 512  # samples, 32 ms
VGA = (640, 480)
HD = (1280, 720)
SECOND = 1_000_000_000


@dataclass(frozen=True)
class Material:
    """A few seconds: BGR frames (height, width, 3) uint8 and mono float32 sound."""

    frames: list[np.ndarray]
    sound: np.ndarray


def load_material(size: tuple[int, int] = VGA, seconds: float = 4.0) -> Material:
    """Return the first ``seconds`` of the sample face, ``size`` wide and high, and sample voice.

    Raises:
        SampleError: a sample could not be had.
    """
    face, voice = fetch_sample("wolfgang"), fetch_sample("speech")
    with av.open(str(face)) as container:
        pictures = [
            (float(frame.time or 0.0), frame.to_ndarray(format="bgr24"))
            for frame in container.decode(video=0)
            if (frame.time or 0.0) < seconds
        ]
    times = np.array([time for time, _ in pictures])
    frames = []
    for index in range(int(min(seconds, times[-1]) * FRAME_RATE)):
        picture = pictures[int(np.abs(times - index / FRAME_RATE).argmin())][1]
        frames.append(letterbox(picture, size))
    with av.open(str(voice)) as container:
        resampler = av.AudioResampler(format="flt", layout="mono", rate=SAMPLE_RATE)
        parts = [
            piece.to_ndarray().reshape(-1)
            for frame in container.decode(audio=0)
            for piece in resampler.resample(frame)
        ]
    sound = np.concatenate(parts).astype(np.float32)[: len(frames) * SAMPLE_RATE // FRAME_RATE]
    return Material(frames, sound)


def tiled(material: Material, count: int) -> Material:
    """The same with ``count`` faces side by side, as large as they find room in the frame."""
    height, width = material.frames[0].shape[:2]
    columns = math.ceil(math.sqrt(count))
    rows = math.ceil(count / columns)
    cell = width // columns, height // rows

    def tile(frame: np.ndarray) -> np.ndarray:
        canvas = np.zeros_like(frame)
        small = letterbox(frame, cell)
        for place in range(count):
            top, left = place // columns * cell[1], place % columns * cell[0]
            canvas[top : top + cell[1], left : left + cell[0]] = small
        return canvas

    return Material([tile(frame) for frame in material.frames], material.sound)


def letterbox(picture: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The whole picture as large as it finds room in ``size`` (wide, high), on black."""
    width, height = size
    scale = min(width / picture.shape[1], height / picture.shape[0])
    small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    canvas = np.zeros((height, width, 3), np.uint8)
    top, left = (height - small.shape[0]) // 2, (width - small.shape[1]) // 2
    canvas[top : top + small.shape[0], left : left + small.shape[1]] = small
    return canvas


def image_message(frame: np.ndarray) -> Any:
    """A frame with the fields of ``sensor_msgs/Image``; the pixels are not copied."""
    height, width = frame.shape[:2]
    return SimpleNamespace(
        encoding="bgr8",
        width=width,
        height=height,
        step=3 * width,
        is_bigendian=0,
        data=frame.reshape(-1),
    )


Event = tuple[int, str, np.ndarray]


def events(material: Material, start_ns: int) -> Iterator[Event]:
    """Yield ``(stamp_ns, "image" | "audio", data)`` in time order without end, in a loop."""
    return heapq.merge(_images(material, start_ns), _sound(material, start_ns), key=_stamp)


def _images(material: Material, start_ns: int) -> Iterator[Event]:
    for index in itertools.count():
        frame = material.frames[index % len(material.frames)]
        yield start_ns + index * SECOND // FRAME_RATE, "image", frame


def _sound(material: Material, start_ns: int) -> Iterator[Event]:
    chunks = len(material.sound) // CHUNK
    for index in itertools.count():
        begin = index % chunks * CHUNK
        chunk = material.sound[begin : begin + CHUNK, None]
        yield start_ns + index * CHUNK * SECOND // SAMPLE_RATE, "audio", chunk


def _stamp(event: Event) -> int:
    return event[0]
