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

"""One job of a run: a recording under a configuration, from reading to the finished files."""

import errno
import functools
import logging
import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal

import cv2
import torch

from emotion_recognition.bags.read import Sync, read_events
from emotion_recognition.bags.with_estimates import write_with_estimates
from emotion_recognition.estimate import Estimate
from emotion_recognition.evaluation.offline import estimates_of, time_origin_ns
from emotion_recognition.model.backbones import FrameEncoderChoice, VoiceEncoderChoice
from emotion_recognition.model.emotion_model import EmotionModel, load_model
from emotion_recognition.recognizer import Recognizer
from emotion_recognition.settings import Settings
from emotion_recognition.studies.configuration import StudyConfiguration
from emotion_recognition.studies.live_timing import live_estimates
from emotion_recognition.studies.manifest import (
    Manifest,
    fingerprint,
    read_manifest,
    weights_digest,
    write_manifest,
)
from emotion_recognition.studies.outputs import write_estimates

log = logging.getLogger(__name__)

_DISK_FULL = (errno.ENOSPC, errno.EDQUOT)
_one_at_a_time = threading.Lock()  # a worker of Dask may have several threads


class DiskFullError(OSError):
    """Nothing can be written any more."""


@dataclass(frozen=True)
class RunOptions:
    """What is read of each recording, and what is written.

    Attributes:
        formats: files of estimates, out of ``outputs.FORMATS``; at least one.
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
    sync: Sync = "stamp"
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
        windows: windows that were judged.
        seconds: sensor time from the first to the last of them.
    """

    path: Path
    name: str
    configuration: str
    status: Literal["done", "failed", "skipped"]
    error: str
    estimates: Path
    windows: int = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class Job:
    """A recording, a configuration, and where the outputs go."""

    path: Path
    name: str
    configuration: StudyConfiguration
    out: Path
    folder: str  # below the folders of ``out``, such as the configuration's name; or empty
    options: RunOptions

    @property
    def tables(self) -> list[Path]:
        """The files of estimates, in the order of the formats."""
        folder = self.out / "estimates" / self.folder
        return [folder / f"{self.name}.{kind}" for kind in self.options.formats]

    @property
    def bag(self) -> Path | None:
        """The bag with the estimates, if one is wanted."""
        return self.out / "bags" / self.folder / self.name if self.options.bag else None

    @property
    def manifest(self) -> Path:
        """What the outputs were made from."""
        return self.out / "manifest" / self.folder / f"{self.name}.json"

    @property
    def key(self) -> tuple[str, str]:
        """What tells it from the other jobs of a run."""
        return self.configuration.name, self.name

    @property
    def outputs(self) -> list[Path]:
        """Everything that it writes."""
        return self.tables + ([self.bag] if self.bag else [])

    def fingerprint(self) -> str:
        """Hash of everything that the estimates follow from."""
        options = {
            name: value
            for name, value in asdict(self.options).items()
            if name not in ("formats", "bag")
        }
        weights = weights_digest(self.configuration.settings.model_path)
        values = dict(self.configuration.values)
        return fingerprint(self.path, weights, values=values, options=options)

    def result(
        self, status: Literal["done", "failed", "skipped"], error: str = ""
    ) -> RecordingResult:
        """The result, with the counts of the manifest."""
        known = read_manifest(self.manifest) if status != "failed" else None
        return RecordingResult(
            path=self.path,
            name=self.name,
            configuration=self.configuration.name,
            status=status,
            error=error,
            estimates=self.tables[0],
            windows=known.windows if known else 0,
            seconds=known.seconds if known else 0.0,
        )


def run_job(job: Job) -> RecordingResult:
    """Do a job; what is wrong with its recording is told in the result.

    The outputs depend on the job alone: a worker computes in one thread, and keeps nothing but the
    model from job to job.

    Raises:
        DiskFullError: nothing can be written any more.
        ValueError, RuntimeError, OSError: the model or the face detector cannot be loaded.
    """
    settings = job.configuration.settings
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    with _one_at_a_time:
        recognizer = Recognizer(settings.recognizer, load_model_of(settings))
        try:
            _write(job, settings, recognizer)
        except OSError as error:
            if error.errno in _DISK_FULL:
                raise DiskFullError(error.errno, f"disk full: {job.out}") from error
            return job.result("failed", str(error))
        except (ValueError, RuntimeError) as error:  # what a user can mend
            return job.result("failed", str(error))
        except Exception as error:  # whatever it is, the other recordings go on
            log.debug("internal error", exc_info=error)
            return job.result("failed", f"internal error: {type(error).__name__}: {error}")
    return job.result("done")


def load_model_of(settings: Settings) -> EmotionModel:
    """Load the model that the settings name; the last one is kept.

    Raises:
        ValueError, RuntimeError, OSError: the weights or the device are missing or unfit.
    """
    return _load_model(
        settings.model_path, settings.device, settings.frame_encoder, settings.voice_encoder
    )


def estimates_over(
    path: Path, settings: Settings, options: RunOptions, recognizer: Recognizer
) -> Iterator[Estimate]:
    """Yield the estimates of a recording.

    Args:
        path: as of ``read_events``.
        settings: of the node; those of topics, transport and quality of service have no effect.
        options: what is read, and whether a slow machine is simulated.
        recognizer: a fresh one of ``settings.recognizer``.

    Raises:
        RecordingError: the recording cannot be read or has nothing to use.
    """
    events = read_events(
        path,
        options.image_topic,
        options.audio_topic,
        with_images=settings.use_video,
        with_audio=settings.use_audio,
        sync=options.sync,
        fallback=settings.audio_fallback,
    )
    if options.live_timing_ms is None:
        return estimates_of(events, recognizer)
    waiting = settings.image_depth, settings.audio_queue_s
    return live_estimates(events, recognizer, options.live_timing_ms, *waiting)


@functools.lru_cache(maxsize=1)  # jobs come sorted by configuration
def _load_model(
    path: Path | None, device: str, frames: FrameEncoderChoice, voice: VoiceEncoderChoice
) -> EmotionModel:
    return load_model(path, device, frames, voice)


def _write(job: Job, settings: Settings, recognizer: Recognizer) -> None:
    """Write the outputs of a job, and its manifest before and after."""
    model = recognizer.model
    manifest = Manifest(job.path.name, job.configuration.values, job.fingerprint())
    write_manifest(job.manifest, manifest)
    for table in job.tables:  # of other settings, which may be overwritten
        table.unlink(missing_ok=True)
    stamps: list[int] = []
    job.tables[0].parent.mkdir(parents=True, exist_ok=True)
    with write_estimates(job.tables, model.labels, time_origin_ns(job.path)) as write:

        def written() -> Iterator[Estimate]:
            for estimate in estimates_over(job.path, settings, job.options, recognizer):
                write(estimate)
                if estimate.available:
                    stamps.append(estimate.stamp_ns)
                yield estimate

        if job.bag is not None:
            sync = job.options.sync
            write_with_estimates(job.path, written(), job.bag, sync=sync, force=True)
        else:
            deque(written(), maxlen=0)
    write_manifest(
        job.manifest,
        replace(
            manifest,
            finished=True,
            model=model.id,
            windows=len(set(stamps)),
            seconds=(stamps[-1] - stamps[0]) / 1e9 if stamps else 0.0,
        ),
    )
