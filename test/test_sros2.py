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
"""The SROS 2 policy against what running nodes use, its form, a keystore made of it, and starts."""

import os
import socket
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree

import pytest
from ros_support import Probe, module, probe, random_domain_id, running, wait_until

pytestmark = pytest.mark.ros

from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter
from std_srvs.srv import Trigger

from emotion_recognition.nodes.launching.graph import ARGUMENTS, remappings
from emotion_recognition.nodes.launching.keystore import (
    VARIABLE,
    KeystoreError,
    enclave,
    secure_environment,
)

REPOSITORY = Path(__file__).resolve().parents[1]
POLICY = REPOSITORY / "config" / "sros2" / "policies.xml"
NODES = (
    *("emotion_node", "camera_node", "microphone_node", "dashboard_bridge"),
    *("recorder", "player"),
)
KINDS = {  # of a permission, by the element and its attribute
    ("topics", "publish"): "publish",
    ("topics", "subscribe"): "subscribe",
    ("services", "reply"): "reply",
    ("services", "request"): "request",
}
Permissions = dict[str, dict[str, set[str]]]  # names by kind, by node


def allowed() -> Permissions:
    """What the policy allows, by the rules of its schema; names in full."""
    found: Permissions = {}
    for each in ElementTree.parse(POLICY).getroot().iter("enclave"):
        (profile,) = each.findall("profiles/profile")
        node, namespace = profile.get("node", ""), profile.get("ns")
        assert namespace == "/"
        assert each.get("path") == enclave(node)
        own: dict[str, set[str]] = {kind: set() for kind in KINDS.values()}
        for group in profile:
            ((attribute, qualifier),) = group.attrib.items()
            assert qualifier == "ALLOW"
            names = {(item.text or "").replace("~", f"/{node}", 1) for item in group}
            assert len(names) == len(group)
            assert all(name.startswith("/") and "*" not in name for name in names)
            own[KINDS[group.tag, attribute]] |= names
        found[node] = own
    return found


def test_the_policy_has_the_form_of_version_0_2_0():
    root = ElementTree.parse(POLICY).getroot()
    assert (root.tag, root.attrib) == ("policy", {"version": "0.2.0"})
    assert [child.tag for child in root] == ["enclaves"]
    tags = {"topics": "topic", "services": "service"}
    for profile in root.iter("profile"):
        assert set(profile.attrib) == {"ns", "node"}
        for group in profile:
            assert (group.tag, *group.attrib) in {(tag, name) for tag, name in KINDS}
            assert group  # the schema wants one name at least
            assert {item.tag for item in group} == {tags[group.tag]}


def test_each_node_has_an_enclave_of_its_own():
    assert tuple(allowed()) == NODES


# --- what running nodes use -----------------------------------------------------------------------

SIM_TIME = Parameter("use_sim_time", value=True)


def cli(*names: str) -> list[str]:
    """Arguments that give a node the names of the launch file."""
    defaults = {argument.name: str(argument.default) for argument in ARGUMENTS}
    arguments = ["--ros-args"]
    for name, topic in remappings(defaults["image"], defaults["audio"]):
        arguments += ["-r", f"{name}:={topic}"]
    return arguments + list(names)


class Graph:
    """Nodes in a context of their own, spun by hand, and what has been seen of them."""

    def __init__(self, domain_id: int, watcher: Probe) -> None:
        self.context = Context()
        self.context.init(args=cli(), domain_id=domain_id)
        self.executor = SingleThreadedExecutor(context=self.context)
        self.watcher = watcher.node
        self.used: Permissions = defaultdict(lambda: defaultdict(set))

    def add(self, node: Node) -> Node:
        self.executor.add_node(node)
        return node

    def look(self) -> None:
        """Spin once, and note what every node has now."""
        self.executor.spin_once(timeout_sec=0.05)
        ask = {
            "publish": self.watcher.get_publisher_names_and_types_by_node,
            "subscribe": self.watcher.get_subscriber_names_and_types_by_node,
            "reply": self.watcher.get_service_names_and_types_by_node,
            "request": self.watcher.get_client_names_and_types_by_node,
        }
        for node in {name for name in self.watcher.get_node_names() if name in NODES}:
            for kind, names_of in ask.items():
                self.used[node][kind] |= {name for name, _ in names_of(node, "/")}

    def look_until(self, node: str, kind: str, *names: str) -> None:
        def there() -> bool:
            self.look()
            return set(names) <= self.used[node][kind]

        wait_until(there, 60, f"{node} uses all of {names} ({kind})")


