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

"""Voices with their faces, as the stage ``audio_visual`` reads them, and who is tested.

Three sources: RAVDESS voices with OpenFace action units, RAVDESS audio-video clips, and a lab's own
recordings in folders by class. Faces of clips become vectors of the frame encoder.
"""

import hashlib
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from tqdm import tqdm

from emotion_recognition.audio.features import HOP
from emotion_recognition.audio.stream import AudioConfig, features_of
from emotion_recognition.corpora import class_folders, ravdess
from emotion_recognition.corpora.clip_window import SAMPLE_RATE, SIDE, ClipWindow, read_window
from emotion_recognition.corpora.corpus import CorpusError
from emotion_recognition.corpora.media import IMAGE_SUFFIXES, VIDEO_SUFFIXES
from emotion_recognition.emotions import EMOTIONS
from emotion_recognition.evaluation.ravdess_voice import feature_cache
from emotion_recognition.model.backbones import (
    FaceInput,
    FrameBackbone,
    FrameEncoderChoice,
    VoiceBackbone,
    make_frame_encoder,
)
from emotion_recognition.model.backbones.voice_window import window_vectors
from emotion_recognition.training.config import ConfigError, require
from emotion_recognition.training.ravdess_pairs import paired_clips
from emotion_recognition.training.task import leads
from emotion_recognition.vision.align import align_face
from emotion_recognition.vision.detect import DETECTORS, FaceDetector, make_detector

logger = logging.getLogger(__name__)

Read = TypeVar("Read")
Image = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class RavdessPairs:
    """RAVDESS speech of all actors, with the mean action units of each clip's face.

    Attributes:
        fold: Test actors: 1 for 1-4, ... 6 for 21-24.
    """

    corpus: Literal["ravdess_pairs"] = "ravdess_pairs"
    fold: int = 1

    def __post_init__(self) -> None:
        _check_fold(self.fold)


@dataclass(frozen=True)
class RavdessClips:
    """RAVDESS audio-video speech: .mp4, or strips of 20 face crops (.jpg) with separate sound.

    Attributes:
        folder: Holds ``Actor_01/01-01-....mp4`` to ``Actor_24``; below the folder of the corpora.
        sound: Where the sound of the strips lies, below the same.
        fold: Test actors: 1 for 1-4, ... 6 for 21-24.
        detector: Finds the faces, one of ``vision.detect.DETECTORS``.
    """

    corpus: Literal["ravdess_clips"] = "ravdess_clips"
    folder: str = "ravdess_av"
    sound: str = "ravdess_speech"
    fold: int = 1
    detector: str = "auto"

    def __post_init__(self) -> None:
        _check_fold(self.fold)
        _check_detector(self.detector)


@dataclass(frozen=True)
class ClassFolders:
    """Own recordings: ``happy/anna_03.mp4`` is of the speaker ``anna``.

    Attributes:
        folder: Holds one folder a class, below the folder of the corpora.
        test_speakers: Who is tested.
        valid_speakers: Who chooses the epoch; all others are trained on.
        detector: Finds the faces, one of ``vision.detect.DETECTORS``.
    """

    folder: str
    test_speakers: tuple[str, ...]
    valid_speakers: tuple[str, ...]
    corpus: Literal["class_folders"] = "class_folders"
    detector: str = "auto"

    def __post_init__(self) -> None:
        for name in ("test_speakers", "valid_speakers"):
            require(bool(getattr(self, name)), name, [], "one speaker or more")
        both = sorted(set(self.test_speakers) & set(self.valid_speakers))
        require(not both, "valid_speakers", both, "none of test_speakers")
        _check_detector(self.detector)


Source = RavdessPairs | RavdessClips | ClassFolders


@dataclass(frozen=True)
class ClipPairs:
    """N clips.

    Attributes:
        frames: (N, T, 87) float16 audio feature frames from the start, 0 after the end; or
            (N, 180, D) vectors of a voice encoder over the window around the clip's middle.
        lengths: (N,) how many there are of each.
        vectors: (N, S, V) of the face over the window around the clip's middle, or action units as
            measured, one step (S = 1) for the whole clip.
        seen: (N, S) bool, where a face was seen.
        labels: (N,) indices into ``EMOTIONS``.
        speakers: N names.
        heard: (N, 180) bool, which vectors of a voice encoder are there; None: features.
    """

    frames: Tensor
    lengths: Tensor
    vectors: Tensor
    seen: Tensor
    labels: Tensor
    speakers: tuple[str, ...]
    heard: Tensor | None = None


@dataclass(frozen=True)
class Split:
    """Rows (n,) of the clips to train on, to validate on and to test on; no speaker in two."""

    train: Tensor
    valid: Tensor
    test: Tensor


@dataclass(frozen=True)
class _Clip:
    path: Path
    sound: Path | None  # where the sound lies in a file of its own
    label: int
    speaker: str


@dataclass(frozen=True)
class Encoders:
    """What clips are read by: the frame encoder, and the voice encoder if there is one."""

    frames: FrameBackbone
    voice: VoiceBackbone | None = None

    @property
    def sha256(self) -> list[str]:
        """Of the encoders that there are."""
        return [each.sha256 for each in (self.frames, self.voice) if each is not None]


