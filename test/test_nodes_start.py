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
"""How emotion_node starts, fails to start, and ends."""

import array
import importlib
import signal
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from ros_support import (
    module,
    probe,
    random_domain_id,
    running,
    wait_until,
)

pytestmark = pytest.mark.ros

audio_msgs = pytest.importorskip("audio_common_msgs.msg", reason="audio_common_msgs is missing")
if not hasattr(audio_msgs, "AudioDataStamped"):
    pytest.skip("the installed audio_common_msgs is the other dialect", allow_module_level=True)


from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from emotion_recognition.msg import EmotionState
from rclpy.context import Context
from rclpy.parameter import Parameter
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import CompressedImage

from emotion_recognition.nodes.emotion_node import EmotionNode
from emotion_recognition.nodes.ros.spin import StartError


@pytest.fixture(scope="module")
def damaged_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    package = importlib.import_module("emotion_recognition")
    folder = tmp_path_factory.mktemp("weights")
    for path in (Path(package.__path__[0]) / "weights").glob("*.safetensors"):
        (folder / path.name).write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    return folder


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("model_path", "/no/such/folder", ["/no/such/folder"]),
        ("model_path", "DAMAGED", ["network.safetensors", "incomplete or corrupt"]),
        ("face_detector_model", "/no/such/file.onnx", ["/no/such/file.onnx"]),
        ("audio_type", "AudioStamped", ["AudioDataStamped"]),
        ("device", "gpu", ["gpu", "cuda:N"]),
    ],
)
def test_a_start_that_cannot_succeed_names_the_parameter(
    context: Context, damaged_weights: Path, name: str, value: str, words: list[str]
):
    given = value.replace("DAMAGED", str(damaged_weights))
    with pytest.raises(StartError) as caught:
        EmotionNode(context=context, parameter_overrides=[Parameter(name, value=given)])
    assert f"'{name}'" in str(caught.value)
    assert all(word in str(caught.value) for word in words)


def test_a_failed_start_is_exit_code_1_and_one_clear_line():
    command = module("emotion_node", "--ros-args", "-p", "device:=warp9")
    with running(command, random_domain_id()) as process:
        assert process.wait() == 1, process.text
    assert process.said("[FATAL]", "'device'", "warp9", "cpu")
    assert "Traceback" not in process.text


def test_a_cuda_device_that_is_absent_is_a_loud_warning():
    domain_id = random_domain_id()
    command = module("emotion_node", "--ros-args", "-p", "device:=cuda:99")
    with running(command, domain_id) as process, probe(domain_id) as p:
        diagnostics = p.hear(DiagnosticArray, "/diagnostics")

        def levels() -> dict[str, tuple[bytes, str]]:
            found = (status for message in diagnostics for status in message.status)
            return {status.name: (status.level, status.message) for status in found}

        wait_until(lambda: levels() or not process.running, 60, "diagnostics")
        level, words = levels()["emotion_node: device"]
        assert level == DiagnosticStatus.WARN and "device 'cuda:99' is absent" in words
        assert process.said("[WARN]", "'cuda:99' is absent", "set device to auto or cpu")


def test_ros_arguments_that_cannot_be_read_are_wrong_usage():
    command = module("emotion_node", "--ros-args", "--params-file", "/no/such/file.yaml")
    with running(command, random_domain_id()) as process:
        assert process.wait() == 2, process.text
    assert "Traceback" not in process.text


def test_sigterm_in_the_middle_of_the_start_is_a_clean_end():
    with running(module("emotion_node"), random_domain_id()) as process:
        time.sleep(1.0)
        code = process.stop(signal.SIGTERM)
    # Python itself may still have been starting, which SIGTERM ends at once.
    assert code in (0, -signal.SIGTERM), process.text
    assert "Traceback" not in process.text


def test_sigterm_in_the_middle_of_work_is_a_clean_end(face_image: np.ndarray):
    domain_id = random_domain_id()
    arguments = ("--ros-args", "-p", "image_transport:=compressed", "-p", "use_audio:=false")
    with running(module("emotion_node", *arguments), domain_id) as process, probe(domain_id) as p:
        images = p.node.create_publisher(CompressedImage, "image", qos_profile_sensor_data)
        states = p.hear(EmotionState, "emotion")
        jpeg = array.array("B", cv2.imencode(".jpg", face_image)[1].tobytes())
        wait_until(lambda: images.get_subscription_count() or not process.running, 60)

        def show() -> bool:
            message = CompressedImage(format="jpeg", data=jpeg)
            message.header.stamp = p.node.get_clock().now().to_msg()
            images.publish(message)
            time.sleep(0.05)
            return any(state.probabilities for state in states)

        wait_until(show, 30, "an estimate out of JPEG images")
        assert process.stop(signal.SIGTERM, timeout_s=10) == 0, process.text
    assert "Traceback" not in process.text
