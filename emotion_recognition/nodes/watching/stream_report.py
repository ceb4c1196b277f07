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

"""Judges one input stream: its rate against what is needed, its age, its losses, its silence."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from emotion_recognition.nodes.watching.diagnostics import CLOCKS_APART_S, SLOW, Level, Report
from emotion_recognition.nodes.watching.links import (
    Link,
    mismatch,
    why_lost,
    why_oversized,
    why_silent,
)
from emotion_recognition.nodes.watching.stream_watch import Timing

MOST_LOST = 0.1  # share of the messages
LEAST_OF_NEEDED = 0.8  # share of the rate
AHEAD_S = 0.1  # a sensor cannot have measured later than now
OLD_S = 1.0
LEAST_SOUND, MOST_SOUND = 0.8, 1.25  # seconds of sound that come in a second


@dataclass(frozen=True)
class StreamState:
    """One input stream, as of now; ``new_*`` are counts since the last report."""

    name: str  # "image", "front/image" or "audio"
    input_name: str  # the topic's name before remapping, or of the parameter that names it
    topic: str
    kinds: Sequence[str]  # types that are understood, such as sensor_msgs/msg/Image
    enabled: bool
    received: int
    rate: float  # messages a second, since the last report
    timing: Timing
    needed_rate: float  # messages a second that the estimates need; 0: any will do
    silent_for_s: float | None  # None: nothing ever came
    stale_after_s: float
    dropped: int  # the queue was full: the worker could not keep up
    rejected: int  # bad messages
    window_fill: float  # 0 to 1
    new_drops: int = 0
    new_bad: int = 0
    sound_rate: float | None = None  # seconds of sound that come in a second; None: not known
    details: dict[str, str] = field(default_factory=dict)

    @property
    def silent(self) -> bool:
        """Whether it is wanted and nothing comes."""
        return self.enabled and (
            self.silent_for_s is None or self.silent_for_s > self.stale_after_s
        )

    @property
    def lossy(self) -> bool:
        """Whether messages are missing between those that come."""
        return self.enabled and self.timing.lost > MOST_LOST

    @property
    def gappy(self) -> bool:
        """Whether less sound comes than time passes."""
        return self.enabled and self.sound_rate is not None and self.sound_rate < LEAST_SOUND

    @property
    def slow(self) -> bool:
        """Whether fewer messages come than are needed."""
        rate = self.timing.rate
        return self.enabled and rate is not None and rate < LEAST_OF_NEEDED * self.needed_rate


def needs_link(stream: StreamState) -> bool:
    """Whether the graph must be asked for the cause of what is wrong."""
    return stream.silent or stream.lossy or stream.gappy or stream.slow


def stream_report(stream: StreamState, link: Link | None = None) -> Report:
    """Judge one stream.

    Args:
        stream: The stream.
        link: What the graph says of its topic, where ``needs_link``.
    """
    timing = stream.timing
    values = {
        "topic": stream.topic,
        "received": str(stream.received),
        "rate (1/s)": f"{stream.rate:.1f}",
        "needed (1/s)": f"{stream.needed_rate:g}" if stream.needed_rate else "",
        "missing": f"{timing.lost:.2f}",
        "sound (s/s)": "" if stream.sound_rate is None else f"{stream.sound_rate:.2f}",
        "age on arrival (s)": "" if timing.age_s is None else f"{timing.age_s:.3f}",
        "dropped": str(stream.dropped),
        "rejected": str(stream.rejected),
        "window fill": f"{stream.window_fill:.2f}",
        **stream.details,
    }
    if link is not None:
        values["publishers"] = ", ".join(
            f"{offer.node} ({offer.kind}, {offer.qos.reliability.name.lower()})"
            for offer in link.offers
        )
    level, message = _judge(stream, link)
    return Report(
        stream.name, level, message, {key: value for key, value in values.items() if value}
    )


def _judge(stream: StreamState, link: Link | None) -> tuple[Level, str]:
    if not stream.enabled:
        return Level.OK, "switched off by parameter"
    if stream.silent:
        return _silence(stream, link)
    if stream.new_bad:
        return Level.WARN, f"{stream.new_bad} messages could not be used: see the log"
    if stream.new_drops:
        return Level.WARN, f"{stream.new_drops} messages dropped: {SLOW}"
    if stream.lossy or stream.gappy or stream.slow:
        return Level.WARN, _shortage(stream, link)
    if stream.sound_rate is not None and stream.sound_rate > MOST_SOUND:
        return Level.WARN, (
            f"{stream.sound_rate:.2f} s of sound come in a second: it has more channels or samples "
            "than audio_info, or the audio_* parameters, say"
        )
    return _age(stream) or (Level.OK, f"{stream.rate:.1f} messages a second")


def _silence(stream: StreamState, link: Link | None) -> tuple[Level, str]:
    """STALE where something may still come; ERROR where nothing can."""
    words = (
        f"nothing has come on {stream.topic} yet"
        if stream.silent_for_s is None
        else f"silent for {stream.silent_for_s:.1f} s"
    )
    if link is None:
        return Level.STALE, words
    unfit = mismatch(link, stream.input_name)
    if unfit:
        return Level.ERROR, f"{words}: {unfit}"
    return Level.STALE, f"{words}: {why_silent(link, stream.input_name)}"


def _shortage(stream: StreamState, link: Link | None) -> str:
    timing = stream.timing
    if stream.lossy:
        cause = "" if link is None else f": {why_lost(link, timing.message_bytes)}"
        return f"{100 * timing.lost:.0f} % of the messages are missing{cause}"
    if stream.gappy:
        cause = "" if link is None else f"{why_lost(link, timing.message_bytes)}; or "
        return (
            f"only {stream.sound_rate:.2f} s of sound come in a second: {cause}it has fewer "
            "channels or samples than audio_info, or the audio_* parameters, say"
        )
    words = f"{timing.rate:.1f} messages a second, {stream.needed_rate:g} are needed"
    oversized = "" if link is None else why_oversized(link, timing.message_bytes)
    return f"{words}: {oversized or 'raise the rate of the publisher, or lower face_rate'}"


def _age(stream: StreamState) -> tuple[Level, str] | None:
    """A stream whose stamps do not go with the node's clock."""
    age_s = stream.timing.age_s
    if age_s is None or -AHEAD_S <= age_s <= OLD_S:
        return None
    side = "ahead of" if age_s < 0 else "behind"
    words = f"stamps are {abs(age_s):.1f} s {side} this node's clock"
    if abs(age_s) > CLOCKS_APART_S:
        remedy = "synchronise the clocks, or set use_sim_time where a bag is played"
    elif age_s < 0:
        remedy = "synchronise the clocks of the machines (chrony, PTP)"
    else:
        remedy = "the messages are late, or the clocks of the machines are not synchronised"
    return Level.WARN, f"{words}: {remedy}"
