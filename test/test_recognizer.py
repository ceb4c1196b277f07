"""The recogniser's windows, flags and recoveries, with a detector and a model that can be read."""

import itertools
import math
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emotion_recognition.audio.chunk import AudioChunk
from emotion_recognition.audio.features import FEATURE_SIZE, FEATURES
from emotion_recognition.audio.stream import AudioFeatures
from emotion_recognition.emotions import EMOTIONS
from emotion_recognition.estimate import Box, Estimate, Flags
from emotion_recognition.model.emotion_model import AUDIO_STEPS, VIDEO_STEPS, Prediction
from emotion_recognition.recognizer import Recognizer, RecognizerConfig
from emotion_recognition.vision.detect import Detection
from emotion_recognition.vision.stream import VisionConfig

SECOND = 1_000_000_000
FRAME = SECOND // 30
CHUNK = SECOND // 50
HOP = 16_000_000
START = 100 * SECOND + 123_456_789  # windows must not depend on where the streams begin
NO_FACE, LEFT, RIGHT = 0, 50, 200  # brightness of a frame: who is in it


class BrightnessDetector:
    """Finds a face on the left of a dark frame, on the right of a bright one, none in black."""

    name = "brightness"

    def detect(self, image: np.ndarray) -> list[Detection]:
        if image.max() == NO_FACE:
            return []
        return [Detection(Box(10 if image.max() == LEFT else 200, 20, 40, 40), 1.0, None)]


class LoudnessFeatures:
    """Frames every 16 ms; the speech column says whether the chunk is loud, column 0 its value."""

    def __init__(self, config: object = None) -> None:
        self.reset()

    def reset(self) -> None:
        self._next_ns: int | None = None

    def add(self, chunk: AudioChunk) -> AudioFeatures:
        begin, end = chunk.stamp_ns, chunk.stamp_ns + CHUNK
        if self._next_ns is None or abs(begin - self._next_ns) > SECOND:
            self._next_ns = begin + HOP
        stamps = list(range(self._next_ns, end + 1, HOP))
        self._next_ns += HOP * len(stamps)
        values = np.zeros((len(stamps), FEATURE_SIZE), np.float32)
        values[:, 0] = chunk.samples.max()
        values[:, FEATURES["speech"]] = chunk.samples.max() > 0
        return AudioFeatures(np.array(stamps, np.int64), values)


class CountingModel:
    """The more face vectors fill the window, the more 'happy'; keeps what it was given."""

    labels = EMOTIONS
    id = "counting"

    def __init__(self) -> None:
        self.encoded = 0
        self.inputs: list[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]] = []
        self.probabilities: list[np.ndarray] = []

    def encode_faces(self, crops: np.ndarray) -> np.ndarray:
        self.encoded += len(crops)
        return np.repeat(crops.mean(axis=(1, 2))[:, None], 128, axis=1).astype(np.float32)

    def predict(self, audio, audio_mask, video, video_mask) -> Prediction:
        assert audio.shape == (AUDIO_STEPS, FEATURE_SIZE)
        assert video.shape == (VIDEO_STEPS, 128)
        assert audio_mask.any() or video_mask.any()
        self.inputs.append((audio, audio_mask, video, video_mask))
        happy = 0.4 + 0.5 * float(video_mask.mean())
        probabilities = np.full(8, (1 - happy) / 7)
        probabilities[EMOTIONS.index("happy")] = happy
        self.probabilities.append(probabilities)
        heard, seen = float(audio_mask.any()), float(video_mask.any())
        total = heard + seen
        intensity = 0.5 if heard else math.nan
        return Prediction(probabilities, 0.1, 0.2, intensity, heard / total, seen / total)


@dataclass(frozen=True)
class Frame:
    stamp: int
    brightness: int = LEFT


@dataclass(frozen=True)
class Sound:
    stamp: int
    level: float = 0.5

    @property
    def chunk(self) -> AudioChunk:
        return AudioChunk(self.stamp, 16_000, np.full((320, 1), self.level, np.float32))


