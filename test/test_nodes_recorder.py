# ruff: noqa: E402 - what needs ROS is imported after the check for it
"""Recording live topics into a bag that can be evaluated."""

import array
import os
import signal
import stat
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml
from ros_support import command_line, probe, random_domain_id, running, wait_until

pytestmark = pytest.mark.ros

from emotion_recognition.msg import EmotionState
from sensor_msgs.msg import CompressedImage, Image

from emotion_recognition.bags.bag import Bag
from emotion_recognition.bags.events import AudioEvent, FrameEvent
from emotion_recognition.bags.read import read_events
from emotion_recognition.bags.write import AUDIO_TOPIC, COMPRESSED_TOPIC, IMAGE_TOPIC, make_bag
from emotion_recognition.evaluation.offline import recognize
from emotion_recognition.nodes.recording import NO_CONSENT, topics
from emotion_recognition.recognizer import RecognizerConfig


def record(out: Path, *arguments: str) -> list[str]:
    return command_line("record", str(out), *arguments)


def test_names_lie_in_the_namespace():
    absolute = topics("/camera/image_raw", "/audio/stamped", "")
    assert (absolute.emotion, absolute.audio_info) == ("/emotion", "/audio/audio_info")
    inside = topics("camera/image_raw", "/audio_stamped", "/robot/")
    assert inside.compressed == "/robot/camera/image_raw/compressed"
    assert (inside.audio, inside.emotion) == ("/audio_stamped", "/robot/emotion")


def test_without_consent_nothing_is_recorded_and_it_is_said_why(tmp_path: Path):
    with running(record(tmp_path / "out"), random_domain_id()) as recorder:
        assert recorder.wait(60) == 1
    assert NO_CONSENT in recorder.text
    assert "GDPR" in recorder.text
    assert "--consent" in recorder.text
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--consent", "--duration", "never"], 2, "duration is 'never': expected seconds above 0"),
        (["--consent", "--duration", "1"], 1, "nothing was recorded: nobody published /camera"),
    ],
)
def test_recordings_without_sense_or_content_are_told(tmp_path, arguments, code, words):
    with running(record(tmp_path / "out", *arguments), random_domain_id()) as recorder:
        assert recorder.wait(60) == code
    assert words in recorder.text
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("there", ["out", "out.unfinished"])
def test_what_is_there_is_not_overwritten(tmp_path, there):
    (tmp_path / there).mkdir()
    with running(record(tmp_path / "out", "--consent"), random_domain_id()) as recorder:
        assert recorder.wait(60) == 1
    assert str(tmp_path / there) in recorder.text
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
        assert bag.topics[AUDIO_TOPIC].count == played.topics[AUDIO_TOPIC].count
        assert bag.topics["/audio_info"].latched
    frame, original = (of_kind(recorded / name, FrameEvent)[0] for name in ("out", "played"))
    assert frame.image().shape == original.image().shape
    assert np.abs(frame.image().astype(int) - original.image()).mean() < 8
    assert abs(frame.received_ns - frame.stamp_ns) < 5e9
    sound = of_kind(recorded / "out", AudioEvent)[5]
    np.testing.assert_array_equal(
        sound.chunk.samples, of_kind(recorded / "played", AudioEvent)[5].chunk.samples
    )
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


