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

"""Landmarks in the image: real faces, mirrored, turned, scaled; and what is no face."""

import cv2
import numpy as np
import pytest

from emotion_recognition.model.face_points import mirror, point_errors
from emotion_recognition.vision.align import Placement, cut_face, place_face, points_of
from emotion_recognition.vision.detect import DetectorError, make_detector
from emotion_recognition.vision.geometry import face_geometry
from emotion_recognition.vision.landmarks import LandmarkFinder, predict_landmarks
from emotion_recognition.vision.stream import FaceStream, VisionConfig


@pytest.fixture(scope="module")
def finder():
    return LandmarkFinder()


@pytest.fixture(scope="module")
def detection(face_image):
    try:
        found = make_detector("mtcnn").detect(face_image)
    except DetectorError as error:
        pytest.skip(str(error))
    return max(found, key=lambda face: face.score)


@pytest.fixture(scope="module")
def landmarks(finder, face_image, detection):
    return found_in(finder, face_image, detection.points)


def found_in(finder, image, points):
    placement = place_face(points)
    return finder.find(cut_face(image, placement), placement)


def nme(found, true):
    return float(point_errors(found[None], true[None]).mean())


def test_parts_of_a_real_face_lie_where_they_belong(landmarks, detection):
    points = landmarks.points
    assert points.shape == (68, 2) and points.dtype == np.float32
    assert 0 < landmarks.expected_error < 0.1
    unit = np.linalg.norm(points[45] - points[36])
    own = [points[36:42].mean(0), points[42:48].mean(0), points[30], points[48], points[54]]
    assert np.linalg.norm(np.array(own) - detection.points, axis=1).max() < 0.2 * unit
    assert (points[17:27, 1] < points[36:48, 1].min()).all()  # brows over eyes
    assert points[8, 1] > points[48:68, 1].max()  # chin under lips
    assert np.all(np.diff(points[2:15, 0]) > 0)  # the jaw, from the person's right to the left


def test_a_mirrored_face_has_mirrored_landmarks(finder, landmarks, face_image, detection):
    image = np.ascontiguousarray(face_image[:, ::-1])
    points = detection.points[[1, 0, 2, 4, 3]] * [-1, 1] + [image.shape[1] - 1, 0]
    found = found_in(finder, image, points.astype(np.float32))
    assert nme(mirror(found.points, image.shape[1]), landmarks.points) < 0.04


@pytest.mark.parametrize(("degrees", "scale"), [(0, 0.5), (0, 2.5), (25, 1), (-25, 1.3)])
def test_turned_and_scaled_faces_keep_their_landmarks(
    finder, landmarks, face_image, detection, degrees, scale
):
    centre = detection.points.mean(axis=0)
    warp = cv2.getRotationMatrix2D(centre.tolist(), degrees, scale)
    before = np.array(face_image.shape[1::-1])
    size = np.ceil(max(1, scale) * before).astype(int)  # the whole face stays in the picture
    warp[:, 2] += (size - before) / 2
    image = cv2.warpAffine(face_image, warp, size.tolist(), borderMode=cv2.BORDER_REPLICATE)
    moved = detection.points @ warp[:, :2].T + warp[:, 2]
    expected = landmarks.points @ warp[:, :2].T + warp[:, 2]
    found = found_in(finder, image, moved.astype(np.float32))
    assert nme(found.points, expected.astype(np.float32)) < 0.03
    before, after = face_geometry(landmarks.points), face_geometry(found.points)
    assert after.mouth_width == pytest.approx(before.mouth_width, abs=0.06)
    assert after.right_brow_height == pytest.approx(before.right_brow_height, abs=0.06)


@pytest.mark.parametrize(
    "off", [(0.15, 0), (-0.15, 0), (0, 0.15), (0, -0.15)], ids=["right", "left", "low", "high"]
)
def test_a_loose_crop_does_not_mislead(finder, landmarks, face_image, detection, off):
    eyes = np.linalg.norm(detection.points[1] - detection.points[0])
    shifted = (detection.points + np.array(off) * eyes).astype(np.float32)
    found = found_in(finder, face_image, shifted)
    assert nme(found.points, landmarks.points) < 0.05


@pytest.mark.parametrize("kind", ["flat", "noise", "wall", "upside down"])
def test_what_is_no_face_has_no_landmarks(finder, face_image, detection, kind):
    crop = cut_face(face_image, place_face(detection.points))
    if kind == "flat":
        crop = np.full_like(crop, 90)
    elif kind == "noise":
        crop = np.random.default_rng(0).integers(0, 256, crop.shape, np.uint8)
    elif kind == "wall":
        crop = np.repeat(np.linspace(30, 220, 48).astype(np.uint8)[None], 48, axis=0)
    else:
        crop = np.ascontiguousarray(np.roll(crop, (24, 24), (0, 1))[::-1])
    assert finder.find(crop, Placement(1 + 0j, 0j)) is None


def test_a_placement_without_extent_has_no_landmarks(finder, face_image, detection):
    crop = cut_face(face_image, place_face(detection.points))
    assert finder.find(crop, Placement(0j, 5 + 5j)) is None


@pytest.mark.parametrize(
    "crops", [np.zeros((48, 48), np.uint8), np.zeros((1, 64, 64), np.uint8), np.zeros((1, 48, 48))]
)
def test_other_crops_are_refused(finder, crops):
    with pytest.raises(ValueError, match=r"expected \(N, 48, 48\) uint8"):
        predict_landmarks(finder._network, crops)


def test_the_stream_brings_landmarks_and_geometry_only_when_asked(face_image):
    with_, without = (
        FaceStream(VisionConfig(detector="mtcnn", landmarks=wanted)).add(0, face_image)
        for wanted in (True, False)
    )
    assert without.landmarks is None and without.geometry is None
    assert with_.geometry == face_geometry(with_.landmarks.points)
    np.testing.assert_array_equal(with_.crop, without.crop)  # its points are as good: no new crop


def test_a_box_without_points_is_aligned_by_the_landmarks(face_image, detection):
    """The crop by the cascade's box and the landmarks comes near the one by a detector's points."""
    face = FaceStream(VisionConfig(detector="haar")).add(0, face_image)
    if face is None:
        pytest.skip("the cascade does not see this face")
    assert face.points is None and face.landmarks is not None

    def off(placement):
        """Mean distance of the aligned points from where they should be, pixels of the crop."""
        exact = place_face(detection.points)
        corners = np.array([[0, 0], [47, 0], [0, 47], [47, 47]])
        places = placement.to_image(corners) @ [1, 1j] * exact.factor + exact.shift
        return np.abs(places - corners @ [1, 1j]).mean()

    from emotion_recognition.vision.detect import Detection

    by_box = place_face(points_of(Detection(face.box, 1.0, None)))
    assert off(face.placement) < off(by_box)
    assert off(face.placement) < 3
