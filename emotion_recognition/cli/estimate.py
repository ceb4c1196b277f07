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

"""Estimate emotions over bags, videos and sound files, faster than real time, without ROS."""

import argparse
import contextlib
import time
from pathlib import Path

from emotion_recognition.bags.find import recordings_in
from emotion_recognition.bags.table import HEADER, text_row
from emotion_recognition.cli.run_arguments import (
    add_output_arguments,
    add_run_arguments,
    configurations_of,
    run_options_of,
    with_outputs,
)
from emotion_recognition.estimate import Estimate
from emotion_recognition.evaluation.offline import overall_emotion, time_origin_ns
from emotion_recognition.recognizer import Recognizer
from emotion_recognition.studies.configuration import StudyConfiguration
from emotion_recognition.studies.job import RunOptions, estimates_over, load_model_of
from emotion_recognition.studies.outputs import FORMATS, write_estimates
from emotion_recognition.studies.run import run_recordings, summary

_FORMATS = "csv"  # by default


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of ``emotion-recognition estimate``."""
    parser.add_argument(
        "paths",
        type=Path,
        nargs="+",
        metavar="PATH",
        help="bag, video or sound file, or a folder of them",
    )
    parser.add_argument(
        "--out",
        type=Path,
        help="of one recording: file to write (.csv, .jsonl or .parquet); of several: folder",
    )
    add_output_arguments(parser, _FORMATS)
    add_run_arguments(parser)


def main(options: argparse.Namespace) -> int:
    """Show the estimates of one recording, or write those of several.

    Raises:
        argparse.ArgumentError: an option is out of its range, or lacks another.
    """
    configurations = configurations_of(options)
    run = run_options_of(options)
    recordings = recordings_in(options.paths, options.out)
    into_file = options.out is not None and options.out.suffix.removeprefix(".") in FORMATS
    if options.out is not None and not into_file:
        return _run(recordings, configurations, with_outputs(run, options), options)
    if len(recordings) > 1 or len(configurations) > 1:
        raise argparse.ArgumentError(
            None, "several recordings or configurations need a folder to write to: --out DIR"
        )
    if options.bag or options.format != _FORMATS or options.jobs > 1 or options.engine != "local":
        raise argparse.ArgumentError(
            None, "--bag, --format, --jobs and --engine need a folder to write to: --out DIR"
        )
    return _show(recordings[0], configurations[0], run, options.out, options.force)


def _run(
    recordings: list[Path],
    configurations: list[StudyConfiguration],
    run: RunOptions,
    options: argparse.Namespace,
) -> int:
    results = run_recordings(
        recordings,
        configurations,
        options.out,
        run,
        jobs=options.jobs,
        engine=options.engine,
        scheduler=options.scheduler,
        force=options.force,
    )
    print(f"{summary(results)}; written: {options.out}")
    return int(any(result.status == "failed" for result in results))


def _show(
    path: Path, configuration: StudyConfiguration, run: RunOptions, out: Path | None, force: bool
) -> int:
    """Print the estimates over time, write the file, and name the recording's emotion."""
    if out is not None and out.exists() and not force:
        raise FileExistsError(f"{out} exists: give another name, or allow to overwrite (--force)")
    settings = configuration.settings
    recognizer = Recognizer(settings.recognizer, load_model_of(settings))
    origin_ns = time_origin_ns(path)
    started_s = time.monotonic()
    estimates: list[Estimate] = []
    with contextlib.ExitStack() as files:
        if out is not None:
            out.parent.mkdir(parents=True, exist_ok=True)
            labels = recognizer.model.labels
            write = files.enter_context(write_estimates([out], labels, origin_ns))
        for estimate in estimates_over(path, settings, run, recognizer):
            if not estimates:
                print(HEADER)
            print(text_row(estimate, origin_ns), flush=True)
            if out is not None:
                write(estimate)
            estimates.append(estimate)
    overall = overall_emotion(estimates)
    if overall is None:
        raise ValueError(f"{path}: no estimate: neither a face nor a voice for long enough")
    covered_s = (estimates[-1].stamp_ns - estimates[0].stamp_ns + estimates[0].window_ns) / 1e9
    speed = covered_s / max(1e-9, time.monotonic() - started_s)
    print(f"{len(estimates)} estimates, {speed:.1f} times real time")
    if out:
        print(f"written: {out}")
    print(f"clip: {overall[0]} {overall[1]:.2f}")
    return 0
