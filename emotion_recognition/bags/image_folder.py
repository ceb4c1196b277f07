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

"""Reads a folder of single images, and the sound file beside them, as if they arrived live."""

import functools
import heapq
import logging
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np

from emotion_recognition.bags.clip import CLIP_EPOCH_NS, FRAME_ID, clip_duration_s, read_clip
from emotion_recognition.bags.events import Event, FrameEvent, RecordingError
from emotion_recognition.bags.find import IMAGE_SUFFIXES, SOUND_SUFFIXES
from emotion_recognition.vision.messages import ImageFormatError

log = logging.getLogger(__name__)

DEFAULT_RATE = 25.0  # images a second, where nothing tells it

# Digits of a Unix time, from 2001 on, and its unit in nanoseconds.
_UNITS_NS = {19: 1, 16: 1_000, 13: 1_000_000}


def read_image_folder(
    path: Path, *, with_images: bool = True, with_audio: bool = True
) -> Iterator[Event]:
    """Yield the images of a folder in the order of their numbers, and its sound.

    File names that are Unix times (seconds with a fraction, or whole milli-, micro- or nanoseconds)
    tell when each image was taken, the first one when the sound began. Otherwise the images are
    spread evenly over the length of the sound, and without sound come at ``DEFAULT_RATE``.

    Raises:
        RecordingError: nothing that is wanted is there.
    """
    images = _of(path, IMAGE_SUFFIXES) if with_images else []
    sounds = _of(path, SOUND_SUFFIXES)
    streams: list[Iterator[Event]] = []
    if images:
        streams.append(_frames(images, _times_ns(images, sounds)))
    if with_audio and sounds:
        streams.append(read_clip(sounds[0], with_images=False))
    if not streams:
        raise RecordingError(f"{path} has no sound file in it")
    yield from heapq.merge(*streams, key=lambda event: event.received_ns)


def _of(folder: Path, suffixes: Sequence[str]) -> list[Path]:
    files = [path for path in folder.iterdir() if path.suffix.lower() in suffixes]
    return sorted(files, key=_numbers)


def _numbers(path: Path) -> list[tuple[int, str]]:
    """Sort frame_2 before frame_10."""
    return [
        (int(part), "") if part.isdecimal() else (-1, part)
        for part in re.split(r"(\d+)", path.name)
        if part
    ]


def _times_ns(images: Sequence[Path], sounds: Sequence[Path]) -> list[int]:
    """Times of the images since the first one, nanoseconds."""
    times = [_unix_ns(path.stem) for path in images]
    known = [time for time in times if time is not None]
    if len(known) == len(images):
        return [time - known[0] for time in known]
    length_s = clip_duration_s(sounds[0]) if sounds else None
    rate = len(images) / length_s if length_s else DEFAULT_RATE
    log.warning(
        "%s: the images are taken as %.2f a second%s, for their names tell no time",
        *(images[0].parent, rate, ", as many as fit the sound" if length_s else ""),
    )
    return [round(index * 1e9 / rate) for index in range(len(images))]


def _unix_ns(name: str) -> int | None:
    if re.fullmatch(r"\d{10}\.\d{1,9}", name):
        seconds, fraction = name.split(".")
        return int(seconds) * 1_000_000_000 + int(fraction.ljust(9, "0"))
    unit = _UNITS_NS.get(len(name)) if name.isdecimal() else None
    return int(name) * unit if unit else None


def _frames(images: Sequence[Path], times_ns: Sequence[int]) -> Iterator[FrameEvent]:
    for path, time_ns in zip(images, times_ns, strict=True):
        stamp_ns = CLIP_EPOCH_NS + time_ns
        yield FrameEvent(stamp_ns, stamp_ns, FRAME_ID, functools.partial(_pixels, path))


def _pixels(path: Path) -> np.ndarray:
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image is None:
        raise ImageFormatError(f"{path} is no image, or is damaged")
    return image
