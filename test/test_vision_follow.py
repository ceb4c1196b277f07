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

"""Faces are sought in the whole image now and then, and followed in between."""

import numpy as np
import pytest

from emotion_recognition.bags.clip import read_clip
from emotion_recognition.estimate import Box
from emotion_recognition.vision.detect import Detection, MtcnnDetector
from emotion_recognition.vision.follow import SEEK_NS, FaceFollower
from emotion_recognition.vision.mtcnn import find_mtcnn

IMAGE = np.zeros((48, 64, 3), np.uint8)
STEP_NS = SEEK_NS // 10


def face(x: int) -> Detection:
    return Detection(Box(x, 5, 10, 10), 0.9, None)


class Scene:
    """A following detector before which faces come and go; notes what it was asked."""

    name = "scene"
    gives_points = False

    def __init__(self, *faces: Detection) -> None:
        self.faces = list(faces)
        self.asked: list[str] = []

    def detect(self, image: np.ndarray) -> list[Detection]:
        self.asked.append("detect")
        return list(self.faces)

    def follow(self, image: np.ndarray, faces: list[Detection]) -> list[Detection]:
        self.asked.append("follow")
        return [face for face in faces if face in self.faces]


def test_a_face_is_followed_until_the_whole_image_is_due():
    scene = Scene(face(3))
    follower = FaceFollower(scene)
    for step in range(12):
        assert follower.find(1 + step * STEP_NS, IMAGE) == [face(3)]
    assert scene.asked == ["detect"] + 9 * ["follow"] + ["detect", "follow"]


def test_a_new_face_is_found_within_the_time_promised():
    scene = Scene(face(3))
    follower = FaceFollower(scene)
    follower.find(1, IMAGE)
    scene.faces.append(face(40))
    assert follower.find(1 + STEP_NS, IMAGE) == [face(3)]
    assert follower.find(1 + SEEK_NS, IMAGE) == [face(3), face(40)]


def test_a_lost_face_is_sought_at_once():
    scene = Scene(face(3), face(40))
    follower = FaceFollower(scene)
    follower.find(1, IMAGE)
    scene.faces = [face(3), face(20)]
    assert follower.find(1 + STEP_NS, IMAGE) == [face(3), face(20)]
    assert scene.asked == ["detect", "follow", "detect"]


def test_a_lost_face_is_sought_in_every_image_until_it_is_back():
    scene = Scene(face(3), face(40))
    follower = FaceFollower(scene)
    follower.find(1, IMAGE)
    scene.faces = [face(3)]
    for step in range(1, 4):
        assert follower.find(1 + step * STEP_NS, IMAGE) == [face(3)]
    scene.faces.append(face(40))
    assert follower.find(1 + 4 * STEP_NS, IMAGE) == [face(3), face(40)]
    follower.find(1 + 5 * STEP_NS, IMAGE)
    assert scene.asked == ["detect", "follow", *4 * ["detect"], "follow"]


def test_a_face_that_does_not_come_back_is_given_up():
    scene = Scene(face(3), face(40))
    follower = FaceFollower(scene)
    follower.find(1, IMAGE)
    scene.faces = [face(3)]
    for step in range(1, 16):
        follower.find(1 + step * STEP_NS, IMAGE)
    assert scene.asked[-4:] == 4 * ["follow"]


def test_without_a_face_every_image_is_searched():
    scene = Scene()
    follower = FaceFollower(scene)
    for step in range(3):
        assert follower.find(1 + step * STEP_NS, IMAGE) == []
    assert scene.asked == 3 * ["detect"]


@pytest.mark.parametrize(
    ("stamp_ns", "image"),
    [(1, IMAGE), (1 + STEP_NS, np.zeros((24, 32, 3), np.uint8))],
    ids=["time goes back", "another size"],
)
def test_what_does_not_go_on_is_searched(stamp_ns, image):
    scene = Scene(face(3))
    follower = FaceFollower(scene)
    follower.find(2, IMAGE)
    follower.find(stamp_ns, image)
    assert scene.asked == 2 * ["detect"]


def test_forgotten_faces_are_not_followed():
    scene = Scene(face(3))
    follower = FaceFollower(scene)
    follower.find(1, IMAGE)
    follower.reset()
    follower.find(1 + STEP_NS, IMAGE)
    assert scene.asked == 2 * ["detect"]


@pytest.mark.skipif(find_mtcnn() is None, reason="MTCNN's networks are not installed")
@pytest.mark.shared
def test_following_places_faces_as_detection_does(shared):
    detector = MtcnnDetector()
    follower = FaceFollower(detector)
    clip = shared / "data" / "ravdess_av_actor01" / "01-01-08-02-02-02-01.mp4"
    off = []
    for number, event in enumerate(read_clip(clip, with_audio=False)):
        if number % 3 == 0:
            image = event.image()
            (found,), (sought,) = follower.find(event.stamp_ns, image), detector.detect(image)
            eyes = np.linalg.norm(sought.points[0] - sought.points[1])
            off.append(np.linalg.norm(found.points - sought.points, axis=1).mean() / eyes)
    assert np.count_nonzero(off) > 20  # most frames were followed, and yet
    assert np.median(off) < 0.05
    assert np.max(off) < 0.15
