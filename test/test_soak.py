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

"""The soak: faults by a seed, orders to the devices, and what it counts, worked out by hand."""

import fcntl
import itertools
import math
import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from soak.conductor import Conductor, Latency
from soak.faults import (
    BACK,
    CAMERA,
    DEACTIVATE,
    FORMAT,
    FORWARD,
    GRAPH,
    KILL,
    MICROPHONE,
    PAUSE,
    SERVICE_KINDS,
    SETTLE_S,
    SILENCE,
    TARGETS,
    TICKS_PER_S,
    Fault,
    Weather,
    plan,
)
from soak.process import free
from soak.report import drift, last_line, plot, problems, table
from soak.tally import GRACE_S, SECOND_NS, Tally, gaps
from soak.vitals import Vitals, look, rss_slope

START_NS = 1_700_000_000 * SECOND_NS


def some_faults(target: str, seed: int = 1, count: int = 300) -> list[Fault]:
    return list(itertools.islice(plan(seed, target, 10.0, list(SERVICE_KINDS)), count))


# --- faults --------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", TARGETS)
def test_the_same_seed_gives_the_same_faults_and_another_one_others(target: str):
    assert some_faults(target) == some_faults(target)
    assert some_faults(target) != some_faults(target, seed=2)


@pytest.mark.parametrize("target", TARGETS)
def test_the_faults_of_a_target_follow_one_another(target: str):
    faults = some_faults(target)
    assert faults[0].begin > SETTLE_S * TICKS_PER_S
    for fault, following in itertools.pairwise(faults):
        assert fault.begin < fault.end < following.begin


def test_every_kind_of_fault_comes():
    kinds = {fault.kind for target in TARGETS for fault in some_faults(target)}
    assert len(kinds) == 13
    without = itertools.islice(plan(1, GRAPH, 10.0), 200)
    assert {fault.kind for fault in without} == {FORWARD, BACK, SILENCE}


def test_clocks_jump_both_ways_by_more_than_a_late_message():
    jumps = {fault.kind: fault.jump_s for fault in some_faults(GRAPH) if fault.jump_s}
    assert jumps[FORWARD] >= 2
    assert jumps[BACK] <= -2


def test_the_weather_of_a_tick_is_the_faults_that_hold():
    weather = Weather(3, 5.0)
    shown = {target: set() for target in TARGETS}
    for tick in range(3000):
        for target, fault in weather.at(tick).items():
            assert fault.begin <= tick < fault.end
            shown[target].add((fault.begin, fault.end))
    for target in TARGETS:
        planned = itertools.takewhile(lambda fault: fault.begin < 3000, plan(3, target, 5.0))
        assert shown[target] == {(fault.begin, fault.end) for fault in planned}


# --- gaps and stamps -----------------------------------------------------------------------------


def test_a_silence_of_two_periods_is_none_and_a_longer_one_is_a_gap():
    times = [1.25, 1.5, 2.0, 2.25, 3.0]
    assert gaps([(1.0, 3.0)], times, 0.5) == [(2.25, 3.0)]


def test_silence_counts_from_the_beginning_of_a_stretch_to_its_end():
    assert gaps([(1.0, 4.0)], [2.0], 0.5) == [(1.0, 2.0), (2.0, 4.0)]
    assert gaps([(1.0, 1.5), (9.0, 9.4)], [], 0.5) == []


def played(streams: dict[str, set[int]], ticks: int) -> Tally:
    """A tally of ticks of 0.1 s at which the streams deliver, but at those named."""
    tally = Tally(0.25, START_NS)
    for tick in range(ticks):
        delivering = [name for name, missing in streams.items() if tick not in missing]
        tally.tick(tick / 10, delivering)
    return tally


def test_a_stream_is_healthy_a_second_after_it_began():
    tally = played({"camera": set()}, 31)
    assert tally.stretches() == [(1.0, 3.0 - GRACE_S)]
    assert tally.expected() == 6  # 1.65 s at 4 a second


def test_one_healthy_stream_is_enough_and_two_broken_ones_are_not():
    one = played({"camera": {15}, "microphone": {30}}, 41)
    assert one.stretches() == [(1.0, 4.0 - GRACE_S)]
    both = played({"camera": {20}, "microphone": {22}}, 41)
    assert [begin for begin, _ in both.stretches()] == [1.0, pytest.approx(3.1)]


def estimate(tally: Tally, *played_s: float) -> None:
    for each in played_s:
        tally.estimate(tally.stamp_ns(each))


