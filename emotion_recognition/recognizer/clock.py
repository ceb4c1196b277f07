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

"""A clock that was set back, by a hand or by a recording that begins anew."""

from collections.abc import Mapping

from emotion_recognition.recognizer.part import SECOND_NS

LATE_NS = SECOND_NS
"""A stamp that is further back than this is a clock that was set back, not a late message."""


class ClockSetBack:
    """Tells what is left over from the time before.

    Streams come by ways of their own: the last messages of one, with stamps of the time before, may
    arrive behind the first of another with the new time. Taken for new they would seem to lie
    far ahead, and the next of the same stream to be set back once more.
    """

    def __init__(self, at_ns: int, newest_ns: Mapping[str | None, int]) -> None:
        """Take note of it.

        Args:
            at_ns: first stamp of the new time.
            newest_ns: newest stamp of the time before, by source.
        """
        self._at_ns = at_ns
        self._newest_ns = dict(newest_ns)

    def is_left_over(self, source: str | None, stamp_ns: int, present_ns: int) -> bool:
        """Whether a message is left over, of a source that has sent none of the new time.

        For ``LATE_NS`` of the new time: whoever goes on by the old one after that keeps to it.

        Args:
            source: as in ``newest_ns``.
            stamp_ns: that of the message.
            present_ns: newest stamp of the new time, of any source.
        """
        before_ns = self._newest_ns.get(source)
        return (
            before_ns is not None
            and abs(stamp_ns - before_ns) <= LATE_NS
            and stamp_ns - present_ns > LATE_NS
            and present_ns - self._at_ns <= LATE_NS
        )
