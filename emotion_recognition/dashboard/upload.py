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

"""Takes one uploaded file: streamed to disk, within bounds of size, time and form."""

import errno
import os
import re
import secrets
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import anyio
from python_multipart.multipart import FormParserError, MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect, Request

from emotion_recognition.dashboard.media_type import ACCEPTED, HEAD, MediaType, media_type
from emotion_recognition.dashboard.problems import ProblemError

FIELD = "file"
STALL_S = 15.0
"""A sender may pause for so long."""
MIN_RATE = 10_000
"""Bytes a second that a sender must reach on average, beside the first ``STALL_S``."""
_OVERHEAD = 64 << 10  # bytes of a request beside the file
_FLUSH = 1 << 20  # bytes that are written at once
_MAX_NAME = 120
_MAX_HEADER = 8 << 10  # bytes


@dataclass(frozen=True)
class Upload:
    """A file that was taken: where it lies, what it is, and the name that its sender gave it."""

    path: Path
    media: MediaType
    size: int
    name: str


@asynccontextmanager
async def received(request: Request, folder: Path, max_bytes: int) -> AsyncIterator[Upload]:
    """Yield the file in the field ``file`` of a multipart request.

    It lies in ``folder`` under a name of our own. It is deleted where the block raises; otherwise
    it belongs to the caller.

    Raises:
        ProblemError: The request is broken, too large, too slow, or of a kind that is not accepted.
    """
    _check_length(request, max_bytes)
    form = _Form(_boundary(request), folder, max_bytes)
    try:
        await _feed(form, request, max_bytes)
        yield form.upload()
    except ClientDisconnect as error:
        form.discard()
        raise ProblemError("bad-request", "the upload broke off") from error
    except BaseException:
        form.discard()
        raise
    finally:
        form.close()


async def _feed(form: "_Form", request: Request, max_bytes: int) -> None:
    started_s, count, most = time.monotonic(), 0, max_bytes + _OVERHEAD
    chunks = request.stream().__aiter__()
    while True:
        try:
            with anyio.fail_after(STALL_S):
                chunk = await chunks.__anext__()
        except StopAsyncIteration:
            return
        except TimeoutError as error:
            raise _too_slow() from error
        count += len(chunk)
        if count > most:
            raise _too_large(max_bytes)
        if (time.monotonic() - started_s - STALL_S) * MIN_RATE > count:
            raise _too_slow()
        form.write(chunk)
        if form.waiting >= _FLUSH:
            await anyio.to_thread.run_sync(form.flush)


def _too_slow() -> ProblemError:
    return ProblemError("stalled", "the upload came too slowly: try again", {"Connection": "close"})


def _check_length(request: Request, max_bytes: int) -> None:
    stated = request.headers.get("content-length")
    if stated is not None and stated.isdecimal() and int(stated) > max_bytes + _OVERHEAD:
        raise _too_large(max_bytes)
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise ProblemError("media-type", "the request is compressed: send it as it is")


def _too_large(max_bytes: int) -> ProblemError:
    return ProblemError(
        "too-large",
        f"the file is larger than {max_bytes / 1e6:g} MB: send a shorter recording",
        {"Connection": "close"},
    )


def _boundary(request: Request) -> bytes:
    kind, parameters = parse_options_header(request.headers.get("content-type"))
    boundary = parameters.get(b"boundary", b"")
    if kind != b"multipart/form-data" or not boundary:
        raise ProblemError(
            "media-type", f"expected multipart/form-data with the recording in the field '{FIELD}'"
        )
    return boundary


