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

"""From messages to estimates: networks, subscriptions and the worker between them."""

import gc
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import cv2
import numpy as np
import torch
from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.subscription import Subscription
from sensor_msgs.msg import CompressedImage, Image

from emotion_recognition.estimate import Estimate
from emotion_recognition.model.backbones import BackboneError
from emotion_recognition.model.checkpoint import CheckpointError
from emotion_recognition.model.device import DeviceError
from emotion_recognition.model.emotion_model import EmotionModel, load_model
from emotion_recognition.msg import EmotionState
from emotion_recognition.nodes.emotion.audio_input import AudioInput
from emotion_recognition.nodes.emotion.overlay import Overlay
from emotion_recognition.nodes.emotion.silence import SilenceWatch
from emotion_recognition.nodes.emotion.worker import Worker, forget
from emotion_recognition.nodes.ros.convert import emotion_state, nanoseconds
from emotion_recognition.nodes.ros.qos import sensor_qos
from emotion_recognition.nodes.ros.spin import StartError
from emotion_recognition.nodes.watching.diagnostics import Arrivals, Latencies
from emotion_recognition.nodes.watching.stream_watch import StreamWatch
from emotion_recognition.recognizer import Recognizer, RecognizerConfig
from emotion_recognition.recognizer.inbox import Inbox, Item
from emotion_recognition.recognizer.steady import Steadying
from emotion_recognition.settings import Settings
from emotion_recognition.vision.detect import DetectorError
from emotion_recognition.vision.stream import FaceObservation


