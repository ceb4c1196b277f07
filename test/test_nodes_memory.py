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

import os
import shutil

import numpy as np
import pytest
import torch

from emotion_recognition.nodes.watching import memory
from emotion_recognition.nodes.watching.memory import MemoryWatch, read_memory


def test_the_resident_size_grows_with_what_the_process_holds():
    before = read_memory().resident
    if before is None:
        pytest.skip("this system does not tell: no /proc")
    held = np.ones(64 << 20, np.uint8)  # written to, so that it is resident
    after = read_memory()
    assert after.resident - before > 0.9 * held.nbytes
    assert after.available < os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    assert after.device_used is None


def test_free_shared_memory_is_told_where_there_is_any(monkeypatch, tmp_path):
    monkeypatch.setattr(memory, "SHARED", tmp_path)
    assert read_memory().shared_free == pytest.approx(shutil.disk_usage(tmp_path).free, rel=0.05)
    monkeypatch.setattr(memory, "SHARED", tmp_path / "none")
    assert read_memory().shared_free is None


def watch(sizes, every_s: float = 10.0) -> MemoryWatch:
    made = MemoryWatch()
    for index, size in enumerate(sizes):
        made.note(size, index * every_s)
    return made


def test_growth_is_the_slope_in_bytes_an_hour():
    assert watch([1e9 + 1e5 * i for i in range(100)]).growth() == pytest.approx(36e6)
    assert watch([1e9] * 100).growth() == pytest.approx(0)


def test_growth_is_unknown_before_ten_minutes():
    assert watch([1e9 + 1e6 * i for i in range(60)]).growth() is None
    assert watch([]).growth() is None


def test_only_the_newest_hour_counts():
    start_up = [i * 5e6 for i in range(200)]
    assert watch([*start_up, *[1e9] * 360]).growth() == pytest.approx(0)


def test_samples_in_between_are_left_out():
    often = watch([1e9 + 1e4 * i for i in range(3000)], every_s=1.0)
    assert often.growth() == pytest.approx(36e6, rel=1e-3)


def test_a_system_that_does_not_tell_gives_no_growth():
    assert watch([None] * 100).growth() is None


def test_a_cuda_device_tells_what_is_held_and_what_is_free(monkeypatch):
    asked = []
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda at: asked.append(at) or (70, 80))
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda at: asked.append(at) or 6)
    found = read_memory("cuda:1")
    assert (found.device_used, found.device_free) == (6, 70)
    assert asked == ["cuda:1", "cuda:1"]


def test_a_cuda_device_that_has_failed_does_not_end_the_report(monkeypatch):
    def fail(_: str) -> tuple[int, int]:
        raise RuntimeError("CUDA error: unspecified launch failure")

    monkeypatch.setattr(torch.cuda, "mem_get_info", fail)
    assert read_memory("cuda:0").device_free is None


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_a_real_cuda_device_tells_what_is_held():
    before = read_memory("cuda:0")
    held = torch.ones(64 << 20, dtype=torch.uint8, device="cuda:0")
    after = read_memory("cuda:0")
    assert after.device_used - before.device_used >= held.numel()
    assert after.device_free > 0
