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

"""Training the frame encoder: a small run learns and keeps what did best; recipes are checked."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

pytest.importorskip("pytorch_lightning", reason="install requirements/training.txt")

from emotion_recognition.corpora.ferplus import FerPlus
from emotion_recognition.evaluation.ferplus import predict_logits
from emotion_recognition.model.frame_encoder import (
    SHIPPED_WEIGHTS,
    FrameEncoderConfig,
    load_frame_encoder,
)
from emotion_recognition.training import frame_encoder
from emotion_recognition.training.config import ConfigError, parse, read_jobs
from emotion_recognition.training.face_augmentation import Augmentation
from emotion_recognition.training.frame_encoder import Faces, FrameEncoderTraining, run
from emotion_recognition.training.optimiser import Cosine
from emotion_recognition.training.task import Training

RECIPES = sorted((Path(__file__).parents[1] / "config" / "training").glob("frame_encoder*.yaml"))

SMALL = FrameEncoderTraining(
    network=FrameEncoderConfig(stem=4, widths=(8, 16), blocks=(1, 1), dropout=0.0),
    schedule=Cosine(warmup_epochs=1.0),
    trainer=Training(epochs=6, batch_size=16, ema_decay=0.5, monitor="war"),
    small_epochs=2,
    clean_epochs=1,
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


@pytest.fixture(scope="module")
def train(stripes, tmp_path_factory):
    """Train on the stripes as both splits."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(frame_encoder, "load_ferplus", lambda folder, split: stripes)
        folder = tmp_path_factory.mktemp("frame_encoder")
        yield lambda config, name: run(config, folder, folder / name, folder, False)


@pytest.fixture(scope="module")
def trained(train):
    return train(SMALL, "first")


def test_a_run_learns_and_keeps_its_best_epoch(stripes, trained):
    encoder, metadata = load_frame_encoder(trained)
    accuracy = (
        predict_logits(encoder, stripes.images).argmax(1).numpy() == stripes.majority
    ).mean()
    history = json.loads(metadata["history"])
    assert accuracy > 0.9
    assert len(history) == 6
    best = max(entry["valid_war"] for entry in history)
    assert best == pytest.approx(accuracy, abs=0.03)
    assert float(metadata["temperature"]) > 0
    assert json.loads(metadata["recipe"])["small_epochs"] == 2


def test_a_run_may_start_from_earlier_weights(train, trained):
    short = replace(SMALL.trainer, epochs=1)
    later = train(replace(SMALL, start=str(trained), trainer=short, small_epochs=0), "later")
    history = json.loads(load_frame_encoder(later)[1]["history"])
    assert [entry["epoch"] for entry in history] == [1]
    assert history[0]["valid_war"] > 0.9


def test_weights_of_another_network_are_no_start(train):
    with pytest.raises(ConfigError, match=r"^start: .*allowed: .*'stem': 4"):
        train(replace(SMALL, start=str(SHIPPED_WEIGHTS)), "none")


def test_training_faces_are_changed_and_judged_ones_are_not(stripes):
    changed, votes = Faces(stripes, Augmentation())[[0, 1]]
    plain, labels = Faces(stripes)[[0, 1]]
    assert changed.shape == plain.shape == (2, 1, 48, 48)
    np.testing.assert_allclose(plain[:, 0].numpy() * 255, stripes.images[:2], atol=1e-4)
    assert not torch.allclose(changed, plain, atol=0.02)
    assert labels.tolist() == votes.argmax(dim=1).tolist()


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"clean_epochs": 26}, "clean_epochs"),
        ({"small_size": 4}, "small_size"),
        ({"augmentation": {"mix": 0.0}}, "augmentation.mix"),
        ({"augmentation": {"erase": 1.5}}, "augmentation.erase"),
        ({"network": {"blocks": [1]}}, "network.blocks"),
        ({"network": {"dropout": 1.0}}, "network.dropout"),
        ({"augmentation": {"colour": 1.0}}, "augmentation.colour"),
    ],
)
def test_a_recipe_out_of_range_is_named(values, field):
    with pytest.raises(ConfigError) as error:
        parse(FrameEncoderTraining, values)
    assert error.value.field == field


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_shipped_recipes_are_of_the_shipped_network(path):
    (job,) = read_jobs(path)
    assert job.stage == "frame_encoder"
    assert job.config.network == load_frame_encoder(SHIPPED_WEIGHTS)[0].config
