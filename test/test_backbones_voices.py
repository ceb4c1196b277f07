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

import json
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from tiny_backbones import EMOTION2VEC, write_emotion2vec, write_hugging_face, write_whisper

from emotion_recognition.model.backbones import (
    BackboneError,
    VoiceEncoderChoice,
    make_voice_encoder,
)
from emotion_recognition.model.backbones.emotion2vec import alibi
from emotion_recognition.model.backbones.voice_window import window_vectors

pytestmark = pytest.mark.timeout(600)  # transformers is slow to import on a busy machine

HUGGING_FACE = ("wav2vec2", "hubert", "wavlm")


@pytest.fixture
def sound() -> np.ndarray:
    generator = np.random.default_rng(0)
    return (generator.normal(size=8000) * 0.05 + 0.01).astype(np.float32)


def make(name: str, folder: Path):
    return make_voice_encoder(VoiceEncoderChoice(name, str(folder)))


@pytest.mark.parametrize("name", HUGGING_FACE)
def test_a_folder_gives_the_vectors_that_transformers_gives(name, tmp_path, sound) -> None:
    network = write_hugging_face(tmp_path, name)
    encoder = make(name, tmp_path)
    assert (encoder.name, encoder.vector_size, len(encoder.sha256)) == (name, 16, 64)
    normed = (sound - sound.mean()) / np.sqrt(sound.var() + 1e-7)
    for do_normalize, heard in ((None, normed), (True, normed), (False, sound)):
        if do_normalize is not None:
            about = {"do_normalize": do_normalize, "sampling_rate": 16000}
            (tmp_path / "preprocessor_config.json").write_text(json.dumps(about))
        with torch.inference_mode():
            expected = network(torch.from_numpy(heard)[None]).last_hidden_state[0].numpy()
        found = make(name, tmp_path).encode(sound)
        assert found.shape == ((8000 - 80) // 320, 16) and found.dtype == np.float32
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)


def test_a_checkpoint_with_a_head_and_one_of_pytorch_are_read(tmp_path, sound) -> None:
    transformers = pytest.importorskip("transformers", reason="transformers is not installed")
    network = write_hugging_face(tmp_path, "wav2vec2")
    expected = make("wav2vec2", tmp_path).encode(sound)
    torch.save(network.state_dict(), tmp_path / "pytorch_model.bin")
    (tmp_path / "model.safetensors").unlink()
    np.testing.assert_array_equal(make("wav2vec2", tmp_path).encode(sound), expected)
    tuned = transformers.Wav2Vec2ForCTC(network.config)
    tuned.wav2vec2 = network
    tuned.save_pretrained(tmp_path / "tuned")
    np.testing.assert_array_equal(make("wav2vec2", tmp_path / "tuned").encode(sound), expected)


def change(folder: Path, **fields: object) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))


def test_folders_that_do_not_fit_are_refused(tmp_path) -> None:
    network = write_hugging_face(tmp_path, "wav2vec2")
    with pytest.raises(BackboneError, match="model_type is 'wav2vec2'; expected 'hubert'"):
        make("hubert", tmp_path)
    change(tmp_path, conv_stride=[5, 2, 2, 2, 2, 2, 1])
    with pytest.raises(BackboneError, match="a vector each 160 samples; expected 320"):
        make("wav2vec2", tmp_path)
    change(tmp_path, conv_stride=[5, 2, 2, 2, 2, 2, 2], num_hidden_layers=3)
    with pytest.raises(BackboneError, match="the weights lack 16 parameters of wav2vec2, such as"):
        make("wav2vec2", tmp_path)
    change(tmp_path, num_hidden_layers=2, hidden_size=32)
    with pytest.raises(BackboneError, match="cannot be loaded as wav2vec2"):
        make("wav2vec2", tmp_path)
    change(tmp_path, hidden_size=network.config.hidden_size)
    about = {"sampling_rate": 8000}
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(about))
    with pytest.raises(BackboneError, match="sampling_rate is 8000; expected 16000"):
        make("wav2vec2", tmp_path)
    (tmp_path / "preprocessor_config.json").unlink()
    (tmp_path / "model.safetensors").write_bytes(b"broken")
    with pytest.raises(BackboneError, match="cannot be loaded as wav2vec2"):
        make("wav2vec2", tmp_path)
    (tmp_path / "model.safetensors").unlink()
    with pytest.raises(BackboneError, match=r"holds none of model\.safetensors"):
        make("wav2vec2", tmp_path)
    (tmp_path / "config.json").write_text("[]")
    with pytest.raises(BackboneError, match="holds list; expected an object"):
        make("wav2vec2", tmp_path)
    (tmp_path / "config.json").unlink()
    with pytest.raises(BackboneError, match=r"config\.json: no such file"):
        make("wav2vec2", tmp_path)


