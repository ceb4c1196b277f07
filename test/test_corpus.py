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

"""Corpora as folders of clips: layouts, and the list of what is wrong with them."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import soundfile

from emotion_recognition.corpora import class_folders, crema_d, ravdess, talking_faces
from emotion_recognition.corpora.corpus import Corpus, CorpusError, Problem
from emotion_recognition.corpora.media import why_unreadable


def write_sound(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, np.zeros(1600), 16000)
    return path


def write_image(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), np.zeros((8, 8), np.uint8))
    return path


def write_bytes(path: Path, content: bytes = b"") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def names(corpus: Corpus) -> list[str]:
    return [clip.path.name for clip in corpus.clips]


def kinds(corpus: Corpus, kind: str) -> list[Problem]:
    return [problem for problem in corpus.problems if problem.kind == kind]


@pytest.fixture
def ravdess_folder(tmp_path: Path) -> Path:
    """Two actors as published: speech, song and videos lie together."""
    for name in (
        "Actor_01/03-01-05-01-01-01-01.wav",
        "Actor_01/03-02-05-01-01-01-01.wav",
        "Actor_02/03-01-02-02-02-01-02.flac",
    ):
        write_sound(tmp_path / name)
    for name in ("Actor_01/01-01-05-01-01-01-01.mp4", "Actor_01/02-01-05-01-01-01-01.mp4"):
        write_bytes(tmp_path / name)
    write_bytes(tmp_path / "Actor_01" / "._03-01-05-01-01-01-01.wav", b"not a sound")
    return tmp_path


@pytest.mark.parametrize(
    ("channel", "modality", "found", "published"),
    [
        ("speech", "audio", ["03-01-05-01-01-01-01.wav", "03-01-02-02-02-01-02.flac"], 1440),
        ("song", "audio", ["03-02-05-01-01-01-01.wav"], 1012),
        ("speech", "audio-video", ["01-01-05-01-01-01-01.mp4"], 1440),
        ("speech", "video", ["02-01-05-01-01-01-01.mp4"], 1440),
    ],
)
def test_ravdess_is_filtered_by_channel_and_modality(
    ravdess_folder: Path, channel, modality, found, published
) -> None:
    corpus = ravdess.read(ravdess_folder, channel, modality)
    assert names(corpus) == found
    assert len(kinds(corpus, "missing")) == published - len(found)
    assert not kinds(corpus, "mislabelled")


def test_a_video_knows_its_sound(ravdess_folder: Path) -> None:
    (clip,) = ravdess.read(ravdess_folder, "speech", "video").clips
    assert clip.sound_name == "03-01-05-01-01-01-01"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("Actor_02/03-01-05-01-01-01-01.wav", "is of actor 01, and lies in 'Actor_02'"),
        ("Actor_01/03-01-01-02-01-01-01.wav", "no clip of this name was published"),  # no strong
        ("Actor_01/03-01-05-01-01-03-01.wav", "no clip of this name was published"),
        ("Actor_01/03-01-05-01-01-01-01.flac", "the same clip as Actor_01/03-01-05"),
        ("Actor_01/take two.wav", "is no RAVDESS name"),
    ],
)
def test_mislabelled_ravdess_clips_are_told(ravdess_folder: Path, name: str, reason: str) -> None:
    if name.endswith(".flac"):  # sorts before the .wav, which then is the second of the two
        write_sound(ravdess_folder / name)
        name = name.replace(".flac", ".wav")
    else:
        write_sound(ravdess_folder / name)
    (problem,) = kinds(ravdess.read(ravdess_folder, "speech"), "mislabelled")
    assert problem.where == name
    assert reason in problem.reason


def test_all_that_is_wrong_is_listed_together(ravdess_folder: Path) -> None:
    write_bytes(ravdess_folder / "Actor_01" / "03-01-06-01-01-01-01.wav")
    write_bytes(ravdess_folder / "Actor_01" / "03-01-07-01-01-01-01.wav", b"RIFF, and no more")
    write_sound(ravdess_folder / "Actor_01" / "noise.wav")
    corpus = ravdess.read(ravdess_folder, "speech")
    with pytest.raises(CorpusError) as caught:
        corpus.check()
    message = str(caught.value)
    assert "1 mislabelled, 2 broken, 1436 missing" in message
    assert "is empty: Actor_01/03-01-06-01-01-01-01.wav" in message
    assert "Actor_01/03-01-07-01-01-01-01.wav" in message
    assert "noise.wav" in message
    assert "... and 1428 more" in message and len(message.splitlines()) == 5
    assert len(caught.value.problems) == 1439
    with pytest.raises(CorpusError, match=r"1 mislabelled, 2 broken; put"):
        corpus.check(complete=False)


def test_a_sound_part_of_a_corpus_passes(ravdess_folder: Path) -> None:
    clips = ravdess.read(ravdess_folder, "speech").check(complete=False)
    assert [(clip.emotion, clip.strong, clip.actor) for clip in clips] == [
        ("angry", False, 1),
        ("calm", True, 2),
    ]


def test_of_many_reasons_some_are_told(tmp_path: Path) -> None:
    error = CorpusError("x", [Problem("broken", f"f{n}", f"reason {n}") for n in range(50)])
    assert len(str(error).splitlines()) == 22
    assert "30 more for other reasons" in str(error)


@pytest.mark.parametrize("layout", ["published", "named crema_d", "side by side"])
def test_crema_d_layouts(tmp_path: Path, layout: str) -> None:
    sounds, tables = {
        "published": ("AudioWAV", "processedResults"),
        "named crema_d": ("crema_d/AudioWAV", "crema_d/processedResults"),
        "side by side": ("crema_d", "crema_d_labels"),
    }[layout]
    write_sound(tmp_path / sounds / "1001_DFA_ANG_XX.wav")
    rows = (
        '"","A","D","F","H","N","S","fileName","meanEmoResp"\n'
        '"100001",6,2,0,0,0,2,"1001_DFA_ANG_XX",70\n'
        '"200001",0,9,0,0,0,0,"1001_DFA_ANG_XX",10\n'
        '"300001",5,5,0,0,0,0,"1001_DFA_ANG_XX",40\n'
        '"300002",5,5,0,0,0,0,"1002_DFA_ANG_XX",40\n'
    )
    write_bytes(tmp_path / tables / "tabulatedVotes.csv", rows.encode())
    for rated, votes, intensity in (
        ("voice", [0, 0, 0, 0.2, 0.6, 0, 0.2, 0], 0.7),
        ("face", [0, 0, 0, 0, 0, 0, 1, 0], 0.1),
        ("both", [0, 0, 0, 0, 0.5, 0, 0.5, 0], 0.4),
    ):
        corpus = crema_d.read(tmp_path, rated)
        (clip,) = corpus.clips
        np.testing.assert_allclose(clip.votes, votes, rtol=1e-6)
        assert clip.intensity == pytest.approx(intensity)
        assert [problem.where for problem in corpus.problems] == ["1002_DFA_ANG_XX"]


def test_other_votes_are_refused(tmp_path: Path) -> None:
    write_sound(tmp_path / "AudioWAV" / "1001_DFA_ANG_XX.wav")
    write_bytes(tmp_path / "processedResults" / "tabulatedVotes.csv", b"fileName,A\nx,1\n")
    with pytest.raises(ValueError, match=r"tabulatedVotes.csv' has no columns \['', 'D', 'F'"):
        crema_d.read(tmp_path)


def test_class_folders_are_named_in_any_word_form(tmp_path: Path) -> None:
    write_sound(tmp_path / "Happiness" / "a.wav")
    write_image(tmp_path / "sad" / "b.jpg")
    write_sound(tmp_path / "bored" / "c.wav")
    write_bytes(tmp_path / "sad" / "notes.txt", b"x")
    corpus = class_folders.read(tmp_path)
    assert [(clip.path.name, clip.emotion, clip.label) for clip in corpus.clips] == [
        ("a.wav", "happy", 2),
        ("b.jpg", "sad", 3),
    ]
    with pytest.raises(CorpusError, match="2 mislabelled") as caught:
        corpus.check()
    assert "unknown emotion 'bored': expected one of neutral" in str(caught.value)
    assert "unknown kind of file" in str(caught.value) and "sad/notes.txt" in str(caught.value)


def test_talking_faces_keep_sources_apart(tmp_path: Path) -> None:
    for name in ("id00012/21Uxsk56VDQ/00001.mp4", "id00017/5MkXgwdrmJw/00002.mp4"):
        write_bytes(tmp_path / "vox" / name)
    for name in ("main/6330/00001.mp4", "pretrain/5535/00009.mp4", "pretrain/5535/00009.txt"):
        write_bytes(tmp_path / "lrs2" / name)
    faces = talking_faces.read_voxceleb2(tmp_path / "vox")
    assert [clip.source for clip in faces.clips] == ["id00012", "id00017"]
    faces = talking_faces.read_lrs2(tmp_path / "lrs2")
    assert [(clip.path.name, clip.source) for clip in faces.clips] == [
        ("00001.mp4", "6330"),
        ("00009.mp4", "5535"),
    ]
    with pytest.raises(CorpusError, match="2 broken"):
        faces.check()


@pytest.mark.parametrize(
    ("read", "expected"),
    [
        (lambda folder: ravdess.read(folder, "speech"), "expected Actor_01/03-01-"),
        (crema_d.read, "expected AudioWAV/"),
        (class_folders.read, "expected subfolders such as happy/"),
        (talking_faces.read_voxceleb2, "expected id00012/VIDEO"),
        (talking_faces.read_lrs2, "expected main/BROADCAST"),
    ],
)
def test_another_layout_names_folder_found_and_expected(tmp_path: Path, read, expected) -> None:
    with pytest.raises(FileNotFoundError, match="absent': there is no such folder; " + expected):
        read(tmp_path / "absent")
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match="empty': found an empty folder; " + expected):
        read(tmp_path / "empty")
    for number in range(10):
        write_bytes(tmp_path / "other" / f"{number}.txt")
    with pytest.raises(FileNotFoundError, match=r"found 0.txt, .*7.txt, ... and 2 more; expected"):
        read(tmp_path / "other")


def test_broken_files_say_why(tmp_path: Path) -> None:
    assert why_unreadable(write_sound(tmp_path / "a.wav")) is None
    assert why_unreadable(write_image(tmp_path / "a.jpg")) is None
    assert why_unreadable(tmp_path / "none.mp4") == "No such file or directory"
    for suffix in ("wav", "opus", "mp4", "jpg"):
        assert why_unreadable(write_bytes(tmp_path / f"empty.{suffix}")) == "is empty"
        assert why_unreadable(write_bytes(tmp_path / f"bad.{suffix}", b"nothing of the kind"))


@pytest.mark.shared
def test_a_cut_off_video_is_broken(shared_data: Path, tmp_path: Path) -> None:
    clip = next((shared_data / "ravdess_av_actor01").glob("01-*.mp4"))
    assert why_unreadable(clip) is None
    assert why_unreadable(write_bytes(tmp_path / "cut.mp4", clip.read_bytes()[:2000]))


@pytest.mark.shared
@pytest.mark.parametrize(
    ("folder", "channel", "modality", "count"),
    [
        ("ravdess_speech", "speech", "audio", 1440),
        ("ravdess_song", "song", "audio", 1012),
        ("ravdess_av_actor01", "speech", "audio-video", 7),
        ("ravdess_av_actor01", "speech", "video", 11),
        ("ravdess_actor01_faces", "speech", "audio-video", 52),
    ],
)
def test_ravdess_is_whole(shared_data: Path, folder: str, channel, modality, count: int) -> None:
    corpus = ravdess.read(shared_data / folder, channel, modality)
    assert len(corpus.check(complete=count > 1000)) == count


@pytest.mark.shared
def test_crema_d_is_whole(shared_data: Path) -> None:
    clips = crema_d.read(shared_data, "both").check()
    assert len(clips) == 7442
    # The published recognition rate by whole clip is 63.6 % (Cao et al. 2014), counted by votes.
    hits = np.mean([clip.votes[clip.label] for clip in clips])
    assert hits == pytest.approx(0.636, abs=0.01)
