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

"""Connections that do not wait for ever: uvicorn's protocols, which lose patience with a peer.

uvicorn itself waits without end for the head of a request and for a peer that takes nothing.
"""

import asyncio

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

HEAD_S = 10.0
"""A request's head must be complete after so long."""
TAKE_S = 10.0
"""A peer that takes nothing for so long, while data waits for it, is cut off."""


class _Patience:
    """One timer, at whose end a connection is cut off."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._timer: asyncio.TimerHandle | None = None

    def start(self, transport: asyncio.Transport) -> None:
        """Begin to wait, unless that has begun."""
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(self._seconds, transport.abort)

    def stop(self) -> None:
        """What was waited for has come."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class _PatientWriter(asyncio.Protocol):
    """What both protocols have in common: the time limit for peers that do not read."""

    transport: asyncio.Transport

    def __init__(self, *arguments, **options) -> None:  # type: ignore[no-untyped-def]
        super().__init__(*arguments, **options)
        self._taking = _Patience(TAKE_S)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._taking.stop()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """The peer takes nothing."""
        super().pause_writing()
        self._taking.start(self.transport)

    def resume_writing(self) -> None:
        """It does again."""
        self._taking.stop()
        super().resume_writing()


class PatientHttp(_PatientWriter, H11Protocol):
    """HTTP/1.1 with a time limit for heads and for peers that do not read."""

    def __init__(self, *arguments, **options) -> None:  # type: ignore[no-untyped-def]
        super().__init__(*arguments, **options)
        self._head = _Patience(HEAD_S)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first head."""
        super().connection_made(transport)
        self._head.start(transport)

    def data_received(self, data: bytes) -> None:
        """Stop to wait where the head is complete."""
        super().data_received(data)
        if self.conn.their_state is h11.IDLE and not self.transport.is_closing():
            self._head.start(self.transport)
        else:
            self._head.stop()

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """The head was complete; another protocol takes over."""
        self._head.stop()
        super().handle_websocket_upgrade(event)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop all waiting."""
        self._head.stop()
        super().connection_lost(exc)


class PatientWebSocket(_PatientWriter, WebSocketsSansIOProtocol):
    """WebSocket with a time limit for peers that do not read."""
