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

import itertools
from dataclasses import asdict, replace

import numpy as np
import pytest
import soundfile
import torch
from tiny_backbones import write_whisper

from emotion_recognition.corpora import crema_d, ravdess
from emotion_recognition.corpora.ravdess import parse_clip
from emotion_recognition.model.backbones import VoiceEncoderChoice
from emotion_recognition.model.emotion_model import AUDIO_STEPS, load_model
from emotion_recognition.model.network import EmotionNetwork, load_network
from emotion_recognition.training import voice, voice_data
from emotion_recognition.training.augment import mix, random_vector_windows, random_windows
from emotion_recognition.training.calibration import fit_temperature
from emotion_recognition.training.config import ConfigError, parse
from emotion_recognition.training.optimise import (
    AveragedModel,
    descend,
    intensity_loss,
    one_cycle,
    soft_cross_entropy,
)
from emotion_recognition.training.voice import (
    RandomWindows,
    Voice,
    VoiceClassifier,
    run,
    score,
    set_statistics,
    split_voices,
)
from emotion_recognition.training.voice_data import (
    VoiceSet,
    join_voices,
    ravdess_voices,
)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def voices(tmp_path) -> VoiceSet:
    """Twenty-four clips of one actor; the emotion shows as a louder band."""
    paths = [
        tmp_path / f"03-01-{emotion:02d}-{strong:02d}-01-{repetition:02d}-05.flac"
        for emotion in (1, 3, 5)
        for strong in ((1,) if emotion == 1 else (1, 2))
        for repetition in range(1, 6)
    ]
    rng = np.random.default_rng(0)
    features = {}
    for path in paths:
        clip = parse_clip(path)
        frames = rng.normal(-60, 5, (int(rng.integers(150, 300)), 87))
        frames[:, clip.label * 8 : clip.label * 8 + 8] += 30
        features[path.stem] = frames.astype(np.float16)
    return ravdess_voices([parse_clip(path) for path in paths], features)


def test_a_set_holds_labels_intensity_and_frames(voices: VoiceSet) -> None:
    assert len(voices) == 25
    assert voices.frames.dtype == torch.float16
    assert voices.targets.argmax(dim=1).tolist() == voices.labels.tolist()
    neutral = voices.labels == 0
    assert voices.intensity[neutral].isnan().all()
    assert sorted(set(voices.intensity[~neutral].tolist())) == [0.0, 1.0]
    assert len(voices.by_actors((5,))) == 25 and len(voices.by_actors((1, 2))) == 0


def test_centre_windows_cut_and_pad_evenly(voices: VoiceSet) -> None:
    windows, masks = voices.centre_windows()
    assert windows.shape == (25, AUDIO_STEPS, 87)
    for row, length in enumerate(voices.lengths.tolist()):
        assert masks[row].sum() == min(length, AUDIO_STEPS)
        start = abs(length - AUDIO_STEPS) // 2
        if length >= AUDIO_STEPS:
            torch.testing.assert_close(windows[row, 0], voices.frames[row, start].float())
        else:
            first = int(masks[row].nonzero()[0])
            assert abs(first - start) <= 1
            torch.testing.assert_close(windows[row, first], voices.frames[row, 0].float())


def test_random_windows_are_repeatable_finite_and_stay_near_the_clip(voices: VoiceSet) -> None:
    windows, masks = random_windows(voices.frames, voices.lengths, seeded())
    again, _ = random_windows(voices.frames, voices.lengths, seeded())
    other, _ = random_windows(voices.frames, voices.lengths, seeded(1))
    assert windows.shape == (25, AUDIO_STEPS, 64)
    assert torch.equal(windows, again) and not torch.equal(windows, other)
    assert torch.isfinite(windows).all()
    assert masks.any(dim=1).all()
    assert windows.min() > -100 and windows.max() < 10


