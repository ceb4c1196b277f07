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

"""The linters: ours over every file, and those of ROS 2 (``ament_*``) where they are installed."""

import subprocess
import sys
from pathlib import Path

import pytest
from lxml import etree

# The folders that hold sources; `.venv` and what is built lie beside them.
SOURCES = ("bench", "emotion_recognition", "examples", "fuzz", "launch", "scripts", "soak", "test")
HEADER = """\
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
"""


def files(repository: Path, *suffixes: str) -> list[Path]:
    """The files of the checkout that end in one of ``suffixes``, without what is built."""
    below = (path for folder in SOURCES for path in (repository / folder).rglob("*"))
    return [path for path in [*repository.iterdir(), *below] if path.name.endswith(suffixes)]


def run(repository: Path, *command: str) -> None:
    result = subprocess.run(
        [sys.executable, "-m", *command], cwd=repository, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stdout + result.stderr


def test_ruff_finds_nothing_in_code_and_docstrings(repository: Path) -> None:
    run(repository, "ruff", "check", ".")


def test_ruff_would_format_nothing(repository: Path) -> None:
    run(repository, "ruff", "format", "--check", ".")


@pytest.mark.timeout(400)
def test_mypy_finds_nothing(repository: Path) -> None:
    run(repository, "mypy")


def test_every_source_names_its_copyright_and_licence(repository: Path) -> None:
    sources = files(repository, ".py", ".cpp", ".hpp", ".cmake")
    assert len(sources) > 300
    comment = {".py": "#", ".cmake": "#", ".cpp": "//", ".hpp": "//"}
    wrong = []
    for path in sources:
        text = path.read_text(encoding="utf-8")
        lines = text.splitlines(keepends=True)
        if lines and lines[0].startswith("#!"):
            text = "".join(lines[1:])
        expected = HEADER.replace("#", comment[path.suffix])
        if text and not text.startswith(expected):
            wrong.append(str(path.relative_to(repository)))
    assert not wrong


def test_every_xml_file_can_be_parsed_and_fits_its_schema(repository: Path) -> None:
    documents = [*files(repository, ".xml"), *repository.glob("config/**/*.xml")]
    documents += repository.glob("interfaces/**/*.xml")
    assert documents
    for path in documents:
        document = etree.parse(path)
        schema = Path(sys.prefix) / "share" / "fastRTPS_profiles.xsd"
        if path.name == "fastdds.xml" and schema.is_file():
            etree.XMLSchema(etree.parse(schema)).assertValid(document)


def test_package_manifests_follow_their_format(repository: Path) -> None:
    package = pytest.importorskip("catkin_pkg.package", reason="catkin_pkg is not installed")
    for path in [repository / "package.xml", *repository.glob("*/**/package.xml")]:
        if ".venv" not in path.parts and "build" not in path.parts:
            warnings: list[str] = []
            package.parse_package(str(path), warnings=warnings).validate()
            assert not warnings, path


@pytest.mark.parametrize(
    ("linter", "arguments"),
    [
        ("ament_copyright", []),
        (
            "ament_pep257",
            ["--convention", "google", "--add-ignore", "D103", "D105", "D107", "D403"],
        ),
    ],
)
def test_linters_of_ros_find_nothing(
    repository: Path, linter: str, arguments: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    main = pytest.importorskip(f"{linter}.main", reason=f"{linter} is not installed").main
    monkeypatch.chdir(repository)
    folders = [name for name in SOURCES if (repository / name).is_dir() and name != "test"]
    assert main([*arguments, "--", *folders] if arguments else folders) == 0
