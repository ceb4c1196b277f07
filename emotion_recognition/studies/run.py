"""Runs configurations over recordings: on one machine, or on a cluster through Dask."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from emotion_recognition.studies.configuration import StudyConfiguration


@dataclass(frozen=True)
class RunOptions:
    """What is read of each recording, and what is written.

    Attributes:
        formats: files of estimates, out of ``outputs.FORMATS``.
        bag: whether to write a bag with the original messages and the estimates.
        image_topic: topic of the images in a bag; None: the only one.
        audio_topic: topic of the sound in a bag; None: the only one.
        sync: clock that the streams are matched by, ``stamp`` or ``receive-time``.
        live_timing_ms: simulate a machine that needs so long for an update; None: every window.
    """

    formats: tuple[str, ...] = ("csv",)
    bag: bool = False
    image_topic: str | None = None
    audio_topic: str | None = None
    sync: Literal["stamp", "receive-time"] = "stamp"
    live_timing_ms: float | None = None


@dataclass(frozen=True)
class RecordingResult:
    """What became of one recording under one configuration.

    Attributes:
        path: the recording.
        name: its name in files and tables, unique among the recordings of the run.
        configuration: name of the configuration.
        status: ``done``; ``failed``, with the reason in ``error``; ``skipped``: done before.
        error: why it failed; else empty.
        estimates: the file of estimates, in the first of the formats.
    """

    path: Path
    name: str
    configuration: str
    status: Literal["done", "failed", "skipped"]
    error: str
    estimates: Path


def run_recordings(
    paths: Sequence[Path],
    configurations: Sequence[StudyConfiguration],
    out: Path,
    options: RunOptions | None = None,
    *,
    jobs: int = 1,
    engine: Literal["local", "dask"] = "local",
    scheduler: str | None = None,
    force: bool = False,
) -> list[RecordingResult]:
    """Estimate every recording under every configuration, and write the estimates.

    Files: ``out/estimates/NAME.FORMAT``, or ``out/estimates/CONFIGURATION/NAME.FORMAT`` if there
    are several configurations. What is finished is not done again; so an interrupted run goes on
    when it is called again. The results do not depend on ``jobs`` and ``engine``.

    Args:
        paths: recordings, or folders of recordings.
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
        OSError: nothing can be written any more, such as on a full disk.
    """
    raise NotImplementedError
