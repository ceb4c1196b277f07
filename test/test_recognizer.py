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

"""The recogniser: windows, flags, and who carries an estimate."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from readable_streams import (
    CHUNK,
    FRAME,
    HOP,
    LEFT,
    NO_FACE,
    RIGHT,
    SECOND,
    START,
    BrightnessDetector,
    Frame,
    LoudnessFeatures,
    Sound,
    arrival,
    feed,
    frames,
    in_order,
    readable_streams,  # noqa: F401 - a fixture for every test here
    recognizer,
    sounds,
)

from emotion_recognition.emotions import EMOTIONS
from emotion_recognition.estimate import Box, Flags


def test_windows_end_at_multiples_of_the_period():
    estimates = feed(recognizer(), in_order(frames(0, 6), sounds(0, 6)))
    stamps = [estimate.stamp_ns for estimate in estimates]
    first = START + SECOND  # as soon as one second is there
    first += -first % (SECOND // 4)
    assert stamps == list(range(first, first + len(stamps) * SECOND // 4, SECOND // 4))
    assert START + 5.7 * SECOND < stamps[-1] < START + 6 * SECOND


def test_publish_rate_sets_the_period():
    stamps = [e.stamp_ns for e in feed(recognizer(publish_rate=10), frames(0, 3))]
    assert {b - a for a, b in itertools.pairwise(stamps)} == {SECOND // 10}


def test_estimate_describes_itself():
    estimate = feed(recognizer(), in_order(frames(0, 5), sounds(0, 5)))[-1]
    assert estimate.labels == EMOTIONS
    assert estimate.model == "counting"
    assert estimate.emotion == "happy"
    assert estimate.window_ns == 3_600_000_000
    assert estimate.frame_id == "camera_optical"
    assert estimate.face == Box(10, 20, 40, 40)
    assert estimate.subject
    assert estimate.flags == Flags(0)
    assert sum(estimate.probabilities) == pytest.approx(1)
    assert (estimate.audio_weight, estimate.video_weight) == (0.5, 0.5)
    assert estimate.stamp_ns - SECOND // 10 < estimate.newest_ns <= estimate.stamp_ns


def test_young_windows_are_flagged_as_partial():
    estimates = feed(recognizer(), in_order(frames(0, 6), sounds(0, 6)))
    for estimate in estimates:
        age = estimate.stamp_ns - START
        partial = Flags.PARTIAL_WINDOW in estimate.flags
        if not 3.3 * SECOND < age < 3.6 * SECOND:
            assert partial == (age < 3.3 * SECOND)


def test_model_gets_what_lies_in_the_window_newest_last():
    target = recognizer()
    # The level of each chunk, and nothing else, tells when it was heard.
    levels = [Sound(START + n * CHUNK, 1 + n) for n in range(250)]
    estimates = feed(target, levels)
    for estimate, (audio, mask, _, video_mask) in zip(estimates, target.model.inputs, strict=True):
        assert not video_mask.any()
        newest = (audio[-1, 0] - 1) * CHUNK + START
        assert estimate.stamp_ns - CHUNK - HOP <= newest <= estimate.stamp_ns
        heard = audio[mask, 0]
        assert np.all(np.diff(heard) >= 0)
        oldest = (heard[0] - 1) * CHUNK + START
        assert estimate.stamp_ns - 3.6 * SECOND - CHUNK <= oldest
    assert target.model.inputs[-1][1].all()


@pytest.mark.parametrize("events", [frames(0, 6), sounds(0, 6)], ids=["video", "audio"])
def test_a_window_no_longer_than_the_data_it_needs_gives_estimates(events):
    found = feed(recognizer(window_s=1.0, min_window_s=1.0), events)
    stamps = [estimate.stamp_ns for estimate in found]
    assert stamps[0] - START < 1.3 * SECOND
    assert {b - a for a, b in itertools.pairwise(stamps)} == {SECOND // 4}


def test_shorter_window_leaves_the_older_steps_out():
    target = recognizer(window_s=1.8)
    estimate = feed(target, in_order(frames(0, 5), sounds(0, 5)))[-1]
    _, audio_mask, _, video_mask = target.model.inputs[-1]
    assert estimate.window_ns == 1_800_000_000
    assert not audio_mask[:110].any()
    assert audio_mask[115:].all()
    assert not video_mask[:16].any()
    assert video_mask[19:].all()


def test_window_waits_for_the_stream_that_lags():
    target = recognizer()
    feed(target, in_order(frames(0, 4), sounds(0, 4)))
    assert not feed(target, frames(4, 4.3))
    [estimate] = feed(target, sounds(4, 4.3))
    assert estimate.flags == Flags(0)
    assert estimate.newest_ns > estimate.stamp_ns - HOP


def test_a_window_does_not_wait_for_frames_that_nobody_wants():
    target = recognizer()
    feed(target, in_order(frames(0, 4), sounds(0, 4)))
    end_ns = 104_250_000_000
    *_, newest = seen = frames(4, 4.14)
    assert end_ns - SECOND // 20 < newest.stamp < end_ns  # of its slot, the only one wanted
    feed(target, seen)
    [estimate] = feed(target, sounds(4, 4.16))
    assert estimate.stamp_ns == end_ns


def test_faces_are_encoded_two_at_a_time_and_none_waits_beyond_an_estimate():
    target = recognizer(publish_rate=2.0)
    batches: list[int] = []
    encode_faces = target.model.encode_faces

    def counted(crops: np.ndarray) -> np.ndarray:
        batches.append(len(crops))
        return encode_faces(crops)

    target.model.encode_faces = counted
    feed(target, in_order(frames(0, 4), sounds(0, 4)))
    assert set(batches) == {1, 2}  # one alone where an estimate was due
    batches.clear()
    feed(target, frames(4, 8), never_ask=True)
    assert set(batches) == {2}


def test_wait_for_a_lagging_stream_ends_after_the_grace():
    target = recognizer()
    feed(target, in_order(frames(0, 4), sounds(0, 4)))
    newest = feed(target, frames(4, 4.9))[-1].stamp_ns
    waited_until = START + 4.9 * SECOND - 0.25 * SECOND
    assert waited_until - SECOND // 4 - FRAME <= newest <= waited_until


@settings(max_examples=15)
@given(delays=st.lists(st.integers(0, 120), min_size=7, max_size=7), seed=st.integers(0, 99))
def test_order_of_arrival_does_not_matter(delays, seed):
    """Transport delays of up to 120 ms, different for each message and stream."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "emotion_recognition.vision.stream.make_detector", lambda *_: BrightnessDetector()
        )
        patch.setattr("emotion_recognition.recognizer.stream.AudioStream", LoudnessFeatures)
        events = in_order(
            frames(0, 1.5), frames(1.5, 2, NO_FACE), frames(2, 4, RIGHT), sounds(0, 4)
        )
        rng = np.random.default_rng(seed)
        arrivals: dict[type, int] = {Frame: 0, Sound: 0}
        delayed = []
        for event in events:
            delay = 1_000_000 * int(delays[rng.integers(7)])
            # Within a stream the order is kept, as a transport does.
            arrivals[type(event)] = max(arrivals[type(event)], arrival(event) + delay)
            delayed.append((arrivals[type(event)], len(delayed), event))
        prompt = feed(recognizer(smoothing="hysteresis"), events)
        late = feed(recognizer(smoothing="hysteresis"), [event for *_, event in sorted(delayed)])
    assert late == prompt[: len(late)]
    assert len(prompt) - len(late) <= 1


