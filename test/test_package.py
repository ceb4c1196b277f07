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

"""The package's own description: package.xml, setup.py, pins, set-up and environment scripts."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from packaging.requirements import Requirement

import emotion_recognition

ROOT = Path(__file__).resolve().parent.parent
LOCKS = sorted((ROOT / "requirements" / "lock").glob("*.txt"))


def lines(path: Path) -> list[str]:
    return [line for line in path.read_text().splitlines() if line and not line.startswith("#")]


def pins_of(lock: Path) -> dict[str, str]:
    return dict(line.partition(";")[0].split("==") for line in lines(lock))


def run(*command: str, cwd: Path = ROOT, **env: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": "/usr/bin:/bin", **env}
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True)


@pytest.fixture(scope="module")
def manifest() -> ElementTree.Element:
    return ElementTree.parse(ROOT / "package.xml").getroot()


# --- package.xml and setup.py ---------------------------------------------------------------------


def test_package_is_an_ament_cmake_package_that_generates_interfaces(manifest):
    assert manifest.get("format") == "3"
    assert manifest.findtext("name") == "emotion_recognition"
    assert manifest.findtext("export/build_type") == "ament_cmake"
    assert manifest.findtext("member_of_group") == "rosidl_interface_packages"


def test_package_declares_the_packages_of_the_message(manifest):
    used = set(re.findall(r"^(\w+)/\w+", (ROOT / "msg" / "EmotionState.msg").read_text(), re.M))
    declared = {element.text for element in manifest.findall("depend")}
    assert used
    assert used <= declared


def test_package_declares_every_ros_package_that_the_code_imports(manifest):
    tags = ("depend", "exec_depend")
    declared = {element.text for tag in tags for element in manifest.findall(tag)}
    pattern = re.compile(
        r"^\s*(?:from|import) "
        r"(rclpy|cv_bridge|launch|launch_ros|ament_index_python|rcl_interfaces|\w+_msgs)\b",
        re.M,
    )
    sources = [*ROOT.glob("emotion_recognition/**/*.py"), *ROOT.glob("launch/*.py")]
    used = {name for path in sources for name in pattern.findall(path.read_text())}
    assert used - declared == set()


def test_version_is_the_same_everywhere(manifest):
    setup = re.search(r'version="([^"]+)"', (ROOT / "setup.py").read_text())
    assert setup
    assert manifest.findtext("version") == setup[1] == emotion_recognition.__version__


def test_setup_installs_the_command_and_the_weights():
    setup = (ROOT / "setup.py").read_text()
    assert "emotion-recognition = emotion_recognition.cli:main" in setup
    assert "weights/*.safetensors" in setup
    result = run(sys.executable, "setup.py", "--name", "--version")
    assert result.returncode == 0, result.stderr
    assert "0.1.0" in result.stdout


@pytest.mark.timeout(300)
def test_the_package_carries_its_weights(tmp_path: Path):
    source, target = tmp_path / "source", tmp_path / "target"
    shutil.copytree(
        ROOT,
        source,
        ignore=shutil.ignore_patterns(".*", "build", "install", "log", "__pycache__", "test"),
    )
    build = [sys.executable, "setup.py", "-q", "install_lib", "--install-dir", str(target)]
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    subprocess.run(build, cwd=source, env=environment, check=True, capture_output=True)
    weights = ROOT / "emotion_recognition" / "weights"
    expected = {path.relative_to(weights) for path in weights.rglob("*.safetensors")}
    found = target / "emotion_recognition" / "weights"
    assert expected
    assert {path.relative_to(found) for path in found.rglob("*.safetensors")} == expected
    assert (found / "SHA256SUMS").is_file()  # without it no file would load


def test_executables_name_modules_with_a_main_function():
    listed = re.search(r"foreach\(node ([^)]+)\)", (ROOT / "CMakeLists.txt").read_text())
    assert listed
    modules = [f"nodes/{node}.py" for node in listed[1].split()] + ["cli/__init__.py"]
    for module in modules:
        source = (ROOT / "emotion_recognition" / module).read_text()
        assert re.search(r"^def main\(", source, re.M), module


# --- pins -----------------------------------------------------------------------------------------


def test_every_supported_python_has_a_lock():
    names = {path.stem for path in LOCKS}
    assert {f"wheels-3.{minor}" for minor in (10, 11, 12, 13)} <= names
    assert {"installed-ros-3.10", "installed-ros-3.12"} <= names


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.stem)
def test_lock_pins_every_requirement_within_its_range(lock):
    pins = pins_of(lock)
    files = ["runtime.txt", "microphone.txt", "test.txt"]
    files += ["ros-jazzy.txt"] if lock.stem.startswith("wheels") else []
    for name in files:
        for requirement in map(Requirement, lines(ROOT / "requirements" / name)):
            if requirement.name != "torch":  # pinned in scripts/setup.sh
                assert requirement.specifier.contains(pins[requirement.name]), requirement
    assert "torch" not in pins


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.stem)
def test_lock_keeps_numpy_1_for_the_extensions_of_an_installed_ros(lock):
    pins = pins_of(lock)
    assert pins["numpy"].startswith("1." if lock.stem.startswith("installed") else "2.")


def test_pinned_torch_is_in_the_range_of_setup_py():
    pinned = re.search(r"^TORCH_VERSION=(.+)$", (ROOT / "scripts" / "setup.sh").read_text(), re.M)
    requirement = next(
        Requirement(line)
        for line in lines(ROOT / "requirements" / "runtime.txt")
        if line.startswith("torch>")
    )
    assert pinned
    assert requirement.specifier.contains(pinned[1])


# --- scripts/setup.sh: refuses with a reason, before it touches anything --------------------------


def stub(folder: Path, name: str, body: str) -> str:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return str(path)


def test_setup_refuses_an_unknown_torch_build():
    result = run("bash", "scripts/setup.sh", TORCH="rocm")
    assert result.returncode == 1
    assert "TORCH=rocm: expected cpu (the default) or cuda" in result.stderr


def test_setup_refuses_an_unsupported_python_and_names_the_supported(tmp_path):
    result = run("bash", "scripts/setup.sh", PYTHON=stub(tmp_path, "python3", "echo 3.9"))
    assert result.returncode == 1
    assert "Python 3.9" in result.stderr
    assert "3.10 3.11 3.12 3.13" in result.stderr


def test_setup_refuses_a_missing_python():
    result = run("bash", "scripts/setup.sh", PYTHON="/nowhere/python3")
    assert result.returncode == 1
    assert "PYTHON=/nowhere/python3: no such command" in result.stderr


def test_setup_without_ros_on_arm_says_to_install_ros(tmp_path):
    stub(tmp_path, "uname", '[ "$1" = -m ] && echo aarch64 || echo Linux')
    result = run("bash", "scripts/setup.sh", PATH=f"{tmp_path}:/usr/bin:/bin")
    assert result.returncode == 1
    assert "no ROS 2 wheels exist for Linux on aarch64" in result.stderr
    assert "Install ROS 2" in result.stderr


def test_missing_system_packages_without_root_print_the_line_to_type(tmp_path):
    stub(tmp_path, "id", "echo 1000")
    stub(tmp_path, "sudo", "exit 1")
    script = ". scripts/setup_lib.sh; install_system_packages g++ python3.11-dev"
    result = run("bash", "-c", script, PATH=f"{tmp_path}:/usr/bin:/bin")
    assert result.returncode == 1
    assert "sudo apt-get install -y g++ python3.11-dev" in result.stdout


def test_relocation_replaces_the_folders_of_the_build_host():
    path = ROOT / "scripts" / "relocate_ros_wheels.py"
    spec = importlib.util.spec_from_file_location("relocate_ros_wheels", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    text = (
        'INCLUDE "/opt/python/cp312-cp312/include/python3.12;'
        "/opt/python/cp312-cp312/lib/python3.12/site-packages/numpy/_core/include;"
        '${_IMPORT_PREFIX}/include"'
    )
    expected = 'INCLUDE "/py;/np;${_IMPORT_PREFIX}/include"'
    assert module.relocate(text, "/py", "/np") == expected
    assert module.relocate(expected, "/py", "/np") == expected


# --- scripts/env.sh -------------------------------------------------------------------------------


@pytest.fixture
def checkout(tmp_path) -> Path:
    """A folder that looks like a checkout after its set-up."""
    root = tmp_path / "a checkout"
    for folder in ("scripts", ".venv/bin", "build/ros/install/lib/python3.11/site-packages"):
        (root / folder).mkdir(parents=True)
    (root / "scripts" / "env.sh").write_text((ROOT / "scripts" / "env.sh").read_text())
    stub(root / ".venv" / "bin", "python", "exit 0")
    return root


PRINT = 'printf "%s\\n" "$PATH" "$PYTHONPATH" "$AMENT_PREFIX_PATH" "$FASTDDS_DEFAULT_PROFILES_FILE"'


@pytest.mark.parametrize("shell", [["bash", "-eu"], ["sh", "-eu"]], ids=["bash", "sh"])
def test_environment_is_right_and_the_same_when_sourced_twice(checkout, shell):
    once = run(*shell, "-c", f". ./scripts/env.sh; {PRINT}", cwd=checkout)
    twice = run(*shell, "-c", f". ./scripts/env.sh; . ./scripts/env.sh; {PRINT}", cwd=checkout)
    assert once.returncode == 0, once.stderr
    assert once.stdout == twice.stdout
    path, python_path, prefixes, profile = once.stdout.splitlines()
    assert path.split(":")[:2] == [
        f"{checkout}/.venv/bin",
        f"{checkout}/build/ros/install/bin",
    ]
    assert python_path.split(":")[0] == str(checkout)
    assert python_path.endswith("site-packages")
    assert prefixes == f"{checkout}/build/ros/install"
    assert profile == f"{checkout}/config/fastdds.xml"


def test_environment_can_be_sourced_from_another_folder_in_bash(checkout, tmp_path):
    result = run("bash", "-c", f'. "{checkout}/scripts/env.sh"; {PRINT}', cwd=tmp_path)
    assert result.stdout.startswith(f"{checkout}/.venv/bin:")


def test_environment_keeps_the_user_s_own_dds_profile(checkout):
    command = f". ./scripts/env.sh; {PRINT}"
    result = run("bash", "-c", command, cwd=checkout, FASTRTPS_DEFAULT_PROFILES_FILE="/mine.xml")
    assert result.stdout.splitlines()[3] == "/mine.xml"


def test_environment_without_a_set_up_says_what_to_type(checkout):
    (checkout / ".venv" / "bin" / "python").unlink()
    result = run("bash", "-c", ". ./scripts/env.sh", cwd=checkout)
    assert result.returncode == 1
    assert "make setup" in result.stderr


# --- Fast DDS profile and the audio interfaces ----------------------------------------------------


def test_dds_profile_gives_shared_memory_for_many_frames():
    space = {"": "http://www.eprosima.com/XMLSchemas/fastRTPS_Profiles"}
    root = ElementTree.parse(ROOT / "config" / "fastdds.xml").getroot()
    sizes = [int(element.text or 0) for element in root.iterfind(".//segment_size", space)]
    assert sizes == [32 * 1024 * 1024]
    participant = root.find("participant", space)
    assert participant is not None
    assert participant.get("is_default_profile") == "true"


@pytest.mark.ros
def test_audio_messages_have_the_fields_of_the_released_package():
    messages = pytest.importorskip("audio_common_msgs.msg", reason="needs the built interfaces")
    assert messages.AudioData.get_fields_and_field_types() == {"data": "sequence<uint8>"}
    assert messages.AudioDataStamped.get_fields_and_field_types() == {
        "header": "std_msgs/Header",
        "audio": "audio_common_msgs/AudioData",
    }
    assert messages.AudioInfo.get_fields_and_field_types() == {
        "channels": "uint8",
        "sample_rate": "uint32",
        "sample_format": "string",
        "bitrate": "uint32",
        "coding_format": "string",
    }
