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

"""Talking faces without emotion labels, to pre-train on: VoxCeleb2 and LRS2.

Sources: Chung, Nagrani and Zisserman 2018 (VoxCeleb2); Afouras et al. 2018 (LRS2).
"""

from dataclasses import dataclass
from pathlib import Path

from emotion_recognition.corpora.corpus import Corpus, read_corpus, visible

_LRS2_PARTS = ("main", "pretrain")


@dataclass(frozen=True)
class TalkingFace:
    """One clip of one talking face.

    ``source`` keeps clips apart that may show the same person: the speaker in VoxCeleb2
    (``id00012``), the broadcast in LRS2, whose speakers have no names.
    """

    path: Path
    source: str


def read_voxceleb2(folder: Path) -> Corpus[TalkingFace]:
    """Read ``id00012/VIDEO/00001.mp4`` and so on; published, ``folder`` is ``dev/mp4``.

    Raises:
        FileNotFoundError: there are none.
    """
    return read_corpus(
        "VoxCeleb2",
        folder,
        "id00012/VIDEO/00001.mp4 and so on (name the folder that holds the id folders)",
        visible(folder.glob("id*/*/*.mp4")),
        lambda path: TalkingFace(path, path.parents[1].name),
    )


def read_lrs2(folder: Path) -> Corpus[TalkingFace]:
    """Read ``main/BROADCAST/00001.mp4``, ``pretrain/...``; published, ``folder`` is ``mvlrs_v1``.

    Raises:
        FileNotFoundError: there are none.
    """
    return read_corpus(
        "LRS2",
        folder,
        "main/BROADCAST/00001.mp4 or pretrain/BROADCAST/00001.mp4 and so on",
        visible(path for part in _LRS2_PARTS for path in folder.glob(f"{part}/*/*.mp4")),
        lambda path: TalkingFace(path, path.parent.name),
    )
