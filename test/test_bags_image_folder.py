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

"""Folders of single images, with and without a sound file."""

import cv2
import numpy as np
import pytest
from recordings import SECOND, make_clip, picture

from emotion_recognition.bags.clip import CLIP_EPOCH_NS
from emotion_recognition.bags.events import FrameEvent, RecordingError
from emotion_recognition.bags.read import read_events
from emotion_recognition.vision.messages import ImageFormatError


def folder_of(path, names, sound_s=None):
    path.mkdir()
    for index, name in enumerate(names):
        cv2.imwrite(str(path / name), picture(index))
    if sound_s is not None:
        make_clip(path / "voice.wav", sound_s, video_codec=None)
    return path


def frames_of(path, **options):
    return [event for event in read_events(path, **options) if isinstance(event, FrameEvent)]


def since_start_s(frames):
    return [(frame.stamp_ns - CLIP_EPOCH_NS) / SECOND for frame in frames]


def test_images_come_in_the_order_of_their_numbers(tmp_path):
    path = folder_of(tmp_path / "faces", [f"frame_{n}.png" for n in range(12)])
    for index, frame in enumerate(frames_of(path)):
        np.testing.assert_array_equal(frame.image(), picture(index))


def test_without_times_images_are_spread_over_the_sound(tmp_path, caplog):
    path = folder_of(tmp_path / "faces", [f"{n}.png" for n in range(10)], sound_s=2.048)
    assert since_start_s(frames_of(path)) == pytest.approx(0.2048 * np.arange(10), abs=0.01)
    assert "taken as 4.88 a second, as many as fit the sound" in caplog.text


def test_without_times_and_sound_there_are_25_a_second_which_is_said(tmp_path, caplog):
    path = folder_of(tmp_path / "faces", [f"{n}.jpg" for n in range(4)])
    assert since_start_s(frames_of(path)) == [0, 0.04, 0.08, 0.12]
    assert "taken as 25.00 a second, for their names tell no time" in caplog.text


@pytest.mark.parametrize(
    "names",
    [
        ["1700000000.000000.png", "1700000000.25.png", "1700000001.500000000.png"],
        ["1700000000000000000.png", "1700000000250000000.png", "1700000001500000000.png"],
        ["1700000000000.png", "1700000000250.png", "1700000001500.png"],
    ],
)
def test_names_that_are_times_tell_them(tmp_path, caplog, names):
    path = folder_of(tmp_path / "faces", names, sound_s=1.0)
    assert since_start_s(frames_of(path)) == [0, 0.25, 1.5]
    assert not caplog.records


def test_sound_and_images_come_in_step(tmp_path):
    path = folder_of(tmp_path / "faces", [f"{n}.png" for n in range(10)], sound_s=2.048)
    times = [event.received_ns for event in read_events(path)]
    assert times == sorted(times)
    assert len(times) > 100
    assert len(frames_of(path, with_audio=False)) == 10
    assert not frames_of(path, with_images=False)


def test_missing_streams_and_damaged_images_are_named(tmp_path):
    path = folder_of(tmp_path / "faces", ["1.png", "2.png"])
    with pytest.raises(RecordingError, match="has no sound file in it"):
        next(read_events(path, with_images=False))
    (path / "1.png").write_bytes(b"nothing")
    with pytest.raises(ImageFormatError, match=r"1\.png is no image"):
        frames_of(path)[0].image()
