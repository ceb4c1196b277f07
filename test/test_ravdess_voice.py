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

import json
from pathlib import Path

import numpy as np
import pytest

from emotion_recognition.corpora import ravdess
from emotion_recognition.evaluation.ravdess_voice import benchmark_ravdess_voice
from emotion_recognition.evaluation.voice_folds import centre_window, fold_of


@pytest.mark.parametrize(("length", "first", "valid"), [(225, 0, 225), (300, 37, 225), (10, 0, 10)])
def test_a_window_holds_the_middle_of_the_clip(length: int, first: int, valid: int) -> None:
    frames = np.arange(length * 2, dtype=np.float32).reshape(length, 2)
    window, mask = centre_window(frames)
    assert window.shape == (225, 2) and mask.shape == (225,)
    np.testing.assert_array_equal(window[mask], frames[first : first + valid])
    assert (window[~mask] == 0).all()
    if length < 225:
        assert abs(int(mask.argmax()) - (225 - length) // 2) <= 1


def test_an_actor_of_no_fold_is_refused() -> None:
    clips = [ravdess.parse_clip(Path("03-01-05-02-01-01-12.flac"))]
    assert fold_of(clips, ravdess.FOLDS).tolist() == [2]
    with pytest.raises(ValueError, match=r"actors \[12\] are in no fold"):
        fold_of(clips, ravdess.FOLDS[:2])


def test_missing_clips_are_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="ravdess_speech"):
        benchmark_ravdess_voice(tmp_path, tmp_path)


@pytest.mark.shared
def test_scores_each_fold_by_the_network_that_never_heard_it(
    shared_data: Path, tmp_path: Path
) -> None:
    """Two clear clips of each actor: strong anger and strong sadness."""
    for clip in ravdess.speech_clips(shared_data):
        chosen = clip.strong and clip.emotion in ("angry", "sad")
        if chosen and clip.statement == clip.repetition == 1:
            link = tmp_path / "data" / "ravdess_speech" / clip.path.parent.name / clip.path.name
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(clip.path)
    result = benchmark_ravdess_voice(tmp_path / "data", tmp_path)
    assert result["n"] == 48
    assert [fold["actors"] for fold in result["folds"]] == [list(fold) for fold in ravdess.FOLDS]
    assert result["accuracy"] > 0.5
    assert result["accuracy"] == pytest.approx(result["accuracy_mean"])
    assert result["conditions"] == ["clean", "noise_20db", "noise_10db", "noise_0db"]
    for condition in result["conditions"][1:]:
        assert result[condition]["n"] == 48 and "ece" in result[condition]
    assert result["noise_0db"]["accuracy"] < result["accuracy"]
    assert result["by_sex"]["male"]["n"] == result["by_sex"]["female"]["n"] == 24
    assert sorted(map(int, result["by_speaker"]["each"])) == list(ravdess.ACTORS)
    page = (tmp_path / "ravdess-voice.md").read_text()
    pictures = sorted(path.name for path in tmp_path.glob("*.png"))
    assert len(pictures) == 4 and all(f"({name})" in page for name in pictures)
    written = json.loads((tmp_path / "ravdess-voice.json").read_text())
    assert written == result
    assert {"accuracy", "uar", "top1", "top5", "folds", "seconds", "ece"} <= written.keys()
