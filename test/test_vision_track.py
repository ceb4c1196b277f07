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

"""Faces keep their numbers, and the subject stays the subject."""

from itertools import pairwise

import numpy as np
import pytest

from emotion_recognition.estimate import Box
from emotion_recognition.vision.detect import Detection
from emotion_recognition.vision.track import FaceTracker

FRAME = (640, 480)
STEP_NS = 100_000_000


def face(x, y, size=100, score=0.9):
    """A face with its centre at (x, y)."""
    return Detection(Box(round(x - size / 2), round(y - size / 2), size, size), score, None)


def follow(tracker, frames, start=0):
    """Feed one list of faces a step; returns the tracks and the subject's id of each frame."""
    tracks, subjects = [], []
    for number, faces in enumerate(frames, start):
        tracks.append(tracker.update(number * STEP_NS, faces, FRAME))
        subject = next(iter(tracker.subjects(tracks[-1])), None)
        subjects.append(subject.id if subject else None)
    return tracks, subjects


def id_at(tracks, x):
    """The number of the track whose centre is nearest to column x."""
    return min(tracks, key=lambda t: abs(t.box.x + t.box.width / 2 - x)).id


def test_a_track_carries_the_detection():
    points = np.arange(10, dtype=np.float32).reshape(5, 2)
    detection = Detection(Box(10, 20, 30, 40), 0.7, points)
    (track,) = FaceTracker().update(5, [detection], FRAME)
    assert (track.box, track.score) == (detection.box, 0.7)
    assert track.points is points


def test_jitter_does_not_change_the_number():
    rng = np.random.default_rng(1)
    frames = [
        [face(*(rng.normal(0, 12, 2) + 300), size=int(rng.uniform(85, 115)))] for _ in range(50)
    ]
    tracks, _ = follow(FaceTracker(), frames)
    assert {t.id for frame in tracks for t in frame} == {1}


def test_a_jump_across_the_frame_is_another_face():
    tracks, _ = follow(FaceTracker(), [[face(100, 100)], [face(500, 400)]])
    assert tracks[0][0].id != tracks[1][0].id


def test_a_face_three_times_the_size_is_another_face():
    tracks, _ = follow(FaceTracker(), [[face(300, 240, 60)], [face(300, 240, 180)]])
    assert tracks[0][0].id != tracks[1][0].id


def test_order_of_detections_does_not_matter():
    frames = [[face(150, 200), face(450, 200)], [face(455, 200), face(155, 200)]]
    tracks, _ = follow(FaceTracker(), frames)
    for x in (150, 450):
        assert id_at(tracks[0], x) == id_at(tracks[1], x)


def test_crossing_faces_keep_their_numbers():
    # They pass at 200 px/s each; for three frames the front one hides the other.
    frames = []
    for step in range(25):
        left, right = face(100 + 20 * step, 230), face(580 - 20 * step, 250)
        frames.append([left] if abs(left.box.x - right.box.x) < 60 else [left, right])
    assert any(len(faces) == 1 for faces in frames)
    tracks, _ = follow(FaceTracker(), frames)
    assert id_at(tracks[0], 100) == id_at(tracks[-1], 580)
    assert id_at(tracks[0], 580) == id_at(tracks[-1], 100)
    assert {t.id for frame in tracks for t in frame} == {1, 2}


@pytest.mark.parametrize(("missing", "same"), [(1, True), (9, True), (10, False), (30, False)])
def test_a_face_is_remembered_for_max_age(missing, same):
    # `missing` empty frames at 10 Hz leave (missing + 1) / 10 s between the two sightings.
    frames = [[face(300, 240)]] + [[]] * missing + [[face(300, 240)]]
    tracks, subjects = follow(FaceTracker(max_age_s=1.0), frames)
    assert (tracks[0][0].id == tracks[-1][0].id) == same
    assert subjects[1] is None and subjects[-1] == tracks[-1][0].id


def test_the_largest_face_is_the_subject():
    _, subjects = follow(FaceTracker(), [[face(200, 240, 60), face(440, 240, 120)]])
    tracks = FaceTracker().update(0, [face(200, 240, 60), face(440, 240, 120)], FRAME)
    assert subjects == [tracks[0].id]
    assert tracks[0].box.width == 120


def test_of_equal_faces_the_central_one_is_the_subject():
    tracker = FaceTracker()
    tracks = tracker.update(0, [face(60, 60), face(330, 240)], FRAME)
    assert tracker.subjects(tracks)[0].box == face(330, 240).box


def test_prominence_is_area_times_score_and_halves_in_the_corner():
    # 64x48 px of 640x480 are 1 % of the frame.
    def prominence(x, y):
        detection = Detection(Box(x, y, 64, 48), 0.8, None)
        return FaceTracker().update(0, [detection], FRAME)[0].prominence

    assert prominence(288, 216) == pytest.approx(0.008)
    assert prominence(-32, -24) == pytest.approx(0.004)


def test_subject_does_not_flip_between_neighbours():
    rng = np.random.default_rng(2)
    frames = [
        [face(x, 240, int(rng.uniform(92, 108)), rng.uniform(0.8, 1)) for x in (220, 420)]
        for _ in range(60)
    ]
    tracks, subjects = follow(FaceTracker(), frames)
    assert len({frame[0].id for frame in tracks}) == 2  # the lead in prominence does change
    assert len(set(subjects)) == 1