def test_windows_of_vectors_hold_each_clip_whole_or_in_part() -> None:
    lengths = torch.tensor([60, 180, 120] * 20)
    steps = torch.arange(1, 181, dtype=torch.float16)
    vectors = torch.where(steps[None] <= lengths[:, None], steps[None], 0)[:, :, None]
    windows, mask = random_vector_windows(vectors, lengths, seeded())
    assert windows.shape == (60, 180, 1) and mask.shape == (60, 180)
    starts = set()
    for row, length in enumerate(lengths.tolist()):
        found = windows[row, :, 0][mask[row]]
        assert found.min() >= 1 and found.max() <= length and len(found.unique()) == len(found)
        starts.add(int(mask[row].nonzero()[0]) - int(found[0]) + 1)
        assert torch.equal(found.diff() >= 1, torch.ones(len(found) - 1, dtype=torch.bool))
    assert len(starts) > 10
    kept = mask.sum(dim=1) / lengths
    assert (kept > 0.8).float().mean() > 0.5 and kept.min() > 0
    again, _ = random_vector_windows(vectors, lengths, seeded())
    assert torch.equal(windows, again)


def test_mixing_keeps_most_of_each_window(voices: VoiceSet) -> None:
    windows, masks = random_windows(voices.frames, voices.lengths, seeded())
    mixed, mask, partner, share = mix(windows, masks, seeded(2))
    assert torch.equal(mask, masks)
    assert ((share >= 0.7) & (share <= 1)).all()
    row = int(share.argmin())
    step = int((masks[row] & masks[partner[row]]).nonzero()[0])
    expected = share[row] * windows[row, step] + (1 - share[row]) * windows[partner[row], step]
    torch.testing.assert_close(mixed[row, step], expected)


def test_sets_are_joined_to_the_length_of_the_longest(voices: VoiceSet) -> None:
    short = voices.select(voices.lengths < 200)
    short = replace(short, frames=short.frames[:, :200])
    joined = join_voices([short, voices])
    assert len(joined) == len(short) + 25 and joined.frames.shape[1] == voices.frames.shape[1]
    assert torch.equal(joined.frames[: len(short), :200], short.frames)
    assert not joined.frames[: len(short), 200:].any()
    assert joined.paths == short.paths + voices.paths


@pytest.mark.parametrize(("split", "corpus"), [("ravdess", ravdess), ("crema_d", crema_d)])
def test_no_speaker_stands_on_two_sides(voices: VoiceSet, split: str, corpus) -> None:
    actors = torch.tensor(corpus.ACTORS)
    voices = replace(
        voices,
        paths=[voices.paths[0]] * len(actors),
        frames=voices.frames[:1].expand(len(actors), -1, -1),
        actors=actors,
    )
    tested = []
    for fold, test in enumerate(corpus.FOLDS, 1):
        train, held = split_voices(voices, split, fold)
        assert not (train & held).any()
        assert set(actors[held].tolist()) == set(corpus.validation_actors(fold - 1))
        assert set(actors[~train & ~held].tolist()) == set(test)
        tested += test
    assert sorted(tested) == list(corpus.ACTORS)
    train, held = split_voices(voices, split, 0)
    assert train.all() and not held.any()


@pytest.fixture
def corpus(tmp_path, monkeypatch):
    """RAVDESS speech of four actors with made-up features; the emotion shows as a louder band."""
    rng = np.random.default_rng(0)
    features = {}
    for actor, emotion, repetition in itertools.product((1, 5, 6, 9), (3, 5, 6), (1, 2)):
        name = f"03-01-{emotion:02d}-02-01-{repetition:02d}-{actor:02d}"
        path = tmp_path / "data" / "ravdess_speech" / f"Actor_{actor:02d}" / f"{name}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, np.zeros(160), 16000)
        values = rng.normal(-60, 5, (150, 87))
        values[:, emotion * 8 : emotion * 8 + 8] += 30
        features[name] = values.astype(np.float16)

    def heard(paths, cache, change):
        """In a room every band is louder, by 10 dB a version."""
        louder = 10 * int(change.name.split()[-1]) if change else 0
        return {name: values + np.float16(louder) for name, values in features.items()}

    monkeypatch.setattr(voice_data, "voice_features", heard)
    return tmp_path


def recipe(**changes) -> Voice:
    trainer = {"epochs": 10, "batch_size": 6, "keep": "last", "ema_decay": 0.9}
    values = {
        "corpora": ["ravdess_speech"],
        "split": "ravdess",
        "folds": [1],
        "optimiser": {"name": "adamw", "learning_rate": 3e-3},
        "schedule": {"name": "one_cycle"},
        "trainer": trainer,
    }
    return parse(Voice, values | changes)


