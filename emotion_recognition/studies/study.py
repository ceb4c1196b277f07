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

"""A study: recordings estimated under configurations, set against labels, scored and reported."""

import importlib.util
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from emotion_recognition.bags.events import FrameEvent
from emotion_recognition.bags.find import is_bag, recordings_in
from emotion_recognition.bags.read import read_events
from emotion_recognition.evaluation.offline import time_origin_ns
from emotion_recognition.model.network_file import read_labels
from emotion_recognition.studies.compare import compare
from emotion_recognition.studies.configuration import (
    StudyConfiguration,
    make_configuration,
    refuse_to_show,
)
from emotion_recognition.studies.evaluation import (
    Comparison,
    Evaluation,
    Failure,
    cluster_unit,
    clusters,
)
from emotion_recognition.studies.evidence import Evidence, evidence_of
from emotion_recognition.studies.label_source import Extent, LabelSource, label_source
from emotion_recognition.studies.labels import Label, inside
from emotion_recognition.studies.names import unique_names
from emotion_recognition.studies.outputs import FORMATS, MissingPackageError, read_estimates
from emotion_recognition.studies.run import (
    Engine,
    RecordingResult,
    RunOptions,
    run_recordings,
)
from emotion_recognition.studies.scores import scores_of
from emotion_recognition.studies.series import Series, series_of
from emotion_recognition.studies.study_files import write_study
from emotion_recognition.studies.thumbnails import key_pictures
from emotion_recognition.studies.timeline import Picture, Recording


def evaluate(
    paths: str | Path | Sequence[str | Path],
    labels: str | Path | None = None,
    configurations: Sequence[StudyConfiguration] = (),
    out: str | Path | None = None,
    *,
    options: RunOptions | None = None,
    jobs: int = 1,
    engine: Engine = "local",
    scheduler: str | None = None,
    thumbnails: bool = False,
    force: bool = False,
) -> Evaluation:
    """Estimate recordings, score the estimates against labels, and report.

    Args:
        paths: Recordings, or folders of recordings.
        labels: File or folder of labels, or a topic of the bags; None: only what needs no labels
            is computed.
        configurations: Settings of the recogniser; the first is the one that others are compared
            with. Empty: the defaults.
        out: Folder for ``metrics.json``, ``report.html``, ``tables/`` and ``estimates/``; None:
            nothing is kept.
        options: What is read of recordings and written; None: estimates as CSV, JSON Lines and
            Parquet.
        jobs: Processes that work at the same time.
        engine: ``local`` or ``dask`` (:func:`~.run.run_recordings`).
        scheduler: Address of Dask's scheduler; None: a cluster of ``jobs`` workers here.
        thumbnails: Whether the report shows images of key moments: off, for they show people.
        force: Do everything again, and overwrite what lies in ``out``.

    Raises:
        MissingPackageError: pandas or jinja2 is not installed.
        RecordingError: a path has no recording.
        LabelError: the labels cannot be used at all.
        ValueError: ``out`` holds something else, and ``force`` is not set.
    """
    _require_packages()
    options = options or RunOptions(formats=FORMATS)
    configurations = tuple(configurations) or (make_configuration(),)
    if thumbnails:
        refuse_to_show(configurations, "a report with thumbnails")
    if isinstance(paths, str | Path):
        paths = [paths]
    found = recordings_in([Path(path) for path in paths], Path(out) if out else None)
    source = None
    if labels is not None:
        source = label_source(labels, options.sync, _classes(configurations))
    named = dict(zip(unique_names(found), found, strict=True))
    warnings = source.check(named) if source else []
    with _folder(out) as folder:
        results = run_recordings(
            found,
            configurations,
            folder,
            options,
            jobs=jobs,
            engine=engine,
            scheduler=scheduler,
            force=force,
        )
        study = _study(results, configurations, source, options, warnings, thumbnails)
        if out is not None:
            write_study(study, folder, force=force)
    return study


def _classes(configurations: Sequence[StudyConfiguration]) -> tuple[str, ...]:
    """The class names of all the models, each once."""
    models = dict.fromkeys(each.settings.model_path for each in configurations)
    return tuple(dict.fromkeys(name for path in models for name in read_labels(path)))


def _require_packages() -> None:
    """Tell before a long run, not after it, that its report cannot be made."""
    for name in ("pandas", "jinja2"):
        if importlib.util.find_spec(name) is None:
            raise MissingPackageError(
                f"{name} is not installed: pip install 'emotion_recognition[studies]'"
            )


