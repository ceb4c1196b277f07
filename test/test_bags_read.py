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

"""Frames and sound out of bags: topics found by type, both dialects of sound, bad messages."""

import sqlite3

import numpy as np
import pytest
from recordings import (
    SECOND,
    audio_data,
    audio_info,
    audio_stamped,
    compressed_image,
    image,
    make_clip,
    picture,
    source_audio,
    tone,
    write_bag,
    write_ros1_bag,
)
from rosbags.rosbag2 import StoragePlugin

from emotion_recognition.bags.events import AudioEvent, FrameEvent, RecordingError
from emotion_recognition.bags.read import read_events
from emotion_recognition.bags.types import AudioDialect
from emotion_recognition.vision.messages import ImageFormatError

SAMPLES = tone(0.02, 8000, 2)


def test_frames_and_sound_of_the_released_dialect(tmp_path):
    messages = [
        ("/audio_info", 10 * SECOND, audio_info(rate=8000, channels=2)),
        ("/camera", 11 * SECOND, image(9 * SECOND, 7)),
        ("/audio_stamped", 12 * SECOND, audio_stamped(8 * SECOND, SAMPLES)),
    ]
    frame, sound = read_events(write_bag(tmp_path / "bag", messages))
    assert isinstance(frame, FrameEvent)
    assert (frame.received_ns, frame.stamp_ns, frame.frame_id) == (11 * SECOND, 9 * SECOND, "frame")
    np.testing.assert_array_equal(frame.image(), picture(7))
    assert isinstance(sound, AudioEvent)
    assert (sound.received_ns, sound.chunk.stamp_ns) == (12 * SECOND, 8 * SECOND)
    assert sound.chunk.sample_rate == 8000
    np.testing.assert_allclose(sound.chunk.samples, SAMPLES / 32768, atol=1e-6)


def test_format_is_known_even_if_it_was_recorded_late(tmp_path):
    messages = [
        ("/audio_stamped", 10 * SECOND, audio_stamped(8 * SECOND, SAMPLES)),
        ("/audio_info", 11 * SECOND, audio_info(rate=8000, channels=2)),
    ]
    [sound] = read_events(write_bag(tmp_path / "bag", messages))
    assert sound.chunk.samples.shape == SAMPLES.shape


def test_each_microphone_has_its_own_format(tmp_path):
    messages = [
        ("/left/audio_info", SECOND, audio_info(rate=44_100, channels=1)),
        ("/right/audio_info", SECOND, audio_info(rate=8000, channels=2)),
        ("/right/audio_stamped", 2 * SECOND, audio_stamped(SECOND, SAMPLES)),
    ]
    [sound] = read_events(write_bag(tmp_path / "bag", messages))
    assert (sound.chunk.sample_rate, sound.chunk.samples.shape[1]) == (8000, 2)


def test_sound_without_stamps_is_placed_by_its_arrival(tmp_path):
    mono = SAMPLES[:, :1]
    path = write_bag(tmp_path / "bag", [("/audio", 10 * SECOND, audio_data(mono))])
    [sound] = read_events(path)
    assert sound.chunk.sample_rate == 16_000  # capture's default, for no format was recorded
    assert sound.chunk.end_ns == pytest.approx(10 * SECOND, abs=1)


def test_zero_stamps_are_replaced_by_the_arrival(tmp_path):
    messages = [
        ("/camera", 10 * SECOND, image(0)),
        ("/audio", 11 * SECOND, audio_stamped(0, SAMPLES[:, :1])),
    ]
    frame, sound = read_events(write_bag(tmp_path / "bag", messages))
    assert frame.stamp_ns == 10 * SECOND
    assert sound.chunk.end_ns == pytest.approx(11 * SECOND, abs=1)