def frames(begin: float, end: float, brightness: int = LEFT) -> list[Frame]:
    """Frames at 30 Hz from ``begin`` to ``end``, seconds after START."""
    return [Frame(START + n * FRAME, brightness) for n in range(int(begin * 30), int(end * 30))]


def sounds(begin: float, end: float, level: float = 0.5) -> list[Sound]:
    return [Sound(START + n * CHUNK, level) for n in range(int(begin * 50), int(end * 50))]


def arrival(event: Frame | Sound) -> int:
    return event.stamp + (CHUNK if isinstance(event, Sound) else 0)


def in_order(*streams: list) -> list:
    return sorted((event for stream in streams for event in stream), key=arrival)


@pytest.fixture(autouse=True)
def readable_streams(monkeypatch):
    monkeypatch.setattr(
        "emotion_recognition.vision.stream.make_detector", lambda *_: BrightnessDetector()
    )
    monkeypatch.setattr("emotion_recognition.recognizer.stream.AudioStream", LoudnessFeatures)


def recognizer(**settings) -> Recognizer:
    return Recognizer(RecognizerConfig(**{"smoothing_s": 0.0, **settings}), CountingModel())


def feed(target: Recognizer, events: list, latest_only: bool = False) -> list[Estimate]:
    found = []
    for event in events:
        if isinstance(event, Sound):
            target.add_audio(event.chunk)
        elif target.wants_frame(event.stamp):
            image = np.full((240, 320, 3), event.brightness, np.uint8)
            target.add_frame(event.stamp, image, "camera_optical")
        found += target.estimates(latest_only)
    return found


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


def test_wait_for_a_lagging_stream_ends_after_the_grace():
    target = recognizer()
    feed(target, in_order(frames(0, 4), sounds(0, 4)))
    newest = feed(target, frames(4, 4.9))[-1].stamp_ns
    waited_until = START + 4.9 * SECOND - 0.25 * SECOND
    assert waited_until - SECOND // 4 - FRAME <= newest <= waited_until


@settings(max_examples=15, deadline=None)
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
        prompt = feed(recognizer(smoothing_s=0.5), events)
        late = feed(recognizer(smoothing_s=0.5), [event for *_, event in sorted(delayed)])
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
    target = recognizer(smoothing_s=5.0)
    estimates = feed(target, in_order(frames(0, 4, LEFT), frames(4, 6, RIGHT), sounds(0, 6)))
    index = next(n for n, e in enumerate(estimates) if e.subject != estimates[0].subject)
    np.testing.assert_allclose(estimates[index].probabilities, target.model.probabilities[index])
    assert not np.allclose(
        estimates[index - 1].probabilities, target.model.probabilities[index - 1]
    )


def test_jump_back_in_time_starts_afresh():
    target = recognizer()
    events = in_order(frames(0, 5), sounds(0, 5))
    first = feed(target, events)
    second = feed(target, events)  # a bag that loops
    assert target.status().clock_jumps >= 1
    assert [e.stamp_ns for e in second] == [e.stamp_ns for e in first]
    assert [e.probabilities for e in second] == [e.probabilities for e in first]
    assert [e.flags for e in second] == [e.flags for e in first]


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
    assert target.status().late_frames == len(events) - 120


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


def test_smoothing_follows_sensor_time():
    events = frames(0, 4)
    target = recognizer(smoothing_s=0.5)
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
    assert len(target._audio.buffer) < 7 * 62.5
    assert len(target._video.buffer) < 7 * 11
    assert target.status().dropped_samples == 0


def test_status_counts():
    target = recognizer()
    feed(target, in_order(frames(0, 2), sounds(0, 4)))
    status = target.status()
    assert status.frames == 60
    assert status.audio_chunks == 200
    assert status.audio_fill == 1
    assert status.video_fill == pytest.approx(1.9 / 3.6, abs=0.05)
    assert status.newest_video_ns == START + 59 * FRAME
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


@settings(max_examples=15, deadline=None)
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
