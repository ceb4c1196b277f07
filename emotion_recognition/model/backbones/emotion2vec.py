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

"""emotion2vec: a data2vec 2.0 encoder of speech, pre-trained for emotion.

Ma et al., "emotion2vec: Self-supervised pre-training for speech emotion representation" (ACL
Findings 2024). Architecture and parameter names are those of the published checkpoints
(``emotion2vec_base``, ``emotion2vec_plus_seed``, ``_base`` and ``_large``): a convolutional feature
extractor, a convolutional relative position, ten extra tokens, four and then eight transformer
blocks with ALiBi (Press et al., "Train short, test long", 2022; here symmetric in time).
"""

import math
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from emotion_recognition.model.backbones.interface import BackboneError

PATH = "voice_encoder_path"
LAYERS = ((10, 5), (3, 2), (3, 2), (3, 2), (3, 2), (2, 2), (2, 2))
"""Kernel and stride of the feature extractor's convolutions: a vector each 320 samples."""

_AUDIO = "modality_encoders.AUDIO."
_WEIGHTS = ("model.safetensors", "model.pt", "emotion2vec_base.pt")
_PREFIXES = ("module.", "d2v_model.")
_NOT_OURS = ("proj.", _AUDIO + "decoder.", "_ema", "ema.")
"""Beginnings of parameters of the fine-tuned classifier and of pre-training."""

_FIXED = {
    "layer_norm_first": False,
    "norm_affine": True,
    "audio.extractor_mode": "layer_norm",
    "audio.use_alibi_encoder": True,
    "audio.learned_alibi": False,
    "audio.learned_alibi_scale_per_layer": False,
    "audio.conv_pos_pre_ln": False,
}
"""What the published configurations have in common, and this module is written for."""


@dataclass(frozen=True)
class Emotion2VecConfig:
    """Sizes of the network; the defaults are those of ``emotion2vec_base``.

    Attributes:
        embed_dim: Size of a vector.
        depth: Transformer blocks after the context encoder's.
        prenet_depth: Transformer blocks of the context encoder.
        num_heads: Attention heads.
        mlp_ratio: Hidden size of a block's perceptron, in ``embed_dim``.
        num_extra_tokens: Tokens put before the sound's.
        conv_pos_width: Steps that the relative position looks at, over all its layers.
        conv_pos_depth: Its layers.
        conv_pos_groups: Groups of its convolutions.
        feature_size: Channels of the feature extractor.
        normalize: Whether the sound is brought to mean 0 and deviation 1 first.
        norm_eps: Added to the variance in the blocks' layer normalisation.
    """

    embed_dim: int = 768
    depth: int = 8
    prenet_depth: int = 4
    num_heads: int = 12
    mlp_ratio: float = 4.0
    num_extra_tokens: int = 10
    conv_pos_width: int = 95
    conv_pos_depth: int = 5
    conv_pos_groups: int = 16
    feature_size: int = 512
    normalize: bool = True
    norm_eps: float = 1e-5


