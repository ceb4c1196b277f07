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

"""What a machine that falls behind gives up: the estimates of windows that would come late."""

from emotion_recognition.estimate import Estimate
from emotion_recognition.recognizer.due import GRACE_NS
from emotion_recognition.recognizer.stream import Recognizer


class Pace:
    """Chooses the windows that are judged after each message, by how long that has waited.

    Messages are taken out of the inbox as a batch, and added one by one. As long as that is soon
    after they arrive, all windows are judged that are due. A message that waited longer than a
    period of the estimates, or than ``GRACE_NS`` if that is longer, is late: the ones behind it are
    added first, and then the newest window alone is judged. A batch of nothing but late messages
    has its newest window judged too, so that there are estimates however slow the machine is; and
    so has one behind which nothing waits, for nothing may come.
    """

    def __init__(self, recognizer: Recognizer) -> None:
        self._recognizer = recognizer
        self._behind = False  # windows were passed over
        self._judged = False  # something of this batch was

    def estimates(self, waited_s: float, more_wait: bool, next_waits: bool) -> list[Estimate]:
        """Return the estimates to publish after a message was added.

        Args:
            waited_s: time from the arrival of that message until now, s.
            more_wait: whether the batch goes on after it.
            next_waits: whether there is something for another batch.
        """
        late = waited_s > max(self._recognizer.config.period_ns, GRACE_NS) / 1e9
        if late and (more_wait or (self._judged and next_waits)):
            self._behind = True
            self._judged = self._judged and more_wait
            return []
        found = self._recognizer.estimates(latest_only=late or self._behind)
        self._behind = False
        self._judged = more_wait and (self._judged or bool(found))
        return found
