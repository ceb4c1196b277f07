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

"""The worker's thread, with a recogniser that only notes what it is given. Needs no ROS."""

import threading
import time
from collections.abc import Iterator
from types import SimpleNamespace

import numpy as np
import pytest

from emotion_recognition.audio.chunk import AudioChunk
from emotion_recognition.audio.messages import AudioFormat
from emotion_recognition.estimate import Estimate
from emotion_recognition.nodes.emotion import worker
from emotion_recognition.nodes.emotion.worker import Worker
from emotion_recognition.recognizer import RecognizerConfig
from emotion_recognition.recognizer.inbox import Inbox, Item, Kind

SECOND_NS = 1_000_000_000


class FakeRecognizer:
    def __init__(self) -> None:
        self.frames: list[tuple[int, np.ndarray, str, str]] = []
        self.chunks: list[AudioChunk] = []
        self.asked_at: list[int] = []
        self.wanted = True
        self.due: list[Estimate] = []
        self.fail = False
        self.resets = 0
        self.threads: set[str] = set()
        self.config = RecognizerConfig()
        self.latest_only: list[bool] = []

    def wants_frame(self, stamp_ns: int, camera: str) -> bool:
        return self.wanted

    def add_frame(self, stamp_ns: int, image: np.ndarray, frame_id: str, camera: str) -> None:
        self.threads.add(threading.current_thread().name)
        if self.fail:
            raise ZeroDivisionError("a bug")
        self.frames.append((stamp_ns, image, frame_id, camera))

    def add_audio(self, chunk: AudioChunk) -> None:
        self.chunks.append(chunk)

    def estimates(self, latest_only: bool = False) -> list[Estimate]:
        self.latest_only.append(latest_only)
        due, self.due = self.due, []
        return due

    def unavailable(self, now_ns: int) -> Estimate | None:
        self.asked_at.append(now_ns)
        return Estimate(now_ns, 0, now_ns)

    def reset(self) -> None:
        self.resets += 1

    def status(self) -> SimpleNamespace:
        return SimpleNamespace()


class Bench:
    """A worker with its surroundings."""

    def __init__(self) -> None:
        self.recognizer = FakeRecognizer()
        self.inbox = Inbox(max_images=100, max_audio_s=100)
        self.published: list[Estimate] = []
        self.said: list[str] = []
        self.worker = Worker(
            self.recognizer,  # type: ignore[arg-type]
            self.inbox,
            AudioFormat(16000, 1, "S16LE"),
            self.published.append,
            self.said.append,
        )
        self.worker.start()

    def put(self, kind: Kind, message: object, received_ns: int = 5 * SECOND_NS) -> None:
        self.inbox.put(Item(kind, message, received_ns, time.monotonic()))

    def settle(self) -> None:
        """Wait until everything that was put in is worked off."""
        count = len(self.recognizer.chunks)
        self.put("audio", sound(np.zeros(16)))
        until_s = time.monotonic() + 10
        while len(self.recognizer.chunks) == count:
            assert time.monotonic() < until_s
            time.sleep(0.005)
        self.recognizer.chunks.pop()


@pytest.fixture
def bench() -> Iterator[Bench]:
    made = Bench()
    yield made
    made.worker.stop()


def header(stamp_ns: int) -> SimpleNamespace:
    sec, nanosec = divmod(stamp_ns, SECOND_NS)
    return SimpleNamespace(stamp=SimpleNamespace(sec=sec, nanosec=nanosec), frame_id="eye")


def picture(stamp_ns: int = SECOND_NS, encoding: str = "bgr8") -> SimpleNamespace:
    return SimpleNamespace(
        header=header(stamp_ns),
        height=2,
        width=3,
        encoding=encoding,
        is_bigendian=0,
        step=9,
        data=np.arange(18, dtype=np.uint8),
    )


def sound(samples: np.ndarray, stamp_ns: int = SECOND_NS) -> SimpleNamespace:
    pcm = np.frombuffer(np.asarray(samples).astype("<i2").tobytes(), np.uint8)
    return SimpleNamespace(header=header(stamp_ns), audio=SimpleNamespace(data=pcm))


def info(**changes: object) -> SimpleNamespace:
    values = {"channels": 2, "sample_rate": 8000, "sample_format": "F32LE", "coding_format": "wave"}
    return SimpleNamespace(**{**values, "bitrate": 0, **changes})


def test_an_image_is_decoded_in_the_workers_thread(bench: Bench):
    bench.put("image", picture(7 * SECOND_NS))
    bench.settle()
    (stamp_ns, image, frame_id, _) = bench.recognizer.frames[0]
    assert (stamp_ns, frame_id) == (7 * SECOND_NS, "eye")
    assert image.tolist() == np.arange(18).reshape(2, 3, 3).tolist()
    assert bench.recognizer.threads == {"recognizer"}


