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

"""All analyses: a fair queue before one analysis process, and results that are forgotten in time.

Uploads are deleted as soon as they are analysed, results live in memory for a stated time, and
nothing else is kept unless the operator named a folder.
"""

import asyncio
import contextlib
import logging
import shutil
import tempfile
from pathlib import Path

from emotion_recognition.dashboard.analyser_process import AnalyserProcess
from emotion_recognition.dashboard.config import DashboardConfig
from emotion_recognition.dashboard.fair_queue import FairQueue
from emotion_recognition.dashboard.messages import Ended, Job
from emotion_recognition.dashboard.problems import ProblemError
from emotion_recognition.dashboard.record import Record
from emotion_recognition.dashboard.upload import Upload

log = logging.getLogger(__name__)

_RETRY_AFTER_S = 5
_MAX_RESULTS = 100  # more are forgotten before their time, the oldest first


class Analyses:
    """Takes uploads, has them analysed one after the other, and answers for the results."""

    def __init__(self, config: DashboardConfig) -> None:
        self._config = config
        self._records: dict[str, Record] = {}
        self._queue: FairQueue[Record] = FairQueue()
        self._running: Record | None = None
        self._uploads = 0
        self._woken = asyncio.Event()
        self._worker: asyncio.Task[None] | None = None
        self.process = AnalyserProcess(config)
        self.folder = Path()

    async def start(self) -> None:
        """Make the folder of the uploads, and let the process load its model in the meantime."""
        self.folder = Path(tempfile.mkdtemp(prefix="emotion_dashboard_"))  # readable by us alone
        if self._config.keep is not None:
            self._config.keep.mkdir(parents=True, exist_ok=True)
        self._worker = asyncio.create_task(self._work())

    async def stop(self) -> None:
        """End the work and delete everything."""
        if self._worker is not None:
            self._worker.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._worker
        await self.process.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def waiting(self) -> int:
        """Analyses that wait or run."""
        return len(self._queue) + (self._running is not None)

    @contextlib.contextmanager
    def place_for_upload(self):  # type: ignore[no-untyped-def]
        """Hold one of the places for uploads.

        Raises:
            ProblemError: All of them are taken, or the queue is full.
        """
        too_many = None
        if self._uploads >= self._config.max_uploads:
            too_many = f"{self._uploads} uploads are under way"
        elif self.waiting + self._uploads >= self._config.max_waiting:
            too_many = f"{self.waiting} analyses wait already"
        if too_many:
            raise ProblemError(
                "too-many", f"{too_many}: try again later", {"Retry-After": str(_RETRY_AFTER_S)}
            )
        self._uploads += 1
        try:
            yield
        finally:
            self._uploads -= 1

    def add(self, upload: Upload, client: str) -> Record:
        """Queue an upload, which is ours from now on."""
        record = Record(upload, client)
        self._records[record.id] = record
        self._queue.put(client, record)
        self._place_all()
        self._woken.set()
        return record

    def get(self, id: str) -> Record:
        """Return an analysis.

        Raises:
            ProblemError: There is none of that id, or not any more.
        """
        record = self._records.get(id)
        if record is None:
            raise ProblemError(
                "not-found",
                "no such analysis: results are forgotten "
                f"{self._config.result_lifetime_s:g} s after their end",
            )
        return record

    def delete(self, id: str) -> None:
        """Cancel an analysis that is not finished; forget one that is."""
        record = self.get(id)
        if record.finished:
            self._forget(record)
        elif self._queue.remove(record):
            self._end(record, Ended(state="cancelled"))
            self._place_all()
        else:
            self.process.cancel()

    async def _work(self) -> None:
        """Do one analysis after the other, for as long as the server runs."""
        with contextlib.suppress(Exception):  # a process that does not start is told to who asks
            await self.process.model()
        while True:
            record = self._queue.take()
            if record is None:
                self._woken.clear()
                await self._woken.wait()
                continue
            self._running = record
            self._place_all()
            record.start()
            ended = Ended(state="cancelled")
            try:
                job = Job(path=str(record.upload.path), max_duration=self._config.max_duration_s)
                ended = await self.process.run(job, record.take)
            finally:
                self._running = None
                self._end(record, ended)
            if ended.state == "done" and self._config.keep is not None:
                await asyncio.to_thread(_keep, record, self._config.keep)

    def _end(self, record: Record, ended: Ended) -> None:
        record.upload.path.unlink(missing_ok=True)
        record.end(ended, self._config.result_lifetime_s)
        loop = asyncio.get_running_loop()
        loop.call_later(self._config.result_lifetime_s, self._forget, record)
        finished = [each for each in self._records.values() if each.finished]
        for oldest in finished[: max(0, len(finished) - _MAX_RESULTS)]:
            self._forget(oldest)

    def _forget(self, record: Record) -> None:
        self._records.pop(record.id, None)

    def _place_all(self) -> None:
        ahead = int(self._running is not None)
        for place, record in enumerate(self._queue):
            record.place(place + ahead)


def _keep(record: Record, folder: Path) -> None:
    """Write a result to the operator's folder, whole or not at all."""
    path = folder / f"{record.id}.json"
    try:
        partial = path.with_suffix(".part")
        partial.write_text(record.view().model_dump_json(), encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        log.warning("%s could not be written: %s", path, error)
