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

"""A lab's own recordings: one folder a class, such as ``happy/anna_03.mp4``."""

from dataclasses import dataclass
from pathlib import Path

from emotion_recognition.corpora.corpus import Corpus, read_corpus, visible
from emotion_recognition.corpora.media import IMAGE_SUFFIXES, SOUND_SUFFIXES, VIDEO_SUFFIXES
from emotion_recognition.emotions import EMOTIONS, canonical

_SUFFIXES = VIDEO_SUFFIXES + SOUND_SUFFIXES + IMAGE_SUFFIXES


@dataclass(frozen=True)
class FolderClip:
    """One video, sound or image, and the emotion that its folder is named after."""

    path: Path
    emotion: str

    @property
    def label(self) -> int:
        """Index of the emotion in ``EMOTIONS``."""
        return EMOTIONS.index(self.emotion)


def read(folder: Path) -> Corpus[FolderClip]:
    """Read the files in the subfolders of ``folder``, each named after an emotion in any word form.

    A file in a folder of another name, or of an unknown kind, is a problem of the corpus.

    Raises:
        FileNotFoundError: there are no files in subfolders.
    """
    return read_corpus(
        "recordings by class",
        folder,
        f"subfolders such as happy/ and sad/ with files of {' '.join(_SUFFIXES)}",
        visible(folder.glob("[!.]*/*")),
        _parse_clip,
    )


def _parse_clip(path: Path) -> FolderClip:
    if path.suffix.lower() not in _SUFFIXES:
        raise ValueError(f"unknown kind of file: expected one of {' '.join(_SUFFIXES)}")
    return FolderClip(path, canonical(path.parent.name))