def test_estimates_of_the_same_stamp_or_an_older_one_are_stale():
    tally = played({"camera": set()}, 31)
    estimate(tally, 1.25, 1.5)
    assert not tally.stale
    estimate(tally, 1.5, 1.25)
    assert [stamp_s for _, stamp_s in tally.stale] == pytest.approx([1.5, 1.25])
    assert tally.estimates == [1.25, 1.5]


def test_an_estimate_of_the_future_is_stale():
    tally = played({"camera": set()}, 31)
    estimate(tally, 3.5)
    assert tally.stale == [(3.0, pytest.approx(3.5))]


@pytest.mark.parametrize("by_s", [-20.0, 40.0])
def test_after_a_jump_stamps_go_on_elsewhere(by_s: float):
    tally = played({"camera": set()}, 31)
    estimate(tally, 2.5)
    before_ns = tally.stamp_ns(2.75)
    tally.jump(3.1, by_s)
    assert tally.stamp_ns(3.1) == START_NS + round((3.1 + by_s) * SECOND_NS)
    for tick in range(31, 61):
        tally.tick(tick / 10, ["camera"])
    tally.estimate(before_ns)  # it was on its way
    estimate(tally, 4.25)
    assert not tally.stale
    assert tally.estimates == pytest.approx([2.5, 2.75, 4.25])
    tally.estimate(before_ns)  # a window of the time before, after one of the time since
    assert len(tally.stale) == 1
    assert [begin for begin, _ in tally.stretches()] == [1.0, pytest.approx(4.1)]


