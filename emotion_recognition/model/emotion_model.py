"""The deployed model: frame encoder and emotion network behind one interface of numpy arrays."""

import json
import logging
import math
import re
from dataclasses import dataclass
from operator import or_
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from emotion_recognition.audio.features import SAMPLE_RATE
from emotion_recognition.emotions import EMOTIONS
from emotion_recognition.model.backbones import (
    FrameBackbone,
    FrameEncoderChoice,
    VoiceBackbone,
    VoiceEncoderChoice,
)
from emotion_recognition.model.backbones.trained_with import load_frames, load_voice
from emotion_recognition.model.backbones.voice_window import VOICE_STEPS
from emotion_recognition.model.checkpoint import CheckpointError
from emotion_recognition.model.network import TwoStreamNetwork, load_network

logger = logging.getLogger(__name__)

WINDOW_S = 3.6
"""Length of a window in seconds."""

AUDIO_STEPS = 225
"""Audio feature frames of a window, at 62.5 Hz."""

VIDEO_STEPS = 36
"""Frame vectors of a window, at 10 Hz."""

WEIGHTS = Path(__file__).parents[1] / "weights"
NETWORK_FILE = "emotion_network.safetensors"


class DeviceError(ValueError):
    """The device is unknown or absent; the message says which ones there are."""


@dataclass(frozen=True)
class Prediction:
    """What the model makes of one window.

    Attributes:
        probabilities: (8,) float32 in the order of ``EMOTIONS``, calibrated, sum 1.
        valence: -1 to 1.
        arousal: -1 to 1.
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

    Attributes:
        id: Name of the weights.
        labels: Class names, in the order of the probabilities.
        device: Where it computes, ``cpu`` or ``cuda:N``.
        face: What faces it reads, and how many numbers are in a face's vector.
        voice_encoder: Whose vectors it reads in place of audio features; None: the features.
        audio_shape: Steps of a window of sound, and the numbers of a step that are read.
    """

    def __init__(
        self,
        encoder: FrameBackbone,
        network: TwoStreamNetwork,
        id: str,
        temperatures: dict[str, float],
        device: str,
        voice_encoder: VoiceBackbone | None = None,
    ) -> None:
        """Bundle the networks.

        Args:
            encoder: The frame encoder that the network was trained with.
            network: The emotion network.
            id: Name of the weights.
            temperatures: By which the logits are divided, for ``audio``, ``video`` and ``both``.
            device: As :func:`choose_device` returns it.
            voice_encoder: The voice encoder that the network was trained with, if it has one.
        """
        self.id = id
        self.labels = EMOTIONS
        self.device = device
        self.face = encoder.face
        self.voice_encoder = voice_encoder
        steps = AUDIO_STEPS if voice_encoder is None else VOICE_STEPS
        self.audio_shape = steps, network.audio.columns
        self._encoder = encoder
        self._network = network.eval().to(device)
        self._temperatures = temperatures

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
        return self._encoder.encode(crops)

    def warm_up(self) -> None:
        """Let the first calls, which are slow, be over with."""
        self.encode_faces(np.zeros((1, *self.face.face_shape), np.uint8))
        if self.voice_encoder is not None:
            self.voice_encoder.encode(np.zeros(round(WINDOW_S * SAMPLE_RATE), np.float32))
        sound = np.zeros(self.audio_shape, np.float32)
        sight = np.zeros((VIDEO_STEPS, self.face.vector_size), np.float32)
        self.predict(sound, np.ones(len(sound), bool), sight, np.ones(VIDEO_STEPS, bool))

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

    @torch.inference_mode()
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
        sound, sound_mask = self._streams("audio", audio, audio_mask, self.audio_shape, exact)
        vectors = VIDEO_STEPS, self.face.vector_size
        sight, sight_mask = self._streams("video", video, video_mask, vectors, exact=True)
        if len(audio) != len(video):
            raise ValueError(f"{len(audio)} windows of audio, {len(video)} of video")
        heard = [bool(mask.any()) for mask in audio_mask]
        seen = [bool(mask.any()) for mask in video_mask]
        if not all(map(or_, heard, seen)):
            raise ValueError("both masks are all False: expected sound, a face, or both")
        if len(audio) == 0:
            return []
        output = self._network(sound, sound_mask, sight, sight_mask)
        divisors = torch.tensor(
            [self._temperature(*there) for there in zip(heard, seen, strict=True)]
        )
        probabilities = (output.logits / divisors[:, None].to(self.device)).softmax(dim=1)
        ratings = (probabilities @ self._network.heads.ratings).clamp(-1, 1)
        intensity = output.intensity.sigmoid().tolist()
        shares = torch.stack([output.audio_weight, output.video_weight], dim=1)
        rows = probabilities.cpu().numpy()
        numbers = torch.cat([ratings, shares], dim=1).tolist()
        return [
            Prediction(rows[n], valence, arousal, intensity[n] if heard[n] else math.nan, *weights)
            for n, (valence, arousal, *weights) in enumerate(numbers)
        ]

    def _temperature(self, heard: bool, seen: bool) -> float:
        return self._temperatures["both" if heard and seen else "audio" if heard else "video"]

    def _streams(
        self,
        name: str,
        values: npt.NDArray[np.float32],
        mask: npt.NDArray[np.bool_],
        shape: tuple[int, int],
        exact: bool,
    ) -> tuple[Tensor, Tensor]:
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
        read = np.where(mask[:, :, None], read, 0).astype(np.float32)
        return torch.from_numpy(read).to(self.device), torch.from_numpy(mask.copy()).to(self.device)


