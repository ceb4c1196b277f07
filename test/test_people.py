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

"""Several people: whose estimate, whose voice, who is new and who has left."""

import copy
import itertools
from collections import Counter

import numpy as np
import pytest
from painted_people import (
    STILL,
    UNSEEN,
    BatchModel,
    paint,
    painted_people,  # noqa: F401 - a fixture for every test here
    people,
    talking,
    watch,
)
from readable_streams import SECOND, START, readable_streams  # noqa: F401 - likewise

from emotion_recognition.estimate import Box, Estimate, Flags
from emotion_recognition.recognizer import Recognizer
from emotion_recognition.settings import ParameterError
from emotion_recognition.settings.emotion_node import cameras_from
from emotion_recognition.vision.stream import MOST_FACES, VisionConfig

LEFT, RIGHT = 60, 400


def windows(estimates: list[Estimate]) -> list[dict[str, Estimate]]:
    """The estimates of each window by subject."""
    grouped = itertools.groupby(estimates, key=lambda each: each.stamp_ns)
    return [{each.subject: each for each in group} for _, group in grouped]


def both(count: int, left: int = STILL, right: int = STILL) -> list[np.ndarray]:
    """Two people; a brightness of 0 speaks."""
    return [
        paint((LEFT, left or talking(index)), (RIGHT, right or talking(index)))
        for index in range(count)
    ]


def test_each_face_has_an_estimate_of_its_own_in_every_window():
    last = windows(watch(people(), both(40)))[-1]
    assert list(last) == ["1", "2"]
    assert {each.face for each in last.values()} == {Box(LEFT, 80, 60, 60), Box(RIGHT, 80, 60, 60)}
    for each in last.values():
        assert each.available
        assert (each.audio_weight, each.video_weight) == (0, 1)
        assert each.flags == Flags.AUDIO_STALE
        assert each.frame_id == "eye"
    assert len({each.stamp_ns for each in last.values()}) == 1


def test_with_one_face_allowed_there_is_one_and_no_landmark_is_sought(monkeypatch):
    def fail(*_):
        raise AssertionError("landmarks were sought")

    monkeypatch.setattr("emotion_recognition.vision.stream.LandmarkFinder", fail)
    found = windows(watch(people(1), both(40, left=0), voice=[0.5] * 40))
    assert {len(window) for window in found} == {1}
    assert len({name for window in found for name in window}) == 1
    assert all(each.audio_weight == 0.5 for each in found[-1].values())


def test_the_voice_goes_to_the_face_that_speaks():
    target = people()
    last = windows(watch(target, both(40, right=0), voice=[0.5] * 40))[-1]
    weights = {name: (each.audio_weight, each.video_weight) for name, each in last.items()}
    speaker = next(name for name, each in last.items() if each.face and each.face.x == RIGHT)
    listener = next(name for name in last if name != speaker)
    assert weights == {speaker: (0.5, 0.5), listener: (0, 1)}
    assert last[listener].flags == Flags(0)  # a voice is there, but it is not theirs
    # The network hears the whole voice with the one face, and nothing with the other.
    masks = [audio_mask for _, audio_mask, _, _ in target.model.inputs[-2:]]
    assert sorted(mask.sum() for mask in masks) == [0, 225]


def test_of_two_who_take_turns_each_is_heard_alone():
    turns = both(25, left=0) + both(25, right=0)
    target = people()
    found = windows(watch(target, turns, voice=[0.5] * 50))
    names = {each.face.x: name for name, each in found[-1].items() if each.face}
    by_time = {each.stamp_ns - START: window for window in found for each in window.values()}
    early = next(window for time, window in by_time.items() if 2.2 <= time / SECOND < 2.5)
    assert early[names[LEFT]].audio_weight > 0 == early[names[RIGHT]].audio_weight
    both_heard = next(window for time, window in by_time.items() if 3.9 <= time / SECOND < 4.2)
    assert all(each.audio_weight > 0 for each in both_heard.values())
    first, second = (mask for _, mask, _, _ in target.model.inputs[-2:])
    assert not (first & second).any() and (first | second).all()


def test_a_voice_of_nobody_in_view_has_an_estimate_of_its_own():
    last = windows(watch(people(), both(40), voice=[0.5] * 40))[-1]
    assert list(last) == ["1", "2", ""]
    for subject in ("1", "2"):
        assert (last[subject].audio_weight, last[subject].video_weight) == (0, 1)
    unseen = last[""]
    assert (unseen.audio_weight, unseen.video_weight, unseen.face) == (1, 0, None)
    assert unseen.flags == Flags(0)


