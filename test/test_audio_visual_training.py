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

"""The stage audio_visual: who is tested, what is learnt, and what it writes; on tiny corpora."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from recordings import make_clip

from emotion_recognition.corpora import ravdess
from emotion_recognition.emotions import EMOTIONS
from emotion_recognition.model.checkpoint import save_checkpoint
from emotion_recognition.model.network import (
    KIND,
    NetworkConfig,
    build_network,
    config_entries,
    load_network,
)
from emotion_recognition.training import clip_pairs
from emotion_recognition.training.audio_visual import (
    AudioVisual,
    Clips,
    drop_streams,
    run,
    set_statistics,
)
from emotion_recognition.training.clip_pairs import ClipPairs, read_pairs, split_by_speaker
from emotion_recognition.training.clip_sources import ClassFolders, RavdessClips, RavdessPairs
from emotion_recognition.training.config import ConfigError
from emotion_recognition.training.optimiser import AdamW
from emotion_recognition.training.task import Training

TINY = NetworkConfig("mfcc", 20, vector_size=35, attention_size=4, fusion="intermediate_attention")


def made_up(actors: range, size: int = 35, each: int = 8) -> ClipPairs:
    """Noise for a voice, faces that give the class away; one clip of each class and actor."""
    generator = torch.Generator().manual_seed(0)
    count = len(actors) * each
    labels = torch.arange(count) % len(EMOTIONS)
    vectors = torch.randn(count, 1, size, generator=generator) * 0.1
    vectors[torch.arange(count), 0, labels] += 1
    speakers = tuple(str(actor) for actor in actors for _ in range(each))
    frames = (torch.randn(count, 60, 87, generator=generator) * 9 - 50).half()
    lengths = torch.randint(30, 61, (count,), generator=generator)
    return ClipPairs(frames, lengths, vectors, torch.ones(count, 1).bool(), labels, speakers)


@pytest.fixture
def everyone(monkeypatch) -> ClipPairs:
    clips = made_up(range(1, 25))
    monkeypatch.setattr("emotion_recognition.training.audio_visual.read_pairs", lambda *_: clips)
    return clips


def config(**changes) -> AudioVisual:
    return AudioVisual(
        **{
            "network": TINY,
            "optimiser": AdamW(learning_rate=0.01),
            "trainer": Training(epochs=3, batch_size=16),
            "drop_voice": 0.3,
            "drop_face": 0.1,
            **changes,
        }
    )


def test_no_speaker_stands_on_two_sides():
    clips = made_up(range(1, 25))
    for fold in range(1, 7):
        split = split_by_speaker(RavdessPairs(fold=fold), clips)
        people = [
            {int(clips.speakers[row]) for row in rows}
            for rows in (split.train, split.valid, split.test)
        ]
        assert people[2] == set(ravdess.FOLDS[fold - 1])
        assert people[1] == set(ravdess.validation_actors(fold - 1))
        assert people[0] | people[1] | people[2] == set(ravdess.ACTORS)
        assert sum(map(len, people)) == 24


@pytest.mark.parametrize(
    ("actors", "said"),
    [
        (range(5, 25), r"^data.fold: no clip of 1, 2, 3, 4 \(test\); there are clips of 5, 6"),
        (range(1, 5), r"^data.fold: no clip of 5, 6 \(valid\)"),
        (range(1, 7), r"^data.fold: nobody is left to train on"),
    ],
)
def test_an_empty_part_of_a_fold_is_named(actors, said):
    with pytest.raises(ConfigError, match=said):
        split_by_speaker(RavdessPairs(), made_up(actors))


def test_a_class_without_training_clips_is_named():
    clips = made_up(range(1, 25))
    labels = clips.labels.clone()
    labels[6 * 8 :] = 3  # all but actors 1 to 6 are sad
    with pytest.raises(ConfigError, match=r"^data.fold: tested on neutral, calm, happy, angry"):
        split_by_speaker(RavdessPairs(), replace(clips, labels=labels))


def test_speakers_of_own_recordings_are_those_that_are_named():
    clips = replace(made_up(range(4)), speakers=tuple(name for name in "abcd" for _ in range(8)))
    split = split_by_speaker(ClassFolders("x", ("a",), ("c",)), clips)
    assert split.test.tolist() == list(range(8))
    assert split.valid.tolist() == list(range(16, 24))
    assert split.train.tolist() == [*range(8, 16), *range(24, 32)]
    with pytest.raises(ConfigError, match=r"^data.test_speakers: no clip of e \(test\).* a, b, c"):
        split_by_speaker(ClassFolders("x", ("a", "e"), ("c",)), clips)


def test_it_trains_tests_and_writes(everyone, tmp_path):
    path = run(config(), Path("none"), tmp_path, tmp_path, False)
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["accuracy"] == report["top1"] > 0.8  # the faces give it away
    assert report["voice_missing"]["accuracy"] > 0.8 > 0.4 > report["face_missing"]["accuracy"]
    assert report["test_speakers"] == ["1", "2", "3", "4"]
    assert report["valid_speakers"] == ["5", "6"]
    assert report["clips"] == {"train": 144, "valid": 16, "test": 32}
    assert report["n"] == 32 and len(report["confusion"]) == 8
    table = (tmp_path / "report.md").read_text()
    assert f"| both streams | {100 * report['accuracy']:.1f} |" in table
    network, metadata = load_network(path)
    assert network.config == TINY
    assert json.loads(metadata["labels"]) == list(EMOTIONS)
    assert set(json.loads(metadata["temperature"])) == {"audio", "video", "both"}
    start = config(start=str(path), trainer=Training(epochs=1, batch_size=16))
    run(start, Path("none"), tmp_path / "more", tmp_path, False)
    more = json.loads((tmp_path / "more" / "report.json").read_text())
    assert more["valid"]["train_loss"] < report["valid"]["train_loss"] * 1.5


@pytest.mark.parametrize(
    ("network", "labels", "said"),
    [
        (TINY, EMOTIONS[:7], r"^start: .* tells 7 classes apart .*allowed: the 8"),
        (replace(TINY, fusion="early"), EMOTIONS, r"^start: .* has fusion 'early'; allowed: 'inte"),
    ],
)
def test_a_start_of_another_architecture_is_refused(tmp_path, network, labels, said):
    built = build_network(network)
    path = tmp_path / "start.safetensors"
    save_checkpoint(path, built, KIND, "x", config_entries(built), labels=json.dumps(labels))
    with pytest.raises(ConfigError, match=said):
        run(config(start=str(path)), tmp_path, tmp_path, tmp_path, False)


def test_a_start_that_is_no_checkpoint_is_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"^start: .*no such checkpoint"):
        run(config(start=str(tmp_path / "none")), tmp_path, tmp_path, tmp_path, False)
    (tmp_path / "torn").write_bytes(b"torn")
    with pytest.raises(ConfigError, match=r"^start: .*not a readable safetensors file"):
        run(config(start=str(tmp_path / "torn")), tmp_path, tmp_path, tmp_path, False)
    folder = tmp_path / "corpora"
    folder.mkdir()
    with pytest.raises(ConfigError, match=r"^data.corpus: no table of action units"):
        run(config(), folder, tmp_path, tmp_path, False)


def test_statistics_are_those_of_the_columns_that_are_read():
    clips = made_up(range(2))
    rows = torch.arange(8)
    frames = np.concatenate(
        [clips.frames[row, : clips.lengths[row]].numpy().astype(np.float64) for row in range(8)]
    )
    for branch, size, columns in (("mfcc", 20, slice(64, 84)), ("log_mel", 64, slice(0, 64))):
        audio = build_network(NetworkConfig(branch, size)).audio
        set_statistics(audio, clips, rows)
        np.testing.assert_allclose(audio.mean, frames[:, columns].mean(axis=0), rtol=1e-4)
        np.testing.assert_allclose(audio.std, frames[:, columns].std(axis=0, ddof=1), rtol=1e-4)


def test_streams_are_dropped_at_the_rates_and_never_both():
    torch.manual_seed(0)
    clips = 20_000
    batch = (
        torch.zeros(clips, 1, 1),
        torch.ones(clips, 3).bool(),
        torch.zeros(clips, 1, 1),
        torch.ones(clips, 2).bool(),
        torch.zeros(clips),
    )
    _, heard, _, seen, _ = drop_streams(batch, 0.3, 0.2)
    assert torch.equal(heard.all(dim=1), heard.any(dim=1))
    assert float((~heard.any(dim=1)).float().mean()) == pytest.approx(0.3, abs=0.02)
    assert float((~seen.any(dim=1)).float().mean()) == pytest.approx(0.2, abs=0.02)
    assert bool((heard.any(dim=1) | seen.any(dim=1)).all())


def test_windows_are_cut_around_the_middle_or_augmented():
    clips = made_up(range(1))
    plain = Clips(clips, torch.arange(8))[[2, 5]]
    assert plain[0].shape == (2, 225, 87) and plain[2].shape == (2, 1, 35)
    assert plain[1].sum(dim=1).tolist() == clips.lengths[[2, 5]].tolist()
    torch.manual_seed(0)
    augmented = Clips(clips, torch.arange(8), augment=True)
    assert augmented[[2, 5]][0].shape == (2, 225, 64)
    assert not torch.equal(augmented[[2, 5]][0], augmented[[2, 5]][0])


# --- real clips -----------------------------------------------------------------------------------


@pytest.mark.shared
def test_strips_of_faces_are_read_with_their_sound(shared_data, tmp_path):
    folder = tmp_path / "faces" / "Actor_01"
    folder.mkdir(parents=True)
    strip = next((shared_data / "ravdess_actor01_faces").glob("01-01-03*.jpg"))
    shutil.copy(strip, folder)
    sound = tmp_path / "sound"
    sound.mkdir()
    source = RavdessClips(folder="faces", sound="sound")
    with pytest.raises(ConfigError, match=r"^data.sound: no 03-01-03"):
        read_pairs(source, tmp_path, tmp_path)
    original = shared_data / "ravdess_speech" / "Actor_01" / f"03{strip.stem[2:]}.flac"
    shutil.copy(original, sound)
    found = read_pairs(source, tmp_path, tmp_path)
    assert found.vectors.shape == (1, 15, 128) and found.speakers == ("1",)
    assert found.labels.tolist() == [EMOTIONS.index("happy")]
    seconds = soundfile.info(original).duration
    assert int(found.seen.sum()) == pytest.approx(15 * min(1, seconds / 3.6), abs=1)
    assert bool((found.vectors[0, found.seen[0]].abs().sum(dim=1) > 0).all())
    assert found.lengths.tolist() == [pytest.approx(min(seconds, 3.6) * 62.5, abs=3)]


def test_own_recordings_are_read_once(tmp_path, monkeypatch):
    for name in ("happy/anna_1", "sad/anna_2", "happy/ben_1"):
        path = tmp_path / "own" / f"{name}.mkv"
        path.parent.mkdir(parents=True, exist_ok=True)
        make_clip(path, 1.0)
    source = ClassFolders("own", ("anna",), ("ben",), detector="haar")
    found = read_pairs(source, tmp_path, tmp_path)
    assert found.speakers == ("anna", "ben", "anna")
    assert found.labels.tolist() == [EMOTIONS.index(name) for name in ("happy", "happy", "sad")]
    assert found.vectors.shape == (3, 15, 128) and not found.seen.any()  # no faces in these
    assert found.lengths.tolist() == [pytest.approx(62, abs=3)] * 3
    monkeypatch.setattr(clip_pairs, "write_windows", None)  # from here on what was kept is read
    again = read_pairs(source, tmp_path, tmp_path)
    assert torch.equal(again.frames, found.frames)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("happy/anna.mkv", r"^data.folder: found 'anna.mkv'; allowed: names such as anna_03.mp4"),
        ("furious/anna_1.mkv", r"(?s)^data.folder: .*unknown emotion 'furious'"),
        ("anna_1.mkv", r"^data.folder: no recordings by class in '.*own'.*anna_1.mkv; expected"),
    ],
)
def test_a_folder_of_another_layout_is_refused(tmp_path, name, said):
    path = tmp_path / "own" / name
    path.parent.mkdir(parents=True)
    make_clip(path, 1.0)
    with pytest.raises(ConfigError, match=said):
        read_pairs(ClassFolders("own", ("anna",), ("ben",)), tmp_path, tmp_path)
