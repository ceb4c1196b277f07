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

"""The picture of what the node sees: faces, landmarks, tracks and emotions on the camera image.

JPEG, because a viewer is often on another machine: a VGA image at ten a second takes 9 MB/s as it
is and 0.4 MB/s as JPEG, and a raw one does not fit the datagrams of DDS. The topic bears the name
by which ``image_transport``, rqt_image_view and RViz know the compressed images of ``~/overlay``.
"""

import array
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from rclpy.node import Node
from sensor_msgs.msg import CompressedImage

from emotion_recognition.estimate import Estimate
from emotion_recognition.vision.landmarks import LandmarkFinder, Landmarks
from emotion_recognition.vision.stream import FaceObservation

LONGEST_SIDE = 640  # px: larger images are shown smaller
QUALITY = 80  # of the JPEG, 0 to 100
_GREEN, _WHITE, _BLACK = (80, 220, 80), (255, 255, 255), (0, 0, 0)


class Overlay:
    """Publishes the picture while somebody looks; used by the worker's thread alone."""

    def __init__(self, node: Node, camera: str = "") -> None:
        """Load the landmark network and advertise the topic, of one of several cameras by name.

        Raises:
            model.checkpoint.CheckpointError: The network's weights are missing or damaged.
        """
        self._finder = LandmarkFinder()
        self._node = node
        self._publisher = node.create_publisher(CompressedImage, topic(camera), 1)
        self._newest: dict[str, Estimate] = {}
        self._stamp_ns = 0

    def close(self) -> None:
        """Take the topic back."""
        self._node.destroy_publisher(self._publisher)

    def note(self, estimate: Estimate) -> None:
        """Remember the estimates of the newest window, which are written beside the faces."""
        if estimate.stamp_ns != self._stamp_ns:
            self._stamp_ns = estimate.stamp_ns
            self._newest = {}
        self._newest[estimate.subject] = estimate

    def show(
        self, camera: str, header: Any, image: np.ndarray, faces: Sequence[FaceObservation]
    ) -> None:
        """Publish the picture of an image, uint8 BGR, which is drawn on; nothing if nobody looks.

        Landmarks that the faces do not bring are found here.
        """
        if self._publisher.get_subscription_count() == 0:
            return
        picture, scale = shrink(image)
        for face in faces:
            subject = f"{camera}/{face.track_id}" if camera else str(face.track_id)
            landmarks = face.landmarks or self._finder.find(face.crop, face.placement)
            draw(picture, scale, face, landmarks, caption(face, self._newest.get(subject)))
        _, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
        # Of the types that the field takes, array is the one that is not copied byte by byte.
        self._publisher.publish(
            CompressedImage(header=header, format="jpeg", data=array.array("B", data.tobytes()))
        )


def topic(camera: str) -> str:
    """Return the topic of the overlay: that of the node, or of one of its cameras."""
    return f"~/{camera}/overlay/compressed" if camera else "~/overlay/compressed"


def caption(face: FaceObservation, estimate: Estimate | None) -> str:
    """Return the track and, if there is an estimate of that face, its emotion and probability."""
    if estimate is None or not estimate.available:
        return f"#{face.track_id}"
    return f"#{face.track_id} {estimate.emotion} {estimate.confidence:.2f}"


def shrink(image: np.ndarray) -> tuple[np.ndarray, float]:
    """Bring the longest side of an image to ``LONGEST_SIDE`` at most; return it and the scale."""
    height, width = image.shape[:2]
    scale = LONGEST_SIDE / max(height, width)
    if scale >= 1:
        return image, 1.0
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA), scale


def draw(
    picture: np.ndarray,
    scale: float,
    face: FaceObservation,
    landmarks: Landmarks | None,
    text: str,
) -> None:
    """Draw the box and the landmarks of a face, with a text above.

    Args:
        picture: uint8 BGR (height, width, 3); drawn on.
        scale: Pixels of the picture in one of the image that the face was found in.
        face: Where it is.
        landmarks: Its landmarks, if they are known.
        text: Written at the box.
    """
    left, top = round(face.box.x * scale), round(face.box.y * scale)
    right = round((face.box.x + face.box.width) * scale)
    bottom = round((face.box.y + face.box.height) * scale)
    cv2.rectangle(picture, (left, top), (right, bottom), _GREEN, 1)
    if landmarks is not None:
        for x, y in np.rint(landmarks.points * scale).astype(int).tolist():
            cv2.circle(picture, (x, y), 1, _GREEN, cv2.FILLED)
    place = (max(left, 2), top - 6 if top > 20 else bottom + 16)
    for colour, thickness in ((_BLACK, 3), (_WHITE, 1)):
        cv2.putText(
            picture, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.5, colour, thickness, cv2.LINE_AA
        )
