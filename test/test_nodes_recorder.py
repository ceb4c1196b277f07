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
"""Recording live topics into a bag that can be evaluated."""

import array
import itertools
import os
import re
import signal
import stat
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml
from ros_support import (
    command_line,
    probe,
    random_domain_id,
    ros_environment,
    running,
    wait_until,
)

pytestmark = pytest.mark.ros

from emotion_recognition.msg import EmotionState
from sensor_msgs.msg import CompressedImage, Image

from emotion_recognition.bags.bag import Bag
from emotion_recognition.bags.events import AudioEvent, FrameEvent
from emotion_recognition.bags.read import read_events
from emotion_recognition.bags.write import AUDIO_TOPIC, COMPRESSED_TOPIC, IMAGE_TOPIC, make_bag
from emotion_recognition.cli import main
from emotion_recognition.evaluation.offline import recognize
from emotion_recognition.nodes import record as record_module
from emotion_recognition.nodes import recorder as recorder_module
from emotion_recognition.nodes.launching.record_graph import NO_CONSENT, topics
from emotion_recognition.nodes.ros.qos import sensor_qos
from emotion_recognition.recognizer import RecognizerConfig


def record(out: Path, *arguments: str) -> list[str]:
    return command_line("record", str(out), *arguments)


def test_names_lie_in_the_namespace():
    absolute = topics("/camera/image_raw", "/audio/stamped", "")
    assert (absolute.emotion, absolute.audio_info) == ("/emotion", "/audio/audio_info")
    inside = topics("camera/image_raw", "/audio_stamped", "/robot/")
    assert inside.compressed == "/robot/camera/image_raw/compressed"
    assert (inside.audio, inside.emotion) == ("/audio_stamped", "/robot/emotion")


@pytest.fixture
def domain_id(monkeypatch: pytest.MonkeyPatch) -> int:
    """A domain for the recorder of this process and its probe."""
    number = random_domain_id()
    for name, value in ros_environment(number).items():
        monkeypatch.setenv(name, value)
    return number


def record_here(out: Path, *arguments: str) -> int:
    return main(["record", str(out), *arguments])


def test_without_consent_nothing_is_recorded_and_it_is_said_why(tmp_path: Path, capsys):
    assert record_here(tmp_path / "out") == 1
    said = capsys.readouterr().err
    assert NO_CONSENT in said
    assert "GDPR" in said
    assert "--consent" in said
    assert not list(tmp_path.iterdir())


def test_a_duration_without_sense_is_refused(tmp_path: Path, capsys):
    with pytest.raises(SystemExit, match="2"):
        record_here(tmp_path / "out", "--consent", "--duration", "never")
    assert "duration is 'never': expected seconds above 0" in capsys.readouterr().err


def test_a_recording_of_nothing_leaves_nothing(tmp_path: Path, capsys, domain_id: int):
    assert record_here(tmp_path / "out", "--consent", "--duration", "0.3") == 1
    assert "nothing was recorded: nobody published /camera" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("there", ["out", "out.unfinished"])
def test_what_is_there_is_not_overwritten(tmp_path: Path, capsys, domain_id: int, there: str):
    (tmp_path / there).mkdir()
    assert record_here(tmp_path / "out", "--consent") == 1
    assert str(tmp_path / there) in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == [there]


