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

"""The benchmark that compares all fusions: its parts on made-up pairs, and on a few real clips."""

import argparse
import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from emotion_recognition.cli import benchmark
from emotion_recognition.corpora import ravdess
from emotion_recognition.corpora.openface import FILE
from emotion_recognition.evaluation.fusion_report import CONDITIONS
from emotion_recognition.evaluation.ravdess_voice import feature_cache, fold_weights
from emotion_recognition.model.fusion import LogisticFusion
from emotion_recognition.model.network import EmotionNetwork, load_network
from emotion_recognition.training import ravdess_fusion
from emotion_recognition.training.ravdess_fusion import (
    MODELS,
    NetworkFusion,
    benchmark_ravdess_fusion,
    calibrate,
    fit_logistic,
    judge,
    split,
    train,
    train_networks,
)
from emotion_recognition.training.ravdess_pairs import Pairs, in_noise, paired_clips
from emotion_recognition.training.voice_data import VoiceSet


@pytest.fixture(scope="module")
def heard() -> EmotionNetwork:
    return load_network(fold_weights(0))[0]


@pytest.fixture
def pairs() -> Pairs:
    """Noise for a voice, faces that give the class away."""
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(64) % 8
    faces = torch.randn(64, 1, 35, generator=generator) * 0.1
    faces[torch.arange(64), 0, labels] += 3
    return Pairs(
        torch.rand(64, 128, 8, generator=generator),
        torch.ones(64, 8, dtype=torch.bool),
        faces,
        torch.ones(64, 1, dtype=torch.bool),
        labels,
    )


def test_the_voice_alone_is_judged_as_the_fold_network_judges_it(heard, pairs) -> None:
    expected = heard.heads.audio_classes(heard.audio.stage_two(pairs.sound, pairs.sound_mask))
    for name in ("intermediate_attention", "intermediate_transformer", "late_transformer"):
        found = judge(NetworkFusion(heard, name), pairs)["face_missing"]
        torch.testing.assert_close(found, expected)


def test_early_fusion_starts_as_the_voice_alone(heard, pairs) -> None:
    expected = heard.heads.audio_classes(heard.audio.stage_two(pairs.sound, pairs.sound_mask))
    torch.testing.assert_close(judge(NetworkFusion(heard, "early"), pairs)["both"], expected)


def test_training_learns_the_faces_and_leaves_the_audio_branch(heard, pairs) -> None:
    before = {name: value.clone() for name, value in heard.audio.state_dict().items()}
    model = train(NetworkFusion(heard, "intermediate_attention"), pairs, 40, seed=0)
    logits = judge(model, pairs)
    assert (logits["voice_missing"].argmax(dim=1) == pairs.labels).float().mean() > 0.9
    after = model.network.audio.state_dict()
    assert all(torch.equal(after[name], value) for name, value in before.items())


def test_all_networks_are_trained_and_cope_with_either_stream_missing(heard, pairs) -> None:
    networks = train_networks(heard, pairs, steps=2, seed=0)
    again = train_networks(heard, pairs, steps=2, seed=0)
    assert networks.keys() == set(MODELS) - {"audio", "late_softmax", "late_logistic", "hybrid"}
    for name, model in networks.items():
        same = judge(again[name], pairs)
        for condition, logits in judge(model, pairs).items():
            assert logits.shape == (64, 8) and torch.isfinite(logits).all()
            assert torch.equal(same[condition], logits)


def test_logistic_fusion_learns_which_stream_to_trust() -> None:
    generator = torch.Generator().manual_seed(1)
    labels = torch.arange(80) % 8
    truth = torch.nn.functional.one_hot(labels, 8).float()
    noise = torch.randn(80, 8, generator=generator) * 4
    streams = [dict.fromkeys(CONDITIONS, noise), dict.fromkeys(CONDITIONS, truth)]
    model = LogisticFusion(2)
    fit_logistic(model, streams, labels)
    trust = model.weight.detach().diagonal(dim1=1, dim2=2).mean(dim=1)
    assert trust[1] > 1.2 > 0.8 > trust[0]


def test_calibration_takes_the_temperature_of_the_validation_part() -> None:
    labels = torch.arange(80) % 8
    logits = torch.nn.functional.one_hot((labels + (torch.arange(80) < 20)) % 8, 8) * 10.0
    parts = {part: dict.fromkeys(CONDITIONS, logits) for part in ("valid", "test")}
    calibrate(parts, labels)
    confidence = parts["test"]["both"].softmax(dim=1).amax(dim=1).mean()
    assert 0.7 < confidence < 0.85  # three quarters are right
    assert torch.equal(parts["test"]["both"], parts["valid"]["both"])


