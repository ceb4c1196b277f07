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
from pathlib import Path

import numpy as np
import pytest
import torch

from emotion_recognition.emotions import EMOTIONS
from emotion_recognition.model.checkpoint import (
    CheckpointError,
    checkpoint_sha256,
    save_checkpoint,
)
from emotion_recognition.model.emotion_model import (
    AUDIO_STEPS,
    VIDEO_STEPS,
    EmotionModel,
    load_model,
)
from emotion_recognition.model.frame_encoder import FrameEncoder
from emotion_recognition.model.network import EmotionNetwork, config_entries

ALL_SOUND, ALL_SIGHT = np.ones(AUDIO_STEPS, bool), np.ones(VIDEO_STEPS, bool)


@pytest.fixture(scope="module")
def model() -> EmotionModel:
    return load_model(device="cpu")


@pytest.fixture
def sound() -> np.ndarray:
    return np.random.default_rng(0).normal(-60, 20, (AUDIO_STEPS, 87)).astype(np.float32)


@pytest.fixture
def sight() -> np.ndarray:
    return np.random.default_rng(1).normal(0, 1, (VIDEO_STEPS, 128)).astype(np.float32)


def write_bundle(folder: Path, **changes: str) -> Path:
    """Write a small untrained encoder and network that fit together, but for ``changes``."""
    torch.manual_seed(0)
    encoder = FrameEncoder()
    encoder_path = folder / "frame_encoder.safetensors"
    save_checkpoint(encoder_path, encoder, "frame_encoder", "test", encoder.config_json())
    network = EmotionNetwork()
    entries = {
        "labels": json.dumps(EMOTIONS),
        "temperature": json.dumps({"audio": 1.0, "video": 2.0, "both": 0.5}),
        "frame_encoder_sha256": checkpoint_sha256(encoder_path),
        **changes,
    }
    path = folder / "emotion_network.safetensors"
    save_checkpoint(path, network, "emotion_network", "test-1", config_entries(network), **entries)
    return path


def test_the_shipped_model_judges_sound_face_and_both(model, sound, sight) -> None:
    for heard, seen in ((True, True), (True, False), (False, True)):
        found = model.predict(sound, ALL_SOUND & heard, sight, ALL_SIGHT & seen)
        assert found.probabilities.shape == (len(EMOTIONS),)
        assert found.probabilities.dtype == np.float32
        assert found.probabilities.sum() == pytest.approx(1, abs=1e-5)
        assert -1 <= found.valence <= 1 and -1 <= found.arousal <= 1
        assert found.audio_weight + found.video_weight == pytest.approx(1, abs=1e-5)
        assert math.isnan(found.intensity) if not heard else 0 <= found.intensity <= 1
        assert (found.audio_weight == 0) == (not heard) or heard
        if not seen:
            assert found.video_weight == pytest.approx(0, abs=1e-6)
    assert model.labels == EMOTIONS
    assert model.id and model.device == "cpu"


def test_encodes_faces(model) -> None:
    crops = np.random.default_rng(2).integers(0, 256, (3, 48, 48), dtype=np.uint8)
    vectors = model.encode_faces(crops)
    assert vectors.shape == (3, 128) and vectors.dtype == np.float32
    np.testing.assert_allclose(model.encode_faces(crops[1:2])[0], vectors[1], atol=1e-4)
    assert model.encode_faces(crops[:0]).shape == (0, 128)


def test_faces_encoded_together_are_what_they_are_one_by_one(model) -> None:
    crops = np.random.default_rng(2).integers(0, 256, (5, 48, 48), dtype=np.uint8)
    one_by_one = np.concatenate([model.encode_faces(crop[None]) for crop in crops])
    np.testing.assert_allclose(model.encode_faces(crops), one_by_one, atol=1e-5)


def test_windows_judged_together_are_what_they_are_one_by_one(model) -> None:
    rng = np.random.default_rng(3)
    audio = rng.normal(-60, 20, (4, AUDIO_STEPS, 87)).astype(np.float32)
    video = rng.normal(0, 1, (4, VIDEO_STEPS, 128)).astype(np.float32)
    heard, seen = np.stack([ALL_SOUND] * 4), np.stack([ALL_SIGHT] * 4)
    heard[1], seen[2] = False, False
    heard[3, :100], seen[3, 20:] = False, False
    windows = audio, heard, video, seen
    together = model.predict_batch(*windows)
    assert len(together) == 4
    for found, *window in zip(together, *windows, strict=True):
        for name, expected in vars(model.predict(*window)).items():
            np.testing.assert_allclose(getattr(found, name), expected, atol=1e-5)
    assert model.predict_batch(*(each[:0] for each in windows)) == []


