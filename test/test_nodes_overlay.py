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
"""The overlay: what is drawn, when it is published, and a start without its weights."""

from dataclasses import replace
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from ros_support import probe

pytestmark = pytest.mark.ros

import threading
import time

from rclpy.executors import SingleThreadedExecutor
from rclpy.parameter import Parameter
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

from emotion_recognition.estimate import Box, Estimate
from emotion_recognition.model import landmark_network
from emotion_recognition.nodes.camera_node import image_message
from emotion_recognition.nodes.emotion.overlay import (
    LONGEST_SIDE,
    Overlay,
    caption,
    draw,
    shrink,
    topic,
)
from emotion_recognition.nodes.emotion_node import EmotionNode
from emotion_recognition.nodes.ros.convert import time_message
from emotion_recognition.nodes.ros.spin import StartError
from emotion_recognition.vision.align import Placement
from emotion_recognition.vision.landmarks import Landmarks
from emotion_recognition.vision.stream import FaceObservation

BOX = Box(100, 80, 60, 70)


def observed(box=BOX):
    crop = np.zeros((48, 48), np.uint8)
    return FaceObservation(0, 3, box, 0.9, None, crop, Placement(0.5 + 0j, 0j))


def estimate(subject="3"):
    return Estimate(0, 0, 0, ("happy", "sad"), (0.7, 0.3), subject=subject)


def changed(picture, colour=100):
    """Where a picture of one grey was drawn on."""
    rows, columns = np.nonzero((picture != colour).any(axis=2))
    return set(zip(columns.tolist(), rows.tolist(), strict=True))


def test_caption_names_track_emotion_and_probability():
    assert caption(observed(), estimate()) == "#3 happy 0.70"


@pytest.mark.parametrize("other", [None, Estimate(0, 0, 0, subject="3")])
def test_without_an_estimate_the_track_alone_is_named(other):
    assert caption(observed(), other) == "#3"


def drawn_on(picture, face, landmarks=None, text=""):
    """The picture, at its size, with one face drawn on it."""
    shown, scale = shrink(picture)
    draw(shown, scale, face, landmarks, text)
    return shown


def test_box_and_points_are_drawn_where_they_are():
    points = np.full((68, 2), 120.0, np.float32)
    points[7] = (140, 110)
    picture = np.full((240, 320, 3), 100, np.uint8)
    drawn = changed(drawn_on(picture, observed(), Landmarks(points, 0.03)))
    assert {(100, 80), (160, 80), (100, 150), (160, 150), (130, 80)} <= drawn
    assert {(120, 120), (140, 110)} <= drawn
    assert (130, 130) not in drawn


def test_text_is_drawn_by_the_box_and_inside_of_the_image():
    for box in (Box(100, 80, 60, 70), Box(-5, 2, 60, 70)):
        bare, written = (
            drawn_on(np.full((240, 320, 3), 100, np.uint8), observed(box), None, text)
            for text in ("", "#3 happy 0.70")
        )
        assert len(changed(written) - changed(bare)) > 100


def test_large_images_are_shown_smaller_with_everything_in_place():
    picture = np.full((1080, 1920, 3), 100, np.uint8)
    points = np.full((68, 2), (900, 600), np.float32)
    shown = drawn_on(picture, observed(Box(600, 300, 600, 600)), Landmarks(points, 0.03))
    assert max(shown.shape) == LONGEST_SIDE
    assert {(200, 100), (400, 300), (300, 200)} <= changed(shown)
    assert (picture == 100).all()


class Screen:
    """Somebody who looks at an overlay, or does not."""

    def __init__(self):
        self.topics, self.published, self.looking = [], [], 1
        self.publisher = SimpleNamespace(
            get_subscription_count=lambda: self.looking, publish=self.published.append
        )

    def create_publisher(self, _kind, topic, _depth):
        self.topics.append(topic)
        return self.publisher

    def picture(self):
        return cv2.imdecode(np.frombuffer(self.published[-1].data, np.uint8), cv2.IMREAD_COLOR)


