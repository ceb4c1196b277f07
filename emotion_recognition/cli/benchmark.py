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

"""Measure the shipped models on a data set by its protocol; write NAME.json and NAME.md."""

import argparse
import importlib
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markdown import Markdown

BENCHMARKS: dict[str, tuple[str, str]] = {
    "crema-d-voice": ("emotion_recognition.evaluation.crema_d_voice", "benchmark_crema_d_voice"),
    "ferplus": ("emotion_recognition.evaluation.ferplus", "benchmark_ferplus"),
    "landmarks": ("emotion_recognition.evaluation.landmarks", "benchmark_landmarks"),
    "ravdess-actor01": (
        "emotion_recognition.evaluation.ravdess_actor01",
        "benchmark_ravdess_actor01",
    ),
    "ravdess-fusion": (
        "emotion_recognition.training.ravdess_fusion",
        "benchmark_ravdess_fusion",
    ),
    "ravdess-voice": ("emotion_recognition.evaluation.ravdess_voice", "benchmark_ravdess_voice"),
    "temporal-smoothing": (
        "emotion_recognition.training.temporal_smoothing",
        "benchmark_temporal_smoothing",
    ),
    "valence-arousal": (
        "emotion_recognition.evaluation.valence_arousal",
        "benchmark_valence_arousal",
    ),
}

OPTIONS: dict[str, tuple[str, ...]] = {
    "quick": ("crema-d-voice", "ravdess-fusion", "ravdess-voice"),
    "noise": ("ravdess-fusion",),
}
"""Which benchmarks take an option."""

VOICES = ("crema-d-voice", "ravdess-voice")
"""Benchmarks that take other networks of the folds than those that are shipped."""

TAUGHT = ("landmarks",)
"""Benchmarks whose truth is what a teacher says."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of ``emotion-recognition benchmark``."""
    parser.add_argument("name", choices=sorted(BENCHMARKS), help="which benchmark")
    parser.add_argument(
        "--data",
        type=Path,
        required=True,
        metavar="DIR",
        help="folder of the data sets (holds ferplus/, ravdess_speech/, ...)",
    )
    parser.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="DIR",
        help="folder for NAME.json, NAME.md and plots; made if absent",
    )
    parser.add_argument(
        "--quick", action="store_true", help=f"one fold only ({', '.join(OPTIONS['quick'])})"
    )
    parser.add_argument(
        "--noise",
        action="store_true",
        help=f"with noise in the voice as well ({', '.join(OPTIONS['noise'])}); the other voice "
        "benchmarks always do that",
    )
    parser.add_argument(
        "--teacher",
        type=Path,
        metavar="FILE",
        help=f"face_landmarker.task ({', '.join(TAUGHT)} alone); default: in models/ beside --data",
    )

    parser.add_argument(
        "--networks",
        type=Path,
        metavar="DIR",
        help="networks of the folds, as `train` with the stage voice writes them, in place of the "
        f"shipped ones ({', '.join(VOICES)})",
    )
    parser.add_argument(
        "--voice-encoder", default="none", metavar="NAME", help="that --networks read; default none"
    )
    parser.add_argument(
        "--voice-encoder-path", default="", metavar="DIR", help="the voice encoder's folder"
    )


def main(options: argparse.Namespace) -> int:
    """Run one benchmark and print its figures."""
    if not options.data.is_dir():
        raise NotADirectoryError(f"--data {options.data}: no such folder")
    chosen: dict[str, Any] = {option: True for option in OPTIONS if getattr(options, option)}
    for option in chosen:
        if options.name not in OPTIONS[option]:
            raise ValueError(
                f"--{option}: {options.name} has no such form; only "
                f"{', '.join(OPTIONS[option])} has"
            )
    if options.teacher is not None:
        if options.name not in TAUGHT:
            raise ValueError(f"--teacher: {options.name} has none; only {', '.join(TAUGHT)} has")
        chosen["teacher"] = options.teacher
    if options.networks is not None:
        if options.name not in VOICES:
            raise ValueError(f"--networks: only {', '.join(VOICES)} take others")
        from emotion_recognition.evaluation.voice_folds import networks_in
        from emotion_recognition.model.backbones import VoiceEncoderChoice

        choice = VoiceEncoderChoice(options.voice_encoder, options.voice_encoder_path)
        chosen["networks"] = networks_in(options.networks, choice)
    elif options.voice_encoder != "none" or options.voice_encoder_path:
        raise ValueError("--voice-encoder: the shipped networks read none; give --networks as well")
    options.out.mkdir(parents=True, exist_ok=True)
    module, function = BENCHMARKS[options.name]
    run: Callable[..., Mapping[str, Any]] = getattr(importlib.import_module(module), function)
    result = run(options.data, options.out, **chosen)
    page = options.out / f"{options.name}.md"
    if page.is_file():
        _show(page.read_text(encoding="utf-8"))
    else:
        for key, value in result.items():
            if isinstance(value, (float, int, str)):
                print(
                    f"{key:>20}  {value:.4f}" if isinstance(value, float) else f"{key:>20}  {value}"
                )
    print(f"written: {options.out / options.name}.json")
    return 0


def _show(page: str) -> None:
    """Print a page of Markdown, pictures left out; as wide as its tables where nobody looks on."""
    text = re.sub(r"^!\[.*\n+", "", page, flags=re.MULTILINE)
    console = Console()
    if not console.is_terminal:
        console = Console(width=140)
    console.print(Markdown(text))