def test_one_wrong_window_of_a_batch_is_refused(model, sound, sight) -> None:
    audio, video = np.stack([sound, sound]), np.stack([sight, sight])
    heard, seen = np.stack([ALL_SOUND, ~ALL_SOUND]), np.stack([ALL_SIGHT, ~ALL_SIGHT])
    with pytest.raises(ValueError, match="both masks are all False"):
        model.predict_batch(audio, heard, video, seen)
    with pytest.raises(ValueError, match="2 windows of audio, 1 of video"):
        model.predict_batch(audio, heard, video[:1], seen[:1])


def test_values_under_a_false_mask_may_be_anything(model, sound, sight) -> None:
    mask = np.arange(AUDIO_STEPS) >= 60
    expected = model.predict(sound, mask, sight, ALL_SIGHT)
    sound[~mask] = np.nan
    found = model.predict(sound, mask, sight, ALL_SIGHT)
    np.testing.assert_array_equal(found.probabilities, expected.probabilities)


def test_temperature_and_ratings_act_as_they_are_documented(tmp_path, sound, sight) -> None:
    path = write_bundle(tmp_path)
    model = load_model(path, "cpu")
    network = EmotionNetwork().eval()
    state = {k: v.float() if v.is_floating_point() else v for k, v in stored(path).items()}
    network.load_state_dict(state)
    with torch.inference_mode():
        logits = network(
            torch.from_numpy(sound)[None],
            torch.zeros(1, AUDIO_STEPS, dtype=torch.bool),
            torch.from_numpy(sight)[None],
            torch.ones(1, VIDEO_STEPS, dtype=torch.bool),
        ).logits[0]
    expected = np.exp(logits.numpy() / 2.0)
    found = model.predict(sound, ~ALL_SOUND, sight, ALL_SIGHT)
    np.testing.assert_allclose(found.probabilities, expected / expected.sum(), rtol=1e-4)


def stored(path: Path) -> dict[str, torch.Tensor]:
    from safetensors.torch import load_file

    return load_file(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"audio": np.zeros((AUDIO_STEPS, 63), np.float32)}, r"audio \(225, 63\): expected"),
        ({"audio": np.zeros((224, 87), np.float32)}, r"audio \(224, 87\): expected"),
        ({"video": np.zeros((VIDEO_STEPS, 129), np.float32)}, r"video \(36, 129\): expected"),
        ({"audio_mask": np.ones(224, bool)}, r"audio mask \(224,\)"),
        ({"video_mask": np.ones(VIDEO_STEPS, np.float32)}, r"video mask \(36,\) float32"),
        ({"audio": np.full((AUDIO_STEPS, 87), np.inf, np.float32)}, "audio holds NaN or infinity"),
        ({"audio_mask": ~ALL_SOUND, "video_mask": ~ALL_SIGHT}, "both masks are all False"),
    ],
)
def test_wrong_windows_are_refused(model, sound, sight, change, message) -> None:
    window = {"audio": sound, "audio_mask": ALL_SOUND, "video": sight, "video_mask": ALL_SIGHT}
    with pytest.raises(ValueError, match=message):
        model.predict(**{**window, **change})


@pytest.mark.parametrize(
    "crops", [np.zeros((1, 48, 47), np.uint8), np.zeros((48, 48), np.uint8), np.zeros((1, 48, 48))]
)
def test_wrong_crops_are_refused(model, crops) -> None:
    with pytest.raises(ValueError, match=r"expected \(N, 48, 48\) uint8"):
        model.encode_faces(crops)


def test_a_folder_of_weights_will_do_for_the_networks_file(tmp_path: Path) -> None:
    write_bundle(tmp_path)
    assert load_model(tmp_path, "cpu").id == "test-1"
    (tmp_path / "emotion_network.safetensors").unlink()
    with pytest.raises(CheckpointError, match=r"emotion_network\.safetensors: no such checkpoint"):
        load_model(tmp_path, "cpu")


def test_a_missing_or_corrupt_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"absent\.safetensors"):
        load_model(tmp_path / "absent.safetensors", "cpu")
    path = write_bundle(tmp_path)
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(CheckpointError, match=r"emotion_network\.safetensors"):
        load_model(path, "cpu")


@pytest.mark.parametrize(
    ("entry", "value", "message"),
    [
        ("frame_encoder_sha256", "0" * 64, "trained with the frame encoder of sha256 000"),
        ("labels", json.dumps(["happy"]), "labels are"),
        ("temperature", json.dumps({"audio": 1.0}), "temperature must hold a positive number"),
        ("temperature", json.dumps({"audio": 1, "video": 1, "both": 0}), "temperature must"),
        ("temperature", "1.0", "temperature must"),
    ],
)
def test_a_file_that_does_not_fit_is_refused(tmp_path, entry, value, message) -> None:
    path = write_bundle(tmp_path, **{entry: value})
    with pytest.raises(CheckpointError, match=message):
        load_model(path, "cpu")
