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

"""Memory of the pipeline after minutes of stream time, in a process of its own.

The pipeline is that of the node from image message to ``EmotionState``, without DDS, and the stream
comes as fast as it is worked off: what is kept depends on the stream's time, not on the clock. The
live graph measures the node itself, in real time.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence

import cv2
import torch

from emotion_recognition.nodes.ros.convert import emotion_state
from emotion_recognition.recognizer import Recognizer, RecognizerConfig

from .measure import progress
from .process import rss_mb
from .stream_clip import load_material
from .streaming import Streaming


def measure_memory(minutes: Sequence[float]) -> dict[str, object]:
    """Return ``rss_after_minutes`` of stream time, MB, and ``rss_growth`` from first to last.

    Args:
        minutes: ascending, two or more.

    Raises:
        RuntimeError: the process that measures failed.
    """
    child = subprocess.Popen(
        [sys.executable, "-m", __name__, *map(str, minutes)], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    found: list[float] = []
    for _ in progress(minutes, "memory"):
        line = child.stdout.readline()
        found += [json.loads(line)] if line else []
    if child.wait() or len(found) < len(minutes):
        raise RuntimeError(f"the process that measures memory ended with status {child.returncode}")
    return {
        "rss_after_minutes": {f"{at:g}": mb for at, mb in zip(minutes, found, strict=True)},
        "rss_growth": found[-1] / found[0] - 1,
    }


def main() -> None:
    """Print the memory in MB, a line after each number of minutes given."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("minutes", type=float, nargs="+", help="of stream time, ascending")
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    streaming = Streaming(load_material(seconds=1.0), Recognizer(RecognizerConfig()))
    before = 0.0
    for minutes in parser.parse_args().minutes:
        for estimate in streaming.estimates(60 * (minutes - before)):
            emotion_state(estimate, estimate.stamp_ns)
        print(rss_mb(os.getpid()), flush=True)
        before = minutes


if __name__ == "__main__":
    main()
