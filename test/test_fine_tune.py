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

"""The stage fine_tune: a lab's own emotions, on windows as the deployed recogniser cuts them."""

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from emotion_recognition.emotions import EMOTIONS
from emotion_recognition.estimate import Estimate
from emotion_recognition.model.checkpoint import CheckpointError, save_checkpoint
from emotion_recognition.model.emotion_model import load_model
from emotion_recognition.model.network import (
    KIND,
    EmotionNetwork,
    NetworkConfig,
    build_network,
    config_entries,
    load_network,
)
from emotion_recognition.model.network_file import WEIGHTS, network_file, read_labels
from emotion_recognition.studies import recognize
from emotion_recognition.studies.configuration import make_configuration
from emotion_recognition.training import fine_tune, recorded_windows
from emotion_recognition.training.config import ConfigError, parse, read_jobs
from emotion_recognition.training.fine_tune import (
    EmotionClass,
    FineTune,
    run,
    split,
    start_heads,
    with_heads,
)
from emotion_recognition.training.optimiser import AdamW
from emotion_recognition.training.recorded_windows import LabelledWindows, read_windows
from emotion_recognition.training.task import Training

CLASSES = (
    EmotionClass("neutral"),
    EmotionClass("bored", -0.3, -0.6),
    EmotionClass("joy"),
)
NAMES = ("neutral", "bored", "joy")


def config(**changes) -> FineTune:
    given = {
        "recordings": "recordings",
        "labels": "labels.csv",
        "classes": CLASSES,
        "test": ("carla",),
        "valid": ("ben",),
        "id": "lab-1",
        "optimiser": AdamW(learning_rate=0.02),
        "trainer": Training(epochs=8, batch_size=16, monitor="loss"),
        **changes,
    }
    return FineTune(**given)


@pytest.fixture(scope="module")
def shipped() -> EmotionNetwork:
    network, _ = load_network(network_file(None))
    return network


def made_up(classes: int = 3, each: int = 20, people=("anna", "ben", "carla")) -> LabelledWindows:
    """Vectors of 128 numbers that give the class away, some windows without a voice or a face."""
    generator = torch.Generator().manual_seed(0)
    count = classes * each * len(people)
    labels = torch.arange(count) % classes
    voice = torch.rand(count, 128, generator=generator) * 0.2
    face = torch.rand(count, 128, generator=generator) * 0.2
    voice[torch.arange(count), labels] += 2
    face[torch.arange(count), labels + 50] += 2
    heard = torch.arange(count) % 5 != 0
    seen = torch.arange(count) % 7 != 0
    heard |= ~seen
    audio = torch.stack([voice * heard[:, None], voice * 0, voice * heard[:, None]], dim=1)
    video = torch.stack([face * seen[:, None], face * seen[:, None], face * 0], dim=1)
    there = torch.stack([torch.ones_like(seen), seen, heard], dim=1)
    subjects = tuple(name for name in people for _ in range(classes * each))
    recordings = tuple(f"{name}_{n % 2}" for n, name in enumerate(subjects))
    return LabelledWindows(audio, video, there, seen & heard, labels, subjects, recordings)


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setattr(fine_tune, "read_windows", lambda *_: made_up())
    return run(config(), tmp_path, tmp_path / "out", tmp_path / "features", False)


def test_a_class_that_the_network_knows_starts_as_it_is_known_there(shipped: EmotionNetwork):
    heads = start_heads(shipped, EMOTIONS, CLASSES)
    happy = EMOTIONS.index("happy")  # joy is another word for it
    old, new = shipped.heads, heads
    torch.testing.assert_close(new.audio_classes.weight[0], old.audio_classes.weight[0])
    torch.testing.assert_close(new.video_classes.weight[2], old.video_classes.weight[happy])
    torch.testing.assert_close(new.audio_classes.bias[2], old.audio_classes.bias[happy])
    torch.testing.assert_close(new.video_classes.weight[1], old.video_classes.weight.mean(dim=0))
    torch.testing.assert_close(new.ratings[2], old.ratings[happy])
    torch.testing.assert_close(new.ratings[1], torch.tensor([-0.3, -0.6]))
    torch.testing.assert_close(new.intensity.weight, old.intensity.weight)


def test_the_shipped_classes_give_the_shipped_network(shipped: EmotionNetwork):
    classes = [EmotionClass(name) for name in EMOTIONS]
    network = with_heads(shipped, start_heads(shipped, EMOTIONS, classes))
    generator = torch.Generator().manual_seed(1)
    sound = torch.randn(2, 225, 64, generator=generator) * 20 - 60
    sight = torch.rand(2, 36, 128, generator=generator)
    window = sound, torch.ones(2, 225).bool(), sight, torch.ones(2, 36).bool()
    with torch.inference_mode():
        torch.testing.assert_close(network(*window).logits, shipped(*window).logits)
        vectors = shipped.vectors(*window)
        torch.testing.assert_close(shipped.heads(*vectors).logits, shipped(*window).logits)


