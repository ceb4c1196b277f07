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

"""Weights are held against their SHA-256, and nothing that is loaded may bring code of its own."""

import ast
import hashlib
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from emotion_recognition.model import digest
from emotion_recognition.model.backbones import BackboneError, FrameEncoderChoice
from emotion_recognition.model.backbones.frames import FRAME_ENCODERS
from emotion_recognition.model.checkpoint import CheckpointError, load_checkpoint
from emotion_recognition.model.emotion_model import load_model
from emotion_recognition.model.network_file import NETWORK_FILE, WEIGHTS
from emotion_recognition.smoothing import load_parameters
from emotion_recognition.vision.detect import DetectorError, make_detector

REPOSITORY = Path(__file__).resolve().parents[1]
SOURCES = sorted(
    path
    for folder in ("emotion_recognition", "launch", "scripts", "examples", "bench")
    for path in (REPOSITORY / folder).rglob("*.py")
)


@pytest.fixture
def network(tmp_path: Path) -> Path:
    """A copy of the shipped network, as a user's own file."""
    return Path(shutil.copy(WEIGHTS / NETWORK_FILE, tmp_path / NETWORK_FILE))


def state_digest(path: Path, digest: str) -> None:
    path.with_name(path.name + ".sha256").write_text(f"{digest}  {path.name}\n")


def altered(path: Path) -> Path:
    """Change one bit of the last weight: the file stays a valid checkpoint."""
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    return path


def test_the_manifest_names_every_shipped_file_with_its_digest():
    lines = digest.MANIFEST.read_text().splitlines()
    listed = {name: value for value, name in (line.split("  ") for line in lines)}
    files = [*WEIGHTS.rglob("*.safetensors"), *WEIGHTS.rglob("*.json")]
    assert listed == {
        path.relative_to(WEIGHTS).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
    }


def test_the_shipped_weights_load():
    load_checkpoint(WEIGHTS / NETWORK_FILE, "emotion_network")
    load_parameters()


@pytest.mark.parametrize("link", [False, True], ids=["file", "link"])
def test_shipped_weights_that_were_replaced_are_refused(link, network, tmp_path, monkeypatch):
    folder = tmp_path / "package" / "weights"
    folder.mkdir(parents=True)
    shutil.copy(digest.MANIFEST, folder)
    monkeypatch.setattr(digest, "WEIGHTS", folder)
    monkeypatch.setattr(digest, "MANIFEST", folder / "SHA256SUMS")
    inside = folder / NETWORK_FILE
    if link:
        inside.symlink_to(network)
    else:
        shutil.copy(network, inside)
    load_checkpoint(inside, "emotion_network")
    altered(network if link else inside)
    with pytest.raises(CheckpointError, match=r"its sha256 is .*SHA256SUMS states .*restore it"):
        load_checkpoint(inside, "emotion_network")
    added = Path(shutil.copy(network, folder / "added.safetensors"))
    with pytest.raises(CheckpointError, match="not listed"):
        load_checkpoint(added, "emotion_network")


def test_a_file_of_ones_own_needs_no_digest_but_must_have_the_one_that_is_stated(network):
    load_checkpoint(network, "emotion_network")
    state_digest(network, hashlib.sha256(network.read_bytes()).hexdigest().upper())
    load_checkpoint(network, "emotion_network")
    altered(network)
    with pytest.raises(CheckpointError, match=r"emotion_network\.safetensors\.sha256 states"):
        load_checkpoint(network, "emotion_network")


def test_a_statement_that_cannot_be_read_is_no_statement_of_correctness(network):
    network.with_name(network.name + ".sha256").write_text("todo\n")
    with pytest.raises(CheckpointError, match="expected one line as `sha256sum` prints it"):
        load_checkpoint(network, "emotion_network")


def test_smoothing_parameters_and_face_detectors_are_held_against_theirs(tmp_path: Path):
    smoother = Path(shutil.copy(WEIGHTS / "smoother.json", tmp_path))
    detector = tmp_path / "yunet.onnx"
    detector.write_bytes(b"?")
    for path in (smoother, detector):
        state_digest(path, "0" * 64)
    with pytest.raises(CheckpointError, match="its sha256 is"):
        load_parameters(smoother)
    with pytest.raises(DetectorError, match="its sha256 is"):
        make_detector("yunet", detector)


