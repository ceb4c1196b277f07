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

import logging
from pathlib import Path

import numpy as np
import pytest

from emotion_recognition.corpora.openface import FILE, action_units, clip_key

HEADER = ";".join(
    [f"AU{i:02}_r" for i in range(17)] + [f"AU{i:02}_c" for i in range(18)] + ["speech", "name"]
)


def row(name: str, start: int) -> str:
    return ";".join([*(str(start + i / 100) for i in range(35)), "0.5", name])


def write(folder: Path, *lines: str) -> Path:
    (folder / FILE).write_text("\n".join(lines) + "\n")
    return folder


def test_sound_and_video_of_a_clip_share_a_key() -> None:
    assert clip_key("01-01-05-02-01-02-23") == clip_key("03-01-05-02-01-02-23") == "05-02-01-02-23"


def test_reads_intensities_then_presences(tmp_path: Path) -> None:
    units = action_units(write(tmp_path, HEADER, row("01-01-05-02-01-02-23", 1)))
    assert list(units) == ["05-02-01-02-23"]
    np.testing.assert_allclose(units["05-02-01-02-23"], 1 + np.arange(35) / 100, rtol=1e-6)


def test_a_row_that_is_cut_off_is_left_out_and_told(tmp_path: Path, caplog) -> None:
    whole = row("01-01-05-02-01-02-23", 1)
    with caplog.at_level(logging.WARNING):
        units = action_units(write(tmp_path, HEADER, whole, whole[:40]))
    assert len(units) == 1
    assert "1 row(s) are cut off" in caplog.text


def test_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=FILE):
        action_units(tmp_path)
    with pytest.raises(ValueError, match="expected 17, 18 and 'name'"):
        action_units(write(tmp_path, HEADER.replace("AU03_c;", ""), ""))


def test_the_table_describes_1429_clips_of_all_actors(shared_data: Path) -> None:
    units = action_units(shared_data)
    assert len(units) == 1429
    assert {key[-2:] for key in units} == {f"{actor:02}" for actor in range(1, 25)}
    values = np.stack(list(units.values()))
    assert values[:, :17].max() <= 5 and values[:, 17:].max() <= 1 and values.min() >= 0
