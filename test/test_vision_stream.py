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

"""The face stream: which frames it takes, what it gives for them, real faces, awkward images."""

from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotion_recognition.estimate import Box
from emotion_recognition.vision.align import TEMPLATE
from emotion_recognition.vision.detect import Detection, DetectorError
from emotion_recognition.vision.stream import FaceStream, VisionConfig

MS = 1_000_000
SECOND = 1_000_000_000


class FakeDetector:
    """Gives what it is told to, and keeps the images that it was shown."""

    name = "fake"
    gives_points = True

    def __init__(self, *faces):
        self.faces = list(faces)
        self.shapes = []

    def detect(self, image):
        self.shapes.append(image.shape)
        return self.faces


@given(newest_ns=st.integers(1, 10**12), face_rate=st.floats(0.5, 60))
def test_nothing_is_wanted_before_the_stream_is_complete(newest_ns, face_rate):
    stream = FaceStream(VisionConfig(face_rate=face_rate), FakeDetector())
    assert stream.complete_ns is None
    stream.add(newest_ns, np.zeros((48, 64, 3), np.uint8))
    assert newest_ns <= stream.complete_ns
    assert not stream.wants(stream.complete_ns)
    assert stream.wants(stream.complete_ns + 1)


def face(x=100, y=80, size=100, score=0.9):
    points = (TEMPLATE / 48 * size + [x, y]).astype(np.float32)
    return Detection(Box(x, y, size, size), score, points)


def stream(*faces, **settings):
    return FaceStream(VisionConfig(**settings), FakeDetector(*faces))


