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

"""Takes the faces and voices that ROS4HRI tracks (REP-155), and says what they express.

For each face id an ``hri_msgs/Expression``, and the full ``EmotionState``, whose subject is the id.
"""

import logging
import sys
import threading
import time
from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.subscription import Subscription
from sensor_msgs.msg import Image

from emotion_recognition.estimate import Estimate
from emotion_recognition.model.checkpoint import CheckpointError
from emotion_recognition.model.emotion_model import EmotionModel
from emotion_recognition.msg import EmotionState
from emotion_recognition.nodes.emotion.audio_input import AudioInput
from emotion_recognition.nodes.emotion.pipeline import compute_on, loaded_model
from emotion_recognition.nodes.emotion.silence import SilenceWatch
from emotion_recognition.nodes.emotion.worker import Worker
from emotion_recognition.nodes.hri_messages import (
    FACES,
    VOICES,
    expression_message,
    hri_message,
    is_topic_part,
)
from emotion_recognition.nodes.ros.complaints import Complaints, LogBridge
from emotion_recognition.nodes.ros.convert import emotion_state
from emotion_recognition.nodes.ros.parameters import declare
from emotion_recognition.nodes.ros.qos import ESTIMATES, sensor_qos
from emotion_recognition.nodes.ros.spin import StartError, run_nodes
from emotion_recognition.recognizer import Recognizer
from emotion_recognition.recognizer.inbox import Inbox, Item
from emotion_recognition.recognizer.tracked_faces import TrackedFaces
from emotion_recognition.settings import PARAMETERS as OF_EMOTION_NODE
from emotion_recognition.settings import Parameter, ParameterError, Settings, settings_from
from emotion_recognition.vision.detect import DetectorError
from emotion_recognition.vision.stream import MOST_FACES

_IDS_DEPTH = 10
_LIBRARY_LOG = logging.getLogger("emotion_recognition")

NOT_HERE = (
    *("autostart", "use_video", "cameras", "image_transport", "max_faces", "publish_overlay"),
)
"""Parameters of ``emotion_node`` that mean nothing to the bridge."""

PARAMETERS = (
    *(parameter for parameter in OF_EMOTION_NODE if parameter.name not in NOT_HERE),
    Parameter("max_faces", 4, "faces that are followed; others wait for a place", 1, MOST_FACES),
    Parameter("voices", True, "whether sound is that of /humans/voices; false: of audio"),
)


class _Face(NamedTuple):
    crops: Subscription
    expressions: Publisher


