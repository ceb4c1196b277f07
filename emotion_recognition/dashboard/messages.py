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
