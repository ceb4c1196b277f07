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

"""The rooms of the package: imports point downwards only, and ROS stays in its own room."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = "emotion_recognition"
# From the ground up; a room uses only rooms of lower levels, and never one of its own level.
LEVELS: tuple[tuple[str, ...], ...] = (
    ("emotions", "audio", "windows", "extras", "imports", "interrupt"),
    ("model", "corpora", "estimate"),
    ("vision", "smoothing"),
    ("recognizer", "bags"),
    ("evaluation", "settings"),
    ("studies",),
    ("training", "dashboard"),
    ("nodes",),
    ("cli",),
)
LEVEL = {room: level for level, rooms in enumerate(LEVELS) for room in rooms}
WITHIN_NODES: tuple[tuple[str, ...], ...] = (
    ("ros", "launching"),
    ("watching",),
    ("emotion",),
    ("live",),
)
"""Rooms of ``nodes``, from the ground up; the modules beside them are what can be started."""
ROS_MODULES = {"rclpy", "launch", "launch_ros", "sensor_msgs", "std_msgs", "audio_common_msgs"}


def modules(repository: Path) -> Iterator[tuple[str, Path]]:
    root = repository / PACKAGE
    for path in sorted(root.rglob("*.py")):
        room = path.relative_to(root).parts[0].removesuffix(".py")
        if room != "__init__":
            yield room, path


def imported(path: Path, repository: Path) -> Iterator[str]:
    package = path.relative_to(repository).parent.parts
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            module = ".".join(part for part in (base, node.module or "") if part)
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def test_every_room_has_a_level(repository: Path) -> None:
    unknown = {room for room, _ in modules(repository)} - LEVEL.keys()
    assert not unknown


def test_no_import_points_upwards(repository: Path) -> None:
    wrong = []
    for room, path in modules(repository):
        for name in imported(path, repository):
            parts = name.split(".")
            if parts[0] != PACKAGE or len(parts) < 2 or parts[1] not in LEVEL:
                continue
            used = parts[1]
            if used != room and LEVEL[used] >= LEVEL[room]:
                wrong.append(f"{path.relative_to(repository)} imports {name}")
    assert not wrong


def test_no_import_within_the_nodes_points_upwards(repository: Path) -> None:
    level = {room: level for level, rooms in enumerate(WITHIN_NODES) for room in rooms}
    folder = repository / PACKAGE / "nodes"
    assert level.keys() == {path.parent.name for path in folder.glob("*/*.py")}
    wrong = []
    for path in sorted(folder.glob("*/*.py")):
        room = path.parent.name
        for name in imported(path, repository):
            parts = name.split(".")
            if parts[:2] != [PACKAGE, "nodes"] or len(parts) < 3:
                continue
            used = parts[2]
            if used != room and level.get(used, len(level)) >= level[room]:
                wrong.append(f"{path.relative_to(repository)} imports {name}")
    assert not wrong


def test_only_nodes_import_ros(repository: Path) -> None:
    wrong = [
        f"{path.relative_to(repository)} imports {name}"
        for room, path in modules(repository)
        if room != "nodes"
        for name in imported(path, repository)
        if name.split(".")[0] in ROS_MODULES
    ]
    assert not wrong


@pytest.mark.timeout(300)
def test_everything_but_the_nodes_imports_without_ros(repository: Path) -> None:
    names = sorted(
        ".".join(path.relative_to(repository).with_suffix("").parts).removesuffix(".__init__")
        for room, path in modules(repository)
        if room != "nodes"
    )
    blocker = f"""
import importlib, sys
class NoRos:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {ROS_MODULES!r}:
            raise ModuleNotFoundError(f"{{name}} is hidden", name=name)
sys.meta_path.insert(0, NoRos())
for name in {names!r}:
    importlib.import_module(name)
"""
    done = subprocess.run(
        [sys.executable, "-c", blocker], cwd=repository, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
