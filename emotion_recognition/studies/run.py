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

"""Runs configurations over recordings: on one machine, or on a cluster through Dask."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from tqdm import tqdm
from tqdm.contrib.logging import logging_redirect_tqdm

from emotion_recognition.studies.configuration import StudyConfiguration, refuse_to_show
from emotion_recognition.studies.engines import in_processes, in_this_process, on_dask
from emotion_recognition.studies.job import DiskFullError, Job, RecordingResult, RunOptions
from emotion_recognition.studies.manifest import read_manifest
from emotion_recognition.studies.names import unique_names
from emotion_recognition.studies.outputs import FORMATS, require_packages

__all__ = ["RecordingResult", "RunOptions", "run_recordings", "summary"]

log = logging.getLogger(__name__)

Engine = Literal["local", "dask"]


def run_recordings(
    paths: Sequence[Path],
    configurations: Sequence[StudyConfiguration],
    out: Path,
    options: RunOptions | None = None,
    *,
    jobs: int = 1,
    engine: Engine = "local",
    scheduler: str | None = None,
    force: bool = False,
) -> list[RecordingResult]:
    """Estimate every recording under every configuration, and write the estimates.

    Files: ``out/estimates/NAME.FORMAT``, or ``out/estimates/CONFIGURATION/NAME.FORMAT`` if there
    are several configurations. What is finished is not done again; so an interrupted run goes on
    when it is called again. The bytes of the files do not depend on ``jobs`` and ``engine``.

    With ``jobs`` above 1, a script that calls this needs ``if __name__ == "__main__":``, as
    ``multiprocessing`` says.

    Args:
        paths: recordings, each a bag, a clip or what else ``read_events`` reads.
        configurations: at least one; their names differ.
        out: the folder to write to.
        options: what is read and written.
        jobs: processes that work at the same time.
        engine: ``local``: processes of this machine; ``dask``: a cluster.
        scheduler: address of Dask's scheduler; None: a cluster of ``jobs`` workers here.
        force: do everything again, and overwrite what other recordings or settings gave.

    Returns:
        A result for each configuration and recording, in this order.

    Raises:
        ValueError: nothing is to be done, or ``out`` holds estimates of other recordings or
            settings, and ``force`` is not set.
        DiskFullError: nothing can be written any more.
        EngineError: the cluster is not there.
        OSError, RuntimeError: the model or the face detector cannot be loaded.
    """
    planned = _plan(paths, configurations, out, options or RunOptions())
    finished = [] if force else [job for job in planned if _finished(job)]
    results = {job.key: job.result("skipped") for job in finished}
    left = [job for job in planned if job.key not in results]
    if not force:
        _refuse_to_overwrite(left)
    bar = tqdm(total=len(planned), initial=len(results), unit="recording", disable=None)
    with bar, logging_redirect_tqdm(), _what_stays(out):
        for result in _results(left, jobs, engine, scheduler):
            results[result.configuration, result.name] = result
            bar.update()
            if result.status == "failed":
                log.error("%s", _named(result))
    return [results[job.key] for job in planned]


@contextmanager
def _what_stays(out: Path) -> Iterator[None]:
    """On an end before the end, say how to go on."""
    try:
        yield
    except (KeyboardInterrupt, DiskFullError):
        log.warning("ended early: what is finished in %s stays, the same call goes on with it", out)
        raise


def _named(result: RecordingResult) -> str:
    """The error, which may begin with the recording by itself."""
    path = str(result.path)
    return result.error if path in result.error else f"{path}: {result.error}"


def summary(results: Sequence[RecordingResult]) -> str:
    """One line on how a run went."""
    counts = {
        status: sum(result.status == status for result in results)
        for status in ("done", "skipped", "failed")
    }
    empty = sum(result.status != "failed" and not result.windows for result in results)
    parts = [f"{counts['done']} done"]
    parts += [f"{counts['skipped']} done before"] if counts["skipped"] else []
    parts += [f"{empty} without any estimate"] if empty else []
    parts += [f"{counts['failed']} failed"] if counts["failed"] else []
    recordings = {result.path for result in results}
    named = {result.configuration for result in results}
    by = f" by {len(named)} configurations" if len(named) > 1 else ""
    many = "s" if len(recordings) > 1 else ""
    return f"{len(recordings)} recording{many}{by}: {', '.join(parts)}"


def _plan(
    paths: Sequence[Path],
    configurations: Sequence[StudyConfiguration],
    out: Path,
    options: RunOptions,
) -> list[Job]:
    if not paths or not configurations:
        raise ValueError("no recording, or no configuration: expected at least one of each")
    names = [configuration.name for configuration in configurations]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"several configurations are called '{name}': rename their files")
    if not options.formats or set(options.formats) - set(FORMATS):
        given = ", ".join(options.formats) or "none"
        raise ValueError(f"formats are {given}: expected at least one of {', '.join(FORMATS)}")
    require_packages(options.formats)
    if options.bag:
        refuse_to_show(configurations, "a bag with the recording's images and sound")
    return [
        Job(
            path.resolve(),
            name,
            configuration,
            out.resolve(),
            configuration.name if len(configurations) > 1 else "",
            options,
        )
        for configuration in configurations
        for path, name in zip(paths, unique_names(paths), strict=True)
    ]


def _finished(job: Job) -> bool:
    manifest = read_manifest(job.manifest)
    return (
        manifest is not None
        and manifest.finished
        and job.path.exists()
        and manifest.fingerprint == job.fingerprint()
        and all(path.exists() for path in job.outputs)
    )


def _refuse_to_overwrite(jobs: Sequence[Job]) -> None:
    """Raise ValueError if there are outputs that these jobs did not begin to write."""
    for job in jobs:
        present = [path for path in job.outputs if path.exists()]
        if not present or not job.path.exists():
            continue
        manifest = read_manifest(job.manifest)
        if manifest is None or manifest.fingerprint != job.fingerprint():
            raise ValueError(
                f"{present[0]} was made from another recording, with other settings or by another "
                "version: give another folder, or allow to overwrite (--force)"
            )


def _results(
    jobs: Sequence[Job], count: int, engine: Engine, scheduler: str | None
) -> Iterator[RecordingResult]:
    if not jobs:
        return iter(())
    if engine == "dask":
        return on_dask(jobs, count, scheduler)
    return in_processes(jobs, count) if count > 1 else in_this_process(jobs)