class _Form:
    """Follows a multipart body as it comes and writes the one file in it."""

    def __init__(self, boundary: bytes, folder: Path, max_bytes: int) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._field, self._value = b"", b""  # of the header that is being read
        self._disposition = b""
        self._in_file = False
        self._ended = False
        self._head = b""
        self._name = ""
        self._size = 0
        self._media: MediaType | None = None
        self._path: Path | None = None
        self._file: int | None = None
        self._pending: list[bytes] = []
        self.waiting = 0  # bytes that are not written yet
        callbacks: dict[str, Callable[..., None]] = {
            "on_part_begin": self._on_part_begin,
            "on_header_field": self._on_header_field,
            "on_header_value": self._on_header_value,
            "on_header_end": self._on_header_end,
            "on_headers_finished": self._on_headers_finished,
            "on_part_data": self._on_part_data,
            "on_part_end": self._on_part_end,
            "on_end": self._on_end,
        }
        try:
            self._parser = MultipartParser(boundary, callbacks)  # type: ignore[arg-type]
        except FormParserError as error:
            raise ProblemError("bad-request", "the multipart boundary is too long") from error
        self._others = 0  # parts beside the file

    def write(self, data: bytes) -> None:
        """Take the next piece of the body."""
        try:
            self._parser.write(data)
        except FormParserError as error:
            raise ProblemError("bad-request", "the multipart form is broken") from error

    def flush(self) -> None:
        """Write what waits to the disk."""
        pending, self._pending, self.waiting = self._pending, [], 0
        if self._file is None:
            return
        try:
            for data in pending:
                view = memoryview(data)
                while view:
                    view = view[os.write(self._file, view) :]
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
                raise ProblemError("disk-full", "the server's disk is full: try later") from error
            raise

    def upload(self) -> Upload:
        """Return the file, after the last piece of the body."""
        if not self._ended:
            raise ProblemError("bad-request", "the multipart form breaks off")
        if self._path is None:
            raise ProblemError(
                "invalid", f"no file came: expected a recording in the field '{FIELD}'"
            )
        self.flush()
        assert self._media is not None
        return Upload(self._path, self._media, self._size, self._name)

    def discard(self) -> None:
        """Delete what was written."""
        if self._path is not None:
            self._path.unlink(missing_ok=True)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _on_part_begin(self) -> None:
        self._disposition = b""

    def _on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._field += data[start:end]
        if len(self._field) > _MAX_HEADER:
            raise ProblemError("bad-request", "a header of the form is too long")

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]
        if len(self._field) + len(self._value) > _MAX_HEADER:
            raise ProblemError("bad-request", "a header of the form is too long")

    def _on_header_end(self) -> None:
        if self._field.lower() == b"content-disposition":
            self._disposition = self._value
        self._field, self._value = b"", b""

    def _on_headers_finished(self) -> None:
        _, parameters = parse_options_header(self._disposition.decode("latin-1"))
        if parameters.get(b"name") != FIELD.encode() or b"filename" not in parameters:
            self._others += 1
            if self._others > 8:
                raise ProblemError("bad-request", "the form has too many fields")
            return
        if self._name:
            raise ProblemError("bad-request", "several files came: send one at a time")
        self._in_file = True
        self._name = display_name(parameters[b"filename"].decode("utf-8", "replace"))

    def _on_part_data(self, data: bytes, start: int, end: int) -> None:
        if not self._in_file:
            return
        self._size += end - start
        if self._size > self._max_bytes:
            raise _too_large(self._max_bytes)
        piece = data[start:end]
        if self._path is None:
            self._head += piece
            if len(self._head) < HEAD:
                return
            piece = self._head
            self._open()
        self._pending.append(piece)
        self.waiting += len(piece)

    def _on_part_end(self) -> None:
        if self._in_file and self._path is None:  # a file shorter than the head
            self._open()
            self._pending.append(self._head)
        self._in_file = False

    def _on_end(self) -> None:
        self._ended = True

    def _open(self) -> None:
        self._media = media_type(self._head)
        if self._media is None:
            raise ProblemError(
                "media-type",
                "this is no recording that can be analysed: expected "
                f"{', '.join(ACCEPTED)} (by content, not by name; no archives)",
                {"Connection": "close"},
            )
        path = self._folder / f"{secrets.token_hex(16)}{self._media.suffix}"
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        self._path = path


def display_name(sent: str) -> str:
    """Return a name for people: without folders, control characters and excess length."""
    name = re.split(r"[/\\]", sent)[-1]
    name = "".join(letter for letter in name if letter.isprintable()).strip(" .")
    return name[:_MAX_NAME] or "recording"
