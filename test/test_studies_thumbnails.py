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

"""Thumbnails show the key moments of a recording that has images."""

from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("pandas")

from estimate_frames import frame_of
from recordings import make_clip, picture

from emotion_recognition.bags.clip import CLIP_EPOCH_NS
from emotion_recognition.studies.series import series_of
from emotion_recognition.studies.thumbnails import HEIGHT, key_pictures


def test_the_image_at_the_end_of_each_strongest_window_is_shown(tmp_path: Path):
    clip = make_clip(tmp_path / "clip.mkv", 2.0)
    rows = [(0.4, "happy", 0.9), (0.8, "happy", 0.5), (1.2, "sad", 0.8)]
    pictures = key_pictures(clip, series_of(frame_of(rows, start_ns=CLIP_EPOCH_NS)))
    assert [each.caption for each in pictures] == ["happy", "sad"]
    for each, index in zip(pictures, (10, 30), strict=True):  # 25 images a second
        shown = cv2.imdecode(np.frombuffer(each.jpeg, np.uint8), cv2.IMREAD_COLOR)
        assert shown.shape == (each.height, each.width, 3)
        assert each.height == HEIGHT
        # the left upper corner's blue tells the image's number
        assert shown[20, 80, 0] == pytest.approx(picture(index)[0, 40, 0], abs=6)


def test_a_moment_after_the_last_image_has_that_one(tmp_path: Path):
    clip = make_clip(tmp_path / "clip.mkv", 1.0)
    (only,) = key_pictures(clip, series_of(frame_of([(9.0, "sad", 0.8)], start_ns=CLIP_EPOCH_NS)))
    shown = cv2.imdecode(np.frombuffer(only.jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert shown[20, 80, 0] == pytest.approx(picture(24)[0, 40, 0], abs=6)


def test_there_are_none_where_only_a_voice_was_used(tmp_path: Path):
    frame = frame_of([(0.4, "happy", 0.9)], video_weight=0.0)
    assert key_pictures(tmp_path / "voice.wav", series_of(frame)) == []