def test_a_word_of_somebody_unseen_is_left_out():
    voice = [0.0] * 30 + [0.5] * 6 + [0.0] * 4
    last = windows(watch(people(), both(40), voice))[-1]
    assert list(last) == ["1", "2"]
    assert all(each.audio_weight == 0 and each.flags == Flags(0) for each in last.values())


@pytest.mark.parametrize(("brightness", "theirs"), [(0, True), (UNSEEN, True), (STILL, False)])
def test_one_person_alone_is_heard_unless_the_mouth_stays_still(brightness, theirs):
    images = [paint((LEFT, brightness or talking(index))) for index in range(40)]
    last = windows(watch(people(), images, voice=[0.5] * 40))[-1]
    assert list(last) == (["1"] if theirs else ["1", ""])
    assert (last["1"].audio_weight > 0) == theirs


def test_an_empty_room_with_a_voice():
    [unseen] = windows(watch(people(), [paint()] * 40, voice=[0.5] * 40))[-1].values()
    assert (unseen.subject, unseen.audio_weight, unseen.flags) == ("", 1, Flags.NO_FACE)


def test_an_empty_silent_room_is_said_once():
    [note] = watch(people(), [paint()] * 60, voice=[0.0] * 60)
    assert not note.available
    assert note.flags == Flags.NO_FACE | Flags.NO_SPEECH | Flags.PARTIAL_WINDOW


def test_a_newcomer_is_judged_after_the_shortest_window_and_flagged_as_partial():
    images = both(0) + [paint((LEFT, STILL))] * 40 + both(60)
    found = windows(watch(people(), images))
    ages = {
        window["2"].stamp_ns - START - 4 * SECOND: window["2"] for window in found if "2" in window
    }
    assert SECOND <= min(ages) < 1.5 * SECOND
    for age, estimate in ages.items():
        if not 3.3 * SECOND < age < 3.8 * SECOND:
            assert (Flags.PARTIAL_WINDOW in estimate.flags) == (age < 3.5 * SECOND)
    assert all("1" in window for window in found)


def test_who_leaves_is_told_of_no_longer_than_the_gap():
    images = both(40) + [paint((LEFT, STILL))] * 40
    found = windows(watch(people(), images))
    names = {each.face.x: name for name, each in found[-1].items() if each.face}
    gone = next(name for name in found[5] if name != names[LEFT])
    last = max(window[gone].stamp_ns for window in found if gone in window)
    assert 0.7 * SECOND <= last - (START + 3.9 * SECOND) <= SECOND
    assert found[-1].keys() == {names[LEFT]}


def test_who_is_hidden_for_a_moment_keeps_the_number_but_has_no_box():
    images = both(30) + [paint((LEFT, STILL))] * 6 + both(20)
    found = windows(watch(people(), images))
    assert {name for window in found for name in window} == {"1", "2"}
    assert any(each.face is None for window in found for each in window.values())
    assert all(each.face for each in found[-1].values())


def test_never_more_faces_than_allowed():
    crowd = [paint(*((20 + 100 * place, STILL) for place in range(6)))] * 30
    for most in (2, 3, 6):
        target = people(most)
        assert {len(window) for window in windows(watch(target, crowd))} == {most}
        assert target.model.encoded == 30 * most


def test_faces_and_windows_go_through_the_networks_together():
    target = people()
    found = windows(watch(target, both(40)))
    assert isinstance(target.model, BatchModel)
    assert target.model.window_batches == [len(window) for window in found]
    assert target.model.encoded == 80  # each face once
    # Two faces in each of the frames that waited.
    assert set(target.model.face_batches) == {2, 4}  # two frames wait, or one until an estimate


def test_each_is_smoothed_on_their_own():
    alone, paired = people(smoothing="exponential"), people(smoothing="exponential")
    one = windows(watch(alone, [paint((LEFT, STILL))] * 60))
    two = windows(watch(paired, [paint((LEFT, STILL))] * 20 + both(40)))
    for single, double in zip(one, two, strict=True):
        assert single["1"].probabilities == double["1"].probabilities


def test_the_same_input_gives_the_same_estimates():
    images, voice = both(25, left=0) + both(25, right=0), [0.5] * 50
    assert repr(watch(people(), images, voice)) == repr(watch(people(), images, voice))