@pytest.fixture(scope="module")
def few_clips(shared_data: Path, tmp_path_factory) -> Path:
    """Data of the strong, first repetition of the first statement: 7 clips an actor."""
    data = tmp_path_factory.mktemp("data")
    (data / FILE).symlink_to(shared_data / FILE)
    for clip in ravdess.speech_clips(shared_data):
        if clip.strong and clip.statement == clip.repetition == 1:
            link = data / "ravdess_speech" / clip.path.parent.name / clip.path.name
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(clip.path)
    return data


def test_writes_an_entry_for_each_model(few_clips: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(ravdess_fusion, "STEPS", 3)
    result = benchmark_ravdess_fusion(few_clips, tmp_path, quick=True)
    assert json.loads((tmp_path / "ravdess-fusion.json").read_text()) == result
    assert tuple(result["models"]) == MODELS
    assert result["quick"] and result["n"] == 27  # one of the 28 has no action units
    wanted = {"accuracy", "uar", "top1", "top5", "loss", "folds"}
    for entry in result["models"].values():
        for figures in (entry, entry["voice_missing"], entry["face_missing"]):
            assert wanted <= figures.keys()
            assert [fold["actors"] for fold in figures["folds"]] == [[1, 2, 3, 4]]
    audio, video = result["models"]["audio"], result["models"]["video"]
    assert audio["accuracy"] == audio["face_missing"]["accuracy"] > 0.5
    assert video["accuracy"] == video["voice_missing"]["accuracy"]
    assert (tmp_path / "ravdess-fusion.png").stat().st_size > 10_000
    page = (tmp_path / "ravdess-fusion.md").read_text()
    assert "| hybrid |" in page and "ravdess-fusion --data DIR --out DIR --quick`" in page
    shipped = result["models"]["intermediate_attention"]
    assert sum(map(sum, shipped["confusion"])) == 27
    assert set(shipped["by_sex"]) == {"female", "male"}

    # The features are read again, not computed again; no actor is on two sides of a fold.
    cache = feature_cache(tmp_path)
    written = cache.stat().st_mtime_ns
    voices, units, noisy = paired_clips(few_clips, tmp_path)
    assert cache.stat().st_mtime_ns == written and not noisy
    parts = split(0, voices, units, load_network(fold_weights(0))[0])
    assert {name: len(part.labels) for name, part in parts.items()} == {
        "train": ravdess_fusion.VERSIONS * int((voices.actors > 6).sum()),
        "valid": int(((voices.actors == 5) | (voices.actors == 6)).sum()),
        "test": 27,
    }
    faces = parts["train"].faces
    torch.testing.assert_close(faces.mean(dim=0), torch.zeros(1, 35), atol=1e-4, rtol=0)

    # Broken data are named at once.
    with pytest.raises(ValueError, match="fold 1 has no test clips"):
        strangers = voices.by_actors(tuple(range(5, 25)))
        split(0, strangers, units[voices.actors > 4], load_network(fold_weights(0))[0])
    (few_clips / "more").mkdir()
    with pytest.raises(FileNotFoundError, match="action units"):
        paired_clips(few_clips / "more", tmp_path)


def test_quick_is_refused_where_there_is_no_short_form(tmp_path: Path) -> None:
    options = argparse.Namespace(
        name="ferplus", data=tmp_path, out=tmp_path / "out", quick=True, noise=False
    )
    with pytest.raises(ValueError, match="--quick: ferplus has no such form"):
        benchmark.main(options)
    assert not (tmp_path / "out").exists()


def test_noise_changes_the_voice_alone(heard, pairs: Pairs) -> None:
    generator = torch.Generator().manual_seed(2)
    noisy = VoiceSet(
        [Path(str(row)) for row in range(64)],
        (torch.randn(64, 100, 87, generator=generator) * 5 - 60).half(),
        torch.full((64,), 100),
        torch.eye(8)[pairs.labels],
        torch.zeros(64),
        pairs.labels,
        torch.ones(64),
    )
    found = in_noise(heard, pairs, noisy)
    assert len(found.sound) == 64 and found.sound.shape[1] == pairs.sound.shape[1]
    assert torch.equal(found.faces, pairs.faces) and torch.equal(found.labels, pairs.labels)


def test_streams_can_be_left_out(pairs: Pairs) -> None:
    assert not pairs.without_voice().sound_mask.any() and pairs.without_voice().faces_mask.all()
    assert not pairs.without_face().faces_mask.any() and pairs.without_face().sound_mask.all()
    brief = pairs.faces_alone()
    assert brief.sound.shape[2] == 2 and not brief.sound_mask.any()
    half = replace(pairs, sound=pairs.sound.half()).rows(torch.tensor([3, 1]))
    assert half.sound.dtype == torch.float32 and half.labels.tolist() == [3, 1]
