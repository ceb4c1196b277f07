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

"""What counts as a recording, and which lie in a folder."""

from pathlib import Path

import pytest

from emotion_recognition.bags.events import RecordingError
from emotion_recognition.bags.find import is_bag, is_bag_folder, is_image_folder, recordings_in


def touch(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return root


def names(root: Path, paths: list[Path]) -> list[str]:
    return [str(path.relative_to(root)) for path in paths]


def test_a_folder_is_searched_for_all_kinds_of_recordings(tmp_path):
    touch(tmp_path, "b/metadata.yaml", "b/b_0.mcap", "b/b_1.mcap", "clip.MP4", "a.wav", "c.db3")
    touch(tmp_path, "old/day.bag", "packed.mcap.zstd", "labels.csv", "notes.txt", ".hidden/x.mcap")
    assert names(tmp_path, recordings_in([tmp_path])) == [
        "a.wav",
        "b",
        "c.db3",
        "clip.MP4",
        "old/day.bag",
        "packed.mcap.zstd",
    ]


def test_results_within_the_folder_are_no_recordings(tmp_path):
    touch(tmp_path, "a.wav", "results/bags/a/metadata.yaml", "other/b.wav")
    found = recordings_in([tmp_path], tmp_path / "other" / ".." / "results")
    assert names(tmp_path, found) == ["a.wav", "other/b.wav"]


def test_files_are_taken_as_they_are_and_each_once(tmp_path):
    touch(tmp_path, "z.strange", "a.wav")
    given = [tmp_path / "z.strange", tmp_path, tmp_path / "a.wav"]
    assert names(tmp_path, recordings_in(given)) == ["a.wav", "z.strange"]


@pytest.mark.parametrize(
    "files", [["bag_0.mcap", "bag_1.mcap"], ["bag.db3"], ["bag_0.db3.zstd", "bag_10.db3.zstd"]]
)
def test_storage_files_named_after_their_folder_are_one_recording(tmp_path, files):
    folder = touch(tmp_path / "bag", *files)
    assert is_bag_folder(folder)
    assert recordings_in([tmp_path]) == [folder]


def test_other_storage_files_are_recordings_each(tmp_path):
    study = touch(tmp_path / "study", "anna_0.mcap", "bert_0.mcap")
    assert not is_bag_folder(study)
    assert names(study, recordings_in([study])) == ["anna_0.mcap", "bert_0.mcap"]


def test_a_folder_of_images_is_one_recording(tmp_path):
    faces = touch(tmp_path / "faces", "1.jpg", "2.JPG", "sound.wav")
    assert is_image_folder(faces)
    assert recordings_in([tmp_path]) == [faces]
    assert not is_bag(faces)


@pytest.mark.parametrize(
    "files",
    [["cover.jpg", "a.wav"], ["1.jpg", "2.jpg", "a.wav", "b.wav"], ["1.jpg", "2.jpg", "a.mp4"]],
)
def test_pictures_beside_other_recordings_are_none(tmp_path, files):
    assert not is_image_folder(touch(tmp_path, *files))


def test_absent_and_empty_folders_are_named(tmp_path):
    with pytest.raises(RecordingError, match=r"nowhere: no such file or folder"):
        recordings_in([tmp_path / "nowhere"])
    with pytest.raises(RecordingError, match="has no recording in it: expected bags"):
        recordings_in([touch(tmp_path, "notes.txt")])


def test_what_looks_like_a_bag(tmp_path):
    bags = ["a.mcap", "a.db3", "a.bag", "a.mcap.zstd", "a.db3.zstd"]
    assert all(is_bag(tmp_path / name) for name in bags)
    assert is_bag(tmp_path)  # of a folder without images, only its content can tell
    assert not any(is_bag(tmp_path / name) for name in ("a.mp4", "a.zstd", "a.tar.zstd"))
