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
"""Recordings that are played: in a loop, with a simulated clock that jumps, and far too fast."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from ros_support import Process, command_line, module, probe, random_domain_id, running, wait_until

pytestmark = [pytest.mark.ros, pytest.mark.timeout(300)]

audio_msgs = pytest.importorskip("audio_common_msgs.msg", reason="audio_common_msgs is missing")
if not hasattr(audio_msgs, "AudioDataStamped"):
    pytest.skip("the installed audio_common_msgs is the other dialect", allow_module_level=True)

AudioDataStamped = audio_msgs.AudioDataStamped

from diagnostic_msgs.msg import DiagnosticArray
from faults_support import Estimates, Sources
from rosgraph_msgs.msg import Clock

from emotion_recognition.bags.bag import Bag
from emotion_recognition.bags.write import AUDIO_TOPIC, IMAGE_TOPIC, make_bag
from emotion_recognition.nodes.launching.graph import remappings
from emotion_recognition.nodes.ros.convert import nanoseconds, time_message
from emotion_recognition.nodes.ros.qos import sensor_qos

SECOND_NS = 1_000_000_000


@pytest.fixture(scope="module")
def bag(talking_face: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = tmp_path_factory.mktemp("playback") / "bag"
    make_bag(talking_face, path)
    return path


def test_a_loop_and_a_simulated_clock_that_jumps(bag: Path):
    with Bag(bag) as recording:
        begin_ns, end_ns = recording.start_ns, recording.end_ns
    domain_id = random_domain_id()
    names = [f"{name}:={topic}" for name, topic in remappings(IMAGE_TOPIC, AUDIO_TOPIC)]
    command = module("emotion_node", "--ros-args", "-p", "use_sim_time:=true")
    command += [word for name in names for word in ("-r", name)]
    play = command_line("play", str(bag), "--loop", "--rate", "2", "--wait", "60")
    with running(command, domain_id) as node, probe(domain_id) as heard:
        estimates = Estimates(heard, node)
        with running(play, domain_id) as player:
            wait_until(lambda: node.said("time jumped back by"), 90, "the second pass")
            estimates.coming(count=4)
            assert player.running, player.text
        stamps = [nanoseconds(state.header.stamp) for state in estimates.all]
        assert all(begin_ns <= stamp <= end_ns + SECOND_NS for stamp in stamps)
        starts = [n for n in range(1, len(stamps)) if stamps[n] < stamps[n - 1]]
        assert starts, "it was not played again"

        # The clock stands, goes on, and is set forward by an hour and back: one silence, said once.
        clock = heard.node.create_publisher(Clock, "/clock", 1)

        def tick(now_ns: int, seconds: float = 1.0) -> None:
            for _ in range(int(seconds / 0.1)):
                now_ns += SECOND_NS // 10
                clock.publish(Clock(clock=time_message(now_ns)))
                heard.rest(0.1)

        told = len(estimates.all)
        tick(end_ns + 60 * SECOND_NS)
        estimates.ending()
        tick(end_ns + 3600 * SECOND_NS)
        tick(begin_ns)
        assert len(estimates.all) - told <= 2  # what was under way, and the end
        with running(play, domain_id):
            estimates.coming(count=4)
        assert not node.said("internal error")
        assert node.stop() == 0 and "Traceback" not in node.text


def resident_mb(process: Process) -> float:
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def test_ten_times_the_rate_leaves_memory_bounded_and_estimates_fresh(talking_face: Path):
    domain_id = random_domain_id()
    with (
        running(module("emotion_node"), domain_id) as node,
        probe(domain_id) as heard,
        Sources(talking_face, domain_id, {}) as sources,
    ):
        estimates = Estimates(heard, node)
        sound = heard.hear(AudioDataStamped, "audio", sensor_qos(100))
        diagnostics = heard.hear(DiagnosticArray, "/diagnostics")
        wait_until(lambda: node.said("ready"), 60, node.text)
        sources.start("camera", "--speed", "10", "--every", "1")
        sources.start("microphone", "--speed", "10")
        estimates.coming(count=8)
        wait_until(lambda: sound, 30, "sound that the test hears itself")
        before_mb = resident_mb(node)

        newest_of: list[tuple[int, int]] = []
        for _ in range(15):
            state = estimates.coming(count=1)
            newest_of.append((nanoseconds(state.header.stamp), nanoseconds(sound[-1].header.stamp)))
        assert resident_mb(node) < before_mb + 40  # a second of these images alone is more
        behind_s = [(now_ns - stamp_ns) / 1e9 / 10 for stamp_ns, now_ns in newest_of]
        assert np.median(behind_s) < 2, f"estimates of the past: {behind_s}"

        def images() -> dict[str, float]:
            return {
                pair.key: float(pair.value)
                for status in (diagnostics[-1].status if diagnostics else ())
                if status.name.endswith(": image")
                for pair in status.values
                if pair.key in ("received", "used")
            }

        wait_until(lambda: images().get("received"), 10, "diagnostics since images came")
        assert images()["used"] < images()["received"]
        assert not node.said("internal error")
