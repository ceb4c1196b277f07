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

"""The application: all routes, behind the guard."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import APIRouter, FastAPI, Request, status
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from emotion_recognition import __version__
from emotion_recognition.dashboard import problems
from emotion_recognition.dashboard.analyser_process import AnalyserStartError
from emotion_recognition.dashboard.analyses import Analyses
from emotion_recognition.dashboard.analyses_api import analyses_router
from emotion_recognition.dashboard.analyses_api import problems as may_answer
from emotion_recognition.dashboard.api_page import api_page
from emotion_recognition.dashboard.config import DashboardConfig
from emotion_recognition.dashboard.guard import COOKIE, Guard, cookie_value, same
from emotion_recognition.dashboard.live import LiveHub
from emotion_recognition.dashboard.live_api import live_router
from emotion_recognition.dashboard.media_type import ACCEPTED
from emotion_recognition.dashboard.page import STATIC, page_router
from emotion_recognition.dashboard.problems import ProblemError
from emotion_recognition.dashboard.schemas import Health, Login, ModelInfo, ServerInfo

log = logging.getLogger(__name__)

_ABOUT = (
    "Emotions in recordings and in a live ROS graph: inferences from outward signs, never facts "
    "about a person's inner state. Errors are problem details (RFC 9457). The messages of the "
    "WebSocket /api/live are described in docs/dashboard-api.md."
)


class Dashboard:
    """The server's application (ASGI).

    Args:
        config: Settings.
        hub: What a ROS bridge feeds; None: none will.
        static: Folder of the page's bundle.
    """

    def __init__(
        self, config: DashboardConfig, hub: LiveHub | None = None, static: Path = STATIC
    ) -> None:
        self.config = config
        self.hub = hub or LiveHub()
        self.analyses = Analyses(config)
        app = FastAPI(
            title="emotion_recognition dashboard",
            version=__version__,
            description=_ABOUT,
            docs_url=None,  # their scripts come from another host
            redoc_url=None,
            lifespan=self._lifespan,
        )
        problems.install(app)
        app.add_middleware(GZipMiddleware, minimum_size=1000, compresslevel=5)
        if config.allowed_origins:
            app.add_middleware(
                CORSMiddleware,
                allow_origins=config.allowed_origins,
                allow_methods=["GET", "POST", "DELETE"],
                allow_headers=["Authorization", "Content-Type", "Last-Event-ID"],
            )
        app.include_router(self._about_routes())
        app.include_router(analyses_router(self.analyses, config))
        app.include_router(live_router(self.hub, config))

        @app.get("/api", include_in_schema=False)
        async def describe() -> HTMLResponse:
            return HTMLResponse(api_page(app.openapi()))

        app.include_router(page_router(static))
        self.openapi = app.openapi
        self._app: ASGIApp = Guard(app, config)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve."""
        await self._app(scope, receive, send)

    @asynccontextmanager
    async def _lifespan(self, _app: FastAPI) -> AsyncIterator[None]:
        self.hub.bind()
        await self.analyses.start()
        try:
            yield
        finally:
            await self.analyses.stop()

    def _about_routes(self) -> APIRouter:
        router = APIRouter(tags=["server"])
        config, analyses, hub = self.config, self.analyses, self.hub

        @router.get(
            "/healthz",
            response_model=Health,
            summary="Whether the server works",
            responses={503: {"model": Health}},
        )
        async def health() -> JSONResponse:
            process = analyses.process
            state = Health(
                status="failed" if process.failed else "ok" if process.ready else "starting",
                version=__version__,
                waiting=analyses.waiting,
                viewers=hub.viewers,
                live=hub.attached,
            )
            return JSONResponse(state.model_dump(), 503 if process.failed else 200)

        @router.get("/api/server", summary="Limits, and whether a token is needed")
        async def server() -> ServerInfo:
            return ServerInfo(
                version=__version__,
                token_required=bool(config.token),
                live=hub.attached,
                accepted=list(ACCEPTED),
                max_upload_bytes=config.max_upload_bytes,
                max_duration=config.max_duration_s,
                result_lifetime=config.result_lifetime_s,
            )

        @router.post(
            "/api/login",
            status_code=status.HTTP_204_NO_CONTENT,
            summary="Change the token for a cookie",
            responses=may_answer("token", "invalid"),
        )
        async def login(body: Login, request: Request) -> Response:
            if not same(body.token, config.token):
                raise ProblemError("token", "that is not the token that this server was given")
            response = Response(status_code=status.HTTP_204_NO_CONTENT)
            response.set_cookie(
                COOKIE,
                cookie_value(config.token),
                httponly=True,
                samesite="strict",
                secure=request.url.scheme == "https",
            )
            return response

        @router.get(
            "/api/model",
            summary="The model at work on uploads",
            responses=may_answer("token", "unavailable"),
        )
        async def model() -> ModelInfo:
            try:
                return await analyses.process.model()
            except AnalyserStartError as error:
                raise ProblemError("unavailable", str(error)) from error

        return router
