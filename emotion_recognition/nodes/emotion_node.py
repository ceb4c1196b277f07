"""The node: camera and microphone topics in, ``EmotionState`` out."""

import logging
import sys
import time
from collections.abc import Sequence
from functools import partial
from typing import Any

import cv2
import numpy as np
import torch
from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from sensor_msgs.msg import CompressedImage, Image

from emotion_recognition.estimate import Estimate
from emotion_recognition.model.backbones import BackboneError
from emotion_recognition.model.checkpoint import CheckpointError
from emotion_recognition.model.device import DeviceError
from emotion_recognition.model.emotion_model import EmotionModel, load_model
from emotion_recognition.msg import EmotionState
from emotion_recognition.nodes.audio_input import AudioInput
from emotion_recognition.nodes.complaints import Complaints, LogBridge
from emotion_recognition.nodes.convert import emotion_state, nanoseconds
from emotion_recognition.nodes.diagnostics import Arrivals
from emotion_recognition.nodes.health import Health
from emotion_recognition.nodes.overlay import Overlay
from emotion_recognition.nodes.parameters import declare_settings
from emotion_recognition.nodes.qos import ESTIMATES, sensor_qos
from emotion_recognition.nodes.spin import StartError, run_nodes
from emotion_recognition.nodes.worker import Worker
from emotion_recognition.recognizer import Recognizer
from emotion_recognition.recognizer.inbox import Inbox, Item
from emotion_recognition.settings import Settings
from emotion_recognition.vision.detect import DetectorError
from emotion_recognition.vision.stream import FaceObservation

_DIAGNOSTICS_PERIOD_S = 1.0
_SILENCE_PERIOD_S = 0.25
_LIBRARY_LOG = logging.getLogger("emotion_recognition")


class EmotionNode(Node):
    """Stores what arrives; a worker recognises and publishes; timers watch and report.

    Args:
        options: As of ``rclpy.node.Node``, such as ``parameter_overrides``.

    Raises:
        StartError: a parameter is wrong, or what it names is missing or damaged.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(
            "emotion_node", automatically_declare_parameters_from_overrides=True, **options
        )
        settings = declare_settings(self)
        self._settings = settings
        torch.set_num_threads(settings.num_threads)
        cv2.setNumThreads(settings.num_threads)
        complain = Complaints(self.get_logger().warning)
        self._log_bridge = LogBridge(complain)
        _LIBRARY_LOG.addHandler(self._log_bridge)
        _LIBRARY_LOG.propagate = False
        self._model = _load_model(settings)
        self._inbox = Inbox(settings.image_depth, settings.audio_queue_s)
        self._emotions = self.create_publisher(EmotionState, "emotion", ESTIMATES)
        recognizer = _recognizer(settings, self._model)
        self._overlays = _overlays(self, settings)
        self._worker = Worker(
            recognizer,
            self._inbox,
            settings.audio_fallback,
            self._publish,
            complain,
            self._show if settings.publish_overlay else None,
        )
        self._health = Health(
            self, settings, self._model, recognizer.detector_name, self._inbox, self._worker
        )
        self._last_arrival_ns = self._now_ns()
        if settings.use_video:
            for camera, topic in settings.cameras.items():
                self.create_subscription(
                    CompressedImage if settings.compressed else Image,
                    topic,
                    partial(self._store_image, camera),
                    sensor_qos(settings.image_depth, settings.image_reliability),
                )
        self._audio_input = None
        if settings.use_audio:
            self._audio_input = AudioInput(
                self,
                settings.audio_type,
                self._store_audio,
                lambda message: self._inbox.put(
                    Item("audio_info", message, self._now_ns(), time.monotonic())
                ),
                complain,
            )
        steady = Clock(clock_type=ClockType.STEADY_TIME)  # /clock may stand still
        self.create_timer(_DIAGNOSTICS_PERIOD_S, self._health.publish, clock=steady)
        self.create_timer(_SILENCE_PERIOD_S, self._watch_for_silence)
        self._worker.start()
        self.get_logger().info(
            f"ready: model {self._model.id} on {self._model.device}, "
            f"face detector {recognizer.detector_name}"
        )

    def destroy_node(self) -> None:
        """End the worker, then the node."""
        self._worker.stop()
        _LIBRARY_LOG.removeHandler(self._log_bridge)
        super().destroy_node()

    def _now_ns(self) -> int:
        return int(self.get_clock().now().nanoseconds)

    def _store_image(self, camera: str, message: Any) -> None:
        self._note_arrival(self._health.images[camera])
        self._inbox.put(Item("image", message, self._last_arrival_ns, time.monotonic(), camera))

    def _store_audio(self, message: Any) -> None:
        self._note_arrival(self._health.sound)
        self._inbox.put(Item("audio", message, self._last_arrival_ns, time.monotonic()))

    def _note_arrival(self, arrivals: Arrivals) -> None:
        arrivals.tick(time.monotonic())
        self._last_arrival_ns = self._now_ns()

    def _show(
        self, camera: str, header: Any, image: np.ndarray, faces: Sequence[FaceObservation]
    ) -> None:
        """Called in the worker's thread."""
        self._overlays[camera].show(camera, header, image, faces)

    def _publish(self, estimate: Estimate) -> None:
        """Called in the worker's thread."""
        message = emotion_state(estimate, self._now_ns())
        self._emotions.publish(message)
        for overlay in self._overlays.values():
            overlay.note(estimate)
        if estimate.available:
            self._health.published.tick(time.monotonic())
            self._health.latencies.add(nanoseconds(message.latency) / 1e9)

    def _watch_for_silence(self) -> None:
        now_ns = self._now_ns()
        self._last_arrival_ns = min(self._last_arrival_ns, now_ns)  # a clock that was set back
        if now_ns - self._last_arrival_ns > 1e9 * self._settings.recognizer.stale_after_s:
            self._inbox.note_silence(now_ns)