def test_a_fold_is_trained_measured_and_trained_on(corpus) -> None:
    data, features = corpus / "data", corpus / "features"
    path = run(recipe(), data, corpus / "first", features, False)
    network, metadata = load_network(path)
    assert path.name == "voice_fold1.safetensors" and metadata["id"] == "voice-ravdess-fold1"
    assert "| 1 | 12 |" in (corpus / "first" / "report.md").read_text()  # actors 5 and 6
    again = recipe(
        start=str(corpus / "first" / "voice_fold{fold}.safetensors"),
        trainer={"epochs": 1, "batch_size": 6, "keep": "last"},
        optimiser={"name": "adamw", "learning_rate": 1e-9},
    )
    further, _ = load_network(run(again, data, corpus / "second", features, False))
    before, after = (n.heads.audio_classes.weight for n in (network, further))
    torch.testing.assert_close(after, before, atol=1e-3, rtol=1e-3)
    final = recipe(calibrated=again.start, trainer=asdict(again.trainer))
    _, calibrated = load_network(run(final, data, corpus / "third", features, False))
    assert calibrated["temperature"] == metadata["temperature"]
    assert "| 1 |" not in (corpus / "third" / "report.md").read_text()  # nobody is kept out


def test_voices_in_noise_are_trained_on_and_clean_ones_validate(corpus, monkeypatch) -> None:
    """The scaling of the input tells what was trained on: clean voices and two louder versions."""
    judged = []
    monkeypatch.setattr(voice, "score", lambda *args: judged.append(args[1]) or score(*args))
    data, features = corpus / "data", corpus / "features"
    clean, _ = load_network(run(recipe(), data, corpus / "clean", features, False))
    noisy, _ = load_network(run(recipe(noisy_versions=2), data, corpus / "noisy", features, False))
    torch.testing.assert_close(noisy.audio.mean, clean.audio.mean + 10, atol=0.1, rtol=0)
    assert torch.equal(judged[0].frames, judged[1].frames)
    assert "| 1 | 12 |" in (corpus / "noisy" / "report.md").read_text()


def test_a_network_learns_on_a_voice_encoder_and_names_it(corpus, monkeypatch) -> None:
    write_whisper(corpus / "whisper")
    rng = np.random.default_rng(0)

    def vectors(paths, cache, encoder, change):
        values = {path.stem: rng.normal(0, 0.1, (70, encoder.vector_size)) for path in paths}
        for name, value in values.items():
            value[:, int(name.split("-")[2])] += 2
        return {name: value.astype(np.float16) for name, value in values.items()}

    monkeypatch.setattr(voice_data, "voice_vectors", vectors)
    choice = {"name": "whisper", "path": str(corpus / "whisper")}
    config = recipe(voice_encoder=choice)
    path = run(config, corpus / "data", corpus / "out", corpus / "features", False)
    network, metadata = load_network(path)
    assert (network.config.audio_branch, network.config.audio_size) == ("vectors", 16)
    assert metadata["voice_encoder"] == "whisper"
    assert "| 1 | 12 | 100.0 % |" in (corpus / "out" / "report.md").read_text()
    model = load_model(path, "cpu", voice_encoder=VoiceEncoderChoice(**choice))
    assert model.audio_shape == (180, 16)
    angry, happy = network.heads.ratings[[3, 2], 0].tolist()
    assert angry < 0 < happy  # valence as in the shipped network
    with pytest.raises(ConfigError, match=r"start: .* is built as .*vectors"):
        features = corpus / "features"
        run(recipe(start=str(path)), corpus / "data", corpus / "again", features, False)
    with pytest.raises(ConfigError, match=r"voice_encoder\.path: .*no such folder"):
        absent = recipe(voice_encoder={"name": "whisper", "path": str(corpus / "absent")})
        run(absent, corpus / "data", corpus / "again", corpus / "features", False)


