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

"""A real browser on a real dashboard, for the tests of the page."""

import shutil
import socket
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ros_support import command_line, running, wait_until

from emotion_recognition.bags.sample import SampleError, fetch_sample

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
PICTURES = Path(__file__).resolve().parents[1] / "build" / "pictures"
"""Where the tests leave pictures of the page; docs/images/dashboard-*.png come from here."""
DESKTOP = {"width": 1280, "height": 900}


@contextmanager
def dashboard(domain_id: int) -> Iterator[str]:
    """Run ``emotion-recognition dashboard`` on a free port; yield its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    address = f"http://127.0.0.1:{port}"
    with running(command_line("dashboard", "--port", str(port)), domain_id) as process:
        wait_until(lambda: answers(address) or not process.running, READY_S, process.text)
        assert process.running, process.text
        yield address


def answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/healthz", timeout=2):
            return True
    except OSError:
        return False


@contextmanager
def visitor(chromium: Any, address: str, place: str) -> Iterator[tuple[Any, list[str]]]:
    """Yield a page of somebody who has agreed to the notice, and the errors that it logs."""
    context = chromium.new_context(viewport=DESKTOP, accept_downloads=True)
    context.add_init_script("localStorage.setItem('emotion-recognition-notice', 'read')")
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    page.goto(f"{address}/#{place}")
    yield page, errors
    context.close()


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


def face_clip(otherwise: Path) -> Path:
    """The sample that may be shown in documents; ``otherwise`` where it cannot be had."""
    try:
        return fetch_sample("wolfgang")
    except SampleError:
        return otherwise


def picture(page: Any, name: str) -> None:
    """Leave a picture of the page."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=PICTURES / f"dashboard-{name}.png", full_page=True)


def until(page: Any, expression: str, timeout_s: float = 90) -> None:
    """Wait until an expression is true on the page, which forbids Playwright's own way: eval."""
    end_s = time.monotonic() + timeout_s
    while not page.evaluate(expression):
        assert time.monotonic() < end_s, f"not within {timeout_s} s: {expression}"
        page.wait_for_timeout(50)