def _load_model(settings: Settings) -> EmotionModel:
    try:
        model = load_model(
            settings.model_path, settings.device, settings.frame_encoder, settings.voice_encoder
        )
    except DeviceError as error:
        raise StartError(f"parameter 'device' is '{settings.device}': {error}") from error
    except BackboneError as error:
        raise StartError(f"parameter '{error.field}': {error}") from error
    except (CheckpointError, OSError) as error:
        where = f" is '{settings.model_path}'" if settings.model_path else " is empty"
        raise StartError(f"parameter 'model_path'{where}: {error}") from error
    model.warm_up()
    return model


def _recognizer(settings: Settings, model: EmotionModel) -> Recognizer:
    try:
        return Recognizer(settings.recognizer, model, list(settings.cameras))
    except DetectorError as error:
        raise StartError(
            f"parameters 'face_detector' and 'face_detector_model': {error}"
        ) from error
    except CheckpointError as error:
        raise StartError(
            f"parameters 'smoothing' is '{settings.recognizer.smoothing}', 'max_faces' is "
            f"{settings.recognizer.vision.max_faces} and 'face_detector' is "
            f"'{settings.recognizer.vision.detector}', and a file that they need is unfit: {error}"
        ) from error


def _overlays(node: Node, settings: Settings) -> dict[str, Overlay]:
    """The overlay of each camera by its name."""
    if not settings.publish_overlay:
        return {}
    try:
        return {camera: Overlay(node, camera) for camera in settings.cameras}
    except CheckpointError as error:
        raise StartError(f"parameter 'publish_overlay' is true: {error}") from error


def main(args: list[str] | None = None) -> int:
    """Entry point of ``ros2 run emotion_recognition emotion_node``."""
    return run_nodes([EmotionNode], args)


if __name__ == "__main__":
    sys.exit(main())