def test_what_is_written_is_a_model_of_the_node_with_the_lab_s_classes(trained: Path):
    assert trained.name == "emotion_network.safetensors"
    assert read_labels(trained.parent) == NAMES
    model = load_model(trained.parent, "cpu")
    assert model.labels == NAMES
    assert model.id == "lab-1"
    found = model.predict(
        np.full((225, 64), -60, np.float32),
        np.ones(225, bool),
        np.zeros((36, 128), np.float32),
        np.zeros(36, bool),
    )
    assert found.probabilities.shape == (3,)
    assert found.probabilities.sum() == pytest.approx(1, abs=1e-5)
    assert -1 <= found.valence <= 1
    assert 0 <= found.intensity <= 1


def test_the_branches_stay_as_they_were(trained: Path, shipped: EmotionNetwork):
    network, _ = load_network(trained)
    for name, value in shipped.state_dict().items():
        if not name.startswith("heads."):
            torch.testing.assert_close(network.state_dict()[name], value)


def test_it_learns_and_tells_how_well_by_streams(trained: Path):
    report = json.loads((trained.parent / "report.json").read_text())
    for condition in ("both", "voice_missing", "face_missing"):
        assert report[condition]["accuracy"] > 0.9
    assert report["both"]["n"] < report["windows"]["test"]  # some lack a stream
    assert report["subjects"]["test"] == ["carla"]
    table = (trained.parent / "report.md").read_text()
    assert table.count("\n| ") == 4
    assert "took part" not in table


def test_a_test_on_people_who_were_learnt_from_is_said(monkeypatch, tmp_path: Path):
    windows = made_up(people=("anna",), each=60)
    names = tuple(f"anna_{row % 3}" for row in range(len(windows.labels)))
    labels = (torch.arange(len(names)) // 3) % 3
    windows = replace(windows, recordings=names, labels=labels)
    monkeypatch.setattr(fine_tune, "read_windows", lambda *_: windows)
    by_recording = config(test=("anna_2",), valid=("anna_1",))
    written = run(by_recording, tmp_path, tmp_path / "out", tmp_path, False)
    assert "for people who took part" in written.with_name("report.md").read_text()


def test_a_class_without_ratings_makes_both_unknown(monkeypatch, tmp_path: Path):
    monkeypatch.setattr(fine_tune, "read_windows", lambda *_: made_up())
    unrated = (EmotionClass("neutral"), EmotionClass("bored"), EmotionClass("joy"))
    written = run(config(classes=unrated), tmp_path, tmp_path / "out", tmp_path, False)
    model = load_model(written, "cpu")
    sight = np.random.default_rng(0).random((36, 128), np.float32)
    found = model.predict(
        np.zeros((225, 64), np.float32), np.zeros(225, bool), sight, np.ones(36, bool)
    )
    assert math.isnan(found.valence)
    assert math.isnan(found.arousal)
    assert found.probabilities.sum() == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"classes": [{"name": "bored"}]}, "classes: found ['bored']; allowed: two or more"),
        ({"classes": [{"name": "Bored"}, {"name": "joy"}]}, "classes[0].name: found 'Bored'"),
        ({"classes": [{"name": "other"}, {"name": "joy"}]}, "classes[0].name: found 'other'"),
        ({"classes": [{"name": "a"}, {"name": "a"}]}, "classes: found ['a', 'a']"),
        ({"classes": [{"name": "a", "valence": 2, "arousal": 0}, {"name": "b"}]}, "-1 to 1"),
        ({"classes": [{"name": "a", "valence": 1}, {"name": "b"}]}, "valence and arousal, or"),
        ({"test": ["ben"]}, "valid: found ['ben']; allowed: none of test"),
        ({"valid": []}, "valid: found []"),
        ({"id": ""}, "id: found ''"),
    ],
)
def test_what_makes_no_sense_is_refused_before_it_begins(changes: dict, said: str):
    good = {
        "recordings": "r",
        "labels": "l.csv",
        "classes": [{"name": "bored"}, {"name": "joy"}],
        "test": ["anna"],
        "valid": ["ben"],
        "id": "x",
    }
    with pytest.raises(ConfigError) as error:
        parse(FineTune, {**good, **changes})
    assert said in str(error.value)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"test": ("dora",)}, "test: found ['dora']; allowed: subjects (anna, ben, carla)"),
        ({"test": ("ben_0",)}, "valid: found ['ben']; allowed: none of the recordings of test"),
        ({"test": ("carla", "anna")}, "nothing is left to learn neutral, bored, joy from"),
    ],
)
def test_a_split_that_cannot_be_is_refused(changes: dict, said: str):
    with pytest.raises(ConfigError) as error:
        split(config(**changes), made_up())
    assert said in str(error.value)


def test_no_recording_stands_on_two_sides():
    windows = made_up()
    train, valid, test = split(config(test=("carla", "anna_0")), windows)
    sides = [{windows.recordings[row] for row in rows} for rows in (train, valid, test)]
    assert sides == [{"anna_1"}, {"ben_0", "ben_1"}, {"anna_0", "carla_0", "carla_1"}]


