import pytest

from emotion_recognition.nodes.diagnostics import (
    Arrivals,
    Latencies,
    Level,
    StreamState,
    device_report,
    estimates_report,
    stream_report,
)


def stream(**changes) -> StreamState:
    values = {
        "name": "image",
        "topic": "/camera",
        "enabled": True,
        "received": 30,
        "rate": 29.97,
        "silent_for_s": 0.02,
        "dropped": 0,
        "rejected": 0,
        "window_fill": 1.0,
    }
    return StreamState(**{**values, **changes})


def judge(new_drops: int = 0, new_bad: int = 0, **changes):
    return stream_report(stream(**changes), 1.0, new_drops, new_bad)


def test_a_healthy_stream_is_ok_and_gives_its_figures():
    report = judge()
    assert (report.level, report.message) == (Level.OK, "30.0 messages a second")
    assert report.values["received"] == "30"
    assert report.values["rate (1/s)"] == "30.0"
    assert report.values["window fill"] == "1.00"


@pytest.mark.parametrize(
    ("changes", "level", "words"),
    [
        ({"silent_for_s": None}, Level.STALE, "nothing has come on /camera"),
        ({"silent_for_s": 3.2}, Level.STALE, "silent for 3.2 s"),
        ({"new_bad": 2}, Level.WARN, "2 messages could not be used"),
        ({"new_drops": 4}, Level.WARN, "4 messages dropped"),
        ({"enabled": False, "silent_for_s": None}, Level.OK, "switched off"),
    ],
)
def test_trouble_has_a_level_and_words(changes, level, words):
    report = judge(**changes)
    assert report.level == level
    assert words in report.message


def test_old_trouble_does_not_keep_a_stream_in_warning():
    assert judge(dropped=5, rejected=3).level == Level.OK


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
