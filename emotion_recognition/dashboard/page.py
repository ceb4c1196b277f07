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

"""The page: the bundle that ``frontend/`` builds, or a few words where it was not built."""

from pathlib import Path

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, HTMLResponse, Response

from emotion_recognition.dashboard.guard import PAGE_POLICY

STATIC = Path(__file__).with_name("static")
_FOR_EVER = "public, max-age=31536000, immutable"  # names of assets carry a hash of their content
_ASK_AGAIN = "no-cache"
_ABSENT = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>emotion_recognition</title></head>
<body><h1>The page is not built</h1>
<p>The server works, but this installation lacks the bundle of the page
(<code>emotion_recognition/dashboard/static</code>). In a checkout, with Node.js:
<code>cd frontend &amp;&amp; npm ci &amp;&amp; npm run build</code>.</p>
<p>The <a href="/api">API</a> can be used without it.</p></body></html>
"""


def page_router(folder: Path = STATIC) -> APIRouter:
    """Return the routes: files of the bundle, and its ``index.html`` for every other path."""
    router = APIRouter(include_in_schema=False)
    root = folder.resolve()

    @router.get("/{path:path}")
    async def page(path: str) -> Response:
        if path == "api" or path.startswith("api/"):
            raise HTTPException(404, "the API has no such path: /api describes it")
        file = (root / path).resolve()
        if path and file.is_relative_to(root) and file.is_file():
            hashed = file.parent.name == "assets"
            return FileResponse(file, headers=_headers(_FOR_EVER if hashed else _ASK_AGAIN))
        if "." in path.rpartition("/")[2]:
            raise HTTPException(404, "no such file")
        index = root / "index.html"
        if not index.is_file():
            return HTMLResponse(_ABSENT)
        return FileResponse(index, headers=_headers(_ASK_AGAIN))

    return router


def _headers(cache: str) -> dict[str, str]:
    return {"Cache-Control": cache, "Content-Security-Policy": PAGE_POLICY}
