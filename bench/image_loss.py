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

"""Share of 640x480 colour frames at 30 Hz that arrive between two processes, per DDS profile.

``python -m bench.image_loss [--frames 300]``: a best-effort subscriber counts what a publisher in
another process sends, with the profile of config/fastdds.xml and with the defaults of Fast DDS.
"""

import argparse
import array
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import rclpy
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import Image

PROFILE = Path(__file__).resolve().parent.parent / "config" / "fastdds.xml"
VARIABLES = ("FASTRTPS_DEFAULT_PROFILES_FILE", "FASTDDS_DEFAULT_PROFILES_FILE")
COMMAND = [sys.executable, "-m", "bench.image_loss"]
RATE = 30.0


def publish(frames: int) -> None:
    """Send frames at 30 Hz as soon as somebody listens."""
    rclpy.init()
    publisher = rclpy.create_node("image_source").create_publisher(
        Image, "image", qos_profile_sensor_data
    )
    while publisher.get_subscription_count() == 0:
        time.sleep(0.05)
    time.sleep(1.0)  # until both sides know each other
    message = Image(height=480, width=640, encoding="bgr8", step=3 * 640)
    message.data = array.array("B", bytes(480 * message.step))
    due = time.monotonic()
    for _ in range(frames):
        publisher.publish(message)
        due += 1 / RATE
        time.sleep(max(0.0, due - time.monotonic()))
    time.sleep(1.0)
    rclpy.shutdown()


def receive(frames: int) -> None:
    """Start a publisher, count what arrives until it ends, print the share."""
    rclpy.init()
    node = rclpy.create_node("image_sink")
    received: list[None] = []
    node.create_subscription(
        Image, "image", lambda _: received.append(None), qos_profile_sensor_data
    )
    with subprocess.Popen([*COMMAND, "--role", "publish", "--frames", str(frames)]) as source:
        while source.poll() is None:
            rclpy.spin_once(node, timeout_sec=0.1)
    rclpy.shutdown()
    print(len(received) / frames)


def measure(frames: int, profile: Path | None) -> float:
    """Return the received share, with a profile or with the defaults (None)."""
    environment = {name: value for name, value in os.environ.items() if name not in VARIABLES}
    environment["ROS_DOMAIN_ID"] = str(random.randint(1, 100))
    if profile:
        environment |= dict.fromkeys(VARIABLES, str(profile))
    command = [*COMMAND, "--role", "receive", "--frames", str(frames)]
    result = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return float(result.stdout)


def main() -> None:
    """Measure both, or play one of the two roles."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=300, help="frames to send (default: 300)")
    parser.add_argument("--role", choices=("publish", "receive"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.role:
        {"publish": publish, "receive": receive}[options.role](options.frames)
        return
    for title, profile in (("config/fastdds.xml", PROFILE), ("Fast DDS defaults", None)):
        print(f"{title:20} received {measure(options.frames, profile):6.1%} of {options.frames}")


if __name__ == "__main__":
    main()
