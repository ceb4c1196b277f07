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

"""The command ``emotion-recognition dashboard``: settings, token, with and without ROS."""

import argparse
import importlib.util
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="extra 'dashboard' is not installed")

from emotion_recognition.cli import FAILED, WRONG_USAGE, dashboard, main
from emotion_recognition.dashboard.config import TOKEN_VARIABLE


def parsed(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    dashboard.add_arguments(parser)
    return parser.parse_args(arguments)


def test_the_options_become_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "token").write_text("0123456789abcdef\n")
    config = dashboard._config(
        parsed(
            *("--host", "0.0.0.0", "--port", "9000", "--token-file", str(tmp_path / "token")),
            *("--allow-host", "robot.lab", "--allow-origin", "http://localhost:5173"),
            *("--max-upload-mb", "5", "--preview-rate", "5", "--keep", str(tmp_path)),
        )
    )
    assert (config.host, config.port, config.token) == ("0.0.0.0", 9000, "0123456789abcdef")
    assert config.allowed_hosts == ("robot.lab",)
    assert config.allowed_origins == ("http://localhost:5173",)
    assert (config.max_upload_bytes, config.preview_rate) == (5_000_000, 5.0)
    monkeypatch.delenv(TOKEN_VARIABLE, raising=False)
    assert dashboard._config(parsed()).token == ""
    assert dashboard._config(parsed("--host", "0.0.0.0")).token


def test_topics_and_namespace_become_ros_arguments():
    options = parsed("--image", "/cam", "--namespace", "/robot/", "--ros-args", "-p", "a:=1")
    text = " ".join(dashboard._ros_arguments(options))
    assert text.startswith("--ros-args ")
    assert "-r image:=/cam" in text
    assert "-r __ns:=/robot" in text
    assert text.endswith("-p a:=1")


def test_a_setting_out_of_its_range_is_wrong_usage(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["dashboard", "--max-viewers", "0"])
    assert ended.value.code == WRONG_USAGE
    assert "max_viewers is 0; allowed: 1 to 256" in capsys.readouterr().err


def test_a_missing_extra_is_told(monkeypatch: pytest.MonkeyPatch, capsys):
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "uvicorn" else find_spec(name)
    )
    assert main(["dashboard"]) == FAILED
    assert "needs uvicorn: pip install" in capsys.readouterr().err


def test_without_ros_recordings_are_served(repository: Path):
    hide = "import sys; sys.modules['rclpy'] = None\n"
    run = "from emotion_recognition.cli import main; sys.exit(main(['dashboard', '--port', '0']))"
    process = subprocess.Popen(
        [sys.executable, "-c", hide + run], cwd=repository, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        assert "recordings only" in process.stdout.readline()
        assert process.stdout.readline().startswith("dashboard: http://127.0.0.1:")
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
    finally:
        process.kill()
