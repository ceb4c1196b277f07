"""A real browser on a real dashboard, for the tests of the page."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
]
READY_S = 60


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def dashboard(*arguments: str, environment: dict[str, str] | None = None) -> Iterator[str]:
    """Run ``emotion-recognition dashboard`` on a free port; yield its address."""
    port = free_port()
    start = "import sys; from emotion_recognition.cli import main; sys.exit(main())"
    command = [sys.executable, "-c", start, "dashboard", "--port", str(port), *arguments]
    process = subprocess.Popen(command, env={**os.environ, **(environment or {})})
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for(address, process)
        yield address
    finally:
        process.terminate()
        process.wait(10)


def wait_for(address: str, process: subprocess.Popen[Any]) -> None:
    until = time.monotonic() + READY_S
    while time.monotonic() < until:
        assert process.poll() is None, f"the dashboard ended with {process.returncode}"
        try:
            with urllib.request.urlopen(f"{address}/healthz", timeout=2):
                return
        except OSError:
            time.sleep(0.2)
    raise AssertionError(f"no answer at {address} within {READY_S} s")


@contextmanager
def browser(folder: Path) -> Iterator[Any]:
    """Yield a Chromium that talks to this machine alone."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=CHROMIUM, args=QUIET, downloads_path=folder
        )
        try:
            yield launched
        finally:
            launched.close()
