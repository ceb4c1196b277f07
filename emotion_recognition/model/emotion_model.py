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

"""The deployed model: frame encoder and emotion network behind one interface of numpy arrays."""

import logging
import math
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from operator import or_
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import torch

from emotion_recognition.audio.features import HOP
from emotion_recognition.emotions import EMOTIONS
from emotion_recognition.model.backbones import (
    FrameBackbone,
    FrameEncoderChoice,
    VoiceBackbone,
    VoiceEncoderChoice,
)
from emotion_recognition.model.backbones.frames import ShippedFrames
from emotion_recognition.model.backbones.trained_with import load_frames, load_voice
from emotion_recognition.model.backbones.voice_window import VOICE_STEPS, window_vectors
from emotion_recognition.model.batches import SIZES, make_runner
from emotion_recognition.model.calibrated import CalibratedNetwork
from emotion_recognition.model.device import Device, choose_device, instead_of, out_of_memory
from emotion_recognition.model.fold import folded
from emotion_recognition.model.network import TwoStreamNetwork, load_network
from emotion_recognition.model.network_file import calibration_of, labels_of, network_file
from emotion_recognition.model.precision import TOLERANCE, worst_difference
from emotion_recognition.model.source import ModelSource, model_source

logger = logging.getLogger(__name__)

WINDOW_S = 3.6
"""Length of a window in seconds."""

AUDIO_STEPS = 225
"""Audio feature frames of a window, at 62.5 Hz."""

VIDEO_STEPS = 36
"""Frame vectors of a window, at 10 Hz."""

Result = TypeVar("Result")


@dataclass(frozen=True)
class Prediction:
    """What the model makes of one window.

    Attributes:
        probabilities: (C,) float32 in the order of the model's labels, calibrated, sum 1.
        valence: -1 to 1; NaN where the model's classes have none.
        arousal: Likewise.
        intensity: 0 to 1, how strongly the emotion is expressed; NaN without sound.
        audio_weight: Share of the decision that the sound carried, 0 to 1.
        video_weight: Share that the face carried, 0 to 1.
    """

    probabilities: npt.NDArray[np.float32]
    valence: float
    arousal: float
    intensity: float
    audio_weight: float
    video_weight: float