def read_pairs(
    source: Source, data: Path, features: Path, encoders: Encoders | None = None
) -> ClipPairs:
    """Read the clips of a source.

    Args:
        source: Which.
        data: Folder of the corpora.
        features: Folder of what was computed from them before; what is not there is added.
        encoders: What clips are read by; of no use to ``RavdessPairs``. None: the shipped one.

    Raises:
        ConfigError: The corpus is not there, has another layout, or its files are not sound.
    """
    features.mkdir(parents=True, exist_ok=True)
    if isinstance(source, RavdessPairs):
        _wait_for(feature_cache(features))
        voices, units, _ = _read("data.corpus", lambda: paired_clips(data, features))
        seen = torch.ones(len(voices), 1, dtype=torch.bool)
        speakers = tuple(str(actor) for actor in voices.actors.tolist())
        vectors = units[:, None]
        return ClipPairs(voices.frames, voices.lengths, vectors, seen, voices.labels, speakers)
    encoders = encoders or Encoders(make_frame_encoder(FrameEncoderChoice()))
    clips = _ravdess(source, data) if isinstance(source, RavdessClips) else _own(source, data)
    cache = features / f"clips-{_key(clips, source.detector, encoders)}.npz"
    _wait_for(cache)
    if not cache.is_file():
        _write_windows(clips, make_detector(source.detector), encoders, cache)
    names = ("frames", "lengths", "vectors", "seen", "heard")
    with np.load(cache, allow_pickle=False) as stored:
        frames, lengths, vectors, seen, heard = (torch.from_numpy(stored[name]) for name in names)
    labels = torch.tensor([clip.label for clip in clips])
    speakers = tuple(clip.speaker for clip in clips)
    of_windows = None if encoders.voice is None else heard
    return ClipPairs(frames, lengths, vectors, seen, labels, speakers, of_windows)


def split_by_speaker(source: Source, clips: ClipPairs) -> Split:
    """Split the clips as the source says.

    Raises:
        ConfigError: A part is empty, or a class that is tested is not trained.
    """
    if isinstance(source, ClassFolders):
        fields = {"test": "data.test_speakers", "valid": "data.valid_speakers", "train": "data"}
        test, valid = source.test_speakers, source.valid_speakers
    else:
        fields = dict.fromkeys(("test", "valid", "train"), "data.fold")
        test = tuple(str(actor) for actor in ravdess.FOLDS[source.fold - 1])
        valid = tuple(str(actor) for actor in ravdess.validation_actors(source.fold - 1))
    there = sorted(set(clips.speakers), key=lambda name: (len(name), name))
    for part, names in (("test", test), ("valid", valid)):
        absent = sorted(set(names) - set(there))
        if len(absent) == len(names) or (absent and isinstance(source, ClassFolders)):
            problem = f"no clip of {', '.join(absent)} ({part}); there are clips of "
            raise ConfigError(fields[part], problem + ", ".join(there))
    train = tuple(name for name in there if name not in test + valid)
    if not train:
        raise ConfigError(fields["train"], "nobody is left to train on; add recordings of others")
    split = Split(*(_rows_of(people, clips) for people in (train, valid, test)))
    known = set(clips.labels[split.train].tolist())
    asked = set(clips.labels[torch.cat([split.valid, split.test])].tolist())
    if asked - known:
        classes = ", ".join(EMOTIONS[label] for label in sorted(asked - known))
        problem = f"tested on {classes}, of which there is nothing to learn"
        raise ConfigError(fields["train"], problem)
    return split


def _rows_of(people: Sequence[str], clips: ClipPairs) -> Tensor:
    return torch.tensor([row for row, name in enumerate(clips.speakers) if name in people])


def _check_fold(fold: int) -> None:
    require(1 <= fold <= len(ravdess.FOLDS), "fold", fold, f"1 to {len(ravdess.FOLDS)}")


def _check_detector(name: str) -> None:
    require(name in DETECTORS, "detector", name, ", ".join(DETECTORS))


def _read(field: str, read: Callable[[], Read]) -> Read:
    try:
        return read()
    except (FileNotFoundError, CorpusError) as error:
        raise ConfigError(field, str(error)) from error


def _wait_for(cache: Path) -> None:
    """Let the first process compute what several need."""
    while not cache.is_file() and not leads():
        time.sleep(1)


def _ravdess(source: RavdessClips, data: Path) -> list[_Clip]:
    folder = data / source.folder
    found = _read("data.folder", lambda: ravdess.read(folder, "speech", "audio-video"))
    clips = _read("data.folder", lambda: found.check(complete=False))
    return [
        _Clip(clip.path, _sound_of(clip, data / source.sound), clip.label, str(clip.actor))
        for clip in clips
    ]


def _own(source: ClassFolders, data: Path) -> list[_Clip]:
    clips = _read("data.folder", lambda: class_folders.read(data / source.folder).check())
    for path in (clip.path for clip in clips):
        if path.suffix.lower() not in VIDEO_SUFFIXES:
            allowed = " ".join(VIDEO_SUFFIXES)
            raise ConfigError("data.folder", f"found '{path.name}'; allowed: videos ({allowed})")
        if not path.stem.partition("_")[1]:
            allowed = "names such as anna_03.mp4, of anna"
            raise ConfigError("data.folder", f"found '{path.name}'; allowed: {allowed}")
    return [_Clip(clip.path, None, clip.label, clip.path.stem.split("_")[0]) for clip in clips]


def _sound_of(clip: ravdess.RavdessClip, folder: Path) -> Path | None:
    if clip.path.suffix.lower() not in IMAGE_SUFFIXES:
        return None
    found = sorted(folder.glob(f"**/{clip.sound_name}.*"))
    if not found:
        raise ConfigError("data.sound", f"no {clip.sound_name}.* in '{folder}'")
    return found[0]


def _key(clips: Sequence[_Clip], detector: str, encoders: Encoders) -> str:
    """Name what the windows of some clips depend on."""
    parts = [*encoders.sha256, detector]
    stats = [(clip.path, clip.path.stat()) for clip in clips]
    parts += [f"{path} {found.st_size} {found.st_mtime_ns}" for path, found in stats]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _write_windows(
    clips: Sequence[_Clip], detector: FaceDetector, encoders: Encoders, cache: Path
) -> None:
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
