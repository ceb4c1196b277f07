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

"""Fixtures that every test may use."""

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

# As on a robot: small networks run slower on many threads.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from dashboard_support import Running
    from rclpy.context import Context

# How long an input takes says more of what else the machine does than of the code.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(autouse=True)
def heard_library() -> None:
    """Let ``caplog`` hear the library, which the node of an earlier test took for itself."""
    logging.getLogger("emotion_recognition").propagate = True


@pytest.fixture
def context() -> "Iterator[Context]":
    """ROS in the test's own process, on a domain of its own."""
    import rclpy
    from rclpy.context import Context
    from ros_support import random_domain_id

    opened = Context()
    rclpy.init(args=[], context=opened, domain_id=random_domain_id())
    yield opened
    rclpy.shutdown(context=opened)


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the checkout."""
    return REPOSITORY


@pytest.fixture(scope="session")
def shared() -> Path:
    """The research data beside the checkout; the test is skipped where it is absent."""
    folder = Path(os.environ.get("EMOTION_RECOGNITION_SHARED", REPOSITORY.parent / "shared"))
    if not (folder / "data").is_dir():
        pytest.skip(f"no research data at {folder}: set EMOTION_RECOGNITION_SHARED to its folder")
    return folder


@pytest.fixture(scope="session")
def shared_data(shared: Path) -> Path:
    """The folder that holds one subfolder a data set."""
    return shared / "data"


@pytest.fixture(scope="session")
def talking_face(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clip with a real face and a real voice: of the research data, or of the demo's samples."""
    data = Path(os.environ.get("EMOTION_RECOGNITION_SHARED", REPOSITORY.parent / "shared"))
    clip = data / "data" / "javanese_av" / "01-01-01_01.mp4"
    if clip.is_file():
        return clip
    from emotion_recognition.bags.demo_clip import join_face_and_voice
    from emotion_recognition.bags.sample import fetch_sample

    try:
        face, voice = fetch_sample(), fetch_sample("speech")
    except (OSError, RuntimeError) as error:
        pytest.skip(f"neither research data nor the demo's samples are here: {error}")
    joined = tmp_path_factory.mktemp("talking") / "talking_face.mkv"
    join_face_and_voice(face, voice, joined, voice_s=19.5, together=True)
    return joined


@pytest.fixture(scope="session")
def face_image(talking_face: Path) -> np.ndarray:
    """The first frame of ``talking_face``, uint8 BGR."""
    from emotion_recognition.bags.clip import read_clip

    event = next(iter(read_clip(talking_face, with_audio=False)))
    return event.image()


@pytest.fixture(scope="session")
def dashboard() -> Iterator["Running"]:
    """Return a dashboard's server with the real analysis process, shared by all tests."""
    from dashboard_support import serving

    with serving() as running:
        yield running


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Callable[..., AbstractContextManager["Running"]]:
    """Return ``dashboard_support.serving``, with an analysis process that does as it is told."""
    from dashboard_support import serving

    from emotion_recognition.dashboard import analyser_process

    monkeypatch.setattr(analyser_process, "MODULE", "fake_analyser")
    path = [str(REPOSITORY / "test"), os.environ.get("PYTHONPATH", "")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(path))
    return serving
