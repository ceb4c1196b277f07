"""Training: a small run learns, resumes where it stopped, and keeps what did best."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from emotion_recognition.corpora.ferplus import FerPlus
from emotion_recognition.evaluation.ferplus import predict_logits
from emotion_recognition.model.checkpoint import load_checkpoint
from emotion_recognition.model.frame_encoder import KIND, FrameEncoderConfig, load_frame_encoder
from emotion_recognition.training.frame_encoder import Recipe, learning_rate, train

RECIPE = Recipe(
    network=FrameEncoderConfig(stem=4, widths=(8, 16), blocks=(1, 1), dropout=0.0),
    epochs=4,
    small_epochs=2,
    batch_size=16,
    warmup_epochs=1.0,
    clean_epochs=1,
    ema_decay=0.5,
)


@pytest.fixture(autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def stripes():
    """Two easy classes: horizontal stripes are 'happiness', vertical ones 'anger'."""
    random = np.random.default_rng(0)
    labels = random.choice([1, 4], 96)
    waves = 127 + 100 * np.sin(np.arange(48) / 1.5)
    images = np.where((labels == 1)[:, None, None], waves[:, None], waves[None, :])
    noisy = np.clip(images + random.normal(0, 20, images.shape), 0, 255).astype(np.uint8)
    votes = np.zeros((96, 10), np.uint8)
    votes[np.arange(96), labels] = 10
    return FerPlus(noisy, votes, np.array([f"{index}.png" for index in range(96)]))


def test_a_run_learns_and_keeps_its_best_epoch(stripes, tmp_path):
    path = train(stripes, stripes, replace(RECIPE, epochs=6), tmp_path)
    history = json.loads((tmp_path / "history.json").read_text())
    assert [entry["epoch"] for entry in history] == [1, 2, 3, 4, 5, 6]
    encoder, metadata = load_frame_encoder(path)
    logits = predict_logits(encoder, stripes.images)
    accuracy = (logits.argmax(1).numpy() == stripes.majority).mean()
    assert accuracy > 0.9
    assert max(entry["valid_accuracy"] for entry in history) == pytest.approx(accuracy, abs=0.03)
    until_best = json.loads(metadata["history"])
    assert until_best == history[: len(until_best)]
    best = max(entry["valid_accuracy"] for entry in history)
    assert until_best[-1]["valid_accuracy"] == best
    assert float(metadata["temperature"]) > 0


def test_a_resumed_run_equals_an_uninterrupted_one(stripes, tmp_path, monkeypatch):
    whole, halves = tmp_path / "whole", tmp_path / "halves"
    train(stripes, stripes, RECIPE, whole)

    class KilledError(Exception):
        pass

    def die(recipe, epoch):
        if epoch >= 2:
            raise KilledError
        return learning_rate(recipe, epoch)

    with monkeypatch.context() as patch:
        patch.setattr("emotion_recognition.training.frame_encoder.learning_rate", die)
        with pytest.raises(KilledError):
            train(stripes, stripes, RECIPE, halves)
    assert len(json.loads((halves / "history.json").read_text())) == 2
    train(stripes, stripes, RECIPE, halves, resume=True)

    losses = [
        [entry["loss"] for entry in json.loads((folder / "history.json").read_text())]
        for folder in (whole, halves)
    ]
    assert losses[1] == pytest.approx(losses[0], rel=1e-3)
    states = [
        load_checkpoint(folder / f"{KIND}.safetensors", KIND)[0] for folder in (whole, halves)
    ]
    for name, tensor in states[0].items():
        torch.testing.assert_close(states[1][name], tensor, atol=1e-2, rtol=1e-2)


def test_without_resume_a_run_begins_anew(stripes, tmp_path):
    train(stripes, stripes, replace(RECIPE, epochs=2), tmp_path)
    train(stripes, stripes, replace(RECIPE, epochs=2), tmp_path)
    assert len(json.loads((tmp_path / "history.json").read_text())) == 2


def test_learning_rate_warms_up_and_falls_to_zero():
    recipe = Recipe(learning_rate=0.1, epochs=12, warmup_epochs=2.0)
    assert learning_rate(recipe, 1.0) == pytest.approx(0.05)
    assert learning_rate(recipe, 2.0) == pytest.approx(0.1)
    assert learning_rate(recipe, 7.0) == pytest.approx(0.05)
    assert learning_rate(recipe, 12.0) == pytest.approx(0.0)
    assert 0 < learning_rate(recipe, 0.0) < 0.01
