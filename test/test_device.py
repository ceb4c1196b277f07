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

import logging

import pytest
import torch

from emotion_recognition.model.device import Device, DeviceError, choose_device
from emotion_recognition.model.emotion_model import load_model


def machine_with(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: count > 0)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: count)


@pytest.mark.parametrize("device", ["gpu", "cuda:x", "", "cuda:-1"])
def test_an_unknown_device_is_refused(device: str) -> None:
    with pytest.raises(DeviceError, match="expected auto, cpu, cuda or cuda:N"):
        choose_device(device)


def test_a_device_that_is_there_is_taken_as_it_is_named(monkeypatch, caplog) -> None:
    machine_with(monkeypatch, 2)
    names = {"auto": "cuda:0", "cuda": "cuda:0", "cuda:1": "cuda:1", "cpu": "cpu"}
    assert {name: choose_device(name) for name in names} == {
        asked: Device(found) for asked, found in names.items()
    }
    machine_with(monkeypatch, 0)
    assert choose_device("auto") == Device("cpu")
    assert not caplog.records


@pytest.mark.parametrize(
    ("build", "count", "found"),
    [
        (None, 0, "this PyTorch is built without CUDA"),
        ("13.0", 0, "found no CUDA device"),
        ("13.0", 2, "found cuda:0 to cuda:1"),
    ],
)
def test_an_absent_device_is_replaced_with_a_warning(
    monkeypatch, caplog, build, count, found
) -> None:
    machine_with(monkeypatch, count)
    monkeypatch.setattr(torch.version, "cuda", build)
    device = choose_device("cuda:7")
    assert device.name == "cpu"
    assert device.problem == f"device 'cuda:7' is absent ({found}): computing on the CPU instead"
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert record.message == f"{device.problem}. Mend it, or set device to auto or cpu"


def test_a_model_says_that_it_is_not_where_it_was_asked_to_be(monkeypatch) -> None:
    machine_with(monkeypatch, 0)
    model = load_model(device="cuda")
    assert model.device == "cpu" and "'cuda' is absent" in model.device_problem
    assert load_model(device="auto").device_problem == ""
