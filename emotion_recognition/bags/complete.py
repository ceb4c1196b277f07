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

"""Folders that appear under their name only when they are complete."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from emotion_recognition.bags.events import RecordingError

UNFINISHED = ".unfinished"


class NothingRecordedError(RecordingError):
    """A recording ended before anything came."""


@contextmanager
def completed(out: Path, force: bool) -> Iterator[Path]:
    """Give a folder to fill beside ``out``; move it to ``out`` if all went well, or delete it.

    Raises:
        RecordingError: ``out`` exists and may not be replaced.
    """
    check_free(out, force)
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".unfinished-", dir=out.parent) as scratch:
        folder = Path(scratch) / out.name
        yield folder
        _replace(folder, out)


@contextmanager
def kept(out: Path, force: bool) -> Iterator[Path]:
    """As ``completed``, for what cannot be had again: after a failure the folder stays.

    It then lies in ``out`` with ``.unfinished`` behind its name.

    Raises:
        RecordingError: ``out`` exists and may not be replaced, or an unfinished one is in the way.
        NothingRecordedError: raised inside, it leaves nothing.
    """
    check_free(out, force)
    scratch = unfinished(out)
    if scratch.exists():
        raise RecordingError(
            f"{scratch} is left of a recording that was cut off: move it away, or see what is in "
            f"it by `emotion-recognition estimate {scratch / out.name}`"
        )
    scratch.mkdir(parents=True)
    try:
        yield scratch / out.name
    except NothingRecordedError:
        shutil.rmtree(scratch)
        raise
    except BaseException:
        with suppress(OSError):
            scratch.rmdir()  # if nothing is in it yet
        raise
    _replace(scratch / out.name, out)
    shutil.rmtree(scratch)


def unfinished(out: Path) -> Path:
    """Where ``kept`` fills a folder."""
    return out.with_name(out.name + UNFINISHED)


def check_free(out: Path, force: bool) -> None:
    """Raise RecordingError unless a bag may be written to ``out``."""
    if not out.exists():
        return
    if not force:
        raise RecordingError(f"{out} exists: give another name, or allow to overwrite (--force)")
    if not (out / "metadata.yaml").is_file():
        raise RecordingError(f"{out} exists and is no bag: it is not overwritten")


def _replace(folder: Path, out: Path) -> None:
    """Move ``folder`` to ``out``; what was there goes where ``folder`` was, to be deleted."""
    if out.exists():
        shutil.move(out, folder.with_name("replaced"))
    folder.rename(out)