def test_learns_to_tell_the_bands_apart(voices: VoiceSet) -> None:
    torch.manual_seed(0)
    network = EmotionNetwork()
    set_statistics(network, voices)
    classifier = VoiceClassifier(network)
    data = RandomWindows(voices)
    optimiser, schedule = one_cycle(classifier, 3e-3, 24)
    average = AveragedModel(classifier, 0.998)
    for _ in range(24):
        windows, mask, targets, _ = data[torch.randperm(25)[:12].tolist()]
        loss = soft_cross_entropy(classifier(windows, mask)[0], targets)
        descend(loss, classifier, optimiser, schedule, average)
    accuracy = (score(average.model, voices).argmax(dim=1) == voices.labels).float().mean()
    assert accuracy > 0.8


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"folds": [7]}, "folds"),
        ({"folds": []}, "folds"),
        ({"corpora": []}, "corpora"),
        ({"corpora": ["savee"]}, "corpora"),
        ({"acted": 1.5}, "acted"),
        ({"trainer": {"keep": "best"}}, "trainer.keep"),
        ({"smoothing": -0.1}, "smoothing"),
        ({"intensity": -1.0}, "intensity"),
        ({"noisy_versions": -1}, "noisy_versions"),
    ],
)
def test_what_cannot_be_trained_is_named(changes, field: str) -> None:
    with pytest.raises(ConfigError, match=field.replace(".", r"\.")):
        recipe(**changes)


def test_missing_files_are_named_before_training(corpus) -> None:
    with pytest.raises(ConfigError, match=r"start: .*none\.safetensors"):
        run(recipe(start="none.safetensors"), corpus / "data", corpus, corpus / "features", False)
    with pytest.raises(ConfigError, match=r"calibrated: .*none\.safetensors"):
        config = recipe(calibrated="none.safetensors")
        run(config, corpus / "data", corpus, corpus / "features", False)
    with pytest.raises(ConfigError, match="corpora"):
        run(recipe(), corpus / "nothing", corpus, corpus / "features", False)


def test_losses_follow_their_definitions() -> None:
    logits = torch.tensor([[2.0, 0.0], [0.0, 1.0]])
    targets = torch.tensor([[1.0, 0.0], [0.5, 0.5]])
    p = np.exp(logits.numpy()) / np.exp(logits.numpy()).sum(axis=1, keepdims=True)
    smooth = targets.numpy() * 0.8 + 0.1
    expected = -(smooth * np.log(p)).sum(axis=1).mean()
    assert soft_cross_entropy(logits, targets, 0.2).item() == pytest.approx(expected, rel=1e-5)
    intensity = torch.tensor([1.0, float("nan"), 0.0])
    found = intensity_loss(torch.tensor([0.5, 9.0, -1.0]), intensity).item()
    assert found == pytest.approx((np.log1p(np.exp(-0.5)) + np.log1p(np.exp(-1.0))) / 2, rel=1e-5)
    assert intensity_loss(torch.zeros(2), torch.full((2,), float("nan"))).item() == 0


def test_the_average_follows_the_model_and_its_statistics() -> None:
    model = torch.nn.BatchNorm1d(2)
    average = AveragedModel(model, decay=0.5)
    with torch.no_grad():
        model.weight.fill_(3.0)
        model.running_mean.fill_(2.0)
    for _ in range(20):
        average.update(model)
    torch.testing.assert_close(average.model.weight, torch.full((2,), 3.0), atol=1e-4, rtol=0)
    torch.testing.assert_close(average.model.running_mean, torch.full((2,), 2.0), atol=1e-4, rtol=0)
    assert not average.model.training


def test_only_weights_decay() -> None:
    optimiser, schedule = one_cycle(torch.nn.Linear(2, 2), 1e-3, 10, weight_decay=0.1)
    assert [group["weight_decay"] for group in optimiser.param_groups] == [0.1, 0.0]
    assert schedule.total_steps == 10


def test_temperature_undoes_a_scaling_of_calibrated_logits() -> None:
    generator = seeded()
    logits = torch.randn(4000, 4, generator=generator) * 1.5
    labels = torch.multinomial(logits.softmax(dim=1), 1, generator=generator)[:, 0]
    assert fit_temperature(logits * 2, labels) == pytest.approx(2, rel=0.08)
    assert fit_temperature(logits, logits.softmax(dim=1)) == pytest.approx(1, rel=0.03)