def test_wrong_choices_name_the_field(tmp_path) -> None:
    assert make_voice_encoder(VoiceEncoderChoice()) is None
    for choice, field in (
        (VoiceEncoderChoice("mfcc", "x"), "voice_encoder"),
        (VoiceEncoderChoice("none", "x"), "voice_encoder"),
        (VoiceEncoderChoice("wavlm"), "voice_encoder_path"),
        (VoiceEncoderChoice("wavlm", str(tmp_path / "absent")), "voice_encoder_path"),
    ):
        with pytest.raises(BackboneError) as caught:
            make_voice_encoder(choice)
        assert caught.value.field == field


def test_a_missing_package_is_named_with_the_extra(tmp_path, monkeypatch) -> None:
    write_hugging_face(tmp_path, "wav2vec2")
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(BackboneError, match=r"needs transformers, .*\[backbones\]") as caught:
        make("wav2vec2", tmp_path)
    assert caught.value.field == "voice_encoder"


def test_nothing_optional_is_imported_until_it_is_asked_for(repository: Path) -> None:
    program = """
import sys
from emotion_recognition.model.emotion_model import load_model
load_model(device="cpu")
wrong = {"transformers", "onnxruntime", "onnx", "yaml", "huggingface_hub"} & set(sys.modules)
sys.exit(", ".join(wrong) or 0)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=repository, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


# emotion2vec: the forward pass by numpy, from the published description of the network.


def gelu(values: np.ndarray) -> np.ndarray:
    return values * 0.5 * (1 + np.vectorize(math.erf)(values / math.sqrt(2)))


def norm(values: np.ndarray, weight: np.ndarray | float = 1, bias: np.ndarray | float = 0):
    """Layer normalisation of the rows of (T, C)."""
    centred = values - values.mean(axis=1, keepdims=True)
    return centred / np.sqrt((centred**2).mean(axis=1, keepdims=True) + 1e-5) * weight + bias


def convolve(values: np.ndarray, weight: np.ndarray, stride: int, groups: int = 1) -> np.ndarray:
    """(T, C_in) with (C_out, C_in / groups, K) to (T', C_out), without padding."""
    outputs, inputs, kernel = weight.shape
    found = []
    for at in range(0, len(values) - kernel + 1, stride):
        piece = values[at : at + kernel].T.reshape(groups, inputs, kernel)
        own = weight.reshape(groups, outputs // groups, inputs, kernel)
        found.append(np.einsum("gik,goik->go", piece, own).ravel())
    return np.array(found)


def bias_of_attention(steps: int, extra: int, scale: np.ndarray) -> np.ndarray:
    """Six heads: the slopes of four, then the first and third of eight."""
    slopes = [2**-2, 2**-4, 2**-6, 2**-8, 2**-1, 2**-3]
    bias = np.zeros((6, steps + extra, steps + extra))
    for head, i, j in np.ndindex(6, steps, steps):
        distance = abs(i - j) * slopes[head] * max(scale[head], 0)
        bias[head, i + extra, j + extra] = -distance
    return bias


def block(tokens: np.ndarray, weights: dict, prefix: str, bias: np.ndarray) -> np.ndarray:
    def linear(values: np.ndarray, name: str) -> np.ndarray:
        return values @ weights[f"{prefix}.{name}.weight"].T + weights[f"{prefix}.{name}.bias"]

    def normed(values: np.ndarray, name: str) -> np.ndarray:
        return norm(values, weights[f"{prefix}.{name}.weight"], weights[f"{prefix}.{name}.bias"])

    query, key, value = np.split(linear(tokens, "attn.qkv"), 3, axis=1)
    heads = []
    for head in range(6):
        own = slice(4 * head, 4 * head + 4)
        powers = np.exp(query[:, own] @ key[:, own].T / 2 + bias[head])
        heads.append(powers / powers.sum(axis=1, keepdims=True) @ value[:, own])
    tokens = normed(tokens + linear(np.concatenate(heads, axis=1), "attn.proj"), "norm1")
    return normed(tokens + linear(gelu(linear(tokens, "mlp.fc1")), "mlp.fc2"), "norm2")


def emotion2vec(sound: np.ndarray, weights: dict[str, np.ndarray]) -> np.ndarray:
    audio = "modality_encoders.AUDIO"
    steps = norm(sound.astype(np.float64)[None]).T
    for layer, stride in enumerate((5, 2, 2, 2, 2, 2, 2)):
        prefix = f"{audio}.local_encoder.conv_layers.{layer}"
        steps = convolve(steps, weights[f"{prefix}.0.weight"], stride)
        affine = weights[f"{prefix}.2.1.weight"], weights[f"{prefix}.2.1.bias"]
        steps = gelu(norm(steps, *affine))
    prefix = f"{audio}.project_features"
    steps = norm(steps, weights[f"{prefix}.1.weight"], weights[f"{prefix}.1.bias"])
    tokens = steps @ weights[f"{prefix}.2.weight"].T + weights[f"{prefix}.2.bias"]
    place = tokens
    for layer in (1, 2):
        prefix = f"{audio}.relative_positional_encoder.{layer}.0"
        padded = np.pad(place, ((2, 2), (0, 0)))
        place = convolve(padded, weights[f"{prefix}.weight"], 1, groups=4)
        place = gelu(norm(place + weights[f"{prefix}.bias"]))
    bias = bias_of_attention(len(tokens), 3, weights[f"{audio}.alibi_scale"].ravel())
    tokens = np.concatenate([weights[f"{audio}.extra_tokens"][0], tokens + place])
    prefix = f"{audio}.context_encoder"
    tokens = norm(tokens, weights[f"{prefix}.norm.weight"], weights[f"{prefix}.norm.bias"])
    for name in (f"{prefix}.blocks.0", "blocks.0", "blocks.1"):
        tokens = block(tokens, weights, name, bias)
    return tokens[3:]


def test_emotion2vec_computes_what_its_authors_describe(tmp_path, sound) -> None:
    weights = write_emotion2vec(tmp_path)
    encoder = make("emotion2vec", tmp_path)
    found = encoder.encode(sound[:3200])
    assert found.shape == (9, 24) == ((3200 - 80) // 320, encoder.vector_size)
    np.testing.assert_allclose(found, emotion2vec(sound[:3200], weights), rtol=1e-3, atol=1e-4)


def test_slopes_of_a_power_of_two_are_a_geometric_series() -> None:
    assert (-alibi(2, 8)[:, 0, 1]).tolist() == [2**-n for n in range(1, 9)]


def test_emotion2vec_is_read_with_the_names_of_its_releases(tmp_path, sound) -> None:
    write_emotion2vec(tmp_path)
    expected = make("emotion2vec", tmp_path).encode(sound)
    state = torch.load(tmp_path / "model.pt", weights_only=True)["model"]
    bare = {name.removeprefix("d2v_model."): value for name, value in state.items()}
    (tmp_path / "model.pt").unlink()
    torch.save({"model": bare, "cfg": None}, tmp_path / "emotion2vec_base.pt")
    np.testing.assert_array_equal(make("emotion2vec", tmp_path).encode(sound), expected)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("layer_norm_first", True, "layer_norm_first is True; only False"),
        ("audio.extractor_mode", "default", "extractor_mode is 'default'; only 'layer_norm'"),
        ("audio.feature_encoder_spec", "[(8, 10, 4)]", "feature_encoder_spec is"),
        ("embed_dim", 25, "num_heads 6 does not divide 25"),
        ("depth", 0, "depth is 0; expected a positive number"),
        ("depth", 3, "does not fit the emotion2vec"),
        ("depth", "many", "config.yaml: invalid literal"),
    ],
)
def test_another_architecture_is_refused(tmp_path, field, value, message) -> None:
    write_emotion2vec(tmp_path)
    document = yaml.safe_load(yaml.safe_dump(EMOTION2VEC))
    model = document["model_conf"]
    where = model["modalities"]["audio"] if field.startswith("audio.") else model
    where[field.removeprefix("audio.")] = value
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(document))
    with pytest.raises(BackboneError, match=message):
        make("emotion2vec", tmp_path)


