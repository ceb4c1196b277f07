import copy

import pytest
import torch
from safetensors.torch import save_file

from emotion_recognition.emotions import EMOTIONS
from emotion_recognition.model.network import EmotionNetwork
from emotion_recognition.training.face_sequences import FaceBank
from emotion_recognition.training.fusion import (
    Sounds,
    silence,
    start_network,
    temperatures,
    train,
)
from emotion_recognition.training.voice import VoiceClassifier

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


def test_starts_from_the_trained_voice(tmp_path) -> None:
    torch.manual_seed(0)
    classifier = VoiceClassifier().eval()
    save_file(classifier.state_dict(), tmp_path / "voice.safetensors")
    network = start_network(tmp_path / "voice.safetensors").eval()
    audio = torch.randn(2, 225, 64) * 20 - 60
    mask = torch.ones(2, 225, dtype=torch.bool)
    no_face = torch.zeros(2, 36, 128), torch.zeros(2, 36, dtype=torch.bool)
    with torch.inference_mode():
        logits, intensity = classifier(audio, mask)
        output = network(audio, mask, *no_face)
    torch.testing.assert_close(output.logits, logits, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(output.intensity, intensity, atol=1e-5, rtol=1e-4)


def test_learns_the_face_and_leaves_the_voice_alone(faces: FaceBank, sounds: Sounds) -> None:
    torch.manual_seed(0)
    network = EmotionNetwork()
    before = copy.deepcopy(network.state_dict())
    trained = train(network, sounds, faces, steps=25, seed=0, title="test").eval()
    for name, value in trained.state_dict().items():
        kept = name.startswith(("audio.", "heads.audio_classes", "heads.intensity", "heads.rat"))
        assert torch.equal(value, before[name]) == kept or "num_batches" in name, name
    with torch.inference_mode():
        window = faces.vectors.expand(-1, 36, -1)
        seen = trained.video.stage_one(window, torch.ones(70, 36, dtype=torch.bool))
        found = trained.fuse(*silence(70), *seen).logits.argmax(dim=1)
    assert (found == faces.labels).float().mean() > 0.8


def test_temperatures_are_fitted_for_each_set_of_streams(faces: FaceBank, sounds: Sounds) -> None:
    torch.manual_seed(0)
    fitted, accuracy = temperatures(EmotionNetwork().eval(), sounds, faces)
    assert set(fitted) == set(accuracy) == {"audio", "video", "both"}
    assert all(0.19 < value < 5.1 for value in fitted.values())
    assert all(0 <= value <= 1 for value in accuracy.values())
