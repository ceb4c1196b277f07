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

"""Video and sound files read as streams that arrive live."""

import itertools
import wave

import numpy as np
import pytest
from recordings import SECOND, TONE_HZ, make_clip, picture

from emotion_recognition.bags import clip as clip_module
from emotion_recognition.bags.clip import CLIP_EPOCH_NS, clip_duration_s, read_clip
from emotion_recognition.bags.events import AudioEvent, FrameEvent, RecordingError


def split(path, **options):
    events = list(read_clip(path, **options))
    arrivals = [event.received_ns for event in events]
    assert arrivals == sorted(arrivals)
    return (
        [event for event in events if isinstance(event, FrameEvent)],
        [event for event in events if isinstance(event, AudioEvent)],
    )


def test_lossless_frames_come_out_as_they_went_in(tmp_path):
    frames, _ = split(make_clip(tmp_path / "clip.mkv"))
    assert len(frames) == 50
    for index in (0, 1, 25, 49):
        frame = frames[index]
        assert frame.stamp_ns == frame.received_ns == CLIP_EPOCH_NS + index * SECOND // 25
        np.testing.assert_array_equal(frame.image(), picture(index))


def test_sound_is_16_khz_mono_in_chunks_of_20_ms(tmp_path):
    _, sound = split(make_clip(tmp_path / "clip.mkv"))
    assert sound[0].chunk.stamp_ns == CLIP_EPOCH_NS
    for event in sound[:-1]:
        assert event.chunk.sample_rate == 16_000
        assert event.chunk.samples.shape == (320, 1)
        assert event.received_ns == event.chunk.end_ns
    for before, after in itertools.pairwise(sound):
        assert before.chunk.end_ns == after.chunk.stamp_ns
    heard = np.concatenate([event.chunk.samples[:, 0] for event in sound])
    expected = 0.5 * np.sin(2 * np.pi * TONE_HZ * np.arange(len(heard)) / 16_000)
    np.testing.assert_allclose(heard[200:-200], expected[200:-200], atol=2e-3)


@pytest.mark.parametrize(
    ("name", "video_codec", "sound_codec"),
    [
        ("clip.mp4", "mpeg4", "aac"),
        ("clip.mkv", "mpeg4", "flac"),
        ("clip.webm", "libvpx", "libopus"),
        ("clip.avi", "mpeg4", "pcm_s16le"),
        ("clip.wav", None, "pcm_s16le"),
        ("clip.flac", None, "flac"),
        ("clip.ogg", None, "libopus"),
        ("clip.mov", "mpeg4", "aac"),
        ("clip.mp3", None, "libmp3lame"),
        ("silent.mp4", "mpeg4", None),
    ],
)
def test_usual_formats(tmp_path, name, video_codec, sound_codec):
    path = make_clip(tmp_path / name, 1.0, video_codec=video_codec, sound_codec=sound_codec)
    frames, sound = split(path)
    assert len(frames) == (25 if video_codec else 0)
    assert 45 <= len(sound) <= 55 if sound_codec else not sound
    first = (frames or sound)[0]
    begin = first.stamp_ns if frames else first.chunk.stamp_ns
    assert abs(begin - CLIP_EPOCH_NS) < 30_000_000
    assert clip_duration_s(path) == pytest.approx(1.0, abs=0.1)


def test_sound_that_begins_late_keeps_its_place(tmp_path):
    _, sound = split(make_clip(tmp_path / "clip.mkv", sound_begins=0.5))
    assert sound[0].chunk.stamp_ns == pytest.approx(CLIP_EPOCH_NS + SECOND // 2, abs=2_000_000)


def test_gap_in_the_sound_stays_a_gap(tmp_path):
    _, sound = split(make_clip(tmp_path / "clip.mkv", 3.0, sound_gap=(1.0, 2.0)))
    gaps = [
        (after.chunk.stamp_ns - before.chunk.end_ns) / SECOND
        for before, after in itertools.pairwise(sound)
    ]
    assert max(gaps) == pytest.approx(1.0, abs=0.05)
    assert sum(gap > 0.001 for gap in gaps) == 1


def test_one_stream_alone(tmp_path):
    path = make_clip(tmp_path / "clip.mkv", 1.0)
    assert not split(path, with_images=False)[0]
    assert not split(path, with_audio=False)[1]


def test_frames_are_decoded_only_when_asked_for(tmp_path, monkeypatch):
    decoded = []
    original = clip_module._pixels
    monkeypatch.setattr(clip_module, "_pixels", lambda frame: decoded.append(1) or original(frame))
    frames, _ = split(make_clip(tmp_path / "clip.mkv", 1.0))
    assert not decoded
    frames[3].image()
    assert len(decoded) == 1


def test_pictures_are_turned_the_way_up_that_players_show():
    class TurnedFrame:
        rotation = 90

        def to_ndarray(self, format):
            assert format == "bgr24"
            return np.arange(6, dtype=np.uint8).reshape(1, 2, 3)

    upright = clip_module._pixels(TurnedFrame())
    np.testing.assert_array_equal(upright, [[[3, 4, 5]], [[0, 1, 2]]])  # right end is on top


@pytest.mark.parametrize(
    ("content", "cause"),
    [(None, "no such file"), (b"", "is empty"), (b"no video at all" * 99, "is no video or sound")],
)
def test_unreadable_file_is_named(tmp_path, content, cause):
    path = tmp_path / "clip.mp4"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(RecordingError, match=cause):
        next(read_clip(path))


def test_clip_of_no_length_says_so(tmp_path):
    with wave.open(str(tmp_path / "clip.wav"), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
    with pytest.raises(RecordingError, match=r"clip\.wav has no length, or is damaged"):
        next(read_clip(tmp_path / "clip.wav"))


def test_clip_without_what_is_asked_for_says_so(tmp_path):
    path = make_clip(tmp_path / "clip.wav", 0.5, video_codec=None)
    with pytest.raises(RecordingError, match="nothing to use: expected video in it"):
        next(read_clip(path, with_audio=False))


def test_clip_cut_off_before_its_index_is_refused(tmp_path):
    whole = make_clip(tmp_path / "whole.mp4", video_codec="mpeg4", sound_codec="aac").read_bytes()
    (tmp_path / "cut.mp4").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(RecordingError, match=r"cut\.mp4 is no video or sound file, or is damaged"):
        next(read_clip(tmp_path / "cut.mp4"))


def test_clip_that_is_cut_off_gives_what_it_has(tmp_path):
    whole = make_clip(tmp_path / "whole.mkv").read_bytes()
    (tmp_path / "cut.mkv").write_bytes(whole[: len(whole) // 2])
    frames, _ = split(tmp_path / "cut.mkv")
    assert 10 < len(frames) < 50


def test_damaged_packets_are_left_out(tmp_path):
    path = make_clip(tmp_path / "clip.mkv", sound_codec="flac")
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 300] = bytes(300)
    path.write_bytes(content)
    frames, sound = split(path)
    assert len(frames) > 40
    assert sound


def test_real_clip(shared_data):
    path = shared_data / "ravdess_av_actor01" / "01-01-01-01-01-01-01.mp4"
    frames, sound = split(path)
    assert len(frames) == 98
    assert frames[0].image().shape == (720, 1280, 3)
    assert (frames[-1].stamp_ns - CLIP_EPOCH_NS) / SECOND == pytest.approx(97 * 1001 / 30_000)
    assert (sound[-1].chunk.end_ns - CLIP_EPOCH_NS) / SECOND == pytest.approx(3.306, abs=0.01)
