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

"""Turn a video with sound into a ROS 2 bag, for `ros2 bag play` and `emotion-recognition play`."""

import argparse
from pathlib import Path

from emotion_recognition.bags.write import make_bag


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of ``emotion-recognition make-bag``."""
    parser.add_argument(
        "clip",
        type=Path,
        help="video or sound file (mp4, mkv, webm, wav, ...), or a folder of images",
    )
    parser.add_argument(
        "out", type=Path, nargs="?", help="bag folder to write (default: the clip's name here)"
    )
    parser.add_argument(
        "--storage", choices=("mcap", "sqlite3"), default="mcap", help="default: mcap"
    )
    parser.add_argument(
        "--compressed", action="store_true", help="JPEG images in place of raw ones"
    )
    parser.add_argument("--force", action="store_true", help="overwrite an existing bag")


def main(options: argparse.Namespace) -> int:
    """Write the bag and name it."""
    out = options.out or Path(options.clip.stem)
    make_bag(
        options.clip,
        out,
        storage=options.storage,
        compressed=options.compressed,
        force=options.force,
    )
    print(f"written: {out}")
    return 0