@pytest.fixture
def bag(tmp_path: Path) -> Path:
    """A bag with every topic that this package writes into one."""
    import numpy as np

    from emotion_recognition.audio.chunk import AudioChunk
    from emotion_recognition.bags import compose, types
    from emotion_recognition.bags.write import bag_writer
    from emotion_recognition.estimate import Estimate

    pixels = np.zeros((8, 8, 3), np.uint8)
    chunk = AudioChunk(1, 16000, np.zeros((160, 1), np.float32))
    packed = compose.jpeg_image(1, "c", pixels)
    messages = (
        ("/camera/image_raw", types.IMAGE, compose.raw_image(1, "c", pixels)),
        ("/camera/image_raw/compressed", types.COMPRESSED_IMAGE, packed),
        ("/audio_stamped", types.AUDIO_DATA_STAMPED, compose.sound(chunk)),
        ("/audio_info", types.AUDIO_INFO, compose.sound_info(16000)),
        ("/emotion", types.EMOTION_STATE, compose.emotion_state(Estimate(1, 1, 1))),
    )
    path = tmp_path / "bag"
    with bag_writer(path, storage="mcap", force=False, recording="test") as writer:
        for topic, msgtype, message in messages:
            writer.write(topic, msgtype, 1_000_000_000, message)
    return path


def record(graph: Graph, out: Path, *topics: str) -> None:
    """Run a recorder until it hears ``topics``."""
    from emotion_recognition.bags.write import bag_writer
    from emotion_recognition.nodes.launching.record_graph import Topics
    from emotion_recognition.nodes.recorder import Recorder

    names = Topics("/camera/image_raw", "/audio_stamped", "/emotion")
    with bag_writer(out, storage="mcap", force=False, recording="test") as writer:
        node = Recorder(writer, names, context=graph.context, parameter_overrides=[SIM_TIME])
        graph.executor.add_node(node)
        graph.look_until("recorder", "subscribe", *topics)
        graph.executor.remove_node(node)
        node.finish()
        node.destroy_node()


