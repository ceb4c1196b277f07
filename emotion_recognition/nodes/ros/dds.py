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

"""How Fast DDS is set up: room for whole images, and graphs that keep to this machine.

Without the profile about half of a VGA camera's frames are lost between processes: a 640x480 colour
frame (0.9 MB) does not fit Fast DDS' default shared-memory segment (0.5 MB).
"""

import contextlib
import os
import random
from collections.abc import Mapping
from pathlib import Path

from ament_index_python.packages import PackageNotFoundError, get_package_share_directory

PACKAGE = "emotion_recognition"

DEFAULT_SEGMENT_BYTES = 512 * 1024
"""Shared memory in which a publisher without the profile puts what it sends."""

# Fast DDS 2 (Humble, Jazzy) and Fast DDS 3 (Kilted) read different variables.
PROFILE_VARIABLES = ("FASTRTPS_DEFAULT_PROFILES_FILE", "FASTDDS_DEFAULT_PROFILES_FILE")


def config_file(name: str) -> Path:
    """Return a file of the package's ``config`` folder, in a source checkout or an installation.

    Raises:
        FileNotFoundError: it is in neither.
    """
    folders = [Path(__file__).parents[3]]
    with contextlib.suppress(PackageNotFoundError):  # a source checkout that is not built
        folders.append(Path(get_package_share_directory(PACKAGE)))
    for folder in folders:
        path = folder / "config" / name
        if path.is_file():
            return path
    raise FileNotFoundError(f"config/{name} is not in {' or '.join(map(str, folders))}")


def profile_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables to add to ``environment``: none where the user named a profile."""
    if any(environment.get(name) for name in PROFILE_VARIABLES):
        return {}
    return dict.fromkeys(PROFILE_VARIABLES, str(config_file("fastdds.xml")))


def use_profile() -> None:
    """Point Fast DDS to our profile. Call it before ``rclpy.init``."""
    os.environ.update(profile_environment(os.environ))


def keep_to_this_machine() -> None:
    """Use a domain of our own, so that no other graph is disturbed, and no network.

    Call it before ``rclpy.init``. What the user set stays.
    """
    os.environ.setdefault("ROS_DOMAIN_ID", str(random.randint(1, 100)))
    if os.environ.get("ROS_DISTRO") == "humble":  # which does not know the newer variable
        os.environ.setdefault("ROS_LOCALHOST_ONLY", "1")
    else:
        os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
