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

"""What stands before the application: host, origin and token are checked, answers are locked down.

https://cheatsheetseries.owasp.org/cheatsheets/HTTP_Headers_Cheat_Sheet.html is followed.
"""

import hashlib
import hmac
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from emotion_recognition.dashboard.config import DashboardConfig
from emotion_recognition.dashboard.problems import problem_response

COOKIE = "emotion_dashboard"
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
    "media-src 'self' blob:; connect-src 'self'; font-src 'self'; manifest-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
DOCUMENT_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; sandbox"
)
"""For pages without scripts that bring their own style: reports and the description of the API."""

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
_OPEN = ("/api/server", "/api/login")  # what may be asked without a token


class Guard:
    """Wraps the application. Whoever is turned away learns why, and reaches nothing behind."""

    def __init__(self, app: ASGIApp, config: DashboardConfig) -> None:
        self._app = app
        self._config = config

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check a request or a WebSocket's opening, and pass it on."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        fault = self._fault(scope)
        if fault is None:
            await self._app(scope, receive, _locked_down(send))
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008, "reason": fault[1]})
        else:
            kind, detail = fault
            headers = {"WWW-Authenticate": "Bearer"} if kind == "token" else None
            response = problem_response(kind, detail, scope["path"], headers)
            await response(scope, receive, _locked_down(send))

    def _fault(self, scope: Scope) -> tuple[str, str] | None:
        """Return why a request is turned away; None: it is not."""
        headers, config = Headers(scope=scope), self._config
        host = headers.get("host", "")
        if not config.knows_host(_without_port(host)):
            return "host", f"'{host}' is not a name of this server: see --allow-host"
        origin = headers.get("origin")
        # A page of another site may send requests and open WebSockets, with our cookie.
        own = origin is None or urlsplit(origin).netloc.lower() == host.lower()
        if not own and origin not in config.allowed_origins:
            return "origin", f"pages of {origin} may not call this server: see --allow-origin"
        path: str = scope["path"]
        asks = path.startswith("/api/") and path not in _OPEN and scope.get("method") != "OPTIONS"
        if asks and config.token and not self._knows_token(headers):
            return "token", "this server asks for the token that its operator was shown"
        return None

    def _knows_token(self, headers: Headers) -> bool:
        scheme, _, sent = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and same(sent.strip(), self._config.token):
            return True
        cookie = cookie_parser(headers.get("cookie", "")).get(COOKIE, "")
        return same(cookie, cookie_value(self._config.token))


def cookie_value(token: str) -> str:
    """Return what the cookie of somebody who knows the token holds; it does not give it away."""
    return hmac.new(token.encode(), b"cookie of the dashboard", hashlib.sha256).hexdigest()


def same(sent: str, expected: str) -> bool:
    """Compare secrets in a time that says nothing of where they differ."""
    return hmac.compare_digest(sent.encode(), expected.encode())


def _locked_down(send: Send) -> Send:
    async def locked(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
            headers.setdefault("Content-Security-Policy", DOCUMENT_POLICY)
            headers.setdefault("Cache-Control", "no-store")
        await send(message)

    return locked


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host.partition("]")[0][1:]
    return host.rpartition(":")[0] if host.count(":") == 1 else host
