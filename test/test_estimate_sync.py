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

"""A recording whose camera and microphone had different clocks, from the command line."""

from dataclasses import replace
from pathlib import Path

import pytest

from emotion_recognition.bags.events import FrameEvent
from emotion_recognition.bags.read import read_events
from emotion_recognition.bags.write import bag_writer, write_event
from emotion_recognition.cli import main

THREE_HOURS_NS = 3 * 3600 * 1_000_000_000


@pytest.fixture(scope="module")
def bags(talking_face: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same clip twice: as it is, and with a camera whose clock is three hours ahead."""
    folder = tmp_path_factory.mktemp("bags")
    with bag_writer(folder / "alike") as alike, bag_writer(folder / "apart") as apart:
        for event in read_events(talking_face):
            write_event(alike, event, 90)
            if isinstance(event, FrameEvent):
                event = replace(event, stamp_ns=event.stamp_ns + THREE_HOURS_NS)
            write_event(apart, event, 90)
    return folder


def estimates(capsys: pytest.CaptureFixture, *arguments: str) -> tuple[int, list[list[str]], str]:
    """Exit code, the time, number and emotion of each estimate, and the complaints."""
    code = main(["estimate", "--detector", "haar", "--publish-rate", "2", *arguments])
    said = capsys.readouterr()
    rows = [line.split() for line in said.out.splitlines() if line.startswith(" ")]
    return code, [row[:3] for row in rows if row[0][0].isdigit()], said.err


def test_clocks_hours_apart_are_told_and_arrival_is_the_way_out(bags: Path, capsys):
    code, lines, said = estimates(capsys, str(bags / "apart"))
    assert code == 1
    assert not lines
    assert "10800 s ahead of the sound" in said
    assert "--sync receive-time" in said
    code, by_arrival, _ = estimates(capsys, str(bags / "apart"), "--sync", "receive-time")
    assert code == 0
    _, by_stamp, _ = estimates(capsys, str(bags / "alike"))
    assert by_arrival == by_stamp
    assert len(by_stamp) > 4
