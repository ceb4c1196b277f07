"""Estimate recordings offline, score the estimates against labels, and write a report."""

import argparse
import math
from pathlib import Path

from emotion_recognition.bags.read import SYNCS
from emotion_recognition.cli import DONE, FAILED
from emotion_recognition.studies.configuration import ConfigurationError, load_configuration
from emotion_recognition.studies.evaluation import Evaluation
from emotion_recognition.studies.run import RunOptions
from emotion_recognition.studies.study import FORMATS, evaluate


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
        help="labels: CSV, ELAN or Audacity file; folder of one a recording; or topic in the bags",
    )
    parser.add_argument(
        "--config",
        type=Path,
        action="append",
        default=[],
        metavar="FILE.yaml",
        help="parameters of emotion_node; several are compared with the first (default: none set)",
    )
    parser.add_argument(
        "--out", type=Path, default=Path("evaluation"), metavar="DIR", help="default: evaluation"
    )
    parser.add_argument(
        "--jobs", type=int, default=1, metavar="N", help="recordings at a time (default: 1)"
    )
    parser.add_argument("--image-topic", help="topic of the images (default: the only one)")
    parser.add_argument("--audio-topic", help="topic of the sound (default: the only one)")
    parser.add_argument(
        "--sync",
        choices=SYNCS,
        default="stamp",
        help="what tells when an image or sound was taken: its stamp or its arrival "
        "(default: stamp)",
    )
    parser.add_argument(
        "--bag", action="store_true", help="also write bags with the messages and the estimates"
    )
    parser.add_argument(
        "--thumbnails", action="store_true", help="show images of key moments, and so people"
    )
    parser.add_argument(
        "--force", action="store_true", help="do everything again, overwriting what is in DIR"
    )


def main(options: argparse.Namespace) -> int:
    """Evaluate, print the figures in a line, and say where the report is.

    Raises:
        argparse.ArgumentError: a configuration or number is wrong.
    """
    if options.jobs < 1:
        raise argparse.ArgumentError(None, f"--jobs {options.jobs}: expected 1 or more")
    try:
        configurations = [load_configuration(path) for path in options.config]
    except ConfigurationError as error:
        raise argparse.ArgumentError(None, str(error)) from error
    study = evaluate(
        options.paths,
        options.labels,
        configurations,
        options.out,
        options=RunOptions(
            formats=FORMATS,
            bag=options.bag,
            image_topic=options.image_topic,
            audio_topic=options.audio_topic,
            sync=options.sync,
        ),
        jobs=options.jobs,
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
    parts = [f"{len(study.recordings)} recordings evaluated"]
    parts += [f"{failed} failed"] if failed else []
    which = f" ({name})" if len(study.scores) > 1 else ""
    return f"{', '.join(parts)}{which}: {', '.join(figures) or 'no figures'}"