class Block(nn.Module):
    """Attention and perceptron, each added and then normalised."""

    def __init__(self, config: Emotion2VecConfig) -> None:
        super().__init__()
        size, hidden = config.embed_dim, int(config.embed_dim * config.mlp_ratio)
        self.heads = config.num_heads
        self.norm1 = nn.LayerNorm(size, config.norm_eps)
        self.attn = nn.ModuleDict({"qkv": nn.Linear(size, 3 * size), "proj": nn.Linear(size, size)})
        self.norm2 = nn.LayerNorm(size, config.norm_eps)
        self.mlp = nn.ModuleDict({"fc1": nn.Linear(size, hidden), "fc2": nn.Linear(hidden, size)})

    def forward(self, tokens: Tensor, bias: Tensor) -> Tensor:
        """Tokens (B, T, C) and what is added to the scores (H, T, T) to tokens."""
        batch, steps, size = tokens.shape
        heads = self.attn["qkv"](tokens).reshape(batch, steps, 3, self.heads, size // self.heads)
        query, key, value = heads.permute(2, 0, 3, 1, 4)
        found = functional.scaled_dot_product_attention(query, key, value, attn_mask=bias[None])
        found = self.attn["proj"](found.transpose(1, 2).reshape(batch, steps, size))
        tokens = self.norm1(tokens + found)
        hidden = functional.gelu(self.mlp["fc1"](tokens))
        normed: Tensor = self.norm2(tokens + self.mlp["fc2"](hidden))
        return normed


class LocalLayer(nn.Module):
    """Convolution over time, layer normalisation over channels, GELU; names as published."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int) -> None:
        super().__init__()
        self.add_module("0", nn.Conv1d(inputs, outputs, kernel, stride, bias=False))
        self.add_module("2", nn.ModuleDict({"1": nn.LayerNorm(outputs)}))

    def forward(self, sound: Tensor) -> Tensor:
        """(B, inputs, T) to (B, outputs, T')."""
        steps = self.get_submodule("0")(sound).transpose(1, 2)
        return functional.gelu(self.get_submodule("2.1")(steps).transpose(1, 2))


class PositionLayer(nn.Module):
    """Grouped convolution over time, normalised over channels without parameters, GELU."""

    def __init__(self, config: Emotion2VecConfig) -> None:
        super().__init__()
        kernel = max(3, config.conv_pos_width // config.conv_pos_depth)
        self.even = kernel % 2 == 0
        conv = nn.Conv1d(
            config.embed_dim,
            config.embed_dim,
            kernel,
            padding=kernel // 2,
            groups=config.conv_pos_groups,
        )
        self.add_module("0", conv)

    def forward(self, steps: Tensor) -> Tensor:
        """(B, C, T) to the same shape."""
        found = self.get_submodule("0")(steps)
        found = found[:, :, :-1] if self.even else found
        normed = functional.layer_norm(found.transpose(1, 2), found.shape[1:2])
        return functional.gelu(normed.transpose(1, 2))


class AudioEncoder(nn.Module):
    """From sound to the tokens of the context encoder, and the bias of the attention."""

    def __init__(self, config: Emotion2VecConfig) -> None:
        super().__init__()
        size, channels = config.embed_dim, config.feature_size
        self.config = config
        self.extra_tokens = nn.Parameter(torch.zeros(1, config.num_extra_tokens, size))
        self.alibi_scale = nn.Parameter(torch.ones(1, 1, config.num_heads, 1, 1))
        layers = [
            LocalLayer(channels if index else 1, channels, kernel, stride)
            for index, (kernel, stride) in enumerate(LAYERS)
        ]
        self.local_encoder = nn.ModuleDict({"conv_layers": nn.ModuleList(layers)})
        self.project_features = nn.ModuleDict(
            {"1": nn.LayerNorm(channels), "2": nn.Linear(channels, size)}
        )
        self.relative_positional_encoder = nn.ModuleDict(
            {str(place + 1): PositionLayer(config) for place in range(config.conv_pos_depth)}
        )
        self.context_encoder = nn.ModuleDict(
            {
                "norm": nn.LayerNorm(size, config.norm_eps),
                "blocks": nn.ModuleList(Block(config) for _ in range(config.prenet_depth)),
            }
        )

    def forward(self, sound: Tensor) -> tuple[Tensor, Tensor]:
        """Sound (B, n) to tokens (B, extra + T, C) and the bias (H, extra + T, extra + T)."""
        steps = sound[:, None]
        for layer in self.get_submodule("local_encoder.conv_layers").children():
            steps = layer(steps)
        tokens = self.project_features["2"](self.project_features["1"](steps.transpose(1, 2)))
        place = tokens.transpose(1, 2)
        for layer in self.relative_positional_encoder.values():
            place = layer(place)
        tokens = tokens + place.transpose(1, 2)
        extra = self.extra_tokens.shape[1]
        bias = alibi(tokens.shape[1], self.config.num_heads).to(tokens)
        bias = bias * self.alibi_scale[0, 0].clamp(min=0)
        bias = functional.pad(bias, (extra, 0, extra, 0))  # the extra tokens are near to all
        tokens = torch.cat([self.extra_tokens.expand(len(tokens), -1, -1), tokens], dim=1)
        tokens = self.context_encoder["norm"](tokens)
        for block in self.get_submodule("context_encoder.blocks").children():
            tokens = block(tokens, bias)
        return tokens, bias


class Emotion2Vec(nn.Module):
    """The network; its state dict has the names of the published checkpoints."""

    def __init__(self, config: Emotion2VecConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or Emotion2VecConfig()
        self.modality_encoders = nn.ModuleDict({"AUDIO": AudioEncoder(config)})
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.depth))

    def forward(self, sound: Tensor) -> Tensor:
        """Sound (B, n) at 16 kHz, n at least 400, to vectors (B, (n - 80) // 320, embed_dim)."""
        if self.config.normalize:
            sound = functional.layer_norm(sound, sound.shape[1:])
        tokens, bias = self.modality_encoders["AUDIO"](sound)
        for block in self.blocks:
            tokens = block(tokens, bias)
        return tokens[:, self.config.num_extra_tokens :]


def alibi(steps: int, heads: int) -> Tensor:
    """Return minus the distance of two steps, times a slope for each head, (heads, steps, steps).

    The slopes are a geometric series from 2^(-8 / heads) down, for a power of two of heads; for
    other numbers the next lower power's, and then every other one of twice as many heads.
    """
    time = torch.arange(steps, dtype=torch.float32)
    distance = (time[None] - time[:, None]).abs()
    return -torch.tensor(_slopes(heads))[:, None, None] * distance


def _slopes(heads: int) -> list[float]:
    power = 2 ** int(math.log2(heads))
    slopes = [2 ** (-8 * (head + 1) / power) for head in range(power)]
    return slopes if power == heads else slopes + _slopes(2 * power)[::2][: heads - power]


def load_emotion2vec(folder: Path) -> tuple[Emotion2Vec, list[Path]]:
    """Load the network from a folder with ``config.yaml`` and ``model.pt`` or safetensors.

    Returns:
        The network, ready for inference, and the files that it was read from.

    Raises:
        BackboneError: A file is missing or broken, or holds another architecture.
    """
    path = folder / "config.yaml"
    config = read_config(path)
    weights = next((folder / file for file in _WEIGHTS if (folder / file).is_file()), None)
    if weights is None:
        raise BackboneError(PATH, f"{folder}: holds none of {', '.join(_WEIGHTS)}")
    network = Emotion2Vec(config)
    try:
        network.load_state_dict(_state(weights))
    except RuntimeError as error:
        raise BackboneError(
            PATH, f"{weights}: does not fit the emotion2vec of {path}: {error}"
        ) from error
    return network.eval(), [path, weights]


def read_config(path: Path) -> Emotion2VecConfig:
    """Read the sizes from a published ``config.yaml``.

    Raises:
        BackboneError: The file is missing or broken, or describes another architecture.
    """
    import yaml

    if not path.is_file():
        raise BackboneError(PATH, f"{path}: no such file")
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        model = document["model_conf"]
        audio = model["modalities"]["audio"]
    except (yaml.YAMLError, ValueError, KeyError, TypeError) as error:
        raise BackboneError(
            PATH, f"{path}: expected YAML with model_conf.modalities.audio ({error!r})"
        ) from error
    for name, wanted in _FIXED.items():
        found = _field(name, model, audio)
        if found != wanted:
            raise BackboneError(PATH, f"{path}: {name} is {found!r}; only {wanted!r} is supported")
    convolutions = str(audio.get("feature_encoder_spec")).replace(" ", "")
    size = convolutions[2:].partition(",")[0]
    if not size.isdigit() or convolutions != _specification(int(size)):
        raise BackboneError(
            PATH,
            f"{path}: audio.feature_encoder_spec is {audio.get('feature_encoder_spec')!r}; only "
            f"{_specification(512)!r} is supported, of any number of channels",
        )
    values: dict[str, Any] = {"feature_size": int(size)}
    try:
        for field in fields(Emotion2VecConfig):
            value = model.get(field.name, audio.get(field.name))
            if value is not None:
                kind: Any = type(field.default)
                values[field.name] = kind(value)  # YAML 1.1 takes 1e-05 for a text
        return _checked(Emotion2VecConfig(**values))
    except (TypeError, ValueError) as error:
        raise BackboneError(PATH, f"{path}: {error}") from error


def _field(name: str, model: dict[str, Any], audio: dict[str, Any]) -> Any:
    return audio.get(name[6:]) if name.startswith("audio.") else model.get(name)


def _specification(size: int) -> str:
    """The feature extractor of ``LAYERS`` in the words of the published configurations."""
    return f"[({size},10,5)]+[({size},3,2)]*4+[({size},2,2)]+[({size},2,2)]"


def _checked(config: Emotion2VecConfig) -> Emotion2VecConfig:
    for field in fields(config):
        value = getattr(config, field.name)
        if value <= 0 and field.name != "normalize":
            raise ValueError(f"{field.name} is {value!r}; expected a positive number")
    for name in ("num_heads", "conv_pos_groups"):
        if config.embed_dim % getattr(config, name):
            raise ValueError(f"{name} {getattr(config, name)} does not divide {config.embed_dim}")
    return config


def _state(path: Path) -> dict[str, Tensor]:
    """Read the tensors of the encoder, without those of pre-training and of a classifier."""
    from safetensors.torch import load_file

    try:
        if path.suffix == ".safetensors":
            found: Any = load_file(path)
        else:
            found = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch.load raises whatever the bytes lead to
        raise BackboneError(
            PATH,
            f"{path}: cannot be read as tensors alone ({str(error).partition(chr(10))[0]}): if it "
            "holds more than tensors, convert it as docs/backbones.md says",
        ) from error
    for key in ("state_dict", "model"):
        found = found.get(key, found) if isinstance(found, dict) else found
    if not isinstance(found, dict):
        raise BackboneError(PATH, f"{path}: holds {type(found).__name__}; expected named tensors")
    state = {}
    for name, value in found.items():
        for prefix in _PREFIXES:
            name = name.removeprefix(prefix)
        if isinstance(value, Tensor) and not name.startswith(_NOT_OURS):
            state[name] = value.float()
    scale = state.get(_AUDIO + "alibi_scale")
    if scale is not None and scale.dim() == 4:  # of earlier versions of data2vec 2.0
        state[_AUDIO + "alibi_scale"] = scale[None]
    return state