def test_an_estimate_may_be_on_its_way_through_two_jumps():
    tally = played({"camera": set()}, 31)
    before_ns = tally.stamp_ns(3.0)
    tally.jump(3.1, 50.0)
    tally.tick(3.1, ["camera"])
    tally.jump(3.2, -70.0)
    tally.tick(3.2, ["camera"])
    tally.estimate(before_ns)
    assert not tally.stale
    assert tally.estimates == pytest.approx([3.0])
    for tick in range(33, 61):
        tally.tick(tick / 10, ["camera"])
    estimate(tally, 4.25)
    tally.estimate(before_ns + SECOND_NS // 10)
    assert len(tally.stale) == 1


def test_the_last_window_before_a_jump_may_end_after_the_first_one_behind_it():
    tally = played({"camera": set()}, 31)
    last_ns = tally.stamp_ns(3.35)
    tally.jump(3.1, 2.8)
    for tick in range(31, 61):
        tally.tick(tick / 10, ["camera"])
    tally.estimate(last_ns)
    estimate(tally, 3.2, 3.5)
    assert not tally.stale
    assert tally.estimates == pytest.approx([3.35, 3.35, 3.5])


# --- playing -------------------------------------------------------------------------------------


class FakeDevice:
    def __init__(self) -> None:
        self.is_heard = self.runs = True
        self.orders: list = []
        self.killed = 0

    def publish(self, order) -> None:
        self.orders.append(order)

    def start(self) -> None:
        assert not self.runs
        self.is_heard = self.runs = True

    def kill(self) -> None:
        self.is_heard = self.runs = False
        self.killed += 1


class FixedWeather(Weather):
    def __init__(self, *faults: Fault) -> None:
        self.faults = faults

    def at(self, tick: int) -> dict[str, Fault]:
        return {fault.target: fault for fault in self.faults if fault.begin <= tick < fault.end}


def play(*faults: Fault, ticks: int = 40) -> tuple[Tally, dict[str, FakeDevice], list[int]]:
    """Play to a node that gives each estimate at once; return the clock's times as well."""
    tally = Tally(0.25, START_NS)
    devices = {CAMERA: FakeDevice(), MICROPHONE: FakeDevice()}
    clock: list[int] = []

    def set_clock(stamp_ns: int) -> None:
        clock.append(stamp_ns)
        if stamp_ns % (SECOND_NS // 4) == 0:
            conductor.estimate(stamp_ns, 0.0, 0.0)

    def ask(kind: str, begin: bool):
        asked.append((kind, begin))
        return lambda: True

    asked: list = []
    conductor = Conductor(tally, devices, FixedWeather(*faults), set_clock, ask, 1000.0)
    conductor._tick_s = 0.0
    for tick in range(ticks):
        conductor.play(tick)
    if any(fault.kind in SERVICE_KINDS for fault in faults):
        assert asked == [(DEACTIVATE, True), (DEACTIVATE, False)]
    return tally, devices, clock


def stamps(device: FakeDevice) -> list[float]:
    return [(order.stamp_ns - START_NS) / 1e9 for order in device.orders]


def test_without_a_fault_image_sound_and_clock_come_ten_times_a_second():
    _, devices, clock = play(ticks=5)
    assert stamps(devices[CAMERA]) == pytest.approx([0.0, 0.1, 0.2, 0.3, 0.4])
    assert stamps(devices[MICROPHONE]) == pytest.approx([-0.1, 0.0, 0.1, 0.2, 0.3])
    assert [order.begin for order in devices[MICROPHONE].orders[1:]] == [0, 1600, 3200, 4800]
    assert len(clock) == 5


def test_a_pause_leaves_messages_out_and_a_burst_brings_them_together():
    _, devices, _ = play(Fault(PAUSE, CAMERA, 2, 4), Fault("burst", MICROPHONE, 1, 3), ticks=5)
    assert stamps(devices[CAMERA]) == pytest.approx([0.0, 0.1, 0.4])
    assert stamps(devices[MICROPHONE]) == pytest.approx([-0.1, 0.0, 0.1, 0.2, 0.3])


def test_a_killed_device_is_started_again_at_the_end():
    tally, devices, _ = play(Fault(KILL, CAMERA, 20, 30), Fault(SILENCE, GRAPH, 25, 27))
    assert devices[CAMERA].killed == 1
    assert stamps(devices[CAMERA]) == pytest.approx(
        [each / 10 for each in [*range(20), *range(30, 40)]]
    )
    # By hand: the sound is silent at 2.5 and 2.6 and healthy again from 3.7 on.
    ends = [end for _, end in tally.stretches()]
    assert ends == pytest.approx([2.4 - GRACE_S])
    assert tally.healthy_from_s == pytest.approx(3.7)


def test_a_device_that_is_not_heard_yet_is_not_killed():
    device = FakeDevice()
    device.is_heard = False
    weather = FixedWeather(Fault(KILL, CAMERA, 1, 3))
    conductor = Conductor(
        Tally(0.25, START_NS),
        {CAMERA: device, MICROPHONE: FakeDevice()},
        weather,
        lambda _: None,
        lambda *_: lambda: True,
        1000.0,
    )
    for tick in range(5):
        conductor.play(tick)
    assert device.killed == 0 and device.runs


def test_extra_messages_are_duplicates_late_copies_and_damaged_ones():
    faults = (Fault("duplicates", CAMERA, 2, 3), Fault("late stamps", MICROPHONE, 6, 7))
    _, devices, _ = play(*faults, Fault("damaged messages", CAMERA, 8, 9), ticks=10)
    assert stamps(devices[CAMERA])[2:5] == pytest.approx([0.2, 0.2, 0.3])
    assert stamps(devices[MICROPHONE])[6:9] == pytest.approx([0.5, -0.1, 0.6])
    damaged = [order for order in devices[CAMERA].orders if order.damaged]
    assert [order.stamp_ns - START_NS for order in damaged] == [850_000_000]


def test_another_image_size_leaves_the_stream_healthy_and_another_sound_does_not():
    image = Fault(FORMAT, CAMERA, 20, 30, change={"width": 320, "height": 240})
    tally, devices, _ = play(image)
    assert {order.width for order in devices[CAMERA].orders[20:30]} == {320}
    assert tally.stretches() == [(1.0, pytest.approx(3.9 - GRACE_S))]
    sound = Fault(FORMAT, MICROPHONE, 20, 30, change={"rate": 8000})
    tally, devices, _ = play(sound, Fault(PAUSE, CAMERA, 5, 40))
    assert {order.rate for order in devices[MICROPHONE].orders[20:30]} == {8000}
    assert tally.stretches() == [(1.0, pytest.approx(1.9 - GRACE_S))]


def test_a_jump_moves_clock_and_stamps_and_begins_anew():
    tally, devices, clock = play(Fault(BACK, GRAPH, 20, 21, jump_s=-30.0))
    assert (clock[20] - clock[19]) / 1e9 == pytest.approx(0.1 - 30.0)
    assert stamps(devices[CAMERA])[20] == pytest.approx(2.0 - 30.0)
    assert [begin for begin, _ in tally.stretches()] == [1.0, pytest.approx(3.0)]


def test_nothing_is_owed_while_a_service_keeps_the_node_from_its_work():
    tally, _, _ = play(Fault(DEACTIVATE, GRAPH, 20, 22), ticks=50)
    begins = [begin for begin, _ in tally.stretches()]
    assert begins == [1.0, pytest.approx(3.2)]


# --- vitals and report ---------------------------------------------------------------------------


def test_the_slope_of_memory_is_in_percent_an_hour_after_the_warm_up():
    # 100 MB after a tenth of two hours, and 2 MB more an hour: 2 %/h. What was before is left out.
    vitals = [Vitals(0.0, 10.0, 5, 5)]
    vitals += [Vitals(at, 100 + 2 * (at - 720) / 3600, 5, 5) for at in range(720, 7201, 60)]
    assert rss_slope(vitals) == pytest.approx(2.0)
    assert rss_slope(vitals[:1]) == 0.0


def test_a_process_is_looked_at():
    found = look(os.getpid(), 7.0)
    assert found.stream_s == 7.0
    assert found.rss_mb > 10
    assert found.threads >= 1
    assert found.file_descriptors >= 3


@pytest.fixture
def result() -> dict:
    return {
        "seed": 0,
        "stream_s": 21600.0,
        "speed": 5.0,
        "estimates": 80000,
        "expected": 79000,
        "healthy_s": 20000.0,
        "gaps": [],
        "stale": [],
        "notes": 3,
        "refused": [],
        "died": "",
        "restarts": 4,
        "stalls": [],
        "rss_slope": 0.1,
        "rss_mb": (500.0, 501.0),
        "file_descriptors": (30, 31),
        "threads": (15, 15),
        "wall_latency_ms": (50.0, 51.0),
        "longest_latency_ms": 400.0,
        "sensor_latency_ms": (300.0, 301.0),
        "injected": {"pause, camera": 3},
        "node": {"estimates internal errors": 0},
    }


def test_the_last_line_is_for_scripts(result: dict):
    assert last_line(result) == (
        "soak: 21600 s of stream time, 80000 estimates, 0 gaps, rss slope 0.10 %/h"
    )


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"gaps": [(3.0, 4.0)]}, "1 gaps, the first at 3.0 s"),
        ({"stale": [(2.0, 1.0)]}, "repeated or old"),
        ({"died": "exit code -9 at 5.0 s"}, "exit code -9"),
        ({"estimates": 0}, "no estimate"),
        ({"rss_slope": 1.5}, "memory grows by 1.50 %/h, 9.0 % in this run"),
        ({"file_descriptors": (30, 60)}, "file descriptors grew"),
        ({"refused": ["reset"]}, "services refused: reset"),
        ({"node": {"estimates internal errors": 2}}, "2 internal errors"),
    ],
)
def test_what_is_wrong_is_said(result: dict, change: dict, word: str):
    assert problems(result) == []
    (problem,) = problems(result | change)
    assert word in problem


