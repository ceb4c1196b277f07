"""The command ``emotion-recognition``: help, exit codes, and what it says when ROS is missing."""

import argparse
import csv
import importlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from emotion_recognition.cli import COMMANDS, DONE, FAILED, WRONG_USAGE, main
from emotion_recognition.emotions import EMOTIONS

NEEDS_ROS = [name for name, command in COMMANDS.items() if ".nodes." in command.module]


def exit_code(*arguments: str) -> int:
    """What the shell would see."""
    try:
        return main(arguments)
    except SystemExit as end:
        return int(end.code or 0)


def test_help_lists_every_command(capsys):
    assert exit_code("--help") == DONE
    text = capsys.readouterr().out
    for name, command in COMMANDS.items():
        assert f"  {name} " in text
        assert command.summary in text


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_option_has_help(name, capsys):
    if name in NEEDS_ROS:
        pytest.importorskip("rclpy", reason="rclpy is not installed: source ROS 2")
        pytest.importorskip("emotion_recognition.msg", reason="the interfaces are not built")
    parser = argparse.ArgumentParser()
    module = importlib.import_module(COMMANDS[name].module)
    module.add_arguments(parser)
    assert [action.dest for action in parser._actions if not action.help] == []
    assert exit_code(name, "--help") == DONE
    assert module.__doc__
    assert module.__doc__.split()[0] in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("nonsense",),
        ("estimate",),
        ("estimate", "clip.mp4", "--audio-only", "--video-only"),
        ("make-bag", "clip.mp4", "--storage", "tape"),
        ("benchmark", "nonsense", "--data", ".", "--out", "."),
        ("benchmark", "ferplus"),
    ],
)
def test_wrong_usage_is_exit_code_2(arguments, capsys):
    assert exit_code(*arguments) == WRONG_USAGE
    assert "usage: emotion-recognition" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ("estimate", "/no/such/clip.mp4"),
        ("make-bag", "/no/such/clip.mp4"),
        ("benchmark", "ferplus", "--data", "/no/such/folder", "--out", "."),
    ],
)
def test_a_failure_is_exit_code_1_and_one_line_with_the_cause(arguments, capsys):
    assert exit_code(*arguments) == FAILED
    said = capsys.readouterr().err.strip()
    assert said.startswith(f"emotion-recognition {arguments[0]}: ")
    assert "/no/such/" in said
    assert "\n" not in said


@pytest.mark.parametrize("name", NEEDS_ROS)
@pytest.mark.parametrize(
    "error",
    [ModuleNotFoundError("No module named 'rclpy'"), ImportError("librcl.so: cannot open\nmore")],
)
def test_without_ros_a_command_says_what_to_type(name, error, monkeypatch, capsys):
    def fail(_module: str) -> None:
        raise error

    monkeypatch.setattr(importlib, "import_module", fail)
    assert exit_code(name) == FAILED
    said = capsys.readouterr().err.strip()
    assert str(error).splitlines()[0] in said
    assert ". scripts/env.sh" in said
    assert "\n" not in said


def test_an_import_error_of_other_commands_is_not_blamed_on_ros(monkeypatch):
    def fail(_module: str) -> None:
        raise ImportError("av is broken")

    monkeypatch.setattr(importlib, "import_module", fail)
    with pytest.raises(ImportError, match="av is broken"):
        main(["estimate", "clip.mp4"])


def test_estimate_writes_a_row_an_estimate_and_names_the_emotion_of_the_clip(
    talking_face: Path, tmp_path: Path, capsys
):
    out = tmp_path / "estimates.csv"
    assert exit_code("estimate", str(talking_face), "--out", str(out)) == DONE
    *_, count, written, clip = capsys.readouterr().out.splitlines()
    with out.open(newline="") as file:
        rows = list(csv.DictReader(file))
    given = "time,emotion,confidence,valence,arousal,intensity,audio_weight,video_weight,flags"
    assert list(rows[0]) == [*given.split(","), *(f"p_{name}" for name in EMOTIONS)]
    assert written == f"written: {out}"
    assert 0 < int(count.split()[0]) <= len(rows)
    summary = re.fullmatch(r"clip: (\w+) ([01]\.\d\d)", clip)
    assert summary and summary[1] in EMOTIONS


@pytest.mark.timeout(300)
def test_the_package_carries_its_weights(repository: Path, tmp_path: Path):
    source, target = tmp_path / "source", tmp_path / "target"
    shutil.copytree(
        repository,
        source,
        ignore=shutil.ignore_patterns(".*", "build", "install", "log", "__pycache__", "test"),
    )
    build = [sys.executable, "setup.py", "-q", "install_lib", "--install-dir", str(target)]
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    subprocess.run(build, cwd=source, env=environment, check=True, capture_output=True)
    weights = repository / "emotion_recognition" / "weights"
    expected = {path.relative_to(weights) for path in weights.rglob("*.safetensors")}
    found = target / "emotion_recognition" / "weights"
    assert expected
    assert {path.relative_to(found) for path in found.rglob("*.safetensors")} == expected
