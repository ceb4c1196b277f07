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

"""``/api/analyses``: upload, state, events, faces, reports, end."""

import re
from collections.abc import AsyncIterator, Callable
from typing import Annotated, Any
from urllib.parse import quote

import anyio
from fastapi import APIRouter, Header, Request, status
from pydantic import BaseModel
from starlette.responses import Response, StreamingResponse

from emotion_recognition.dashboard.analyses import Analyses
from emotion_recognition.dashboard.config import DashboardConfig
from emotion_recognition.dashboard.export import csv_text
from emotion_recognition.dashboard.problems import KINDS, MEDIA_TYPE, ProblemError
from emotion_recognition.dashboard.record import Record
from emotion_recognition.dashboard.schemas import (
    Accepted,
    Analysis,
    Faces,
    Problem,
    ProgressEvent,
    StateEvent,
)
from emotion_recognition.dashboard.summary import report_html
from emotion_recognition.dashboard.upload import received

_KEEP_ALIVE_S = 15.0
_UPLOAD_FORM = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {
                            "type": "string",
                            "format": "binary",
                            "description": "mp4, mov, webm, mkv, avi, wav, flac, ogg, mcap, db3, "
                            "bag: told by content.",
                        }
                    },
                }
            }
        },
    }
}


def problems(*kinds: str) -> dict[int | str, dict[str, Any]]:
    """Return what OpenAPI is told of the problems that a request may meet."""
    return {
        KINDS[kind][0]: {
            "model": Problem,
            "description": KINDS[kind][1],
            "content": {MEDIA_TYPE: {}},
        }
        for kind in kinds
    }


def json_of(model: BaseModel) -> Response:
    """Return a model as it is: it was checked when it was made."""
    return Response(model.model_dump_json(), media_type="application/json")


def download(content: str, media_type: str, name: str) -> Response:
    """Return a file that a browser stores under ``name``."""
    plain = re.sub(r"[^\w.-]", "_", name, flags=re.ASCII)
    disposition = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name)}"
    return Response(content, media_type=media_type, headers={"Content-Disposition": disposition})


def analyses_router(analyses: Analyses, config: DashboardConfig) -> APIRouter:
    """Return the routes."""
    router = APIRouter(prefix="/api/analyses", tags=["analyses"])

    @router.post(
        "",
        status_code=status.HTTP_202_ACCEPTED,
        response_model=Accepted,
        summary="Upload a recording to be analysed",
        openapi_extra=_UPLOAD_FORM,
        responses=problems(
            "bad-request", "stalled", "too-large", "media-type", "invalid", "too-many", "disk-full"
        ),
    )
    async def create(request: Request, response: Response) -> Accepted:
        """The file lies on the server's disk until it is analysed, and not a moment longer."""
        client = request.client.host if request.client else ""
        with analyses.place_for_upload():
            async with received(request, analyses.folder, config.max_upload_bytes) as upload:
                record = analyses.add(upload, client)
        response.headers["Location"] = f"/api/analyses/{record.id}"
        return Accepted(id=record.id)

    @router.get(
        "/{id}",
        response_model=Analysis,
        summary="State, progress, estimates and summary",
        responses=problems("not-found"),
    )
    async def read(id: str) -> Response:
        return json_of(analyses.get(id).view())

    @router.delete(
        "/{id}",
        status_code=status.HTTP_204_NO_CONTENT,
        summary="Cancel an analysis, or forget a finished one",
        responses=problems("not-found"),
    )
    async def delete(id: str) -> None:
        analyses.delete(id)

    @router.get(
        "/{id}/events",
        summary="Server-sent events: state, estimate, progress, end",
        response_class=StreamingResponse,
        responses={200: {"content": {"text/event-stream": {}}}, **problems("not-found")},
    )
    async def events(
        id: str, last_event_id: Annotated[str | None, Header()] = None
    ) -> StreamingResponse:
        record = analyses.get(id)
        known = last_event_id or ""
        sent = int(known) + 1 if known.isdecimal() and len(known) < 9 else 0
        return StreamingResponse(_events(record, sent), media_type="text/event-stream")

    @router.get(
        "/{id}/faces",
        response_model=Faces,
        summary="Boxes and landmarks over time",
        responses=problems("not-found"),
    )
    async def faces(id: str) -> Response:
        record = analyses.get(id)
        image = "null" if record.image is None else record.image.model_dump_json()
        text = f'{{"image":{image},"frames":[{",".join(record.faces)}]}}'
        return Response(text, media_type="application/json")

    def add_report(suffix: str, media_type: str, make: Callable[[Record], str]) -> None:
        @router.get(
            f"/{{id}}/report.{suffix}",
            name=f"report_{suffix}",
            summary=f"The result as {suffix.upper()}",
            response_class=Response,
            responses={
                200: {"content": {media_type: {}}},
                **problems("not-found", "not-done"),
            },
        )
        async def report(id: str) -> Response:
            record = _done(analyses.get(id))
            stem = record.upload.name.rpartition(".")[0] or record.upload.name
            text = await anyio.to_thread.run_sync(make, record)
            return download(text, media_type, f"{stem}.emotions.{suffix}")

    add_report("json", "application/json", lambda record: record.view().model_dump_json(indent=1))
    add_report("csv", "text/csv", lambda record: csv_text(record.estimates))
    add_report("html", "text/html", _html)
    return router


def _done(record: Record) -> Record:
    if record.state != "done":
        raise ProblemError("not-done", f"the analysis is {record.state}: it has no report")
    return record


def _html(record: Record) -> str:
    if not any(each.probabilities for each in record.estimates):
        raise ProblemError("not-done", "the recording gave no estimate: there is nothing to report")
    return report_html(record.upload.name, record.estimates)


async def _events(record: Record, sent: int) -> AsyncIterator[str]:
    """Tell what is known, then what changes, until the analysis is over.

    It reads the record's own list at its reader's pace, so nothing piles up.
    """
    told: StateEvent | None = None
    progress: ProgressEvent | None = None
    while True:
        changed = record.changed  # taken before the record is read
        state = StateEvent(state=record.state, progress=record.progress, position=record.position)
        if told is None or (state.state, state.position) != (told.state, told.position):
            told = state
            yield _event("state", state)
        while sent < len(record.estimates):
            yield _event("estimate", record.estimates[sent], sent)
            sent += 1
        reached = ProgressEvent(progress=record.progress, time=record.reached)
        if record.state == "running" and reached != progress:
            progress = reached
            yield _event("progress", reached)
        if record.finished and sent >= len(record.estimates):
            yield _event("end", record.end_event())
            return
        try:
            with anyio.fail_after(_KEEP_ALIVE_S):
                await changed.wait()
        except TimeoutError:
            yield ": still there\n\n"


def _event(name: str, data: BaseModel, id: int | None = None) -> str:
    number = "" if id is None else f"id: {id}\n"
    return f"event: {name}\n{number}data: {data.model_dump_json()}\n\n"
