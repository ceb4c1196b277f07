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

"""Errors as problem details (RFC 9457): what went wrong, in words fit to be shown, and no more."""

import logging
from collections.abc import Mapping

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from emotion_recognition.dashboard.schemas import Problem

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
_TYPE = "urn:emotion-recognition:problem:"
# kind -> status and title
KINDS: dict[str, tuple[int, str]] = {
    "bad-request": (400, "Request cannot be read"),
    "token": (401, "Token required"),
    "origin": (403, "Page of another site"),
    "not-found": (404, "Unknown or forgotten"),
    "method": (405, "Method not allowed"),
    "stalled": (408, "Upload stalled"),
    "not-done": (409, "Not done yet"),
    "too-large": (413, "Upload too large"),
    "media-type": (415, "Kind of file not supported"),
    "host": (421, "Unknown host name"),
    "invalid": (422, "Request is not valid"),
    "too-many": (429, "Too many at once"),
    "internal": (500, "Internal error"),
    "unavailable": (503, "Analyser not available"),
    "disk-full": (507, "No room for the upload"),
}
_BY_STATUS = {status: kind for kind, (status, _) in KINDS.items()}


class ProblemError(Exception):
    """An answer that is an error.

    Args:
        kind: A key of ``KINDS``.
        detail: What happened and what to do, fit to be shown.
        headers: Further headers of the answer.
    """

    def __init__(self, kind: str, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.headers = headers


def problem_response(
    kind: str, detail: str, path: str, headers: Mapping[str, str] | None = None
) -> Response:
    """Return the answer to a request for ``path``."""
    status, title = KINDS[kind]
    problem = Problem(type=_TYPE + kind, title=title, status=status, detail=detail, instance=path)
    return Response(problem.model_dump_json(), status, headers, MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Let every error of ``app`` be answered by a problem."""
    app.add_exception_handler(ProblemError, _answer_problem)
    app.add_exception_handler(HTTPException, _answer_http)
    app.add_exception_handler(RequestValidationError, _answer_invalid)
    app.add_exception_handler(Exception, _answer_unexpected)


async def _answer_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, ProblemError)
    return problem_response(error.kind, error.detail, request.url.path, error.headers)


async def _answer_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    kind = _BY_STATUS.get(error.status_code, "internal")
    return problem_response(kind, str(error.detail), request.url.path, error.headers)


async def _answer_invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    wrong = "; ".join(
        f"{'.'.join(str(part) for part in item['loc'])}: {item['msg']}" for item in error.errors()
    )
    return problem_response("invalid", wrong, request.url.path)


async def _answer_unexpected(request: Request, error: Exception) -> Response:
    # Starlette raises it again for the log; the caller learns no more than that it happened.
    return problem_response(
        "internal", "the server's log has the details", request.url.path, {"Connection": "close"}
    )
