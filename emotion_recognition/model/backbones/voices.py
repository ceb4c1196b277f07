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

"""Voice encoders in local folders: those of ``transformers``, emotion2vec, Whisper.

Nothing is ever downloaded, and weights are read as tensors alone (safetensors, or PyTorch files
with ``weights_only``), so that a file cannot bring code of its own.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from emotion_recognition.model.backbones.emotion2vec import load_emotion2vec
from emotion_recognition.model.backbones.frames import missing_package
from emotion_recognition.model.backbones.interface import (
    BackboneError,
    Vectors,
    VoiceBackbone,
    sha256_of,
)
from emotion_recognition.model.backbones.whisper import WhisperVoices

PATH = "voice_encoder_path"
NO_VOICE_ENCODER = "none"
SAMPLE_RATE = 16000
STRIDE = 320
"""Samples from one vector to the next."""

_CONFIG, _PREPROCESSOR = "config.json", "preprocessor_config.json"
_WEIGHTS = ("model.safetensors", "pytorch_model.bin")
_UNUSED = ("masked_spec_embed",)
"""Parameters of pre-training, which checkpoints may lack."""


class HuggingFaceVoices:
    """A folder with ``config.json`` and ``model.safetensors`` (or ``pytorch_model.bin``).

    The vectors are the last hidden states. Whether the sound is brought to mean 0 and deviation 1
    first is said by ``preprocessor_config.json`` (``do_normalize``); without that file it is, as by
    default in ``transformers``.
    """

    def __init__(self, name: str, folder: Path, device: str = "cpu") -> None:
        """Load the encoder.

        Raises:
            BackboneError: ``transformers`` is not installed, a file is missing or broken, or the
                folder holds another model.
        """
        self.name = name
        config = _json(folder / _CONFIG)
        if config.get("model_type") != name:
            raise BackboneError(
                PATH,
                f"{folder / _CONFIG}: model_type is '{config.get('model_type')}'; expected "
                f"'{name}', the voice_encoder chosen",
            )
        _expect_stride(folder, config.get("conv_stride"))
        preprocessor = folder / _PREPROCESSOR
        sound = _json(preprocessor) if preprocessor.is_file() else {}
        if sound.get("sampling_rate", SAMPLE_RATE) != SAMPLE_RATE:
            raise BackboneError(
                PATH,
                f"{preprocessor}: sampling_rate is {sound['sampling_rate']}; expected "
                f"{SAMPLE_RATE}",
            )
        self._normalise = bool(sound.get("do_normalize", True))
        weights = next((folder / file for file in _WEIGHTS if (folder / file).is_file()), None)
        if weights is None:
            raise BackboneError(PATH, f"{folder}: holds none of {', '.join(_WEIGHTS)}")
        self._network = _load(name, folder).eval().to(device)
        self._device = device
        self.vector_size = int(self._network.config.hidden_size)
        self.sha256 = sha256_of([folder / _CONFIG, weights])

    @torch.inference_mode()
    def encode(self, samples: Vectors) -> Vectors:
        """Return the vectors of mono sound at 16 kHz; see ``VoiceBackbone``."""
        sound = torch.from_numpy(np.ascontiguousarray(samples, np.float32)).to(self._device)
        if self._normalise:
            sound = (sound - sound.mean()) / (sound.var(correction=0) + 1e-7).sqrt()
        vectors = self._network(sound[None]).last_hidden_state[0]
        return np.asarray(vectors.float().cpu())


class Emotion2VecVoices:
    """A folder with ``config.yaml`` and ``model.pt``, as emotion2vec is published."""

    def __init__(self, name: str, folder: Path, device: str = "cpu") -> None:
        """Load the encoder.

        Raises:
            BackboneError: A file is missing or broken, or holds another architecture.
        """
        self.name = name
        self._network, files = load_emotion2vec(folder)
        self._network.to(device)
        self._device = device
        self.vector_size = self._network.config.embed_dim
        self.sha256 = sha256_of(files)

    @torch.inference_mode()
    def encode(self, samples: Vectors) -> Vectors:
        """Return the vectors of mono sound at 16 kHz; see ``VoiceBackbone``."""
        sound = torch.from_numpy(np.ascontiguousarray(samples, np.float32)).to(self._device)
        return np.asarray(self._network(sound[None])[0].float().cpu())


VOICE_ENCODERS: dict[str, Callable[[str, Path, str], VoiceBackbone]] = {
    "wav2vec2": HuggingFaceVoices,
    "hubert": HuggingFaceVoices,
    "wavlm": HuggingFaceVoices,
    "emotion2vec": Emotion2VecVoices,
    "whisper": WhisperVoices,
}
"""Built from the name, the folder and the device."""


def _load(name: str, folder: Path) -> Any:
    try:
        from transformers import HubertModel, Wav2Vec2Model, WavLMModel
        from transformers.utils import logging
    except ImportError as error:
        raise missing_package("voice_encoder", name, "transformers") from error
    kinds: dict[str, Any] = {
        "wav2vec2": Wav2Vec2Model,
        "hubert": HubertModel,
        "wavlm": WavLMModel,
    }
    bars = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        network, info = kinds[name].from_pretrained(
            folder, local_files_only=True, output_loading_info=True, dtype=torch.float32
        )
    except Exception as error:  # of many kinds: a broken file, a field or a shape that does not fit
        raise BackboneError(PATH, f"{folder}: cannot be loaded as {name}: {error}") from error
    finally:
        if bars:
            logging.enable_progress_bar()
    missing = sorted(key for key in info["missing_keys"] if not key.endswith(_UNUSED))
    if missing:
        raise BackboneError(
            PATH,
            f"{folder}: the weights lack {len(missing)} parameters of {name}, such as {missing[0]}",
        )
    return network


def _json(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise BackboneError(PATH, f"{path}: no such file")
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise BackboneError(PATH, f"{path}: no JSON: {error}") from error
    if not isinstance(found, dict):
        raise BackboneError(PATH, f"{path}: holds {type(found).__name__}; expected an object")
    return found


def _expect_stride(folder: Path, strides: Any) -> None:
    stride = int(np.prod(strides)) if isinstance(strides, list) else None
    if stride != STRIDE:
        raise BackboneError(
            PATH,
            f"{folder / _CONFIG}: conv_stride is {strides}, a vector each {stride} samples; "
            f"expected {STRIDE} (50 a second)",
        )
