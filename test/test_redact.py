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

"""``redact``: estimates only; nothing that graph, page or report give out shows anybody."""

import json
import signal
import socket
from pathlib import Path

import pytest
from ros_support import command_line, probe, random_domain_id, running, wait_until

pytest.importorskip("fastapi", reason="extra 'dashboard' is not installed")

from dashboard_support import serving
from emotion_recognition.msg import EmotionState
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import Image
from websockets.sync.client import connect

from emotion_recognition.bags.read import read_events
from emotion_recognition.evaluation.offline import estimates_of
from emotion_recognition.model.emotion_model import load_model
from emotion_recognition.recognizer import Recognizer, RecognizerConfig
from emotion_recognition.settings import PARAMETERS, ParameterError, settings_from
from emotion_recognition.studies.configuration import ConfigurationError, make_configuration
from emotion_recognition.studies.job import RunOptions
from emotion_recognition.studies.run import run_recordings


def test_the_estimates_are_the_same_but_for_the_face_box(talking_face: Path):
    model = load_model(device="cpu")
    shown, redacted = (
        list(estimates_of(read_events(talking_face), Recognizer(config, model)))
        for config in (RecognizerConfig(), RecognizerConfig(redact=True))
    )
    assert [each.probabilities for each in shown] == [each.probabilities for each in redacted]
    assert any(each.face for each in shown)
    assert not any(each.face for each in redacted)


def test_an_overlay_is_refused():
    values = {item.name: item.default for item in PARAMETERS}
    with pytest.raises(ParameterError, match="'redact' and 'publish_overlay' are both true"):
        settings_from({**values, "redact": True, "publish_overlay": True})


def test_thumbnails_and_bags_of_what_was_seen_are_refused(tmp_path: Path):
    pytest.importorskip("pandas", reason="extra 'studies' is not installed")
    pytest.importorskip("jinja2", reason="extra 'studies' is not installed")
    from emotion_recognition.studies.study import evaluate

    redacted = [make_configuration("quiet", redact=True)]
    clip = tmp_path / "clip.wav"
    clip.write_bytes(b"")
    with pytest.raises(ConfigurationError, match=r"redact.* is true in 'quiet'.*thumbnails"):
        evaluate(clip, configurations=redacted, out=tmp_path / "out", thumbnails=True)
    with pytest.raises(ConfigurationError, match=r"redact.* is true in 'quiet'.*a bag"):
        run_recordings([clip], redacted, tmp_path / "out", RunOptions(bag=True))
    assert not (tmp_path / "out").exists()


def test_a_recording_sent_to_a_redacted_page_comes_back_without_faces(talking_face: Path):
    with serving(redact=True) as page:
        id = page.upload(talking_face).json()["id"]
        analysis = page.finished(id)
        assert analysis["state"] == "done", analysis["error"]
        assert any(each["video_weight"] for each in analysis["estimates"])
        assert not any(each["face"] for each in analysis["estimates"])
        assert page.client.get(f"/api/analyses/{id}/faces").json()["frames"] == []


@pytest.mark.ros
@pytest.mark.timeout(240)
def test_a_redacted_graph_and_its_page_give_out_estimates_only(talking_face: Path, tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    parameters = tmp_path / "parameters.yaml"
    parameters.write_text(
        "/**/emotion_node: {ros__parameters: {use_audio: false, device: cpu}}\n"
        f"/**/camera_node: {{ros__parameters: {{source: '{talking_face}'}}}}\n"
        f"/**/dashboard_bridge: {{ros__parameters: {{port: {port}}}}}\n",
        encoding="utf-8",
    )
    domain_id = random_domain_id()
    command = command_line("run", "--redact", "--camera", "--dashboard", "--namespace", "robot")
    command += ["--params-file", str(parameters)]
    with running(command, domain_id) as process, probe(domain_id) as heard:
        states = heard.hear(EmotionState, "/robot/emotion")
        images = heard.hear(Image, "/camera/image_raw", qos_profile_sensor_data)
        wait_until(
            lambda: any(state.video_weight for state in states) or not process.running,
            120,
            "an estimate from a face",
        )
        assert process.running, process.text
        assert images  # so there was somebody to show
        assert not any(state.face.width or state.face.height for state in states)
        wait_until(lambda: process.said(f":{port}/"), 100, "the page")
        texts, pictures = watch(port)
        kinds = {each["type"] for each in texts}
        assert {"hello", "estimate", "diagnostics", "status"} <= kinds
        assert "audio" not in kinds
        assert not pictures
        assert not any(each["face"] for each in texts if each["type"] == "estimate")
        assert not any(each["face"] for each in texts[0]["history"])
        status = next(each for each in texts if each["type"] == "status")
        assert {status[name]["state"] for name in ("image", "audio")} == {"redacted"}
        read = heard.node.get_subscriber_names_and_types_by_node("dashboard_bridge", "/robot")
        assert {name for name, _ in read} >= {"/robot/emotion", "/diagnostics"}
        assert not {name for name, _ in read} & {"/camera/image_raw", "/audio_stamped"}
        own = heard.node.get_publisher_names_and_types_by_node("emotion_node", "/robot")
        assert "/robot/emotion" in dict(own)
        assert not any("Image" in kind for _, kinds in own for kind in kinds)
        assert process.stop(signal.SIGTERM) == 0, process.text


def watch(port: int) -> tuple[list[dict], list[bytes]]:
    """What a viewer of the live page is sent, until 20 estimates have come."""
    texts: list[dict] = []
    pictures: list[bytes] = []
    with connect(f"ws://127.0.0.1:{port}/api/live", max_size=None) as viewer:
        while (
            sum(each["type"] == "estimate" for each in texts) < 20
            or not any(each["type"] == "status" for each in texts)
            or not any(each["type"] == "diagnostics" for each in texts)
        ):
            told = viewer.recv(60)
            if isinstance(told, bytes):
                pictures.append(told)
            else:
                texts.append(json.loads(told))
    return texts, pictures
