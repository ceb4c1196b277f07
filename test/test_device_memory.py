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

"""A device whose memory is full, at the start or later: the CPU takes over, and it is said."""

import logging

import numpy as np
import pytest
import torch
from full_accelerator import NAME, FullAccelerator, install

from emotion_recognition.model.device import out_of_memory
from emotion_recognition.model.emotion_model import EmotionModel, load_model
from emotion_recognition.model.precision import worst_difference

FACES = np.zeros((3, 48, 48), np.uint8)
PROBLEM = f"device '{NAME}' is out of memory: computing on the CPU instead"


@pytest.mark.parametrize(
    ("error", "full"),
    [
        (torch.cuda.OutOfMemoryError("Allocation on device"), True),
        (RuntimeError("CUDA error: out of memory"), True),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate`"), True),
        (Exception("BFCArena::AllocateRawInternal Failed to allocate memory for requested"), True),
        (RuntimeError("CUDA error: an illegal memory access was encountered"), False),
        (ValueError("video (36, 3): expected (36, 128)"), False),
    ],
)
def test_memory_that_is_full_is_told_from_other_errors(error: Exception, full: bool) -> None:
    assert out_of_memory(error) is full


def judge_it(model: EmotionModel, caplog: pytest.LogCaptureFixture) -> None:
    assert (model.device, model.precision) == ("cpu", "float32")
    assert model.device_problem == PROBLEM
    (record,) = [each for each in caplog.records if each.levelno == logging.WARNING]
    assert record.message.startswith(PROBLEM) and "CUDA out of memory" in record.message
    assert "set device to cpu" in record.message
    assert worst_difference(model, load_model(device="cpu")) == 0


@pytest.mark.parametrize("steps", [0, 2])
def test_a_device_that_is_full_at_the_start_is_not_used(monkeypatch, caplog, steps: int) -> None:
    left = iter(range(steps))
    install(FullAccelerator(lambda: next(left, None) is not None), monkeypatch.setattr)
    judge_it(load_model(device="cuda"), caplog)


def test_a_device_that_runs_full_is_left(monkeypatch, caplog) -> None:
    accelerator = FullAccelerator(lambda: True)
    install(accelerator, monkeypatch.setattr)
    model = load_model(device="cuda")
    assert (model.device, model.device_problem, model.precision) == (NAME, "", "float16")

    with monkeypatch.context() as once:
        once.setattr(accelerator, "run", broken)
        with pytest.raises(RuntimeError, match="illegal memory access"):
            model.encode_faces(FACES)
    assert model.device == NAME, "another error was taken for a full memory"

    accelerator.has_room = lambda: False
    assert model.encode_faces(FACES).shape == (3, 128)
    judge_it(model, caplog)


def broken(_steps: object) -> None:
    raise RuntimeError("CUDA error: an illegal memory access was encountered")
