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

"""What server and analysis process say to each other: one JSON object a line."""

import signal
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from emotion_recognition.dashboard.schemas import (
    EstimateView,
    FacesAt,
    ImageSize,
    Model,
    ModelInfo,
    ProgressEvent,
)

CANCEL = signal.SIGUSR1
"""Tells the process that nobody wants the job at hand any more."""


class Job(Model):
    """To the process: analyse this file."""

    path: str
    max_duration: float


class Ready(Model):
    """The model is loaded; the process waits for a job."""

    kind: Literal["ready"] = "ready"
    model: ModelInfo


class Opened(Model):
    """The recording could be opened."""

    kind: Literal["opened"] = "opened"
    duration: float | None


class Pictured(Model):
    """Its first image was decoded."""

    kind: Literal["pictured"] = "pictured"
    image: ImageSize


class Estimated(Model):
    """An estimate is there."""

    kind: Literal["estimated"] = "estimated"
    estimate: EstimateView


class Seen(Model):
    """Faces were sought in an image."""

    kind: Literal["seen"] = "seen"
    faces: FacesAt


class Advanced(Model):
    """So far it is."""

    kind: Literal["advanced"] = "advanced"
    progress: ProgressEvent


class Ended(Model):
    """The job is over; ``error`` says why it failed. ``fit``: the process can take another."""

    kind: Literal["ended"] = "ended"
    state: Literal["done", "failed", "cancelled"]
    duration: float | None = None
    error: str | None = None
    fit: bool = True


Message = Annotated[
    Ready | Opened | Pictured | Estimated | Seen | Advanced | Ended, Field(discriminator="kind")
]
MESSAGE: TypeAdapter[Message] = TypeAdapter(Message)
