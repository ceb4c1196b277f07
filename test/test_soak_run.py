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

# ruff: noqa: E402 - what needs ROS is imported after the check for it
"""What a soak plays, and a short one: real clips through the real node, with faults."""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from ros_support import REPOSITORY, random_domain_id, ros_environment

pytestmark = [pytest.mark.ros, pytest.mark.timeout(400)]

from emotion_recognition.audio.features import FEATURES
from emotion_recognition.audio.messages import AudioFormat, audio_chunk
from emotion_recognition.audio.stream import features_of
from emotion_recognition.bags.sample import fetch_sample
from emotion_recognition.vision.messages import ImageFormatError, decode_image
from emotion_recognition.vision.stream import FaceStream, VisionConfig
from soak.graph import Count
from soak.material import find_clips, write_material
from soak.orders import ENCODINGS, FRAMES_FILE, SAMPLE_FORMATS, SOUND_FILE, ImageOrder, SoundOrder
from soak.player import image_message, sound_message

SECOND_NS = 1_000_000_000


@pytest.fixture(scope="module")
def clips() -> list[Path]:
    """A face without a voice, a voice without a face."""
    try:
        return [fetch_sample("wolfgang"), fetch_sample("speech")]
    except (OSError, RuntimeError) as error:
        pytest.skip(f"the demo's samples are not here: {error}")


@pytest.fixture(scope="module")
def material(clips: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("material")
    write_material(clips, folder, seconds=2.0)
    return folder


def test_every_frame_shows_a_face_and_every_second_of_sound_a_voice(material: Path):
    frames, sound = np.load(material / FRAMES_FILE), np.load(material / SOUND_FILE)
    assert frames.shape[1:] == (480, 640, 3)
    seen = FaceStream(VisionConfig())
    for frame in frames[::4]:
        seen.reset()
        assert seen.add(1, frame) is not None
    assert len(sound) >= 16_000
    speech = features_of(sound / 32768, 16_000)[:, FEATURES["speech"]].any(axis=1)
    assert speech.mean() > 0.4


def test_a_folder_without_clips_is_refused(tmp_path: Path):
    with pytest.raises(FileNotFoundError, match=r"CLIPS=.* holds no video: expected .*mp4"):
        find_clips(str(tmp_path), np.random.default_rng(0), most=3)


def test_clips_without_a_person_are_refused(tmp_path: Path):
    with pytest.raises(ValueError, match="in none of 0 clips a face is seen"):
        write_material([], tmp_path, seconds=1.0)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_an_image_is_the_same_in_every_encoding(material: Path, encoding: str):
    frames = np.load(material / FRAMES_FILE)
    order = ImageOrder(5 * SECOND_NS, number=len(frames) + 1, encoding=encoding)
    message = image_message(order, frames)
    assert message.header.stamp.sec == 5
    difference = decode_image(message).astype(float).mean(axis=2) - frames[1].mean(axis=2)
    assert np.abs(difference).mean() < 8  # grey is weighed by how bright colours look


def test_an_image_of_another_size_shows_the_same(material: Path):
    frames = np.load(material / FRAMES_FILE)
    small = decode_image(image_message(ImageOrder(1, 0, width=320, height=240), frames))
    assert small.shape == (240, 320, 3)
    assert small.mean() == pytest.approx(frames[0].mean(), abs=2)


def test_a_damaged_image_cannot_be_decoded(material: Path):
    frames = np.load(material / FRAMES_FILE)
    with pytest.raises(ImageFormatError, match="460800"):
        decode_image(image_message(ImageOrder(1, 0, damaged=True), frames))


@pytest.mark.parametrize("sample_format", SAMPLE_FORMATS)
@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100])
def test_sound_is_the_same_at_every_rate_and_format(rate: int, sample_format: str):
    times = np.arange(16_000) / 16_000
    sound = np.round(8000 * np.sin(2 * np.pi * 200 * times)).astype(np.int16)
    order = SoundOrder(SECOND_NS, 15_200, 0.1, rate, 2, sample_format)  # over the end of the loop
    chunk = audio_chunk(sound_message(order, sound), AudioFormat(rate, 2, sample_format), 0)
    assert chunk.samples.shape == (rate // 10, 2)
    expected = 8000 / 32768 * np.sin(2 * np.pi * 200 * (0.95 + np.arange(rate // 10) / rate))
    np.testing.assert_allclose(chunk.samples[:, 1], expected, atol=2e-3)


def test_a_counter_that_begins_again_is_counted_on():
    count = Count()
    for value in (0, 3, 5, 0, 2, 2, 1):
        count.note(value)
    assert count.total == 5 + 2 + 1


@pytest.mark.usefixtures("clips")
def test_a_short_soak_loses_nothing(tmp_path: Path):
    command = [sys.executable, "-m", "soak.run", "--minutes", "0.75", "--mean", "3", "--seed", "3"]
    command += ["--material-s", "3", "--out", str(tmp_path)]
    done = subprocess.run(
        command,
        cwd=REPOSITORY,
        env=ros_environment(random_domain_id()),
        capture_output=True,
        text=True,
        check=False,
    )
    log = tmp_path / "soak_node.log"
    said = done.stdout + done.stderr[-2000:] + (log.read_text() if log.is_file() else "")
    assert done.returncode == 0, said
    last = done.stdout.splitlines()[-1]
    assert re.fullmatch(
        r"soak: 45 s of stream time, \d+ estimates, 0 gaps, rss slope -?[\d.]+ %/h", last
    )
    result = json.loads((tmp_path / "soak.json").read_text())
    assert result["stale"] == []
    assert result["estimates"] >= 0.9 * result["expected"] > 10
    assert sum(result["injected"].values()) > 10
    assert result["restarts"] >= 1
    assert "deactivate and activate, graph" in result["injected"]
    assert (tmp_path / "soak.png").is_file()