class HriBridge(Node):
    """Stores the crops and the sound of who is tracked; a worker recognises and publishes.

    Args:
        options: As of ``rclpy.node.Node``, such as ``parameter_overrides``.

    Raises:
        StartError: ``hri_msgs`` is missing, a parameter is wrong, or what it names is missing or
            damaged.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(
            "hri_bridge", automatically_declare_parameters_from_overrides=True, **options
        )
        self._expression, ids_list = hri_message("Expression"), hri_message("IdsList")
        values = declare(self, PARAMETERS)
        self._settings = settings = _settings(values)
        self._most_faces: int = values["max_faces"]
        self._complain = Complaints(self.get_logger().warning)
        self._log_bridge = LogBridge(self._complain)
        _LIBRARY_LOG.addHandler(self._log_bridge)
        _LIBRARY_LOG.propagate = False
        compute_on(settings.num_threads)
        model = loaded_model(settings)
        self._inbox = Inbox(settings.image_depth, settings.audio_queue_s)
        self._emotions = self.create_publisher(EmotionState, "emotion", ESTIMATES)
        self._faces: dict[str, _Face] = {}
        self._faces_lock = threading.Lock()  # the worker publishes while faces come and go
        self._voice = ""
        self._sound: AudioInput | None = None
        self._silence = SilenceWatch(
            self, lambda: settings.recognizer.stale_ns, self._inbox.note_silence
        )
        self._worker = Worker(
            _recognizer(settings, model),
            self._inbox,
            settings.audio_fallback,
            self._publish,
            self._complain,
        )
        self.create_subscription(ids_list, f"{FACES}/tracked", self._follow_faces, _IDS_DEPTH)
        if settings.use_audio and values["voices"]:
            self.create_subscription(ids_list, f"{VOICES}/tracked", self._follow_voice, _IDS_DEPTH)
        elif settings.use_audio:
            self._listen("audio")
        self._worker.before_next(lambda _: compute_on(settings.num_threads))
        self._worker.start()
        self.get_logger().info(f"ready: model {model.id} on {model.device}")

    def destroy_node(self) -> None:
        """End the worker, then the node."""
        self._worker.stop()
        _LIBRARY_LOG.removeHandler(self._log_bridge)
        super().destroy_node()

    def _now_ns(self) -> int:
        return int(self.get_clock().now().nanoseconds)

    def _follow_faces(self, tracked: Any) -> None:
        """Subscribe to the crops of new faces, and drop those that have left."""
        usable = self._usable(tracked.ids)
        ids = chosen(list(self._faces), usable, self._most_faces)
        if len(ids) < len(usable):
            self._complain(
                f"{len(usable)} faces are tracked, but {self._most_faces} are followed at most: "
                "raise the parameter 'max_faces', if the machine can"
            )
        if set(ids) == self._faces.keys():
            return
        with self._faces_lock:
            for gone in self._faces.keys() - set(ids):
                face = self._faces.pop(gone)
                self.destroy_subscription(face.crops)
                self.destroy_publisher(face.expressions)
            for name in ids:
                if name not in self._faces:
                    self._faces[name] = self._new_face(name)
        self._worker.before_next(partial(self._go_on_with, ids))

    def _go_on_with(self, ids: Sequence[str], recognizer: Recognizer) -> None:
        """Forget who has left, with the counts; called in the worker's thread."""
        recognizer.set_cameras(ids)
        worker = self._worker
        for counts in (worker.used_images, worker.rejected_images, self._inbox.dropped_images):
            for name in list(counts):
                if name not in ids:
                    counts.pop(name, None)

    def _new_face(self, name: str) -> _Face:
        settings = self._settings
        crops = self.create_subscription(
            Image,
            f"{FACES}/{name}/cropped",
            partial(self._store_image, name),
            sensor_qos(settings.image_depth, settings.image_reliability),
        )
        topic = f"{FACES}/{name}/expression"
        return _Face(crops, self.create_publisher(self._expression, topic, ESTIMATES))

    def _follow_voice(self, tracked: Any) -> None:
        """Listen to one voice until it leaves, then to the next."""
        ids = chosen([self._voice] if self._voice else [], self._usable(tracked.ids), 1)
        voice = ids[0] if ids else ""
        if voice == self._voice:
            return
        self._voice = voice
        if self._sound is not None:
            self._sound.close()
            self._sound = None
        if voice:
            self._listen(f"{VOICES}/{voice}/audio")

    def _listen(self, topic: str) -> None:
        kind = self._settings.audio_type
        self._sound = AudioInput(
            self, kind, partial(self._store, "audio"), self._store_info, self._complain, topic
        )

    def _usable(self, ids: Sequence[str]) -> list[str]:
        usable = [name for name in ids if is_topic_part(name)]
        if len(usable) < len(ids):
            wrong = next(name for name in ids if not is_topic_part(name))
            self._complain(
                f"{wrong!r} cannot be an id: expected letters, digits and _, beginning with a "
                "letter, as topics are named after it"
            )
        return usable

    def _store_image(self, face: str, message: Image) -> None:
        self._store("image", message, face)

    def _store(self, kind: Any, message: Any, face: str = "") -> None:
        self._inbox.put(Item(kind, message, self._silence.arrived(), time.monotonic(), face))

    def _store_info(self, message: Any) -> None:
        self._inbox.put(Item("audio_info", message, self._now_ns(), time.monotonic()))

    def _publish(self, estimate: Estimate) -> None:
        """Called in the worker's thread."""
        state = emotion_state(estimate, self._now_ns())
        self._emotions.publish(state)
        expression = expression_message(
            self._expression,
            state.header,
            estimate.labels,
            estimate.probabilities,
            estimate.valence,
            estimate.arousal,
        )
        with self._faces_lock:
            face = self._faces.get(estimate.subject)
            if face is not None and expression is not None:
                face.expressions.publish(expression)


def chosen(current: Sequence[str], tracked: Sequence[str], most: int) -> list[str]:
    """Choose ``most`` of the tracked ids: those that were chosen before, then in their order."""
    ids = list(dict.fromkeys(tracked))
    stay = [name for name in current if name in ids]
    return [*stay, *(name for name in ids if name not in stay)][:most]


def _settings(values: dict[str, Any]) -> Settings:
    defaults = {parameter.name: parameter.default for parameter in OF_EMOTION_NODE}
    try:
        return settings_from({**defaults, **values})
    except ParameterError as error:
        raise StartError(str(error)) from error


def _recognizer(settings: Settings, model: EmotionModel) -> TrackedFaces:
    try:
        return TrackedFaces(settings.recognizer, model)
    except (DetectorError, CheckpointError) as error:
        raise StartError(
            f"a file that the parameters 'face_detector', 'face_detector_model' or 'smoothing' "
            f"need is missing or unfit: {error}"
        ) from error


def main(args: list[str] | None = None) -> int:
    """Entry point of ``ros2 run emotion_recognition hri_bridge``."""
    return run_nodes([HriBridge], args)


if __name__ == "__main__":
    sys.exit(main())
