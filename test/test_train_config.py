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

"""Training configurations: what is wrong is named, with what is allowed, before anything starts."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest
import yaml

from emotion_recognition.training.audio_visual import AudioVisual
from emotion_recognition.training.clip_sources import ClassFolders, RavdessPairs
from emotion_recognition.training.config import (
    STAGES,
    ConfigError,
    parse,
    read_jobs,
    require,
    stage_function,
)
from emotion_recognition.training.optimiser import Plateau, Sgd

SHIPPED = sorted((Path(__file__).resolve().parents[1] / "config" / "training").glob("*.yaml"))


@pytest.fixture
def written(tmp_path):
    """Writes a configuration and reads it."""

    def read(text: str, *settings: str):
        path = tmp_path / "config.yaml"
        path.write_text(text)
        return read_jobs(path, settings)

    return read


@dataclass(frozen=True)
class Inner:
    rate: float = 0.5
    mode: Literal["fast", "slow"] = "fast"
    sizes: tuple[int, ...] = (1,)
    pair: tuple[float, float] = (0.0, 1.0)
    limit: float | None = None

    def __post_init__(self) -> None:
        require(self.rate > 0, "rate", self.rate, "above 0")


@dataclass(frozen=True)
class Outer:
    count: int
    inner: Inner = Inner()
    on: bool = False
    name: str = ""


def test_values_become_the_fields_of_the_dataclasses():
    values = {"count": 3, "on": True, "inner": {"rate": 2, "sizes": [4, 5], "pair": [1, 0.5]}}
    assert parse(Outer, values) == Outer(3, Inner(2.0, "fast", (4, 5), (1.0, 0.5)), True)
    assert parse(Outer, {"count": 1, "inner": {"limit": 2.5}}).inner.limit == 2.5
    assert parse(Outer, {"count": 1, "inner": {"limit": None}}).inner.limit is None


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, r"^count: missing"),
        ({"count": "3"}, r"^count: found '3'; allowed: a whole number"),
        ({"count": 3.0}, r"^count: found 3.0; allowed: a whole number"),
        ({"count": True}, r"^count: found True; allowed: a whole number"),
        ({"count": None}, r"^count: found nothing"),
        ({"count": 1, "on": "yes"}, r"^on: found 'yes'; allowed: true or false"),
        ({"count": 1, "name": 7}, r"^name: found 7; allowed: a text"),
        ({"count": 1, "inner": 5}, r"^inner: found 5; allowed: keys with values"),
        ({"count": 1, "inner": {"rat": 5}}, r"^inner.rat: no such key; .*did you mean 'rate'\?"),
        ({"count": 1, "inner": {"rate": -1}}, r"^inner.rate: found -1.0; allowed: above 0"),
        ({"count": 1, "inner": {"rate": "1"}}, r"^inner.rate: found '1'; allowed: a number"),
        ({"count": 1, "inner": {"mode": "fest"}}, r"^inner.mode: .*fast, slow.* mean 'fast'\?"),
        ({"count": 1, "inner": {"sizes": 4}}, r"^inner.sizes: found 4; allowed: a list"),
        ({"count": 1, "inner": {"sizes": [4, "a"]}}, r"^inner.sizes\[1\]: found 'a'"),
        ({"count": 1, "inner": {"pair": [1]}}, r"^inner.pair: found 1 values; allowed: 2"),
    ],
)
def test_what_does_not_fit_is_named_with_what_is_allowed(values, said):
    with pytest.raises(ConfigError, match=said):
        parse(Outer, values)


def test_one_of_several_dataclasses_is_told_by_its_first_field():
    options = {
        "optimiser": {"name": "sgd", "learning_rate": 0.1},
        "schedule": {"name": "plateau", "patience": 3},
        "data": {"corpus": "ravdess_pairs", "fold": 2},
        "network": {"vector_size": 35},
    }
    config = parse(AudioVisual, options)
    assert config.optimiser == Sgd(learning_rate=0.1)
    assert config.schedule == Plateau(patience=3)
    assert config.data == RavdessPairs(fold=2)


FINE = "stage: audio_visual\nnetwork: {vector_size: 35}\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("network: {}", r"^stage: missing; allowed: .*audio_visual"),
        ("stage: audiovisual", r"^stage: found 'audiovisual'.*did you mean 'audio_visual'\?"),
        ("- 1", r"config.yaml: found \[1\]; allowed: keys with values"),
        ("stage: [", r"config.yaml: no YAML"),
        (FINE + "drop_voice: 0.1\ndrop_voice: 0.2", r"the key 'drop_voice' stands here twice"),
        (FINE + "tariner: {}", r"^tariner: no such key.*did you mean 'trainer'\?"),
        (FINE + "optimiser: {learning_rate: 1}", r"^optimiser.name: missing; allowed: adam, "),
        (FINE + "optimiser: {name: adan}", r"^optimiser.name: found 'adan'.*mean 'adam'\?"),
        (FINE + "optimiser: {name: adam, momentum: 0.9}", r"^optimiser.momentum: no such key"),
        (FINE + "optimiser: {name: sgd, momentum: 1}", r"^optimiser.momentum: found 1.0; .*0 to"),
        (FINE + "optimiser: {name: sgd, learning_rate: 0}", r"^optimiser.learning_rate: .*above 0"),
        (FINE + "schedule: {name: plateau, factor: 2}", r"^schedule.factor: found 2.0"),
        (FINE + "trainer: {precision: 16}", r"^trainer.precision: found 16; .*bf16-mixed"),
        (FINE + "trainer: {epochs: 0}", r"^trainer.epochs: found 0; allowed: 1 or more"),
        (FINE + "trainer: {ema_decay: 1}", r"^trainer.ema_decay: found 1.0"),
        (FINE + "data: {corpus: ravdess_pairs, fold: 7}", r"^data.fold: found 7; allowed: 1 to 6"),
        (FINE + "data: {corpus: ravdes}", r"^data.corpus: found 'ravdes'; allowed: ravdess_pairs"),
        (FINE + "drop_voice: 0.7\ndrop_face: 0.4", r"^drop_face: found 0.4; allowed: 0.3 at most"),
        (FINE + "sweep: {drop_voice: 0.1}", r"^sweep.drop_voice: found 0.1; allowed: a list"),
        (FINE + "sweep: {drop_voic: [0.1]}", r"^drop_voic: no such key.*mean 'drop_voice'\?"),
        (FINE + "sweep: {drop_voice: [0.1, 2]}", r"^drop_voice: found 2.0; allowed: 0 to 1"),
        ("stage: audio_visual", r"^network.vector_size: found 128; allowed: 35"),
        (
            "stage: audio_visual\nnetwork: {vector_size: 35, fusion: late}",
            r"^network.fusion: 'late' is unknown: expected one of .*late_transformer",
        ),
        (
            "stage: audio_visual\nnetwork: {vector_size: 35, audio_branch: mfcc}",
            r"^network.audio_size: is 64; allowed by the audio_branch 'mfcc': 1 to 20",
        ),
        (
            "stage: audio_visual\naugment: true\n"
            "network: {vector_size: 35, audio_branch: mfcc, audio_size: 20}",
            r"^augment: found True; allowed: true for log_mel alone",
        ),
    ],
)
def test_a_configuration_that_cannot_be_used_says_why(written, text, said):
    with pytest.raises(ConfigError, match=said):
        written(text)


def test_a_lab_s_own_recordings_name_their_speakers():
    values = {"folder": "clips", "test_speakers": ["anna"], "valid_speakers": ["ben"]}
    assert parse(ClassFolders, values).test_speakers == ("anna",)
    with pytest.raises(ConfigError, match=r"^valid_speakers: found \['anna'\]"):
        parse(ClassFolders, {**values, "valid_speakers": ["anna"]})
    with pytest.raises(ConfigError, match=r"^test_speakers: found \[\]; allowed: one speaker"):
        parse(ClassFolders, {**values, "test_speakers": []})
    with pytest.raises(ConfigError, match=r"^detector: found 'retina'; allowed: auto, yunet"):
        parse(ClassFolders, {**values, "detector": "retina"})


def test_numbers_may_be_written_as_1e_4(written):
    job = written(FINE + "optimiser: {name: adam, learning_rate: 1e-4, weight_decay: 2.5E-3}")[0]
    assert job.config.optimiser.learning_rate == 1e-4
    assert job.config.optimiser.weight_decay == 2.5e-3


def test_settings_of_the_command_take_the_place_of_the_file_s(written):
    job = written(
        FINE, "drop_voice=0.25", "network.fusion=early", "trainer.epochs=3", "augment=true"
    )[0]
    assert (job.config.drop_voice, job.config.network.fusion) == (0.25, "early")
    assert (job.config.trainer.epochs, job.config.augment) == (3, True)
    with pytest.raises(ConfigError, match=r"^trainer.epoch: no such key.*mean 'epochs'\?"):
        written(FINE, "trainer.epoch=3")
    with pytest.raises(ConfigError, match=r"^--set: found 'augment'; allowed: KEY=VALUE"):
        written(FINE, "augment")
    with pytest.raises(ConfigError, match=r"^stage: found 'audio_visual'; allowed: keys"):
        written(FINE, "stage.name=3")


def test_a_sweep_runs_every_combination(written):
    sweep = "sweep: {optimiser.learning_rate: [0.01, 0.1], data.fold: [1, 2, 3]}\n"
    text = FINE + sweep + "optimiser: {name: sgd}\ndata: {corpus: ravdess_pairs}"
    jobs = written(text)
    assert [job.name for job in jobs][:4] == [
        "learning_rate=0.01,fold=1",
        "learning_rate=0.01,fold=2",
        "learning_rate=0.01,fold=3",
        "learning_rate=0.1,fold=1",
    ]
    assert len(jobs) == 6
    assert (jobs[5].config.optimiser.learning_rate, jobs[5].config.data.fold) == (0.1, 3)
    fixed = written(text, "data.fold=5")
    assert [job.name for job in fixed] == ["learning_rate=0.01", "learning_rate=0.1"]
    assert {job.config.data.fold for job in fixed} == {5}


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_the_shipped_configurations_are_sound(path):
    assert read_jobs(path)


def test_the_papers_recipes_are_theirs():
    shipped = {path.stem: yaml.safe_load(path.read_text()) for path in SHIPPED}
    papers = {name: read_jobs(path) for name, path in zip(shipped, SHIPPED, strict=True)}
    for job in papers["paper_a"]:
        optimiser, trainer = job.config.optimiser, job.config.trainer
        assert (optimiser.name, optimiser.learning_rate) == ("adam", 1e-4)
        assert (trainer.batch_size, trainer.epochs) == (32, 100)
    assert {job.config.network.fusion for job in papers["paper_a"]} >= {"early", "hybrid"}
    for job in papers["paper_b"]:
        assert job.config.optimiser == Sgd(learning_rate=0.04, momentum=0.9, weight_decay=1e-3)
        assert job.config.schedule == Plateau(patience=10)
        assert job.config.trainer.epochs == 100
    assert {job.config.network.fusion for job in papers["paper_b"]} == {
        "late_transformer",
        "intermediate_transformer",
        "intermediate_attention",
    }
    for name in ("paper_a", "paper_b"):
        assert {job.config.data.fold for job in papers[name]} == {1, 2, 3, 4, 5, 6}
    grid = {
        (job.config.optimiser.learning_rate, job.config.optimiser.weight_decay)
        for job in papers["paper_b_ablation"]
    }
    assert grid == {(rate, decay) for rate in (0.01, 0.04, 0.1) for decay in (1e-4, 1e-3, 1e-2)}


@pytest.mark.parametrize("stage", STAGES)
def test_every_stage_can_be_run(stage):
    assert callable(stage_function(stage))
