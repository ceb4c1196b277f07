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

"""Estimates over recordings by the shipped model; of real clips where they are."""

import math

import numpy as np
import pytest
import torch
from recordings import SECOND, audio_stamped, image, make_clip, source_audio, write_bag

from emotion_recognition.bags.clip import CLIP_EPOCH_NS
from emotion_recognition.bags.events import FrameEvent, RecordingError
from emotion_recognition.bags.read import read_events
from emotion_recognition.bags.types import AudioDialect
from emotion_recognition.bags.write import make_bag
from emotion_recognition.estimate import Box, Estimate, Flags
from emotion_recognition.evaluation.offline import (
    estimates_of,
    overall_emotion,
    recognize,
    time_origin_ns,
)
from emotion_recognition.model.emotion_model import load_model
from emotion_recognition.recognizer import Recognizer, RecognizerConfig
from emotion_recognition.vision.detect import Detection
from emotion_recognition.vision.stream import VisionConfig


@pytest.fixture(scope="module")
def model():
    torch.set_num_threads(1)  # small networks: threads cost more than they give
    return load_model(device="cpu")


class CentralFace:
    """Finds a face in the middle of every picture."""

    name = "central"
    gives_points = False

    def detect(self, image):
        height, width = image.shape[:2]
        return [Detection(Box(width // 4, height // 4, width // 2, height // 2), 0.9, None)]


@pytest.fixture
def central_face(monkeypatch):
    monkeypatch.setattr("emotion_recognition.vision.stream.make_detector", lambda *_: CentralFace())


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return make_clip(tmp_path_factory.mktemp("clip") / "clip.mkv", 2.5)


CONFIG = RecognizerConfig(vision=VisionConfig(min_face_size=16))


def same(ours: list[Estimate], theirs: list[Estimate]) -> None:
    assert len(ours) == len(theirs) > 0
    for one, other in zip(ours, theirs, strict=True):
        assert (one.stamp_ns, one.newest_ns, one.flags) == (
            other.stamp_ns,
            other.newest_ns,
            other.flags,
        )
        assert (one.subject, one.face, one.frame_id) == (other.subject, other.face, other.frame_id)
        numbers = ("probabilities", "valence", "arousal", "intensity", "audio_weight")
        for name in numbers:
            np.testing.assert_allclose(getattr(one, name), getattr(other, name), atol=1e-6)


@pytest.mark.parametrize("storage", ["mcap", "sqlite3"])
def test_bag_of_a_clip_gives_what_the_clip_gives(clip, tmp_path, model, central_face, storage):
    make_bag(clip, tmp_path / "bag", storage=storage)
    from_clip = list(recognize(clip, CONFIG, model))
    same(list(recognize(tmp_path / "bag", CONFIG, model)), from_clip)
    assert [(e.stamp_ns - CLIP_EPOCH_NS) / SECOND for e in from_clip] == [
        1.0 + 0.25 * n for n in range(len(from_clip))
    ]
    assert from_clip[-1].face == Box(16, 12, 32, 24)
    assert from_clip[-1].frame_id == "camera"


def test_one_stream_alone(clip, model, central_face):
    for estimate in recognize(clip, CONFIG, model, video_only=True):
        assert Flags.AUDIO_STALE in estimate.flags
        assert estimate.video_weight == 1
    for estimate in recognize(clip, CONFIG, model, audio_only=True):
        assert Flags.VIDEO_STALE in estimate.flags
        assert estimate.video_weight == 0


def test_no_stream_at_all_is_refused(clip, model):
    with pytest.raises(ValueError, match="choose one of them"):
        recognize(clip, CONFIG, model, audio_only=True, video_only=True)


def test_unreadable_recording_is_told(tmp_path, model, central_face):
    with pytest.raises(RecordingError, match="no such file"):
        list(recognize(tmp_path / "absent.mp4", CONFIG, model))


def frame_messages(begin_s: float, end_s: float, encoding: str = "bgr8"):
    stamps = range(int(begin_s * SECOND), int(end_s * SECOND), SECOND // 20)
    return [("/camera", stamp, image(stamp, encoding=encoding)) for stamp in stamps]


def test_broken_images_are_left_out_and_told(tmp_path, model, central_face, caplog):
    messages = frame_messages(1, 2) + frame_messages(2, 2.5, "nonsense") + frame_messages(2.5, 4)
    estimates = list(recognize(write_bag(tmp_path / "bag", messages), CONFIG, model))
    assert estimates[-1].stamp_ns > 3.5 * SECOND
    assert estimates[-1].available
    assert "image dropped: image encoding 'nonsense'" in caplog.text
    assert "10 images were dropped" in caplog.text


def test_pause_of_both_streams_is_told_once(tmp_path, model, central_face):
    messages = frame_messages(1, 3) + frame_messages(8, 10)
    estimates = list(recognize(write_bag(tmp_path / "bag", messages), CONFIG, model))
    [pause] = [estimate for estimate in estimates if not estimate.available]
    assert pause.flags == Flags.AUDIO_STALE | Flags.VIDEO_STALE
    assert pause.stamp_ns == 8 * SECOND
    assert not [e for e in estimates if 3.4 * SECOND < e.stamp_ns < 8 * SECOND]
    assert estimates[-1].available


def test_samples_that_are_not_finite_do_no_harm(tmp_path, model, central_face):
    rng = np.random.default_rng(0)
    messages = []
    for number in range(100):
        samples = 0.1 * rng.standard_normal(320)
        samples[number % 320] = math.nan
        stamp = SECOND + number * 20_000_000
        messages.append(("/audio", stamp, source_audio(stamp, samples)))
    path = write_bag(tmp_path / "sound", messages, dialect=AudioDialect.SOURCE)
    for estimate in recognize(path, CONFIG, model):
        assert np.isfinite(estimate.probabilities).all()


def test_resolution_and_rate_may_change_in_mid_stream(tmp_path, model, central_face):
    messages = frame_messages(1, 3)
    for topic, stamp, picture in frame_messages(3, 5):
        picture.data = np.repeat(picture.data.reshape(48, 64, 3), 2, axis=1).reshape(-1)
        picture.width, picture.step = 128, 384
        messages.append((topic, stamp, picture))
    silence = np.zeros((160, 1), np.int16)
    messages += [
        ("/audio", stamp, audio_stamped(stamp, silence))
        for stamp in range(SECOND, 5 * SECOND, SECOND // 100)
    ]
    messages.sort(key=lambda message: message[1])
    estimates = list(recognize(write_bag(tmp_path / "bag", messages), CONFIG, model))
    assert estimates[-1].available
    assert estimates[-1].flags & ~Flags.WITHHELD == Flags.NO_SPEECH
    assert len({estimate.subject for estimate in estimates}) == 1
    assert estimates[-1].face == Box(32, 12, 64, 24)


def test_only_frames_that_are_wanted_are_decoded(clip, model, central_face):
    decoded = []

    def counted(event):
        if not isinstance(event, FrameEvent):
            return event
        return FrameEvent(
            event.received_ns,
            event.stamp_ns,
            event.frame_id,
            lambda: decoded.append(event.stamp_ns) or event.image(),
        )

    recognizer = Recognizer(CONFIG, model)
    list(estimates_of(map(counted, read_events(clip)), recognizer))
    assert recognizer.status().frames == 62
    assert 24 <= len(decoded) <= 32  # 10 a second of 25


def test_overall_emotion_is_the_mean():
    def estimate(*probabilities):
        return Estimate(0, 1, 0, labels=("happy", "sad"), probabilities=probabilities)

    estimates = [estimate(0.9, 0.1), estimate(0.4, 0.6), Estimate(0, 1, 0), estimate(0.4, 0.6)]
    label, share = overall_emotion(estimates)
    assert label == "happy"
    assert share == pytest.approx(1.7 / 3)
    assert overall_emotion([Estimate(0, 1, 0)]) is None


def test_clips_count_from_their_beginning_and_bags_by_their_clock(tmp_path):
    assert time_origin_ns(tmp_path / "clip.mp4") == CLIP_EPOCH_NS
    assert time_origin_ns(tmp_path / "bag.mcap") == 0


@pytest.fixture(scope="module")
def real_config(shared):
    yunet = shared / "models" / "face_detection_yunet_2023mar.onnx"
    return RecognizerConfig(vision=VisionConfig(detector="yunet", detector_model=str(yunet)))


def test_real_talking_head_in_clip_and_bag(shared_data, real_config, tmp_path, model):
    clip = shared_data / "javanese_av" / "01-01-01_01.mp4"
    make_bag(clip, tmp_path / "bag")
    from_clip = list(recognize(clip, real_config, model))
    same(list(recognize(tmp_path / "bag", real_config, model)), from_clip)
    last = from_clip[-1]
    assert last.flags & ~Flags.WITHHELD == Flags(0)
    assert last.audio_weight > 0
    assert last.video_weight > 0
    assert len({estimate.subject for estimate in from_clip if estimate.subject}) == 1


def test_real_voice_alone(shared_data, real_config, model):
    voice = shared_data / "ravdess_speech" / "Actor_01" / "03-01-05-02-01-01-01.flac"
    estimates = list(recognize(voice, real_config, model))
    assert any(estimate.available for estimate in estimates)
    for estimate in estimates:
        assert Flags.VIDEO_STALE in estimate.flags
