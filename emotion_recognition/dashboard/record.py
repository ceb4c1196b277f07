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

"""An upload and what is known of it: filled by the analysis, watched by whoever asked for it."""

import asyncio
import secrets
import time

from emotion_recognition.dashboard.messages import (
    Advanced,
    Ended,
    Estimated,
    Message,
    Opened,
    Pictured,
    Seen,
)
from emotion_recognition.dashboard.schemas import (
    Analysis,
    EndEvent,
    EstimateView,
    ImageSize,
    State,
    SummaryView,
)
from emotion_recognition.dashboard.summary import summary_view
from emotion_recognition.dashboard.upload import Upload


class Record:
    """One analysis. Belongs to the event loop.

    Attributes:
        id: Cannot be guessed: whoever knows it may see the result.
        faces: One JSON text an image, as ``schemas.FacesAt``; as objects they would fill the
            memory.
        changed: Set, and replaced by another, at the next change.
        reached: How far the analysis is, seconds of the recording.
    """

    def __init__(self, upload: Upload, client: str) -> None:
        self.id = secrets.token_urlsafe(16)
        self.upload = upload
        self.client = client
        self.state: State = "queued"
        self.progress = 0.0
        self.position: int | None = None
        self.reached = 0.0
        self.duration: float | None = None
        self.image: ImageSize | None = None
        self.created = time.time()
        self.expires: float | None = None
        self.estimates: list[EstimateView] = []
        self.faces: list[str] = []
        self.summary: SummaryView | None = None
        self.error: str | None = None
        self.changed = asyncio.Event()

    @property
    def finished(self) -> bool:
        """Whether nothing will change any more."""
        return self.state in ("done", "failed", "cancelled")

    def take(self, message: Message) -> None:
        """Note what the analysis says."""
        if isinstance(message, Estimated):
            self.estimates.append(message.estimate)
        elif isinstance(message, Seen):
            self.faces.append(message.faces.model_dump_json())
            return  # nobody waits for faces
        elif isinstance(message, Advanced):
            self.progress, self.reached = message.progress.progress, message.progress.time
        elif isinstance(message, Opened):
            self.duration = message.duration
        elif isinstance(message, Pictured):
            self.image = message.image
        self.announce()

    def place(self, position: int | None) -> None:
        """Note how many analyses come before this one."""
        if position != self.position:
            self.position = position
            self.announce()

    def start(self) -> None:
        """The work begins."""
        self.state, self.position = "running", None
        self.announce()

    def end(self, ended: Ended, lifetime_s: float) -> None:
        """The work is over; the result is kept for a while."""
        self.state, self.error, self.position = ended.state, ended.error, None
        if ended.state == "done":
            self.duration = ended.duration
            self.progress = 1.0
            self.summary = summary_view(self.estimates)
        self.expires = time.time() + lifetime_s
        self.announce()

    def announce(self) -> None:
        """Wake whoever waits for a change."""
        changed, self.changed = self.changed, asyncio.Event()
        changed.set()

    def end_event(self) -> EndEvent:
        """Return what the last event says."""
        return EndEvent(
            state=self.state, progress=self.progress, summary=self.summary, error=self.error
        )

    def view(self) -> Analysis:
        """Return what the API tells."""
        return Analysis(
            id=self.id,
            state=self.state,
            progress=self.progress,
            position=self.position,
            name=self.upload.name,
            media_type=self.upload.media.name,
            size=self.upload.size,
            duration=self.duration,
            image=self.image,
            created=self.created,
            expires=self.expires,
            estimates=self.estimates,
            summary=self.summary,
            error=self.error,
        )
