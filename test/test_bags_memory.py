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

"""Recordings are streamed: what reading them takes does not grow with their length."""

import subprocess
import sys
import tracemalloc

import numpy as np
import pytest
from recordings import SECOND, header, message, write_bag, write_ros1_bag
from rosbags.rosbag2 import CompressionMode, StoragePlugin

from emotion_recognition.bags.read import read_events
from emotion_recognition.bags.types import IMAGE

COUNT, WIDTH, HEIGHT = 50, 640, 480
BOUND = 16 << 20  # bytes; the recordings have 46 MB
READER = """
import resource, sys
from pathlib import Path
from emotion_recognition.bags.read import read_events
path = Path(sys.argv[1])
next(read_events(path))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
count = sum(event.image().size > 0 for event in read_events(path))
print(count, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def messages():
    noise = np.random.default_rng(0).integers(0, 256, HEIGHT * WIDTH * 3, np.uint8)
    for n in range(COUNT):
        stamp_ns = SECOND * (n + 1)
        yield (
            "/camera",
            stamp_ns,
            message(
                IMAGE,
                header=header(stamp_ns),
                height=HEIGHT,
                width=WIDTH,
                encoding="bgr8",
                is_bigendian=0,
                step=3 * WIDTH,
                data=noise,
            ),
        )


def cut_off(path):
    content = path.read_bytes()
    path.write_bytes(content[:-1000])
    return path


KINDS = {
    "mcap": lambda path: write_bag(path / "bag", messages()),
    "mcap-zstd": lambda path: write_bag(
        path / "bag", messages(), compression=CompressionMode.STORAGE
    ),
    "ros1": lambda path: write_ros1_bag(path / "old.bag", messages()),
    "mcap-cut": lambda path: cut_off(write_bag(path / "bag", messages()) / "bag.mcap"),
    "ros1-cut": lambda path: cut_off(write_ros1_bag(path / "old.bag", messages())),
}


@pytest.mark.parametrize("kind", KINDS)
def test_memory_does_not_grow_with_the_recording(tmp_path, kind):
    path = KINDS[kind](tmp_path)
    tracemalloc.start()
    count = sum(event.image().size > 0 for event in read_events(path))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count >= COUNT - 2
    assert peak < BOUND < COUNT * WIDTH * HEIGHT * 3 / 2


def test_sqlite_does_not_gather_rows(tmp_path):
    """Its memory is not Python's: the process is looked at from outside."""
    path = write_bag(tmp_path / "bag", messages(), StoragePlugin.SQLITE3)
    command = [sys.executable, "-c", READER, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    count, grown_kb = map(int, done.stdout.split())
    assert count == COUNT
    assert grown_kb * 1024 < BOUND
