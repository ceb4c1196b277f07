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

"""Tiny encoders of the true formats with random weights, for the tests of pluggable backbones."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml

EMOTION2VEC: dict[str, Any] = {  # the published config.yaml with other sizes
    "model": "Emotion2vec",
    "model_conf": {
        "depth": 2,
        "num_heads": 6,
        "norm_eps": "1e-05",  # as PyYAML reads the published 1e-05
        "norm_affine": True,
        "embed_dim": 24,
        "mlp_ratio": 2.0,
        "layer_norm_first": False,
        "normalize": True,
        "modalities": {
            "audio": {
                "type": "AUDIO",
                "prenet_depth": 1,
                "num_extra_tokens": 3,
                "use_alibi_encoder": True,
                "learned_alibi": False,
                "learned_alibi_scale_per_layer": False,
                "extractor_mode": "layer_norm",
                "feature_encoder_spec": ("[(8, 10, 5)] + [(8, 3, 2)] * 4 + [(8,2,2)] + [(8,2,2)]"),
                "conv_pos_width": 10,
                "conv_pos_groups": 4,
                "conv_pos_depth": 2,
                "conv_pos_pre_ln": False,
            }
        },
    },
}


def write_onnx(path: Path, channels: int, size: int, vector_size: int, batch: int | None) -> None:
    """An ONNX file: mean over the image by channel, then a linear layer with weights of seed 0."""
    onnx = pytest.importorskip("onnx", reason="onnx is not installed")
    from onnx import TensorProto, helper, numpy_helper

    weight = np.random.default_rng(0).normal(size=(channels, vector_size)).astype(np.float32)
    shape = [batch or "N", channels, size, size]
    graph = helper.make_graph(
        [
            helper.make_node("GlobalAveragePool", ["faces"], ["pooled"]),
            helper.make_node("Flatten", ["pooled"], ["flat"]),
            helper.make_node("MatMul", ["flat", "weight"], ["vectors"]),
        ],
        "tiny",
        [helper.make_tensor_value_info("faces", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("vectors", TensorProto.FLOAT, ["N", vector_size])],
        [numpy_helper.from_array(weight, "weight")],
    )
    opset = [helper.make_opsetid("", 17)]
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=9), str(path))


def onnx_vectors(images: np.ndarray, vector_size: int) -> np.ndarray:
    """What the file of ``write_onnx`` makes of (N, channels, size, size)."""
    weight = np.random.default_rng(0).normal(size=(images.shape[1], vector_size))
    return images.astype(np.float64).mean(axis=(2, 3)) @ weight.astype(np.float32)


def write_face_input(path: Path, **fields: object) -> None:
    """The JSON file beside an encoder's file."""
    path.with_suffix(".json").write_text(json.dumps(fields))


def write_hugging_face(folder: Path, name: str, seed: int = 0, **options: object) -> Any:
    """A folder with ``config.json`` and ``model.safetensors``; return the network."""
    transformers = pytest.importorskip("transformers", reason="transformers is not installed")
    config_kind, kind = {
        "wav2vec2": (transformers.Wav2Vec2Config, transformers.Wav2Vec2Model),
        "hubert": (transformers.HubertConfig, transformers.HubertModel),
        "wavlm": (transformers.WavLMConfig, transformers.WavLMModel),
    }[name]
    torch.manual_seed(seed)
    config = config_kind(
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=24,
        conv_dim=(8,) * 7,
        num_conv_pos_embeddings=16,
        num_conv_pos_embedding_groups=2,
        **options,
    )
    network = kind(config).eval()
    network.save_pretrained(folder)
    return network


def write_whisper(folder: Path, seed: int = 0, **options: object) -> Any:
    """A folder as that of openai/whisper-base, three layers, sound of at most 1 s; the network."""
    transformers = pytest.importorskip("transformers", reason="transformers is not installed")
    torch.manual_seed(seed)
    sizes: dict[str, Any] = {
        "d_model": 16,
        "encoder_layers": 3,
        "encoder_attention_heads": 2,
        "encoder_ffn_dim": 24,
        "decoder_layers": 1,
        "decoder_attention_heads": 2,
        "decoder_ffn_dim": 24,
        "num_mel_bins": 80,
        "max_source_positions": 50,
        "vocab_size": 20,
        "pad_token_id": 0,
        "bos_token_id": 1,
        "eos_token_id": 2,
        "decoder_start_token_id": 3,
    }
    config = transformers.WhisperConfig(**(sizes | options))
    network = transformers.WhisperForConditionalGeneration(config).eval()
    network.save_pretrained(folder)
    return network.model.encoder


def emotion2vec_shapes() -> dict[str, tuple[int, ...]]:
    """Names and shapes of the published checkpoints' encoder, for the sizes of EMOTION2VEC."""
    size, channels, hidden = 24, 8, 48
    audio = "modality_encoders.AUDIO"
    shapes: dict[str, tuple[int, ...]] = {
        f"{audio}.extra_tokens": (1, 3, size),
        f"{audio}.alibi_scale": (1, 1, 6, 1, 1),
        f"{audio}.project_features.1.weight": (channels,),
        f"{audio}.project_features.1.bias": (channels,),
        f"{audio}.project_features.2.weight": (size, channels),
        f"{audio}.project_features.2.bias": (size,),
        f"{audio}.context_encoder.norm.weight": (size,),
        f"{audio}.context_encoder.norm.bias": (size,),
    }
    for layer, kernel in enumerate((10, 3, 3, 3, 3, 2, 2)):
        prefix = f"{audio}.local_encoder.conv_layers.{layer}"
        shapes[f"{prefix}.0.weight"] = (channels, channels if layer else 1, kernel)
        shapes[f"{prefix}.2.1.weight"] = shapes[f"{prefix}.2.1.bias"] = (channels,)
    for layer in (1, 2):
        prefix = f"{audio}.relative_positional_encoder.{layer}.0"
        shapes[f"{prefix}.weight"] = (size, size // 4, 5)
        shapes[f"{prefix}.bias"] = (size,)
    for prefix in (f"{audio}.context_encoder.blocks.0", "blocks.0", "blocks.1"):
        for name, outputs, inputs in (
            ("attn.qkv", 3 * size, size),
            ("attn.proj", size, size),
            ("mlp.fc1", hidden, size),
            ("mlp.fc2", size, hidden),
        ):
            shapes[f"{prefix}.{name}.weight"] = (outputs, inputs)
            shapes[f"{prefix}.{name}.bias"] = (outputs,)
        for norm in ("norm1", "norm2"):
            shapes[f"{prefix}.{norm}.weight"] = shapes[f"{prefix}.{norm}.bias"] = (size,)
    return shapes


def write_emotion2vec(folder: Path) -> dict[str, np.ndarray]:
    """A folder with ``config.yaml`` and ``model.pt`` as published; return the weights.

    Beside the encoder's, the file holds tensors of the decoder and of the classifier.
    """
    generator = torch.Generator().manual_seed(0)
    state = {
        name: torch.randn(shape, generator=generator) * 0.3
        for name, shape in emotion2vec_shapes().items()
    }
    more = {
        "d2v_model.modality_encoders.AUDIO.decoder.blocks.0.0.weight": torch.zeros(3),
        "proj.weight": torch.zeros(9, 24),
    }
    named = {f"d2v_model.{name}": value for name, value in state.items()}
    torch.save({"model": {**named, **more}}, folder / "model.pt")
    (folder / "config.yaml").write_text(yaml.safe_dump(EMOTION2VEC))
    return {name: value.double().numpy() for name, value in state.items()}
