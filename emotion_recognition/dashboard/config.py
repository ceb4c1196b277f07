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

"""Settings of the dashboard's server, each checked, with its range and meaning in one table."""

import ipaddress
import os
import secrets
import socket
from dataclasses import dataclass
from pathlib import Path

MIN_TOKEN = 16  # characters
TOKEN_VARIABLE = "EMOTION_RECOGNITION_TOKEN"


@dataclass(frozen=True)
class Setting:
    """A numeric setting: its range and what it means, for command line and node parameters."""

    low: float
    high: float
    meaning: str


SETTINGS: dict[str, Setting] = {
    "port": Setting(0, 65535, "TCP port; 0: any that is free"),
    "max_upload_mb": Setting(1, 4096, "largest upload, MB"),
    "max_duration_s": Setting(1, 7200, "longest recording that is analysed, s"),
    "max_uploads": Setting(1, 64, "uploads at once"),
    "max_waiting": Setting(1, 1000, "analyses that wait or run at once"),
    "analysis_timeout_s": Setting(1, 7200, "longest time that an analysis may take, s"),
    "analysis_memory_mb": Setting(256, 65536, "memory an analysis may take beside the model's, MB"),
    "result_lifetime_s": Setting(10, 86400, "results are forgotten so long after their end, s"),
    "max_viewers": Setting(1, 256, "viewers of the live page at once"),
    "preview_rate": Setting(1, 30, "images a second on the live page"),
    "preview_width": Setting(160, 1920, "width of the images on the live page, px"),
}


@dataclass(frozen=True)
class DashboardConfig:
    """Settings of the server; ValueError names the one that is not allowed.

    Attributes:
        host: Address to listen on; any but a loopback address needs a token.
        token: What a caller must know; empty: nothing, on loopback only.
        allowed_origins: Other origins whose pages may call, such as ``http://localhost:5173``.
        allowed_hosts: Further names by which this machine is called.
        device: Where the model computes: auto, cpu, cuda or cuda:N.
        redact: Show estimates only: no images, faces or sound, live or of recordings.
        keep: Folder in which results are kept on disk; None: nowhere. Uploads are never kept.
    """

    host: str = "127.0.0.1"
    port: int = 8090
    token: str = ""
    allowed_origins: tuple[str, ...] = ()
    allowed_hosts: tuple[str, ...] = ()
    device: str = "auto"
    redact: bool = False
    keep: Path | None = None
    max_upload_mb: int = 200
    max_duration_s: float = 600.0
    max_uploads: int = 4
    max_waiting: int = 16
    analysis_timeout_s: float = 900.0
    analysis_memory_mb: int = 1024
    result_lifetime_s: float = 3600.0
    max_viewers: int = 32
    preview_rate: float = 8.0
    preview_width: int = 480

    def __post_init__(self) -> None:
        for name, setting in SETTINGS.items():
            value = getattr(self, name)
            if not setting.low <= value <= setting.high:
                raise ValueError(f"{name} is {value}; allowed: {setting.low:g} to {setting.high:g}")
        if self.token and (len(self.token) < MIN_TOKEN or not self.token.isascii()):
            raise ValueError(f"the token is too weak: at least {MIN_TOKEN} ASCII characters")
        if not self.loopback and not self.token:
            raise ValueError(
                f"host is {self.host}, which others can reach: that needs a token "
                f"of at least {MIN_TOKEN} characters"
            )
        for origin in self.allowed_origins:
            if not origin.startswith(("http://", "https://")) or origin.endswith("/"):
                raise ValueError(
                    f"origin {origin!r}: expected scheme, host and port alone, such as "
                    "http://localhost:5173"
                )

    @property
    def max_upload_bytes(self) -> int:
        """Largest upload in bytes."""
        return self.max_upload_mb * 1_000_000

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach the server."""
        return is_loopback(self.host)

    def knows_host(self, name: str) -> bool:
        """Whether ``name`` (of a Host header, without port) may stand for this machine.

        A page of another site can rebind its own name to our address, but not send an IP address
        or a name that is not its own: so only those are taken.
        """
        name = name.lower().rstrip(".")
        if is_loopback(name) or name in (host.lower() for host in self.allowed_hosts):
            return True
        if self.loopback:
            return False
        own = socket.gethostname().lower()
        return name in (own, f"{own}.local", self.host.lower()) or _address(name) is not None


def token_for(file: Path | None, host: str) -> str:
    """Return the token of a file, else of the environment, else a new one where one is needed.

    Raises:
        OSError: The file cannot be read.
    """
    if file is not None:
        return file.read_text(encoding="utf-8").strip()
    given = os.environ.get(TOKEN_VARIABLE, "")
    return given if given or is_loopback(host) else secrets.token_urlsafe(24)


def is_loopback(host: str) -> bool:
    """Whether a name or address is this machine's loopback."""
    address = _address(host)
    return host.lower() == "localhost" or (address is not None and address.is_loopback)


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return None
