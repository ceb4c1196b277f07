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
"""A slice of ``make fuzz``; and the harness sees what crashes, dies, hangs and grows."""

import ctypes
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

pytest.importorskip("emotion_recognition.msg", reason="the interfaces are not built: colcon build")
pytest.importorskip("audio_common_msgs.msg", reason="audio_common_msgs is not installed")
pytestmark = pytest.mark.ros

from fuzz.mutate import mutated
from fuzz.run import conclude, replay
from fuzz.target import Target
from fuzz.targets import TARGETS, counts_of
from fuzz.watch import Outcome, watch
from fuzz.worker import growth_kib

SEED = 20
LIMIT_S = 60.0
SLICE = 3000
NEEDS = {"estimates": "pandas", "estimates_parquet": "pyarrow"}


class RefusedError(Exception):
    """As documented."""


@pytest.mark.parametrize("name", TARGETS)
def test_a_slice_of_all_inputs_is_decoded_or_refused(name: str):
    for prefix, package in NEEDS.items():
        if name.startswith(prefix):
            pytest.importorskip(package)
    target = TARGETS[name]
    accepted = [target.accepts(each) for each in target.seeds]
    assert any(accepted), "not one valid input is accepted"
    begun_s = time.monotonic()
    first = len(target.seeds)
    for index in range(first, first + counts_of(SLICE, list(TARGETS))[name]):
        target.accepts(target.input(SEED, index))
    assert time.monotonic() - begun_s < LIMIT_S


def test_an_input_is_known_by_its_seed_and_number():
    target = TARGETS["image"]
    for index in (0, 100, 101, 103):
        assert target.input(1, index) == target.input(1, index)
    assert target.input(1, 100) != target.input(2, 100)


def test_shares_add_up():
    counts = counts_of(120_000, list(TARGETS))
    assert sum(counts.values()) == 120_000
    live = [name for name in counts if not name.startswith(("bag", "labels", "estimates"))]
    assert sum(counts[name] for name in live) >= 100_000


def _seeds() -> list[bytes]:
    return [b"good", b"refused", b"bad", b"good"]


def _take(data: bytes, on_bad: Callable[[], object]) -> None:
    if data == b"refused":
        raise RefusedError
    if data == b"bad":
        on_bad()


def _raise() -> None:
    raise KeyError("nobody expects this")


def _fault() -> None:
    ctypes.string_at(0)


def _hang() -> None:
    time.sleep(600)


@pytest.mark.parametrize(
    ("on_bad", "crashes", "hangs", "told"),
    [
        (_raise, 1, 0, "nobody expects this"),
        (_fault, 1, 0, "Segmentation fault"),
        (_hang, 0, 1, "in _hang"),
    ],
)
def test_what_goes_wrong_is_counted_and_its_input_saved(
    tmp_path: Path,
    capsys: pytest.CaptureFixture,
    on_bad: Callable[[], object],
    crashes: int,
    hangs: int,
    told: str,
):
    target = Target("broken", 1, partial(_take, on_bad=on_bad), (RefusedError,), _seeds)
    outcome = watch(target, SEED, 4, 1.0, tmp_path)
    assert (outcome.inputs, outcome.accepted, outcome.rejected) == (4, 2, 1)
    assert (outcome.crashes, outcome.hangs) == (crashes, hangs)
    kind = "crash" if crashes else "hang"
    assert (tmp_path / f"{kind}-broken-2.bin").read_bytes() == b"bad"
    assert told in (tmp_path / f"{kind}-broken-2.txt").read_text()
    assert conclude({"broken": outcome}, tmp_path) == 1
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == f"fuzz: 4 inputs, {crashes} crashes, {hangs} hangs"


def _outcome(growth_kib: float) -> Outcome:
    return Outcome(10, 5, 5, 0, 0, 1.0, 3, growth_kib, 100.0)


def test_memory_that_grows_fails_the_run(tmp_path: Path, capsys: pytest.CaptureFixture):
    assert conclude({"image": _outcome(100.0)}, tmp_path) == 0
    assert capsys.readouterr().out == "fuzz: 10 inputs, 0 crashes, 0 hangs\n"
    assert conclude({"image": _outcome(1e6)}, tmp_path) == 1
    assert "memory grew" in capsys.readouterr().out


def test_growth_is_that_of_the_line_after_the_start():
    start = [50_000.0 * index for index in range(25)]
    flat = [1e6 + (-1) ** index for index in range(75)]
    assert growth_kib([*start, *flat, 0.0, 0.0]) == pytest.approx(0, abs=1)
    rising = [1e6 + 100.0 * index for index in range(75)]
    assert growth_kib([*start, *rising]) == pytest.approx(7400)


def test_a_saved_input_is_decoded_again(tmp_path: Path, capsys: pytest.CaptureFixture):
    path = tmp_path / "crash-image-7.bin"
    path.write_bytes(TARGETS["image"].seeds[0])
    assert replay(path) == 0
    path.write_bytes(b"nothing")
    assert replay(path) == 0
    assert capsys.readouterr().out.splitlines() == ["image: accepted", "image: rejected"]


def test_every_kind_of_mutation_leaves_bytes_even_of_nothing():
    from random import Random

    for number in range(500):
        data = mutated(Random(number), b"", [b"", b"abc"], [b"word"])
        assert isinstance(data, bytes) and len(data) < 10_000