@pytest.fixture(scope="module")
def recorded(talking_face: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real clip, played onto topics and recorded from them."""
    folder = tmp_path_factory.mktemp("recorded")
    make_bag(talking_face, folder / "played")
    domain_id = random_domain_id()
    with running(record(folder / "out", "--consent"), domain_id) as recorder:
        wait_until(lambda: recorder.said("recording into") or not recorder.running, 60)
        play = command_line("play", str(folder / "played"), "--stamps", "now", "--wait", "60")
        with running(play, domain_id) as player:
            assert player.wait(120) == 0, player.text
            assert not player.said("no subscriber"), player.text
        assert recorder.stop(signal.SIGINT) == 0, recorder.text
        assert recorder.said(COMPRESSED_TOPIC, "messages recorded"), recorder.text
    return folder


def of_kind(path: Path, kind: type) -> list:
    return [event for event in read_events(path) if isinstance(event, kind)]


def test_what_is_played_is_recorded_in_compressed_form(recorded: Path):
    with Bag(recorded / "played") as played, Bag(recorded / "out") as bag:
        assert set(bag.topics) == {COMPRESSED_TOPIC, AUDIO_TOPIC, "/audio_info"}
        frames = played.topics[IMAGE_TOPIC].count
        assert frames * 0.8 <= bag.topics[COMPRESSED_TOPIC].count <= frames
        assert bag.topics[AUDIO_TOPIC].count >= played.topics[AUDIO_TOPIC].count - 2
        assert bag.topics["/audio_info"].latched
    frame, original = (of_kind(recorded / name, FrameEvent)[0] for name in ("out", "played"))
    assert frame.image().shape == original.image().shape
    assert np.abs(frame.image().astype(int) - original.image()).mean() < 8
    assert abs(frame.received_ns - frame.stamp_ns) < 5e9
    ours, theirs = (
        np.concatenate([event.chunk.samples for event in of_kind(recorded / name, AudioEvent)])
        for name in ("out", "played")
    )
    np.testing.assert_array_equal(ours, theirs[: len(ours)])
    assert [path.name for path in sorted(recorded.iterdir())] == ["out", "played"]
    metadata = yaml.safe_load((recorded / "out" / "metadata.yaml").read_text())
    assert metadata["rosbag2_bagfile_information"]["custom_data"] == {"consent": "given"}


def test_a_recording_gives_the_estimates_of_what_was_played(recorded: Path):
    ours, theirs = (
        [each for each in recognize(recorded / name, RecognizerConfig()) if each.available]
        for name in ("out", "played")
    )
    assert len(ours) >= 0.7 * len(theirs) > 3
    assert {each.emotion for each in ours} & {each.emotion for each in theirs}


def test_compressed_images_and_estimates_are_recorded_as_they_are(tmp_path: Path, domain_id: int):
    image = CompressedImage(format="jpeg", data=array.array("B", b"picture"))
    state = EmotionState(emotion="sad", labels=["sad"], probabilities=[1.0])
    with probe(domain_id) as live:
        live.publish_often(COMPRESSED_TOPIC, image)
        live.publish_often(IMAGE_TOPIC, Image())
        live.publish_often("/emotion", state)
        assert record_here(tmp_path / "out", "--consent", "--duration", "3") == 0
    with Bag(tmp_path / "out") as bag:
        assert set(bag.topics) == {COMPRESSED_TOPIC, "/emotion"}
        assert min(topic.count for topic in bag.topics.values()) > 5
        found = {message.topic: bag.decode(message) for message in bag.messages()}
    assert bytes(found[COMPRESSED_TOPIC].data) == b"picture"
    assert (found["/emotion"].emotion, list(found["/emotion"].probabilities)) == ("sad", [1.0])


def test_a_publisher_that_comes_back_with_less_quality_is_recorded_on(
    tmp_path: Path, domain_id: int
):
    with probe(domain_id) as live:
        publishers = [live.node.create_publisher(EmotionState, "/emotion", 10)]
        ticks = itertools.count()

        def publish() -> None:
            if live.node.count_subscribers("/emotion") and next(ticks) == 20:
                live.node.destroy_publisher(publishers[0])
                publishers[0] = live.node.create_publisher(EmotionState, "/emotion", sensor_qos(10))
            quality = publishers[0].qos_profile.reliability.name
            publishers[0].publish(EmotionState(emotion=quality))

        live.node.create_timer(0.05, publish)
        assert record_here(tmp_path / "out", "--consent", "--duration", "6") == 0
    with Bag(tmp_path / "out") as bag:
        heard = {bag.decode(message).emotion for message in bag.messages()}
    assert heard == {"RELIABLE", "BEST_EFFORT"}


def test_what_the_disk_is_too_slow_for_is_counted(
    tmp_path: Path, domain_id: int, monkeypatch: pytest.MonkeyPatch, capsys
):
    monkeypatch.setattr(recorder_module, "MAX_WAITING_BYTES", 20_000)
    image = CompressedImage(format="jpeg", data=array.array("B", bytes(50_000)))
    with probe(domain_id) as live:
        live.publish_often(COMPRESSED_TOPIC, image)
        live.publish_often("/emotion", EmotionState())
        assert record_here(tmp_path / "out", "--consent", "--duration", "3") == 0
    assert re.search(rf"{COMPRESSED_TOPIC}: \d+ messages lost: the disk", capsys.readouterr().out)
    with Bag(tmp_path / "out") as bag:
        assert list(bag.topics) == ["/emotion"]


def test_what_a_killed_or_failed_recorder_wrote_can_be_read(tmp_path: Path):
    """The disk is full half-way: the system refuses to let the file grow."""
    domain_id = random_domain_id()
    out = tmp_path / "out"
    code = (
        "import resource, sys; from emotion_recognition.cli import main; "
        "resource.setrlimit(resource.RLIMIT_FSIZE, (3_000_000, 3_000_000)); "
        "sys.exit(main(sys.argv[1:]))"
    )
    command = [sys.executable, "-c", code, "record", str(out), "--consent"]
    noise = np.random.default_rng(0).integers(0, 256, 100_000, np.uint8).tobytes()
    image = CompressedImage(format="jpeg", data=array.array("B", noise))
    with running(command, domain_id) as recorder, probe(domain_id) as live:
        live.publish_often(COMPRESSED_TOPIC, image)
        wait_until(lambda: not recorder.running, 60)
        assert recorder.wait() == 1
    assert "File too large" in recorder.text
    assert f"what was recorded until then lies in {out}.unfinished" in recorder.text
    assert not out.exists()
    frames = list(read_events(tmp_path / "out.unfinished" / "out"))
    assert len(frames) >= 20


FAKE_ROS2 = """#!{python}
import pathlib, signal, sys, time
assert sys.argv[1:3] == ["bag", "record"], sys.argv
out = pathlib.Path(sys.argv[sys.argv.index("-o") + 1])
signal.signal(signal.SIGINT, lambda *_: {ending})
out.mkdir()
(out / "command.txt").write_text(" ".join(sys.argv[1:]))
time.sleep(60)
"""
COMPLETE = "((out / 'metadata.yaml').touch(), sys.exit(0))"


@pytest.fixture
def ros2_bag(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, domain_id: int):
    """Puts a ``ros2`` that ends as told on the path."""
    monkeypatch.setattr(record_module, "_LOOK_S", 1.0)

    def make(ending: str) -> None:
        tools = tmp_path / "tools"
        (tools / "ros2bag").mkdir(parents=True)
        (tools / "ros2bag" / "__init__.py").touch()
        program = tools / "ros2"
        program.write_text(FAKE_ROS2.format(python=sys.executable, ending=ending))
        program.chmod(program.stat().st_mode | stat.S_IEXEC)
        monkeypatch.setenv("PATH", f"{tools}{os.pathsep}{os.environ['PATH']}")
        monkeypatch.syspath_prepend(tools)

    return make


def test_ros2_bag_records_where_it_is_installed(tmp_path: Path, ros2_bag):
    ros2_bag(COMPLETE)
    arguments = ["--consent", "--use-sim-time", "--audio", "/mic/audio", "--duration", "2"]
    assert record_here(tmp_path / "out", *arguments) == 0
    said = (tmp_path / "out" / "command.txt").read_text()
    wanted = [COMPRESSED_TOPIC, "/mic/audio", "/mic/audio_info", "/emotion", "--use-sim-time"]
    assert all(word in said.split() for word in wanted)
    assert not (tmp_path / "out.unfinished").exists()


def test_ros2_bag_that_fails_leaves_nothing_that_looks_complete(tmp_path: Path, ros2_bag, capsys):
    ros2_bag("sys.exit(3)")
    assert record_here(tmp_path / "out", "--consent", "--duration", "2") == 1
    assert "ended with exit code 3 before it was complete" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    assert (tmp_path / "out.unfinished" / "out").is_dir()


def test_raw_images_are_compressed_by_us_even_where_ros2_bag_is(
    tmp_path: Path, ros2_bag, domain_id: int
):
    ros2_bag(COMPLETE)
    frame = Image(height=2, width=2, encoding="mono8", step=2, data=array.array("B", bytes(4)))
    with probe(domain_id) as live:
        live.publish_often(IMAGE_TOPIC, frame)
        assert record_here(tmp_path / "out", "--consent", "--duration", "3") == 0
    with Bag(tmp_path / "out") as bag:
        assert list(bag.topics) == [COMPRESSED_TOPIC]
