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

"""Estimate recordings offline, score the estimates against labels, and write a report."""

import argparse
import math
from pathlib import Path

from emotion_recognition.cli import DONE, FAILED
from emotion_recognition.cli.run_arguments import (
    add_output_arguments,
    add_run_arguments,
    configurations_of,
    run_options_of,
    with_outputs,
)
from emotion_recognition.studies.evaluation import Evaluation
from emotion_recognition.studies.outputs import FORMATS
from emotion_recognition.studies.study import evaluate


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of ``emotion-recognition evaluate``."""
    parser.add_argument(
        "paths",
        nargs="+",
        type=Path,
        metavar="PATH",
        help="bag, video or sound file, or folder of these",
    )
    parser.add_argument(
        "--labels",
        metavar="FILE|FOLDER|TOPIC",
        help="CSV, ELAN or Audacity file; folder with a file for each recording; topic of the bags",
    )
    parser.add_argument(
        "--out", type=Path, default=Path("evaluation"), metavar="DIR", help="default: evaluation"
    )
    parser.add_argument(
        "--thumbnails",
        action="store_true",
        help="show images of key moments, and with them people, in the report",
    )
    add_output_arguments(parser, ",".join(FORMATS))
    add_run_arguments(parser)


def main(options: argparse.Namespace) -> int:
    """Evaluate, print the figures in a line, and say where the report is.

    Raises:
        argparse.ArgumentError: a configuration or option is wrong.
    """
    study = evaluate(
        options.paths,
        options.labels,
        configurations_of(options),
        options.out,
        options=with_outputs(run_options_of(options), options),
        jobs=options.jobs,
        engine=options.engine,
        scheduler=options.scheduler,
        thumbnails=options.thumbnails,
        force=options.force,
    )
    for warning in study.warnings:
        print(f"warning: {warning}")
    for failure in study.failures:
        print(f"failed: {failure.recording} ({failure.configuration}): {failure.error}")
    print(summary_line(study))
    print(f"report: {options.out / 'report.html'}")
    return FAILED if study.failures or not study.recordings else DONE


def summary_line(study: Evaluation) -> str:
    """Return the main figures of a study, of its first configuration, in a line."""
    name, scores = next(iter(study.scores.items()))
    shown = {
        "accuracy": "accuracy {:.1%}",
        "uar": "UAR {:.1%}",
        "ccc_valence": "CCC valence {:.2f}",
        "ccc_arousal": "CCC arousal {:.2f}",
        "ece": "ECE {:.3f}",
        "coverage": "coverage {:.1%}",
        "flips_per_minute": "{:.1f} changes a minute",
    }
    figures = [
        text.format(scores[key].value)
        for key, text in shown.items()
        if not math.isnan(scores[key].value)
    ]
    failed = len({failure.recording for failure in study.failures})
    count = len(study.recordings)
    parts = [f"{count} recording{'s' if count != 1 else ''} evaluated"]
    parts += [f"{failed} failed"] if failed else []
    which = f" ({name})" if len(study.scores) > 1 else ""
    return f"{', '.join(parts)}{which}: {', '.join(figures) or 'no figures'}"
