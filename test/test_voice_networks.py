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

"""Benchmarks of voices by networks of the folds that somebody brings."""

import argparse
from pathlib import Path

import pytest

from emotion_recognition.cli.benchmark import add_arguments, main
from emotion_recognition.evaluation.voice_folds import feature_file, networks_in
from emotion_recognition.model.backbones import VoiceEncoderChoice


def run(tmp_path: Path, *arguments: str) -> int:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    places = ["--data", str(tmp_path), "--out", str(tmp_path / "out")]
    return main(parser.parse_args([*arguments, *places]))


def test_files_are_those_that_training_writes_and_the_caches_kept_apart(tmp_path: Path) -> None:
    plain = networks_in(tmp_path, VoiceEncoderChoice())
    whisper = networks_in(tmp_path, VoiceEncoderChoice("whisper", "somewhere"))
    assert plain.weights(0) == tmp_path / "voice_fold1.safetensors"
    assert plain.arguments == " --networks DIR"
    assert whisper.arguments.endswith(" --voice-encoder whisper --voice-encoder-path DIR")
    caches = [feature_file(tmp_path, "ravdess", "clean", found).name for found in (plain, whisper)]
    assert caches == ["ravdess-clean.npz", "ravdess-clean-whisper.npz"]


def test_options_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="--networks: only crema-d-voice, ravdess-voice take"):
        run(tmp_path, "ferplus", "--networks", str(tmp_path))
    with pytest.raises(ValueError, match="--voice-encoder: the shipped networks read none"):
        run(tmp_path, "ravdess-voice", "--voice-encoder", "whisper")
