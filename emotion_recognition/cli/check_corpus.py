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

"""Check a data set before it is used: list files that are missing, broken or mislabelled."""

import argparse
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from emotion_recognition.corpora import class_folders, crema_d, ravdess, talking_faces
from emotion_recognition.corpora.corpus import Corpus
from emotion_recognition.corpora.ferplus import SPLITS, load_ferplus

READERS: dict[str, Callable[[Path], Corpus[Any]]] = {
    "class-folders": class_folders.read,
    "crema-d": crema_d.read,
    "lrs2": talking_faces.read_lrs2,
    "ravdess-song": partial(ravdess.read, channel="song"),
    "ravdess-song-video": partial(ravdess.read, channel="song", modality="audio-video"),
    "ravdess-speech": partial(ravdess.read, channel="speech"),
    "ravdess-speech-video": partial(ravdess.read, channel="speech", modality="audio-video"),
    "voxceleb2": talking_faces.read_voxceleb2,
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of ``emotion-recognition check-corpus``."""
    parser.add_argument("name", choices=sorted([*READERS, "ferplus"]), help="which data set")
    parser.add_argument("folder", type=Path, help="where it lies, as published or below a folder")
    parser.add_argument(
        "--part", action="store_true", help="a part of the published clips is all there should be"
    )


def main(options: argparse.Namespace) -> int:
    """Print how many clips are sound; raise the error that lists the others."""
    if options.name == "ferplus":
        for split in SPLITS:
            print(f"FER+ {split}: {len(load_ferplus(options.folder, split))} images")
        return 0
    corpus = READERS[options.name](options.folder)
    clips = corpus.check(complete=not options.part)
    print(f"{corpus.name}: {len(clips)} clips, all sound")
    return 0