def image(height=480, width=640, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def taken(face_stream, stamps):
    """The stamps that the stream wants, when it gets each frame that it wants."""
    chosen = []
    for stamp in stamps:
        if face_stream.wants(stamp):
            face_stream.add(stamp, image(40, 40))
            chosen.append(stamp)
    return chosen


def test_an_observation_holds_the_face():
    seen = stream(face()).add(7, image())
    assert (seen.stamp_ns, seen.box, seen.score) == (7, face().box, 0.9)
    np.testing.assert_array_equal(seen.points, face().points)
    assert seen.crop.shape == (48, 48) and seen.crop.dtype == np.uint8


def test_thirty_frames_a_second_become_ten():
    stamps = [1_700_000_000 * SECOND + n * SECOND // 30 for n in range(90)]
    chosen = taken(stream(), stamps)
    assert len(chosen) == 30
    assert {stamp // (100 * MS) for stamp in chosen} == {stamp // (100 * MS) for stamp in stamps}


@pytest.mark.parametrize("camera_rate", [15, 20, 24, 25, 29.97, 60])
def test_any_camera_rate_gives_each_slot_once(camera_rate):
    stamps = [round(n * SECOND / camera_rate) for n in range(int(6 * camera_rate))]
    chosen = taken(stream(), stamps)
    assert 58 <= len(chosen) <= 61
    assert max(np.diff(chosen)) < 2 * 100 * MS


def test_jitter_about_the_slot_border_loses_no_frame_of_a_slow_camera():
    rng = np.random.default_rng(4)
    stamps = [n * 100 * MS + int(rng.integers(-4, 5)) * MS for n in range(1, 101)]
    assert taken(stream(), stamps) == stamps


def test_a_slower_camera_is_taken_whole():
    stamps = [n * 200 * MS + 3 for n in range(20)]
    assert taken(stream(), stamps) == stamps


def test_choice_does_not_depend_on_where_the_stream_began():
    stamps = [n * SECOND // 30 for n in range(120)]
    whole, later = taken(stream(), stamps), taken(stream(), stamps[37:])
    assert later[1:] == [stamp for stamp in whole if stamp > later[0]]


def test_asking_changes_nothing():
    face_stream = stream()
    assert face_stream.wants(5) and face_stream.wants(5)


def test_late_and_duplicate_frames_are_left_out():
    face_stream = stream()
    face_stream.add(10 * SECOND, image())
    assert not face_stream.wants(10 * SECOND)
    assert not face_stream.wants(10 * SECOND - 300 * MS)


def test_clock_set_back_starts_afresh():
    face_stream = stream(face())
    before = face_stream.add(10 * SECOND, image())
    assert face_stream.wants(2 * SECOND)
    after = face_stream.add(2 * SECOND, image())
    assert after.track_id != before.track_id
    assert face_stream.wants(2 * SECOND + 100 * MS)


def test_stamps_of_zero():
    face_stream = stream(face())
    assert face_stream.wants(0)
    assert face_stream.add(0, image()).stamp_ns == 0
    assert not face_stream.wants(0)


def test_no_face():
    face_stream = stream()
    assert face_stream.add(0, image()) is None
    assert face_stream.face_count == 0


def test_small_and_doubtful_faces_are_left_out():
    faces = [face(size=20), face(x=300, score=0.3), face(x=200, y=200, size=40, score=0.7)]
    face_stream = stream(*faces, min_face_size=32, min_score=0.6)
    assert face_stream.add(0, image()).box == faces[2].box
    assert face_stream.face_count == 1


def test_most_prominent_of_several():
    face_stream = stream(face(x=20, size=60), face(x=250, y=150, size=150))
    assert face_stream.add(0, image()).box.width == 150
    assert face_stream.face_count == 2


def test_reset_forgets_time_and_faces():
    face_stream = stream(face())
    first = face_stream.add(SECOND, image())
    face_stream.reset()
    assert face_stream.wants(SECOND) and face_stream.face_count == 0
    assert face_stream.add(SECOND, image()).track_id != first.track_id


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("detector", "best"),
        ("face_rate", 0),
        ("face_rate", 61),
        ("face_rate", float("nan")),
        ("min_face_size", 0),
        ("min_score", 1.1),
        ("min_score", float("nan")),
        ("max_gap_s", 0),
        ("max_gap_s", 11),
    ],
)
def test_bad_settings_are_named(setting, value):
    with pytest.raises(ValueError, match=setting):
        VisionConfig(**{setting: value})


def test_missing_detector_model_fails_at_start(tmp_path):
    config = VisionConfig(detector="yunet", detector_model=str(tmp_path / "none.onnx"))
    with pytest.raises(DetectorError, match=r"none\.onnx"):
        FaceStream(config)


# With the detector that a plain installation has, on real faces.


@pytest.fixture(scope="module")
def clip(shared_data) -> list[np.ndarray]:
    """Every third frame of a talking head, 720p."""
    path = sorted((shared_data / "ravdess_av_actor01").glob("01-*.mp4"))[0]
    return frames_of(path)[::3]


def frames_of(path: Path) -> list[np.ndarray]:
    with av.open(path) as container:
        return [frame.to_ndarray(format="bgr24") for frame in container.decode(video=0)]


@pytest.fixture(params=["mtcnn", "haar"])
def real_stream(request):
    try:
        return FaceStream(VisionConfig(detector=request.param))
    except DetectorError as error:
        pytest.skip(str(error))


def test_a_talking_head_is_one_subject_throughout(clip, real_stream):
    seen = [real_stream.add(n * 100 * MS, frame) for n, frame in enumerate(clip)]
    assert all(seen)
    assert {observation.track_id for observation in seen} == {1}
    # The face stays in place in the crop: the mean crop is nearly as sharp as each one.
    crops = np.stack([observation.crop for observation in seen]).astype(float)
    assert crops.mean(0)[8:40, 8:40].std() > 0.75 * np.mean([c[8:40, 8:40].std() for c in crops])


def test_same_frames_give_the_same_observations(clip, shared_data):
    config = VisionConfig(detector="mtcnn")
    first, second = FaceStream(config), FaceStream(config)
    for number, frame in enumerate(clip[:8]):
        a, b = (s.add(number * 100 * MS, frame) for s in (first, second))
        assert a.box == b.box and a.score == b.score
        np.testing.assert_array_equal(a.points, b.points)
        np.testing.assert_array_equal(a.crop, b.crop)


def test_changing_resolution_keeps_the_face(clip, real_stream):
    ids, crops = [], []
    for number, width in enumerate((1280, 640, 320, 960, 1281)):
        frame = cv2.resize(clip[0], (width, width * 9 // 16), interpolation=cv2.INTER_AREA)
        observation = real_stream.add(number * 100 * MS, frame)
        ids.append(observation.track_id)
        crops.append(observation.crop.astype(float).ravel())
    assert set(ids) == {1}
    assert min(np.corrcoef(crops)[0]) > 0.9


def test_grey_camera(clip, real_stream):
    grey = cv2.cvtColor(cv2.cvtColor(clip[0], cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    assert real_stream.add(0, grey) is not None


def test_face_cut_by_the_edge_of_the_image(clip, real_stream):
    box = real_stream.add(0, clip[0]).box
    cut = np.ascontiguousarray(clip[0][box.y + box.height // 6 :])
    observation = real_stream.add(100 * MS, cut)
    assert observation is None or observation.crop.shape == (48, 48)


@pytest.mark.parametrize("size", [(1, 1), (2, 640), (640, 2), (19, 19), (33, 20), (21, 3000)])
def test_tiny_and_narrow_images_hold_no_face(size, real_stream):
    assert real_stream.add(0, image(*size)) is None


@pytest.mark.parametrize("level", [0, 128, 255])
def test_flat_images_hold_no_face(level, real_stream):
    assert real_stream.add(0, np.full((480, 640, 3), level, np.uint8)) is None