@pytest.mark.ros
def test_a_node_does_not_start_with_altered_weights_and_says_why(network):
    pytest.importorskip("rclpy", reason="rclpy is not installed: source ROS 2")
    from ros_support import module, random_domain_id, running

    state_digest(network, hashlib.sha256(network.read_bytes()).hexdigest())
    altered(network)
    arguments = ["--ros-args", "-p", f"model_path:={network}", "-p", "device:=cpu"]
    with running(module("emotion_node", *arguments), random_domain_id()) as process:
        assert process.wait(100) != 0
    assert process.said("model_path", "its sha256 is", "the file was altered or damaged")
    assert "Traceback" not in process.text


# --- no pickle ------------------------------------------------------------------------------------

FORBIDDEN_MODULES = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "joblib", "shelve"}
SAFE_ARGUMENTS = {  # of calls that would unpickle, or run code, without them
    ("torch", "load"): ("weights_only", True),
    ("np", "load"): ("allow_pickle", False),
}
FORBIDDEN_CALLS = {"eval", "exec"}


def unsafe(tree: ast.AST) -> list[str]:
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name.partition(".")[0] for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [(node.module or "").partition(".")[0]]
        else:
            names = []
        found += [name for name in names if name in FORBIDDEN_MODULES]
        if not isinstance(node, ast.Call):
            continue
        if isinstance(node.func, ast.Name) and node.func.id in FORBIDDEN_CALLS:
            found.append(node.func.id)
        if isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name):
            call = node.func.value.id, node.func.attr
            given = {word.arg: getattr(word.value, "value", None) for word in node.keywords}
            if call in SAFE_ARGUMENTS:
                name, value = SAFE_ARGUMENTS[call]
                if given.get(name) is not value:
                    found.append(f"{'.'.join(call)} without {name}={value}")
            if call == ("yaml", "load") and not safe_yaml(node, tree):
                found.append("yaml.load")
    return found


def safe_yaml(call: ast.Call, tree: ast.AST) -> bool:
    """Whether the loader is yaml.SafeLoader, or a class of the same file that derives from it."""
    safe = {
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and [ast.unparse(b) for b in node.bases] == [_SAFE]
    }
    loaders = [ast.unparse(each) for each in call.args[1:]]
    loaders += [ast.unparse(word.value) for word in call.keywords if word.arg == "Loader"]
    return len(loaders) == 1 and loaders[0] in {_SAFE, *safe}


_SAFE = "yaml.SafeLoader"


def test_no_source_reads_pickles_or_runs_what_it_reads():
    assert SOURCES
    found = {path.name: unsafe(ast.parse(path.read_text(encoding="utf-8"))) for path in SOURCES}
    assert {name: what for name, what in found.items() if what} == {}


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "from joblib import load",
        "torch.load(path)",
        "torch.load(path, weights_only=False)",
        "np.load(path, allow_pickle=True)",
        "np.load(path)",
        "yaml.load(text, yaml.Loader)",
        "eval(text)",
    ],
)
def test_the_search_finds_what_it_is_for(source):
    assert unsafe(ast.parse(source))


class Bomb:
    """Unpickled, it leaves a file. (Voice encoders: test_backbones_voices.)"""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self):
        return Path.write_text, (self.mark, "boom")


def test_a_pickle_in_place_of_weights_is_refused_and_does_not_run(tmp_path: Path):
    mark = tmp_path / "mark"
    plain = tmp_path / "network.safetensors"
    plain.write_bytes(pickle.dumps(Bomb(mark)))
    saved = tmp_path / "encoder.pt"
    torch.save({"model": Bomb(mark)}, saved)
    saved.with_suffix(".json").write_text('{"size": 48, "channels": 1, "vector_size": 8}')
    code = "import pickle, sys; pickle.load(open(sys.argv[1], 'rb'))"
    subprocess.run(
        [sys.executable, "-c", code, str(plain)],
        check=True,
        cwd=REPOSITORY / "test",
        env={"PYTHONPATH": str(REPOSITORY / "test")},
        capture_output=True,
    )
    assert mark.is_file()  # the bomb works, where pickles are read
    mark.unlink()
    with pytest.raises(CheckpointError, match="not a readable safetensors file"):
        load_model(plain, "cpu")
    for choice in (
        FrameEncoderChoice("shipped", str(plain)),
        FrameEncoderChoice("torchscript", str(saved)),
    ):
        with pytest.raises((BackboneError, CheckpointError)):
            FRAME_ENCODERS[choice.name](choice, "cpu")
    assert not mark.exists()