def test_hundreds_of_passers_by_leave_nothing_behind():
    """Two at a time; each crosses the image in 1.2 s and is gone."""
    target = people(2)
    subjects: Counter[str] = Counter()
    most_filters = 0
    empty = [paint()] * 11  # for longer than max_face_gap_s
    for pair in range(110):
        images = [
            paint((20 + 15 * step, STILL), (360 + 15 * step, talking(step))) for step in range(12)
        ]
        begin = START + pair * (len(images) + len(empty)) * SECOND // 10
        for estimate in watch(target, images + empty, [0.5] * 12, begin):
            subjects[estimate.subject] += 1
        most_filters = max(most_filters, len(target._judge._steadying))
    camera = target._cameras[""]
    assert len(subjects) > 200
    assert most_filters <= 8  # those of the subjects in one window
    assert len(camera._stream._tracker._states) <= 2
    assert len(camera.buffer) <= 70
    assert target.status().dropped_samples == 0


def cameras(front: list[np.ndarray], rear: list[np.ndarray]) -> list[dict[str, np.ndarray]]:
    return [{"front": a, "rear": b} for a, b in zip(front, rear, strict=True)]


def test_subjects_of_several_cameras_are_told_apart():
    target = people(cameras=("front", "rear"))
    found = windows(watch(target, cameras(both(40), [paint((200, STILL))] * 40)))
    assert list(found[-1]) == ["front/1", "front/2", "rear/1"]
    assert [each.frame_id for each in found[-1].values()] == ["eye front", "eye front", "eye rear"]
    assert target.model.window_batches[-1] == 3
    assert [camera.name for camera in target.status().cameras] == ["front", "rear"]
    assert target.status().frames == 80
    assert [len(target.faces(name)) for name in ("front", "rear")] == [2, 1]


def test_the_voice_goes_to_the_speaker_of_any_camera():
    target = people(1, cameras=("front", "rear"))
    speaking = [paint((LEFT, talking(index))) for index in range(40)]
    images = cameras([paint((LEFT, STILL))] * 40, speaking)
    last = windows(watch(target, images, voice=[0.5] * 40))[-1]
    assert {name: each.audio_weight for name, each in last.items()} == {"front/1": 0, "rear/1": 0.5}


def test_a_camera_that_stops_does_not_hold_up_the_other():
    target = people(cameras=("front", "rear"))
    shown = [paint((LEFT, STILL))]
    images = cameras(shown * 30, shown * 30) + [{"front": shown[0]}] * 40
    found = windows(watch(target, images))
    assert list(found[-1]) == ["front/1"]
    assert found[-1]["front/1"].stamp_ns > START + 6.5 * SECOND
    assert found[-1]["front/1"].flags == Flags.AUDIO_STALE
    assert target.unavailable(START + 7 * SECOND) is None


def test_a_clock_set_back_on_one_camera_starts_all_afresh():
    target = people(cameras=("front", "rear"))
    shown = [paint((LEFT, STILL))]
    watch(target, cameras(shown * 30, shown * 30))
    target.wants_frame(START - 100 * SECOND, "rear")
    assert target.status().clock_jumps == 1
    assert all(camera.fill == 0 for camera in target.status().cameras)


def test_cameras_need_names_that_differ():
    with pytest.raises(ValueError, match="expected names that differ"):
        people(cameras=("front", "front"))


@pytest.mark.parametrize("count", [0, MOST_FACES + 1])
def test_a_number_of_faces_out_of_range_is_refused(count):
    with pytest.raises(ValueError, match=f"max_faces is {count}; allowed: 1 to 16"):
        VisionConfig(max_faces=count)


def test_windows_passed_over_do_not_change_what_follows():
    """A machine that is late skips windows; whose voice it is does not hang on them."""
    images, voice = both(30, left=0) + both(30, right=0), [0.5] * 60
    every, late = people(), people()
    expected = windows(watch(every, images, voice))[-1]
    estimates = late.estimates
    late.estimates = list  # type: ignore[method-assign]
    watch(late, images, voice)
    newest = windows(estimates(latest_only=True))[-1]
    assert {name: each.audio_weight for name, each in newest.items()} == {
        name: each.audio_weight for name, each in expected.items()
    }
    assert isinstance(late, Recognizer) and copy.copy(late.status()).dropped_estimates > 10


def test_cameras_are_read_from_a_parameter():
    assert cameras_from("") == {"": "image"}
    assert cameras_from(" front = /f/image, rear=r/image ") == {
        "front": "/f/image",
        "rear": "r/image",
    }


@pytest.mark.parametrize(
    "text", ["front", "front=", "=/f/image", "a=/x,a=/y", "2nd=/x", "a b=/x", "a=/x,"]
)
def test_cameras_that_are_no_pairs_are_refused(text):
    with pytest.raises(ParameterError, match=r"'cameras' is .*expected NAME=TOPIC"):
        cameras_from(text)
