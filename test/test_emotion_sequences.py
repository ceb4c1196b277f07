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

"""Joined clips: their order, where speech begins, and what is kept of them."""

from itertools import groupby
from pathlib import Path

import numpy as np
import pytest

from emotion_recognition.corpora.ravdess import RavdessClip
from emotion_recognition.emotions import EMOTIONS
from emotion_recognition.evaluation import emotion_sequences
from emotion_recognition.evaluation.emotion_sequences import (
    SECOND_NS,
    arrange,
    recognise_sequence,
    speech_onset,
    voice_sequences,
)
from emotion_recognition.model.emotion_model import load_model
from emotion_recognition.recognizer import Recognizer, RecognizerConfig


def clips() -> list[RavdessClip]:
    """All 60 clips of an actor."""
    return [
        RavdessClip(
            Path(f"{emotion}{strong}{statement}{take}"), emotion, strong, statement, take, 7
        )
        for emotion in EMOTIONS
        for strong in ((False,) if emotion == "neutral" else (False, True))
        for statement in (1, 2)
        for take in (1, 2)
    ]


def test_each_line_is_spoken_once_in_runs_of_an_emotion():
    chosen = arrange(clips(), seed=7)
    lines = {(clip.emotion, clip.strong, clip.statement) for clip in chosen}
    assert len(chosen) == len(lines) == 30
    turns = [label for label, _ in groupby(clip.label for clip in chosen)]
    assert len(turns) > len(set(turns)) == 8  # some emotions come back


def test_order_depends_on_the_seed_alone():
    assert arrange(clips(), seed=7) == arrange(clips(), seed=7) != arrange(clips(), seed=8)


def test_speech_begins_where_it_gets_loud():
    rng = np.random.default_rng(1)
    sound = rng.normal(0, 1e-4, 16_000).astype(np.float32)
    sound[6400:12_000] += rng.normal(0, 0.1, 5600).astype(np.float32)
    assert speech_onset(sound) == 6400


@pytest.mark.shared
def test_clips_are_joined_as_recorded(shared_data: Path):
    """Two clips of actor 1: a calm one and an angry one."""
    own = shared_data / "ravdess_speech" / "Actor_01"
    pair = [
        RavdessClip(own / f"03-01-{code}-02-01-01-01.flac", emotion, True, 1, 1, 1)
        for code, emotion in (("02", "calm"), ("05", "angry"))
    ]
    recognizer = Recognizer(RecognizerConfig(smoothing="none"), load_model(device="cpu"))
    once = recognise_sequence(pair, shared_data / "ravdess_speech", recognizer)
    assert once.emotions.tolist() == [EMOTIONS.index("calm"), EMOTIONS.index("angry")]
    assert 3 < (once.onsets_ns[1] - once.onsets_ns[0]) / SECOND_NS < 5
    assert set(np.diff(once.stamps_ns)) == {SECOND_NS // 4}
    assert once.stamps_ns[0] >= once.onsets_ns[0]
    np.testing.assert_allclose(once.probabilities.sum(axis=1), 1, atol=1e-5)
    again = recognise_sequence(pair, shared_data / "ravdess_speech", recognizer)
    np.testing.assert_array_equal(again.probabilities, once.probabilities)


def test_estimates_are_kept_as_long_as_clips_and_weights_are_the_same(tmp_path, monkeypatch):
    calls = []

    def pretend(chosen, sounds, recognizer):
        calls.append(chosen[0].actor)
        return emotion_sequences.EmotionSequence(
            np.array(chosen[0].actor), np.arange(3), np.eye(3, 8), np.zeros(1, int), np.ones(1, int)
        )

    monkeypatch.setattr(emotion_sequences, "recognise_sequence", pretend)
    monkeypatch.setattr(emotion_sequences, "load_model", lambda *_: None)
    monkeypatch.setattr(emotion_sequences, "Recognizer", lambda *_: None)
    monkeypatch.setattr(emotion_sequences.ravdess, "speech_clips", lambda data: clips())
    first = voice_sequences(tmp_path, tmp_path)
    kept = voice_sequences(tmp_path, tmp_path)
    assert calls == [7]
    assert int(kept[0].actor) == 7
    np.testing.assert_array_equal(kept[0].probabilities, first[0].probabilities)
    monkeypatch.setattr(emotion_sequences, "checkpoint_sha256", lambda path: "other weights")
    voice_sequences(tmp_path, tmp_path)
    assert calls == [7, 7]