@pytest.mark.parametrize(
    ("events", "flag", "weights"),
    [
        (frames(0, 5), Flags.AUDIO_STALE, (0, 1)),
        (sounds(0, 5), Flags.VIDEO_STALE, (1, 0)),
    ],
)
def test_one_stream_is_enough(events, flag, weights):
    estimate = feed(recognizer(), events)[-1]
    assert estimate.available
    assert estimate.flags == flag
    assert (estimate.audio_weight, estimate.video_weight) == weights


def test_stream_that_stops_is_left_out_and_comes_back():
    target = recognizer()
    events = in_order(frames(0, 4), frames(7, 12), sounds(0, 12))
    by_time = {(e.stamp_ns - START) / SECOND: e for e in feed(target, events)}
    for time, estimate in by_time.items():
        if 5.1 < time < 6.9:
            assert Flags.VIDEO_STALE in estimate.flags
            assert (estimate.video_weight, estimate.face, estimate.subject) == (0, None, "")
        elif time < 4.9 or time > 7.3:
            assert Flags.VIDEO_STALE not in estimate.flags
            assert estimate.video_weight > 0


def test_frames_without_a_face_leave_the_voice():
    target = recognizer()
    estimate = feed(target, in_order(frames(0, 5, NO_FACE), sounds(0, 5)))[-1]
    assert estimate.flags == Flags.NO_FACE
    assert (estimate.audio_weight, estimate.video_weight) == (1, 0)
    assert estimate.face is None


