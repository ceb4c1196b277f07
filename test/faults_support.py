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

"""Streams that fail, for tests with real processes: sources that die, clocks that are set."""

import struct
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from emotion_recognition.msg import EmotionState
from ros_support import REPOSITORY, Probe, Process, wait_until

SILENT = EmotionState.AUDIO_STALE | EmotionState.VIDEO_STALE


class SystemClock:
    """The system clock of the processes that run in ``environment``, to be set by a test."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "ahead"
        library = folder / "system_clock.so"
        source = REPOSITORY / "test" / "system_clock.c"
        command = ["cc", "-shared", "-fPIC", "-O1", "-o", str(library), str(source), "-ldl"]
        try:
            subprocess.run(command, check=True)
        except FileNotFoundError:
            pytest.skip("no C compiler: the system clock cannot be set for a process alone")
        self._file.write_bytes(bytes(8))
        self._ahead_ns = 0
        self.environment = {"LD_PRELOAD": str(library), "SYSTEM_CLOCK_AHEAD": str(self._file)}

    def move(self, seconds: float) -> None:
        """Set it forward, or back.

        Backwards only while streams run: Fast DDS may wait by the system clock, and then neither
        sees nor is seen by newcomers until that is where it was.
        """
        self._ahead_ns += int(1e9 * seconds)
        with self._file.open("r+b") as file:
            file.write(struct.pack("q", self._ahead_ns))


def source(kind: str, clip: Path, *options: str) -> list[str]:
    """The command line of a camera or a microphone."""
    script = REPOSITORY / "test" / "stream_source.py"
    return [sys.executable, str(script), kind, str(clip), *options]


class Estimates:
    """What emotion_node publishes, and waiting for it."""

    def __init__(self, probe: Probe, node: Process) -> None:
        self.all: list[EmotionState] = probe.hear(EmotionState, "emotion")
        self._node = node

    def coming(self, so_that: Any = None, count: int = 2, timeout_s: float = 40) -> EmotionState:
        """Wait for so many new estimates of which ``so_that`` is true; return the last."""
        before = len(self.all)
        found: list[EmotionState] = []

        def enough() -> bool:
            new = [state for state in self.all[before:] if state.probabilities]
            found[:] = [state for state in new if so_that is None or so_that(state)]
            return len(found) >= count or not self._node.running

        try:
            wait_until(enough, timeout_s, "estimates")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self._node.text}\n{self.all[-1:]}") from None
        assert self._node.running, self._node.text
        return found[-1]

    def ending(self, timeout_s: float = 20) -> EmotionState:
        """Wait for the word that there are none; return it."""
        wait_until(lambda: self.all and not self.all[-1].probabilities, timeout_s, "unavailable")
        gone = self.all[-1]
        assert gone.flags & SILENT == SILENT
        return gone


class Sources(ExitStack):
    """Cameras and microphones that run."""

    def __init__(self, clip: Path, domain_id: int, environment: dict[str, str]) -> None:
        super().__init__()
        self._clip, self._domain_id, self._environment = clip, domain_id, environment

    def start(self, kind: str, *options: str) -> Process:
        command = source(kind, self._clip, *options)
        process = Process(command, self._domain_id, **self._environment)
        self.callback(process.kill)
        return process


def both(state: EmotionState) -> bool:
    return state.audio_weight > 0 and state.video_weight > 0


def sound_alone(state: EmotionState) -> bool:
    return bool(state.flags & EmotionState.VIDEO_STALE) and state.audio_weight > 0


def face_alone(state: EmotionState) -> bool:
    return bool(state.flags & EmotionState.AUDIO_STALE) and state.video_weight > 0
