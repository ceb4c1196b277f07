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

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import soundfile

from emotion_recognition.corpora import crema_d, ravdess


def test_a_ravdess_name_tells_everything() -> None:
    clip = ravdess.parse_clip(Path("Actor_12/03-01-06-02-01-02-12.flac"))
    assert (clip.emotion, clip.label, clip.strong) == ("fearful", 5, True)
    assert (clip.statement, clip.repetition, clip.actor) == (1, 2, 12)


@pytest.mark.parametrize(
    "name",
    [
        "03-01-06-02-01-02",
        "03-01-09-02-01-02-12",
        "03-01-06-03-01-02-12",
        "03-01-06-02-01-02-25",
        "noise",
    ],
)
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="is no RAVDESS name"):
        ravdess.parse_clip(Path(f"{name}.flac"))


def test_no_actor_is_on_two_sides_of_a_fold() -> None:
    assert sorted(actor for fold in ravdess.FOLDS for actor in fold) == list(ravdess.ACTORS)
    for index, test in enumerate(ravdess.FOLDS):
        held = ravdess.validation_actors(index)
        assert not set(held) & set(test)
        assert {actor % 2 for actor in held} == {0, 1}


def test_the_corpora_are_complete(shared_data: Path) -> None:
    speech = ravdess.speech_clips(shared_data)
    assert len(speech) == 1440
    assert Counter(clip.actor for clip in speech) == dict.fromkeys(ravdess.ACTORS, 60)
    assert Counter(clip.emotion for clip in speech)["neutral"] == 96
    clips = crema_d.clips(shared_data)
    assert len(clips) == 7442
    assert len({clip.actor for clip in clips}) == 91
    votes = np.stack([clip.votes for clip in clips])
    np.testing.assert_allclose(votes.sum(axis=1), 1, rtol=1e-5)
    assert votes[:, [1, 7]].sum() == 0  # calm and surprised were not on offer
    assert all(0 <= clip.intensity <= 1 for clip in clips)


def test_votes_are_those_on_the_voice_alone(tmp_path: Path) -> None:
    (tmp_path / "crema_d").mkdir()
    (tmp_path / "crema_d_labels").mkdir()
    for name in ("1001_DFA_ANG_XX", "1002_DFA_HAP_LO"):
        soundfile.write(tmp_path / "crema_d" / f"{name}.wav", np.zeros(160), 16000)
    (tmp_path / "crema_d_labels" / "tabulatedVotes.csv").write_text(
        '"","A","D","F","H","N","S","fileName","meanEmoResp"\n'
        '"100001",6,2,0,0,0,2,"1001_DFA_ANG_XX",70\n'
        '"200001",0,9,0,0,0,0,"1001_DFA_ANG_XX",10\n'
    )
    angry, unrated = crema_d.clips(tmp_path)
    assert (angry.emotion, angry.actor) == ("angry", 1001)
    np.testing.assert_allclose(angry.votes, [0, 0, 0, 0.2, 0.6, 0, 0.2, 0], rtol=1e-6)
    assert angry.intensity == pytest.approx(0.7)
    assert unrated.votes.argmax() == unrated.label == 2
    assert unrated.intensity == 0.5
    assert (angry.voters, unrated.voters) == (10, 0)


def test_missing_data_names_the_folder(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="ravdess_speech"):
        ravdess.speech_clips(tmp_path)
    with pytest.raises(FileNotFoundError, match="crema_d"):
        crema_d.clips(tmp_path)
