"""Material for the benchmarks: VGA frames at 30 Hz and 16 kHz speech, looped as long as asked."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import cv2
import numpy as np

FRAME_RATE = 30
SAMPLE_RATE = 16_000
CHUNK = 512  # samples, 32 ms
SIZE = (640, 480)
SECOND = 1_000_000_000


@dataclass(frozen=True)
class Material:
    """A few seconds: BGR frames (480, 640, 3) uint8 and mono float32 sound."""

    frames: list[np.ndarray]
    sound: np.ndarray


def load_material(face: Path, voice: Path, seconds: float = 4.0) -> Material:
    """Read the first ``seconds`` of a face, as VGA at 30 frames a second, and of a voice."""
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
        frames.append(_letterbox(picture))
    with av.open(str(voice)) as container:
        resampler = av.AudioResampler(format="flt", layout="mono", rate=SAMPLE_RATE)
        parts = [
            piece.to_ndarray().reshape(-1)
            for frame in container.decode(audio=0)
            for piece in resampler.resample(frame)
        ]
    sound = np.concatenate(parts).astype(np.float32)[: len(frames) * SAMPLE_RATE // FRAME_RATE]
    return Material(frames, sound)


def _letterbox(picture: np.ndarray) -> np.ndarray:
    width, height = SIZE
    scale = min(width / picture.shape[1], height / picture.shape[0])
    small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    canvas = np.zeros((height, width, 3), np.uint8)
    top, left = (height - small.shape[0]) // 2, (width - small.shape[1]) // 2
    canvas[top : top + small.shape[0], left : left + small.shape[1]] = small
    return canvas


def events(
    material: Material, start_ns: int, seconds: float
) -> Iterator[tuple[int, str, np.ndarray]]:
    """Yield ``(stamp_ns, "image" | "audio", data)`` in time order, looping the material."""
    frame_count, chunk_count = int(seconds * FRAME_RATE), int(seconds * SAMPLE_RATE / CHUNK)
    frames = [
        (start_ns + index * SECOND // FRAME_RATE, "image", index) for index in range(frame_count)
    ]
    chunks = [
        (start_ns + index * CHUNK * SECOND // SAMPLE_RATE, "audio", index)
        for index in range(chunk_count)
    ]
    looped = np.resize(material.sound, chunk_count * CHUNK)
    for stamp_ns, kind, index in sorted(frames + chunks):
        if kind == "image":
            yield stamp_ns, kind, material.frames[index % len(material.frames)]
        else:
            yield stamp_ns, kind, looped[index * CHUNK : (index + 1) * CHUNK, None]
