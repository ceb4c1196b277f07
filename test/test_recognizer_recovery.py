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

"""The recogniser under faults: jumps, gaps, late and mad input, load, wrong settings."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from readable_streams import (
    CHUNK,
    FRAME,
    LEFT,
    NO_FACE,
    RIGHT,
    SECOND,
    START,
    BrightnessDetector,
    CountingModel,
    Frame,
    LoudnessFeatures,
    Sound,
    feed,
    frames,
    in_order,
    readable_streams,  # noqa: F401 - a fixture for every test here
    recognizer,
    sounds,
)

from emotion_recognition.estimate import Estimate, Flags
from emotion_recognition.model.checkpoint import CheckpointError
from emotion_recognition.recognizer import Recognizer, RecognizerConfig
from emotion_recognition.recognizer.clock import Abandoned, OldTime
from emotion_recognition.vision.stream import VisionConfig


def test_jump_back_in_time_starts_afresh():
    target = recognizer()
    events = in_order(frames(0, 5), sounds(0, 5))
    first = feed(target, events)
    second = feed(target, events)  # a bag that loops
    assert target.status().clock_jumps >= 1
    assert [e.stamp_ns for e in second] == [e.stamp_ns for e in first]
    assert [e.probabilities for e in second] == [e.probabilities for e in first]
    assert [e.flags for e in second] == [e.flags for e in first]


@pytest.mark.parametrize("left_over", ["sounds", "frames"])
@pytest.mark.parametrize("back_s", [3, 60])
def test_what_is_left_over_from_before_a_jump_back_is_passed_over(left_over: str, back_s: int):
    """The streams' messages come by ways of their own, so they do not jump at the same moment."""
    before = in_order(frames(back_s, back_s + 5), sounds(back_s, back_s + 5))
    after = in_order(frames(0, 5), sounds(0, 5))
    late = [e for e in before if isinstance(e, Sound) == (left_over == "sounds")][-12:]
    early = [e for e in after if e.stamp < START + SECOND // 4 and type(e) is not type(late[0])]
    target = recognizer()
    found = feed(target, [e for e in before if e not in late])
    found += feed(target, early + late + [e for e in after if e not in early])
    alone = feed(recognizer(), after)
    assert target.status().clock_jumps == 1
    assert [e.stamp_ns for e in found[-len(alone) :]] == [e.stamp_ns for e in alone]
    assert [e.flags for e in found[-len(alone) :]] == [e.flags for e in alone]
    assert all(e.stamp_ns > START + back_s * SECOND for e in found[: -len(alone)])


@pytest.mark.parametrize("ahead_s", [60, 10**9])
@pytest.mark.parametrize("ahead", ["frames", "sounds"])
def test_a_stream_that_ends_far_ahead_does_not_silence_the_other(ahead: str, ahead_s: int):
    """Its clock was wrong, and nobody says so: no window of the other would be due for long."""
    make, others = (frames, sounds) if ahead == "frames" else (sounds, frames)
    last = make(ahead_s + 4, ahead_s + 4.1)
    target = recognizer()
    feed(target, [*in_order(frames(0, 4), sounds(0, 4)), *last])
    found = feed(target, others(4, 18))
    assert target.status().clock_jumps == 1
    ends = [(each.stamp_ns - START) / SECOND for each in found]
    assert ends[0] < 15.5 and ends[-1] > 17.7
    assert np.diff(ends) == pytest.approx(0.25)


@pytest.mark.parametrize(
    ("stamp_s", "arrived_s", "left_over"),
    [
        (100.0, 1.0, True),  # of the time before
        (42.0, 1.0, True),
        (39.9, 1.0, False),  # within a second of the clock
        (30.0, 1.0, False),
        (100.0, 10.9, True),
        (100.0, 11.2, False),  # whoever goes on so has a clock of its own
    ],
)
def test_what_lies_ahead_of_a_clock_that_was_set_back_is_left_over_for_ten_seconds(
    stamp_s: float, arrived_s: float, left_over: bool
):
    old = OldTime()
    assert not old.is_left_over(100 * SECOND, 100 * SECOND, 0.0)
    assert not old.is_left_over(39 * SECOND, 39 * SECOND, 1.0)  # set back by 62 s
    now = 39 * SECOND + round((arrived_s - 1) * SECOND)
    stamp = round(stamp_s * SECOND) + now - 39 * SECOND
    assert old.is_left_over(stamp, now, arrived_s) == left_over


def test_a_clock_that_runs_at_another_rate_was_not_set_back():
    """A recording that is played at half its speed, by its clock, and a camera that is ahead."""
    old = OldTime()
    for frame in range(300):
        now = frame * SECOND // 60
        assert not old.is_left_over(now + 5 * SECOND, now, frame / 30)


def test_sources_that_are_gone_are_not_remembered():
    sources = Abandoned()
    for number in range(100):
        sources.note(f"face_{number}", START, {None: START, f"face_{number}": START})
        sources.note(None, START, {None: START, f"face_{number}": START})
    assert len(sources) <= 2


def test_sound_that_a_link_held_back_is_no_jump():
    target = recognizer()
    feed(target, in_order(frames(0, 12), sounds(0, 4)))
    feed(target, sounds(4, 12))  # all at once
    found = feed(target, in_order(frames(12, 14), sounds(12, 14)))
    assert target.status().clock_jumps == 0
    assert Flags.AUDIO_STALE not in found[-1].flags


def test_clocks_that_are_apart_are_no_jump_as_long_as_both_go_on():
    target = recognizer()
    both = zip(frames(60, 65), sounds(0, 5), strict=False)
    feed(target, [event for pair in both for event in pair])
    assert target.status().clock_jumps == 0


def test_a_stream_that_keeps_to_its_time_is_heard_again_after_a_second():
    """One clock was set back, that of the camera: the sound's goes on."""
    target = recognizer()
    feed(target, in_order(frames(60, 65), sounds(60, 65)))
    both = zip(frames(0, 4), sounds(65, 69), strict=False)
    feed(target, [event for pair in both for event in pair])
    assert target.status().newest_audio_ns > START + 67 * SECOND


def test_gap_longer_than_the_window_empties_it():
    target = recognizer()
    feed(target, in_order(frames(0, 4), sounds(0, 4)))
    after = feed(target, in_order(frames(10, 12), sounds(10, 12)))
    assert target.status().gaps == 2
    assert not [e for e in after if START + 4.3 * SECOND < e.stamp_ns < START + 11 * SECOND]
    assert Flags.PARTIAL_WINDOW in after[-1].flags
    assert not target.model.inputs[-1][1][:80].any()


def test_pause_gives_no_estimates_of_its_own():
    target = recognizer()
    before = feed(target, in_order(frames(0, 4), sounds(0, 4)))
    after = feed(target, in_order(frames(6, 8), sounds(6, 8)))
    inside = [e for e in after if START + 4.5 * SECOND < e.stamp_ns < START + 6 * SECOND]
    assert before
    assert not inside


def test_one_mad_stamp_does_no_lasting_harm():
    target = recognizer()
    feed(target, in_order(frames(0, 4), sounds(0, 4)))
    assert not feed(target, [Frame(START + 10**18)])  # decades ahead
    after = feed(target, in_order(frames(4, 8), sounds(4, 8)))
    assert after[-1].flags == Flags(0) or after[-1].flags == Flags.PARTIAL_WINDOW
    assert after[-1].stamp_ns > START + 7.5 * SECOND


def test_late_and_duplicate_frames_are_left_out():
    target = recognizer()
    clean = feed(recognizer(), frames(0, 4))
    events = [event for frame in frames(0, 4) for event in (frame, frame)]
    events.insert(60, Frame(events[50].stamp + 1, RIGHT))
    assert repr(feed(target, events)) == repr(clean)  # unknown numbers are not equal
    assert target.status().cameras[0].late_frames == len(events) - 120


def test_late_sound_is_sorted_in():
    events = sounds(0, 4)
    swapped = events.copy()
    swapped[100], swapped[101] = swapped[101], swapped[100]
    target = recognizer()
    estimates = feed(target, swapped)
    assert estimates[-1].available
    stamps = [estimate.stamp_ns for estimate in estimates]
    assert stamps == sorted(set(stamps))


def test_each_face_is_encoded_once():
    target = recognizer()
    estimates = feed(target, in_order(frames(0, 6), sounds(0, 6)))
    assert target.model.encoded == target.status().faces
    assert 58 <= target.model.encoded <= 61  # 10 Hz, however many windows hold them
    assert len(estimates) > 15


def test_low_confidence_is_withheld():
    events = frames(0, 5)
    assert Flags.WITHHELD in feed(recognizer(withhold_below=0.95), events)[-1].flags
    assert Flags.WITHHELD not in feed(recognizer(withhold_below=0.5), events)[-1].flags


def test_what_is_published_decides_whether_it_is_withheld():
    """The smoothed confidence counts: hysteresis makes it another than the network's."""
    target = recognizer(smoothing="hysteresis", withhold_below=0.6)
    estimates = feed(target, frames(0, 5))
    raw = [max(probabilities) for probabilities in target.model.probabilities]
    assert any(
        estimate.confidence < 0.6 <= own for estimate, own in zip(estimates, raw, strict=True)
    )
    for estimate in estimates:
        assert (Flags.WITHHELD in estimate.flags) == (estimate.confidence < 0.6)
        assert estimate.emotion == "happy"  # the label is given all the same
        assert sum(estimate.probabilities) == pytest.approx(1)


def test_gap_starts_the_smoothing_anew():
    target = recognizer(smoothing="hysteresis")
    first = feed(target, frames(0, 1.5))[0]
    again = feed(target, frames(20, 21.5))[0]
    assert again.probabilities == first.probabilities


def test_valence_and_arousal_are_smoothed_unless_nothing_is():
    class Moody(CountingModel):
        def predict(self, *streams):
            return replace(super().predict(*streams), valence=float(len(self.inputs)))

    for method, expected in (("none", 2.0), ("hysteresis", 2 - math.exp(-0.5))):
        target = Recognizer(RecognizerConfig(smoothing=method), Moody())
        second = feed(target, frames(0, 2))[1]
        assert second.valence == pytest.approx(expected)
        assert math.isnan(second.intensity)  # unknown without sound


def test_broken_parameters_of_the_smoothing_are_named(tmp_path, monkeypatch):
    file = tmp_path / "smoother.json"
    file.write_text("{}")
    monkeypatch.setattr("emotion_recognition.smoothing.PARAMETERS_FILE", file)
    with pytest.raises(CheckpointError, match=r"smoother\.json: no usable parameters"):
        recognizer(smoothing="hysteresis")
    recognizer(smoothing="exponential")


def test_smoothing_follows_sensor_time():
    events = frames(0, 4)
    target = recognizer(smoothing="exponential", smoothing_s=0.5)
    smoothed = feed(target, events)
    weight = 1 - math.exp(-0.25 / 0.5)
    expected = target.model.probabilities[0]
    for estimate, raw in zip(smoothed, target.model.probabilities, strict=True):
        expected = expected + weight * (raw - expected)
        np.testing.assert_allclose(estimate.probabilities, expected)


def test_latest_only_passes_over_what_is_late():
    target = recognizer()
    events = in_order(frames(0, 6), sounds(0, 6))
    every = feed(recognizer(), events)
    feed(target, events[:1])
    for event in events[1:]:
        if isinstance(event, Sound):
            target.add_audio(event.chunk)
        elif target.wants_frame(event.stamp):
            target.add_frame(event.stamp, np.full((240, 320, 3), LEFT, np.uint8), "camera_optical")
    [newest] = target.estimates(latest_only=True)
    assert newest.stamp_ns == every[-1].stamp_ns
    assert newest.probabilities == every[-1].probabilities
    # The buffers reach back 6.6 s; windows with less than a second of data were never due.
    assert target.status().dropped_estimates == len(every) - 1


def test_frames_may_be_added_without_asking():
    target = recognizer()
    for frame in frames(0, 3)[::3]:
        target.add_frame(frame.stamp, np.full((240, 320, 3), LEFT, np.uint8))
    assert target.estimates()[-1].available


def test_memory_stays_bounded():
    target = recognizer()
    feed(target, in_order(frames(0, 30), sounds(0, 30)))
    assert len(target._audio) < 7 * 62.5
    assert len(target._cameras[""].buffer) < 7 * 11
    assert target.status().dropped_samples == 0


def test_status_counts():
    target = recognizer()
    feed(target, in_order(frames(0, 2), sounds(0, 4)))
    status = target.status()
    assert status.frames == 60
    assert status.audio_chunks == 200
    assert status.audio_fill == 1
    assert status.cameras[0].fill == pytest.approx(1.9 / 3.6, abs=0.05)
    assert status.cameras[0].newest_ns == START + 59 * FRAME
    assert status.newest_audio_ns == START + 4 * SECOND


def test_reset_forgets_but_keeps_counting():
    target = recognizer()
    feed(target, in_order(frames(0, 4), sounds(0, 4)))
    target.reset()
    assert target.estimates() == []
    assert target.status().newest_audio_ns is None
    assert target.status().frames == 120


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("window_s", 4.0),
        ("window_s", 0.1),
        ("publish_rate", 0.0),
        ("publish_rate", math.nan),
        ("min_window_s", 3.7),
        ("stale_after_s", 0.0),
        ("smoothing", "kalman"),
        ("smoothing_s", -1.0),
        ("withhold_below", 1.1),
    ],
)
def test_settings_out_of_range_are_refused(name, value):
    with pytest.raises(ValueError, match=f"{name} is .*allowed: "):
        RecognizerConfig(**{name: value})


