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

"""``/api/live``: the live view's WebSocket, and the summary of the session."""

import asyncio
import contextlib

import anyio
from fastapi import APIRouter, WebSocket, status
from starlette.responses import Response
from starlette.websockets import WebSocketDisconnect

from emotion_recognition.dashboard.analyses_api import download, json_of
from emotion_recognition.dashboard.config import DashboardConfig
from emotion_recognition.dashboard.export import csv_text
from emotion_recognition.dashboard.live import LiveHub, Viewer
from emotion_recognition.dashboard.live_session import session_view
from emotion_recognition.dashboard.schemas import LiveSession

TRY_LATER = 1013
"""Close code for a viewer that is too slow, or one too many (RFC 6455 registry)."""


def live_router(hub: LiveHub, config: DashboardConfig) -> APIRouter:
    """Return the routes."""
    router = APIRouter(prefix="/api/live", tags=["live"])

    @router.websocket("")
    async def live(socket: WebSocket) -> None:
        await socket.accept()
        if hub.viewers >= config.max_viewers:
            await socket.close(TRY_LATER, "too many viewers")
            return
        viewer = hub.join()
        telling = asyncio.create_task(_tell(socket, viewer))
        listening = asyncio.create_task(_listen(socket))
        try:
            await asyncio.wait((telling, listening), return_when=asyncio.FIRST_COMPLETED)
        finally:
            hub.leave(viewer)
            for task in (telling, listening):
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError, WebSocketDisconnect, RuntimeError):
                    await task

    @router.get("/session", response_model=LiveSession, summary="Summary of the live run")
    async def session() -> Response:
        log = hub.session
        started, estimates = log.started, log.newest()
        return json_of(await anyio.to_thread.run_sync(session_view, started, estimates))

    @router.get("/session.json", summary="The live run as JSON", response_class=Response)
    async def session_json() -> Response:
        log = hub.session
        started, estimates = log.started, log.newest()
        view = await anyio.to_thread.run_sync(session_view, started, estimates)
        return download(view.model_dump_json(indent=1), "application/json", "session.json")

    @router.get("/session.csv", summary="The live run as CSV", response_class=Response)
    async def session_csv() -> Response:
        text = await anyio.to_thread.run_sync(csv_text, hub.session.newest())
        return download(text, "text/csv", "session.csv")

    @router.delete(
        "/session", status_code=status.HTTP_204_NO_CONTENT, summary="Begin the session anew"
    )
    async def restart() -> None:
        hub.restart()

    return router


async def _tell(socket: WebSocket, viewer: Viewer) -> None:
    while (message := await viewer.next()) is not None:
        if isinstance(message, str):
            await socket.send_text(message)
        else:
            await socket.send_bytes(message)
    await socket.close(TRY_LATER, "too slow")


async def _listen(socket: WebSocket) -> None:
    """Notice that the viewer goes; what it says is not listened to."""
    while (await socket.receive())["type"] != "websocket.disconnect":
        pass