def test_code_in_a_checkpoint_is_never_run(tmp_path) -> None:
    write_emotion2vec(tmp_path)
    trap = tmp_path / "trap"

    class Trap:
        def __reduce__(self):
            return Path.touch, (trap,)

    torch.save({"model": {}, "cfg": Trap()}, tmp_path / "model.pt")
    with pytest.raises(BackboneError, match=r"cannot be read as tensors alone .*backbones\.md"):
        make("emotion2vec", tmp_path)
    assert not trap.exists()
    (tmp_path / "model.pt").unlink()
    with pytest.raises(BackboneError, match=r"holds none of model\.safetensors, model\.pt"):
        make("emotion2vec", tmp_path)
    (tmp_path / "config.yaml").write_text("model_conf: {}")
    with pytest.raises(BackboneError, match=r"expected YAML with model_conf\.modalities\.audio"):
        make("emotion2vec", tmp_path)


class Ramp:
    """A voice encoder that names the sample which a vector is about."""

    name, sha256, vector_size = "ramp", "", 1

    def encode(self, samples: np.ndarray) -> np.ndarray:
        count = (len(samples) - 80) // 320
        return samples[200 + 320 * np.arange(count)][:, None]


def test_vectors_lie_in_the_window_where_their_sound_lies() -> None:
    hops = np.arange(57600, dtype=np.float32).reshape(225, 256)
    heard = np.ones(225, bool)
    values, mask = window_vectors(Ramp(), hops, heard)
    assert mask.sum() == 179 and not mask[179]
    np.testing.assert_array_equal(values[:179, 0], 320 * np.arange(179) + 200)
    heard[:100], heard[150:160] = False, False
    values, mask = window_vectors(Ramp(), hops, heard)
    assert np.abs(values[mask, 0] - (320 * np.flatnonzero(mask) + 200)).max() <= 160
    there = heard[(values[mask, 0] // 256).astype(int)]
    assert there.all() and mask[:80].sum() == 0 and (values[~mask] == 0).all()


def test_too_short_a_sound_has_no_vectors() -> None:
    hops, heard = np.ones((225, 256), np.float32), np.zeros(225, bool)
    assert not window_vectors(Ramp(), hops, heard)[1].any()
    heard[10] = True
    assert not window_vectors(Ramp(), hops, heard)[1].any()
    heard[224] = heard[223] = True
    assert window_vectors(Ramp(), hops, heard)[0].shape == (180, 1)


def test_whisper_gives_what_transformers_gives_after_the_middle_layers(tmp_path) -> None:
    reference = write_whisper(tmp_path)
    transformers = pytest.importorskip("transformers", reason="transformers is not installed")
    sound = np.random.default_rng(1).normal(size=16000).astype(np.float32) * 0.3
    level = sound * np.float32(10 ** (-26 / 20) / np.sqrt(np.mean(np.square(sound))))
    hear = transformers.WhisperFeatureExtractor(feature_size=80, chunk_length=1)
    frames = hear(level, sampling_rate=16000, return_tensors="pt").input_features
    with torch.inference_mode():
        states = reference(frames, output_hidden_states=True).hidden_states[1:3]
    after = [state[0].numpy() for state in states]
    normed = [(x - x.mean(1, keepdims=True)) / x.std(1, keepdims=True) for x in after]
    encoder = make("whisper", tmp_path)
    found = encoder.encode(sound)
    assert (encoder.name, encoder.vector_size, len(encoder.sha256)) == ("whisper", 16, 64)
    assert found.shape == ((16000 - 80) // 320, 16) and found.dtype == np.float32
    np.testing.assert_allclose(found, np.mean(normed, axis=0)[: len(found)], rtol=2e-2, atol=2e-3)
    np.testing.assert_allclose(encoder.encode(sound * 0.01), found, rtol=1e-2, atol=2e-3)
    for size in (400, 719, 720, 8000):
        assert encoder.encode(sound[:size]).shape == ((size - 80) // 320, 16)
    assert np.isfinite(encoder.encode(np.zeros(400, np.float32))).all()


def test_whisper_folders_that_do_not_fit_are_refused(tmp_path) -> None:
    write_whisper(tmp_path)
    with pytest.raises(ValueError, match=r"24000 samples.* at most 16000"):
        make("whisper", tmp_path).encode(np.zeros(24000, np.float32))
    change(tmp_path, encoder_layers=8)
    with pytest.raises(BackboneError, match="it lacks 30 parameters, such as layers"):
        make("whisper", tmp_path)
    change(tmp_path, encoder_layers=3, d_model=32)
    with pytest.raises(BackboneError, match="cannot be loaded as Whisper"):
        make("whisper", tmp_path)
    change(tmp_path, model_type="hubert")
    with pytest.raises(BackboneError, match="model_type is 'hubert'; expected 'whisper'"):
        make("whisper", tmp_path)
    (tmp_path / "config.json").write_text("[]")
    with pytest.raises(BackboneError, match=r"expected the config\.json of a Whisper"):
        make("whisper", tmp_path)
    for file in ("model.safetensors", "config.json"):
        (tmp_path / file).unlink()
        with pytest.raises(BackboneError, match=r"config\.json|model\.safetensors: no such file"):
            make("whisper", tmp_path)
        if file == "model.safetensors":
            (tmp_path / "config.json").write_text("{}")
