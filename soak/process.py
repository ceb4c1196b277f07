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

"""The child processes: the node under test, and the camera and microphone that are killed.

Each is a session of its own: Ctrl-C ends the run, with a report, and not the node.
"""

import contextlib
import fcntl
import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from .orders import HEARD, ImageOrder, SoundOrder

STOP_S = 10.0


class Device:
    """The process of a camera or microphone (``soak.player``)."""

    def __init__(self, name: str, folder: Path, log: Path) -> None:
        self.starts = 0
        self._command = [sys.executable, "-m", "soak.player", name, str(folder)]
        self._log = log
        self._process: subprocess.Popen[str] | None = None
        self._heard = threading.Event()

    def start(self) -> None:
        """Start the process; it takes a second or more until it ``is_heard``."""
        self.starts += 1
        self._heard = threading.Event()
        with self._log.open("a") as output:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=output,
                text=True,
                start_new_session=True,
            )
        listening = (self._process, self._heard)
        threading.Thread(target=_listen, args=listening, daemon=True).start()

    @property
    def runs(self) -> bool:
        """Whether the process was started, and not killed since."""
        return self._process is not None

    @property
    def is_heard(self) -> bool:
        """Whether the process runs and has a subscriber."""
        return self._process is not None and self._heard.is_set()

    def publish(self, order: ImageOrder | SoundOrder) -> None:
        """Tell the process, which must be heard, to publish at once."""
        assert self._process is not None and self._process.stdin is not None
        self._process.stdin.write(json.dumps(asdict(order)) + "\n")
        self._process.stdin.flush()

    def kill(self) -> None:
        """End the process as a power cut would."""
        if self._process is None:
            return
        held = _segments(self._process.pid)
        self._process.kill()
        self._process.wait()
        free(held)
        with contextlib.suppress(BrokenPipeError):  # what it did not read any more
            assert self._process.stdin is not None
            self._process.stdin.close()
        self._process = None


def _segments(pid: int) -> set[Path]:
    """Shared memory of Fast DDS that a process has mapped, its own and that of others."""
    try:
        lines = Path(f"/proc/{pid}/maps").read_text(encoding="utf-8").splitlines()
    except OSError:  # another system, or the process has ended
        return set()
    paths = (Path(line.split(maxsplit=5)[-1]) for line in lines if "/dev/shm/fast" in line)
    return {path for path in paths if "_port" not in path.name}


def free(segments: set[Path]) -> None:
    """Free those that nobody owns any more: a killed process leaves its own, up to 35 MB.

    ``fastdds shm clean`` does it for the whole machine, also where others are just starting.
    """
    for segment in segments:
        lock = segment.with_name(f"{segment.name}_el")  # locked by the owner as long as it lives
        with contextlib.suppress(OSError), lock.open() as held:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            segment.unlink()
            lock.unlink()


def _listen(process: "subprocess.Popen[str]", heard: threading.Event) -> None:
    assert process.stdout is not None
    with process.stdout as said:
        for line in said:
            if line.strip() == HEARD:
                heard.set()
            else:
                heard.clear()


@contextlib.contextmanager
def emotion_node(log: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Run ``emotion_node`` on simulated time; its words go to ``log``."""
    command = [sys.executable, "-m", "emotion_recognition.nodes", "emotion_node"]
    command += ["--ros-args", "-p", "use_sim_time:=true"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(timeout=STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
