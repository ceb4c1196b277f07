"""The Fast DDS profile: without it about half of a VGA camera's frames are lost between processes.

A 640x480 colour frame (0.9 MB) does not fit Fast DDS' default shared-memory segment (0.5 MB).
"""

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path

from ament_index_python.packages import PackageNotFoundError, get_package_share_directory

PACKAGE = "emotion_recognition"

# Fast DDS 2 (Humble, Jazzy) and Fast DDS 3 (Kilted) read different variables.
PROFILE_VARIABLES = ("FASTRTPS_DEFAULT_PROFILES_FILE", "FASTDDS_DEFAULT_PROFILES_FILE")


def config_file(name: str) -> Path:
    """Return a file of the package's ``config`` folder, in a source checkout or an installation.

    Raises:
        FileNotFoundError: it is in neither.
    """
    folders = [Path(__file__).parents[2]]
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
