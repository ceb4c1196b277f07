"""The picture of what the node sees: face, landmarks, track and emotion drawn on the camera image.

JPEG, because a viewer is often on another machine: a VGA image at ten a second takes 9 MB/s as it
is and 0.4 MB/s as JPEG, and a raw one does not fit the datagrams of DDS. The topic bears the name
by which ``image_transport``, rqt_image_view and RViz know the compressed images of ``~/overlay``.
"""

import array
from typing import Any

import cv2
import numpy as np
from rclpy.node import Node
from sensor_msgs.msg import CompressedImage

from emotion_recognition.estimate import Estimate
from emotion_recognition.vision.landmarks import LandmarkFinder, Landmarks
from emotion_recognition.vision.stream import FaceObservation

TOPIC = "~/overlay/compressed"
LONGEST_SIDE = 640  # px: larger images are shown smaller
QUALITY = 80  # of the JPEG, 0 to 100
_GREEN, _WHITE, _BLACK = (80, 220, 80), (255, 255, 255), (0, 0, 0)


class Overlay:
    """Publishes the picture while somebody looks; used by the worker's thread alone."""

    def __init__(self, node: Node) -> None:
        """Load the landmark network and advertise the topic.

        Raises:
            model.checkpoint.CheckpointError: The network's weights are missing or damaged.
        """
        self._finder = LandmarkFinder()
        self._publisher = node.create_publisher(CompressedImage, TOPIC, 1)
        self._newest: Estimate | None = None

    def note(self, estimate: Estimate) -> None:
        """Remember the newest estimate, whose emotion is written beside the face."""
        self._newest = estimate

    def show(self, header: Any, image: np.ndarray, face: FaceObservation | None) -> None:
        """Publish the picture of an image, uint8 BGR, which is drawn on; nothing if nobody looks.

        Landmarks that the face does not bring are found here.
        """
        if self._publisher.get_subscription_count() == 0:
            return
        landmarks = None
        if face is not None:
            landmarks = face.landmarks or self._finder.find(face.crop, face.placement)
        picture = draw(image, face, landmarks, caption(face, self._newest))
        _, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
        # Of the types that the field takes, array is the one that is not copied byte by byte.
        self._publisher.publish(
            CompressedImage(header=header, format="jpeg", data=array.array("B", data.tobytes()))
        )


def caption(face: FaceObservation | None, estimate: Estimate | None) -> str:
    """Return the track and, if there is an estimate of that face, its emotion and probability."""
    if face is None:
        return ""
    if estimate is None or not estimate.available or estimate.subject != str(face.track_id):
        return f"#{face.track_id}"
    return f"#{face.track_id} {estimate.emotion} {estimate.confidence:.2f}"


def draw(
    image: np.ndarray, face: FaceObservation | None, landmarks: Landmarks | None, text: str
) -> np.ndarray:
    """Draw the box and the landmarks of a face, with a text above.

    Args:
        image: uint8 BGR (height, width, 3); drawn on, unless it is too large.
        face: None: nothing is drawn.
        landmarks: Its landmarks, if they are known.
        text: Written at the box.

    Returns:
        The picture, its longest side ``LONGEST_SIDE`` at most.
    """
    height, width = image.shape[:2]
    scale = min(1.0, LONGEST_SIDE / max(height, width))
    if scale < 1:
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    if face is None:
        return image
    left, top = round(face.box.x * scale), round(face.box.y * scale)
    right = round((face.box.x + face.box.width) * scale)
    bottom = round((face.box.y + face.box.height) * scale)
    cv2.rectangle(image, (left, top), (right, bottom), _GREEN, 1)
    if landmarks is not None:
        for x, y in np.rint(landmarks.points * scale).astype(int).tolist():
            cv2.circle(image, (x, y), 1, _GREEN, cv2.FILLED)
    place = (max(left, 2), top - 6 if top > 20 else bottom + 16)
    for colour, thickness in ((_BLACK, 3), (_WHITE, 1)):
        cv2.putText(
            image, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.5, colour, thickness, cv2.LINE_AA
        )
    return image
