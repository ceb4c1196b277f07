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

"""Finds recordings: what counts as one, and which lie in a folder."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from emotion_recognition.bags.events import RecordingError

BAG_SUFFIXES = (".mcap", ".db3")
"""Storage files of ROS 2; each also with ``.zstd`` behind it."""

VIDEO_SUFFIXES = (".mp4", ".mkv", ".webm", ".avi", ".mov", ".m4v", ".mpg", ".mpeg", ".flv", ".ts")
SOUND_SUFFIXES = (".wav", ".flac", ".mp3", ".ogg", ".oga", ".opus", ".m4a", ".aac", ".aiff", ".wma")
IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff")


def recordings_in(paths: Sequence[Path], results: Path | None = None) -> list[Path]:
    """Return the recordings that ``paths`` name, sorted, each once.

    A file is taken as it is. A folder that is itself a recording (``is_bag_folder`` or
    ``is_image_folder``) counts as one; any other is searched with its subfolders (hidden ones left
    out) for files that look like bags, videos or sound, and for such folders.

    Args:
        paths: files and folders.
        results: where results are written to, which may hold bags that are none to be read; it is
            not searched.

    Raises:
        RecordingError: a path is absent, or a folder has no recording in it.
    """
    found: set[Path] = set()
    for path in paths:
        if not path.exists():
            raise RecordingError(f"{path}: no such file or folder")
        left_out = results.resolve() if results else None
        here = set(_found_in(path, left_out)) if path.is_dir() else {path}
        if not here:
            raise RecordingError(
                f"{path} has no recording in it: expected bags (folders, .mcap, .db3, .bag), "
                "videos, sound files, or folders of images"
            )
        found |= here
    return sorted(found)


def _found_in(folder: Path, left_out: Path | None) -> Iterator[Path]:
    if is_bag_folder(folder) or is_image_folder(folder):
        yield folder
        return
    for path in folder.iterdir():
        if path.name.startswith(".") or path.resolve() == left_out:
            continue
        if path.is_dir():
            yield from _found_in(path, left_out)
        elif is_bag_file(path) or path.suffix.lower() in (*VIDEO_SUFFIXES, *SOUND_SUFFIXES):
            yield path


def is_bag(path: Path) -> bool:
    """Whether ``path`` is a ROS recording, by its name, and not images, a video or a sound."""
    return not is_image_folder(path) if path.is_dir() else is_bag_file(path)


def is_bag_file(path: Path) -> bool:
    """Whether a file's name is that of a ROS recording."""
    return storage_suffix(path) != "" or path.suffix == ".bag"


def is_bag_folder(path: Path) -> bool:
    """Whether a folder is one ROS 2 recording: by its metadata.yaml or, without, its files' names.

    rosbag2 names the storage files of a recording after its folder, and numbers them.
    """
    if (path / "metadata.yaml").is_file():
        return True
    names = [file.name.split(".")[0] for file in storage_files(path)]
    ours = re.compile(re.escape(path.name.split(".")[0]) + r"(_\d+)?")
    return bool(names) and all(ours.fullmatch(name) for name in names)


def is_image_folder(path: Path) -> bool:
    """Whether a folder is a recording of single images, with at most one sound file beside them."""
    if not path.is_dir():
        return False
    suffixes = [file.suffix.lower() for file in path.iterdir() if file.is_file()]
    return (
        sum(suffix in IMAGE_SUFFIXES for suffix in suffixes) >= 2
        and sum(suffix in SOUND_SUFFIXES for suffix in suffixes) <= 1
        and not any(suffix in (*VIDEO_SUFFIXES, *BAG_SUFFIXES, ".bag") for suffix in suffixes)
    )


def storage_files(folder: Path) -> list[Path]:
    """The storage files of ROS 2 that lie in a folder, by name."""
    return sorted(path for path in folder.iterdir() if path.is_file() and storage_suffix(path))


def storage_suffix(path: Path) -> str:
    """``.mcap`` or ``.db3``, also of a compressed file; empty for any other."""
    suffix = Path(path.stem).suffix if path.suffix == ".zstd" else path.suffix
    return suffix if suffix in BAG_SUFFIXES else ""