def test_images_are_told_apart_by_their_camera(bench: Bench):
    for camera in ("front", "rear"):
        bench.inbox.put(Item("image", picture(), 5 * SECOND_NS, time.monotonic(), camera))
    bench.settle()
    assert [frame[-1] for frame in bench.recognizer.frames] == ["front", "rear"]
    assert bench.worker.used_images == {"front": 1, "rear": 1}


def test_an_image_that_is_not_wanted_is_not_even_decoded(bench: Bench):
    bench.recognizer.wanted = False
    bench.put("image", picture(encoding="cannot be decoded"))
    bench.settle()
    assert not bench.recognizer.frames
    assert not bench.said


def test_a_bad_image_is_counted_and_named(bench: Bench):
    bench.put("image", picture(encoding="15XX7"))
    bench.put("image", picture())
    bench.settle()
    assert bench.worker.rejected_images == {"": 1}
    assert bench.worker.used_images == {"": 1}
    assert "image dropped" in bench.said[0]
    assert "15XX7" in bench.said[0]


def test_what_is_ahead_of_a_clock_that_was_set_back_is_left_over(bench: Bench):
    """The clock is set back twice; sound and images of each time before come behind that."""
    bench.put("image", picture(100 * SECOND_NS), 100 * SECOND_NS)
    bench.put("image", picture(60 * SECOND_NS), 60 * SECOND_NS)
    bench.put("image", picture(5 * SECOND_NS), 5 * SECOND_NS)
    bench.put("audio", sound(np.zeros(1600), 100 * SECOND_NS))
    bench.put("image", picture(61 * SECOND_NS))
    bench.put("image", picture(4 * SECOND_NS))  # late, but of now
    bench.put("audio", sound(np.zeros(1600), 5 * SECOND_NS))
    bench.settle()
    assert [frame[0] // SECOND_NS for frame in bench.recognizer.frames] == [100, 60, 5, 4]
    assert [chunk.stamp_ns for chunk in bench.recognizer.chunks] == [5 * SECOND_NS]
    ahead = ["audio dropped: its stamp is 95.1 s ahead", "image dropped: its stamp is 56.0 s ahead"]
    assert [line[: len(start)] for line, start in zip(bench.said, ahead, strict=True)] == ahead


def test_a_stream_whose_clock_is_ahead_is_heard_if_none_was_set_back(bench: Bench):
    for number in range(3):
        received_ns = (5 + number) * SECOND_NS
        bench.put("image", picture(received_ns + 3600 * SECOND_NS), received_ns)
    bench.settle()
    assert len(bench.recognizer.frames) == 3 and not bench.said


def test_a_zero_stamp_is_replaced_by_the_time_of_arrival(bench: Bench):
    bench.put("image", picture(stamp_ns=0), received_ns=9 * SECOND_NS)
    bench.put("audio", sound(np.ones(1600), stamp_ns=0), received_ns=9 * SECOND_NS)
    bench.settle()
    assert bench.recognizer.frames[0][0] == 9 * SECOND_NS
    assert bench.recognizer.chunks[0].stamp_ns == 9 * SECOND_NS - SECOND_NS // 10
    assert any("images carry no time stamp" in text for text in bench.said)
    assert any("sound carries no time stamp" in text for text in bench.said)


def test_sound_is_read_as_its_description_says(bench: Bench):
    stereo = np.array([[0.5, -0.5], [0.25, 0.0]], "<f4")
    message = sound(np.zeros(0))
    message.audio.data = np.frombuffer(stereo.tobytes(), np.uint8)
    bench.put("audio_info", info())
    bench.put("audio", message)
    bench.put("audio_info", info(sample_format="S16LE", channels=1))
    bench.settle()
    chunk = bench.recognizer.chunks[0]
    assert chunk.sample_rate == 8000
    assert chunk.samples.tolist() == stereo.tolist()


def test_mp3_is_dropped_until_another_description_comes(bench: Bench):
    bench.put("audio_info", info(coding_format="mp3"))
    bench.put("audio", sound(np.ones(160)))
    bench.put("audio", sound(np.ones(160)))
    bench.put("audio_info", info(sample_format="S16LE", channels=1))
    bench.put("audio", sound(np.ones(160)))
    bench.settle()
    assert len(bench.recognizer.chunks) == 1
    assert bench.worker.rejected_audio == 2
    assert "mp3" in bench.said[0]


def test_samples_that_are_no_numbers_become_silence(bench: Bench):
    message = sound(np.zeros(0))
    samples = np.array([0.5, np.nan, np.inf, 0.25], "<f4")
    message.audio.data = np.frombuffer(samples.tobytes(), np.uint8)
    bench.put("audio_info", info(channels=1))
    bench.put("audio", message)
    bench.put("audio_info", info(sample_format="S16LE", channels=1))
    bench.settle()
    assert bench.recognizer.chunks[0].samples[:, 0].tolist() == [0.5, 0.0, 0.0, 0.25]
    assert "2 samples that are not finite" in bench.said[0]


def test_no_window_is_judged_after_a_late_message_if_others_wait(bench: Bench):
    held = threading.Event()
    waiting = threading.Event()

    def hold(*_: object) -> bool:
        waiting.set()
        return not held.wait(10)  # and then the image is not wanted

    bench.recognizer.wants_frame = hold  # type: ignore[method-assign]
    bench.put("image", picture())
    assert waiting.wait(10)
    for _ in range(3):
        arrived_s = time.monotonic() - 1.0
        bench.inbox.put(Item("audio", sound(np.ones(160)), 5 * SECOND_NS, arrived_s))
    bench.put("audio", sound(np.ones(160)))
    held.set()
    bench.settle()
    assert len(bench.recognizer.chunks) == 4
    # After the image, after the message in time, and after the one of settle().
    assert bench.recognizer.latest_only == [False, True, False]


def test_after_a_bug_the_work_begins_again_with_nothing_seen(bench: Bench):
    bench.recognizer.fail = True
    bench.put("image", picture())
    bench.settle()
    bench.recognizer.fail = False
    bench.put("image", picture())
    bench.settle()
    assert len(bench.recognizer.frames) == 1
    assert (bench.worker.failures, bench.worker.restarts, bench.recognizer.resets) == (1, 1, 1)
    assert bench.worker.last_error.startswith("ZeroDivisionError: a bug (add_frame, line ")
    assert bench.worker.last_error in bench.said[0]


def test_what_came_with_the_message_that_failed_is_not_lost(bench: Bench):
    held, waiting = threading.Event(), threading.Event()

    def hold(*_: object) -> bool:
        waiting.set()
        return not held.wait(10)

    bench.recognizer.wants_frame = hold  # type: ignore[method-assign]
    bench.put("image", picture())
    assert waiting.wait(10)  # what follows is one batch
    bench.recognizer.fail = True
    bench.recognizer.wants_frame = lambda *_: True  # type: ignore[method-assign]
    bench.put("image", picture())
    bench.put("audio_info", info(channels=1, sample_rate=48000, sample_format="S16LE"))
    bench.put("audio", sound(np.ones(480)))
    held.set()
    bench.settle()
    assert bench.worker.failures == 1
    assert [chunk.sample_rate for chunk in bench.recognizer.chunks] == [48000]


def test_a_bug_that_comes_back_is_met_ever_less_often(bench: Bench, monkeypatch):
    """Time stands still but for the pauses, which are noted."""
    pauses: list[float] = []
    monkeypatch.setattr(bench.worker._stopping, "wait", pauses.append)
    bench.recognizer.fail = True
    for _ in range(8):
        bench.put("image", picture())
        bench.settle()
    assert pauses == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]
    assert bench.worker.restarts == 8


