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

"""The bench's arithmetic, tables and picture; what it measures is not judged here."""

import itertools
import json

import cv2
import numpy as np
import pytest

from bench.measure import in_turns, percentiles
from bench.plot import plot
from bench.stream_clip import CHUNK, SAMPLE_RATE, SECOND, Material, events, image_message, tiled
from bench.table import FIGURES, is_met, tables, text, value_of
from emotion_recognition.vision.messages import decode_image

CONTRACT = {
    "update_ms",
    "update_vs_reference",
    "update_vs_whole_window",
    "latency_ms",
    "received_share",
    "cpu_share_of_core",
    "rss_mb",
    "rss_growth",
    "offline_x_realtime",
    "first_estimate_s",
}


@pytest.fixture
def result() -> dict[str, object]:
    """What a run might find, with every key that it has."""
    latencies = {"p50": 40.0, "p95": 79.0, "p99": 121.0}
    live = {
        "latency_ms": latencies,
        "estimates_per_s": 4.0,
        "received_share": 0.995,
        "cpu_share_of_core": 0.2,
        "rss_mb": 450.0,
        "start_to_ready_s": 2.0,
        "first_estimate_s": 3.5,
        "first_estimate_beyond_window_s": 2.5,
    }
    cases = [{"n": 1, "update_ms": 10.0}, {"n": 2, "update_ms": 15.0}]
    numbers = dict.fromkeys(("update_ms", "whole_window_ms", "reference_ms"), 10.0)
    offline = dict.fromkeys(
        ("offline_x_realtime", "offline_x_realtime_by_cpu", "offline_clip_x_realtime"), 30.0
    )
    return {
        "machine": "a machine",
        **numbers,
        **live,
        **offline,
        "hd": live,
        "update_vs_whole_window": 9.0,
        "update_vs_reference": 9.9,
        "cpu_ms_per_second": 50.0,
        "rss_after_minutes": {"1": 300.0, "60": 301.0},
        "rss_growth": 1 / 300,
        "offline_16_bags_x_realtime": {"1": 20.0, "2": 38.0},
        "components": {"a": {"ms": 1.0, "ms_per_second": 10.0}, "b": {"ms": 2.0}},
        "faces": cases,
        "streams": cases,
        "windows": [{"window_s": 3.6, "update_ms": 10.0}],
        "publish_rates": [{"publish_rate": 4.0, "update_ms": 10.0}],
    }


def test_percentiles_interpolate_between_the_nearest_values():
    found = percentiles([4.0, 1.0, 3.0, 2.0, 5.0])
    # By hand: the place of percentile p among 5 values is 4 p / 100.
    assert found == pytest.approx({"p50": 3.0, "p95": 4.8, "p99": 4.96})


def test_percentiles_of_nothing_are_refused():
    with pytest.raises(ValueError, match="nothing"):
        percentiles([])


def test_works_take_turns():
    calls: list[str] = []
    found = in_turns({"a": lambda: calls.append("a"), "b": lambda: calls.append("b")}, 3, "test")
    assert "".join(calls) == 4 * "ab"  # the first time to warm up
    assert set(found) == {"a", "b"}


def test_every_figure_of_the_contract_is_shown():
    assert set(FIGURES) >= CONTRACT


def test_figures_are_held_against_their_targets(result):
    def verdict(key: str) -> bool | None:
        return is_met(FIGURES[key], value_of(result, key))

    assert verdict("latency_ms.p95") is True
    assert verdict("latency_ms.p99") is False
    assert verdict("update_vs_reference") is False
    assert verdict("update_vs_whole_window") is True
    assert verdict("update_ms") is None


def test_a_run_of_some_parts_shows_what_it_has(result):
    shown = {key: result[key] for key in ("machine", "rss_after_minutes", "rss_growth")}
    (table,) = tables(shown)
    assert table.row_count == 2
    with pytest.raises(KeyError):
        value_of(shown, "latency_ms.p95")


def test_a_whole_run_shows_every_figure(result):
    figures, components, growth = tables(json.loads(json.dumps(result)))
    assert figures.row_count == len(FIGURES)
    assert components.row_count == 2
    assert growth.row_count == 4


def test_values_are_shown_short():
    assert text(12.3456) == "12.3"
    assert text({"p50": 1.25, "p95": 20.0}) == "p50 1.2, p95 20.0"


def test_the_picture_is_drawn(result, tmp_path):
    pytest.importorskip("matplotlib")
    path = tmp_path / "bench.png"
    plot(json.loads(json.dumps(result)), path)
    picture = cv2.imread(str(path))
    assert picture is not None
    assert picture.std() > 10  # not blank


@pytest.fixture
def material() -> Material:
    frames = [np.full((48, 64, 3), value, np.uint8) for value in (50, 100)]
    return Material(frames, np.arange(3 * CHUNK, dtype=np.float32))


def test_the_stream_goes_on_in_time_without_end(material):
    found = list(itertools.islice(events(material, SECOND), 613))
    stamps = [stamp_ns for stamp_ns, _, _ in found]
    assert stamps == sorted(stamps)
    images = [data for _, kind, data in found if kind == "image"]
    sound = [data for _, kind, data in found if kind == "audio"]
    assert len(images) == pytest.approx(30 * (stamps[-1] - SECOND) / SECOND, abs=1)
    assert len(sound) * CHUNK / SAMPLE_RATE == pytest.approx(
        (stamps[-1] - SECOND) / SECOND, abs=0.1
    )
    assert [image[0, 0, 0] for image in images[:3]] == [50, 100, 50]
    np.testing.assert_array_equal(sound[3], sound[0])


def test_an_image_message_is_its_frame(material):
    frame = np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8)
    np.testing.assert_array_equal(decode_image(image_message(frame)), frame)


def test_faces_stand_side_by_side(material):
    frame = tiled(material, 4).frames[0]
    assert frame.shape == (48, 64, 3)
    for top, left in itertools.product((0, 24), (0, 32)):
        assert frame[top : top + 24, left : left + 32].mean() == 50
    assert tiled(material, 2).frames[0][:, :32].max() == 50
