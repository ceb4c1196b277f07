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

"""Where the model computes: the CPU, or a CUDA device that is asked for, there, and not full."""

import logging
import re
from dataclasses import dataclass

import torch

logger = logging.getLogger(__name__)

_FULL = ("out of memory", "alloc_failed", "failed to allocate memory")  # CUDA, cuBLAS, onnxruntime


class DeviceError(ValueError):
    """The device is unknown; the message says which ones there are."""


@dataclass(frozen=True)
class Device:
    """A device that is there.

    Attributes:
        name: ``cpu`` or ``cuda:N``.
        problem: Why it is the CPU although CUDA was asked for; empty if it is what was asked for.
    """

    name: str
    problem: str = ""


def choose_device(device: str = "auto") -> Device:
    """Return the device for ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.

    ``auto`` is the first CUDA device if there is one, else the CPU. Where a CUDA device is named
    and absent, it is the CPU too, with a ``problem`` that is logged as a warning.

    Raises:
        DeviceError: The name is unknown.
    """
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if device == "auto":
        return Device("cuda:0" if count else "cpu")
    if device == "cpu":
        return Device("cpu")
    match = re.fullmatch(r"cuda(?::(\d+))?", device)
    if match is None:
        raise DeviceError(f"unknown device '{device}': expected auto, cpu, cuda or cuda:N")
    index = int(match[1] or 0)
    if index < count:
        return Device(f"cuda:{index}")
    if torch.version.cuda is None:
        found = "this PyTorch is built without CUDA"
    else:
        found = f"found cuda:0 to cuda:{count - 1}" if count else "found no CUDA device"
    problem = f"device '{device}' is absent ({found}): computing on the CPU instead"
    logger.warning("%s. Mend it, or set device to auto or cpu", problem)
    return Device("cpu", problem)


def out_of_memory(error: Exception) -> bool:
    """Whether an error of PyTorch, CUDA or onnxruntime says that a device's memory is full."""
    text = str(error).lower()
    return isinstance(error, torch.cuda.OutOfMemoryError) or any(words in text for words in _FULL)


def instead_of(device: str, error: Exception) -> Device:
    """Return the CPU, in place of a device whose memory is full; logs a warning.

    Args:
        device: The device, ``cuda:N``.
        error: What it raised; its first line is logged.
    """
    problem = f"device '{device}' is out of memory: computing on the CPU instead"
    logger.warning(
        "%s (%s). Free its memory and configure the node anew, or set device to cpu",
        problem,
        (str(error).splitlines() or [type(error).__name__])[0],
    )
    return Device("cpu", problem)