def test_the_pause_is_short_again_after_a_calm_time(bench: Bench, monkeypatch):
    pauses: list[float] = []
    monkeypatch.setattr(bench.worker._stopping, "wait", pauses.append)
    monkeypatch.setattr(worker, "CALM_S", 0.0)
    bench.recognizer.fail = True
    for _ in range(3):
        bench.put("image", picture())
        bench.settle()
    assert pauses == [0.1, 0.1, 0.1]


def test_the_worker_ends_at_once_in_the_middle_of_a_pause(monkeypatch):
    monkeypatch.setattr(worker, "FIRST_PAUSE_S", 60.0)
    monkeypatch.setattr(worker, "LONGEST_PAUSE_S", 60.0)
    bench = Bench()
    bench.recognizer.fail = True
    bench.put("image", picture())
    until_s = time.monotonic() + 10
    while not bench.worker.failures:
        assert time.monotonic() < until_s
        time.sleep(0.005)
    bench.worker.stop(timeout_s=5)
    assert not any(thread.name == "recognizer" for thread in threading.enumerate())


def test_a_task_is_done_in_the_workers_thread_before_the_next_message(bench: Bench):
    done: list[tuple[str, int]] = []

    def task(recognizer: object) -> None:
        done.append((threading.current_thread().name, len(bench.recognizer.frames)))

    bench.worker.before_next(task)
    bench.put("image", picture())
    bench.put("image", picture())
    bench.settle()
    assert done == [("recognizer", 0)]


def test_estimates_are_handed_on_as_they_become_due(bench: Bench):
    estimate = Estimate(stamp_ns=1, window_ns=2, newest_ns=3)
    bench.recognizer.due = [estimate]
    bench.put("image", picture())
    bench.settle()
    assert bench.published == [estimate]


def test_silence_is_told_in_sensor_time(bench: Bench):
    """The camera's clock is 100 s behind; what counts is how long nothing has come."""
    bench.put("image", picture(stamp_ns=20 * SECOND_NS), received_ns=120 * SECOND_NS)
    bench.inbox.note_silence(125 * SECOND_NS)
    until_s = time.monotonic() + 10
    while not bench.published:
        assert time.monotonic() < until_s
        time.sleep(0.005)
    assert bench.recognizer.asked_at == [25 * SECOND_NS]


def test_the_worker_ends_at_once():
    bench = Bench()
    bench.worker.stop(timeout_s=5)
    assert not any(thread.name == "recognizer" for thread in threading.enumerate())