@contextmanager
def _folder(out: str | Path | None) -> Iterator[Path]:
    if out is not None:
        yield Path(out)
        return
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def _study(
    results: Sequence[RecordingResult],
    configurations: Sequence[StudyConfiguration],
    source: LabelSource | None,
    options: RunOptions,
    warnings: Sequence[str],
    thumbnails: bool,
) -> Evaluation:
    """Read the estimates of a run, set them against labels, and compute the scores."""
    import pandas as pd

    failures = [
        # Reports are passed on: they say which file, but not where it lies.
        Failure(each.name, each.configuration, each.error.replace(str(each.path), each.path.name))
        for each in results
        if each.status == "failed"
    ]
    frames, recordings, told = [], [], list(warnings)
    evidence: dict[str, list[Evidence]] = {each.name: [] for each in configurations}
    for name, own in _by_name(results).items():
        tables = {each.configuration: read_estimates(each.estimates) for each in own}
        series = {which: series_of(table) for which, table in tables.items() if len(table)}
        if not series:
            told.append(f"{name}: not one estimate")
            continue
        try:
            recording, beyond = _recording(name, own[0].path, series, source, options, thumbnails)
            judged = {
                each.name: evidence_of(
                    name,
                    series[each.name],
                    recording.labels,
                    each.settings.recognizer.window_s,
                    recording.span_ns[0],
                )
                for each in configurations
                if each.name in series
            }
        except (ValueError, OSError) as error:  # its labels, or it can be read no longer
            why = str(error).replace(str(own[0].path), own[0].path.name)
            failures += [Failure(name, each.name, why) for each in configurations]
            continue
        told += beyond
        recordings.append(recording)
        for which, each in judged.items():
            evidence[which] += each
        for which, table in tables.items():
            table.insert(0, "recording", name)
            table.insert(0, "configuration", which)
            frames.append(table)
    unit = cluster_unit([each for several in evidence.values() for each in several])
    return Evaluation(
        recordings=recordings,
        scores={
            name: scores_of(list(clusters(each, unit).values())) for name, each in evidence.items()
        },
        evidence=evidence,
        comparisons=_comparisons(evidence, unit),
        failures=failures,
        warnings=told,
        unit=unit,
        estimates=pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(),
        labelled=source is not None,
    )


def _by_name(results: Sequence[RecordingResult]) -> dict[str, list[RecordingResult]]:
    """The results that have estimates, by recording, each in the order of configurations."""
    found: dict[str, list[RecordingResult]] = {}
    for each in results:
        if each.status != "failed":
            found.setdefault(each.name, []).append(each)
    return found


def start_ns(path: Path, options: RunOptions) -> int:
    """Return the sensor time of a recording's first image or sound."""
    if not is_bag(path):
        return time_origin_ns(path)
    events = read_events(path, options.image_topic, options.audio_topic, sync=options.sync)
    first = next(iter(events))
    return first.stamp_ns if isinstance(first, FrameEvent) else first.chunk.stamp_ns


def _recording(
    name: str,
    path: Path,
    series: Mapping[str, Sequence[Series]],
    source: LabelSource | None,
    options: RunOptions,
    thumbnails: bool,
) -> tuple[Recording, list[str]]:
    """A recording with its labels and pictures, and warnings about the labels."""
    recording = Recording(name, series, origin_ns=start_ns(path, options))
    labels: list[Label] = []
    warnings: list[str] = []
    if source is not None:
        begin_ns, end_ns = recording.span_ns
        said = source.labels_of(Extent(path, name, begin_ns, end_ns))
        labels, warnings = inside(said, begin_ns, end_ns, name)
    pictures: list[Picture] = []
    if thumbnails:
        first = next(iter(series.values()))
        pictures = key_pictures(path, first, options.image_topic, options.sync)
    return replace(recording, labels=labels, pictures=pictures), warnings


def _comparisons(evidence: Mapping[str, Sequence[Evidence]], unit: str) -> list[Comparison]:
    """The first configuration with each other one, on what both have."""
    (first, ours), *others = ((name, clusters(each, unit)) for name, each in evidence.items())
    found = []
    for second, theirs in others:
        both = [key for key in ours if key in theirs]
        differences = compare(
            first, second, [ours[key] for key in both], [theirs[key] for key in both]
        )
        found.append(Comparison(first, second, len(both), differences))
    return found