def choose_device(device: str = "auto") -> str:
    """Return the torch device for ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.

    ``auto`` is the first CUDA device if there is one, else the CPU. A device that is named is never
    replaced by another.

    Raises:
        DeviceError: The name is unknown, or there is no such device.
    """
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if device == "auto":
        return "cuda:0" if count else "cpu"
    if device == "cpu":
        return device
    match = re.fullmatch(r"cuda(?::(\d+))?", device)
    if match is None:
        raise DeviceError(f"unknown device '{device}': expected auto, cpu, cuda or cuda:N")
    index = int(match[1] or 0)
    if index >= count:
        found = f"cuda:0 to cuda:{count - 1}" if count else "no CUDA device"
        raise DeviceError(f"device '{device}' is absent: found {found}; set device to auto or cpu")
    return f"cuda:{index}"


def load_model(
    path: Path | None = None,
    device: str = "auto",
    frame_encoder: FrameEncoderChoice | None = None,
    voice_encoder: VoiceEncoderChoice | None = None,
) -> EmotionModel:
    """Load the deployed model.

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
        DeviceError: The device is unknown or absent.
    """
    device = choose_device(device)
    path = path or WEIGHTS
    if path.is_dir():
        path = path / NETWORK_FILE
    network, metadata = load_network(path)
    trained = path, network.config, metadata
    encoder = load_frames(*trained, frame_encoder or FrameEncoderChoice(), device)
    voice = load_voice(*trained, voice_encoder or VoiceEncoderChoice(), device)
    if metadata.get("labels") != json.dumps(EMOTIONS):
        raise CheckpointError(
            f"{path}: labels are {metadata.get('labels')}, expected {json.dumps(EMOTIONS)}"
        )
    try:
        temperatures = {
            name: float(value) for name, value in json.loads(metadata["temperature"]).items()
        }
        if set(temperatures) != {"audio", "video", "both"} or min(temperatures.values()) <= 0:
            raise ValueError(f"got {temperatures}")
    except (KeyError, AttributeError, TypeError, ValueError) as error:
        raise CheckpointError(
            f"{path}: temperature must hold a positive number for audio, video and both ({error})"
        ) from error
    logger.info("model %s on %s", metadata["id"], device)
    return EmotionModel(encoder, network, metadata["id"], temperatures, device, voice)
