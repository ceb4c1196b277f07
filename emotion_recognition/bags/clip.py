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

"""Reads video and sound files (whatever FFmpeg decodes) as if their streams arrived live."""

import functools
import heapq
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.stream import Disposition

from emotion_recognition.audio.chunk import AudioChunk
from emotion_recognition.audio.decode import pcm_to_float
from emotion_recognition.bags.events import AudioEvent, Event, FrameEvent, RecordingError

log = logging.getLogger(__name__)

CLIP_EPOCH_NS = 1_000_000_000
"""Sensor time at which every clip begins: not 0, which stands for 'no stamp'."""

SAMPLE_RATE = 16_000
CHUNK = 320  # samples: 20 ms, as an audio driver hands them out
FRAME_ID = "camera"

_MAX_SOUND_GAP_S = 0.1  # sound that is further off its place than codecs' jitter is put right


def read_clip(path: Path, *, with_images: bool = True, with_audio: bool = True) -> Iterator[Event]:
    """Yield a clip's frames, and its sound as 16 kHz mono chunks of 20 ms, as they would arrive.

    A frame arrives at its own time, a chunk when its last sample has been heard. The sound has the
    16-bit samples that a microphone driver delivers.

    Raises:
        RecordingError: the file is absent, or holds nothing that can be decoded.
    """
    has_video, has_sound = _inspect(path)
    streams: list[Iterator[Event]] = []
    if with_images and has_video:
        streams.append(_frames(path))
    if with_audio and has_sound:
        streams.append(_sound(path))
    if not streams:
        asked = [
            *(["video"] if with_images else []),
            *(["sound"] if with_audio else []),
        ]
        raise RecordingError(f"{path} has nothing to use: expected {' or '.join(asked)} in it")
    # Two readers of one file keep both streams in step without holding more than one frame each.
    events = heapq.merge(*streams, key=lambda event: event.received_ns)
    first = next(events, None)
    if first is None:
        raise RecordingError(
            f"{path} has no length, or is damaged: no frame and no sound in it can be decoded"
        )
    yield first
    yield from events


def clip_duration_s(path: Path) -> float | None:
    """Length of a clip by its header; None if it does not say."""
    with _opened(path) as container:
        return container.duration / av.time_base if container.duration else None


@contextmanager
def _opened(path: Path) -> Iterator["av.container.InputContainer"]:
    if not path.is_file():
        raise RecordingError(f"{path}: no such file or folder")
    if not path.stat().st_size:
        raise RecordingError(f"{path} is empty")
    try:
        container = av.open(str(path))
    except av.error.FFmpegError as error:
        raise RecordingError(
            f"{path} is no video or sound file, or is damaged ({error.strerror}):"
            " expected mp4, mkv, webm, avi, wav, flac, ... or a ROS 2 bag"
        ) from error
    with container:
        yield container


def _inspect(path: Path) -> tuple[bool, bool]:
    with _opened(path) as container:
        return _video_stream(container) is not None, bool(container.streams.audio)


def _video_stream(
    container: "av.container.InputContainer",
) -> "av.video.stream.VideoStream | None":
    for stream in container.streams.video:
        if not stream.disposition & Disposition.attached_pic:  # the cover of a sound file
            return stream
    return None


def _start_s(container: "av.container.InputContainer") -> float:
    """Time in the file at which the clip begins."""
    return (container.start_time or 0) / av.time_base


def _stamp_ns(seconds: float) -> int:
    return CLIP_EPOCH_NS + round(seconds * 1e9)


def _decoded(container: "av.container.InputContainer", stream: "av.stream.Stream") -> Iterator[Any]:
    """Yield the frames that can be decoded; damaged packets are left out, as by a live decoder."""
    damaged = 0
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets, None)
            if packet is None:
                break
            yield from packet.decode()
        except av.error.InvalidDataError:
            damaged += 1
    if damaged:
        log.warning("%s: %d damaged packets were left out", container.name, damaged)


def _frames(path: Path) -> Iterator[FrameEvent]:
    with _opened(path) as container:
        stream = _video_stream(container)
        assert stream is not None
        stream.thread_type = "AUTO"
        start, rate = _start_s(container), float(stream.average_rate or 25)
        time = start
        for frame in _decoded(container, stream):
            # Raw streams carry no times: then frames are evenly spaced.
            time = time if frame.time is None else frame.time
            stamp_ns = _stamp_ns(time - start)
            yield FrameEvent(stamp_ns, stamp_ns, FRAME_ID, functools.partial(_pixels, frame))
            time += 1 / rate


def _pixels(frame: av.VideoFrame) -> np.ndarray:
    """Return (H, W, 3) uint8 BGR, the way up in which players show it."""
    image = frame.to_ndarray(format="bgr24")
    # Rotation is counter-clockwise, as numpy's; telephones write multiples of 90 degrees.
    return np.ascontiguousarray(np.rot90(image, round(frame.rotation / 90)))


def _sound(path: Path) -> Iterator[AudioEvent]:
    with _opened(path) as container:
        stream = container.streams.audio[0]
        start = _start_s(container)
        expected = start  # time of the next sample if the sound goes on without a gap
        run: _Run | None = None
        for frame in _decoded(container, stream):
            time = expected if frame.time is None else frame.time
            if run is None or abs(time - expected) > _MAX_SOUND_GAP_S:
                yield from run.finish() if run else ()
                run = _Run(_stamp_ns(time - start))
                expected = time
            expected += frame.samples / frame.sample_rate
            yield from run.add(frame)
        yield from run.finish() if run else ()


class _Run:
    """Cuts an uninterrupted run of decoded sound into 16 kHz mono chunks of ``CHUNK`` samples."""

    def __init__(self, begin_ns: int) -> None:
        self._begin_ns = begin_ns
        self._resampler = av.AudioResampler(format="s16", layout="mono", rate=SAMPLE_RATE)
        self._waiting = np.zeros(0, np.int16)
        self._given = 0  # samples handed out so far

    def add(self, frame: "av.AudioFrame | None") -> Iterator[AudioEvent]:
        for piece in self._resampler.resample(frame):
            self._waiting = np.concatenate((self._waiting, piece.to_ndarray().reshape(-1)))
        while len(self._waiting) >= CHUNK:
            yield self._chunk(CHUNK)

    def finish(self) -> Iterator[AudioEvent]:
        yield from self.add(None)
        if len(self._waiting):
            yield self._chunk(len(self._waiting))

    def _chunk(self, count: int) -> AudioEvent:
        stamp_ns = self._begin_ns + self._given * 1_000_000_000 // SAMPLE_RATE
        samples = pcm_to_float(self._waiting[:count].astype("<i2").tobytes(), "S16LE", 1)
        self._waiting = self._waiting[count:]
        self._given += count
        chunk = AudioChunk(stamp_ns, SAMPLE_RATE, samples)
        return AudioEvent(chunk.end_ns, chunk)
