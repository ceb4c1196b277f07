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

"""Runs the application: in the main thread until a signal, or beside a ROS node in a thread."""

import logging
import socket
import threading

import uvicorn

from emotion_recognition.dashboard.app import Dashboard
from emotion_recognition.dashboard.config import DashboardConfig
from emotion_recognition.dashboard.connection import PatientHttp, PatientWebSocket

log = logging.getLogger(__name__)

_STOP_S = 2  # until open streams are cut
_MAX_MESSAGE = 4096  # bytes a viewer may send, which nobody reads


class DashboardServer:
    """A bound port with the application behind it."""

    def __init__(self, dashboard: Dashboard) -> None:
        """Bind the port.

        Raises:
            OSError: It is taken, or the address is not this machine's.
        """
        config = dashboard.config
        self._config = config
        self._socket = _bound(config)
        self._server = uvicorn.Server(
            uvicorn.Config(
                dashboard,
                http=PatientHttp,
                ws=PatientWebSocket,
                loop="asyncio",
                lifespan="on",
                log_level="warning",
                access_log=False,  # paths hold ids, which are secrets
                server_header=False,
                proxy_headers=False,
                ws_per_message_deflate=False,  # JPEG does not shrink
                ws_max_size=_MAX_MESSAGE,
                limit_concurrency=2 * config.max_viewers + 4 * config.max_uploads + 64,
                timeout_keep_alive=15,
                timeout_graceful_shutdown=_STOP_S,
            )
        )
        self._thread = threading.Thread(target=self.run, name="dashboard", daemon=True)

    @property
    def url(self) -> str:
        """Address of the page; with the token, where one is needed."""
        host, port = self._socket.getsockname()[:2]
        if host in ("0.0.0.0", "::"):
            host = socket.gethostname()
        shown = f"[{host}]" if ":" in host else host
        token = f"#token={self._config.token}" if self._config.token else ""
        return f"http://{shown}:{port}/{token}"

    def run(self) -> None:
        """Serve until a signal (in the main thread) or ``stop``."""
        self._server.run(sockets=[self._socket])

    def start(self) -> None:
        """Serve in a thread."""
        self._thread.start()

    def stop(self) -> None:
        """End what ``start`` began."""
        self._server.should_exit = True
        self._thread.join(2 * _STOP_S + 5)


def _bound(config: DashboardConfig) -> socket.socket:
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    try:
        return socket.create_server((config.host, config.port), family=family, backlog=128)
    except OSError as error:
        raise OSError(
            error.errno, f"cannot listen on {config.host} port {config.port}: {error.strerror}"
        ) from error
