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

"""A quiet end at signals that come while there is nothing yet, or nothing any more, to tidy up."""

import os
import signal
from types import FrameType

NUMBERS = (signal.SIGINT, signal.SIGTERM)


def end_at_signals(code: int = 0) -> None:
    """Let SIGINT and SIGTERM end this process at once, with exit code ``code``.

    For the first line of a program: imports take seconds, and Python would answer Ctrl-C in the
    midst of them with a traceback. Whoever has something to tidy up takes the signals over.
    """

    def end(_number: int, _frame: FrameType | None) -> None:
        os._exit(code)

    for number in NUMBERS:
        signal.signal(number, end)


def as_usual() -> None:
    """Let the signals do again what Python does by itself: KeyboardInterrupt, and death."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
