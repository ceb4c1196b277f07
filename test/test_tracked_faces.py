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

"""Faces that somebody else tracks, by real crops: estimates of each id, until it has left."""

from pathlib import Path

import numpy as np
import pytest
from tracked_faces import SIDE, crops_of, padded

from emotion_recognition.audio.chunk import AudioChunk
from emotion_recognition.bags.events import FrameEvent
from emotion_recognition.bags.read import read_events
from emotion_recognition.estimate import Box, Estimate
from emotion_recognition.model.emotion_model import EmotionModel, load_model
from emotion_recognition.recognizer import Recognizer, RecognizerConfig
from emotion_recognition.recognizer.tracked_faces import TrackedFaces
from emotion_recognition.vision.cropped_face import CroppedFace, shown
from emotion_recognition.vision.detect import Detection, make_detector

CONFIG = RecognizerConfig(smoothing="none")
STEP_NS = 100_000_000
START_NS = 1_700_000_000_000_000_000


@pytest.fixture(scope="module")
def model() -> EmotionModel:
    return load_model()


@pytest.fixture(scope="module")
def crops(talking_face: Path) -> list[np.ndarray]:
    return [crop for _, crop in crops_of(talking_face)]


def show(target: Recognizer, stamp_ns: int, crop: np.ndarray, face: str) -> list[Estimate]:
    """Add a crop as the worker does; return the estimates that it makes due."""
    if target.wants_frame(stamp_ns, face):
        target.add_frame(stamp_ns, crop, "eye", face)
    return [one for one in target.estimates() if one.available]


def watch(target: Recognizer, crops: list[np.ndarray], *faces: str, begin: int = 0) -> list:
    """Show crops to each face, ten times a second, from tick ``begin`` on."""
    return [
        estimate
        for tick, crop in enumerate(crops, begin)
        for face in faces
        for estimate in show(target, START_NS + tick * STEP_NS, crop, face)
    ]


@pytest.mark.parametrize("margin", [0.0, 0.3])
def test_crops_give_what_the_whole_images_give(
    talking_face: Path, model: EmotionModel, margin: float
):
    whole = Recognizer(CONFIG, model)
    expected = {}
    for event in read_events(talking_face, with_audio=False):
        assert isinstance(event, FrameEvent)
        expected |= {one.stamp_ns: one for one in show_whole(whole, event.stamp_ns, event.image())}
    target = TrackedFaces(CONFIG, model)
    target.set_cameras(["anna"])
    found = [
        one
        for stamp, crop in crops_of(talking_face, margin)
        for one in show(target, stamp, crop, "anna")
    ]
    pairs = [(one, expected[one.stamp_ns]) for one in found if one.stamp_ns in expected]
    assert len(pairs) >= 3
    assert {one.subject for one, _ in pairs} == {"anna"}
    apart = [np.abs(np.subtract(a.probabilities, b.probabilities)).sum() / 2 for a, b in pairs]
    assert np.mean(apart) < 0.2


def show_whole(target: Recognizer, stamp_ns: int, image: np.ndarray) -> list[Estimate]:
    if target.wants_frame(stamp_ns):
        target.add_frame(stamp_ns, image)
    return [one for one in target.estimates() if one.available]


def test_each_id_has_estimates_and_none_once_it_left(model, crops):
    target = TrackedFaces(CONFIG, model)
    target.set_cameras(["anna", "ben"])
    both = watch(target, crops[:20], "anna", "ben")
    assert {one.subject for one in both} == {"anna", "ben"}
    assert {one.frame_id for one in both} == {"eye"}
    target.set_cameras(["ben"])
    later = watch(target, crops[:10], "anna", "ben", begin=20)
    assert {one.subject for one in later} == {"ben"}
    assert [camera.name for camera in target.status().cameras] == ["ben"]


def test_an_id_that_comes_back_starts_anew(model, crops):
    target = TrackedFaces(CONFIG, model)
    target.set_cameras(["anna"])
    assert watch(target, crops[:20], "anna")
    target.set_cameras([])
    assert watch(target, crops[:1], "anna", begin=20) == []
    target.set_cameras(["anna"])
    assert watch(target, crops[:8], "anna", begin=21) == []  # 0.8 s: less than min_window_s
    assert watch(target, crops[:6], "anna", begin=29)


def test_a_face_whose_crops_stop_has_no_estimates_though_its_id_stays(model, crops):
    target = TrackedFaces(CONFIG, model)
    target.set_cameras(["anna", "ben"])
    watch(target, crops[:20], "anna", "ben")
    later = watch(target, (crops * 2)[:30], "ben", begin=20)
    last_anna = max((one.stamp_ns for one in later if one.subject == "anna"), default=0)
    assert last_anna <= START_NS + 20 * STEP_NS + 1_500_000_000  # stale_after_s and a window's end
    assert later[-1].subject == "ben"


def test_the_voice_goes_to_the_face_that_speaks(model, talking_face: Path):
    """Somebody who talks, beside a face that does not move."""
    target = TrackedFaces(CONFIG, model)
    target.set_cameras(["talks", "waits"])
    crops = crops_of(talking_face)
    found: list[Estimate] = []
    at = 0
    for event in read_events(talking_face):
        if isinstance(event, FrameEvent):
            if at < len(crops) and crops[at][0] == event.stamp_ns:
                found += show(target, event.stamp_ns, crops[at][1], "talks")
                found += show(target, event.stamp_ns, crops[0][1], "waits")
                at += 1
        else:
            target.add_audio(event.chunk)
    weights = {one.subject: one.audio_weight for one in found[-4:]}
    assert weights["talks"] > 0 == weights["waits"]


def test_without_faces_a_voice_is_nobodys(model, talking_face: Path):
    target = TrackedFaces(CONFIG, model)
    found: list[Estimate] = []
    for event in read_events(talking_face, with_images=False):
        chunk: AudioChunk = event.chunk
        target.add_audio(chunk)
        found += [one for one in target.estimates() if one.available]
    assert found
    assert {one.subject for one in found} == {""}


def test_black_edges_are_no_face(face_image: np.ndarray):
    image = padded(face_image[:, :120])
    box = shown(image)
    assert box is not None
    assert box.height == SIDE
    assert box.width < SIDE
    assert shown(np.zeros((8, 8, 3), np.uint8)) is None
    assert CroppedFace(make_detector("haar")).detect(np.zeros((64, 64, 3), np.uint8)) == []


def test_a_crop_in_which_no_face_is_found_is_a_face_all_the_same():
    rng = np.random.default_rng(5)
    noise = rng.integers(1, 255, (64, 64, 3), np.uint8)
    assert CroppedFace(make_detector("haar")).detect(noise) == [
        Detection(Box(0, 0, 64, 64), 1.0, None)
    ]
