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

"""The trainer: it learns, goes on after a kill as if nothing had been, and shares the work."""

import csv
import json
import signal

import pytest
import torch
from torch import nn

pytest.importorskip("pytorch_lightning", reason="install requirements/training.txt")

from training_runs import Recipe, processes, task, train

from emotion_recognition.training.config import ConfigError
from emotion_recognition.training.optimiser import (
    Adam,
    AdamW,
    Constant,
    Cosine,
    OneCycle,
    Plateau,
    Sgd,
    build_optimiser,
    build_schedule,
)
from emotion_recognition.training.task import Task, Training
from emotion_recognition.training.trainer import fit, kept_epoch


def recipe(**training) -> Recipe:
    return Recipe(Training(**{"epochs": 3, "batch_size": 16, "ema_decay": 0.9, **training}))


def test_it_learns_and_writes_what_happened(tmp_path):
    network = train(recipe(epochs=4), tmp_path)
    assert not network.training
    history = json.loads((tmp_path / "history.json").read_text())
    assert [entry["epoch"] for entry in history] == [1, 2, 3, 4]
    assert history[-1]["train_loss"] < history[0]["train_loss"]
    values, labels = task(recipe()).valid.tensors
    with torch.inference_mode():
        war = (network(values).argmax(dim=1) == labels).float().mean()
    best = max(entry["valid_uar"] for entry in history)
    assert best > 0.6
    # 10 clips of each class: recall and accuracy are the same.
    assert float(war) == pytest.approx(best) == max(entry["valid_war"] for entry in history)
    with (tmp_path / "history.csv").open() as file:
        assert len(list(csv.DictReader(file))) == 4
    assert list((tmp_path / "tensorboard").glob("events.*"))


@pytest.mark.parametrize("schedule", [Plateau(patience=0), OneCycle()], ids=lambda s: s.name)
def test_killed_in_the_middle_of_an_epoch_it_goes_on_as_if_nothing_had_been(tmp_path, schedule):
    whole = Recipe(recipe(keep="last", monitor="loss").training, schedule=schedule)
    expected = train(whole, tmp_path / "whole").state_dict()
    killed = Recipe(whole.training, schedule=schedule, kill=(1, 2))
    assert processes(killed, tmp_path / "killed") == [-signal.SIGKILL]
    history = json.loads((tmp_path / "killed" / "history.json").read_text())
    assert len(history) == 1
    found = train(whole, tmp_path / "killed", resume=True).state_dict()
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value, msg=name)
    history = json.loads((tmp_path / "killed" / "history.json").read_text())
    whole_history = json.loads((tmp_path / "whole" / "history.json").read_text())
    for entry, other in zip(history, whole_history, strict=True):
        assert entry["epoch"] == other["epoch"]
        assert entry["valid_loss"] == pytest.approx(other["valid_loss"])
        assert entry["learning_rate"] == pytest.approx(other["learning_rate"])


def test_mixed_precision_keeps_whole_weights(tmp_path):
    network = train(recipe(epochs=1, precision="bf16-mixed"), tmp_path)
    assert {parameter.dtype for parameter in network.parameters()} == {torch.float32}


@pytest.mark.parametrize(
    ("training", "epoch"),
    [
        (Training(monitor="loss"), 2),
        (Training(monitor="war"), 1),  # the first of equals
        (Training(keep="last"), 3),
    ],
)
def test_the_epoch_that_is_kept_is_known(training, epoch):
    figures = [(0.9, 0.6), (0.7, 0.6), (0.8, 0.5)]
    history = [
        {"epoch": number, "valid_loss": loss, "valid_war": war}
        for number, (loss, war) in enumerate(figures, 1)
    ]
    assert kept_epoch(history, training)["epoch"] == epoch


def test_a_finished_run_is_not_trained_again(tmp_path):
    # An average as slow as this hardly learns, so that the run stops early.
    stopping = recipe(epochs=8, patience=1, monitor="war", keep="last", ema_decay=0.5)
    expected = train(stopping, tmp_path).state_dict()
    history = (tmp_path / "history.json").read_text()
    assert len(json.loads(history)) < 8
    found = train(stopping, tmp_path, resume=True).state_dict()
    assert all(torch.equal(found[name], expected[name]) for name in expected)
    assert (tmp_path / "history.json").read_text() == history


def test_two_processes_agree_and_one_writes(tmp_path):
    assert processes(recipe(keep="last", batch_size=8), tmp_path, count=2) == [0, 0]
    first, second = (torch.load(tmp_path / f"rank{rank}.pt") for rank in (0, 1))
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert len(json.loads((tmp_path / "history.json").read_text())) == 3
    assert len(list((tmp_path / "tensorboard").glob("events.*"))) == 1


def test_a_run_in_the_folder_is_not_overwritten(tmp_path):
    train(recipe(epochs=1), tmp_path)
    with pytest.raises(FileExistsError, match="--resume"):
        train(recipe(epochs=1), tmp_path)


@pytest.mark.parametrize(
    ("training", "schedule", "field"),
    [
        (Training(keep="best"), Constant(), "trainer.keep"),
        (Training(keep="last", patience=3), Constant(), "trainer.patience"),
        (Training(keep="last"), Plateau(), "schedule.name"),
    ],
)
def test_what_needs_validation_data_says_so(tmp_path, training, schedule, field):
    known = task(recipe())
    alone = Task(known.network, known.loss, known.judge, known.train)
    with pytest.raises(ConfigError, match=field):
        fit(alone, Adam(), schedule, training, tmp_path)


def test_fewer_clips_than_a_batch_are_too_few(tmp_path):
    with pytest.raises(ConfigError, match=r"trainer.batch_size.* 61 .* 60 clips"):
        train(recipe(batch_size=61), tmp_path)


def test_weight_decay_spares_norms_and_biases_where_asked():
    model = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
    model[0].bias.requires_grad_(False)
    groups = build_optimiser(model, AdamW(weight_decay=0.1)).param_groups
    assert [(len(group["params"]), group["weight_decay"]) for group in groups] == [
        (1, 0.1),
        (2, 0.0),
    ]
    groups = build_optimiser(model, Sgd(weight_decay=0.1)).param_groups
    assert [(len(group["params"]), group["weight_decay"]) for group in groups] == [(3, 0.1)]


def rates(schedule, epochs: int, steps: int) -> list[float]:
    optimiser = build_optimiser(nn.Linear(1, 1), Sgd(learning_rate=0.1))
    built = build_schedule(optimiser, schedule, epochs, steps)
    found = []
    for _ in range(epochs * steps):
        found.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        built.step()
    return found


def test_schedules_rise_and_fall_as_they_should():
    assert rates(Constant(), 2, 5) == [0.1] * 10
    cosine = rates(Cosine(warmup_epochs=1), 3, 10)
    assert cosine[:10] == pytest.approx([0.1 * (i + 1) / 11 for i in range(10)])
    assert cosine[10] == pytest.approx(0.1)
    assert cosine[20] == pytest.approx(0.05)
    assert cosine == cosine[:10] + sorted(cosine[10:], reverse=True)
    cycle = rates(OneCycle(rise=0.3), 4, 10)
    assert max(cycle) == pytest.approx(0.1) and cycle[0] < 0.01 and cycle[-1] < 1e-5
    assert abs(cycle.index(max(cycle)) - 11) <= 1