def test_a_much_more_prominent_face_takes_over():
    frames = [[face(200, 240, 60)]] + [
        [face(200, 240, 60), face(430, 240, 60 + 10 * n)] for n in range(8)
    ]
    tracks, subjects = follow(FaceTracker(), frames)
    assert subjects[0] == id_at(tracks[-1], 200)
    assert subjects[-1] == id_at(tracks[-1], 430)
    assert sum(a != b for a, b in pairwise(subjects)) == 1


def test_nobody_takes_the_place_of_a_subject_hidden_for_a_moment():
    both, other = [face(200, 240, 120), face(450, 240, 100)], [face(450, 240, 100)]
    _, subjects = follow(FaceTracker(), [both] + [other] * 5 + [both])
    assert subjects == [subjects[0]] + [None] * 5 + [subjects[0]]


def test_the_other_becomes_the_subject_when_the_first_has_left():
    both, other = [face(200, 240, 120), face(450, 240, 100)], [face(450, 240, 100)]
    tracks, subjects = follow(FaceTracker(max_age_s=1.0), [both] + [other] * 12)
    assert subjects[10] is None
    assert subjects[11] == tracks[0][1].id == subjects[12]


def test_stamp_that_jumps_back_forgets_all():
    tracker = FaceTracker()
    first, _ = follow(tracker, [[face(300, 240)]], start=50)
    again, subjects = follow(tracker, [[face(300, 240)]], start=10)
    assert again[0][0].id != first[0][0].id
    assert subjects == [again[0][0].id]


def test_same_stamp_twice():
    tracker = FaceTracker()
    first = tracker.update(7, [face(300, 240)], FRAME)
    assert tracker.update(7, [face(305, 240)], FRAME)[0].id == first[0].id


def test_change_of_resolution_keeps_the_face():
    tracker = FaceTracker()
    first = tracker.update(0, [face(320, 240, 100)], (640, 480))
    second = tracker.update(STEP_NS, [face(640, 360, 150)], (1280, 720))
    assert first[0].id == second[0].id


def test_box_without_extent():
    tracks = FaceTracker().update(0, [Detection(Box(5, 5, 0, 0), 0.9, None)], FRAME)
    assert len(tracks) == 1 and np.isfinite(tracks[0].prominence)


def several(max_faces, frames):
    """The ids of the subjects in each frame."""
    tracker = FaceTracker(max_age_s=1.0, max_faces=max_faces)
    tracks = (tracker.update(n * STEP_NS, faces, FRAME) for n, faces in enumerate(frames))
    return [{track.id for track in tracker.subjects(seen)} for seen in tracks]


ROW = [face(80 + 120 * place, 240, size=60 + 10 * place) for place in range(5)]


@pytest.mark.parametrize("most", [1, 2, 4, 5])
def test_there_are_never_more_subjects_than_allowed(most):
    found = several(most, [ROW, ROW[::-1], ROW[:3], ROW])
    assert [len(ids) for ids in found[:2]] == [most, most]
    assert found[0] == found[1] == found[3]
    assert max(map(len, found)) == most


def test_subjects_are_the_most_prominent_faces():
    tracker = FaceTracker(max_faces=2)
    tracks = tracker.update(0, ROW, FRAME)
    assert [track.box for track in tracker.subjects(tracks)] == [track.box for track in tracks[:2]]


def test_a_free_place_goes_to_the_next_face():
    left, right, third = face(100, 240, 80), face(320, 240, 80), face(540, 240, 80)
    found = several(2, [[left, right]] * 3 + [[left, right, third]] * 3 + [[left, third]] * 12)
    assert found[5] == found[0]
    assert found[6] < found[0]  # the place of who is hidden is kept for a second
    assert len(found[-1]) == 2 and len(found[-1] & found[0]) == 1


def test_a_much_more_prominent_face_takes_the_place_of_the_least():
    small, middle, large = face(80, 240, 50), face(300, 240, 80), face(500, 240, 140)
    found = several(2, [[small, middle]] * 2 + [[small, middle, large]] * 2)
    assert len(found[0] & found[2]) == 1 and len(found[2]) == 2
    assert found[2] == found[3]


def test_people_who_enter_and_leave_get_new_numbers():
    frames = []
    for visitor in range(40):
        place = face(150 + 170 * (visitor % 3), 240)
        frames += [[place]] * 3 + [[]] * 11
    found = several(3, frames)
    assert set().union(*found) == set(range(1, 41))
    assert max(map(len, found)) == 1


def test_several_walk_past_each_other_and_keep_their_numbers():
    """Four people at four speeds; whoever is behind another one is hidden."""
    starts, speeds, sizes = (60, 220, 420, 580), (150, 60, -60, -150), (130, 110, 90, 70)
    frames, shown = [], []
    for step in range(36):
        places = [x + v * step / 10 for x, v in zip(starts, speeds, strict=True)]
        seen = [
            n
            for n, x in enumerate(places)
            if 0 < x < 640 and all(abs(x - places[m]) > 0.6 * sizes[m] for m in range(n))
        ]
        frames.append([face(places[n], 240, sizes[n]) for n in seen])
        shown.append(seen)
    tracker = FaceTracker(max_age_s=2.5, max_faces=4)
    ids = {n: set() for n in range(4)}
    for step, (faces, seen) in enumerate(zip(frames, shown, strict=True)):
        boxes = {track.box: track.id for track in tracker.update(step * STEP_NS, faces, FRAME)}
        for n, found in zip(seen, faces, strict=True):
            ids[n].add(boxes[found.box])
    assert any(len(seen) < 4 for seen in shown)
    assert sorted(ids.values()) == [{1}, {2}, {3}, {4}]
