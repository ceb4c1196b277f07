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

"""What the API takes and gives, typed: the one source of its OpenAPI description and of the page.

Numbers that are unknown are ``null``, never 0. Times are seconds.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

State = Literal["queued", "running", "done", "failed", "cancelled"]
Flag = Literal["NO_FACE", "NO_SPEECH", "AUDIO_STALE", "VIDEO_STALE", "PARTIAL_WINDOW", "WITHHELD"]
StreamCondition = Literal["missing", "stale", "ok", "redacted"]
Level = Literal["ok", "warn", "error", "stale"]
Share = Annotated[float, Field(ge=0, le=1)]
Score = Annotated[float, Field(ge=-1, le=1)]


class Model(BaseModel):
    """Settings of every model below: a field that is not declared is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Box(Model):
    """A face in an image, pixels of the full image."""

    x: int
    y: int
    width: int
    height: int


class EstimateView(Model):
    """What one person seems to feel over one window."""

    time: float = Field(
        description="End of the window. Of an analysis: since the recording's beginning; "
        "live: Unix time of the sensors' stamps."
    )
    subject: str = Field(description="Track id of the face; empty: no face in the window.")
    emotion: str | None = Field(description="The most probable class; null: no estimate.")
    confidence: Share | None = Field(description="Its calibrated probability.")
    probabilities: dict[str, float] = Field(
        description="Calibrated, in the model's order, sum 1; empty: no estimate."
    )
    valence: Score | None = Field(description="Unpleasant -1 to pleasant 1.")
    arousal: Score | None = Field(description="Calm -1 to excited 1.")
    intensity: Share | None
    audio_weight: Share = Field(description="Share of the decision that the voice carried.")
    video_weight: Share = Field(description="Share that the face carried; both sum to 1, or are 0.")
    flags: list[Flag] = Field(description="WITHHELD: too uncertain to act on the label.")
    face: Box | None = Field(description="Face in the newest image of the window; null: none.")


class Transition(Model):
    """How often the most probable class went from one to another."""

    before: str
    after: str
    count: int


class Moment(Model):
    """When one emotion was most probable."""

    time: float
    subject: str
    emotion: str
    confidence: Share


class SummaryView(Model):
    """A run in a few figures; means weigh each estimate by the time for which it stands."""

    estimates: int = Field(description="All of them.")
    duration: float = Field(description="Time for which they stand, over all subjects.")
    available: Share = Field(description="Share of that time with an estimate.")
    coverage: Share = Field(description="Share of that time with one that is not withheld.")
    emotion: str | None = Field(description="The class with the greatest share of time.")
    shares: dict[str, float] = Field(
        description="Share of the time with an estimate, of each class that occurs; sum 1."
    )
    transitions: list[Transition] = Field(description="Most frequent first.")
    flips_per_minute: float | None
    strongest: list[Moment] = Field(description="The most confident, in the order of time.")
    mean_confidence: Share | None
    mean_valence: Score | None
    mean_arousal: Score | None
    mean_intensity: Share | None
    mean_audio_weight: Share | None
    mean_video_weight: Share | None


class ImageSize(Model):
    """Pixels of the full image, the way up in which players show it."""

    width: int
    height: int


class Accepted(Model):
    """An upload was taken and waits for its analysis."""

    id: str


