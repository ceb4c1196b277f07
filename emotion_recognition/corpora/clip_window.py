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

"""One window of a clip: 15 face crops, evenly spaced over 3.6 s, and the sound of that time.

The window stands around the middle of the clip; what it has before and after a shorter clip is
padding. How a face is found and cut out is the caller's: a function from a frame to a crop.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt

from emotion_recognition.corpora.media import IMAGE_SUFFIXES

WINDOW_S = 3.6
FACES = 15
SIDE = 224
SAMPLE_RATE = 16_000

STRIP_FACES = 20
"""Crops of a strip: one picture that holds, from top to bottom, faces spaced over a whole clip."""

Image = npt.NDArray[np.uint8]
Cropper = Callable[[Image], Image | None]
"""Cuts the face out of a BGR frame (H, W, 3): a crop (224, 224) grey or (224, 224, 3) BGR, or None
where it sees no face."""


@dataclass(frozen=True)
class ClipWindow:
    """What a clip shows and sounds like in the 3.6 s around its middle.

    ``faces`` (15, 224, 224, 3) uint8 BGR, ``seen`` (15,) bool; ``sound`` (57600,) float32 in
    -1 to 1 at 16 kHz mono, ``heard`` (57600,) bool. Both are 0 where nothing was seen or heard.
    """

    faces: Image
    seen: npt.NDArray[np.bool_]
    sound: npt.NDArray[np.float32]
    heard: npt.NDArray[np.bool_]


def read_window(clip: Path, crop: Cropper | None = None, sound: Path | None = None) -> ClipWindow:
    """Read the window of a video, or of a strip of 20 face crops.

    Args:
        clip: A video, or the picture of a strip.
        crop: Cuts the faces out of a video's frames; a strip's are cut out already.
        sound: Sound of the same take in another file, taken to begin with the clip; without it,
            that of the video. (RAVDESS's separate sound comes 33 ms before the video's own.)

    Raises:
        ValueError: The file is not what is expected, a crop has another shape, or an argument that
            this kind of clip needs is missing.
    """
    if clip.suffix.lower() in IMAGE_SUFFIXES:
        if sound is None:
            raise ValueError(f"'{clip}' is a strip of faces without times: name its sound as well")
        samples = _read_sound(sound)
        duration = len(samples) / SAMPLE_RATE
        faces, seen = _sample(_strip_frames(clip, duration), duration, _as_it_is)
    else:
        if crop is None:
            raise ValueError(f"'{clip}' is a video: a function that cuts out its faces is needed")
        duration = _video_duration(clip)
        faces, seen = _sample(_video_frames(clip), duration, crop)
        samples = _read_sound(sound or clip, may_lack=sound is None)
    return ClipWindow(faces, seen, *_cut(samples, duration))


def read_strip(path: Path) -> Image:
    """Return the grey face crops (20, 224, 224) that are stacked in one picture.

    Raises:
        ValueError: The picture is missing, damaged, or of another size.
    """
    picture = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    if picture is None or picture.shape != (STRIP_FACES * SIDE, SIDE):
        raise ValueError(f"'{path}' is no picture of {STRIP_FACES} faces of {SIDE}x{SIDE} pixels")
    return picture.astype(np.uint8).reshape(STRIP_FACES, SIDE, SIDE)


Frame = tuple[float, Callable[[], Image]]  # time from the start of the clip, and its pixels


def _sample(
    frames: Iterator[Frame], duration: float, crop: Cropper
) -> tuple[Image, npt.NDArray[np.bool_]]:
    """Crop the frame nearest to the middle of each fifteenth of the window."""
    faces, seen = np.zeros((FACES, SIDE, SIDE, 3), np.uint8), np.zeros(FACES, bool)
    times = (np.arange(FACES) + 0.5) * WINDOW_S / FACES + (duration - WINDOW_S) / 2
    wanted = [index for index in range(FACES) if 0 <= times[index] < duration]
    for index, pixels in zip(wanted, _nearest(frames, [times[i] for i in wanted]), strict=False):
        face = crop(pixels())
        if face is None:
            continue
        if face.shape not in ((SIDE, SIDE), (SIDE, SIDE, 3)) or face.dtype != np.uint8:
            raise ValueError(
                f"a face crop is {face.dtype} {face.shape}: expected uint8 ({SIDE}, {SIDE}[, 3])"
            )
        faces[index], seen[index] = face if face.ndim == 3 else face[:, :, None], True
    return faces, seen


def _nearest(frames: Iterator[Frame], times: Sequence[float]) -> Iterator[Callable[[], Image]]:
    """Yield, for each of the rising times, the frame that is nearest to it."""
    before = after = next(frames, None)
    for time in times:
        while after is not None and after[0] < time:
            before, after = after, next(frames, None)
        if before is None:
            return
        later = after is not None and after[0] - time < time - before[0]
        yield after[1] if later and after is not None else before[1]


def _strip_frames(path: Path, duration: float) -> Iterator[Frame]:
    for index, face in enumerate(read_strip(path)):
        yield (index + 0.5) / STRIP_FACES * duration, partial(_as_it_is, face)


def _as_it_is(image: Image) -> Image:
    return image


def _video_duration(path: Path) -> float:
    with _opened(path) as container:
        if not container.streams.video:
            raise ValueError(f"'{path}' holds no video")
        stream = container.streams.video[0]
        if stream.duration and stream.time_base:
            return float(stream.duration * stream.time_base)
        if container.duration:
            return container.duration / av.time_base
    raise ValueError(f"'{path}' does not say how long it is: write it again as .mp4")


def _video_frames(path: Path) -> Iterator[Frame]:
    with _opened(path) as container:
        first = None
        for frame in container.decode(video=0):
            first = frame.time if first is None else first
            yield frame.time - first, partial(_upright, frame)


def _upright(frame: "av.VideoFrame") -> Image:
    # Telephones write the way up beside the picture, as multiples of 90 degrees.
    image = np.rot90(frame.to_ndarray(format="bgr24"), round(frame.rotation / 90))
    return np.ascontiguousarray(image)


def _read_sound(path: Path, *, may_lack: bool = False) -> npt.NDArray[np.float32]:
    """Decode all sound of a file as 16 kHz mono; empty where there is none and that may be."""
    with _opened(path) as container:
        if not container.streams.audio:
            if may_lack:
                return np.zeros(0, np.float32)
            raise ValueError(f"'{path}' holds no sound")
        # Channels are averaged here: the resampler's own mix of stereo to mono is louder by 3 dB.
        resampler = av.AudioResampler(format="fltp", rate=SAMPLE_RATE)
        pieces = [
            piece.to_ndarray().mean(axis=0)
            for frame in (*container.decode(audio=0), None)
            for piece in resampler.resample(frame)
        ]
    return np.concatenate(pieces).astype(np.float32) if pieces else np.zeros(0, np.float32)


def _cut(
    samples: npt.NDArray[np.float32], duration: float
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    index = np.arange(round(WINDOW_S * SAMPLE_RATE)) + round(
        (duration - WINDOW_S) / 2 * SAMPLE_RATE
    )
    heard = (index >= 0) & (index < len(samples))
    sound = np.zeros(len(index), np.float32)
    sound[heard] = samples[index[heard]]
    return sound, heard


def _opened(path: Path) -> "av.container.InputContainer":
    try:
        return av.open(str(path))
    except av.error.FFmpegError as error:
        raise ValueError(f"'{path}' cannot be read: {error.strerror}") from error
