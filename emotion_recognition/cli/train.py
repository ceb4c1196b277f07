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

"""Train a network as a configuration file says; see docs/training.md and config/training/."""

import argparse
import logging
import sys
from pathlib import Path

from emotion_recognition.extras import need_extra


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of ``emotion-recognition train``."""
    parser.add_argument("config", type=Path, help="the configuration, a YAML file")
    parser.add_argument(
        "--data",
        type=Path,
        default=Path("data"),
        metavar="DIR",
        help="folder of the data sets (default: %(default)s)",
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="folder for weights, history and figures (default: build/train/NAME of the file)",
    )
    parser.add_argument(
        "--features",
        type=Path,
        metavar="DIR",
        help="what is computed once from the data sets, for other runs too (default: OUT/features)",
    )
    parser.add_argument(
        "--resume", action="store_true", help="go on after the last finished epoch in OUT"
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="in place of the file's value, such as optimiser.learning_rate=0.1; may be repeated",
    )


def main(options: argparse.Namespace) -> int:
    """Check the configuration, train, and print the figures.

    Raises:
        argparse.ArgumentError: the configuration cannot be used.
        RuntimeError: the extra ``training`` is not installed.
    """
    need_extra("training")
    from emotion_recognition.training.config import ConfigError, read_jobs
    from emotion_recognition.training.sweep import run_jobs
    from emotion_recognition.training.task import leads

    if not sys.stderr.isatty():  # no progress bar: a line for each epoch
        logging.getLogger("emotion_recognition").setLevel(logging.INFO)
    out = options.out or Path("build") / "train" / options.config.stem
    try:
        jobs = read_jobs(options.config, options.set)
        if not options.data.is_dir():
            raise ConfigError("--data", f"found '{options.data}'; allowed: a folder that exists")
        features = options.features or out / "features"
        written = run_jobs(jobs, options.data, out, features, options.resume)
    except ConfigError as error:
        raise argparse.ArgumentError(None, f"{options.config}: {error}") from error
    if leads():
        report = written if written.suffix == ".md" else written.with_name("report.md")
        if report.is_file():
            print(report.read_text(encoding="utf-8"))
        print(f"written: {written}")
    return 0
