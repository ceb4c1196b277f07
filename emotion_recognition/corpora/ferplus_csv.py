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

"""FER+ as its authors publish it: the faces in ``fer2013.csv``, the votes in ``fer2013new.csv``.

Row n of the one belongs to row n of the other (Goodfellow et al. 2013; Barsoum et al. 2016). Faces
without a file name were taken out by the authors of FER+, and are left out here.
"""

import csv
from collections.abc import Iterator, Mapping
from itertools import zip_longest
from pathlib import Path

import numpy as np
import numpy.typing as npt

from emotion_recognition.corpora.corpus import CorpusError, Problem
from emotion_recognition.emotions import FERPLUS_CLASSES

FACES, VOTES = "fer2013.csv", "fer2013new.csv"
SIDE = 48
COLUMNS = (*FERPLUS_CLASSES, "unknown", "NF")
"""Columns of the votes; NF is 'not a face'."""

_USAGES: Mapping[str, str] = {"train": "Training", "valid": "PublicTest", "test": "PrivateTest"}

Row = dict[str, str]
Arrays = tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8], npt.NDArray[np.str_]]


def read_tables(folder: Path, split: str) -> Arrays:
    """Return images (N, 48, 48), votes (N, 10) and file names (N,) of one split.

    Raises:
        CorpusError: Rows that are broken, or that do not belong together, all of them listed.
        FileNotFoundError: One of the two files is missing.
        ValueError: A table has other columns.
    """
    images, votes, names = [], [], []
    problems: list[Problem] = []
    rows = zip_longest(
        _rows(folder / FACES, ("pixels", "Usage")),
        _rows(folder / VOTES, ("Usage", "Image name", *COLUMNS)),
    )
    for number, (face, vote) in enumerate(rows, start=2):  # the header is line 1
        if face is None or vote is None:
            absent = FACES if face is None else VOTES
            problems.append(Problem("missing", f"line {number}", f"{absent} ends before it"))
            continue
        if face["Usage"] != vote["Usage"]:
            reason = f"'{face['Usage']}' in {FACES}, '{vote['Usage']}' in {VOTES}"
            problems.append(Problem("mislabelled", f"line {number}", reason))
        if vote["Usage"] != _USAGES[split] or not vote["Image name"]:
            continue
        try:
            images.append(_octets(face["pixels"].split(), SIDE * SIDE))
            votes.append(_octets([vote[column] for column in COLUMNS], len(COLUMNS)))
            names.append(vote["Image name"])
        except ValueError as error:
            problems.append(Problem("broken", f"line {number}", str(error)))
    if problems:
        raise CorpusError(f"FER+ '{folder}'", problems)
    if not images:
        raise ValueError(f"'{folder / VOTES}' has no image of Usage '{_USAGES[split]}'")
    return np.array(images, np.uint8).reshape(-1, SIDE, SIDE), np.stack(votes), np.array(names)


def _rows(path: Path, columns: tuple[str, ...]) -> Iterator[Row]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.DictReader(file, skipinitialspace=True, restval="")
        reader.fieldnames = [name.strip() for name in reader.fieldnames or ()]
        if absent := [column for column in columns if column not in reader.fieldnames]:
            raise ValueError(f"'{path}' has no columns {absent}: found {reader.fieldnames}")
        for row in reader:
            yield {column: row[column].strip() for column in columns}


def _octets(words: list[str], count: int) -> npt.NDArray[np.uint8]:
    values = np.array(words, dtype=np.int64)
    if len(values) != count or values.min() < 0 or values.max() > 255:
        raise ValueError(f"{len(values)} numbers: expected {count} from 0 to 255")
    return values.astype(np.uint8)
