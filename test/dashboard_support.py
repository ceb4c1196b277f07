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

"""A dashboard on loopback, with the real analysis process or one that does as it is told."""

import contextlib
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx

from emotion_recognition.dashboard.app import Dashboard
from emotion_recognition.dashboard.config import DashboardConfig
from emotion_recognition.dashboard.live import LiveHub
from emotion_recognition.dashboard.server import DashboardServer

TOKEN = "a token that nobody guesses"
FLAC = b"fLaC" + b"estimates" + b" " * 100
PROBLEM = {"type", "title", "status", "detail", "instance"}


class Running:
    """A server in a thread, and a client of it."""

    def __init__(self, dashboard: Dashboard, server: DashboardServer) -> None:
        self.dashboard = dashboard
        self.url = server.url.partition("#")[0].rstrip("/")
        self.port = int(self.url.rpartition(":")[2])
        self.client = httpx.Client(base_url=self.url, timeout=60)

    def upload(self, content: bytes | Path, name: str = "clip.mp4") -> httpx.Response:
        data = content.read_bytes() if isinstance(content, Path) else content
        return self.client.post("/api/analyses", files={"file": (name, data)})

    def order(self, what: str) -> str:
        """Upload an order for the fake process; return the id."""
        return self.upload(b"fLaC" + what.encode() + b" " * 100).json()["id"]

    def state(self, id: str) -> dict[str, Any]:
        return self.client.get(f"/api/analyses/{id}").json()

    def finished(self, id: str) -> dict[str, Any]:
        until(lambda: self.state(id)["state"] in ("done", "failed", "cancelled"))
        return self.state(id)

    def files(self) -> list[Path]:
        """Uploads on the disk."""
        return list(self.dashboard.analyses.folder.iterdir())


def until(condition: Callable[[], Any], timeout_s: float = 100.0) -> None:
    end_s = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end_s, "it did not come about"
        time.sleep(0.02)


def problem(answer: httpx.Response, status: int) -> dict:
    """Check that an answer is a problem as RFC 9457 has it, without a stack trace."""
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert set(told) == PROBLEM
    assert told["status"] == status
    assert "Traceback" not in answer.text
    assert "/tmp" not in answer.text
    return told


def raw(port: int, data: bytes, timeout_s: float = 10.0) -> socket.socket:
    connected = socket.create_connection(("127.0.0.1", port), timeout_s)
    connected.sendall(data)
    return connected


@contextlib.contextmanager
def serving(
    hub: LiveHub | None = None, static: Path | None = None, **settings
) -> Iterator[Running]:
    config = DashboardConfig(**{"port": 0, "device": "cpu", **settings})
    dashboard = Dashboard(config, hub, *([static] if static else []))
    server = DashboardServer(dashboard)
    server.start()
    running = Running(dashboard, server)
    try:
        yield running
    finally:
        running.client.close()
        server.stop()
