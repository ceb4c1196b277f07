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

"""The window of a clip: which frames are cropped, which sound goes with them."""

from pathlib import Path

import av
import cv2
import numpy as np
import pytest
import soundfile

from emotion_recognition.corpora import ravdess
from emotion_recognition.corpora.clip_window import read_strip, read_window

FPS = 10


def write_video(path: Path, seconds: float, *, with_sound: bool = True) -> Path:
    """Frames as grey as their number is high; sound that rises from 0 by 0.1 a second."""
    with av.open(str(path), "w") as container:
        video = container.add_stream("ffv1", rate=FPS)
        video.width, video.height, video.pix_fmt = 64, 48, "bgr0"
        sound = container.add_stream("pcm_s16le", rate=16000) if with_sound else None
        if sound:
            sound.layout = "mono"
        for number in range(round(seconds * FPS)):
            image = np.full((48, 64, 3), number, np.uint8)
            frame = av.VideoFrame.from_ndarray(image, format="bgr24")
            container.mux(video.encode(frame))
        container.mux(video.encode())
        if sound:
            ramp = np.arange(round(seconds * 16000)) / 16000 * 0.1
            samples = np.round(ramp * 32767).astype(np.int16)[None]
            piece = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
            piece.sample_rate = 16000
            container.mux(sound.encode(piece))
            container.mux(sound.encode())
    return path


def crop(image: np.ndarray) -> np.ndarray:
    return np.full((224, 224), image[0, 0, 0], np.uint8)


def test_a_longer_clip_is_cut_around_its_middle(tmp_path: Path) -> None:
    window = read_window(write_video(tmp_path / "a.mkv", 5.0), crop)
    assert window.faces.shape == (15, 224, 224, 3) and window.faces.dtype == np.uint8
    assert window.seen.all() and window.heard.all()
    # The window spans 0.7 s to 4.3 s; the middles of its fifteenths lie 0.24 s apart from 0.82 s.
    times = 0.82 + 0.24 * np.arange(15)
    numbers = window.faces[:, 100, 100, 0].astype(float)
    assert (np.abs(numbers / FPS - times) <= 0.5 / FPS + 1e-6).all()
    assert (window.faces == window.faces[:, :1, :1, :1]).all()
    assert window.sound.shape == (57600,) and window.sound.dtype == np.float32
    assert window.sound[0] == pytest.approx(0.07, abs=1e-3)
    assert window.sound[-1] == pytest.approx(0.43, abs=1e-3)


def test_a_shorter_clip_is_padded_on_both_sides(tmp_path: Path) -> None:
    window = read_window(write_video(tmp_path / "a.mkv", 2.0), crop)
    # The window begins 0.8 s before the clip and ends 0.8 s after it.
    times = -0.8 + 0.24 * (np.arange(15) + 0.5)
    np.testing.assert_array_equal(window.seen, (times >= 0) & (times < 2))
    assert (window.faces[~window.seen] == 0).all()
    assert np.flatnonzero(window.heard)[[0, -1]].tolist() == [12800, 12800 + 32000 - 1]
    assert (window.sound[~window.heard] == 0).all()


def test_no_face_and_no_sound_are_told(tmp_path: Path) -> None:
    video = write_video(tmp_path / "a.mkv", 4.0, with_sound=False)
    window = read_window(video, lambda image: crop(image) if image[0, 0, 0] < 20 else None)
    assert window.seen.any() and not window.seen.all()
    assert (window.faces[~window.seen] == 0).all()
    assert not window.heard.any() and (window.sound == 0).all()


def test_sound_may_come_from_another_file(tmp_path: Path) -> None:
    video = write_video(tmp_path / "a.mkv", 3.6, with_sound=False)
    soundfile.write(tmp_path / "a.wav", np.full((48000 * 2, 2), 0.25), 48000)
    window = read_window(video, crop, tmp_path / "a.wav")
    assert np.flatnonzero(window.heard)[[0, -1]].tolist() == [0, 31999]
    np.testing.assert_allclose(window.sound[100:31000], 0.25, atol=1e-3)


def write_strip(path: Path) -> Path:
    """Twenty faces, each of its own grey."""
    greys = np.repeat(np.arange(20, dtype=np.uint8) * 10, 224)
    assert cv2.imwrite(str(path), np.repeat(greys[:, None], 224, axis=1))
    return path


def test_a_strip_is_spread_over_its_sound(tmp_path: Path) -> None:
    strip = write_strip(tmp_path / "a.png")
    assert read_strip(strip)[:, 0, 0].tolist() == list(range(0, 200, 10))
    soundfile.write(tmp_path / "a.wav", np.full(57600, 0.5), 16000)
    window = read_window(strip, sound=tmp_path / "a.wav")
    assert window.seen.all() and window.heard.all()
    # Faces stand each 0.18 s from 0.09 s on; wanted are 0.12 s, 0.60 s, 3.00 s, 3.48 s (and more).
    assert (window.faces[[0, 2, 12, 14], 0, 0, 0] // 10).tolist() == [0, 3, 16, 19]


def test_what_is_not_as_expected_is_told(tmp_path: Path) -> None:
    video = write_video(tmp_path / "a.mkv", 1.0)
    with pytest.raises(ValueError, match=r"uint8 \(48, 64, 3\): expected uint8 \(224, 224"):
        read_window(video, lambda image: image)
    with pytest.raises(ValueError, match="cuts out its faces is needed"):
        read_window(video)
    with pytest.raises(ValueError, match="name its sound"):
        read_window(write_strip(tmp_path / "a.png"))
    cv2.imwrite(str(tmp_path / "b.png"), np.zeros((10, 224), np.uint8))
    soundfile.write(tmp_path / "a.wav", np.zeros(1600), 16000)
    with pytest.raises(ValueError, match="no picture of 20 faces of 224x224"):
        read_window(tmp_path / "b.png", sound=tmp_path / "a.wav")
    with pytest.raises(ValueError, match="holds no video"):
        read_window(tmp_path / "a.wav", crop)
    (tmp_path / "c.mp4").write_bytes(b"nothing of the kind")
    with pytest.raises(ValueError, match=r"c.mp4' cannot be read"):
        read_window(tmp_path / "c.mp4", crop)


@pytest.mark.shared
def test_real_clips_become_windows(shared_data: Path) -> None:
    speech = ravdess.read(shared_data / "ravdess_speech", "speech")
    sounds = {clip.path.stem: clip.path for clip in speech.clips}
    centre = (slice(100, 324), slice(528, 752))
    videos = shared_data / "ravdess_av_actor01"
    (spoken, *_) = ravdess.read(videos, "speech", "audio-video").clips
    own = read_window(spoken.path, lambda image: image[centre])
    other = read_window(spoken.path, lambda image: image[centre], sounds[spoken.sound_name])
    assert own.seen.sum() == 13  # 3.27 s of 3.6 s: the first and the last moment lie outside
    assert own.faces[own.seen].std(axis=(1, 2, 3)).min() > 10
    # The same take; the sound that was published alone comes 33 ms earlier.
    lag = np.correlate(other.sound, own.sound[800:-800], "valid").argmax() - 800
    assert -40 < lag / 16 < -25
    (strip, *_) = ravdess.read(shared_data / "ravdess_actor01_faces", "speech", "audio-video").clips
    faces = read_window(strip.path, sound=sounds[strip.sound_name])
    assert faces.seen.sum() >= 13 and faces.heard.mean() > 0.85
