"""Measure the shipped models on a data set by its published protocol; write NAME.json."""

import argparse
import importlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

BENCHMARKS: dict[str, tuple[str, str]] = {
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
    "valence-arousal": (
        "emotion_recognition.evaluation.valence_arousal",
        "benchmark_valence_arousal",
    ),
}

QUICK = ("ravdess-fusion",)
"""Benchmarks of several folds that can do one alone."""

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
        help="folder for NAME.json; made if absent",
    )
    parser.add_argument(
        "--quick", action="store_true", help=f"one fold only ({', '.join(QUICK)} alone)"
    )
    parser.add_argument(
        "--teacher",
        type=Path,
        metavar="FILE",
        help=f"face_landmarker.task ({', '.join(TAUGHT)} alone); default: in models/ beside --data",
    )


def main(options: argparse.Namespace) -> int:
    """Run one benchmark and print its figures."""
    if not options.data.is_dir():
        raise NotADirectoryError(f"--data {options.data}: no such folder")
    if options.quick and options.name not in QUICK:
        raise ValueError(f"--quick: {options.name} has no short form; only {', '.join(QUICK)} has")
    if options.teacher is not None and options.name not in TAUGHT:
        raise ValueError(f"--teacher: {options.name} has none; only {', '.join(TAUGHT)} has")
    options.out.mkdir(parents=True, exist_ok=True)
    module, function = BENCHMARKS[options.name]
    run: Callable[..., Mapping[str, Any]] = getattr(importlib.import_module(module), function)
    extra: dict[str, Any] = {"quick": True} if options.quick else {}
    if options.teacher is not None:
        extra["teacher"] = options.teacher
    result = run(options.data, options.out, **extra)
    for key, value in result.items():
        if isinstance(value, float):
            print(f"{key:>20}  {value:.4f}")
        elif isinstance(value, (int, str)):
            print(f"{key:>20}  {value}")
    table = options.out / f"{options.name}.md"
    if table.is_file():
        print(table.read_text(encoding="utf-8"))
    print(f"written: {options.out / options.name}.json")
    return 0