class Pipeline:
    """Stores what arrives; a worker recognises and publishes. Made, started, closed: once each.

    Attributes:
        settings: As given, with the changes since.
        enabled: Whether estimates are made.
        model: That makes the estimates; warmed.
        detector_name: Which face detector is at work.
        inbox: What waits for the worker.
        worker: Recognises and publishes, in a thread of its own.
        images: Arrivals of images by camera.
        sound: Arrivals of sound.
        published: Estimates that were published.
        latencies: Of these.
    """

    def __init__(
        self,
        node: Node,
        settings: Settings,
        emotions: Publisher,
        complain: Callable[[str], None],
    ) -> None:
        """Load and warm the networks.

        Args:
            node: Whose topics are subscribed to.
            settings: Of the node.
            emotions: Publishes the estimates.
            complain: Called with a text about each message that cannot be used.

        Raises:
            StartError: what a parameter names is missing or damaged.
        """
        compute_on(settings.num_threads)
        self.settings = settings
        self.enabled = True
        self.model = loaded_model(settings)
        recognizer = _recognizer(settings, self.model)
        self.detector_name = recognizer.detector_name
        self.inbox = Inbox(settings.image_depth, settings.audio_queue_s)
        self._overlays = _overlays(node, settings)
        self.worker = Worker(
            recognizer,
            self.inbox,
            settings.audio_fallback,
            self._publish,
            complain,
            self._show if settings.publish_overlay else None,
        )
        self.images = {camera: StreamWatch() for camera in settings.cameras}
        self.sound = StreamWatch()
        self.published = Arrivals()
        self.latencies = Latencies()
        self._node = node
        self._emotions = emotions
        self._complain = complain
        self._subscriptions: list[Subscription] = []
        self._audio_input: AudioInput | None = None
        self._silence: SilenceWatch | None = None

    def start(self) -> None:
        """Subscribe, and begin to work.

        Raises:
            StartError: the type of the sound is not installed.
        """
        settings, node = self.settings, self._node
        self._silence = SilenceWatch(node, self._longest_silence_ns, self.inbox.note_silence)
        if settings.use_video:
            for camera, topic in settings.cameras.items():
                self._subscriptions.append(
                    node.create_subscription(
                        CompressedImage if settings.compressed else Image,
                        topic,
                        partial(self._store_image, camera),
                        sensor_qos(settings.image_depth, settings.image_reliability),
                    )
                )
        if settings.use_audio:
            self._audio_input = AudioInput(
                node, settings.audio_type, self._store_audio, self._store_info, self._complain
            )
        self.worker.before_next(lambda _: compute_on(settings.num_threads))
        self.worker.start()

    def reconfigure(self, config: RecognizerConfig) -> None:
        """Let rates, smoothing and thresholds take effect with the next message.

        Raises:
            model.checkpoint.CheckpointError: what the smoothing needs is missing or damaged.
        """
        Steadying(config)  # raises here, not in the worker's thread
        self.settings = replace(self.settings, recognizer=config)
        self.worker.before_next(lambda recognizer: recognizer.reconfigure(config))

    def reset(self) -> None:
        """Forget what was seen and heard, with the tracks of faces and the smoothing."""
        self.worker.before_next(forget)

    def enable(self, enabled: bool) -> None:
        """Pause the estimates, or go on with them: with nothing seen or heard."""
        if enabled and not self.enabled:
            self.reset()
        self.enabled = enabled

    def close(self) -> None:
        """End the worker and the subscriptions; whoever then drops the pipeline, frees it."""
        self.enabled = False  # an estimate that is being made is not published any more
        self.worker.stop()
        if self._silence is not None:
            self._silence.close()
        if self._audio_input is not None:
            self._audio_input.close()
        for subscription in self._subscriptions:
            self._node.destroy_subscription(subscription)
        for overlay in self._overlays.values():
            overlay.close()

    @property
    def sound_kinds(self) -> tuple[str, ...]:
        """Full names of the types of sound that are understood; none without sound."""
        return () if self._audio_input is None else self._audio_input.kinds

    def _now_ns(self) -> int:
        return int(self._node.get_clock().now().nanoseconds)

    def _store_image(self, camera: str, message: Any) -> None:
        received_ns = self._arrived(self.images[camera], message)
        if self.enabled:
            self.inbox.put(Item("image", message, received_ns, time.monotonic(), camera))

    def _store_audio(self, message: Any) -> None:
        received_ns = self._arrived(self.sound, message)
        if self.enabled:
            self.inbox.put(Item("audio", message, received_ns, time.monotonic()))

    def _store_info(self, message: Any) -> None:
        self.inbox.put(Item("audio_info", message, self._now_ns(), time.monotonic()))

    def _arrived(self, watch: StreamWatch, message: Any) -> int:
        """Note that something has come; return when, in ns of the node clock."""
        assert self._silence is not None
        received_ns = self._silence.arrived()
        watch.note(message, time.monotonic(), received_ns)
        return received_ns

    def _show(
        self, camera: str, header: Any, image: np.ndarray, faces: Sequence[FaceObservation]
    ) -> None:
        """Called in the worker's thread."""
        self._overlays[camera].show(camera, header, image, faces)

    def _publish(self, estimate: Estimate) -> None:
        """Called in the worker's thread."""
        if not self.enabled:
            return
        message: EmotionState = emotion_state(estimate, self._now_ns())
        self._emotions.publish(message)
        for overlay in self._overlays.values():
            overlay.note(estimate)
        if estimate.available:
            self.published.tick(time.monotonic())
            self.latencies.add(nanoseconds(message.latency) / 1e9)

    def _longest_silence_ns(self) -> int | None:
        return self.settings.recognizer.stale_ns if self.enabled else None


def compute_on(threads: int) -> None:
    """Let the thread that calls this compute on so many; each has a count of its own."""
    torch.set_num_threads(threads)
    cv2.setNumThreads(threads)


def free_memory() -> None:
    """Give back what a pipeline held that was closed and dropped."""
    gc.collect()
    if torch.cuda.is_initialized():
        torch.cuda.empty_cache()


def loaded_model(settings: Settings) -> EmotionModel:
    """Load and warm the networks that the settings name.

    Raises:
        StartError: they are missing or damaged, or the device is none.
    """
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
