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

"""FER+: the faces of FER2013 with the votes of ten people on each (Barsoum et al. 2016)."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
import numpy.typing as npt

from emotion_recognition.corpora.ferplus_csv import FACES, VOTES, read_tables
from emotion_recognition.emotions import FERPLUS_CLASSES

Split = Literal["train", "valid", "test"]
SPLITS: tuple[Split, ...] = ("train", "valid", "test")

VOTE_COLUMNS: tuple[str, ...] = (*FERPLUS_CLASSES, "unknown", "not-a-face")
"""What a vote may say, in the order of the vote columns."""

_EMOTIONS = len(FERPLUS_CLASSES)
_KEYS = ("webp", "offsets", "votes", "names")
_LAYOUT = (
    "expected train.npz, valid.npz and test.npz with the keys webp (all images' bytes), offsets "
    "(N+1 positions in webp), votes (N, 10) and names (N); "
    f"or {FACES} and {VOTES} as published"
)


@dataclass(frozen=True)
class FerPlus:
    """One split of FER+.

    ``images`` (N, 48, 48) uint8 grey; ``votes`` (N, 10) counts in the order of ``VOTE_COLUMNS``;
    ``names`` (N,) file names.
    """

    images: npt.NDArray[np.uint8]
    votes: npt.NDArray[np.uint8]
    names: npt.NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.images)

    @property
    def majority(self) -> npt.NDArray[np.int64]:
        """(N,) column with the most votes; the first of them where several have as many."""
        return self.votes.argmax(axis=1)

    def kept(self) -> "FerPlus":
        """Return the images whose majority is an emotion: not unknown, not 'not a face'."""
        keep = self.majority < _EMOTIONS
        return FerPlus(self.images[keep], self.votes[keep], self.names[keep])

    def soft_targets(self) -> npt.NDArray[np.float32]:
        """Return (N, 8) the share of votes for each emotion, single votes left out as outliers.

        Section 3 of the paper calls this the probability of a label. An image on which no emotion
        has two votes keeps its single ones; one with no vote for an emotion has a row of zeros.
        """
        votes = self.votes[:, :_EMOTIONS].astype(np.float32)
        agreed = np.where(votes > 1, votes, 0)
        agreed = np.where(agreed.any(axis=1, keepdims=True), agreed, votes)
        return agreed / np.maximum(agreed.sum(axis=1, keepdims=True), 1)


def load_ferplus(folder: Path, split: Split) -> FerPlus:
    """Read one split of FER+ from ``folder``: its npz, or else the two tables as published.

    Raises:
        CorpusError: Rows of the tables are broken or do not belong together; it lists them.
        FileNotFoundError: The split's file does not exist.
        ValueError: The file does not have the expected layout, or an image cannot be decoded.
    """
    path = folder / f"{split}.npz"
    if not path.is_file() and (folder / FACES).is_file() and (folder / VOTES).is_file():
        return FerPlus(*read_tables(folder, split))
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file; {_LAYOUT}")
    try:
        with np.load(path, allow_pickle=False) as file:
            webp, offsets, votes, names = (file[key] for key in _KEYS)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"{path}: {error}; {_LAYOUT}") from error
    if votes.shape != (len(names), len(VOTE_COLUMNS)) or len(offsets) != len(names) + 1:
        raise ValueError(
            f"{path}: votes {votes.shape}, offsets {offsets.shape}, names {names.shape}; {_LAYOUT}"
        )
    images = np.empty((len(names), 48, 48), np.uint8)
    for index, name in enumerate(names):
        image = cv2.imdecode(webp[offsets[index] : offsets[index + 1]], cv2.IMREAD_GRAYSCALE)
        if image is None or image.shape != (48, 48):
            raise ValueError(f"{path}: image {index} ({name}) is no 48x48 image; {_LAYOUT}")
        images[index] = image
    return FerPlus(images, votes, names)
