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

"""The encoder of Whisper (Radford et al. 2022) as a voice encoder, from a local folder.

The folder is as on the Hugging Face hub: ``config.json`` and ``model.safetensors``. The network is
our own: it reads windows of any length up to 30 s, without padding them to 30 s with silence.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from emotion_recognition.audio.features import hertz_to_mel, mel_to_hertz
from emotion_recognition.model.backbones.interface import BackboneError, Vectors, sha256_of

PATH = "voice_encoder_path"
SAMPLE_RATE = 16000
FRAME, HOP = 400, 160
STRIDE = 320
LEVEL_DB = -26.0
"""Root mean square that sound is brought to, dB of full scale: distances and microphones differ."""

_CONFIG, _WEIGHTS = "config.json", "model.safetensors"
_PREFIXES = ("model.encoder.", "encoder.")


class Attention(nn.Module):
    """Self-attention over all steps."""

    def __init__(self, size: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.q_proj = nn.Linear(size, size)
        self.k_proj = nn.Linear(size, size, bias=False)
        self.v_proj = nn.Linear(size, size)
        self.out_proj = nn.Linear(size, size)

    def forward(self, steps: Tensor) -> Tensor:
        """Steps (B, T, size) to as many."""
        parts = (
            project(steps).unflatten(2, (self.heads, -1)).transpose(1, 2)
            for project in (self.q_proj, self.k_proj, self.v_proj)
        )
        heard = functional.scaled_dot_product_attention(*parts)
        return self.out_proj(heard.transpose(1, 2).flatten(2))


class Layer(nn.Module):
    """Attention and two linear maps, each on normalised steps and added to them."""

    def __init__(self, size: int, heads: int, hidden: int) -> None:
        super().__init__()
        self.self_attn = Attention(size, heads)
        self.self_attn_layer_norm = nn.LayerNorm(size)
        self.fc1 = nn.Linear(size, hidden)
        self.fc2 = nn.Linear(hidden, size)
        self.final_layer_norm = nn.LayerNorm(size)

    def forward(self, steps: Tensor) -> Tensor:
        """Steps (B, T, size) to as many."""
        steps = steps + self.self_attn(self.self_attn_layer_norm(steps))
        return steps + self.fc2(functional.gelu(self.fc1(self.final_layer_norm(steps))))


class WhisperEncoder(nn.Module):
    """Log-mel frames, 100 a second, to the steps after each layer, 50 a second.

    Parameters are named as in the checkpoints.
    """

    def __init__(
        self, bands: int, size: int, layers: int, heads: int, hidden: int, most: int
    ) -> None:
        super().__init__()
        self.conv1 = nn.Conv1d(bands, size, 3, padding=1)
        self.conv2 = nn.Conv1d(size, size, 3, stride=2, padding=1)
        self.embed_positions = nn.Embedding(most, size)
        self.layers = nn.ModuleList([Layer(size, heads, hidden) for _ in range(layers)])

    def forward(self, frames: Tensor) -> list[Tensor]:
        """Frames (B, bands, T) to the steps (B, (T + 1) // 2, size) after 0, 1, ... layers."""
        steps = functional.gelu(self.conv2(functional.gelu(self.conv1(frames)))).transpose(1, 2)
        states = [steps + self.embed_positions.weight[: steps.shape[1]]]
        for layer in self.layers:
            states.append(layer(states[-1]))
        return states


class WhisperVoices:
    """A folder with ``config.json`` and ``model.safetensors`` of a Whisper of any size.

    The vectors are the mean of the steps after the middle layer and after the next one, each
    normalised to mean 0 and deviation 1. How something is said shows best there; the last layers
    keep what is said (docs/experiments.md). Later layers are not computed.
    """

    def __init__(self, name: str, folder: Path, device: str = "cpu") -> None:
        """Load the encoder.

        Raises:
            BackboneError: A file is missing or broken, or the folder holds another model.
        """
        self.name = name
        sizes = _sizes(folder / _CONFIG, name)
        self._network = _load(folder, sizes).eval().to(device)
        self._device, self._bands = device, sizes["bands"]
        self._most = sizes["most"] * STRIDE
        self.vector_size = sizes["size"]
        self.sha256 = sha256_of([folder / _CONFIG, folder / _WEIGHTS])

    @torch.inference_mode()
    def encode(self, samples: Vectors) -> Vectors:
        """Return the vectors of mono sound at 16 kHz; see ``VoiceBackbone``.

        Raises:
            ValueError: It is longer than the encoder's positions (30 s).
        """
        if len(samples) > self._most:
            raise ValueError(f"{len(samples)} samples; this Whisper reads at most {self._most}")
        frames = log_mel(np.asarray(samples, np.float32), self._bands).to(self._device)
        states = self._network(frames[None])[-2:]
        vectors = sum(functional.layer_norm(steps[0], steps.shape[2:]) for steps in states)
        count = (len(samples) - 80) // STRIDE
        return np.asarray((torch.as_tensor(vectors) / len(states)).float().cpu())[:count]


def log_mel(samples: Vectors, bands: int) -> Tensor:
    """Return what Whisper hears (bands, n // 160) of sound (n,), brought to ``LEVEL_DB``."""
    level = np.sqrt(np.mean(np.square(samples, dtype=np.float64)))
    sound = torch.from_numpy(samples * np.float32(10 ** (LEVEL_DB / 20) / max(level, 1e-5)))
    spectrum = torch.stft(sound, FRAME, HOP, window=torch.hann_window(FRAME), return_complex=True)
    power = torch.from_numpy(_mel_bands(bands)) @ spectrum[:, :-1].abs().square()
    levels = power.clamp(min=1e-10).log10()
    return (torch.maximum(levels, levels.max() - 8) + 4) / 4


@cache
def _mel_bands(bands: int) -> Vectors:
    """Return triangles of unit area, evenly spaced in Slaney mel to 8 kHz, (bands, 201)."""
    lowest, highest = hertz_to_mel(np.array([0.0, SAMPLE_RATE / 2]))
    edges = mel_to_hertz(np.linspace(lowest, highest, bands + 2))[:, None]
    bins = np.fft.rfftfreq(FRAME, 1 / SAMPLE_RATE)[None]
    low, centre, high = edges[:-2], edges[1:-1], edges[2:]
    triangles = np.minimum((bins - low) / (centre - low), (high - bins) / (high - centre))
    return (np.maximum(0, triangles) * 2 / (high - low)).astype(np.float32)


def _sizes(path: Path, name: str) -> dict[str, int]:
    """Read the encoder's sizes, the layers up to the one after the middle alone."""
    if not path.is_file():
        raise BackboneError(PATH, f"{path}: no such file")
    try:
        config: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if config["model_type"] != name:
            raise ValueError(f"model_type is '{config['model_type']}'; expected '{name}'")
        depth = int(config["encoder_layers"])
        return {
            "bands": int(config["num_mel_bins"]),
            "size": int(config["d_model"]),
            "layers": min(depth // 2 + 1, depth),
            "heads": int(config["encoder_attention_heads"]),
            "hidden": int(config["encoder_ffn_dim"]),
            "most": int(config["max_source_positions"]),
        }
    except (KeyError, TypeError, ValueError) as error:
        problem = f"{path}: expected the config.json of a Whisper ({error!r})"
        raise BackboneError(PATH, problem) from error


def _load(folder: Path, sizes: dict[str, int]) -> WhisperEncoder:
    from safetensors.torch import load_file

    path = folder / _WEIGHTS
    if not path.is_file():
        raise BackboneError(PATH, f"{path}: no such file")
    network = WhisperEncoder(**sizes)
    try:
        state = {}
        for key, value in load_file(path).items():
            prefix = next((prefix for prefix in _PREFIXES if key.startswith(prefix)), None)
            if prefix is not None:
                state[key.removeprefix(prefix)] = value.float()
        wanted = network.state_dict()
        if missing := sorted(wanted.keys() - state.keys()):
            raise ValueError(f"it lacks {len(missing)} parameters, such as {missing[0]}")
        network.load_state_dict({key: state[key] for key in wanted})
    except Exception as error:  # of many kinds: a broken file, a shape that does not fit
        raise BackboneError(PATH, f"{path}: cannot be loaded as Whisper: {error}") from error
    return network
