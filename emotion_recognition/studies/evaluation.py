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

"""What a study found: recordings, scores, differences, failures; as objects and as plain data."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from emotion_recognition import __version__
from emotion_recognition.studies.charts import area_under_risk
from emotion_recognition.studies.compare import Difference
from emotion_recognition.studies.evidence import Evidence
from emotion_recognition.studies.scores import (
    LEVELS,
    RESAMPLES,
    SEED,
    Score,
    confusion_of,
    figures_of,
)
from emotion_recognition.studies.timeline import Recording

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Failure:
    """A recording that could not be used under one configuration, and why."""

    recording: str
    configuration: str
    error: str


@dataclass(frozen=True)
class Comparison:
    """Differences of two configurations, and how many clusters the test exchanged."""

    first: str
    second: str
    clusters: int
    differences: Sequence[Difference]


@dataclass(frozen=True)
class Evaluation:
    """What ``evaluate`` returns.

    Attributes:
        recordings: those that were evaluated, with their estimates as arrays and their labels.
        scores: by the name of the configuration, the figures by their names
            (``scores.figures_of``).
        evidence: by configuration, what the scores are computed from.
        comparisons: of the first configuration with each other one.
        failures: what could not be used.
        warnings: what to know before believing the figures.
        unit: what the intervals draw: ``subject`` or ``recording``.
        estimates: all estimates as rows: columns ``configuration``, ``recording``, and those of the
            files.
        labelled: whether labels were given.
    """

    recordings: Sequence[Recording]
    scores: Mapping[str, Mapping[str, Score]]
    evidence: Mapping[str, Sequence[Evidence]] = field(repr=False)
    comparisons: Sequence[Comparison]
    failures: Sequence[Failure]
    warnings: Sequence[str]
    unit: str
    estimates: "pd.DataFrame" = field(repr=False)
    labelled: bool

    @property
    def metrics(self) -> dict[str, Any]:
        """The figures as in ``metrics.json``.

        Those of the first configuration stand at the top, each as ``{"value", "ci95"}``; None is
        what is not defined. With several, ``configurations`` has those of each by name, and
        ``comparisons`` their differences.
        """
        return _metrics(self)


def cluster_unit(evidence: Sequence[Evidence]) -> str:
    """Return ``subject`` if labels name two persons or more, one in each recording.

    Else it is ``recording``: what else belongs together is not known.
    """
    persons: dict[str, set[str]] = {}
    for each in evidence:
        persons.setdefault(each.recording, set()).add(each.person)
    alone = all(len(found) == 1 and "" not in found for found in persons.values())
    return (
        "subject" if alone and len({next(iter(p)) for p in persons.values()}) > 1 else "recording"
    )


def clusters(evidence: Sequence[Evidence], unit: str) -> dict[str, list[Evidence]]:
    """Return evidence by person or by recording, whichever ``unit`` says, in the order met."""
    found: dict[str, list[Evidence]] = {}
    for each in evidence:
        key = each.person if unit == "subject" else each.recording
        found.setdefault(key, []).append(each)
    return found


def _metrics(study: Evaluation) -> dict[str, Any]:
    configurations = {name: _of_one(study, name) for name in study.scores}
    first = next(iter(configurations.values()))
    found: dict[str, Any] = {
        "version": __version__,
        "files": len(study.recordings),
        **first,
        "bootstrap": {
            "unit": study.unit,
            "units": len(clusters(next(iter(study.evidence.values())), study.unit)),
            "resamples": RESAMPLES,
            "seed": SEED,
        },
        "failed": [
            {"recording": f.recording, "configuration": f.configuration, "error": f.error}
            for f in study.failures
        ],
        "warnings": list(study.warnings),
    }
    if len(configurations) > 1:
        found["configurations"] = configurations
        found["comparisons"] = [
            {
                "first": each.first,
                "second": each.second,
                "units": each.clusters,
                "differences": {
                    d.figure: {"value": d.difference, "ci95": _list(d.ci95), "p": d.p}
                    for d in each.differences
                },
            }
            for each in study.comparisons
        ]
    return found


def _of_one(study: Evaluation, name: str) -> dict[str, Any]:
    evidence = study.evidence[name]
    found: dict[str, Any] = {key: _score(score) for key, score in study.scores[name].items()}
    if study.labelled and evidence:
        found["aurc"] = {"value": _plain(area_under_risk(evidence)), "ci95": None}
        found["labels"] = list(evidence[0].labels)
        found["confusion"] = {level: confusion_of(evidence, level).tolist() for level in LEVELS}
    found["by_file"] = _groups(clusters(evidence, "recording"))
    if any(each.person for each in evidence):
        found["by_subject"] = _groups(clusters(evidence, "subject"))
    return found


def _groups(groups: Mapping[str, Sequence[Evidence]]) -> dict[str, Any]:
    return {
        name: {
            "windows": sum(len(each.windows.truth) for each in own),
            **{key: _plain(value) for key, value in figures_of(own).items()},
        }
        for name, own in groups.items()
    }


def _score(score: Score) -> dict[str, Any]:
    return {"value": _plain(score.value), "ci95": _list(score.ci95)}


def _plain(value: float) -> float | None:
    return None if math.isnan(value) else value


def _list(ci95: tuple[float, float] | None) -> list[float] | None:
    return None if ci95 is None else list(ci95)