@pytest.mark.timeout(240)
def test_nodes_use_what_the_policy_allows_nothing_less_and_nothing_more(
    bag: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    pytest.importorskip("fastapi", reason="extra 'dashboard' is not installed")
    from websockets.sync.client import connect

    from emotion_recognition.nodes.camera_node import CameraNode
    from emotion_recognition.nodes.dashboard_bridge import DashboardBridge
    from emotion_recognition.nodes.microphone_node import MicrophoneNode
    from emotion_recognition.nodes.player import Player

    stream = SimpleNamespace(start=lambda: None, close=lambda: None)
    fake = SimpleNamespace(RawInputStream=lambda **_: stream, PortAudioError=OSError)
    monkeypatch.setitem(sys.modules, "sounddevice", fake)
    domain_id = random_domain_id()
    arguments = cli("-p", "use_sim_time:=true", "-p", "publish_overlay:=true", "-p", "device:=cpu")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    page = [SIM_TIME, Parameter("port", value=port)]
    url = f"ws://127.0.0.1:{port}/api/live"
    with probe(domain_id) as watcher, running(module("emotion_node", *arguments), domain_id):
        graph = Graph(domain_id, watcher)
        given = {"context": graph.context, "parameter_overrides": [SIM_TIME]}
        made = [
            graph.add(CameraNode(**given)),
            graph.add(MicrophoneNode(**given)),
            graph.add(DashboardBridge(context=graph.context, parameter_overrides=page)),
        ]
        with connect(url, max_size=None):
            graph.look_until("dashboard_bridge", "subscribe", "/camera/image_raw")
        record(graph, tmp_path / "raw", "/camera/image_raw", "/emotion", "/audio_stamped")
        player = graph.add(Node("player", context=graph.context))
        Player(player, bag)
        graph.look_until("player", "publish", *allowed()["player"]["publish"])
        record(graph, tmp_path / "compressed", "/camera/image_raw/compressed")
        with connect(url, max_size=None):
            graph.look_until("dashboard_bridge", "subscribe", "/camera/image_raw/compressed")
        for kind in KINDS.values():
            graph.look_until("emotion_node", kind, *allowed()["emotion_node"][kind])
        for node in (*made, player):
            node.destroy_node()
        graph.executor.shutdown()
        graph.context.try_shutdown()
    used = {node: {kind: graph.used[node][kind] for kind in KINDS.values()} for node in NODES}
    expected = allowed()
    if os.environ.get("ROS_DISTRO") == "humble":  # which has no such service yet
        for node in NODES:
            expected[node]["reply"].discard(f"/{node}/get_type_description")
    assert used == expected


# --- keystore -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def keystore(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, int]]:
    """A keystore that ROS 2's own sros2 made of the policy, and the domain that it is for."""
    generation = pytest.importorskip(
        "sros2.api._artifact_generation", reason="ROS 2's sros2 is not installed"
    )
    folder, domain_id = tmp_path_factory.mktemp("keystore"), random_domain_id()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ROS_DOMAIN_ID", str(domain_id))
        generation.generate_artifacts(keystore_path=folder, policy_files=[POLICY])
    yield folder, domain_id


def test_sros2_makes_signed_permissions_of_the_policy(keystore: tuple[Path, int]):
    folder, domain_id = keystore
    for node, names in allowed().items():
        signed = folder / "enclaves" / enclave(node).strip("/") / "permissions.p7s"
        authority = folder / "public" / "permissions_ca.cert.pem"
        command = ["openssl", "smime", "-verify", "-in", signed, "-CAfile", authority]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        (grant,) = ElementTree.fromstring(done.stdout[done.stdout.index("<dds") :]).iter("grant")
        assert grant.findtext("subject_name") == f"CN={enclave(node)}"
        assert grant.findtext("default") == "DENY"
        assert {each.text for each in grant.iter("id")} == {str(domain_id)}
        for kind in ("publish", "subscribe"):
            topics = {each.text for each in grant.iterfind(f".//{kind}//topic")}
            assert topics >= {f"rt{name}" for name in names[kind]}
            assert topics - {"ros_discovery_info"} == dds_names(kind, names)


def dds_names(kind: str, names: dict[str, set[str]]) -> set[str]:
    """Topics of DDS behind ROS names: ``rt`` topics, ``rq`` requests, ``rr`` replies."""
    ending = ("rr", "Reply") if kind == "publish" else ("rq", "Request")
    services = {f"{ending[0]}{name}{ending[1]}" for name in names["reply"]}
    return {f"rt{name}" for name in names[kind]} | services


def test_the_environment_enforces_security(tmp_path: Path):
    for file in ("cert.pem", "key.pem", "governance.p7s", "permissions.p7s"):
        path = tmp_path / "enclaves" / "emotion_recognition" / "emotion_node" / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    assert secure_environment(str(tmp_path), ["emotion_node"]) == {
        VARIABLE: str(tmp_path),
        "ROS_SECURITY_ENABLE": "true",
        "ROS_SECURITY_STRATEGY": "Enforce",
    }
    with pytest.raises(KeystoreError, match=r"dashboard_bridge lacks cert.pem, .* cannot start"):
        secure_environment(str(tmp_path), ["emotion_node", "dashboard_bridge"])


@pytest.mark.parametrize(
    ("keystore", "words"), [("", "give keystore:=FOLDER"), ("/no/such", "/no/such is no keystore")]
)
def test_without_a_keystore_the_reason_and_the_remedy_are_named(keystore: str, words: str):
    with pytest.raises(KeystoreError, match=f"{words}.*ros2 security generate_artifacts"):
        secure_environment(keystore, ["emotion_node"])


# --- starts ---------------------------------------------------------------------------------------


def secured(folder: Path) -> dict[str, str]:
    return {
        VARIABLE: str(folder),
        "ROS_SECURITY_ENABLE": "true",
        "ROS_SECURITY_STRATEGY": "Enforce",
    }


def test_a_node_does_not_start_unsecured_where_security_is_enforced(tmp_path: Path):
    command = module("camera_node", "--ros-args", "--enclave", enclave("camera_node"))
    with running(command, random_domain_id(), **secured(tmp_path)) as process:
        assert process.wait(60) == 2
    assert process.said("SECURITY ERROR", str(tmp_path))
    assert "Traceback" not in process.text


def test_a_keystore_that_the_middleware_does_not_take_ends_the_start_in_words(tmp_path: Path):
    own = tmp_path / "enclaves" / enclave("camera_node").strip("/")
    own.mkdir(parents=True)
    names = ("identity_ca.cert.pem", "permissions_ca.cert.pem", "cert.pem", "key.pem")
    for name in (*names, "governance.p7s", "permissions.p7s"):
        (own / name).write_text("no certificate", encoding="utf-8")
    command = module("camera_node", "--ros-args", "--enclave", enclave("camera_node"))
    with running(command, random_domain_id(), **secured(tmp_path)) as process:
        assert process.wait(60) == 1
    assert process.said("FATAL", "ROS 2 does not make the node")
    assert "Traceback" not in process.text


@pytest.mark.timeout(240)
def test_a_secured_node_is_there_for_secured_ones_alone(keystore: tuple[Path, int]):
    folder, domain_id = keystore
    command = module("emotion_node", "--ros-args", "--enclave", enclave("emotion_node"))
    with running(command, domain_id, **secured(folder)) as process:
        wait_until(lambda: process.said("ready:") or not process.running, 100, "a start or an end")
        if process.said("doesn't have the security libraries"):
            assert process.wait(20) == 1
            assert "Traceback" not in process.text
            pytest.skip("this Fast DDS is built without security: the node refused to start")
        assert process.running, process.text
        with probe(domain_id) as stranger:
            reset = stranger.node.create_client(Trigger, "/emotion_node/reset")
            assert not reset.wait_for_service(10)
            assert not stranger.node.count_publishers("/emotion")
        code = (
            "import rclpy; rclpy.init(args=['x', '--ros-args', '--enclave', "
            f"'{enclave('dashboard_bridge')}']); node = rclpy.create_node('dashboard_bridge')\n"
            "while not node.count_publishers('/emotion'): rclpy.spin_once(node, timeout_sec=0.1)"
        )
        with running([sys.executable, "-c", code], domain_id, **secured(folder)) as friend:
            assert friend.wait(60) == 0, friend.text
