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

# ruff: noqa: E402 - what needs ROS is imported after the check for it
"""One node lives through sources that die and come back otherwise, set clocks, and silence."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from ros_support import Process, module, probe, random_domain_id, running, wait_until

pytestmark = [pytest.mark.ros, pytest.mark.timeout(300)]

audio_msgs = pytest.importorskip("audio_common_msgs.msg", reason="audio_common_msgs is missing")
if not hasattr(audio_msgs, "AudioDataStamped"):
    pytest.skip("the installed audio_common_msgs is the other dialect", allow_module_level=True)

from emotion_recognition.msg import EmotionState
from faults_support import Estimates, Sources, SystemClock, both, face_alone, sound_alone

from emotion_recognition.nodes.ros.convert import nanoseconds

HOUR_S = 3600


@dataclass
class Graph:
    node: Process
    estimates: Estimates
    sources: Sources
    clock: SystemClock

    def said(self, since: int, *words: str) -> bool:
        return any(all(word in text for word in words) for text in self.node.lines[since:])


@pytest.fixture(scope="module")
def graph(talking_face: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Graph]:
    domain_id = random_domain_id()
    clock = SystemClock(tmp_path_factory.mktemp("clock"))
    environment = clock.environment
    with (
        running(module("emotion_node"), domain_id, **environment) as node,
        probe(domain_id) as heard,
        Sources(talking_face, domain_id, environment) as sources,
    ):
        yield Graph(node, Estimates(heard, node), sources, clock)
    assert node.wait() == 0, node.text
    assert "Traceback" not in node.text


def test_sources_may_die_and_come_back_in_another_form(graph: Graph):
    start, estimates = graph.sources.start, graph.estimates
    camera = start("camera")
    microphone = start("microphone", "--reliability", "reliable")
    estimates.coming(both, timeout_s=90)

    microphone.kill()
    assert estimates.coming(face_alone).video_weight == pytest.approx(1)
    # A node that asked for reliable sound would never hear this one.
    microphone = start("microphone", "--reliability", "best_effort", "--rate", "48000")
    estimates.coming(both)

    camera.kill()
    assert estimates.coming(sound_alone).audio_weight == pytest.approx(1)
    formats = "--encodings", "rgb8,bgra8,mono8,bgr8", "--scales", "1,0.75,1.3"
    camera = start("camera", "--reliability", "reliable", *formats)
    estimates.coming(both, count=6)

    camera.kill()
    microphone.kill()
    gone = estimates.ending()
    told = len(estimates.all)
    graph.clock.move(60)  # a minute goes by
    with pytest.raises(AssertionError, match="not within"):
        wait_until(lambda: len(estimates.all) > told, 2)
    camera = start("camera")
    back = estimates.coming()
    assert nanoseconds(back.header.stamp) > nanoseconds(gone.header.stamp)
    camera.kill()
    estimates.ending()
    assert not graph.said(0, "dropped")
    assert not graph.said(0, "internal error")


def test_the_system_clock_may_be_set_forward_and_back(graph: Graph):
    estimates = graph.estimates
    camera, microphone = graph.sources.start("camera"), graph.sources.start("microphone")
    began = estimates.coming(both, timeout_s=60)

    def shifted_by(hours: int):
        def so(state: EmotionState) -> bool:
            since_s = (nanoseconds(state.header.stamp) - nanoseconds(began.header.stamp)) / 1e9
            return both(state) and abs(since_s - hours * HOUR_S) < HOUR_S / 2

        return so

    told = len(estimates.all)
    graph.clock.move(HOUR_S)
    estimates.coming(shifted_by(1), count=4)
    graph.clock.move(-2 * HOUR_S)
    estimates.coming(shifted_by(-1), count=4)
    assert graph.said(0, "[WARN]", "time jumped back by")
    assert all(state.probabilities for state in estimates.all[told:]), "silence was made up"
    camera.kill()
    microphone.kill()
    estimates.ending()  # however long the clock needs to be where it was
