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

"""docs/ros4hri.md says what the nodes do: parameters, launch arguments, expressions."""

import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from emotion_recognition.nodes.launching.hri_graph import HRI_ARGUMENTS


@pytest.fixture(scope="module")
def page(repository: Path) -> str:
    return (repository / "docs" / "ros4hri.md").read_text(encoding="utf-8")


def rows_after(page: str, title: str) -> list[list[str]]:
    """The cells of the table whose heading begins with ``title``, without code marks."""
    lines = page.split(f"\n| {title} |", 1)[1].split("\n\n", 1)[0].splitlines()[2:]
    return [
        [cell.strip().replace("`", "") for cell in line.strip("|").split(" | ")] for line in lines
    ]


def shown(default: object) -> str:
    return str(default).lower() if isinstance(default, bool) else str(default) or "(empty)"


def test_every_launch_argument_is_listed(page: str):
    assert rows_after(page, "launch argument") == [
        [item.name, shown(item.default), item.description] for item in HRI_ARGUMENTS
    ]


def test_every_parameter_is_listed(page: str):
    pytest.importorskip("rclpy", reason="rclpy is not installed: source ROS 2")
    pytest.importorskip("emotion_recognition.msg", reason="the interfaces are not built")
    from emotion_recognition.nodes import hri_bridge, hri_expressions

    def table(parameters: Sequence) -> list[list[str]]:
        return [[p.name, shown(p.default), p.allowed, p.description] for p in parameters]

    own = [p for p in hri_bridge.PARAMETERS if p not in hri_bridge.OF_EMOTION_NODE]
    assert rows_after(page, "`hri_bridge`") == table(own)
    assert rows_after(page, "`hri_expressions`") == table(hri_expressions.PARAMETERS)
    left_out = re.search(r"those of `emotion_node`, save ([^.]+)\.", page)
    assert left_out
    named = set(re.findall(r"`(\w+)`", left_out[1]))
    assert named == set(hri_bridge.NOT_HERE) - {p.name for p in own}


def test_the_table_of_expressions_is_that_of_the_code(page: str):
    pytest.importorskip("rclpy", reason="rclpy is not installed: source ROS 2")
    from emotion_recognition.nodes.hri_messages import EXPRESSIONS

    listed = {
        name: constant
        for classes, constant in rows_after(page, "our class")
        for name in classes.split(", ")
    }
    assert listed == EXPRESSIONS
