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

"""Checkpoints: what is written comes back, and what is no checkpoint is named as such."""

import hashlib
import json

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from emotion_recognition.model.checkpoint import (
    FORMAT,
    CheckpointError,
    checkpoint_sha256,
    load_checkpoint,
    save_checkpoint,
)


@pytest.fixture
def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))


@pytest.fixture
def path(network, tmp_path):
    path = tmp_path / "weights" / "some.safetensors"
    save_checkpoint(path, network, "some_kind", "some-1", {"width": 4}, licence="CC0")
    return path


def test_weights_come_back_as_float32_rounded_to_half_precision(network, path):
    state, _ = load_checkpoint(path, "some_kind")
    assert state.keys() == network.state_dict().keys()
    for name, tensor in network.state_dict().items():
        expected = tensor.half().float() if tensor.is_floating_point() else tensor
        assert state[name].dtype == expected.dtype
        assert torch.equal(state[name], expected)


def test_weights_are_stored_in_half_precision(path):
    assert load_file(path)["0.weight"].dtype == torch.float16
    assert load_file(path)["1.num_batches_tracked"].dtype == torch.int64


def test_metadata_comes_back(path):
    _, metadata = load_checkpoint(path, "some_kind")
    assert json.loads(metadata.pop("config")) == {"width": 4}
    assert metadata == {"format": FORMAT, "kind": "some_kind", "id": "some-1", "licence": "CC0"}


def test_saving_replaces_the_file_and_leaves_no_other(network, path):
    save_checkpoint(path, network, "some_kind", "some-2", {})
    assert load_checkpoint(path, "some_kind")[1]["id"] == "some-2"
    assert list(path.parent.iterdir()) == [path]


def test_strided_weights_are_stored_whole(tmp_path):
    network = nn.Conv2d(2, 3, 3).to(memory_format=torch.channels_last)
    save_checkpoint(tmp_path / "c.safetensors", network, "k", "i", {})
    state, _ = load_checkpoint(tmp_path / "c.safetensors", "k")
    assert torch.equal(state["weight"], network.weight.half().float())


def test_sha256_is_that_of_the_file(path):
    assert checkpoint_sha256(path) == hashlib.sha256(path.read_bytes()).hexdigest()


def test_missing_file_is_named(tmp_path):
    missing = tmp_path / "nothing.safetensors"
    with pytest.raises(
        CheckpointError, match=r"nothing\.safetensors: no such checkpoint.*some_kind"
    ):
        load_checkpoint(missing, "some_kind")
    with pytest.raises(CheckpointError, match=r"nothing\.safetensors: no such checkpoint"):
        checkpoint_sha256(missing)


@pytest.mark.parametrize("content", [b"", b"not a checkpoint at all", b"\x80\x04\x95pickle"])
def test_file_of_another_type_is_rejected(tmp_path, content):
    path = tmp_path / "other.safetensors"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=r"other\.safetensors: not a readable safetensors"):
        load_checkpoint(path, "some_kind")


def test_truncated_file_is_rejected(path):
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(CheckpointError, match="incomplete or corrupt"):
        load_checkpoint(path, "some_kind")


def test_wrong_kind_is_rejected(path):
    with pytest.raises(CheckpointError, match="kind is 'some_kind', expected 'other_kind'"):
        load_checkpoint(path, "other_kind")


@pytest.mark.parametrize(
    ("metadata", "found"), [({"format": "x/2"}, "'x/2'"), ({"kind": "some_kind"}, "missing")]
)
def test_wrong_format_is_rejected(tmp_path, metadata, found):
    path = tmp_path / "old.safetensors"
    save_file({"w": torch.zeros(1)}, path, metadata)
    with pytest.raises(CheckpointError, match=f"format is {found}, expected '{FORMAT}'"):
        load_checkpoint(path, "some_kind")
