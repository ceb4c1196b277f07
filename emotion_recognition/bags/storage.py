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

"""Opens a recording of any kind for reading, and recovers what is left of a damaged one."""

import errno
import logging
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from rosbags.rosbag1 import Reader as Ros1Reader
from rosbags.rosbag2 import Reader as Ros2Reader

from emotion_recognition.bags.events import RecordingError
from emotion_recognition.bags.find import is_bag_file, is_bag_folder, storage_files
from emotion_recognition.bags.mcap_recovery import RecoveredMcap
from emotion_recognition.bags.recovery import Files, Reader, Recovery
from emotion_recognition.bags.ros1_recovery import RecoveredRos1
from emotion_recognition.bags.sqlite_recovery import LOG_SUFFIX, RecoveredSqlite
from emotion_recognition.bags.zstandard import zstd

log = logging.getLogger(__name__)

_READERS: dict[str, Callable[[Path], Ros1Reader | Ros2Reader]] = {
    ".mcap": Ros2Reader,
    ".db3": Ros2Reader,
    ".bag": Ros1Reader,
}
_RECOVERIES: dict[str, Callable[[Path], Recovery]] = {
    ".mcap": RecoveredMcap,
    ".db3": RecoveredSqlite,
    ".bag": RecoveredRos1,
}


def open_recording(path: Path, stack: ExitStack) -> Reader:
    """Open a bag; ``stack`` closes it.

    What cannot be opened as it should be is recovered, and the log says what is missing.

    Raises:
        RecordingError: it is absent, empty, no bag, or nothing of it can be read.
    """
    _check(path)
    if path.is_file():
        return _open_file(path, stack)
    if not (path / "metadata.yaml").is_file():
        log.warning("%s has no metadata.yaml: its storage files are read directly", path)
        return _open_files(path, stack, _open_file)
    try:
        with _said(path):
            return stack.enter_context(Ros2Reader(path))
    except RecordingError as error:
        log.warning("%s: its storage files are read directly", error)
        return _open_files(path, stack, _open_file)


def recover_recording(path: Path, stack: ExitStack) -> Reader:
    """Open again, without trusting any index, a bag that turned out to be damaged.

    Raises:
        RecordingError: nothing of it can be read.
    """
    return _recover_file(path, stack) if path.is_file() else _open_files(path, stack, _recover_file)


def _open_file(path: Path, stack: ExitStack) -> Reader:
    plain = _unpacked(path, stack)
    if not plain.with_name(plain.name + LOG_SUFFIX).is_file():
        try:
            with _said(path):
                reader = _READERS[plain.suffix](plain)
                stack.enter_context(reader)
            return reader
        except RecordingError as error:
            log.warning("%s", error)
    return _recovered(path, plain, stack)


def _recover_file(path: Path, stack: ExitStack) -> Reader:
    return _recovered(path, _unpacked(path, stack), stack)


def _recovered(path: Path, plain: Path, stack: ExitStack) -> Reader:
    with _said(path):
        reader = _RECOVERIES[plain.suffix](plain)
    stack.callback(reader.close)
    log.warning("%s: recovered %d messages; %s", path, reader.message_count, reader.losses)
    return reader


def _open_files(
    folder: Path, stack: ExitStack, open_one: Callable[[Path, ExitStack], Reader]
) -> Reader:
    readers = []
    errors = []
    for path in storage_files(folder):
        try:
            _check(path)
            readers.append(open_one(path, stack))
        except RecordingError as error:
            errors.append(str(error))
    if not readers:
        raise RecordingError("; ".join(errors) or f"{folder} has no storage file in it")
    for each in errors:
        log.warning("left out: %s", each)
    return Files(readers)


def _unpacked(path: Path, stack: ExitStack) -> Path:
    """The file itself, or where a compressed one was unpacked to."""
    if path.suffix != ".zstd":
        return path
    folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="emotion_recognition_"))
    plain = Path(folder) / path.stem
    with zstd.open(path, "rb") as packed, plain.open("wb") as file, _said(path):
        try:
            shutil.copyfileobj(packed, file)
        except (EOFError, zstd.ZstdError) as error:
            log.warning("%s was cut off or is damaged (%s): its beginning is used", path, error)
    return plain


@contextmanager
def _said(path: Path) -> Iterator[None]:
    """Turn what the libraries raise into words; what they raise depends on which bytes are bad."""
    try:
        yield
    except RecordingError:
        raise
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise OSError(
                error.errno,
                f"no room to unpack {path} in {tempfile.gettempdir()}: set TMPDIR to a larger disk",
            ) from error
        if isinstance(error, PermissionError):
            raise
        raise RecordingError(f"{path} cannot be read ({error})") from error
    except Exception as error:
        cause = str(error).rstrip(".") or type(error).__name__
        raise RecordingError(f"{path} was cut off or is damaged ({cause})") from error


def _check(path: Path) -> None:
    """Say what to do about the mistakes that a user makes most."""
    if not path.exists():
        raise RecordingError(f"{path}: no such file or folder")
    if path.is_file():
        if not path.stat().st_size:
            raise RecordingError(f"{path} is empty: nothing was recorded into it")
        if not is_bag_file(path):
            raise RecordingError(
                f"{path} is no bag: expected a folder, or a file ending in .mcap, .db3 or .bag"
            )
    elif not is_bag_folder(path):
        inside = ", ".join(file.name for file in sorted(path.iterdir()) if is_bag_file(file))
        raise RecordingError(
            f"{path} is no bag, for it has no metadata.yaml"
            + (f": give one of its files, {inside}" if inside else "")
        )