def test_staleness_must_outlast_the_time_between_two_faces():
    slow = VisionConfig(face_rate=1.0)
    with pytest.raises(ValueError, match="stale_after_s is 1"):
        RecognizerConfig(vision=slow)
    assert replace(RecognizerConfig(), vision=slow, stale_after_s=2.0).stale_after_s == 2


@settings(max_examples=15)
@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from(["frames", "sounds", "both"]),
            st.sampled_from([0, 0, 0, 1, 3, 20, -1, -30, 100_000]),  # seconds from the last stamp
            st.integers(1, 15),  # tenths of a second that follow
            st.sampled_from([NO_FACE, LEFT, RIGHT]),
            st.sampled_from([0.0, 0.5]),
        ),
        max_size=7,
    )
)
def test_whatever_comes_estimates_are_sound(steps):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "emotion_recognition.vision.stream.make_detector", lambda *_: BrightnessDetector()
        )
        patch.setattr("emotion_recognition.recognizer.stream.AudioStream", LoudnessFeatures)
        target = recognizer()
        now = START
        previous: Estimate | None = None
        jumps = 0
        for kind, jump, tenths, brightness, level in steps:
            now += jump * SECOND
            count = tenths * 3
            shown = [Frame(now + n * FRAME, brightness) for n in range(count)]
            heard = [Sound(now + n * CHUNK, level) for n in range(5 * tenths)]
            events = {"frames": shown, "sounds": heard, "both": in_order(shown, heard)}[kind]
            now += tenths * SECOND // 10
            for estimate in feed(target, events):
                check_soundness(estimate)
                if previous is not None and target.status().clock_jumps == jumps:
                    assert estimate.stamp_ns > previous.stamp_ns
                    assert estimate.available or previous.available
                previous, jumps = estimate, target.status().clock_jumps


def check_soundness(estimate: Estimate) -> None:
    assert estimate.stamp_ns % (SECOND // 4) == 0
    assert estimate.stamp_ns - SECOND < estimate.newest_ns <= estimate.stamp_ns
    unheard = estimate.flags & (Flags.AUDIO_STALE | Flags.NO_SPEECH)
    unseen = estimate.flags & (Flags.VIDEO_STALE | Flags.NO_FACE)
    assert estimate.available == (not (unheard and unseen))
    if estimate.available:
        assert sum(estimate.probabilities) == pytest.approx(1)
        assert (estimate.audio_weight == 0) == bool(unheard)
        assert (estimate.video_weight == 0) == bool(unseen)
        assert bool(estimate.subject) != bool(unseen)