class Analysis(Model):
    """An upload and what is known of it so far."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "u1Qv0c9uJd8Wc1xXbQ2m3A",
                    "state": "done",
                    "progress": 1.0,
                    "position": None,
                    "name": "greeting.mp4",
                    "media_type": "video/mp4",
                    "size": 1632292,
                    "duration": 19.7,
                    "image": {"width": 640, "height": 360},
                    "created": 1790000000.0,
                    "expires": 1790003600.0,
                    "estimates": [
                        {
                            "time": 1.25,
                            "subject": "1",
                            "emotion": "happy",
                            "confidence": 0.9,
                            "probabilities": {"neutral": 0.1, "happy": 0.9},
                            "valence": 0.6,
                            "arousal": 0.1,
                            "intensity": 0.5,
                            "audio_weight": 0.0,
                            "video_weight": 1.0,
                            "flags": ["NO_SPEECH", "PARTIAL_WINDOW"],
                            "face": {"x": 220, "y": 80, "width": 140, "height": 180},
                        }
                    ],
                    "summary": {
                        "estimates": 1,
                        "duration": 1.0,
                        "available": 1.0,
                        "coverage": 1.0,
                        "emotion": "happy",
                        "shares": {"happy": 1.0},
                        "transitions": [],
                        "flips_per_minute": 0.0,
                        "strongest": [
                            {"time": 1.25, "subject": "1", "emotion": "happy", "confidence": 0.9}
                        ],
                        "mean_confidence": 0.9,
                        "mean_valence": 0.6,
                        "mean_arousal": 0.1,
                        "mean_intensity": 0.5,
                        "mean_audio_weight": 0.0,
                        "mean_video_weight": 1.0,
                    },
                    "error": None,
                }
            ]
        }
    )

    id: str
    state: State
    progress: Share
    position: int | None = Field(description="Analyses before it, while queued; null otherwise.")
    name: str = Field(description="File name as it was sent, without folders; for display only.")
    media_type: str = Field(description="By content, such as video/mp4.")
    size: int = Field(description="Bytes.")
    duration: float | None = Field(description="Length of the recording; null: not known yet.")
    image: ImageSize | None = Field(description="null: no video, or not known yet.")
    created: float = Field(description="Unix time.")
    expires: float | None = Field(description="Unix time when it is forgotten; null: unfinished.")
    estimates: list[EstimateView]
    summary: SummaryView | None = Field(description="null until done.")
    error: str | None = Field(description="Why it failed, in words; null otherwise.")


class FaceView(Model):
    """The face of one person in one image."""

    subject: str
    box: Box
    landmarks: list[tuple[float, float]] | None = Field(
        description="68 points (x, y) in pixels of the full image; null: not trusted."
    )


class FacesAt(Model):
    """The faces of one image of a recording."""

    time: float = Field(description="Since the recording's beginning.")
    faces: list[FaceView]


class Faces(Model):
    """The faces of a recording, in the images in which they were sought, in time order."""

    image: ImageSize | None
    frames: list[FacesAt]


class StateEvent(Model):
    """Server-sent event ``state``: the first one, and whenever the state or place changes."""

    state: State
    progress: Share
    position: int | None


class ProgressEvent(Model):
    """Server-sent event ``progress``, a few times a second at most."""

    progress: Share
    time: float = Field(description="How far the analysis is, since the recording's beginning.")


class EndEvent(Model):
    """Server-sent event ``end``, the last one."""

    state: State
    progress: Share
    summary: SummaryView | None
    error: str | None


class ModelInfo(Model):
    """The model at work on uploads."""

    id: str = Field(description="Checkpoint id, as in EmotionState.model.")
    labels: list[str]
    device: str
    detector: str = Field(description="Face detector.")
    window: float
    publish_rate: float = Field(description="Estimates a second.")
    withhold_below: float


class ServerInfo(Model):
    """What the page must know beforehand; needs no token."""

    version: str
    token_required: bool
    live: bool = Field(description="Whether the server listens to a ROS graph.")
    accepted: list[str] = Field(description="Suffixes of files that can be analysed.")
    max_upload_bytes: int
    max_duration: float
    result_lifetime: float = Field(description="Results are forgotten so long after their end.")


class Health(Model):
    """Whether the server works."""

    status: Literal["ok", "starting", "failed"] = Field(description="Of the analyser.")
    version: str
    waiting: int = Field(description="Analyses that wait or run.")
    viewers: int = Field(description="Of the live view.")
    live: bool


class Login(Model):
    """The token that the operator handed out."""

    token: str = Field(max_length=512)


class Problem(BaseModel):
    """An error as RFC 9457 has it, media type ``application/problem+json``."""

    type: str = Field(examples=["urn:emotion-recognition:problem:too-large"])
    title: str
    status: int
    detail: str
    instance: str = Field(description="Path of the request.")


# ---- WS /api/live -----------------------------------------------------------------------------


class Spectrogram(Model):
    """How the columns of ``LiveAudio`` are made."""

    bands: int = Field(description="Values in a column, from low to high pitch.")
    low_hz: float
    high_hz: float
    column_s: float = Field(description="Time from column to column.")
    floor_db: float = Field(description="dBFS that is shown as 0; 255 is 0 dBFS.")


class LiveHello(Model):
    """First message of a connection."""

    type: Literal["hello"] = "hello"
    server_time: float = Field(description="Unix time of the server.")
    live: bool = Field(description="false: the server listens to no ROS graph; nothing will come.")
    spectrogram: Spectrogram
    history: list["LiveEstimate"] = Field(description="The last minutes, oldest first.")


class LiveEstimate(EstimateView):
    """An ``EmotionState`` was published."""

    type: Literal["estimate"] = "estimate"
    model: str
    window: float
    latency: float | None = Field(description="Newest sensor stamp to publication.")
    received: float = Field(description="Unix time at which the server had it.")


class LiveAudio(Model):
    """A tenth of a second of sound or so."""

    type: Literal["audio"] = "audio"
    time: float = Field(description="Unix time of the end of the newest column.")
    level_dbfs: float = Field(description="RMS since the last message, -100 to 0.")
    peak_dbfs: float
    columns: list[list[int]] = Field(description="New columns of the spectrogram, each 0 to 255.")


class LiveStream(Model):
    """One topic, as the server hears it."""

    topic: str
    state: StreamCondition
    rate: float = Field(description="Messages a second.")
    silent: float | None = Field(description="Time since the last message; null: none ever came.")


class LiveStatus(Model):
    """Once a second: what arrives at the server."""

    type: Literal["status"] = "status"
    server_time: float
    emotion: LiveStream
    image: LiveStream
    audio: LiveStream
    viewers: int


class DiagnosticReport(Model):
    """One status of ``/diagnostics``."""

    name: str = Field(examples=["emotion_node: image"])
    level: Level
    message: str
    values: dict[str, str]


class LiveDiagnostics(Model):
    """A ``DiagnosticArray`` of the emotion node came (1 Hz)."""

    type: Literal["diagnostics"] = "diagnostics"
    time: float
    reports: list[DiagnosticReport]


class LiveRestart(Model):
    """The session was begun anew: forget what was shown."""

    type: Literal["restart"] = "restart"
    started: float


class FrameHeader(Model):
    """Stands before the JPEG of a binary message."""

    type: Literal["frame"] = "frame"
    time: float = Field(description="Unix time of the image's stamp.")
    width: int = Field(description="Of the JPEG.")
    height: int
    image: ImageSize = Field(description="Full size: boxes and landmarks are in its pixels.")
    faces: list[FaceView]


LiveMessage = LiveHello | LiveEstimate | LiveAudio | LiveStatus | LiveDiagnostics | LiveRestart


class LiveSession(Model):
    """The live run since the server's start, or since it was begun anew."""

    started: float
    subjects: list[str]
    summary: SummaryView = Field(description="Of everybody.")
    by_subject: dict[str, SummaryView]
    estimates: list[LiveEstimate] = Field(description="The last hour at most, oldest first.")