def test_face_that_just_left_still_counts_but_has_no_box():
    target = recognizer()
    estimate = feed(target, in_order(frames(0, 4), frames(4, 5, NO_FACE), sounds(0, 5)))[-1]
    assert Flags.NO_FACE not in estimate.flags
    assert estimate.video_weight > 0
    assert estimate.face is None


def test_silence_is_masked_out_of_the_window():
    target = recognizer()
    estimate = feed(target, in_order(frames(0, 5), sounds(0, 5, level=0.0)))[-1]
    assert estimate.flags == Flags.NO_SPEECH
    assert estimate.audio_weight == 0
    assert not target.model.inputs[-1][1].any()


def test_a_click_is_no_voice():
    target = recognizer()
    clicks = [*sounds(0, 4, 0.0), *sounds(4, 4.04), *sounds(4.04, 5, 0.0)]
    assert Flags.NO_SPEECH in feed(target, in_order(frames(0, 5), clicks))[-1].flags


def test_nothing_to_say_is_said_once():
    target = recognizer()
    empty = in_order(frames(0, 5, NO_FACE), sounds(0, 5, level=0.0))
    notes = feed(target, empty)
    assert len(notes) == 1
    assert not notes[0].available
    assert notes[0].flags == Flags.NO_FACE | Flags.NO_SPEECH | Flags.PARTIAL_WINDOW
    assert (notes[0].emotion, notes[0].confidence) == ("", 0)
    # Something to say, and nothing again: said once more.
    feed(target, in_order(frames(5, 6), sounds(5, 6)))
    again = feed(target, in_order(frames(6, 12, NO_FACE), sounds(6, 12, level=0.0)))
    assert sum(not estimate.available for estimate in again) == 1


def test_outage_of_both_streams_is_told_once():
    target = recognizer()
    last = feed(target, in_order(frames(0, 4), sounds(0, 4)))[-1]
    end = START + 4 * SECOND
    assert target.unavailable(end + SECOND // 2) is None
    note = target.unavailable(end + 2 * SECOND)
    assert note is not None
    assert not note.available
    assert note.flags == Flags.AUDIO_STALE | Flags.VIDEO_STALE
    assert note.stamp_ns == end + 2 * SECOND
    assert note.newest_ns >= last.newest_ns
    assert target.unavailable(end + 3 * SECOND) is None
    assert not target.estimates()
    # Back again, and gone again.
    assert feed(target, in_order(frames(8, 10), sounds(8, 10)))
    assert target.unavailable(START + 12 * SECOND) is not None


def test_streams_that_never_come_are_told_once():
    target = recognizer()
    assert target.unavailable(START) is None
    assert target.unavailable(START + 2 * SECOND) is not None
    assert target.unavailable(START + 4 * SECOND) is None


def test_two_people_are_never_mixed_in_one_window():
    target = recognizer()
    estimates = feed(target, in_order(frames(0, 4, LEFT), frames(4, 8, RIGHT), sounds(0, 8)))
    subjects = [estimate.subject for estimate in estimates]
    assert len(set(subjects)) == 2
    assert subjects == sorted(subjects, key=subjects.index)  # each once, one after the other
    for _, _, video, mask in target.model.inputs:
        shown = video[mask, 0]
        assert np.ptp(shown) == 0
    change = next(e for e in estimates if e.subject == subjects[-1])
    assert change.face == Box(200, 20, 40, 40)


def test_another_person_is_not_smoothed_into_the_first():
    target = recognizer(smoothing="exponential", smoothing_s=5.0)
    estimates = feed(target, in_order(frames(0, 4, LEFT), frames(4, 6, RIGHT), sounds(0, 6)))
    index = next(n for n, e in enumerate(estimates) if e.subject != estimates[0].subject)
    np.testing.assert_allclose(estimates[index].probabilities, target.model.probabilities[index])
    assert not np.allclose(
        estimates[index - 1].probabilities, target.model.probabilities[index - 1]
    )
