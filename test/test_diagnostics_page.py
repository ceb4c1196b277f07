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

"""docs/diagnostics.md has every message at its level: no other, and none is missing."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("rclpy", reason="rclpy is not installed: source ROS 2 or scripts/env.sh")

from rclpy.qos import QoSProfile, ReliabilityPolicy

from emotion_recognition.nodes.watching.diagnostics import (
    Latencies,
    Report,
    clock_report,
    device_report,
    estimates_report,
    idle_report,
    lifecycle_report,
    memory_report,
)
from emotion_recognition.nodes.watching.links import Link, Offer
from emotion_recognition.nodes.watching.memory import Memory
from emotion_recognition.nodes.watching.stream_report import StreamState, stream_report
from emotion_recognition.nodes.watching.stream_watch import Timing

IMAGE, JPEG = "sensor_msgs/msg/Image", "sensor_msgs/msg/CompressedImage"
BEST_EFFORT = QoSProfile(depth=5, reliability=ReliabilityPolicy.BEST_EFFORT)
RELIABLE = QoSProfile(depth=5, reliability=ReliabilityPolicy.RELIABLE)
LARGE, SMALL = 921600, 1000


def link(*qos: QoSProfile, kind: str = IMAGE, asked: QoSProfile = BEST_EFFORT) -> Link:
    offers = [Offer("/driver", kind, each) for each in qos]
    return Link("/camera", (IMAGE,), offers, asked, (), True)


def stream(found: Link | None = None, **changes) -> Report:
    timing = {"rate": 30.0, "lost": 0.0, "age_s": 0.03, "message_bytes": SMALL}
    timing.update((name, changes.pop(name)) for name in tuple(timing) if name in changes)
    values = {"enabled": True, "rate": 30.0, "silent_for_s": 0.02, "new_bad": 0, "new_drops": 0}
    state = StreamState(
        name="image",
        input_name="image",
        topic="/camera",
        kinds=(IMAGE,),
        received=30,
        timing=Timing(**timing),
        needed_rate=10.0,
        stale_after_s=1.0,
        dropped=0,
        rejected=0,
        window_fill=1.0,
        **{**values, **changes},
    )
    return stream_report(state, found)


def estimates(rate: float = 4.0, latency_s: float = 0.05, failures: int = 0, **changes) -> Report:
    latencies = Latencies()
    latencies.add(latency_s)
    return estimates_report(rate, 9, latencies, failures, {}, **changes)


def everything() -> Iterator[Report]:
    """One report of each kind that the node can give."""
    yield stream()
    yield stream(enabled=False)
    yield stream(link(), silent_for_s=None)
    yield stream(link(BEST_EFFORT), silent_for_s=None)
    yield stream(link(), silent_for_s=3.0)
    yield stream(link(BEST_EFFORT, kind=JPEG), silent_for_s=None)
    yield stream(link(BEST_EFFORT, asked=RELIABLE), silent_for_s=None)
    yield stream(link(BEST_EFFORT), lost=0.5, message_bytes=LARGE)
    yield stream(link(BEST_EFFORT), lost=0.5)
    yield stream(link(RELIABLE, asked=RELIABLE), lost=0.5)
    yield stream(link(BEST_EFFORT), rate=2.0)
    yield stream(link(BEST_EFFORT), sound_rate=0.5)
    yield stream(sound_rate=3.0)
    yield stream(new_bad=1)
    yield stream(new_drops=1)
    yield stream(age_s=-3.0)
    yield stream(age_s=3.0)
    yield estimates()
    yield estimates(0.0, enabled=False)
    yield estimates(0.0)
    yield estimates(latency_s=99.0)
    yield estimates(new_skips=2)
    yield estimates(latency_s=2.0)
    yield estimates(failures=1, last_error="ValueError: odd")
    for state in ("active", "inactive", "unconfigured"):
        yield lifecycle_report(state)
    yield lifecycle_report("unconfigured", "no such file")
    yield idle_report("image", "inactive")
    yield clock_report(False, 1.0, 0.0, 0)
    yield clock_report(True, 1.0, 0.0, 1)
    yield clock_report(True, 1.0, 9.0, 0)
    yield clock_report(True, 1.0, 9.0, 1)
    yield device_report("cpu", "float32", "")
    yield device_report("cpu", "float32", "device 'cuda:9' is absent (…): computing on the CPU")
    yield device_report("cpu", "float32", "device 'cuda:0' is out of memory: computing on the CPU")
    yield memory_report(Memory(5 * 10**8, 8 * 10**9), None)
    yield memory_report(Memory(5 * 10**8, 1 * 10**9), 1e8)
    yield memory_report(Memory(5 * 10**8, 8 * 10**9, shared_free=10**7), None)


def listed(page: str) -> list[tuple[str, str]]:
    """Level and message of each row of the tables; a row may give several messages."""
    found = []
    for line in page.splitlines():
        row = re.match(r"\| (?:[^|]+ \| )?(OK|WARN|ERROR|STALE) \| (`.+?) \| ", line)
        if row:
            words = re.sub(r", such as .*|; values: .*", "", row[2])
            found += [(row[1], message) for message in re.findall(r"`([^`]+)`", words)]
    return found


def says(message: str, report: Report) -> bool:
    """Whether a row of the page is about a report's message, of which it gives the beginning."""
    expression = ".+?".join(map(re.escape, message.split("…")))
    return re.search(expression, report.message) is not None


@pytest.fixture
def rows(repository: Path) -> list[tuple[str, str]]:
    return listed((repository / "docs" / "diagnostics.md").read_text(encoding="utf-8"))


@pytest.mark.parametrize("report", everything(), ids=lambda report: report.message[:40])
def test_every_message_is_on_the_page_at_its_level(report: Report, rows: list[tuple[str, str]]):
    assert [row for row in rows if row[0] == report.level.name and says(row[1], report)]


def test_every_row_of_the_page_is_a_message_of_that_level(rows: list[tuple[str, str]]):
    assert len(rows) > 30
    for level, message in rows:
        assert any(each.level.name == level and says(message, each) for each in everything()), (
            level,
            message,
        )
