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

"""Runs a target in a process of its own, sees it die or hang, and goes on behind that input."""

import multiprocessing
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path

from .target import Target
from .worker import WHERE_ARE_YOU, State, growth_kib, keep, work

GROWTH_KIB = 16 * 1024
"""Memory may grow by so much over the last three quarters of a target's inputs."""
_LOOK_S = 0.05
_GRACE_S = 1.0  # in which the worker writes where it hangs


@dataclass(frozen=True)
class Outcome:
    """What became of the inputs of a target.

    Attributes:
        inputs: how many there were.
        accepted: decoded without complaint.
        rejected: refused as documented.
        crashes: ended by another exception, or by the death of the process.
        hangs: took longer than the limit.
        slowest_ms: CPU time of the slowest.
        slowest: its number.
        growth_kib: of memory, from a quarter of the inputs on.
        peak_mib: the largest resident memory.
    """

    inputs: int
    accepted: int
    rejected: int
    crashes: int
    hangs: int
    slowest_ms: float
    slowest: int
    growth_kib: float
    peak_mib: float

    @property
    def grew(self) -> bool:
        """Whether memory grew beyond the bound."""
        return self.growth_kib > GROWTH_KIB


def watch(
    target: Target,
    seed: int,
    count: int,
    hang_s: float,
    folder: Path,
    tell: Callable[[int], object] = lambda done: None,
) -> Outcome:
    """Decode ``count`` inputs of a target.

    Args:
        target: what decodes.
        seed: of the inputs.
        count: how many.
        hang_s: an input that takes longer is a hang.
        folder: where inputs that crash or hang are saved, each with what is known of it.
        tell: called with how many inputs are done.
    """
    # A server that has imported everything forks the workers: no threads, and little to wait for.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["fuzz.targets"])
    folder.mkdir(parents=True, exist_ok=True)
    name = target.name
    state = State()
    deaths = hangs = 0
    while state.done < count:
        process = context.Process(
            target=work, args=(target, seed, count, state, folder), daemon=True
        )
        process.start()
        hung = _until_it_ends(process, state, hang_s, tell)
        if process.exitcode:
            if not state.started_s:
                raise RuntimeError(_words(name, process.exitcode, folder))
            index = int(state.done)
            data = (folder / f"{name}.input").read_bytes()
            kind = "hang" if hung else "crash"
            keep(folder, kind, name, index, data, _words(name, process.exitcode, folder))
            hangs, deaths = hangs + hung, deaths + (not hung)
            state.set("done", index + 1)
            state.set("started_s", 0)
    crashes = int(state.crashes) + deaths
    return Outcome(
        count,
        int(state.accepted),
        count - int(state.accepted) - crashes - hangs,
        crashes,
        hangs,
        state.slowest_ms,
        int(state.slowest),
        growth_kib(state.rss),
        state.peak_kib / 1024,
    )


def _until_it_ends(
    process: BaseProcess, state: State, hang_s: float, tell: Callable[[int], object]
) -> bool:
    """Wait for the worker; kill it where an input takes too long, and return whether it did."""
    while process.is_alive():
        process.join(_LOOK_S)
        tell(int(state.done))
        started_s = state.started_s
        if started_s and time.monotonic() - started_s > hang_s:
            os.kill(process.pid or 0, WHERE_ARE_YOU)
            time.sleep(_GRACE_S)
            process.kill()
            process.join()
            return True
    process.join()
    return False


def _words(name: str, exit_code: int, folder: Path) -> str:
    log = folder / f"{name}.log"
    said = log.read_text(errors="replace") if log.is_file() else "before its first input"
    return f"{name}: the process ended with {exit_code}\n{said[-8000:]}"