def test_compressed_images_and_estimates_are_recorded_as_they_are(tmp_path: Path):
    domain_id = random_domain_id()
    image = CompressedImage(format="jpeg", data=array.array("B", b"picture"))
    state = EmotionState(emotion="sad", labels=["sad"], probabilities=[1.0])
    with running(record(tmp_path / "out", "--consent"), domain_id) as recorder:
        with probe(domain_id) as live:
            published = [
                (live.node.create_publisher(CompressedImage, COMPRESSED_TOPIC, 10), image),
                (live.node.create_publisher(Image, IMAGE_TOPIC, 10), Image()),
                (live.node.create_publisher(EmotionState, "/emotion", 10), state),
            ]
            wait_until(
                lambda: (
                    recorder.said(f"recording {COMPRESSED_TOPIC}")
                    and recorder.said("recording /emotion")
                ),
                60,
            )
            for publisher, message in published * 3:
                publisher.publish(message)
            wait_until(lambda: not recorder.running or live.node.get_clock().now(), 1)
        assert recorder.stop(signal.SIGTERM) == 0, recorder.text
    with Bag(tmp_path / "out") as bag:
        assert {name: topic.count for name, topic in bag.topics.items()} == {
            COMPRESSED_TOPIC: 3,
            "/emotion": 3,
        }
        found = {message.topic: bag.decode(message) for message in bag.messages()}
    assert bytes(found[COMPRESSED_TOPIC].data) == b"picture"
    assert (found["/emotion"].emotion, list(found["/emotion"].probabilities)) == ("sad", [1.0])


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
        publisher = live.node.create_publisher(CompressedImage, COMPRESSED_TOPIC, 10)
        wait_until(lambda: recorder.said(f"recording {COMPRESSED_TOPIC}"), 60)
        live.node.create_timer(0.02, lambda: publisher.publish(image))
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
out.mkdir()
(out / "command.txt").write_text(" ".join(sys.argv[1:]))
signal.signal(signal.SIGINT, lambda *_: {ending})
print("listening", flush=True)
time.sleep(60)
"""


@pytest.fixture
def ros2_bag(tmp_path: Path):
    """Put a ``ros2`` that ends as told on the path; return the variables."""

    def make(ending: str) -> dict[str, str]:
        tools = tmp_path / "tools"
        (tools / "ros2bag").mkdir(parents=True)
        (tools / "ros2bag" / "__init__.py").touch()
        program = tools / "ros2"
        program.write_text(FAKE_ROS2.format(python=sys.executable, ending=ending))
        program.chmod(program.stat().st_mode | stat.S_IEXEC)
        return {
            "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": f"{tools}{os.pathsep}{os.environ.get('PYTHONPATH', '')}",
        }

    return make


COMPLETE = "((out / 'metadata.yaml').touch(), sys.exit(0))"


def test_ros2_bag_records_where_it_is_installed(tmp_path: Path, ros2_bag):
    command = record(tmp_path / "out", "--consent", "--use-sim-time", "--audio", "/mic/audio")
    with running(command, random_domain_id(), **ros2_bag(COMPLETE)) as recorder:
        wait_until(lambda: recorder.said("listening") or not recorder.running, 60)
        recorder.interrupt()
        assert recorder.wait(30) == 0, recorder.text
    said = (tmp_path / "out" / "command.txt").read_text()
    wanted = [COMPRESSED_TOPIC, "/mic/audio", "/mic/audio_info", "/emotion", "--use-sim-time"]
    assert all(word in said.split() for word in wanted)
    assert not (tmp_path / "out.unfinished").exists()


def test_ros2_bag_that_fails_leaves_nothing_that_looks_complete(tmp_path: Path, ros2_bag):
    command = record(tmp_path / "out", "--consent", "--duration", "0.5")
    with running(command, random_domain_id(), **ros2_bag("sys.exit(3)")) as recorder:
        assert recorder.wait(60) == 1
    assert "ended with exit code 3 before it was complete" in recorder.text
    assert not (tmp_path / "out").exists()
    assert (tmp_path / "out.unfinished" / "out").is_dir()


def test_raw_images_are_compressed_by_us_even_where_ros2_bag_is(tmp_path: Path, ros2_bag):
    domain_id = random_domain_id()
    frame = Image(height=2, width=2, encoding="mono8", step=2, data=array.array("B", bytes(4)))
    with (
        probe(domain_id) as live,
        running(record(tmp_path / "out", "--consent"), domain_id, **ros2_bag(COMPLETE)) as recorder,
    ):
        publisher = live.node.create_publisher(Image, IMAGE_TOPIC, 10)
        wait_until(lambda: recorder.said(f"recording {IMAGE_TOPIC}"), 60)
        publisher.publish(frame)
        live.node.create_timer(0.1, lambda: publisher.publish(frame))
        wait_until(lambda: publisher.get_subscription_count() > 0, 20)
        with running(["sleep", "1"], domain_id) as second:
            second.wait()
        assert recorder.stop(signal.SIGINT) == 0, recorder.text
    with Bag(tmp_path / "out") as bag:
        assert list(bag.topics) == [COMPRESSED_TOPIC]
