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

"""Weights are what they were: their SHA-256 against the one that is stated for them.

For files of the package it is stated in ``weights/SHA256SUMS``, for others, if at all, in a file of
the same name with ``.sha256`` added; both are in the format of ``sha256sum``.
"""

import hashlib
import os
import re
from pathlib import Path

WEIGHTS = Path(__file__).parents[1] / "weights"
MANIFEST = WEIGHTS / "SHA256SUMS"
_LINE = re.compile(r"([0-9a-fA-F]{64})(?: [ *](.+))?")


class DigestError(ValueError):
    """A file is not the one that was stated; the message names it and says what to do."""


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal.

    Raises:
        OSError: The file cannot be read.
    """
    return hashlib.sha256(path.read_bytes()).hexdigest()


def check_digest(path: Path) -> None:
    """Hold a file of weights against the digest that is stated for it; without one, do nothing.

    Raises:
        DigestError: It has another, the statement cannot be read, or it lies among the package's
            weights and is not listed there.
        OSError: A file cannot be read.
    """
    beside = path.with_name(path.name + ".sha256")
    name = _name_in_package(path)
    if name is not None:
        source = MANIFEST
        stated = _manifest().get(name, "")
        if not stated:
            raise DigestError(
                f"{path}: not listed in {MANIFEST}: restore the package, or keep files of your own "
                "in another folder"
            )
    elif beside.is_file():
        source = beside
        stated = _stated(beside)
    else:
        return
    found = sha256(path)
    if found != stated:
        raise DigestError(
            f"{path}: its sha256 is {found}, but {source} states {stated}: the file was altered or "
            "damaged; restore it, or state the digest of the new one (sha256sum)"
        )


def _name_in_package(path: Path) -> str | None:
    """The path below ``weights``, also of a link there; None of a file elsewhere."""
    folders = WEIGHTS, WEIGHTS.resolve()
    for form in (Path(os.path.abspath(path)), path.resolve()):  # noqa: PTH100 - keeps links
        for folder in folders:
            if folder in form.parents:
                return form.relative_to(folder).as_posix()
    return None


def _manifest() -> dict[str, str]:
    """The digests of the package's weights, by their path below ``weights``."""
    lines = (_LINE.fullmatch(line) for line in MANIFEST.read_text(encoding="utf-8").splitlines())
    return {line[2]: line[1].lower() for line in lines if line}


def _stated(file: Path) -> str:
    line = _LINE.fullmatch(file.read_text(encoding="utf-8", errors="replace").strip())
    if line is None:
        raise DigestError(f"{file}: expected one line as `sha256sum` prints it")
    return line[1].lower()
