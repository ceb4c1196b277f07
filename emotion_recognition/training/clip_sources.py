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

"""Where the stage ``audio_visual`` finds its clips, and of whom and what they are.

Three sources: RAVDESS voices with OpenFace action units, RAVDESS audio-video clips, and a lab's own
recordings in folders by class.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

from emotion_recognition.corpora import class_folders, ravdess
from emotion_recognition.corpora.corpus import CorpusError
from emotion_recognition.corpora.media import IMAGE_SUFFIXES, VIDEO_SUFFIXES
from emotion_recognition.training.config import ConfigError, require
from emotion_recognition.vision.detect import DETECTORS

Read = TypeVar("Read")


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
class Clip:
    """A recording of one person, and of which class it is."""

    path: Path
    sound: Path | None  # where the sound lies in a file of its own
    label: int
    speaker: str


def clips_of(source: RavdessClips | ClassFolders, data: Path) -> list[Clip]:
    """List the clips of a source, below the folder ``data`` of the corpora.

    Raises:
        ConfigError: The corpus is not there, has another layout, or its files are not sound.
    """
    return _ravdess(source, data) if isinstance(source, RavdessClips) else _own(source, data)


def read_corpus(field: str, read: Callable[[], Read]) -> Read:
    """Read, and name the field of the configuration where a corpus is not as it should be.

    Raises:
        ConfigError: It is not.
    """
    try:
        return read()
    except (FileNotFoundError, CorpusError) as error:
        raise ConfigError(field, str(error)) from error


def _ravdess(source: RavdessClips, data: Path) -> list[Clip]:
    folder = data / source.folder
    found = read_corpus("data.folder", lambda: ravdess.read(folder, "speech", "audio-video"))
    clips = read_corpus("data.folder", lambda: found.check(complete=False))
    return [
        Clip(clip.path, _sound_of(clip, data / source.sound), clip.label, str(clip.actor))
        for clip in clips
    ]


def _own(source: ClassFolders, data: Path) -> list[Clip]:
    clips = read_corpus("data.folder", lambda: class_folders.read(data / source.folder).check())
    for path in (clip.path for clip in clips):
        if path.suffix.lower() not in VIDEO_SUFFIXES:
            allowed = " ".join(VIDEO_SUFFIXES)
            raise ConfigError("data.folder", f"found '{path.name}'; allowed: videos ({allowed})")
        if not path.stem.partition("_")[1]:
            allowed = "names such as anna_03.mp4, of anna"
            raise ConfigError("data.folder", f"found '{path.name}'; allowed: {allowed}")
    return [Clip(clip.path, None, clip.label, clip.path.stem.split("_")[0]) for clip in clips]


def _sound_of(clip: ravdess.RavdessClip, folder: Path) -> Path | None:
    if clip.path.suffix.lower() not in IMAGE_SUFFIXES:
        return None
    found = sorted(folder.glob(f"**/{clip.sound_name}.*"))
    if not found:
        raise ConfigError("data.sound", f"no {clip.sound_name}.* in '{folder}'")
    return found[0]


def _check_fold(fold: int) -> None:
    require(1 <= fold <= len(ravdess.FOLDS), "fold", fold, f"1 to {len(ravdess.FOLDS)}")


def _check_detector(name: str) -> None:
    require(name in DETECTORS, "detector", name, ", ".join(DETECTORS))
