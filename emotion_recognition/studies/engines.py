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

"""Where the jobs of a run are done: in this process, in processes of this machine, on a cluster."""

import importlib
import logging
import multiprocessing
import signal
import sys
from collections.abc import Generator, Iterator, Sequence
from multiprocessing.connection import Connection, wait
from typing import Any

from emotion_recognition.studies.job import DiskFullError, Job, RecordingResult, run_job

_STOP_S = 5.0  # for a worker to put away what it has begun
_CRASHED = "the process that worked on it ended (by its decoder, or for lack of memory)"


class EngineError(RuntimeError):
    """An engine is not installed or cannot be reached; the message says what to do."""


def in_this_process(jobs: Sequence[Job]) -> Iterator[RecordingResult]:
    """Do the jobs one after the other."""
    for job in jobs:
        yield run_job(job)


def in_processes(jobs: Sequence[Job], count: int) -> Generator[RecordingResult]:
    """Do the jobs in ``count`` processes, each with a model of its own; yield them as they end.

    A process that dies takes no other job with it: a new one takes its place. What ends the run
    (an exception of ``run_job``, or one that is thrown in here, as Ctrl-C does) ends the
    processes; files that they have begun go with them.
    """
    left = list(reversed(jobs))
    workers: list[_Worker] = []
    try:
        workers = [_Worker(left.pop()) for _ in range(min(count, len(left)))]
        while workers:
            for connection in wait([worker.connection for worker in workers]):
                worker = next(each for each in workers if each.connection is connection)
                result, alive = worker.result()
                if not left:
                    workers.remove(worker)
                    worker.stop()
                elif alive:
                    worker.give(left.pop())
                else:
                    worker.stop()
                    workers[workers.index(worker)] = _Worker(left.pop())
                yield result
    finally:
        for worker in workers:
            worker.stop()


def on_dask(jobs: Sequence[Job], count: int, scheduler: str | None) -> Iterator[RecordingResult]:
    """Do the jobs on a Dask cluster; yield them as they end.

    Its machines have this package installed, and see the recordings and the outputs under the same
    paths as this one. A worker does one job at a time; give it one thread.

    Args:
        jobs: what to do.
        count: workers of the cluster that is started here, without ``scheduler``.
        scheduler: address of a running cluster.

    Raises:
        EngineError: Dask is not installed, or the scheduler cannot be reached.
    """
    try:
        distributed: Any = importlib.import_module("distributed")
    except ModuleNotFoundError as error:
        raise EngineError(
            "Dask is not installed: pip install 'emotion_recognition[cluster]'"
        ) from error
    logging.getLogger("distributed").setLevel(logging.WARNING)  # it tells every connection
    try:
        client = distributed.Client(
            scheduler or _local_cluster(distributed, min(count, len(jobs))), set_as_default=False
        )
    except (OSError, ValueError) as error:
        raise EngineError(f"no scheduler of Dask at {scheduler}: {error}") from error
    with client:
        cluster = client.cluster
        try:
            futures = {client.submit(run_job, job, pure=False, key=_key(job)): job for job in jobs}
            for future in distributed.as_completed(futures, loop=client.loop):
                try:
                    yield future.result()
                except distributed.KilledWorker:
                    yield futures[future].result("failed", _CRASHED)
        finally:
            client.cancel(list(futures))
            if cluster is not None:
                cluster.close()


def _key(job: Job) -> str:
    return f"{job.configuration.name}/{job.name}"


def _local_cluster(distributed: Any, count: int) -> Any:
    return distributed.LocalCluster(
        n_workers=count,
        threads_per_worker=1,
        host="127.0.0.1",
        dashboard_address="127.0.0.1:0",
        memory_limit=0,  # the system's own limits hold
        silence_logs=40,
    )


class _Worker:
    """A process that does one job after the other."""

    def __init__(self, job: Job) -> None:
        context = multiprocessing.get_context("spawn")  # forked, PyTorch's threads would hang
        self.connection, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs,), daemon=True)
        self._process.start()
        theirs.close()
        self.give(job)

    def give(self, job: Job) -> None:
        self._job = job
        self.connection.send(job)

    def result(self) -> tuple[RecordingResult, bool]:
        """The result of its job, and whether it can do another one."""
        try:
            result = self.connection.recv()
        except (EOFError, ConnectionError):
            return self._job.result("failed", _CRASHED), False
        if isinstance(result, BaseException):
            raise result
        return result, True

    def stop(self) -> None:
        self.connection.close()
        self._process.terminate()
        self._process.join(_STOP_S)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()


def _serve(connection: Connection) -> None:
    """The life of a worker: until the run closes the connection, or is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the run's, which then ends this
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())  # by way of what tidies up
    while True:
        try:
            job = connection.recv()
        except EOFError:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)  # it is ending already
            return
        try:
            connection.send(run_job(job))
        except DiskFullError as error:
            connection.send(error)
        except Exception as error:  # of which not every one can be sent
            connection.send(RuntimeError(str(error)))
