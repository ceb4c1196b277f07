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

"""The command ``emotion-recognition``: one module a command, imported only when it is called."""

import argparse
import importlib
import logging
import os
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass

from emotion_recognition import __version__
from emotion_recognition.imports import without_collection
from emotion_recognition.interrupt import as_usual, end_at_signals

DONE, FAILED, WRONG_USAGE, INTERRUPTED = 0, 1, 2, 130


@dataclass(frozen=True)
class Command:
    """Where a command lives: a module with ``add_arguments(parser)`` and ``main(args) -> int``.

    ``main`` raises ``argparse.ArgumentError`` where the arguments are wrong.
    """

    module: str
    summary: str
    lasting: bool = False  # it runs until it is interrupted: that is no failure


COMMANDS: dict[str, Command] = {
    "run": Command(
        "emotion_recognition.nodes.run",
        "start the nodes in one process (as `ros2 launch` does)",
        lasting=True,
    ),
    "play": Command(
        "emotion_recognition.nodes.player",
        "publish a bag's messages in their timing",
        lasting=True,
    ),
    "record": Command(
        "emotion_recognition.nodes.record",
        "record images, sound and estimates into a bag",
        lasting=True,
    ),
    "demo": Command(
        "emotion_recognition.nodes.demo", "play a sample through a live graph and show the result"
    ),
    "make-bag": Command(
        "emotion_recognition.cli.make_bag", "turn a video with sound into a ROS 2 bag"
    ),
    "estimate": Command(
        "emotion_recognition.cli.estimate", "estimate emotions over a bag or clip, offline"
    ),
    "evaluate": Command(
        "emotion_recognition.cli.evaluate", "score recordings against labels, with a report"
    ),
    "dashboard": Command(
        "emotion_recognition.cli.dashboard",
        "serve the page that shows recordings and the robot",
        lasting=True,
    ),
    "benchmark": Command(
        "emotion_recognition.cli.benchmark", "measure the shipped models by a published protocol"
    ),
    "train": Command(
        "emotion_recognition.cli.train", "train a network as a configuration file says"
    ),
    "check-corpus": Command(
        "emotion_recognition.cli.check_corpus", "list what is missing or broken in a data set"
    ),
    "fetch-detector": Command(
        "emotion_recognition.cli.fetch_detector", "download the YuNet face detector (optional)"
    ),
}


def _overview() -> argparse.ArgumentParser:
    width = max(map(len, COMMANDS))
    listing = "\n".join(f"  {name:<{width}}  {item.summary}" for name, item in COMMANDS.items())
    parser = argparse.ArgumentParser(
        prog="emotion-recognition",
        description="Audio-visual emotion recognition for ROS 2.",
        epilog=f"commands:\n{listing}\n\n"
        "`emotion-recognition COMMAND --help` describes a command.\n"
        "exit codes: 0 done, 1 failed, 2 wrong usage",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    parser.add_argument("command", choices=COMMANDS, metavar="COMMAND", help="what to do")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="its arguments")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code (0 done, 1 failed, 2 wrong usage, 130 interrupted).

    Args:
        arguments: None: those of the process, whose signals are taken over as well, and whose
            garbage collector rests while modules are imported.
    """
    chosen = _overview().parse_args(arguments)
    command = COMMANDS[chosen.command]
    if arguments is None:
        end_at_signals(DONE if command.lasting else INTERRUPTED)
    logging.basicConfig(format="%(levelname)s: %(message)s", level=logging.WARNING)
    # Small networks run slower on many threads; set before PyTorch is imported.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    try:
        with without_collection() if arguments is None else nullcontext():
            module = importlib.import_module(command.module)
    except ImportError as error:
        if not command.module.startswith("emotion_recognition.nodes"):
            raise
        print(
            f"emotion-recognition {chosen.command}: needs ROS 2, which does not import "
            f"({str(error).splitlines()[0]}); in a checkout type `. scripts/env.sh` first, "
            "on a robot source its workspace",
            file=sys.stderr,
        )
        return FAILED
    if arguments is None and not command.lasting:
        as_usual()
    parser = argparse.ArgumentParser(
        prog=f"emotion-recognition {chosen.command}", description=module.__doc__
    )
    module.add_arguments(parser)
    options = parser.parse_args(chosen.arguments)
    try:
        return int(module.main(options))
    except argparse.ArgumentError as error:
        parser.error(str(error))
    except (OSError, ValueError, RuntimeError) as error:  # what a user can mend: say it in one line
        if os.environ.get("EMOTION_RECOGNITION_DEBUG"):
            raise
        print(f"emotion-recognition {chosen.command}: {error}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED
