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

"""Several people by real clips and the shipped networks: who is who, and whose the voice is."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from two_clips import SIDE, beside, faces_of

from emotion_recognition.estimate import Box, Estimate
from emotion_recognition.evaluation.offline import estimates_of
from emotion_recognition.model.emotion_model import EmotionModel, load_model
from emotion_recognition.recognizer import Recognizer, RecognizerConfig
from emotion_recognition.vision.detect import DetectorError
from emotion_recognition.vision.stream import FaceStream, VisionConfig


@pytest.fixture(scope="module")
def model() -> EmotionModel:
    torch.set_num_threads(1)
    return load_model(device="cpu")


@pytest.fixture(scope="module")
def listener(shared_data: Path) -> list[np.ndarray]:
    """Half a second of somebody who waits to speak."""
    clip = sorted((shared_data / "ravdess_av_actor01").glob("01-*.mp4"))[0]
    return faces_of(clip, 0.6)


def vision(shared: Path, max_faces: int, detector: str = "yunet") -> VisionConfig:
    yunet = str(shared / "models" / "face_detection_yunet_2023mar.onnx")
    model = yunet if detector == "yunet" else ""
    return VisionConfig(detector=detector, detector_model=model, max_faces=max_faces)


def is_left(box: Box) -> bool:
    return box.x + box.width / 2 < SIDE


def by_side(estimates: list[Estimate]) -> dict[bool, list[Estimate]]:
    """The estimates of each person who is seen, by whether that is on the left."""
    left = {each.subject: is_left(each.face) for each in estimates if each.face}
    found: dict[bool, list[Estimate]] = {True: [], False: []}
    for each in estimates:
        if each.subject:
            found[left[each.subject]].append(each)
    return found


@pytest.mark.parametrize(
    ("clip", "on_the_right"),
    [("01-01-01_01", False), ("03-03-02_01", True), ("04-02-01_01", False)],
)
def test_the_voice_goes_to_the_one_who_speaks(
    shared, shared_data, listener, model, clip, on_the_right
):
    events = beside(
        shared_data / "javanese_av" / f"{clip}.mp4", listener, on_the_right=on_the_right
    )
    recognizer = Recognizer(RecognizerConfig(vision=vision(shared, 3)), model)
    estimates = list(estimates_of(events, recognizer))
    people = by_side(estimates)
    speaker, silent = people[not on_the_right], people[on_the_right]
    assert len({each.subject for each in speaker}) == len({each.subject for each in silent}) == 1
    assert len(speaker) >= 8 and len(silent) >= 8
    assert all(each.audio_weight > 0.2 for each in speaker)
    assert speaker[-1].video_weight > 0
    assert all((each.audio_weight, each.video_weight) == (0, 1) for each in silent)
    stamps = [each.stamp_ns for each in silent]
    assert len(set(stamps)) == len(stamps)  # one a window


def test_a_voice_from_outside_of_the_picture_is_nobody_s_in_it(
    shared, shared_data, listener, model
):
    """A real voice, and in view only somebody who keeps silent."""
    clip = shared_data / "javanese_av" / "01-01-01_01.mp4"
    events = []
    for event in beside(clip, listener, on_the_right=True):
        if hasattr(event, "image"):
            shown = event.image()[:, :SIDE]
            event = type(event)(
                event.received_ns, event.stamp_ns, event.frame_id, lambda shown=shown: shown.copy()
            )
        events.append(event)
    recognizer = Recognizer(RecognizerConfig(vision=vision(shared, 2)), model)
    last = list(estimates_of(events, recognizer))[-2:]
    assert last[0].stamp_ns == last[1].stamp_ns
    assert (last[0].audio_weight, last[0].video_weight) == (0, 1)
    assert (last[1].audio_weight, last[1].video_weight, last[1].subject) == (1, 0, "")


@pytest.mark.parametrize("detector", ["yunet", "mtcnn"])
def test_real_faces_that_cross_keep_their_numbers(shared, shared_data, detector):
    """Two faces are moved across a picture, the one before the other."""
    clips = shared_data / "javanese_av"
    faces = [faces_of(clips / f"{name}.mp4", 3.2) for name in ("01-01-01_01", "04-02-01_01")]
    try:
        stream = FaceStream(vision(shared, 2, detector))
    except DetectorError as error:
        pytest.skip(str(error))
    seen: dict[int, list[float]] = {}
    most = 0
    for step in range(30):
        picture = np.full((360, 900, 3), 90, np.uint8)
        # The right one walks behind the left one.
        for (frames, start, speed), size in zip(
            ((faces[1], 640, -20), (faces[0], 20, 20)), (200, 220), strict=True
        ):
            left = start + speed * step
            face = cv2.resize(frames[2 * step % len(frames)], (size, size))
            picture[60 : 60 + size, left : left + size] = face
        found = stream.add_all(step * 100_000_000, picture)
        most = max(most, len(found))
        for face in found:
            seen.setdefault(face.track_id, []).append(face.box.x + face.box.width / 2)
    assert most == 2
    assert len(seen) == 2
    assert any(len(places) < 30 for places in seen.values())  # one was hidden for a while
    paths = sorted((places[0], places[-1]) for places in seen.values())
    assert paths[0][0] < 300 < 550 < paths[0][1]
    assert paths[1][1] < 300 < 550 < paths[1][0]
