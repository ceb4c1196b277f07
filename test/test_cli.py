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

"""The contract of the commands: exit codes and last lines, which scripts rely on."""

import csv
import importlib
import importlib.util
import re
from pathlib import Path

import pytest
from recordings import make_clip

from emotion_recognition.cli import COMMANDS, DONE, FAILED, WRONG_USAGE, main
from emotion_recognition.emotions import EMOTIONS

NEED_ROS = ("run", "play", "demo")
COLUMNS = (
    "time,stamp_ns,subject,emotion,confidence,valence,arousal,intensity,"
    "audio_weight,video_weight,flags"
)


def exit_code(*arguments: object) -> int:
    """Run the command line; return its exit code, however it ends."""
    try:
        return main([str(argument) for argument in arguments])
    except SystemExit as end:
        return int(end.code or 0)


def test_help_lists_every_command(capsys):
    assert exit_code("--help") == DONE
    text = capsys.readouterr().out
    for name, command in COMMANDS.items():
        assert f"  {name} " in text
        assert command.summary in text


@pytest.fixture(scope="module", params=COMMANDS)
def command(request: pytest.FixtureRequest) -> str:
    if request.param in NEED_ROS and not importlib.util.find_spec("rclpy"):
        pytest.skip("rclpy is not installed: source ROS 2 or scripts/env.sh")
    return str(request.param)


def test_every_command_has_a_complete_help(command: str, capsys):
    assert exit_code(command, "--help") == DONE
    shown = capsys.readouterr().out
    assert f"usage: emotion-recognition {command}" in shown
    described = re.findall(r"^  (--?\w[^\n]*?)(?:\n {4,}|  +)\S", shown, re.MULTILINE)
    listed = re.findall(r"^  -", shown, re.MULTILINE)
    assert len(described) == len(listed) > 0  # each option has words beside or below it


def test_an_unknown_option_is_wrong_usage(command: str, capsys):
    assert exit_code(command, "--no-such-option") == WRONG_USAGE
    assert f"emotion-recognition {command}: error:" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [(), ("fly",)])
def test_no_command_or_an_unknown_one_is_wrong_usage(arguments, capsys):
    assert exit_code(*arguments) == WRONG_USAGE
    assert "COMMAND" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("estimate", "x", "--publish-rate", "0"), "a number from 0.1 to 30"),
        (("estimate", "x", "--smoothing-s", "-1"), "a number from 0 to 10"),
        (("estimate", "x", "--audio-only", "--video-only"), "not allowed with"),
        (("make-bag", "x", "--storage", "tape"), "'mcap', 'sqlite3'"),
    ],
)
def test_a_senseless_value_is_wrong_usage(arguments, words, capsys):
    assert exit_code(*arguments) == WRONG_USAGE
    assert words in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--rate", "0"), "above 0"),
        (("--rate", "nan"), "above 0"),
        (("--rate", "inf"), "above 0"),
        (("--rate", "2", "--stamps", "now"), "need rate 1"),
    ],
)
def test_a_senseless_speed_is_wrong_usage(arguments, words, capsys):
    pytest.importorskip("rclpy", reason="rclpy is not installed: source ROS 2 or scripts/env.sh")
    assert exit_code("play", "x", *arguments) == WRONG_USAGE
    assert words in capsys.readouterr().err


@pytest.mark.parametrize("command", ["estimate", "make-bag"])
def test_what_is_not_there_is_a_failure_in_one_line(command: str, tmp_path: Path, capsys):
    absent = tmp_path / "absent.mp4"
    assert exit_code(command, absent) == FAILED
    said = capsys.readouterr().err.splitlines()
    assert said == [f"emotion-recognition {command}: {absent}: no such file or folder"]


def test_a_clip_becomes_a_bag_and_a_table(talking_face: Path, tmp_path: Path, capsys):
    bag, table = tmp_path / "bag", tmp_path / "new" / "table.csv"
    assert exit_code("make-bag", talking_face, bag, "--compressed") == DONE
    assert exit_code("make-bag", talking_face, bag) == FAILED  # what is there is not overwritten
    assert exit_code("estimate", bag, "--out", table, "--detector", "haar") == DONE
    clip, label, share = capsys.readouterr().out.splitlines()[-1].split()
    with table.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    labels = [name.removeprefix("p_") for name in rows[0] if name.startswith("p_")]
    assert list(rows[0]) == [*COLUMNS.split(","), *(f"p_{name}" for name in EMOTIONS)]
    given = [row for row in rows if row["emotion"]]
    mean = {name: sum(float(row[f"p_{name}"]) for row in given) / len(given) for name in labels}
    assert clip == "clip:"
    assert label == max(mean, key=mean.__getitem__)
    assert float(share) == pytest.approx(mean[label], abs=0.006)


def test_a_clip_without_a_face_or_a_voice_fails_with_the_reason(tmp_path: Path, capsys):
    clip = make_clip(tmp_path / "clip.mkv", 2.5)
    assert exit_code("estimate", clip, "--video-only", "--detector", "haar") == FAILED
    assert "neither a face nor a voice" in capsys.readouterr().err


@pytest.mark.parametrize("name", NEED_ROS)
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
