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

"""From clips to what networks read: sound and faces of a window around the middle of each."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from emotion_recognition.audio.features import HOP
from emotion_recognition.audio.stream import AudioConfig, features_of
from emotion_recognition.corpora.clip_window import SAMPLE_RATE, SIDE, ClipWindow, read_window
from emotion_recognition.corpora.media import IMAGE_SUFFIXES
from emotion_recognition.model.backbones import FaceInput, FrameBackbone, VoiceBackbone
from emotion_recognition.model.backbones.voice_window import window_vectors
from emotion_recognition.training.clip_sources import Clip
from emotion_recognition.vision.align import align_face
from emotion_recognition.vision.detect import FaceDetector

Image = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Encoders:
    """What clips are read by: the frame encoder, and the voice encoder if there is one."""

    frames: FrameBackbone
    voice: VoiceBackbone | None = None

    @property
    def sha256(self) -> list[str]:
        """Of the encoders that there are."""
        return [each.sha256 for each in (self.frames, self.voice) if each is not None]


def windows_key(clips: Sequence[Clip], detector: str, encoders: Encoders) -> str:
    """Name what the windows of some clips depend on."""
    parts = [*encoders.sha256, detector]
    stats = [(clip.path, clip.path.stat()) for clip in clips]
    parts += [f"{path} {found.st_size} {found.st_mtime_ns}" for path, found in stats]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def write_windows(
    clips: Sequence[Clip], detector: FaceDetector, encoders: Encoders, cache: Path
) -> None:
    """Read the windows of all clips, and keep them: see ``ClipPairs``."""
    face = encoders.frames.face
    frames, masks, vectors, seen = [], [], [], []
    for clip in tqdm(clips, "clips", mininterval=5):
        window = read_window(
            clip.path, lambda image: _face(image, detector, SIDE, face.channels), clip.sound
        )
        sound, there = _heard(window, encoders.voice)
        frames.append(sound.astype(np.float16))
        masks.append(there)
        # The crops of a strip are loose; those of a video are aligned already.
        strip = clip.path.suffix.lower() in IMAGE_SUFFIXES
        faces = [
            (_face(image, detector, face.size, face.channels) if strip else _shrunk(image, face))
            if there
            else None
            for image, there in zip(window.faces, window.seen, strict=True)
        ]
        known = np.array([found is not None for found in faces])
        blank = np.zeros(face.face_shape, np.uint8)
        images = np.stack([blank if found is None else _as_read(found) for found in faces])
        vectors.append(encoders.frames.encode(images) * known[:, None])
        seen.append(known)
    lengths = np.array([len(clip) for clip in frames])
    padded = np.zeros((len(frames), max(lengths), frames[0].shape[1]), np.float16)
    heard = np.zeros(padded.shape[:2], bool)
    for row, (columns, mask) in enumerate(zip(frames, masks, strict=True)):
        padded[row, : len(columns)], heard[row, : len(mask)] = columns, mask
    partial = cache.with_name("partial-" + cache.name)
    np.savez(
        partial,
        frames=padded,
        lengths=lengths,
        vectors=np.stack(vectors),
        seen=np.stack(seen),
        heard=heard,
    )
    partial.replace(cache)


def _heard(
    window: ClipWindow, voice: VoiceBackbone | None
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    """Features of the sound that is there, or vectors of the whole window; and their mask."""
    if voice is not None:
        rows = window.heard.reshape(-1, HOP)
        return window_vectors(voice, window.sound.reshape(-1, HOP), np.all(rows, axis=1))
    features = features_of(window.sound[window.heard], SAMPLE_RATE, AudioConfig())
    return features, np.ones(len(features), bool)


def _face(image: Image, detector: FaceDetector, size: int, channels: int) -> Image | None:
    """Cut out the surest face, grey or BGR."""
    found = detector.detect(image)
    if not found:
        return None
    surest = max(found, key=lambda face: face.score)
    crop = align_face(image, surest, size, colour=channels == 3)
    return _as_read(crop)


def _as_read(crop: Image) -> Image:
    """Turn BGR to RGB or back; grey stays."""
    return crop if crop.ndim == 2 else np.ascontiguousarray(crop[:, :, ::-1])


def _shrunk(image: Image, face: FaceInput) -> Image:
    """Bring a crop (224, 224, 3) to the size and the channels, grey or BGR, of an encoder."""
    crop = image if face.channels == 3 else image[:, :, 0]
    return cv2.resize(crop, (face.size, face.size), interpolation=cv2.INTER_AREA).astype(np.uint8)
