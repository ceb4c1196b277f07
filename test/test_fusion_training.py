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

import copy

import pytest
import torch

from emotion_recognition.emotions import EMOTIONS
from emotion_recognition.model.checkpoint import save_checkpoint
from emotion_recognition.model.heads import NetworkOutput
from emotion_recognition.model.network import KIND, EmotionNetwork, config_entries
from emotion_recognition.training.config import ConfigError, parse
from emotion_recognition.training.face_sequences import FaceBank
from emotion_recognition.training.fusion import (
    Fusion,
    Sounds,
    make_task,
    silence,
    start_network,
    temperatures,
)
from emotion_recognition.training.trainer import fit

SEEN_CLASSES = torch.tensor([0, 2, 3, 4, 5, 6, 7])  # no face is labelled calm


@pytest.fixture
def faces() -> FaceBank:
    """Seventy faces; the vectors of each emotion point along an axis of their own."""
    labels = SEEN_CLASSES.repeat(10)
    vectors = torch.zeros(70, 1, 128)
    vectors[torch.arange(70), 0, labels] = 4
    return FaceBank(vectors, torch.eye(len(EMOTIONS))[labels], labels)


@pytest.fixture
def sounds() -> Sounds:
    generator = torch.Generator().manual_seed(0)
    features = torch.rand(16, 128, 56, generator=generator).half()
    return Sounds(features, torch.ones(16, 56, dtype=torch.bool), torch.arange(16) % 8)


def hear(network: EmotionNetwork) -> NetworkOutput:
    generator = torch.Generator().manual_seed(0)
    audio = torch.randn(2, 225, 64, generator=generator) * 20 - 60
    mask = torch.ones(2, 225, dtype=torch.bool)
    no_face = torch.zeros(2, 36, 128), torch.zeros(2, 36, dtype=torch.bool)
    with torch.inference_mode():
        return network.eval()(audio, mask, *no_face)


def test_starts_from_the_trained_voice(tmp_path) -> None:
    torch.manual_seed(0)
    trained, path = EmotionNetwork(), tmp_path / "voice.safetensors"
    torch.nn.init.normal_(trained.video.first[1][0].weight, std=5)
    save_checkpoint(path, trained, KIND, "voice", config_entries(trained), temperature="{}")
    network = start_network(path, seed=1)
    for name in ("logits", "intensity"):
        found, expected = (getattr(hear(n), name) for n in (network, trained))
        torch.testing.assert_close(found, expected, atol=2e-2, rtol=2e-2)  # half precision
    assert network.video.first[1][0].weight.std() < 1
    with pytest.raises(ConfigError, match=r"voice: .*nothing"):
        start_network(tmp_path / "nothing.safetensors", seed=1)


def recipe(**changes) -> Fusion:
    trainer = {"epochs": 1, "batch_size": 48, "keep": "last", "ema_decay": 0.9}
    return parse(
        Fusion, {"voice": "v{fold}", "id": "test", "batches": 25, "trainer": trainer, **changes}
    )


def test_learns_the_face_and_leaves_the_voice_alone(
    faces: FaceBank, sounds: Sounds, tmp_path
) -> None:
    torch.manual_seed(0)
    network = EmotionNetwork()
    before = copy.deepcopy(network.state_dict())
    config = recipe()
    task = make_task(network, sounds, faces, config)
    fit(task, config.optimiser, config.schedule, config.trainer, tmp_path)
    network.eval()
    for name, value in network.state_dict().items():
        kept = name.startswith(("audio.", "heads.audio_classes", "heads.intensity", "heads.rat"))
        assert torch.equal(value, before[name]) == kept or "num_batches" in name, name
    with torch.inference_mode():
        window = faces.vectors.expand(-1, 36, -1)
        seen = network.video.stage_one(window, torch.ones(70, 36, dtype=torch.bool))
        found = network.fuse(*silence(network, 70), *seen).logits.argmax(dim=1)
    assert (found == faces.labels).float().mean() > 0.8


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"folds": [0]}, "folds"),
        ({"folds": [0, 1]}, "folds"),
        ({"folds": [1, 9]}, "folds"),
        ({"noisy_versions": -1}, "noisy_versions"),
        ({"batches": 0}, "batches"),
        ({"trainer": {"keep": "best"}}, "trainer.keep"),
    ],
)
def test_what_cannot_be_trained_is_named(changes, field: str) -> None:
    with pytest.raises(ConfigError, match=field):
        recipe(**changes)


def test_temperatures_are_fitted_for_each_set_of_streams(faces: FaceBank, sounds: Sounds) -> None:
    torch.manual_seed(0)
    fitted, accuracy = temperatures(EmotionNetwork().eval(), sounds, faces)
    assert set(fitted) == set(accuracy) == {"audio", "video", "both"}
    assert all(0.19 < value < 5.1 for value in fitted.values())
    assert all(0 <= value <= 1 for value in accuracy.values())