def test_noise_of_a_short_run_is_no_growth(result: dict):
    assert problems(result | {"rss_slope": 40.0, "stream_s": 120.0}) == []


def test_every_figure_is_in_the_table(result: dict):
    assert table(result).row_count == 16


def test_drift_is_between_the_medians_of_the_first_and_last_tenth():
    assert drift([*[1.0] * 5, *range(40), *[9.0] * 5]) == (1.0, 9.0)
    assert all(math.isnan(value) for value in drift([]))


def test_the_picture_is_drawn(tmp_path):
    pytest.importorskip("matplotlib")
    vitals = [Vitals(at, 500 + at, 30, 15) for at in range(0, 100, 10)]
    latencies = [Latency(at / 4, 0.05, 0.3) for at in range(400)]
    plot(vitals, latencies, tmp_path / "soak.png")
    picture = cv2.imread(str(tmp_path / "soak.png"))
    assert picture is not None
    assert np.std(picture) > 10


# --- what a killed process leaves ----------------------------------------------------------------


def test_shared_memory_is_freed_when_its_owner_is_gone(tmp_path: Path):
    kept, left = tmp_path / "fastrtps_1", tmp_path / "fastrtps_2"
    for segment in (kept, left):
        segment.touch()
        segment.with_name(f"{segment.name}_el").touch()
    with (tmp_path / "fastrtps_1_el").open() as owner:
        fcntl.flock(owner, fcntl.LOCK_EX)
        free({kept, left, tmp_path / "fastrtps_3"})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["fastrtps_1", "fastrtps_1_el"]
