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

"""The script that makes a Whisper of CTranslate2 a folder that the voice encoder reads."""

import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tiny_backbones import write_whisper

from emotion_recognition.model.backbones import VoiceEncoderChoice, make_voice_encoder

SCRIPT = Path(__file__).parent.parent / "scripts" / "whisper_from_ctranslate2.py"

pytestmark = pytest.mark.timeout(600)  # transformers is slow to import on a busy machine


def model_bin(variables: dict[str, np.ndarray]) -> bytes:
    """A file as CTranslate2's ``ModelSpec`` writes it."""

    def text(value: str) -> bytes:
        return struct.pack("<H", len(value) + 1) + value.encode() + b"\0"

    parts = [struct.pack("<I", 6), text("WhisperSpec"), struct.pack("<II", 3, len(variables))]
    kinds = {"float32": 0, "int8": 1, "int16": 2, "float16": 4}
    for name, value in variables.items():
        shape = struct.pack(f"<{value.ndim}I", *value.shape)
        kind = struct.pack("<BI", kinds[value.dtype.name], value.nbytes)
        parts += [text(name), struct.pack("<B", value.ndim), shape, kind, value.tobytes()]
    return b"".join(parts) + struct.pack("<I", 0)


def ctranslate2_variables(state: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The parameters of an encoder by CTranslate2's names; queries, keys and values are one."""
    norm, found = {"weight": "gamma", "bias": "beta"}, {"num_heads": np.array(2, np.int16)}
    size = len(state["conv1.bias"])
    for name, value in state.items():
        owner, _, kind = name.rpartition(".")
        if name == "embed_positions.weight":
            found["position_encodings/encodings"] = value
        elif owner == "layer_norm":
            found[f"layer_norm/{norm[kind]}"] = value
        elif owner.startswith("conv"):
            found[f"{owner}/{kind}"] = value
        elif owner.endswith("q_proj"):
            parts = [state.get(f"{owner[:-6]}{x}_proj.{kind}", np.zeros(size, "f4")) for x in "qkv"]
            found[f"layer_{owner.split('.')[1]}/self_attention/linear_0/{kind}"] = np.concatenate(
                parts
            )
        elif not owner.endswith(("k_proj", "v_proj")):
            layer, _, part = owner.removeprefix("layers.").partition(".")
            place, kinds = {
                "self_attn.out_proj": ("self_attention/linear_1", {}),
                "self_attn_layer_norm": ("self_attention/layer_norm", norm),
                "final_layer_norm": ("ffn/layer_norm", norm),
                "fc1": ("ffn/linear_0", {}),
                "fc2": ("ffn/linear_1", {}),
            }[part]
            found[f"layer_{layer}/{place}/{kinds.get(kind, kind)}"] = value
    return {f"encoder/{name}": value for name, value in found.items()}


def convert(*arguments: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPT), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def test_the_folder_gives_the_vectors_of_the_original(tmp_path: Path) -> None:
    network = write_whisper(tmp_path / "original")
    state = {name: value.numpy() for name, value in network.state_dict().items()}
    data = model_bin(ctranslate2_variables(state))
    parts = [tmp_path / "model.bin.part1", tmp_path / "model.bin.part2"]
    parts[0].write_bytes(data[:5001])
    parts[1].write_bytes(data[5001:])
    done = convert(*parts, tmp_path / "converted")
    assert done.returncode == 0, done.stderr
    sound = np.random.default_rng(0).normal(size=8000).astype(np.float32)
    original, converted = (
        make_voice_encoder(VoiceEncoderChoice("whisper", str(tmp_path / name)))
        for name in ("original", "converted")
    )
    np.testing.assert_allclose(converted.encode(sound), original.encode(sound), atol=1e-5)


def test_other_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.bin"
    path.write_bytes(struct.pack("<I", 5) + bytes(100))
    done = convert(path, tmp_path / "out")
    assert done.returncode != 0 and "binary version is 5; expected 6" in done.stderr
    weights = np.ones((2, 2), np.int8)
    path.write_bytes(model_bin({"encoder/layer_0/ffn/linear_0/weight": weights}))
    done = convert(path, tmp_path / "out")
    assert done.returncode != 0 and "quantised weights cannot be converted" in done.stderr
