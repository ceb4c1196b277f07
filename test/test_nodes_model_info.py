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

# ruff: noqa: E402 - what needs ROS is imported after the check for it
import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from ros_support import Probe, probe, random_domain_id, wait_until

pytestmark = pytest.mark.ros

from emotion_recognition.msg import ModelInfo
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from emotion_recognition.model.emotion_model import EmotionModel, load_model
from emotion_recognition.nodes.emotion.model_info import ModelInfoTopic, model_info
from emotion_recognition.nodes.ros.qos import LATCHED


@pytest.fixture(scope="module")
def model() -> EmotionModel:
    return load_model(device="cpu")


@pytest.fixture
def ros() -> Iterator[Probe]:
    with probe(random_domain_id()) as opened:
        yield opened


def test_a_file_without_a_licence_has_none_in_the_message(repository: Path, tmp_path: Path):
    shipped = repository / "emotion_recognition" / "weights" / "emotion_network.safetensors"
    own = tmp_path / "emotion_network.safetensors"
    with safe_open(shipped, "pt") as file:
        metadata = {**file.metadata(), "id": "mine"}
    del metadata["licence"]
    save_file(load_file(shipped), own, metadata)
    info = model_info(load_model(tmp_path, "cpu"), 3.6)
    assert (info.model, info.license) == ("mine", "")
    assert info.checkpoint == str(own.resolve())
    assert info.sha256 == hashlib.sha256(own.read_bytes()).hexdigest()


def test_it_is_said_once_and_again_where_the_model_goes_over_to_another_device(
    ros: Probe, model: EmotionModel, monkeypatch: pytest.MonkeyPatch
):
    topic = ModelInfoTopic(ros.node)
    heard = ros.hear(ModelInfo, "/probe/model_info", LATCHED)
    for _ in range(3):
        topic.update(model, 3.6)
    wait_until(lambda: heard, 20, "the first")
    monkeypatch.setattr(model, "device", "cuda:0")
    topic.update(model, 3.6)
    wait_until(lambda: len(heard) > 1, 20, "the second")
    ros.rest(0.5)
    assert [info.device for info in heard] == ["cpu", "cuda:0"]
    late = ros.hear(ModelInfo, "/probe/model_info", LATCHED)
    wait_until(lambda: late, 20, "the newest, for who comes late")
    assert late[0].device == "cuda:0"


def test_a_closed_topic_is_gone(ros: Probe, model: EmotionModel):
    topic = ModelInfoTopic(ros.node)
    topic.update(model, 3.6)
    assert ros.node.count_publishers("/probe/model_info") == 1
    topic.close()
    wait_until(lambda: not ros.node.count_publishers("/probe/model_info"), 20, "gone")