def test_nothing_is_drawn_or_encoded_while_nobody_looks():
    screen = Screen()
    screen.looking = 0
    overlay = Overlay(screen)
    picture = np.full((240, 320, 3), 100, np.uint8)
    overlay.show("", Header(), picture, [observed()])
    assert not screen.published and (picture == 100).all()
    screen.looking = 1
    overlay.show("", Header(frame_id="eye"), picture, [observed()])
    published = screen.published[0]
    assert published.header.frame_id == "eye" and published.format == "jpeg"
    assert screen.picture().shape == picture.shape


def test_without_a_face_the_image_is_shown_as_it_is():
    screen = Screen()
    Overlay(screen).show("", Header(), np.full((240, 320, 3), 100, np.uint8), [])
    assert (screen.picture() == 100).all()


def test_every_face_is_drawn_with_its_own_emotion(monkeypatch):
    texts = []
    monkeypatch.setattr(
        "emotion_recognition.nodes.emotion.overlay.draw", lambda *given: texts.append(given[-1])
    )
    overlay = Overlay(Screen(), "front")
    second = replace(observed(Box(10, 10, 40, 40)), track_id=4)
    faces = [observed(), second, replace(second, track_id=5)]
    picture = np.full((240, 320, 3), 100, np.uint8)
    for subject in ("front/3", "front/4", "rear/5"):
        overlay.note(estimate(subject))
    overlay.show("front", Header(), picture, faces)
    assert texts == ["#3 happy 0.70", "#4 happy 0.70", "#5"]
    overlay.note(replace(estimate("front/4"), stamp_ns=1))  # of the next window, without 3
    overlay.show("front", Header(), picture, faces)
    assert texts[3:] == ["#3", "#4 happy 0.70", "#5"]


def test_each_camera_has_a_topic_of_its_own():
    screen = Screen()
    Overlay(screen, "front")
    assert screen.topics == ["~/front/overlay/compressed"] == [topic("front")]
    assert topic("") == "~/overlay/compressed"


def test_a_start_without_the_weights_names_the_parameter(context, tmp_path, monkeypatch):
    monkeypatch.setattr(landmark_network, "SHIPPED_WEIGHTS", tmp_path / "landmarks.safetensors")
    with pytest.raises(StartError, match=r"'publish_overlay'.*landmarks\.safetensors"):
        EmotionNode(context=context, parameter_overrides=[Parameter("publish_overlay", value=True)])


def test_haar_needs_the_landmarks(context, tmp_path, monkeypatch):
    monkeypatch.setattr(landmark_network, "SHIPPED_WEIGHTS", tmp_path / "landmarks.safetensors")
    with pytest.raises(StartError, match=r"'face_detector' is 'haar'.*landmarks\.safetensors"):
        EmotionNode(context=context, parameter_overrides=[Parameter("face_detector", value="haar")])


@pytest.fixture
def domain_id(context):
    """Where the node of this test's process spins; the rest is as of emotion_node by default."""
    given = [Parameter("publish_overlay", value=True)]
    node = EmotionNode(context=context, parameter_overrides=given)
    executor = SingleThreadedExecutor(context=context)
    executor.add_node(node)
    thread = threading.Thread(target=executor.spin, daemon=True)
    thread.start()
    yield context.get_domain_id()
    executor.shutdown()
    thread.join(5)
    node.destroy_node()


def test_the_node_publishes_what_it_sees(domain_id, face_image):
    with probe(domain_id) as opened:
        images = opened.node.create_publisher(Image, "image", qos_profile_sensor_data)
        shown: list[CompressedImage] = opened.hear(
            CompressedImage, "/emotion_node/overlay/compressed", qos_profile_sensor_data
        )
        until_s = time.monotonic() + 25
        while len(shown) < 5 and time.monotonic() < until_s:
            message = image_message(face_image, "camera")
            message.header.stamp = time_message(opened.node.get_clock().now().nanoseconds)
            images.publish(message)
            time.sleep(0.1)
    assert len(shown) >= 5
    picture = cv2.imdecode(np.frombuffer(shown[-1].data, np.uint8), cv2.IMREAD_COLOR)
    assert picture.shape == face_image.shape
    assert shown[-1].header.frame_id == "camera" and shown[-1].header.stamp.sec > 0
    # Box, points and text stand out from what JPEG changes.
    drawn = np.abs(picture.astype(int) - face_image).max(axis=2) > 60
    assert np.count_nonzero(drawn) > 300
