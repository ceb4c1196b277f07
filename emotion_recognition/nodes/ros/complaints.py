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

"""Warnings about bad input: one for each cause and period, and a count of what was left unsaid."""

import logging
import re
import threading
import time
from collections.abc import Callable

_MAX_CAUSES = 64


class Complaints:
    """Passes texts on to a log, each cause at most once in ``period_s``. Thread-safe.

    Texts that differ in their figures alone are one cause ("step 3 is too short" and "step 4 is
    too short").
    """

    def __init__(
        self,
        log: Callable[[str], object],
        period_s: float = 5.0,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._log = log
        self._period_s = period_s
        self._now = now
        self._lock = threading.Lock()
        self._next_at: dict[str, float] = {}
        self._unsaid: dict[str, int] = {}

    def __call__(self, text: str) -> None:
        """Log ``text``, or count it where its cause was logged less than ``period_s`` ago."""
        cause = re.sub(r"\d+", "#", text)
        with self._lock:
            now = self._now()
            if now < self._next_at.get(cause, now):
                self._unsaid[cause] += 1
                return
            if len(self._next_at) >= _MAX_CAUSES:  # text out of messages must not fill the memory
                self._next_at.clear()
                self._unsaid.clear()
            self._next_at[cause] = now + self._period_s
            repeated = self._unsaid.get(cause, 0)
            self._unsaid[cause] = 0
        self._log(f"{text} ({repeated} more since the last warning)" if repeated else text)


class LogBridge(logging.Handler):
    """Passes the warnings of the ROS-free modules on to a node's log."""

    def __init__(self, complain: Callable[[str], object]) -> None:
        super().__init__(logging.WARNING)
        self._complain = complain

    def emit(self, record: logging.LogRecord) -> None:
        """Complain about what the record says."""
        self._complain(record.getMessage())