class EmotionModel:
    """Encodes faces as they arrive, and judges windows of audio features and frame vectors.

    Where the device's memory is full it goes over to the CPU, says so, and stays there.

    Attributes:
        id: Name of the weights.
        labels: Class names, in the order of the probabilities.
        device: Where it computes, ``cpu`` or ``cuda:N``.
        device_problem: Why that is not where it was asked to; empty if it is.
        precision: In what: ``float32``, or ``float16`` (on CUDA only).
        face: What faces it reads, and how many numbers are in a face's vector.
        voice_encoder: Whose vectors it reads in place of audio features; None: the features.
        audio_shape: Steps of a window of sound, and the numbers of a step that are read.
        source: The files it was made of; None where it was not loaded from any.
    """

    def __init__(
        self,
        encoder: FrameBackbone,
        network: TwoStreamNetwork,
        id: str,
        temperatures: Mapping[str, float],
        device: Device,
        voice_encoder: VoiceBackbone | None = None,
        on: "Callable[[Device], EmotionModel] | None" = None,
        source: ModelSource | None = None,
        labels: tuple[str, ...] = EMOTIONS,
    ) -> None:
        """Bundle the networks.

        Args:
            encoder: The frame encoder that the network was trained with, on the device.
            network: The emotion network; computes in the precision of its weights.
            id: Name of the weights.
            temperatures: By which the logits are divided, for ``audio``, ``video`` and ``both``.
            device: As :func:`choose_device` returns it.
            voice_encoder: The voice encoder that the network was trained with, if it has one.
            on: Builds the same model on another device, for the day that this one's memory is full.
            source: The files of the networks.
            labels: Names of the network's classes.
        """
        self.id = id
        self.source = source
        self.labels = labels
        self._on = on
        self.device = device.name
        self.device_problem = device.problem
        self.precision = str(next(network.parameters()).dtype).removeprefix("torch.")
        self.face = encoder.face
        self.voice_encoder = voice_encoder
        steps = AUDIO_STEPS if voice_encoder is None else VOICE_STEPS
        self.audio_shape = steps, network.audio.columns
        self.video_shape = VIDEO_STEPS, encoder.face.vector_size
        self._encoder = encoder
        calibrated = CalibratedNetwork(network, temperatures).eval().to(device.name)
        self._judge = make_runner(calibrated, device.name)

    def encode_faces(self, crops: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Return the vectors (N, V) of N aligned faces uint8; N may be 0.

        With the shipped encoder they are grey, (N, 48, 48), and V is 128: see ``face``.

        Raises:
            ValueError: The crops have another shape or type.
        """
        shape = self.face.face_shape
        if crops.shape[1:] != shape or crops.dtype != np.uint8:
            sides = ", ".join(map(str, shape))
            raise ValueError(f"face crops {crops.shape} {crops.dtype}: expected (N, {sides}) uint8")
        if len(crops) == 0:
            return np.zeros((0, self.face.vector_size), np.float32)
        return self._computed(lambda: self._encoder.encode(crops))

    def voice_vectors(
        self, hops: npt.NDArray[np.float32], heard: npt.NDArray[np.bool_]
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
        """Encode the sound of a window as ``window_vectors`` does; there must be an encoder."""

        def work() -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
            assert self.voice_encoder is not None
            return window_vectors(self.voice_encoder, hops, heard)

        return self._computed(work)

    def warm_up(self) -> None:
        """Let the first calls, which are slow, be over with."""
        for count in (1,) if self.device == "cpu" else SIZES:
            self.encode_faces(np.zeros((count, *self.face.face_shape), np.uint8))
            sound = np.zeros((count, *self.audio_shape), np.float32)
            sight = np.zeros((count, *self.video_shape), np.float32)
            heard, seen = np.ones(sound.shape[:2], bool), np.ones(sight.shape[:2], bool)
            self.predict_batch(sound, heard, sight, seen)
        if self.voice_encoder is not None:
            hops = np.zeros((AUDIO_STEPS, HOP), np.float32)
            self.voice_vectors(hops, np.ones(AUDIO_STEPS, bool))

    def predict(
        self,
        audio: npt.NDArray[np.float32],
        audio_mask: npt.NDArray[np.bool_],
        video: npt.NDArray[np.float32],
        video_mask: npt.NDArray[np.bool_],
    ) -> Prediction:
        """Judge one window.

        Args:
            audio: (225, F) audio features, F >= 64, newest last; or (180, D) vectors of the voice
                encoder: see ``audio_shape``.
            audio_mask: (225,) bool, the frames that are there; all False: no sound.
            video: (36, V) vectors of :meth:`encode_faces`, newest last.
            video_mask: (36,) bool, the vectors that are there; all False: no face.

        Raises:
            ValueError: A shape is wrong, a valid value is not finite, or both streams miss.
        """
        return self.predict_batch(audio[None], audio_mask[None], video[None], video_mask[None])[0]

    def predict_batch(
        self,
        audio: npt.NDArray[np.float32],
        audio_mask: npt.NDArray[np.bool_],
        video: npt.NDArray[np.float32],
        video_mask: npt.NDArray[np.bool_],
    ) -> list[Prediction]:
        """Judge N windows at once, of several faces or cameras; N may be 0.

        Args:
            audio: (N, 225, F) or (N, 180, D), otherwise as in :meth:`predict`.
            audio_mask: (N, 225) bool.
            video: (N, 36, V).
            video_mask: (N, 36) bool.

        Raises:
            ValueError: A shape is wrong, or a window has a valid value that is not finite, or
                neither sound nor a face.
        """
        exact = self.voice_encoder is not None
        sound = self._stream("audio", audio, audio_mask, self.audio_shape, exact)
        sight = self._stream("video", video, video_mask, self.video_shape, exact=True)
        if len(audio) != len(video):
            raise ValueError(f"{len(audio)} windows of audio, {len(video)} of video")
        heard = [bool(mask.any()) for mask in audio_mask]
        seen = [bool(mask.any()) for mask in video_mask]
        if not all(map(or_, heard, seen)):
            raise ValueError("both masks are all False: expected sound, a face, or both")
        if len(audio) == 0:
            return []
        predictions = []
        rows = self._computed(lambda: self._judge(sound, audio_mask, sight, video_mask))
        for row, there in zip(rows, heard, strict=True):
            count = len(self.labels)
            valence, arousal, intensity, audio_weight, video_weight = row[count:].tolist()
            intensity = intensity if there else math.nan
            streams = intensity, audio_weight, video_weight
            predictions.append(Prediction(row[:count], valence, arousal, *streams))
        return predictions

    def _computed(self, work: Callable[[], Result]) -> Result:
        """Do ``work``; where the device's memory is full, do it on the CPU, from now on."""
        try:
            return work()
        except Exception as error:  # onnxruntime's derive from nothing narrower
            if self._on is None or not out_of_memory(error):
                raise
            device = instead_of(self.device, error)
        # Here the error is gone, and with it what its frames held on the device.
        self._become(self._on(device))
        torch.cuda.empty_cache()
        return work()

    def _become(self, other: "EmotionModel") -> None:
        self._on = None
        self._encoder, self._judge, self.voice_encoder = (
            other._encoder,
            other._judge,
            other.voice_encoder,
        )
        self.device, self.device_problem = other.device, other.device_problem
        self.precision = other.precision

    @staticmethod
    def _stream(
        name: str,
        values: npt.NDArray[np.float32],
        mask: npt.NDArray[np.bool_],
        shape: tuple[int, int],
        exact: bool,
    ) -> npt.NDArray[np.float32]:
        """Check a stream and return the columns that the network reads, 0 at missing steps."""
        steps, width = shape
        fits = values.ndim == 3 and values.shape[1] == steps and values.shape[2] >= width
        if not fits or (exact and values.shape[2] != width):
            least = "" if exact else "at least "
            raise ValueError(f"{name} {values.shape[1:]}: expected ({steps}, {least}{width})")
        if mask.shape != values.shape[:2] or mask.dtype != np.bool_:
            raise ValueError(f"{name} mask {mask.shape[1:]} {mask.dtype}: expected ({steps},) bool")
        read = values[:, :, :width]
        if not np.isfinite(read[mask]).all():
            raise ValueError(f"{name} holds NaN or infinity at a valid step: expected numbers")
        return np.where(mask[:, :, None], read, 0).astype(np.float32)


def load_model(
    path: Path | None = None,
    device: str = "auto",
    frame_encoder: FrameEncoderChoice | None = None,
    voice_encoder: VoiceEncoderChoice | None = None,
) -> EmotionModel:
    """Load the deployed model.

    On CUDA it computes in float16 if its probabilities then stay within ``precision.TOLERANCE`` of
    those in float32 on the CPU; otherwise in float32, with a warning. Where the device's memory is
    full, now or later, it computes on the CPU, with a warning and ``device_problem``.

    Args:
        path: An emotion network's file, or a folder that holds ``emotion_network.safetensors``; by
            default the shipped one.
        device: As in :func:`choose_device`.
        frame_encoder: The encoder that the network was trained with; by default the shipped kind:
            the ``frame_encoder.safetensors`` beside the network, or else the package's.
        voice_encoder: Likewise; by default none.

    Raises:
        CheckpointError: A file is missing or corrupt, of another kind, or the network was trained
            with another encoder.
        DeviceError: The device is unknown.
    """
    chosen = choose_device(device)
    path = network_file(path)
    encoders = frame_encoder or FrameEncoderChoice(), voice_encoder or VoiceEncoderChoice()
    on = partial(_load_on, path, *encoders)
    try:
        model = on(chosen)
    except Exception as error:  # onnxruntime's derive from nothing narrower
        if chosen.name == "cpu" or not out_of_memory(error):
            raise
        chosen = instead_of(chosen.name, error)
        model = on(chosen)
    logger.info("model %s on %s in %s", model.id, model.device, model.precision)
    return model


def _load_on(
    path: Path,
    frame_encoder: FrameEncoderChoice,
    voice_encoder: VoiceEncoderChoice,
    device: Device,
) -> EmotionModel:
    """Load the model onto a device; arguments as of :func:`load_model`."""
    on = partial(_load_on, path, frame_encoder, voice_encoder)
    loaded, metadata = load_network(path)
    voice = load_voice(path, loaded.config, metadata, voice_encoder, device.name)
    labels = labels_of(path, loaded, metadata)
    id, temperatures = calibration_of(path, metadata)

    def build(device: Device, half: bool) -> EmotionModel:
        network = deepcopy(loaded)
        encoder = load_frames(path, network.config, metadata, frame_encoder, device.name)
        folded(network)
        if half:
            network.half()
            if isinstance(encoder, ShippedFrames):
                encoder.halve()
        again = None if device.name == "cpu" else on
        source = model_source(path, metadata, encoder, voice)
        parts = encoder, network, id, temperatures, device, voice
        return EmotionModel(*parts, again, source, labels)

    return build(device, False) if device.name == "cpu" else in_half_if_exact(build, device)


def in_half_if_exact(build: Callable[[Device, bool], EmotionModel], device: Device) -> EmotionModel:
    """Return a model in half precision if it is exact enough, else in float32, with a warning.

    Args:
        build: Builds the model on a device, in half precision or not.
        device: Where it is to compute.
    """
    model = build(device, True)
    difference = worst_difference(model, build(Device("cpu"), False))
    if difference <= TOLERANCE:
        return model
    logger.warning(
        "float16 on %s changes probabilities by up to %.3f (allowed: %g): computing in float32",
        device.name,
        difference,
        TOLERANCE,
    )
    return build(device, False)
