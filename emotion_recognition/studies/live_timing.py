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

"""The estimates that a slow machine would publish live, worked out without waiting.

The machine is modelled as the node is built: messages wait in the node's own inbox, with its own
bounds, and one worker takes out all that wait, adds them one by one, and after each judges the
windows that ``Pace`` says. Adding a message takes no time; judging a window takes ``update_ms``, in
which everything is counted that the machine does between two estimates. Messages arrive when the
recording says. So the result follows from the recording and the settings alone, as it would on a
machine of that speed with nothing else to do.
"""

from collections.abc import Iterable, Iterator

from emotion_recognition.bags.events import Event, FrameEvent
from emotion_recognition.estimate import Estimate
from emotion_recognition.evaluation.offline import Feed
from emotion_recognition.recognizer import Recognizer
from emotion_recognition.recognizer.inbox import Inbox, Item, Kind
from emotion_recognition.recognizer.pace import Pace


def live_estimates(
    events: Iterable[Event],
    recognizer: Recognizer,
    update_ms: float,
    max_images: int,
    max_audio_s: float,
) -> Iterator[Estimate]:
    """Yield the estimates that would be published.

    Args:
        events: of a recording, in the order of their arrival.
        recognizer: a fresh one.
        update_ms: time that one window takes, ms; 0 gives every window.
        max_images: images that may wait (the parameter ``image_depth``).
        max_audio_s: how long sound may wait (the parameter ``audio_queue_s``).

    Raises:
        ValueError: ``update_ms`` is below 0.
    """
    if not update_ms >= 0:
        raise ValueError(f"update_ms is {update_ms}: expected 0 or more")
    cost_ns = round(update_ms * 1e6)
    inbox = Inbox(max_images, max_audio_s)
    feed = Feed(recognizer)
    pace = Pace(recognizer)
    arriving = iter(events)
    upcoming = next(arriving, None)
    now_ns = newest_ns = upcoming.received_ns if upcoming else 0
    stale_ns = round(1e9 * recognizer.config.stale_after_s)
    while upcoming is not None:
        now_ns = max(now_ns, upcoming.received_ns)  # the worker waits if it has nothing to do
        while upcoming is not None and upcoming.received_ns <= now_ns:
            if upcoming.received_ns - newest_ns > stale_ns:  # all was said by then
                yield from feed.silence(upcoming)
            newest_ns = upcoming.received_ns
            inbox.put(_item(upcoming))
            upcoming = next(arriving, None)
        taken = inbox.take()
        assert taken is not None
        items = taken[0]
        for item in items:
            feed.add(item.message)
            waited_s = (now_ns - item.received_ns) / 1e9
            next_waits = upcoming is not None and upcoming.received_ns <= now_ns
            found = pace.estimates(waited_s, item is not items[-1], next_waits)
            judged = {estimate.stamp_ns for estimate in found if estimate.available}
            now_ns += cost_ns * len(judged)  # the faces of a window are judged together
            yield from found
    feed.close()


def _item(event: Event) -> Item:
    kind: Kind = "image" if isinstance(event, FrameEvent) else "audio"
    return Item(kind, event, event.received_ns, event.received_ns / 1e9)
