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
"""A camera that is lost while camera_node runs, in a process of its own."""

import signal
import time

import numpy as np
import pytest
from network_camera import network_camera
from ros_support import module, probe, random_domain_id, running, wait_until

pytestmark = pytest.mark.ros

from sensor_msgs.msg import Image

from emotion_recognition.nodes.ros.qos import sensor_qos


def test_a_camera_that_is_unplugged_is_tried_ever_less_often_until_it_is_back():
    domain_id = random_domain_id()
    with network_camera(np.full((48, 64, 3), 120, np.uint8)) as camera:
        command = module("camera_node", "--ros-args", "-p", f"source:={camera.url}")
        with running(command, domain_id) as process, probe(domain_id) as heard:
            images = heard.hear(Image, "image", sensor_qos(20))
            wait_until(lambda: len(images) > 5, 30, "images")

            camera.unplug()
            wait_until(lambda: process.said("cannot be opened", "again in 2 s"), 20, process.text)
            tries = [text for text in process.lines if "trying again" in text]
            assert "[WARN]" in tries[0] and "gives no more images" in tries[0]
            waits = [text.partition("again in ")[2].split()[0] for text in tries]
            assert waits[:3] == ["0.5", "1", "2"]
            assert "'source', the cable" in tries[-1]
            gone = len(images)

            camera.plug_in()
            wait_until(lambda: len(images) > gone + 5, 30, "images of the camera that is back")
            assert process.text.count("is open") == 2
            camera.unplug()
            lost = "gives no more images: trying again in 0.5 s"  # as after the first loss
            wait_until(lambda: process.text.count(lost) == 2, 20, process.text)

            camera.plug_in()
            wait_until(lambda: process.text.count("is open") == 3, 20, process.text)
            camera.hanging = True  # connected, and silent: the read does not return
            time.sleep(0.2)
            began_s = time.monotonic()
            assert process.stop(signal.SIGTERM) == 0, process.text
            assert time.monotonic() - began_s < 8
    assert "Traceback" not in process.text
