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

"""A network with encoders of a lab's own: kept in its checkpoint, loaded, run over a real clip."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_backbones import write_emotion2vec, write_face_input, write_hugging_face, write_onnx

from emotion_recognition.audio.chunk import AudioChunk
from emotion_recognition.emotions import EMOTIONS
from emotion_recognition.evaluation.offline import recognize
from emotion_recognition.model.backbones import (
    BackboneError,
    FrameEncoderChoice,
    VoiceEncoderChoice,
    make_frame_encoder,
    make_voice_encoder,
)
from emotion_recognition.model.backbones.trained_with import encoder_entries
from emotion_recognition.model.checkpoint import CheckpointError, save_checkpoint
from emotion_recognition.model.emotion_model import VIDEO_STEPS, load_model
from emotion_recognition.model.network import KIND, NetworkConfig, build_network, config_entries
from emotion_recognition.recognizer import Recognizer, RecognizerConfig
from emotion_recognition.vision.stream import VisionConfig

pytestmark = pytest.mark.timeout(600)  # transformers is slow to import on a busy machine

FACES = {"size": 64, "channels": 3, "vector_size": 12, "mean": [0.5], "std": [0.5]}


@pytest.fixture(scope="module")
def frames(tmp_path_factory: pytest.TempPathFactory) -> FrameEncoderChoice:
    pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    path = tmp_path_factory.mktemp("frames") / "ours.onnx"
    write_onnx(path, 3, 64, 12, None)
    write_face_input(path, **FACES)
    return FrameEncoderChoice("onnx", str(path))


@pytest.fixture(scope="module")
def voice(tmp_path_factory: pytest.TempPathFactory) -> VoiceEncoderChoice:
    folder = tmp_path_factory.mktemp("voice")
    write_hugging_face(folder, "wav2vec2")
    return VoiceEncoderChoice("wav2vec2", str(folder))


def train_and_save(
    path: Path, frames: FrameEncoderChoice, voice: VoiceEncoderChoice, fusion: str
) -> None:
    """Two steps on noise, and a checkpoint that names its encoders."""
    heard, seen = make_voice_encoder(voice), make_frame_encoder(frames)
    config = NetworkConfig(
        audio_branch="vectors" if heard else "log_mel",
        audio_size=heard.vector_size if heard else 64,
        vector_size=seen.face.vector_size,
        fusion=fusion,
    )
    torch.manual_seed(0)
    network = build_network(config).train()
    optimiser = torch.optim.SGD(network.parameters(), 0.01)
    for _ in range(2):
        masks = torch.ones(8, 180, dtype=torch.bool), torch.ones(8, 36, dtype=torch.bool)
        sound = torch.randn(8, 180, config.audio_size)
        output = network(sound, masks[0], torch.randn(8, 36, config.vector_size), masks[1])
        optimiser.zero_grad()
        torch.nn.functional.cross_entropy(output.logits, torch.arange(8)).backward()
        optimiser.step()
    save_checkpoint(
        path,
        network,
        KIND,
        "ours",
        config_entries(network),
        labels=json.dumps(EMOTIONS),
        temperature=json.dumps({"audio": 1.0, "video": 1.0, "both": 1.0}),
        **encoder_entries(seen, heard),
    )


@pytest.fixture(scope="module")
def network(frames, voice, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("network") / "network.safetensors"
    train_and_save(path, frames, voice, "late_logistic")
    return path


def test_a_real_clip_is_judged_by_encoders_of_a_lab(network, frames, voice, shared_data) -> None:
    model = load_model(network, "cpu", frames, voice)
    assert model.face.face_shape == (64, 64, 3) and model.audio_shape == (180, 16)
    model.warm_up()
    clip = shared_data / "ravdess_av_actor01" / "01-01-08-01-01-02-01.mp4"
    config = RecognizerConfig(publish_rate=1, vision=VisionConfig(face_rate=3))
    found = [estimate for estimate in recognize(clip, config, model) if estimate.available]
    assert {estimate.model for estimate in found} == {"ours"}
    assert any(estimate.audio_weight > 0 and estimate.video_weight > 0 for estimate in found)
    for estimate in found:
        assert sum(estimate.probabilities) == pytest.approx(1, abs=1e-5)


def test_the_voice_encoder_hears_the_samples_of_the_window(network, frames, voice) -> None:
    model = load_model(network, "cpu", frames, voice)
    heard = []
    encode = model.voice_encoder.encode

    def listen(samples: np.ndarray) -> np.ndarray:
        heard.append(samples)
        return encode(samples)

    model.voice_encoder.encode = listen
    recognizer = Recognizer(RecognizerConfig(publish_rate=1), model)
    recognizer._audio_stream._extractor._activity.process = lambda frames: np.ones(len(frames))
    sound = (np.random.default_rng(0).normal(size=(6 * 16000, 1)) * 0.1).astype(np.float32)
    estimates = []
    for at in range(0, len(sound), 800):
        stamp_ns = 10**18 + at * 62_500
        recognizer.add_audio(AudioChunk(stamp_ns, 16000, sound[at : at + 800]))
        estimates += recognizer.estimates()
    assert len(heard) == len([e for e in estimates if e.available]) >= 4
    assert len(heard[-1]) >= 3.5 * 16000
    # As it came in, neither denoised nor normalised, and unbroken.
    start = int(np.flatnonzero(sound[:, 0] == heard[-1][0])[0])
    np.testing.assert_array_equal(heard[-1], sound[start : start + len(heard[-1]), 0])
    recognizer.reset()
    assert len(recognizer._sound) == 0


def test_silence_is_not_encoded(network, frames, voice) -> None:
    model = load_model(network, "cpu", frames, voice)
    recognizer = Recognizer(RecognizerConfig(publish_rate=1), model)
    model.voice_encoder.encode = None
    recognizer.add_audio(AudioChunk(10**18, 16000, np.zeros((40000, 1), np.float32)))
    assert not any(estimate.available for estimate in recognizer.estimates())


def test_windows_of_another_shape_are_refused(network, frames, voice) -> None:
    model = load_model(network, "cpu", frames, voice)
    sight, seen = np.zeros((VIDEO_STEPS, 12), np.float32), np.ones(VIDEO_STEPS, bool)
    with pytest.raises(ValueError, match=r"audio \(225, 87\): expected \(180, 16\)"):
        model.predict(np.zeros((225, 87), np.float32), np.ones(225, bool), sight, seen)
    with pytest.raises(ValueError, match=r"expected \(N, 64, 64, 3\) uint8"):
        model.encode_faces(np.zeros((1, 48, 48), np.uint8))


def test_a_network_loads_with_the_encoders_it_was_trained_with_alone(
    network, frames, voice, tmp_path
) -> None:
    none = VoiceEncoderChoice()
    write_onnx(tmp_path / "other.onnx", 3, 64, 12, None)
    write_face_input(tmp_path / "other.onnx", **{**FACES, "mean": [0.0]})
    other_frames = FrameEncoderChoice("onnx", str(tmp_path / "other.onnx"))
    write_hugging_face(tmp_path / "other", "wav2vec2", seed=1)
    other_voice = VoiceEncoderChoice("wav2vec2", str(tmp_path / "other"))
    for choices, field, message in (
        ((None, voice), "frame_encoder", "is 'shipped', but .* was trained with 'onnx'"),
        ((frames, none), "voice_encoder", "is 'none', but .* was trained with 'wav2vec2'"),
        ((other_frames, voice), "frame_encoder_path", "was trained with the frame encoder of sha"),
        ((frames, other_voice), "voice_encoder_path", "was trained with the voice encoder of sha"),
    ):
        with pytest.raises(BackboneError, match=message) as caught:
            load_model(network, "cpu", *choices)
        assert caught.value.field == field
    with pytest.raises(BackboneError, match=r"is 'wav2vec2', but .* was trained with 'none'"):
        load_model(None, "cpu", None, voice)


def test_a_checkpoint_that_contradicts_itself_is_refused(frames, tmp_path) -> None:
    write_emotion2vec(tmp_path)
    voice = VoiceEncoderChoice("emotion2vec", str(tmp_path))
    path = tmp_path / "network.safetensors"
    torch.manual_seed(0)
    entries = {
        "labels": json.dumps(EMOTIONS),
        "temperature": json.dumps({"audio": 1.0, "video": 1.0, "both": 1.0}),
        **encoder_entries(make_frame_encoder(frames), make_voice_encoder(voice)),
    }

    def save(**changes: object) -> None:
        fields = {"audio_branch": "vectors", "audio_size": 24, "vector_size": 12, **changes}
        built = build_network(NetworkConfig(**fields))
        save_checkpoint(path, built, KIND, "ours", config_entries(built), **entries)

    save()
    assert load_model(path, "cpu", frames, voice).voice_encoder.name == "emotion2vec"
    save(audio_size=25)
    with pytest.raises(BackboneError, match=r"gives vectors of 24 numbers; .* reads 25"):
        load_model(path, "cpu", frames, voice)
    save(vector_size=11)
    with pytest.raises(BackboneError, match=r"gives vectors of 12 numbers; .* reads 11"):
        load_model(path, "cpu", frames, voice)
    save(audio_branch="log_mel", audio_size=64)
    with pytest.raises(CheckpointError, match="audio_branch is 'log_mel', but voice_encoder 'emo"):
        load_model(path, "cpu", frames, voice)
