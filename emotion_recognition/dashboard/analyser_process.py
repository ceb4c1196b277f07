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

"""The server's end of the analysis process: starts it, feeds it one job at a time, replaces it."""

import asyncio
import contextlib
import logging
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass

from pydantic import ValidationError

from emotion_recognition.dashboard.config import DashboardConfig
from emotion_recognition.dashboard.messages import CANCEL, MESSAGE, Ended, Job, Message, Ready
from emotion_recognition.dashboard.schemas import ModelInfo

log = logging.getLogger(__name__)

MODULE = "emotion_recognition.dashboard.analyser"
_START_TIMEOUT_S = 120.0  # a cold start reads the weights and PyTorch from disk
_CANCEL_GRACE_S = 2.0  # a decoder that does not come back for so long is killed
_MAX_LINE = 1 << 20  # bytes; the longest message by far is a face with its landmarks


class AnalyserStartError(RuntimeError):
    """The analysis process could not be started; its own words are in the log."""


class _DiedError(Exception):
    """The process ended, or spoke nonsense, in the middle of a job."""


@dataclass
class _Running:
    process: asyncio.subprocess.Process
    model: ModelInfo


class AnalyserProcess:
    """Keeps one analysis process ready. Used by one task of the event loop at a time."""

    def __init__(self, config: DashboardConfig) -> None:
        self._config = config
        self._running: _Running | None = None
        self._lock = asyncio.Lock()
        self._killer: asyncio.TimerHandle | None = None
        self._unwanted = False
        self.failed = False  # the last start

    @property
    def ready(self) -> bool:
        """Whether the process is there and has its model."""
        return self._running is not None

    async def model(self) -> ModelInfo:
        """Return what is known of the model, after a start where that is needed.

        Raises:
            AnalyserStartError: The process does not start.
        """
        return (await self._started()).model

    async def run(self, job: Job, on_message: Callable[[Message], None]) -> Ended:
        """Let the process do a job; return how it ended. Whatever happens to it is an end."""
        self._unwanted = False
        try:
            running = await self._started()
        except AnalyserStartError as error:
            return Ended(state="failed", error=str(error))
        if self._unwanted:
            return Ended(state="cancelled")
        timeout_s = self._config.analysis_timeout_s
        try:
            ended = await asyncio.wait_for(_do(running.process, job, on_message), timeout_s)
        except asyncio.TimeoutError:
            await self._end()
            ended = Ended(state="failed", error=f"the analysis took longer than {timeout_s:g} s")
        except (_DiedError, OSError) as error:
            log.warning("the analysis process ended in the middle of a job: %s", error)
            await self._end()
            ended = Ended(
                state="failed",
                error="the analysis broke off: the recording is damaged or needs too much memory",
            )
        except asyncio.CancelledError:
            await self._end()
            raise
        if not ended.fit:
            await self._end()
        if self._killer is not None:  # somebody asked for the end
            self._killer.cancel()
            self._killer = None
            ended = Ended(state="cancelled")
        return ended

    def cancel(self) -> None:
        """Stop the job at hand: kindly, and after a while by force."""
        self._unwanted = True  # for a job that waits for the start
        if self._running is None or self._killer is not None:
            return
        process = self._running.process
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(CANCEL)
        self._killer = asyncio.get_running_loop().call_later(_CANCEL_GRACE_S, _kill, process)

    async def close(self) -> None:
        """End the process."""
        await self._end()

    async def _started(self) -> _Running:
        async with self._lock:
            if self._running is not None and self._running.process.returncode is not None:
                await self._end()
            if self._running is None:
                try:
                    self._running = await self._start()
                except AnalyserStartError:
                    self.failed = True
                    raise
                self.failed = False
            return self._running

    async def _start(self) -> _Running:
        config = self._config
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", MODULE),
            *("--device", config.device),
            *("--memory-mb", str(config.analysis_memory_mb)),
            *("--timeout-s", str(config.analysis_timeout_s)),
            *(["--redact"] if config.redact else []),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=_MAX_LINE,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
        try:
            first = await asyncio.wait_for(_message(process), _START_TIMEOUT_S)
        except (_DiedError, asyncio.TimeoutError) as error:
            _kill(process)
            await process.wait()
            raise AnalyserStartError(
                "the analysis process does not start: the server's log says why"
            ) from error
        except asyncio.CancelledError:
            _kill(process)
            raise
        assert isinstance(first, Ready)
        return _Running(process, first.model)

    async def _end(self) -> None:
        if self._running is None:
            return
        process, self._running = self._running.process, None
        _kill(process)
        await process.wait()


async def _do(
    process: asyncio.subprocess.Process, job: Job, on_message: Callable[[Message], None]
) -> Ended:
    assert process.stdin is not None
    process.stdin.write(job.model_dump_json().encode() + b"\n")
    await process.stdin.drain()
    while True:
        message = await _message(process)
        if isinstance(message, Ended):
            return message
        on_message(message)


async def _message(process: asyncio.subprocess.Process) -> Message:
    assert process.stdout is not None
    try:
        line = await process.stdout.readline()
        if not line:
            raise _DiedError("its output ended")
        return MESSAGE.validate_json(line)
    except (ValidationError, ValueError) as error:  # a decoder that was taken over may say anything
        raise _DiedError(f"it sent no message of ours: {error}") from error


def _kill(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.kill()
