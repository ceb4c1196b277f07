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

"""How much memory the process and the device hold, and how fast that grows."""

import shutil
from collections import deque
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

_SAMPLE_EVERY_S = 10.0
_SAMPLES = 360  # an hour
_LEAST_S = 600.0  # of samples, before growth is judged: start-up looks like growth

_PROCESS = Path("/proc/self/status")
_SYSTEM = Path("/proc/meminfo")
SHARED = Path("/dev/shm")
"""Where Fast DDS keeps what processes of one machine send each other."""


@dataclass(frozen=True)
class Memory:
    """Memory in bytes; None where this system does not tell."""

    resident: int | None
    available: int | None  # of the machine, without swapping
    device_used: int | None = None  # by this process on its CUDA device
    device_free: int | None = None
    shared_free: int | None = None  # of ``SHARED``


class MemoryWatch:
    """Keeps the resident sizes of the newest hour, and fits a line through them."""

    def __init__(self) -> None:
        self._samples: deque[tuple[float, float]] = deque(maxlen=_SAMPLES)

    def note(self, resident: int | None, now_s: float) -> None:
        """Keep a sample, if the one before is old enough."""
        if resident is None:
            return
        if not self._samples or now_s - self._samples[-1][0] >= _SAMPLE_EVERY_S:
            self._samples.append((now_s, float(resident)))

    def growth(self) -> float | None:
        """Bytes an hour (least squares); None before ten minutes have been seen."""
        if not self._samples or self._samples[-1][0] - self._samples[0][0] < _LEAST_S:
            return None
        times_s, sizes = np.array(self._samples).T
        times_s -= times_s.mean()
        return float(3600 * (times_s * (sizes - sizes.mean())).sum() / (times_s**2).sum())


def read_memory(device: str = "cpu") -> Memory:
    """Measure now. ``device``: ``cpu`` or ``cuda:N``."""
    here = Memory(
        _kilobytes(_PROCESS, "VmRSS"),
        _kilobytes(_SYSTEM, "MemAvailable"),
        shared_free=_free(SHARED),
    )
    if not device.startswith("cuda"):
        return here
    import torch  # takes seconds to load: nodes without a model do without

    try:
        free, _ = torch.cuda.mem_get_info(device)
    except RuntimeError:  # a device that has failed is found out, and told of, by the model
        return here
    return replace(here, device_used=torch.cuda.memory_reserved(device), device_free=free)


def _free(folder: Path) -> int | None:
    """Free bytes of a file system; None where it is not there."""
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return None


def _kilobytes(file: Path, field: str) -> int | None:
    """A field of a Linux ``/proc`` file, in bytes."""
    try:
        lines = file.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return None
    values = [line.split()[1] for line in lines if line.startswith(f"{field}:")]
    return 1024 * int(values[0]) if values else None
