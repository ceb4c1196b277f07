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

"""The live hub: what a graph publishes goes to every viewer, and no viewer holds it up.

Each message is encoded once for all. A viewer has a short queue; who does not read first misses
preview images and is then dropped.
"""

import asyncio
import contextlib
import time
from collections import deque

from emotion_recognition.dashboard.live_session import SessionLog
from emotion_recognition.dashboard.schemas import (
    LiveEstimate,
    LiveHello,
    LiveMessage,
    LiveRestart,
)
from emotion_recognition.dashboard.sound_meter import SPECTROGRAM

_MAX_WAITING = 100  # text messages: some seconds' worth
_HISTORY_S = 300.0


class Viewer:
    """One WebSocket's queue. Belongs to the event loop."""

    def __init__(self) -> None:
        self._texts: deque[str] = deque()
        self._frame: bytes | None = None
        self._news = asyncio.Event()
        self.too_slow = False

    def offer(self, text: str) -> None:
        """Queue a message; with a full queue the viewer is given up."""
        if len(self._texts) >= _MAX_WAITING:
            self.too_slow = True
            self._texts.clear()
        else:
            self._texts.append(text)
        self._news.set()

    def offer_frame(self, frame: bytes) -> None:
        """Hold a preview image; one that still waits is replaced."""
        self._frame = frame
        self._news.set()

    async def next(self) -> str | bytes | None:
        """Return the next message, texts first; None: the viewer was too slow."""
        while True:
            if self.too_slow:
                return None
            if self._texts:
                return self._texts.popleft()
            if self._frame is not None:
                frame, self._frame = self._frame, None
                return frame
            self._news.clear()
            await self._news.wait()


class LiveHub:
    """Takes what the ROS bridge sends, from any thread, and hands it to the viewers.

    Attributes:
        attached: Whether a bridge feeds this hub.
        session: The estimates of the run.
    """

    def __init__(self) -> None:
        self.attached = False
        self.session = SessionLog()
        self._viewers: set[Viewer] = set()
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def viewers(self) -> int:
        """How many look on; may be asked from any thread."""
        return len(self._viewers)

    def bind(self) -> None:
        """Take the running event loop as the viewers'."""
        self._loop = asyncio.get_running_loop()

    def join(self) -> Viewer:
        """Add a viewer, who is told first what went before."""
        viewer = Viewer()
        hello = LiveHello(
            server_time=time.time(),
            live=self.attached,
            spectrogram=SPECTROGRAM,
            history=self.session.newest(_HISTORY_S),
        )
        viewer.offer(hello.model_dump_json())
        self._viewers.add(viewer)
        return viewer

    def leave(self, viewer: Viewer) -> None:
        """Take a viewer out."""
        self._viewers.discard(viewer)

    def restart(self) -> None:
        """Begin the session anew."""
        self.session = SessionLog()
        self._tell(LiveRestart(started=self.session.started).model_dump_json())

    def send(self, message: LiveMessage) -> None:
        """Hand a message to all viewers; may be called from any thread."""
        if isinstance(message, LiveEstimate):
            self._soon(self._keep, message)
        if isinstance(message, LiveEstimate) or self._viewers:
            self._soon(self._tell, message.model_dump_json())

    def send_frame(self, frame: bytes) -> None:
        """Hand a preview image to all viewers; may be called from any thread."""
        self._soon(self._show, frame)

    def _keep(self, estimate: LiveEstimate) -> None:
        self.session.add(estimate)

    def _tell(self, text: str) -> None:
        for viewer in tuple(self._viewers):
            viewer.offer(text)
            if viewer.too_slow:
                self.leave(viewer)

    def _show(self, frame: bytes) -> None:
        for viewer in self._viewers:
            viewer.offer_frame(frame)

    def _soon(self, call, *arguments: object) -> None:  # type: ignore[no-untyped-def]
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the server has just ended
                self._loop.call_soon_threadsafe(call, *arguments)
