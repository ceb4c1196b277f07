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

"""The process that decodes: it may die or hang, and what it was at stays to be read."""

import faulthandler
import gc
import logging
import multiprocessing
import os
import resource
import signal
import time
import traceback
from collections.abc import Iterable
from ctypes import Array
from multiprocessing.sharedctypes import RawArray
from pathlib import Path

from . import ROOM_BYTES
from .target import Target

SAMPLES = 256
WHERE_ARE_YOU = signal.SIGUSR1
"""Makes the worker write into its log what it is at, even within native code."""
_KEPT_AT_MOST = 20  # inputs of crashes of one target that are saved


class State:
    """What the worker and its watcher share: numbers in memory that outlives the worker.

    Attributes:
        done: inputs that are over.
        started_s: when the present input began, on the monotonic clock; 0 between inputs.
        accepted: inputs that were decoded.
        crashes: inputs that raised what is no documented refusal.
        slowest_ms: CPU time of the slowest input.
        slowest: its number.
        peak_kib: the largest resident memory.
    """

    NAMES = ("done", "started_s", "accepted", "crashes", "slowest_ms", "slowest", "peak_kib")

    def __init__(self) -> None:
        self.numbers: Array = RawArray("d", len(self.NAMES))
        self.rss: Array = RawArray("d", SAMPLES)  # KiB, evenly over the inputs; 0: not yet

    def __getattr__(self, name: str) -> float:
        if name not in State.NAMES:
            raise AttributeError(name)
        return float(self.numbers[State.NAMES.index(name)])

    def set(self, name: str, value: float) -> None:
        """Write one of the numbers."""
        self.numbers[State.NAMES.index(name)] = value


def work(target: Target, seed: int, count: int, state: State, folder: Path) -> None:
    """Decode the inputs of a target from the first that is not done; the body of a process.

    Args:
        target: what decodes.
        seed: of the inputs.
        count: how many inputs there are.
        state: what the watcher reads.
        folder: where the present input, crashes and what native code says are written.
    """
    _speak_into(folder / f"{target.name}.log")
    soft = _vm_bytes() + ROOM_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (soft, resource.getrlimit(resource.RLIMIT_AS)[1]))
    present = folder / f"{target.name}.input"
    every = max(1, count // SAMPLES)
    for index in range(int(state.done), count):
        if index % 100 == 0 and not _watched():
            return
        data = target.input(seed, index)
        present.write_bytes(data)
        _decode(target, data, index, state, folder)
        state.set("done", index + 1)
        if index % every == 0 and index // every < SAMPLES:
            gc.collect()
            state.rss[index // every] = rss_kib()
    state.set("peak_kib", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    present.unlink(missing_ok=True)


def _decode(target: Target, data: bytes, index: int, state: State, folder: Path) -> None:
    begun_s = time.process_time()
    state.set("started_s", time.monotonic())
    try:
        accepted = target.accepts(data)
    except Exception:
        state.set("crashes", state.crashes + 1)
        if state.crashes <= _KEPT_AT_MOST:
            keep(folder, "crash", target.name, index, data, traceback.format_exc())
    else:
        state.set("accepted", state.accepted + accepted)
    state.set("started_s", 0)
    spent_ms = 1e3 * (time.process_time() - begun_s)
    if spent_ms > state.slowest_ms:
        state.set("slowest_ms", spent_ms)
        state.set("slowest", index)


def keep(folder: Path, kind: str, name: str, index: int, data: bytes, told: str) -> Path:
    """Save an input for replay, and beside it what is known of it."""
    path = folder / f"{kind}-{name}-{index}.bin"
    path.write_bytes(data)
    path.with_suffix(".txt").write_text(told)
    return path


def rss_kib() -> float:
    """Resident memory of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1024


def _watched() -> bool:
    watcher = multiprocessing.parent_process()
    return watcher is None or watcher.is_alive()


def _vm_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()


def _speak_into(path: Path) -> None:
    """Lead what native code prints, and where a fault lies, into a file; warnings are formatted."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(file, 2)
    os.close(file)
    faulthandler.enable()
    faulthandler.register(WHERE_ARE_YOU)
    logging.raiseExceptions = True
    logging.getLogger().handlers = [_Formats()]


class _Formats(logging.Handler):
    """Formats what is logged, so that a wrong format is seen, and forgets it."""

    def emit(self, record: logging.LogRecord) -> None:
        record.getMessage()


def growth_kib(samples: Iterable[float]) -> float:
    """Return by how much memory grew over the last three quarters of a run, by least squares.

    Args:
        samples: KiB at equal steps; zeros, of which no sample was taken, do not count.
    """
    taken = [each for each in samples if each]
    taken = taken[len(taken) // 4 :]
    if len(taken) < 8:
        return 0.0
    middle = (len(taken) - 1) / 2
    mean = sum(taken) / len(taken)
    covered = sum((at - middle) * (each - mean) for at, each in enumerate(taken))
    slope = covered / sum((at - middle) ** 2 for at in range(len(taken)))
    return slope * (len(taken) - 1)
