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

"""Stands for an accelerator whose memory runs full; as a program it runs emotion_node with it.

    python full_accelerator.py FILE [ROS arguments]     # its memory is full once FILE exists

``cpu:0`` is its name: PyTorch computes there, while the package takes it for a device that is not
the CPU, and so goes all the way that it goes with CUDA but for CUDA's own graphs.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from emotion_recognition.model import batches, emotion_model
from emotion_recognition.model.backbones import frames
from emotion_recognition.model.device import Device

NAME = "cpu:0"
ERROR = "CUDA out of memory. Tried to allocate 2.00 MiB. GPU 0 has a total capacity of 7.63 GiB"


class FullAccelerator:
    """Computes until its memory is full, which ``has_room`` says each time."""

    device = torch.device(NAME)

    def __init__(self, has_room: Callable[[], bool]) -> None:
        self.has_room = has_room

    def staging(self, array: np.ndarray) -> Tensor:
        return torch.from_numpy(array.copy())

    def capture(self, work: Callable[[], Tensor]) -> tuple[Callable[[], object], Tensor]:
        self._take()
        result = work().clone()
        return lambda: result.copy_(work()), result

    def run(self, steps: Callable[[], None]) -> None:
        self._take()
        steps()

    def _take(self) -> None:
        if not self.has_room():
            raise torch.cuda.OutOfMemoryError(ERROR)


def install(
    accelerator: FullAccelerator, put: Callable[[object, str, object], None] = setattr
) -> None:
    """Let the package find the accelerator, whatever device it is asked for."""

    def make_runner(module: torch.nn.Module, device: str) -> batches.Runner:
        if device == NAME:
            return batches.GraphRunner(module, accelerator)
        return batches.make_runner(module, device)

    put(emotion_model, "choose_device", lambda name: Device("cpu" if name == "cpu" else NAME))
    put(emotion_model, "make_runner", make_runner)
    put(frames, "make_runner", make_runner)
    for module in (batches, emotion_model):  # half precision is slow on a CPU: small batches alone
        put(module, "SIZES", (1, 4))


if __name__ == "__main__":
    from emotion_recognition.nodes.emotion_node import main

    install(FullAccelerator(lambda: not Path(sys.argv[1]).exists()))
    sys.exit(main(sys.argv[2:]))
