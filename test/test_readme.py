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

"""README.md says what the code does: commands, launch arguments, parameters, message, links."""

import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from emotion_recognition.cli import COMMANDS
from emotion_recognition.cli.benchmark import BENCHMARKS
from emotion_recognition.nodes.launching.graph import ARGUMENTS
from emotion_recognition.nodes.launching.record_graph import RECORD_ARGUMENTS


@pytest.fixture(scope="module")
def readme(repository: Path) -> str:
    return (repository / "README.md").read_text(encoding="utf-8")


def section(text: str, title: str) -> str:
    """The text below the heading ``title``, up to the next heading of its level."""
    return text.split(f"\n## {title}\n")[1].split("\n## ")[0]


def rows(text: str) -> list[list[str]]:
    """The cells of all table rows whose first cell begins with code."""
    lines = [line for line in text.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def shown(default: object) -> str:
    return str(default).lower() if isinstance(default, bool) else str(default) or "(empty)"


def test_every_command_is_in_the_table_of_commands(readme: str):
    listed = [re.match(r"`([\w-]+)", row[0]) for row in rows(section(readme, "Commands"))]
    assert sorted(match[1] for match in listed if match) == sorted(COMMANDS)


def test_every_benchmark_is_named(readme: str):
    described = next(row[1] for row in rows(section(readme, "Commands")) if "benchmark" in row[0])
    assert set(re.findall(r"`([\w-]+)`", described)) == set(BENCHMARKS)


def test_every_launch_argument_is_listed_with_its_default_and_meaning(readme: str):
    expected = [[f"`{item.name}`", shown(item.default), item.description] for item in ARGUMENTS]
    assert rows(section(readme, "Launch arguments")) == expected


def test_every_argument_of_recording_is_listed_with_its_default_and_meaning(readme: str):
    expected = [
        [f"`{item.name}`", shown(item.default), item.description] for item in RECORD_ARGUMENTS
    ]
    assert rows(section(readme, "Recording")) == expected


def test_every_parameter_is_listed_with_its_default_range_and_meaning(readme: str):
    pytest.importorskip("rclpy", reason="rclpy is not installed: source ROS 2")
    pytest.importorskip("emotion_recognition.msg", reason="the interfaces are not built")
    from emotion_recognition import settings
    from emotion_recognition.nodes import camera_node, dashboard_bridge, microphone_node

    def table(parameters: Sequence) -> list[list[str]]:
        return [[f"`{p.name}`", shown(p.default), p.allowed, p.description] for p in parameters]

    listed = rows(section(readme, "Parameters of `emotion_node`"))
    expected = table(settings.PARAMETERS)
    expected += [["`camera_node`", "default", "allowed", "meaning"], *table(camera_node.PARAMETERS)]
    expected += [["`microphone_node`", "default", "allowed", "meaning"]]
    expected += table(microphone_node.PARAMETERS)
    expected += [["`dashboard_bridge`", "default", "allowed", "meaning"]]
    expected += table(dashboard_bridge.PARAMETERS)
    assert listed == expected


def test_every_field_and_flag_of_the_message_is_explained(readme: str, repository: Path):
    definition = (repository / "msg" / "EmotionState.msg").read_text(encoding="utf-8")
    fields = re.findall(r"^[\w/]+(?:\[\])? (\w+) ", definition, re.MULTILINE)
    flags = re.findall(r"^uint8 (\w+)=", definition, re.MULTILINE)
    explained = set(re.findall(r"`([\w.]+)`", section(readme, "What goes in and out")))
    assert len(flags) == 6
    assert {"window", "probabilities", "latency"} <= set(fields)
    assert set(fields) - {"header"} | set(flags) | {"header.stamp"} <= explained


def test_the_example_compiles_and_is_20_lines_at_most(readme: str):
    example = re.search(r"```python\n(.*?)```", readme, re.DOTALL)
    assert example
    compile(example[1], "README.md", "exec")
    assert len(example[1].splitlines()) <= 20


@pytest.mark.parametrize("folder", [".", "docs", "emotion_recognition/weights"])
def test_links_to_files_lead_somewhere(repository: Path, folder: str):
    texts = sorted((repository / folder).glob("*.md"))
    assert texts
    for text in texts:
        links = re.findall(r"\]\(([^)#]+)\)", text.read_text(encoding="utf-8"))
        broken = [
            link for link in links if "://" not in link and not (text.parent / link).is_file()
        ]
        assert not broken, text