def test_a_network_that_fuses_decisions_has_no_head_to_exchange(tmp_path: Path):
    network = build_network(NetworkConfig(fusion="late_logistic"))
    path = tmp_path / "emotion_network.safetensors"
    entries = {"labels": json.dumps(EMOTIONS), "temperature": "{}"}
    save_checkpoint(path, network, KIND, "x", config_entries(network), **entries)
    (tmp_path / "robot.yaml").write_text(f"model_path: {path}\n")
    with pytest.raises(ConfigError, match=r"parameters: .*fusion 'late_logistic'"):
        run(config(parameters=str(tmp_path / "robot.yaml")), tmp_path, tmp_path, tmp_path, False)


def test_the_shipped_configuration_is_read(repository: Path):
    (job,) = read_jobs(repository / "config" / "training" / "fine_tune.yaml")
    assert job.config.names == ("neutral", "bored", "delighted")


def test_a_checkpoint_whose_labels_do_not_fit_is_refused(trained: Path, tmp_path: Path):
    network, metadata = load_network(trained)
    path = tmp_path / "two.safetensors"
    entries = {**metadata, "labels": json.dumps(NAMES[:2])}
    for key in ("format", "kind", "id", "config"):
        entries.pop(key)
    save_checkpoint(path, network, KIND, "x", config_entries(network), **entries)
    with pytest.raises(CheckpointError, match=r"labels are .* expected the 3 different names"):
        load_model(path, "cpu")


class TestRealRecordings:
    """What is read of a recording of a real person."""

    @pytest.fixture(scope="class")
    def study(self, talking_face: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
        folder = tmp_path_factory.mktemp("study")
        (folder / "recordings").mkdir()
        (folder / "recordings" / "anna_1.mp4").write_bytes(talking_face.read_bytes())
        (folder / "labels.csv").write_text("file,start,end,emotion\nanna_1,0,1.2,Bored\n")
        return folder

    @pytest.fixture(scope="class")
    def windows(self, study: Path) -> LabelledWindows:
        return self.read(study)

    @pytest.fixture(scope="class")
    def estimates(self, study: Path) -> list[Estimate]:
        unsmoothed = make_configuration(smoothing="none")
        every = recognize(study / "recordings" / "anna_1.mp4", unsmoothed)
        return [each for each in every if each.available]

    @staticmethod
    def read(study: Path) -> LabelledWindows:
        labels = study / "labels.csv"
        recordings, features = study / "recordings", study / "features"
        return read_windows(recordings, labels, NAMES, make_configuration(), features)

    def test_windows_are_those_of_the_estimates_with_the_label_at_their_middle(
        self, windows: LabelledWindows, estimates: list[Estimate]
    ):
        start_ns = 10**9  # where a clip begins
        begins = [max(each.stamp_ns - each.window_ns, start_ns) for each in estimates]
        middles = [(a + b.stamp_ns) / 2 for a, b in zip(begins, estimates, strict=True)]
        labelled = [middle < start_ns + 1.2e9 for middle in middles]
        assert 0 < sum(labelled) < len(estimates)
        assert len(windows.labels) == sum(labelled)
        assert set(windows.labels.tolist()) == {NAMES.index("bored")}
        assert set(windows.subjects) == {"anna"}
        assert set(windows.recordings) == {"anna_1"}

    def test_the_heads_judge_the_kept_vectors_as_the_deployed_model_judges_the_windows(
        self, windows: LabelledWindows, estimates: list[Estimate], shipped: EmotionNetwork
    ):
        _, metadata = load_network(network_file(WEIGHTS))
        temperature = json.loads(metadata["temperature"])
        row = int(windows.paired.nonzero()[0]) if windows.paired.any() else 0
        name = "both" if windows.paired.any() else "video"
        with torch.inference_mode():
            vectors = windows.audio[row, 0][None], windows.video[row, 0][None]
            logits = shipped.heads.eval()(*vectors).logits[0]
        found = (logits / temperature[name]).softmax(dim=0)
        np.testing.assert_allclose(found, estimates[row].probabilities, atol=5e-3)

    def test_a_recording_is_encoded_once(
        self, study: Path, windows: LabelledWindows, monkeypatch: pytest.MonkeyPatch
    ):
        def fail(*_):
            raise AssertionError("encoded again")

        monkeypatch.setattr(recorded_windows, "estimates_over", fail)
        torch.testing.assert_close(self.read(study).audio, windows.audio)

    def test_labels_of_other_emotions_are_refused(self, study: Path):
        labels = study / "wrong.csv"
        labels.write_text("file,emotion\nanna_1,angry\n")
        with pytest.raises(ConfigError, match=r"labels: .*'angry' \(1 times\); allowed are neutr"):
            read_windows(
                study / "recordings", labels, NAMES, make_configuration(), study / "features"
            )

    def test_a_folder_without_recordings_is_refused(self, study: Path):
        with pytest.raises(ConfigError, match=r"recordings: .*no such file or folder"):
            read_windows(study / "none", study / "labels.csv", NAMES, make_configuration(), study)
