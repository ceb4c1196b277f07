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

"""Training on encoders of a lab's own by configuration, and what comes out of it at run time."""

import numpy as np
import pytest
import torch
from recordings import make_clip
from tiny_backbones import write_emotion2vec, write_face_input

from emotion_recognition.model.backbones import FrameEncoderChoice, VoiceEncoderChoice
from emotion_recognition.model.emotion_model import load_model
from emotion_recognition.model.network import NetworkConfig
from emotion_recognition.training.audio_visual import AudioVisual, load_encoders
from emotion_recognition.training.clip_pairs import read_pairs
from emotion_recognition.training.clip_sources import ClassFolders
from emotion_recognition.training.config import ConfigError, parse

pytest.importorskip("pytorch_lightning", reason="pytorch-lightning is not installed")

SOURCE = ClassFolders("own", ("anna",), ("ben",), detector="haar")
NETWORK = {"audio_branch": "vectors", "audio_size": 24, "vector_size": 3, "attention_size": 4}


class Mean(torch.nn.Module):
    """Mean of each channel."""

    def forward(self, faces: torch.Tensor) -> torch.Tensor:
        return faces.mean(dim=(2, 3))


@pytest.fixture
def encoders(tmp_path) -> dict[str, dict[str, str]]:
    torch.jit.script(Mean()).save(str(tmp_path / "ours.pt"))
    write_face_input(tmp_path / "ours.pt", size=64, channels=3, vector_size=3)
    folder = tmp_path / "voice"
    folder.mkdir()
    write_emotion2vec(folder)
    return {
        "frame_encoder": {"name": "torchscript", "path": str(tmp_path / "ours.pt")},
        "voice_encoder": {"name": "emotion2vec", "path": str(folder)},
    }


def options(encoders: dict[str, dict[str, str]], **network: object) -> AudioVisual:
    data = {
        "corpus": "class_folders",
        "folder": "own",
        "test_speakers": ["anna"],
        "valid_speakers": ["ben"],
        "detector": "haar",
    }
    return parse(
        AudioVisual,
        {
            "data": data,
            "network": {**NETWORK, **network},
            "trainer": {"epochs": 1, "batch_size": 2},
            **encoders,
        },
    )


def test_a_network_is_trained_on_the_vectors_and_runs_with_its_encoders(encoders, tmp_path) -> None:
    from emotion_recognition.training.audio_visual import run

    for speaker in ("anna", "ben", "cara"):
        for label in ("happy", "sad"):
            path = tmp_path / "own" / label / f"{speaker}_1.mkv"
            path.parent.mkdir(parents=True, exist_ok=True)
            make_clip(path, 1.0)
    config = options(encoders)
    found = read_pairs(SOURCE, tmp_path, tmp_path, load_encoders(config))
    assert found.frames.shape == (6, 180, 24) and found.vectors.shape == (6, 15, 3)
    assert found.heard.sum(dim=1).tolist() == [pytest.approx(49, abs=3)] * 6
    assert (found.frames[~found.heard] == 0).all() and found.frames[found.heard].abs().min() > 0
    (tmp_path / "out").mkdir()
    path = run(config, tmp_path, tmp_path / "out", tmp_path, False)
    choices = (
        FrameEncoderChoice(**encoders["frame_encoder"]),
        VoiceEncoderChoice(**encoders["voice_encoder"]),
    )
    model = load_model(path, "cpu", *choices)
    assert model.voice_encoder.name == "emotion2vec" and model.face.size == 64
    crops = np.full((2, 64, 64, 3), 51, np.uint8)
    np.testing.assert_allclose(model.encode_faces(crops), 0.2, rtol=1e-5)


@pytest.mark.parametrize(
    ("network", "message"),
    [
        ({"audio_size": 25}, r"network\.audio_size: found 25; allowed: 24, of .* 'emotion2vec'"),
        ({"vector_size": 128}, r"network\.vector_size: found 128; allowed: 3, of .*torchscript"),
    ],
)
def test_sizes_are_held_against_the_encoders(encoders, network, message) -> None:
    with pytest.raises(ConfigError, match=message):
        load_encoders(options(encoders, **network))


def test_encoders_that_cannot_be_used_name_the_field(encoders) -> None:
    for kind, values, message in (
        ("frame_encoder", {"name": "vgg"}, "^frame_encoder: 'vgg' is unknown"),
        ("frame_encoder", {"name": "onnx"}, r"^frame_encoder\.path: is empty"),
        ("voice_encoder", {"name": "emotion2vec"}, r"^voice_encoder\.path: is empty"),
    ):
        with pytest.raises(ConfigError, match=message):
            load_encoders(options({**encoders, kind: values}))
    with pytest.raises(ConfigError, match=r"audio_branch: found 'vectors'; .*'none'"):
        options({"frame_encoder": encoders["frame_encoder"]})
    pairs = {"data": {"corpus": "ravdess_pairs"}, "network": {"vector_size": 35}}
    with pytest.raises(ConfigError, match=r"voice_encoder\.name: found 'emotion2vec'; allowed: no"):
        parse(AudioVisual, {**pairs, "voice_encoder": encoders["voice_encoder"]})
    assert isinstance(options(encoders).network, NetworkConfig)