@pytest.mark.parametrize("embedded", [True, False])
def test_sound_of_the_source_dialect(tmp_path, embedded):
    samples = np.linspace(-1, 1, 320)
    path = write_bag(
        tmp_path / "bag",
        [("/audio", 10 * SECOND, source_audio(9 * SECOND, samples, 44_100))],
        StoragePlugin.SQLITE3,
        AudioDialect.SOURCE,
    )
    if not embedded:  # as Humble records: sqlite3 without definitions
        forget_definitions(path)
    [sound] = read_events(path)
    assert sound.chunk.stamp_ns == 9 * SECOND
    assert sound.chunk.sample_rate == 44_100
    np.testing.assert_allclose(sound.chunk.samples[:, 0], samples, atol=1e-6)


def forget_definitions(path):
    with sqlite3.connect(path / "bag.db3") as database:
        database.execute("DELETE FROM message_definitions")
    database.close()


def test_bag_without_definitions_is_read_by_ours(tmp_path):
    messages = [
        ("/camera", 11 * SECOND, image(9 * SECOND, 7)),
        ("/audio_stamped", 12 * SECOND, audio_stamped(8 * SECOND, SAMPLES)),
    ]
    path = write_bag(tmp_path / "bag", messages, StoragePlugin.SQLITE3)
    forget_definitions(path)
    frame, _ = read_events(path)
    np.testing.assert_array_equal(frame.image(), picture(7))


def test_mp3_is_refused_with_the_parameter_to_set(tmp_path):
    messages = [
        ("/audio_info", SECOND, audio_info(coding="mp3")),
        ("/audio_stamped", 2 * SECOND, audio_stamped(SECOND, SAMPLES)),
    ]
    with pytest.raises(RecordingError, match=r"format:=wave.*--video-only"):
        list(read_events(write_bag(tmp_path / "bag", messages)))


def test_broken_sound_is_left_out(tmp_path, caplog):
    good, odd = audio_stamped(SECOND, SAMPLES), audio_stamped(2 * SECOND, SAMPLES)
    odd.audio.data = odd.audio.data[:-1]  # half a sample
    messages = [("/audio", n * SECOND, m) for n, m in enumerate((good, odd, odd, good), 1)]
    assert len(list(read_events(write_bag(tmp_path / "bag", messages)))) == 2
    assert "2 messages of /audio were dropped" in caplog.text


def test_images_are_decoded_only_when_asked_for(tmp_path):
    path = write_bag(tmp_path / "bag", [("/camera", SECOND, image(SECOND, encoding="nonsense"))])
    [frame] = read_events(path)
    with pytest.raises(ImageFormatError, match="nonsense"):
        frame.image()


def test_one_stream_alone(tmp_path):
    messages = [
        ("/camera", SECOND, image(SECOND)),
        ("/audio", 2 * SECOND, audio_stamped(SECOND, SAMPLES)),
    ]
    path = write_bag(tmp_path / "bag", messages)
    assert [type(event) for event in read_events(path, with_audio=False)] == [FrameEvent]
    assert [type(event) for event in read_events(path, with_images=False)] == [AudioEvent]


def test_same_picture_and_sound_published_twice_is_used_once(tmp_path):
    messages = [
        ("/camera/image_raw", SECOND, image(SECOND)),
        ("/camera/image_raw/compressed", SECOND, compressed_image(SECOND)),
        ("/audio", 2 * SECOND, audio_data(SAMPLES)),
        ("/audio_stamped", 2 * SECOND, audio_stamped(SECOND, SAMPLES)),
    ]
    frame, sound = read_events(write_bag(tmp_path / "bag", messages))
    assert frame.image().shape == (48, 64, 3)
    assert sound.chunk.stamp_ns == SECOND


@pytest.fixture
def two_cameras(tmp_path):
    messages = [
        ("/left/image", SECOND, image(SECOND, 1)),
        ("/right/image", SECOND, image(SECOND, 2)),
    ]
    return write_bag(tmp_path / "bag", messages)


def test_several_cameras_must_be_chosen_from(two_cameras):
    with pytest.raises(RecordingError, match="choose one of /left/image, /right/image"):
        next(read_events(two_cameras))


@pytest.mark.parametrize("name", ["/right/image", "right/image"])
def test_topic_can_be_named(two_cameras, name):
    [frame] = read_events(two_cameras, image_topic=name)
    np.testing.assert_array_equal(frame.image(), picture(2))


