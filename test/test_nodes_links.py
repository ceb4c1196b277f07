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

import pytest

pytest.importorskip("rclpy", reason="rclpy is not installed: source ROS 2 or scripts/env.sh")

from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy

from emotion_recognition.nodes.watching.links import (
    Link,
    Offer,
    mismatch,
    why_lost,
    why_oversized,
    why_silent,
)

IMAGE, JPEG = "sensor_msgs/msg/Image", "sensor_msgs/msg/CompressedImage"
SOUND = "audio_common_msgs/msg/AudioDataStamped"
BEST_EFFORT = QoSProfile(depth=5, reliability=ReliabilityPolicy.BEST_EFFORT)
RELIABLE = QoSProfile(depth=5, reliability=ReliabilityPolicy.RELIABLE)
LATCHED = QoSProfile(
    depth=5,
    reliability=ReliabilityPolicy.RELIABLE,
    durability=DurabilityPolicy.TRANSIENT_LOCAL,
)
VGA_BYTES = 640 * 480 * 3


def link(*offers: Offer, asked=BEST_EFFORT, kinds=(IMAGE,), **changes) -> Link:
    values = {"elsewhere": (), "fast_dds": True, **changes}
    return Link("/camera", kinds, offers, asked, **values)


def camera(kind: str = IMAGE, qos: QoSProfile = BEST_EFFORT, node: str = "/driver") -> Offer:
    return Offer(node, kind, qos)


def test_a_publisher_of_the_right_type_and_quality_is_no_mismatch():
    assert mismatch(link(camera()), "image") == ""
    assert mismatch(link(camera(qos=RELIABLE)), "image") == ""


def test_nobody_is_no_mismatch():
    assert mismatch(link(), "image") == ""


def test_one_fitting_publisher_among_others_is_enough():
    both = link(camera(JPEG), camera(qos=BEST_EFFORT), camera(qos=RELIABLE), asked=RELIABLE)
    assert mismatch(both, "image") == ""


@pytest.mark.parametrize(
    ("sent", "wanted", "transport"), [(JPEG, IMAGE, "compressed"), (IMAGE, JPEG, "raw")]
)
def test_images_of_the_other_transport_name_the_parameter(sent, wanted, transport):
    words = mismatch(link(camera(sent), kinds=(wanted,)), "image")
    assert words == (
        f"/camera carries {sent} (from /driver), not {wanted}: "
        f"set image_transport to {transport}, or remap 'image'"
    )


def test_any_other_type_asks_for_a_remapping():
    words = mismatch(link(camera("std_msgs/msg/String"), kinds=(SOUND,)), "audio")
    assert (
        words == f"/camera carries std_msgs/msg/String (from /driver), not {SOUND}: remap 'audio'"
    )


def test_best_effort_where_reliable_is_asked_for_names_the_parameter():
    words = mismatch(link(camera(), asked=RELIABLE), "image")
    assert "best effort publisher and reliable subscription" in words
    assert "set image_reliability to best_effort" in words
    assert "/driver on /camera" in words


def test_other_incompatible_policies_are_named():
    words = mismatch(link(camera(SOUND, RELIABLE), asked=LATCHED, kinds=(SOUND,)), "audio")
    assert "volatile publisher and transient local subscription" in words
    assert "image_reliability" not in words


def test_silence_without_a_publisher_says_where_such_messages_are():
    words = why_silent(link(elsewhere=["/front/image_raw"]), "image")
    assert words == (
        "nobody publishes it. Start its driver, or remap 'image'; "
        "such messages are on /front/image_raw"
    )
    assert "such messages" not in why_silent(link(), "image")


def test_silence_with_a_publisher_names_it():
    words = why_silent(link(camera(), camera(node="/other")), "image")
    assert words.startswith("/driver, /other is there, but nothing of it arrives")
    assert "unplugged" in words and "/dev/shm" in words


def test_large_best_effort_frames_name_the_segment_and_the_profile():
    words = why_lost(link(camera()), VGA_BYTES)
    assert words.startswith(
        "publisher is best effort and frames (0.9 MB) exceed the shared-memory segment "
        "(0.5 MB by default). Start /driver with FASTRTPS_DEFAULT_PROFILES_FILE=/"
    )
    assert words.endswith("config/fastdds.xml")


def test_a_reliable_publisher_that_is_read_as_best_effort_names_the_parameter():
    words = why_lost(link(camera(qos=RELIABLE)), VGA_BYTES)
    assert words.startswith("image_reliability is best_effort and frames (0.9 MB) exceed")


def test_small_frames_or_another_middleware_do_not_blame_the_segment():
    assert why_oversized(link(camera()), 300_000) == ""
    assert why_oversized(link(camera(), fast_dds=False), VGA_BYTES) == ""
    words = why_lost(link(camera()), 300_000)
    assert (
        words == "publisher is best effort, and the network or the machine of /driver is overloaded"
    )


def test_a_reliable_link_blames_the_publisher_or_the_machine():
    reliable = link(camera(qos=RELIABLE), asked=RELIABLE)
    assert why_lost(reliable, VGA_BYTES).startswith("the link is reliable: /driver leaves them out")


def test_a_publisher_that_is_not_yet_known_by_name_is_not_named():
    words = why_silent(link(camera(node="_NODE_NAMESPACE_UNKNOWN_/_NODE_NAME_UNKNOWN_")), "image")
    assert words.startswith("its publisher is there")
