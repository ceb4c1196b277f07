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

"""The command that checks a data set, and FER+ as published."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from emotion_recognition.cli import main
from emotion_recognition.corpora.corpus import CorpusError
from emotion_recognition.corpora.ferplus import load_ferplus

VOTES = "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF"
VOTE_ROWS = [
    "Training,fer0000000.png,4,0,0,1,3,2,0,0,0,0",
    "Training,,0,0,0,0,0,0,0,0,0,10",  # taken out by the authors of FER+
    "Training,fer0000002.png,0,9,1,0,0,0,0,0,0,0",
    "PublicTest,fer0028638.png,0,0,0,0,0,0,0,0,10,0",
    "PrivateTest,fer0032220.png,0,0,10,0,0,0,0,0,0,0",
]
USAGES = [row.split(",")[0] for row in VOTE_ROWS]
IMAGES = np.random.default_rng(0).integers(0, 256, (5, 48, 48))


def write_tables(folder: Path, usages: list[str] = USAGES, votes: list[str] = VOTE_ROWS) -> Path:
    rows = [
        f"{number % 7},{' '.join(map(str, image.ravel()))},{usage}"
        for number, (image, usage) in enumerate(zip(IMAGES, usages, strict=False))
    ]
    (folder / "fer2013.csv").write_text("\n".join(["emotion,pixels,Usage", *rows]) + "\n")
    (folder / "fer2013new.csv").write_text("\n".join([VOTES, *votes]) + "\n")
    return folder


def test_ferplus_is_read_from_the_published_tables(tmp_path: Path) -> None:
    train = load_ferplus(write_tables(tmp_path), "train")
    np.testing.assert_array_equal(train.images, IMAGES[[0, 2]])
    assert train.images.dtype == train.votes.dtype == np.uint8
    assert train.votes.tolist() == [[4, 0, 0, 1, 3, 2, 0, 0, 0, 0], [0, 9, 1, 0, 0, 0, 0, 0, 0, 0]]
    assert train.names.tolist() == ["fer0000000.png", "fer0000002.png"]
    assert load_ferplus(tmp_path, "valid").names.tolist() == ["fer0028638.png"]
    np.testing.assert_array_equal(load_ferplus(tmp_path, "test").images, IMAGES[4:])


def test_wrong_rows_are_listed_together(tmp_path: Path) -> None:
    write_tables(
        tmp_path,
        usages=["Training", "Training", "Training", "PrivateTest"],
        votes=["Training,fer0000000.png,many,0,0,1,3,2,0,0,0,0", *VOTE_ROWS[1:]],
    )
    text = (tmp_path / "fer2013.csv").read_text().splitlines()
    text[3] = "3,1 2 300,Training"
    (tmp_path / "fer2013.csv").write_text("\n".join(text))
    with pytest.raises(CorpusError, match="1 mislabelled, 2 broken, 1 missing") as caught:
        load_ferplus(tmp_path, "train")
    found = {problem.where: problem.reason for problem in caught.value.problems}
    assert found["line 5"] == "'PrivateTest' in fer2013.csv, 'PublicTest' in fer2013new.csv"
    assert "many" in found["line 2"]
    assert found["line 4"] == "3 numbers: expected 2304 from 0 to 255"
    assert found["line 6"] == "fer2013.csv ends before it"


def test_other_columns_and_an_empty_split_are_refused(tmp_path: Path) -> None:
    write_tables(tmp_path, USAGES[:3], VOTE_ROWS[:3])
    with pytest.raises(ValueError, match="no image of Usage 'PrivateTest'"):
        load_ferplus(tmp_path, "test")
    (tmp_path / "fer2013.csv").write_text("emotion,image\n")
    with pytest.raises(ValueError, match=r"fer2013.csv' has no columns \['pixels', 'Usage'\]"):
        load_ferplus(tmp_path, "train")


def test_a_vote_that_does_not_fit_is_broken(tmp_path: Path) -> None:
    write_tables(tmp_path, votes=["Training,fer0000000.png,-4,0,0,0,0,0,0,0,0,999", *VOTE_ROWS[1:]])
    with pytest.raises(CorpusError, match="10 numbers: expected 10 from 0 to 255: line 2"):
        load_ferplus(tmp_path, "train")


def test_the_command_counts_a_sound_corpus(tmp_path: Path, capsys) -> None:
    assert main(["check-corpus", "ferplus", str(write_tables(tmp_path))]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "FER+ train: 2 images",
        "FER+ valid: 1 images",
        "FER+ test: 1 images",
    ]
    (tmp_path / "Actor_03").mkdir()
    soundfile.write(tmp_path / "Actor_03" / "03-02-03-01-01-01-03.wav", np.zeros(160), 16000)
    assert main(["check-corpus", "ravdess-song", str(tmp_path), "--part"]) == 0
    assert "1 clips, all sound" in capsys.readouterr().out


def test_the_command_fails_with_the_list(tmp_path: Path, capsys) -> None:
    (tmp_path / "sad").mkdir()
    (tmp_path / "sad" / "a.wav").touch()
    assert main(["check-corpus", "class-folders", str(tmp_path)]) == 1
    assert "1 broken; put this right before you start:\n  is empty: sad/a.wav" in (
        capsys.readouterr().err
    )
    assert main(["check-corpus", "lrs2", str(tmp_path)]) == 1
    assert "no LRS2 in" in capsys.readouterr().err
