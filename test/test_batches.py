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

"""Batches on an accelerator: one made of the CPU's memory, and CUDA where there is a device."""

import logging
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from emotion_recognition.model.batches import SIZES, GraphRunner, make_runner
from emotion_recognition.model.emotion_model import EmotionModel, load_model
from emotion_recognition.model.precision import TOLERANCE, worst_difference

needs_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")


class Recorder:
    """Captures as CUDA does: what was captured computes on the same tensors, again and again."""

    device = torch.device("cpu")

    def __init__(self, fails: bool = False) -> None:
        self.captured: list[int] = []
        self.runs = 0
        self._fails = fails

    def staging(self, array: np.ndarray) -> Tensor:
        return torch.from_numpy(array.copy())

    def capture(self, work: Callable[[], Tensor]) -> tuple[Callable[[], object], Tensor]:
        if self._fails:
            raise RuntimeError("operation not permitted when stream is capturing")
        result = work().clone()
        self.captured.append(len(result))
        return lambda: result.copy_(work()), result

    def run(self, steps: Callable[[], None]) -> None:
        self.runs += 1
        steps()


class Halved(nn.Module):
    def forward(self, values: Tensor, mask: Tensor) -> Tensor:
        return torch.where(mask, values, torch.zeros_like(values)).float() / 2


def batch(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (count, 3), dtype=np.uint8), rng.random((count, 3)) < 0.5


def expected(values: np.ndarray, mask: np.ndarray) -> np.ndarray:
    return np.where(mask, values, 0).astype(np.float32) / 2


@pytest.mark.parametrize("count", [1, 3, 4, 17, 64, 65, 150])
def test_each_row_is_computed_whatever_the_batch_is_padded_to(count: int) -> None:
    run = GraphRunner(Halved(), Recorder())
    for seed in range(3):  # what an earlier batch left behind does no harm
        arrays = batch(count, seed)
        np.testing.assert_array_equal(run(*arrays), expected(*arrays))


def test_a_size_is_captured_once_and_results_stay_what_they_were() -> None:
    recorder = Recorder()
    run = GraphRunner(Halved(), recorder)
    first_arrays = batch(3)
    first = run(*first_arrays)
    for count in (2, 4, 1, 3, 64, 130):
        run(*batch(count, seed=count))
    assert recorder.captured == [4, 1, 64]
    assert recorder.runs == 1 + 2 + 1 + 1 + 1 + 3
    np.testing.assert_array_equal(first, expected(*first_arrays))


def test_what_cannot_be_captured_is_computed_all_the_same_with_a_warning(caplog) -> None:
    run = GraphRunner(Halved(), Recorder(fails=True))
    for seed in range(2):
        arrays = batch(5, seed)
        np.testing.assert_array_equal(run(*arrays), expected(*arrays))
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert "no CUDA graph of Halved (operation not permitted" in record.message


def test_on_the_cpu_the_network_gets_what_it_is_given() -> None:
    arrays = batch(5)
    np.testing.assert_array_equal(make_runner(Halved(), "cpu")(*arrays), expected(*arrays))


def test_a_model_on_an_accelerator_gives_what_it_gives_on_the_cpu(monkeypatch) -> None:
    expected_model = load_model(device="cpu")
    for module in ("emotion_model", "backbones.frames"):
        monkeypatch.setattr(
            f"emotion_recognition.model.{module}.make_runner",
            lambda network, device: GraphRunner(network, Recorder()),
        )
    assert worst_difference(load_model(device="cpu"), expected_model) < 1e-5


@needs_cuda
def test_cuda_gives_what_the_cpu_gives(caplog) -> None:
    model, reference = load_model(device="cuda"), load_model(device="cpu")
    model.warm_up()
    assert model.device == "cuda:0" and model.precision == "float16"
    assert worst_difference(model, reference) <= TOLERANCE
    assert not caplog.records


@needs_cuda
@pytest.mark.parametrize("count", [1, 5, SIZES[-1] + 1])
def test_cuda_computes_each_row_of_a_batch(count: int) -> None:
    arrays = batch(count)
    run = make_runner(Halved().cuda(), "cuda:0")
    for _ in range(2):
        np.testing.assert_array_equal(run(*arrays), expected(*arrays))


def worst_of(model: EmotionModel) -> float:
    return worst_difference(model, model)


def test_a_model_does_not_differ_from_itself() -> None:
    assert worst_of(load_model(device="cpu")) == 0
