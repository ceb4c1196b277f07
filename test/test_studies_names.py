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

"""Names of recordings."""

from pathlib import Path

import pytest

from emotion_recognition.studies.names import unique_names


def names(*paths: str) -> list[str]:
    return unique_names([Path(path) for path in paths])


def test_the_files_name_is_enough():
    assert names("/data/a.mp4", "/other/b.wav") == ["a", "b"]


def test_a_folder_keeps_its_whole_name(tmp_path: Path):
    bag = tmp_path / "take.2026"
    bag.mkdir()
    assert unique_names([bag]) == ["take.2026"]


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (("/s/a.mp4", "/s/a.wav", "/s/b.wav"), ["a.mp4", "a.wav", "b"]),
        (("/s1/take.mp4", "/s2/take.mp4"), ["s1_take", "s2_take"]),
        (("/x/s1/take.mp4", "/y/s1/take.mp4"), ["x_s1_take", "y_s1_take"]),
        (("/a/take.mp4", "/b/a/take.mp4"), ["a_take", "b_a_take"]),
        (("/s1/A.mp4", "/s2/a.mp4"), ["s1_A", "s2_a"]),
        (
            ("/s1/a.mp4", "/s1/a.wav", "/s2/a.mp4"),
            ["s1_a.mp4", "s1_a.wav", "s2_a.mp4"],
        ),
    ],
)
def test_equal_names_are_told_apart(paths: tuple[str, ...], expected: list[str]):
    assert names(*paths) == expected
    assert names(*reversed(paths)) == expected[::-1]


def test_a_recording_stands_once(tmp_path: Path):
    with pytest.raises(ValueError, match="named twice"):
        names("/s/a.mp4", "/s/../s/a.mp4")


def test_names_that_cannot_be_told_apart_are_refused():
    with pytest.raises(ValueError, match="rename one"):
        names("/s/x/a.mp4", "/s/y/a.mp4", "/s/x_a.mp4")
