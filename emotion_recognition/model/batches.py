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

"""A network on batches of numpy arrays: as it is on the CPU, as captured graphs on CUDA.

A network as small as ours keeps a GPU waiting for the launch of each of its kernels. A CUDA graph
launches them all at once; but it runs on one shape and at fixed addresses, so each of a few batch
sizes has a graph and buffers of its own, and a batch is padded to the next size.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from emotion_recognition.model.device import out_of_memory

logger = logging.getLogger(__name__)

SIZES = (1, 4, 16, 64)
"""Batch sizes that have a graph; what is larger goes in pieces of the largest."""

Array = npt.NDArray[Any]
Runner = Callable[..., npt.NDArray[np.float32]]


def make_runner(module: nn.Module, device: str) -> Runner:
    """Return a function from arrays (N, ...), N >= 1, to the float32 array (N, ...) of ``module``.

    Args:
        module: In evaluation, on the device; from N rows of each input to N rows of float32, each
            of which depends on its own row alone.
        device: ``cpu`` or ``cuda:N``.
    """
    if device != "cpu":
        return GraphRunner(module, Cuda(device))

    @torch.inference_mode()
    def run(*arrays: Array) -> npt.NDArray[np.float32]:
        found: npt.NDArray[np.float32] = module(*map(torch.from_numpy, arrays)).numpy()
        return found

    return run


class Accelerator(Protocol):
    """What :class:`GraphRunner` needs of a device."""

    device: torch.device

    def staging(self, array: Array) -> Tensor:
        """Return a host tensor of the array's shape and type that the device can copy from."""

    def capture(self, work: Callable[[], Tensor]) -> tuple[Callable[[], object], Tensor]:
        """Return a function that does ``work`` again, and the tensor that then holds its result.

        Raises:
            RuntimeError: The work cannot be captured.
        """

    def run(self, steps: Callable[[], None]) -> None:
        """Issue ``steps`` and wait until the device has done them."""


class Cuda:
    """A CUDA device with a stream of its own."""

    WARM_UPS = 3  # before a capture, so that libraries have chosen their algorithms

    def __init__(self, device: str) -> None:
        """Take the device ``cuda:N``."""
        self.device = torch.device(device)
        self._stream = torch.cuda.Stream(self.device)

    def staging(self, array: Array) -> Tensor:
        """Return pinned memory, which the device copies from without the processor."""
        with torch.cuda.device(self.device):
            return torch.zeros(array.shape, dtype=torch.from_numpy(array).dtype, pin_memory=True)

    def capture(self, work: Callable[[], Tensor]) -> tuple[Callable[[], object], Tensor]:
        """Capture ``work`` as a CUDA graph.

        Raises:
            RuntimeError: It asks for a value of the device on its way, or copies from the host.
        """
        exact = torch.backends.cudnn.flags(enabled=True, benchmark=True, allow_tf32=False)
        with torch.cuda.device(self.device), exact:
            with torch.cuda.stream(self._stream):
                for _ in range(self.WARM_UPS):
                    work()
            self._stream.synchronize()
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph, stream=self._stream):
                result = work()
        return graph.replay, result

    def run(self, steps: Callable[[], None]) -> None:
        """Issue ``steps`` on the stream and wait for it alone."""
        with torch.cuda.device(self.device), torch.cuda.stream(self._stream):
            steps()
            self._stream.synchronize()


@dataclass(frozen=True)
class _Steady:
    """One batch size: buffers at fixed addresses, and what computes between them."""

    staged: list[Tensor]
    inputs: list[Tensor]
    compute: Callable[[], object]
    result: Tensor
    fetched: Tensor

    def steps(self) -> None:
        """Copy in, compute, copy out: all of it asynchronous."""
        for there, here in zip(self.inputs, self.staged, strict=True):
            there.copy_(here, non_blocking=True)
        self.compute()
        self.fetched.copy_(self.result, non_blocking=True)


class GraphRunner:
    """Runs a network on an accelerator, batch by batch; threads may share it.

    The graph of a batch size is captured when that size first comes: see ``warm_up`` of the model.
    """

    def __init__(self, module: nn.Module, accelerator: Accelerator) -> None:
        """Run ``module``, which lies on the accelerator's device."""
        self._module = module
        self._accelerator = accelerator
        self._batches: dict[tuple[tuple[int, ...], ...], _Steady] = {}
        self._lock = threading.Lock()

    @torch.inference_mode()
    def __call__(self, *arrays: Array) -> npt.NDArray[np.float32]:
        """Arrays (N, ...), N >= 1, to the rows of the network's result."""
        with self._lock:
            count, largest = len(arrays[0]), SIZES[-1]
            pieces = [slice(at, at + largest) for at in range(0, count, largest)]
            return np.concatenate([self._run([each[piece] for each in arrays]) for piece in pieces])

    def _run(self, arrays: list[Array]) -> npt.NDArray[np.float32]:
        count = len(arrays[0])
        size = next(size for size in SIZES if size >= count)
        shapes = tuple((size, *array.shape[1:]) for array in arrays)
        if shapes not in self._batches:
            self._batches[shapes] = self._prepare(
                [np.zeros(shape, each.dtype) for shape, each in zip(shapes, arrays, strict=True)]
            )
        batch = self._batches[shapes]
        for staged, array in zip(batch.staged, arrays, strict=True):
            # Rows beyond these hold what an earlier batch left there; nobody reads their results.
            staged[:count].copy_(torch.from_numpy(np.ascontiguousarray(array)))
        self._accelerator.run(batch.steps)
        return batch.fetched[:count].numpy().copy()

    def _prepare(self, blank: list[Array]) -> _Steady:
        staged = [self._accelerator.staging(array) for array in blank]
        inputs = [tensor.to(self._accelerator.device, copy=True) for tensor in staged]
        compute: Callable[[], object]
        try:
            compute, result = self._accelerator.capture(lambda: self._module(*inputs))
        except RuntimeError as error:
            if out_of_memory(error):
                raise
            logger.warning(
                "no CUDA graph of %s (%s): its kernels are launched one by one, which is slower",
                type(self._module).__name__,
                error,
            )
            first: list[Tensor] = []
            self._accelerator.run(lambda: first.append(self._module(*inputs)))
            result = first[0]
            compute = lambda: result.copy_(self._module(*inputs))  # noqa: E731
        fetched = self._accelerator.staging(np.zeros(result.shape, np.float32))
        return _Steady(staged, inputs, compute, result, fetched)
