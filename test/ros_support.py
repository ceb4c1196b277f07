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

"""Helpers that run real nodes in processes of their own, on a domain that nobody else uses."""

import contextlib
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("rclpy", reason="rclpy is not installed: source ROS 2 or scripts/env.sh")
pytest.importorskip("emotion_recognition.msg", reason="the interfaces are not built: colcon build")

import rclpy
from ament_index_python.packages import PackageNotFoundError, get_package_prefix
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node

REPOSITORY = Path(__file__).resolve().parents[1]


def ros_environment(domain_id: int) -> dict[str, str]:
    """The environment of a child process on ``domain_id``, on this machine alone."""
    return {
        **os.environ,
        "ROS_DOMAIN_ID": str(domain_id),
        "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST",
        "OMP_NUM_THREADS": "1",
        "PYTHONUNBUFFERED": "1",
    }


def skip_unless_built() -> None:
    """Skip the test where launch would not find the package's executables."""
    try:
        get_package_prefix("emotion_recognition")
    except PackageNotFoundError:
        pytest.skip("the package is not built: colcon build")


def random_domain_id() -> int:
    """One of the ids whose ports are free on every platform, and that no other worker draws."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    return random.choice(range(1 + worker, 101, workers))


class Process:
    """A child process whose output is collected line by line."""

    def __init__(self, command: list[str], domain_id: int, **environment: str) -> None:
        self.lines: list[str] = []
        self._process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=REPOSITORY,
            env={**ros_environment(domain_id), **environment},
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for text in self._process.stdout:
            self.lines.append(text.rstrip())

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    def catches(self, number: int) -> bool:
        """Whether the process handles a signal itself by now."""
        try:
            status = Path(f"/proc/{self.pid}/status").read_text()
        except FileNotFoundError:
            return False
        caught = re.search(r"^SigCgt:\s*(\w+)", status, re.MULTILINE)
        return caught is not None and bool(int(caught[1], 16) >> (number - 1) & 1)

    def left_behind(self) -> list[str]:
        """The command lines of what it has started, directly or not, and still runs."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                state, _, _, session = (folder / "stat").read_text().rpartition(")")[2].split()[:4]
                if int(session) == self.pid and state != "Z" and folder.name != str(self.pid):
                    found.append((folder / "cmdline").read_text().replace("\0", " "))
        return found

    def said(self, *words: str) -> bool:
        """Whether one line holds all of ``words``."""
        return any(all(word in text for word in words) for text in list(self.lines))

    def wait(self, timeout_s: float = 60) -> int:
        """Wait for the end; return the exit code."""
        code = self._process.wait(timeout_s)
        self._reader.join(5)
        return code

    def interrupt(self) -> None:
        """Press Ctrl-C: SIGINT to the process and all that it has started."""
        os.killpg(self._process.pid, signal.SIGINT)

    def kill(self) -> None:
        """End the process as a crash does: at once, with nothing tidied up."""
        self._process.kill()
        self._process.wait()

    def stop(self, number: int = signal.SIGTERM, timeout_s: float = 20) -> int:
        """Send a signal and wait for the end; return the exit code."""
        if self.running:
            self._process.send_signal(number)
        try:
            return self.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise AssertionError(
                f"no end within {timeout_s} s of the signal:\n{self.text}"
            ) from None


def module(name: str, *arguments: str) -> list[str]:
    """The command line of a module of ``emotion_recognition.nodes``."""
    return [sys.executable, "-m", "emotion_recognition.nodes", name, *arguments]


@contextmanager
def running(command: list[str], domain_id: int, **environment: str) -> Iterator[Process]:
    """Run a child process for the length of a ``with`` block."""
    process = Process(command, domain_id, **environment)
    try:
        yield process
    finally:
        process.stop()


class Probe:
    """A node of the test's own process: publishes, and keeps what it hears."""

    def __init__(self, domain_id: int) -> None:
        os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"
        self._context = Context()
        rclpy.init(args=[], context=self._context, domain_id=domain_id)
        self.node = Node("probe", context=self._context)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self.node)
        self._thread = threading.Thread(target=self._spin, daemon=True)
        self._stopping = False
        self._thread.start()

    def _spin(self) -> None:
        while not self._stopping:
            self._executor.spin_once(timeout_sec=0.05)

    def hear(self, kind: type, topic: str, qos: Any = 50) -> list[Any]:
        """Subscribe; return the list that fills with messages."""
        heard: list[Any] = []
        self.node.create_subscription(kind, topic, heard.append, qos)
        return heard

    def publish_often(self, topic: str, message: Any, every_s: float = 0.05) -> None:
        """Publish a message again and again."""
        publisher = self.node.create_publisher(type(message), topic, 10)
        self.node.create_timer(every_s, lambda: publisher.publish(message))

    def rest(self, seconds: float) -> None:
        """Let the others go on for a while."""
        self._thread.join(seconds)

    def close(self) -> None:
        self._stopping = True
        self._thread.join(5)
        self._executor.shutdown()
        self.node.destroy_node()
        rclpy.shutdown(context=self._context)


@contextmanager
def probe(domain_id: int) -> Iterator[Probe]:
    """A ``Probe`` for the length of a ``with`` block."""
    opened = Probe(domain_id)
    try:
        yield opened
    finally:
        opened.close()


def wait_until(condition: Callable[[], Any], timeout_s: float = 30, what: str = "") -> None:
    """Wait for a condition; fail with ``what`` where it does not come true in time."""
    until_s = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > until_s:
            raise AssertionError(f"not within {timeout_s} s: {what or condition}")
        time.sleep(0.02)


def command_line(*arguments: str) -> list[str]:
    """The command line of ``emotion-recognition``, wherever it is installed."""
    code = "import sys; from emotion_recognition.cli import main; sys.exit(main())"
    return [sys.executable, "-c", code, *arguments]
