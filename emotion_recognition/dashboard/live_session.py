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

"""The estimates of a live run, as far back as is of use, and their summary."""

import time
from collections import deque

from emotion_recognition.dashboard.schemas import LiveEstimate, LiveSession
from emotion_recognition.dashboard.summary import summary_view

KEPT_S = 3600.0
_MAX_ESTIMATES = 50_000  # of all people together; a bound where many are watched at a high rate
_JUMP_S = 10.0  # a stamp that is this much further back is a bag that was started again


class SessionLog:
    """Estimates of the last hour, in the order in which they came."""

    def __init__(self) -> None:
        self.started = time.time()
        self._estimates: deque[LiveEstimate] = deque(maxlen=_MAX_ESTIMATES)

    def add(self, estimate: LiveEstimate) -> None:
        """Note an estimate; where its clock was set back, what went before is forgotten."""
        kept = self._estimates
        if kept and estimate.time < kept[-1].time - _JUMP_S:
            kept.clear()
        kept.append(estimate)
        while kept[0].time < estimate.time - KEPT_S:
            kept.popleft()

    def newest(self, seconds: float = KEPT_S) -> list[LiveEstimate]:
        """Return the estimates of the last ``seconds``, oldest first."""
        if not self._estimates:
            return []
        since = self._estimates[-1].time - seconds
        return [each for each in self._estimates if each.time >= since]


def session_view(started: float, estimates: list[LiveEstimate]) -> LiveSession:
    """Return a run with its summaries; takes a moment where it is long."""
    subjects = list(dict.fromkeys(each.subject for each in estimates))
    return LiveSession(
        started=started,
        subjects=subjects,
        summary=summary_view(estimates),
        by_subject={
            subject: summary_view([each for each in estimates if each.subject == subject])
            for subject in subjects
        },
        estimates=estimates,
    )
