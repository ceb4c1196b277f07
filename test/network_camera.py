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

"""A camera on the network of this machine, that can be unplugged, plugged in again, and hang."""

import contextlib
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import cv2
import numpy as np


class NetworkCamera:
    """Serves one picture again and again as motion JPEG, at 30 Hz; its address stays."""

    def __init__(self, picture: np.ndarray) -> None:
        jpeg = cv2.imencode(".jpg", picture)[1].tobytes()
        self._part = b"--part\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%s\r\n" % (
            len(jpeg),
            jpeg,
        )
        self._port = 0
        self._lost = threading.Event()
        self.hanging = False
        self.plug_in()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}/stream.mjpg"

    def plug_in(self) -> None:
        self._lost.clear()
        camera = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=part")
                self.end_headers()
                with contextlib.suppress(OSError):
                    while not camera._lost.is_set():
                        if not camera.hanging:
                            self.wfile.write(camera._part)
                        time.sleep(1 / 30)

            def log_message(self, *_arguments: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", self._port), Handler)
        self._server.daemon_threads = True
        self._port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def unplug(self) -> None:
        self._lost.set()
        self._server.shutdown()
        self._server.server_close()


@contextlib.contextmanager
def network_camera(picture: np.ndarray) -> Iterator[NetworkCamera]:
    """A camera that is plugged in, for the length of a ``with`` block."""
    camera = NetworkCamera(picture)
    try:
        yield camera
    finally:
        camera.unplug()
