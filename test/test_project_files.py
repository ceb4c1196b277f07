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

"""Workflows, issue templates, container file, changelog and declarations: well-formed and true."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
FORMS = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))
HERE = "src/emotion_recognition/"  # where workflow and container have the checkout


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def steps(workflow: Path) -> list[dict[str, Any]]:
    return [step for job in read(workflow)["jobs"].values() for step in job["steps"]]


def scripts(workflow: Path) -> str:
    return "\n".join(step["run"] for step in steps(workflow) if "run" in step)


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_has_events_least_rights_and_jobs_that_end(workflow: Path):
    content = read(workflow)
    assert content["name"] == workflow.stem
    assert "workflow_dispatch" in content[True]  # YAML 1.1 reads the key 'on' as a truth
    assert content["permissions"] == {"contents": "read"}
    for job in content["jobs"].values():
        assert job["timeout-minutes"] <= 90
        assert all(("run" in step) != ("uses" in step) for step in job["steps"])
        used = [step["uses"] for step in job["steps"] if "uses" in step]
        assert all(re.fullmatch(r"actions/[\w-]+@v\d+", name) for name in used)


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_names_targets_and_files_that_are_there(workflow: Path):
    text = scripts(workflow)
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.M))
    assert set(re.findall(r"\bmake ([\w-]+)", text)) <= targets
    for path in re.findall(rf"{HERE}([\w./-]+)", text):
        assert (ROOT / path).exists(), path
    for step in steps(workflow):
        if "run" in step:
            script = re.sub(r"\$\{\{.*?\}\}", "x", step["run"])
            subprocess.run(["bash", "-n"], input=script, text=True, check=True)


def test_every_supported_distribution_is_built_and_tested_by_colcon():
    job = read(ROOT / ".github" / "workflows" / "colcon.yml")["jobs"]["colcon"]
    matrix = {each["distro"]: each["python"] for each in job["strategy"]["matrix"]["include"]}
    assert matrix == {"humble": "3.10", "jazzy": "3.12", "kilted": "3.12"}
    assert job["container"] == "ros:${{ matrix.distro }}"
    text = scripts(ROOT / ".github" / "workflows" / "colcon.yml")
    assert "rosdep install" in text
    assert "colcon build" in text
    assert "colcon test-result" in text  # without it a failed test is a success
    for python in matrix.values():
        assert (ROOT / "requirements" / "lock" / f"installed-ros-{python}.txt").is_file()


def test_every_supported_python_is_tested_by_make():
    job = read(ROOT / ".github" / "workflows" / "make.yml")["jobs"]["test"]
    locks = (ROOT / "requirements" / "lock").glob("wheels-*.txt")
    tested = {f"wheels-{python}" for python in job["strategy"]["matrix"]["python"]}
    assert tested == {lock.stem for lock in locks}


def test_the_audit_runs_by_itself():
    audit = read(ROOT / ".github" / "workflows" / "audit.yml")
    assert audit[True]["schedule"]
    assert scripts(ROOT / ".github" / "workflows" / "audit.yml") == "make audit"


@pytest.mark.parametrize("form", FORMS, ids=lambda path: path.stem)
def test_an_issue_template_is_a_form(form: Path):
    content = read(form)
    if form.stem == "config":
        assert content == {"blank_issues_enabled": False}
        return
    assert {"name", "description", "body"} <= set(content)
    asked = [item for item in content["body"] if item["type"] != "markdown"]
    assert {item["type"] for item in asked} <= {"input", "textarea", "dropdown"}
    ids = [item["id"] for item in asked]
    assert len(set(ids)) == len(ids)
    assert all(item["attributes"]["label"] for item in asked)


# --- container ------------------------------------------------------------------------------------


def instructions() -> list[tuple[str, str]]:
    """The instructions of the container file, continued lines joined."""
    text = re.sub(r"\\\n", " ", (ROOT / "Dockerfile").read_text())
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in lines)]


def test_the_container_is_made_of_files_that_are_there():
    copied = [rest.split()[:-1] for word, rest in instructions() if word == "COPY"]
    assert copied
    for path in (ROOT / source for sources in copied for source in sources):
        assert path.exists(), path
    entry = next(rest for word, rest in instructions() if word == "ENTRYPOINT")
    inside = re.search(rf"/ws/{HERE}([\w./]+)", entry)
    assert inside
    assert (ROOT / inside[1]).stat().st_mode & 0o111


def test_the_container_is_of_jazzy_and_does_not_run_as_root():
    found = instructions()
    assert found[0] == ("FROM", "ros:jazzy")
    assert [rest for word, rest in found if word == "USER"] == ["robot"]
    commands = "\n".join(rest for word, rest in found if word == "RUN")
    subprocess.run(["bash", "-n"], input=commands, text=True, check=True)
    assert "rosdep install" in commands
    for path in re.findall(r"(requirements/[\w./-]+)", commands):
        assert (ROOT / path).is_file(), path


# --- changelog and declarations -------------------------------------------------------------------


def test_the_changelog_can_be_released():
    """A release gives the section of what is to come a version and a date (REP-132)."""
    catkin = pytest.importorskip("catkin_pkg.changelog", reason="catkin_pkg is not installed")
    text = (ROOT / "CHANGELOG.rst").read_text(encoding="utf-8")
    assert text.splitlines()[1] == "Changelog for package emotion_recognition"
    released = text.replace(
        "Forthcoming\n-----------\n", "9.9.9 (2030-01-31)\n------------------\n"
    )
    found = catkin.Changelog("emotion_recognition")
    catkin.populate_changelog_from_rst(found, released)
    versions = [version for version, _, _ in found.foreach_version()]
    assert versions[-1] == "9.9.9"  # oldest first
    entries = list(found.get_content_of_version("9.9.9"))
    items = [str(item) for each in entries for item in each.bullets]
    assert len(items) == released.partition("9.9.9")[2].count("\n* ")
    assert any("~/reset" in item for item in items)


def test_the_declared_quality_is_that_of_the_sources():
    """REP-2004 asks even of level 4 for a copyright statement in each source file."""
    text = (ROOT / "QUALITY_DECLARATION.md").read_text(encoding="utf-8")
    sources = [*(ROOT / "emotion_recognition").rglob("*.py"), *(ROOT / "launch").rglob("*.py")]
    stated = [path for path in sources if "copyright" in path.read_text()[:500].lower()]
    row = next(line for line in text.splitlines() if line.startswith("| 3.iv copyright"))
    claimed = re.search(r"claims \*\*Quality Level (\d)\*\*", text)
    assert claimed
    assert stated == sources
    assert "in each source file" in row
    assert claimed[1] == "4"
    assert "QUALITY_DECLARATION.md" in (ROOT / "README.md").read_text()


@pytest.mark.parametrize(
    "page", ["SECURITY.md", "docs/security.md", "docs/threat-model.md", "docs/privacy.md"]
)
def test_a_page_names_tests_and_folders_that_are_there(page: str):
    text = (ROOT / page).read_text(encoding="utf-8")
    for name in re.findall(r"\btest_\w+\.py", text):
        assert (ROOT / "test" / name).is_file(), name
    for name in re.findall(r"`((?:requirements|emotion_recognition|config)/[\w/.-]+)`", text):
        assert (ROOT / name).exists(), name
