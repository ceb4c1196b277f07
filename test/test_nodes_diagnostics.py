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

import pytest

from emotion_recognition.nodes.watching.diagnostics import (
    Arrivals,
    Latencies,
    Level,
    clock_report,
    device_report,
    estimates_report,
    idle_report,
    lifecycle_report,
    memory_report,
)
from emotion_recognition.nodes.watching.memory import Memory


def test_arrivals_are_counted_and_timed():
    arrivals = Arrivals()
    assert arrivals.silent_for_s(5.0) is None
    assert arrivals.rate(0.0) == 0.0
    for index in range(30):
        arrivals.tick(index / 30)
    assert arrivals.rate(1.0) == pytest.approx(30.0)
    assert arrivals.rate(2.0) == 0.0
    assert arrivals.count == 30
    assert arrivals.silent_for_s(2.0) == pytest.approx(2 - 29 / 30)


def latencies(*values: float) -> Latencies:
    filled = Latencies()
    for value in values:
        filled.add(value)
    return filled


def test_the_percentiles_are_of_the_newest_latencies():
    filled = Latencies(size=101)
    for value in range(500):
        filled.add(value)
    assert filled.percentile(50) == 449
    assert filled.percentile(95) == 494
    assert Latencies().percentile(50) is None


@pytest.mark.parametrize(
    ("rate", "values", "failures", "level", "words"),
    [
        (4.0, (0.05, 0.06), 0, Level.OK, "4.0 estimates a second"),
        (4.0, (1.5,), 0, Level.WARN, "late"),
        (4.0, (3e8,), 0, Level.WARN, "use_sim_time"),
        (4.0, (-30.0,), 0, Level.WARN, "use_sim_time"),
        (0.0, (0.05,), 0, Level.STALE, "no estimates"),
        (0.0, (), 0, Level.STALE, "no estimates"),
        (4.0, (0.05,), 1, Level.ERROR, "1 internal errors"),
    ],
)
def test_the_estimates_are_judged(rate, values, failures, level, words):
    report = estimates_report(rate, 12, latencies(*values), failures, {"device": "cpu"})
    assert report.level == level
    assert words in report.message
    assert report.values["device"] == "cpu"
    assert report.values["published"] == "12"


def test_a_device_that_was_asked_for_and_is_absent_is_a_warning():
    report = device_report("cpu", "float32", "device 'cuda' is absent")
    assert report.level == Level.WARN and report.message == "device 'cuda' is absent"
    report = device_report("cuda:0", "float16", "")
    assert report.level == Level.OK and report.message == "float16 on cuda:0"
    assert report.values == {"device": "cuda:0", "precision": "float16"}


def test_latency_is_given_in_milliseconds():
    report = estimates_report(4.0, 1, latencies(0.05), 0, {})
    assert report.values["latency p50 (ms)"] == "50"


def test_skipped_windows_are_a_warning_and_name_what_to_lower():
    report = estimates_report(4.0, 9, latencies(0.05), 0, {}, new_skips=3)
    assert report.level == Level.WARN
    assert "3 windows passed over" in report.message and "face_rate" in report.message


def test_an_internal_error_is_said_in_its_words():
    report = estimates_report(4.0, 9, latencies(0.05), 1, {}, last_error="ValueError: odd")
    assert report.level == Level.ERROR and "ValueError: odd" in report.message


def test_estimates_that_somebody_paused_are_no_fault():
    report = estimates_report(0.0, 9, latencies(0.05), 0, {}, enabled=False)
    assert report.level == Level.OK and "set_enabled" in report.message


@pytest.mark.parametrize(
    ("state", "failure", "level", "words"),
    [
        ("active", "", Level.OK, "active"),
        ("inactive", "", Level.OK, "inactive"),
        ("unconfigured", "", Level.OK, "unconfigured"),
        ("unconfigured", "no such file", Level.ERROR, "not configured: no such file"),
        ("active", "no such file", Level.OK, "active"),
    ],
)
def test_a_state_that_was_asked_for_is_no_fault_and_a_failure_is(state, failure, level, words):
    report = lifecycle_report(state, failure)
    assert (report.level, report.message) == (level, words)
    assert report.values["state"] == state


def test_a_part_of_a_node_that_rests_is_ok():
    report = idle_report("front/image", "inactive")
    assert (report.name, report.level) == ("front/image", Level.OK)
    assert report.message == "not at work: the node is inactive"


@pytest.mark.parametrize(
    ("simulated", "stood_for_s", "publishers", "level", "words"),
    [
        (False, 99.0, 0, Level.OK, "system time"),
        (True, 0.1, 0, Level.OK, "simulated time"),
        (True, 3.0, 0, Level.ERROR, "nobody publishes /clock"),
        (True, 3.0, 1, Level.WARN, "/clock stands still for 3 s"),
    ],
)
def test_the_clock_is_judged(simulated, stood_for_s, publishers, level, words):
    report = clock_report(simulated, 12.5, stood_for_s, publishers)
    assert report.level == level
    assert words in report.message
    assert report.values["time (s)"] == "12.500"


def test_memory_is_given_in_megabytes():
    report = memory_report(Memory(500_000_000, 8_000_000_000, 2_000_000, 70_000_000_000), 1e6)
    assert (report.level, report.message) == (Level.OK, "500 MB")
    assert report.values == {
        "resident (MB)": "500",
        "growth (MB/h)": "1",
        "available (MB)": "8000",
        "device, of this process (MB)": "2",
        "device, free (MB)": "70000",
    }


def test_memory_that_would_be_full_within_a_day_is_a_warning():
    there = Memory(500_000_000, 1_000_000_000)
    report = memory_report(there, 100e6)
    assert report.level == Level.WARN and "full in 10 h" in report.message
    assert memory_report(there, 40e6).level == Level.OK
    assert memory_report(there, -1e9).level == Level.OK
    assert memory_report(there, None).level == Level.OK


def test_shared_memory_that_runs_out_is_a_warning_that_says_how_to_free_it():
    report = memory_report(Memory(500_000_000, 10**9, shared_free=20_000_000), None)
    assert report.level == Level.WARN
    assert "20 MB left" in report.message and "fastdds shm clean" in report.message
    assert memory_report(Memory(500_000_000, 10**9, shared_free=10**9), None).level == Level.OK


def test_memory_that_the_system_does_not_tell_is_left_out():
    report = memory_report(Memory(None, None), None)
    assert (report.level, report.values) == (Level.OK, {})
