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

"""Publishes a webcam, a network stream or a video file, where no camera driver runs."""

import array
import sys
import threading
import time
from typing import Any

import cv2
from rclpy.node import Node
from sensor_msgs.msg import Image

from emotion_recognition.nodes.ros.parameters import declare
from emotion_recognition.nodes.ros.qos import sensor_qos
from emotion_recognition.nodes.ros.spin import run_nodes
from emotion_recognition.settings import Parameter

PARAMETERS = (
    Parameter("source", "0", "camera index, device path, URL or video file"),
    Parameter("width", 640, "requested image width, pixels", 16, 7680),
    Parameter("height", 480, "requested image height, pixels", 16, 4320),
    Parameter("fps", 30.0, "requested frames a second", 1.0, 240.0),
    Parameter("frame_id", "camera", "frame_id of the images"),
)
_FIRST_RETRY_S, _LAST_RETRY_S = 0.5, 8.0


class CameraNode(Node):
    """Captures in a thread of its own; when the source is lost, tries again, ever less often."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            "camera_node", automatically_declare_parameters_from_overrides=True, **options
        )
        self._settings = declare(self, PARAMETERS)
        # OpenCV would repeat on each try what is said below.
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)
        self._publisher = self.create_publisher(Image, "image", sensor_qos(5))
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="capture", daemon=True)
        self._thread.start()

    def destroy_node(self) -> None:
        """Release the camera and the node."""
        self._stop.set()
        self._thread.join(timeout=1.5)
        super().destroy_node()

    def _run(self) -> None:
        source = self._settings["source"]
        retry_s = _FIRST_RETRY_S
        while not self._stop.is_set():
            capture = self._open()
            opened = capture.isOpened()
            if opened:
                self.get_logger().info(f"camera '{source}' is open")
            if opened and self._publish_frames(capture):
                retry_s = _FIRST_RETRY_S
            capture.release()
            if self._stop.is_set():
                return
            self.get_logger().warning(
                f"camera '{source}' {'gives no more images' if opened else 'cannot be opened'}: "
                f"trying again in {retry_s:g} s. "
                "Check the parameter 'source', the cable and the rights to /dev/video*"
            )
            self._stop.wait(retry_s)
            retry_s = min(2 * retry_s, _LAST_RETRY_S)

    def _open(self) -> cv2.VideoCapture:
        source = self._settings["source"]
        capture = cv2.VideoCapture(int(source) if source.isdecimal() else source)
        capture.set(cv2.CAP_PROP_FRAME_WIDTH, self._settings["width"])
        capture.set(cv2.CAP_PROP_FRAME_HEIGHT, self._settings["height"])
        capture.set(cv2.CAP_PROP_FPS, self._settings["fps"])
        return capture

    def _publish_frames(self, capture: cv2.VideoCapture) -> bool:
        """Publish until the source ends, no faster than ``fps`` (a file would not wait).

        Returns:
            Whether there was an image at all.
        """
        period_s = 1 / self._settings["fps"]
        due_s = time.monotonic()
        came = False
        while not self._stop.is_set():
            found, frame = capture.read()
            if not found:
                break
            came = True
            message = image_message(frame, self._settings["frame_id"])
            message.header.stamp = self.get_clock().now().to_msg()
            self._publisher.publish(message)
            due_s = max(due_s + period_s, time.monotonic() - period_s)
            self._stop.wait(max(0.0, due_s - time.monotonic()))
        return came


def image_message(frame: Any, frame_id: str) -> Image:
    """Make an ``Image`` of a BGR frame (H, W, 3), dtype uint8."""
    height, width = frame.shape[:2]
    message = Image(height=height, width=width, encoding="bgr8", step=3 * width)
    message.header.frame_id = frame_id
    # Of the types that the field takes, array is the one that is not copied element by element.
    message.data = array.array("B", frame.tobytes())
    return message


def main(args: list[str] | None = None) -> int:
    """Entry point of ``ros2 run emotion_recognition camera_node``."""
    return run_nodes([CameraNode], args)


if __name__ == "__main__":
    sys.exit(main())
