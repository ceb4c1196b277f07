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

"""The benchmark of the GPU path, as far as it goes without one."""

import pytest
import torch

from bench.cuda import main, measure, table


@pytest.fixture(scope="module")
def report() -> dict:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("bench.cuda.SIZES", (1, 2))
        return measure("cpu", repeats=2)


def test_floor_and_time_are_given_for_each_network_and_batch(report) -> None:
    assert report["precision"] == "float32" and report["worst_difference"] == 0
    rows = {(row["network"], row["batch"]): row for row in report["rows"]}
    assert set(rows) == {(name, count) for name in ("faces", "windows") for count in (1, 2)}
    rate, speed = report["tera_operations_per_s"], report["giga_bytes_per_s"]
    for row in rows.values():
        floors = {"operations": row["operations"] / rate / 1e6, "bytes": row["bytes"] / speed / 1e3}
        assert row["bound"] == max(floors, key=floors.__getitem__)
        assert row["floor_us"] == pytest.approx(max(floors.values()))
        assert row["measured_us"] > 0 and row["plain_us"] > 0
    printed = table(report)
    assert all(f"| {name} | {count} |" in printed for name, count in rows)


def test_operations_and_bytes_are_those_of_the_layers(report) -> None:
    """By hand: 2 * height * width * kernel * inputs * outputs of each convolution, mirrored too."""
    first, last = 48 * 48 * 9 * 24, 24 * 24 * 9 * 24 * 48
    stage_one = 2 * 24 * 24 * 9 * 48 * 48
    stage_two = 12 * 12 * (9 * 48 * 96 + 3 * 9 * 96 * 96 + 48 * 96)
    stage_three = 6 * 6 * (9 * 96 * 192 + 3 * 9 * 192 * 192 + 96 * 192)
    linear = 192 * 128
    total = 2 * 2 * (first + last + stage_one + stage_two + stage_three + linear) + 2 * 128 * 8
    one, two = (row for row in report["rows"] if row["network"] == "faces")
    assert one["operations"] == total
    assert two["operations"] == 2 * total
    assert two["bytes"] - one["bytes"] == 48 * 48 + 4 * 128


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_without_a_device_the_command_says_so(monkeypatch, capsys) -> None:
    monkeypatch.setattr("sys.argv", ["bench.cuda"])
    with pytest.raises(SystemExit):
        main()
    assert "PyTorch finds no CUDA device here; --device cpu tries the" in capsys.readouterr().err
