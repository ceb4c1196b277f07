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