def test_wrong_topic_lists_what_there_is(two_cameras):
    with pytest.raises(RecordingError, match=r"no topic /top .*it has /left/image \(1 of sensor"):
        next(read_events(two_cameras, image_topic="/top"))
    with pytest.raises(RecordingError, match="no topic /left/image of audio_common_msgs"):
        next(read_events(two_cameras, "/left/image", "/left/image"))


def test_bag_with_nothing_to_use_lists_what_there_is(tmp_path):
    path = write_bag(tmp_path / "bag", [("/info", SECOND, audio_info())])
    with pytest.raises(RecordingError, match=r"nothing to use.*it has /info \(1 of audio_common"):
        next(read_events(path))


@pytest.mark.parametrize("storage", [StoragePlugin.MCAP, StoragePlugin.SQLITE3])
def test_bag_of_no_length_says_so(tmp_path, storage):
    with pytest.raises(RecordingError, match=r"nothing to use.*it has no topics"):
        next(read_events(write_bag(tmp_path / "bag", [], storage)))


def test_ros_1_bags_give_frames_and_sound(tmp_path):
    messages = [
        ("/audio_info", 10 * SECOND, audio_info(rate=8000, channels=2)),
        ("/camera", 11 * SECOND, image(9 * SECOND, 7)),
        ("/audio_stamped", 12 * SECOND, audio_stamped(8 * SECOND, SAMPLES)),
        ("/audio", 12 * SECOND, audio_data(SAMPLES)),
    ]
    frame, sound = read_events(write_ros1_bag(tmp_path / "old.bag", messages))
    assert (frame.received_ns, frame.stamp_ns, frame.frame_id) == (11 * SECOND, 9 * SECOND, "frame")
    np.testing.assert_array_equal(frame.image(), picture(7))
    assert (sound.received_ns, sound.chunk.stamp_ns) == (12 * SECOND, 8 * SECOND)
    assert sound.chunk.samples.shape == SAMPLES.shape


def test_clip_has_no_topics(tmp_path):
    path = make_clip(tmp_path / "clip.wav", 0.5, video_codec=None)
    assert list(read_events(path))
    with pytest.raises(RecordingError, match="is no bag"):
        next(read_events(path, audio_topic="/audio"))


def test_clocks_that_differ_by_hours_are_told_with_the_way_out(tmp_path):
    hours = 3 * 3600 * SECOND
    messages = [("/camera", hours + n * SECOND, image(n * SECOND)) for n in range(1, 4)] + [
        ("/audio", hours + 4 * SECOND, audio_stamped(hours + 4 * SECOND, SAMPLES))
    ]
    path = write_bag(tmp_path / "bag", messages)
    with pytest.raises(
        RecordingError, match=r"images of /camera are 10800 s behind .*--sync receive-time"
    ):
        next(read_events(path))
    assert len(list(read_events(path, with_images=False))) == 1
    *frames, sound = read_events(path, sync="receive-time")
    assert [frame.stamp_ns - hours for frame in frames] == [SECOND, 2 * SECOND, 3 * SECOND]
    assert sound.chunk.end_ns == pytest.approx(hours + 4 * SECOND, abs=1)
    assert not sound.chunk.exact_stamp


def test_streams_that_are_as_late_as_drivers_are_need_no_choice(tmp_path):
    messages = [
        ("/camera", 20 * SECOND, image(19 * SECOND)),
        ("/audio", 21 * SECOND, audio_stamped(15 * SECOND, SAMPLES)),
    ]
    path = write_bag(tmp_path / "bag", messages)
    assert [event.received_ns for event in read_events(path)] == [20 * SECOND, 21 * SECOND]


def test_unknown_sync_is_refused(tmp_path):
    path = write_bag(tmp_path / "bag", [("/camera", SECOND, image(SECOND))])
    with pytest.raises(ValueError, match="expected one of stamp, receive-time"):
        next(read_events(path, sync="header"))
