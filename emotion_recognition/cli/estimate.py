"""Estimate emotions over a bag, video or sound file, faster than real time, without ROS."""

import argparse
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from emotion_recognition.bags.table import HEADER, CsvTable, text_row
from emotion_recognition.estimate import Estimate
from emotion_recognition.evaluation.offline import overall_emotion, recognize, time_origin_ns
from emotion_recognition.model.backbones import (
    FRAME_ENCODERS,
    NO_VOICE_ENCODER,
    SHIPPED,
    VOICE_ENCODERS,
    FrameEncoderChoice,
    VoiceEncoderChoice,
)
from emotion_recognition.model.emotion_model import load_model
from emotion_recognition.recognizer import RecognizerConfig
from emotion_recognition.smoothing import METHODS
from emotion_recognition.vision.detect import DETECTORS
from emotion_recognition.vision.stream import VisionConfig


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of ``emotion-recognition estimate``."""
    parser.add_argument("path", type=Path, help="bag folder, .mcap, .db3, or video or sound file")
    parser.add_argument("--out", type=Path, metavar="FILE.csv", help="write the estimates as CSV")
    only = parser.add_mutually_exclusive_group()
    only.add_argument("--audio-only", action="store_true", help="leave out the images")
    only.add_argument("--video-only", action="store_true", help="leave out the sound")
    parser.add_argument(
        "--image-topic", help="topic of the images in a bag (default: the only one)"
    )
    parser.add_argument("--audio-topic", help="topic of the sound in a bag (default: the only one)")
    defaults = RecognizerConfig()
    parser.add_argument(
        "--publish-rate",
        type=float,
        default=defaults.publish_rate,
        help=f"estimates a second (default: {defaults.publish_rate:g})",
    )
    parser.add_argument(
        "--smoothing",
        choices=METHODS,
        default=defaults.smoothing,
        help=f"how the probabilities are steadied (default: {defaults.smoothing})",
    )
    parser.add_argument(
        "--smoothing-s",
        type=float,
        default=defaults.smoothing_s,
        metavar="SECONDS",
        help="time constant of exponential smoothing, and of valence, arousal and intensity "
        f"(default: {defaults.smoothing_s:g}; 0: none)",
    )
    parser.add_argument(
        "--detector", choices=DETECTORS, default="auto", help="face detector (default: auto)"
    )
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:N")
    parser.add_argument(
        "--model",
        type=Path,
        help="folder of the weights, or the network's file (default: those of the package)",
    )
    parser.add_argument(
        "--frame-encoder",
        choices=FRAME_ENCODERS,
        default=SHIPPED,
        help=f"frame encoder that --model was trained with (default: {SHIPPED})",
    )
    parser.add_argument("--frame-encoder-path", default="", metavar="FILE", help="its file")
    parser.add_argument(
        "--voice-encoder",
        choices=(NO_VOICE_ENCODER, *VOICE_ENCODERS),
        default=NO_VOICE_ENCODER,
        help=f"voice encoder that --model was trained with (default: {NO_VOICE_ENCODER})",
    )
    parser.add_argument("--voice-encoder-path", default="", metavar="DIR", help="its folder")


def main(options: argparse.Namespace) -> int:
    """Print the estimates over time, write the CSV, and name the clip's emotion.

    Raises:
        argparse.ArgumentError: a number is out of its range.
    """
    try:
        config = RecognizerConfig(
            publish_rate=options.publish_rate,
            smoothing=options.smoothing,
            smoothing_s=options.smoothing_s,
            vision=VisionConfig(detector=options.detector),
        )
    except ValueError as error:
        raise argparse.ArgumentError(None, str(error)) from error
    model = load_model(
        options.model,
        options.device,
        FrameEncoderChoice(options.frame_encoder, options.frame_encoder_path),
        VoiceEncoderChoice(options.voice_encoder, options.voice_encoder_path),
    )
    origin_ns = time_origin_ns(options.path)
    started_s = time.monotonic()
    estimates: list[Estimate] = []
    with _table(options.out, model.labels, origin_ns) as write:
        for estimate in recognize(
            options.path,
            config,
            model,
            audio_only=options.audio_only,
            video_only=options.video_only,
            image_topic=options.image_topic,
            audio_topic=options.audio_topic,
        ):
            if not estimates:
                print(HEADER)
            print(text_row(estimate, origin_ns), flush=True)
            write(estimate)
            estimates.append(estimate)
    overall = overall_emotion(estimates)
    if overall is None:
        raise ValueError(f"{options.path}: no estimate: neither a face nor a voice for long enough")
    covered_s = (estimates[-1].stamp_ns - estimates[0].stamp_ns + estimates[0].window_ns) / 1e9
    speed = covered_s / max(1e-9, time.monotonic() - started_s)
    print(f"{len(estimates)} estimates, {speed:.1f} times real time")
    if options.out:
        print(f"written: {options.out}")
    print(f"clip: {overall[0]} {overall[1]:.2f}")
    return 0


@contextmanager
def _table(path: Path | None, labels: tuple[str, ...], origin_ns: int) -> Iterator:
    """Yield a function that writes one estimate to a CSV file, which appears when complete."""
    if path is None:
        yield lambda estimate: None
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".part")
    try:
        with partial.open("w", encoding="utf-8", newline="") as file:
            yield CsvTable(file, labels, origin_ns).write
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
