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

"""Arguments of the commands that run the recogniser over recordings, and what they mean."""

import argparse
from dataclasses import replace
from pathlib import Path

from emotion_recognition.bags.read import SYNCS
from emotion_recognition.model.backbones import FRAME_ENCODERS, NO_VOICE_ENCODER, VOICE_ENCODERS
from emotion_recognition.settings import PARAMETERS
from emotion_recognition.smoothing import METHODS
from emotion_recognition.studies.configuration import (
    ConfigurationError,
    StudyConfiguration,
    load_configuration,
    make_configuration,
)
from emotion_recognition.studies.outputs import FORMATS
from emotion_recognition.studies.run import RunOptions
from emotion_recognition.vision.detect import DETECTORS

_DEFAULTS = {parameter.name: parameter.default for parameter in PARAMETERS}
# Options of the command line that are parameters of the node.
_PARAMETERS = {
    "publish_rate": "publish_rate",
    "smoothing": "smoothing",
    "smoothing_s": "smoothing_s",
    "max_faces": "max_faces",
    "detector": "face_detector",
    "device": "device",
    "model": "model_path",
    "frame_encoder": "frame_encoder",
    "frame_encoder_path": "frame_encoder_path",
    "voice_encoder": "voice_encoder",
    "voice_encoder_path": "voice_encoder_path",
}


def add_run_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare how recordings are read and judged, and by what machines."""
    _add_reading(parser)
    _add_settings(parser)
    _add_working(parser)


def configurations_of(options: argparse.Namespace) -> list[StudyConfiguration]:
    """Return the configurations of the files, or the default, with the options given on top.

    Raises:
        argparse.ArgumentError: a file or an option has a value that is not allowed.
    """
    given = {
        parameter: getattr(options, name)
        for name, parameter in _PARAMETERS.items()
        if getattr(options, name) is not None
    }
    if options.audio_only:
        given["use_video"] = False
    if options.video_only:
        given["use_audio"] = False
    try:
        from_files = [load_configuration(path) for path in options.config]
        made = [
            make_configuration(each.name, **{**each.values, **given})
            for each in from_files or [make_configuration()]
        ]
    except (ConfigurationError, OSError) as error:
        raise argparse.ArgumentError(None, str(error)) from error
    return made


def run_options_of(options: argparse.Namespace) -> RunOptions:
    """Return what is read of each recording; what is written stays as by default.

    Raises:
        argparse.ArgumentError: a scheduler is named, but not the engine that has one.
    """
    if options.scheduler is not None and options.engine != "dask":
        raise argparse.ArgumentError(None, "--scheduler needs --engine dask")
    return RunOptions(
        image_topic=options.image_topic,
        audio_topic=options.audio_topic,
        sync=options.sync,
        live_timing_ms=options.live_timing,
    )


def with_outputs(run: RunOptions, options: argparse.Namespace) -> RunOptions:
    """Add what is written; see ``add_output_arguments``.

    Raises:
        argparse.ArgumentError: a format is unknown or named twice.
    """
    formats = tuple(name.strip() for name in options.format.split(","))
    if set(formats) - set(FORMATS) or len(set(formats)) < len(formats):
        raise argparse.ArgumentError(
            None, f"--format {options.format}: expected some of {', '.join(FORMATS)}, by commas"
        )
    return replace(run, formats=formats, bag=options.bag)


def add_output_arguments(parser: argparse.ArgumentParser, formats: str) -> None:
    """Declare what is written; ``formats`` is the default of ``--format``."""
    parser.add_argument(
        "--format",
        default=formats,
        metavar="FORMATS",
        help=f"files of estimates: some of {','.join(FORMATS)} (default: {formats})",
    )
    parser.add_argument(
        "--bag",
        action="store_true",
        help="write an MCAP bag of each recording too: its messages and the estimates",
    )


def _add_reading(parser: argparse.ArgumentParser) -> None:
    only = parser.add_mutually_exclusive_group()
    only.add_argument("--audio-only", action="store_true", help="leave out the images")
    only.add_argument("--video-only", action="store_true", help="leave out the sound")
    parser.add_argument(
        "--image-topic", help="topic of the images in a bag (default: the only one)"
    )
    parser.add_argument("--audio-topic", help="topic of the sound in a bag (default: the only one)")
    parser.add_argument(
        "--sync",
        choices=SYNCS,
        default="stamp",
        help="clock of a bag that images and sound are matched by: their stamps, or the time of "
        "arrival, for stamps of different clocks (default: stamp)",
    )


def _add_settings(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--config",
        type=Path,
        action="append",
        default=[],
        metavar="FILE.yaml",
        help="parameters of emotion_node, also as the node's own parameter file; more than one: "
        "each recording is estimated by each of them (default: the node's defaults)",
    )
    parser.add_argument(
        "--publish-rate",
        type=float,
        help=f"estimates a second (default: {_DEFAULTS['publish_rate']:g})",
    )
    parser.add_argument(
        "--smoothing",
        choices=METHODS,
        help=f"how the probabilities are steadied (default: {_DEFAULTS['smoothing']})",
    )
    parser.add_argument(
        "--smoothing-s",
        type=float,
        metavar="SECONDS",
        help="time constant of exponential smoothing, and of valence, arousal and intensity "
        f"(default: {_DEFAULTS['smoothing_s']:g}; 0: none)",
    )
    parser.add_argument(
        "--max-faces",
        type=int,
        metavar="N",
        help=f"faces that are followed, each with estimates of its own (default: "
        f"{_DEFAULTS['max_faces']})",
    )
    parser.add_argument("--detector", choices=DETECTORS, help="face detector (default: auto)")
    parser.add_argument("--device", help="auto, cpu, cuda or cuda:N (default: auto)")
    parser.add_argument(
        "--model",
        metavar="PATH",
        help="folder of the weights, or the network's file (default: those of the package)",
    )
    parser.add_argument(
        "--frame-encoder",
        choices=FRAME_ENCODERS,
        help=f"frame encoder that --model was trained with (default: {_DEFAULTS['frame_encoder']})",
    )
    parser.add_argument("--frame-encoder-path", metavar="FILE", help="its file")
    parser.add_argument(
        "--voice-encoder",
        choices=(NO_VOICE_ENCODER, *VOICE_ENCODERS),
        help=f"voice encoder that --model was trained with (default: {NO_VOICE_ENCODER})",
    )
    parser.add_argument("--voice-encoder-path", metavar="DIR", help="its folder")
    parser.add_argument(
        "--live-timing",
        type=_milliseconds,
        metavar="MS",
        help="give the estimates of a live machine that needs so long for each, ms: late windows "
        "are left out (default: every window)",
    )


def _add_working(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--jobs", type=_count, default=1, metavar="N", help="processes at work (default: 1)"
    )
    parser.add_argument(
        "--engine",
        choices=("local", "dask"),
        default="local",
        help="local: processes of this machine; dask: a cluster (default: local)",
    )
    parser.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="of Dask, such as tcp://host:8786 (default: a cluster of N workers here)",
    )
    parser.add_argument(
        "--force",
        action="store_true",
        help="do everything again, and overwrite what is there",
    )


def _count(text: str) -> int:
    count = int(text)
    if count < 1:
        raise argparse.ArgumentTypeError(f"{count}: expected 1 or more")
    return count


def _milliseconds(text: str) -> float:
    value = float(text)
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text}: expected 0 or more")
    return value
