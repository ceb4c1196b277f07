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

"""One node that shows the graph on the dashboard: what it hears goes to the live hub."""

import sys
import threading
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.clock import Clock, ClockType
from rclpy.node import Node

from emotion_recognition.dashboard.app import Dashboard
from emotion_recognition.dashboard.config import SETTINGS, DashboardConfig, token_for
from emotion_recognition.dashboard.live import LiveHub
from emotion_recognition.dashboard.preview import Preview
from emotion_recognition.dashboard.schemas import LiveStatus, LiveStream
from emotion_recognition.dashboard.server import DashboardServer
from emotion_recognition.estimate import Box
from emotion_recognition.msg import EmotionState
from emotion_recognition.nodes.live.camera import LiveCamera
from emotion_recognition.nodes.live.messages import live_diagnostics, live_estimate, live_stream
from emotion_recognition.nodes.live.microphone import LiveMicrophone
from emotion_recognition.nodes.ros.complaints import Complaints
from emotion_recognition.nodes.ros.convert import StateError, check_state, nanoseconds
from emotion_recognition.nodes.ros.parameters import declare
from emotion_recognition.nodes.ros.qos import ESTIMATES
from emotion_recognition.nodes.ros.spin import StartError, run_nodes
from emotion_recognition.nodes.watching.diagnostics import Arrivals
from emotion_recognition.settings import Parameter

_LOOK_EVERY_S = 0.25
_STATUS_EVERY_S = 1.0
_FACE_KEPT_S = 1.0  # a face is drawn for so long after the last estimate
_DEFAULTS = DashboardConfig()

PARAMETERS = (
    Parameter("host", _DEFAULTS.host, "address to listen on; others than loopback need a token"),
    Parameter(
        "token_file",
        "",
        "file with the token; empty: of $EMOTION_RECOGNITION_TOKEN, else a new one in the log",
    ),
    Parameter("device", _DEFAULTS.device, "where the model computes, for recordings"),
    Parameter("redact", _DEFAULTS.redact, "whether to show estimates only: no images, no sound"),
    *(
        Parameter(name, getattr(_DEFAULTS, name), setting.meaning, setting.low, setting.high)
        for name, setting in SETTINGS.items()
    ),
)


class DashboardBridge(Node):
    """Subscribes to ``emotion``, the images, the sound and the diagnostics; serves the page.

    Nothing is published, so the graph does not know of the page, its viewers and their troubles.
    With ``config.redact`` images and sound are left alone, and estimates lose their face boxes.

    Args:
        config: Settings of the server; None: of this node's parameters.
        options: As of ``rclpy.node.Node``.

    Raises:
        StartError: A parameter is wrong, or the port is taken.
    """

    def __init__(self, config: DashboardConfig | None = None, **options: Any) -> None:
        super().__init__(
            "dashboard_bridge", automatically_declare_parameters_from_overrides=True, **options
        )
        config = config or _declared(self)
        self._redact = config.redact
        self._hub = LiveHub()
        self._hub.attached = True
        try:
            self._server = DashboardServer(Dashboard(config, self._hub))
        except OSError as error:
            raise StartError(str(error)) from error
        self._faces: dict[str, tuple[str, Box]] = {}  # of each person: frame_id and where
        self._faces_of_ns = 0  # the window that they are of
        self._arrivals = Arrivals()
        self._complain = Complaints(self.get_logger().warning)
        self._preview: Preview | None = None
        # What shows a person is not even subscribed to where it is redacted.
        self._camera: LiveCamera | None = None
        self._microphone: LiveMicrophone | None = None
        if not config.redact:
            self._camera = LiveCamera(self, config.preview_rate, self._show)
            self._microphone = LiveMicrophone(self, self._is_watched, self._hub.send)
        self.create_subscription(EmotionState, "emotion", self._on_emotion, ESTIMATES)
        self.create_subscription(DiagnosticArray, "/diagnostics", self._on_diagnostics, 10)
        steady = Clock(clock_type=ClockType.STEADY_TIME)  # /clock may stand still
        self.create_timer(_STATUS_EVERY_S, self._tell_status, clock=steady)
        if self._camera is not None:
            self.create_timer(_LOOK_EVERY_S, self._look, clock=steady)
            # It brings PyTorch, which takes seconds to load; the page is there before.
            threading.Thread(
                target=self._load_preview, args=(config.preview_width,), daemon=True
            ).start()
        self._server.start()
        self.get_logger().info(f"dashboard: {self._server.url}")

    def destroy_node(self) -> None:
        """End the server, then the node."""
        self._server.stop()
        super().destroy_node()

    def _load_preview(self, width: int) -> None:
        self._preview = Preview(width)

    def _look(self) -> None:
        if self._camera is not None:
            self._camera.look(self._is_watched())

    def _is_watched(self) -> bool:
        return self._hub.viewers > 0

    def _on_emotion(self, message: EmotionState) -> None:
        self._arrivals.tick(time.monotonic())
        try:
            check_state(message)
        except StateError as error:
            self._complain(f"an estimate is not shown: {error}")
            return
        stamp_ns = nanoseconds(message.header.stamp)
        if stamp_ns != self._faces_of_ns:
            self._faces, self._faces_of_ns = {}, stamp_ns
        face = message.face
        if face.width:
            box = Box(face.x_offset, face.y_offset, face.width, face.height)
            self._faces[message.subject] = message.header.frame_id, box
        estimate = live_estimate(message, time.time())
        if self._redact:
            estimate = estimate.model_copy(update={"face": None})
        self._hub.send(estimate)

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        found = live_diagnostics(message)
        if found is not None:
            self._hub.send(found)

    def _show(self, stamp_ns: int, image: np.ndarray, frame_id: str) -> None:
        if self._preview is None:
            return
        fresh = (self._arrivals.silent_for_s(time.monotonic()) or 0.0) < _FACE_KEPT_S
        faces = {
            person: box
            for person, (frame, box) in self._faces.items()
            if fresh and frame == frame_id
        }
        self._hub.send_frame(self._preview.message(stamp_ns, image, faces))

    def _tell_status(self) -> None:
        now_s = time.monotonic()
        self._hub.send(
            LiveStatus(
                server_time=time.time(),
                emotion=live_stream(self.resolve_topic_name("emotion"), self._arrivals, now_s),
                image=self._shown("image", self._camera, now_s),
                audio=self._shown("audio", self._microphone, now_s),
                viewers=self._hub.viewers,
            )
        )

    def _shown(
        self, name: str, source: LiveCamera | LiveMicrophone | None, now_s: float
    ) -> LiveStream:
        if source is None:
            topic = self.resolve_topic_name(name)
            return LiveStream(topic=topic, state="redacted", rate=0.0, silent=None)
        return live_stream(source.topic, source.arrivals, now_s)


def _declared(node: Node) -> DashboardConfig:
    values = declare(node, PARAMETERS)
    file = values.pop("token_file")
    try:
        token = token_for(Path(file) if file else None, values["host"])
        return DashboardConfig(token=token, **values)
    except (OSError, ValueError) as error:
        raise StartError(f"dashboard_bridge: {error}") from error


def serve(config: DashboardConfig, args: Sequence[str]) -> int:
    """Run the node until a signal; return the exit code."""
    return run_nodes([partial(DashboardBridge, config)], args)


def main(args: list[str] | None = None) -> int:
    """Entry point of ``ros2 run emotion_recognition dashboard_bridge``."""
    return run_nodes([DashboardBridge], args)


if __name__ == "__main__":
    sys.exit(main())
