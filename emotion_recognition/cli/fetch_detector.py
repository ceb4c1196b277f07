"""Fetch the YuNet face detector (230 kB, MIT licence, from OpenCV Zoo) into the user's cache."""

import argparse

from emotion_recognition.vision.yunet_file import YUNET_URL, download_yunet


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of ``emotion-recognition fetch-detector``."""
    parser.add_argument(
        "--url", default=YUNET_URL, help="where it is fetched (default: %(default)s)"
    )


def main(options: argparse.Namespace) -> int:
    """Fetch the file, check it against the pinned SHA-256, and say where it lies."""
    print(f"YuNet: {download_yunet(options.url)}")
    return 0
