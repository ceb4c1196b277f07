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

"""What a graph under SROS 2 needs: a keystore with an enclave for each node, and the variables.

Imports neither rclpy nor launch, so that the launch file can use it.
"""

from collections.abc import Iterable
from pathlib import Path

VARIABLE = "ROS_SECURITY_KEYSTORE"
_FILES = ("cert.pem", "key.pem", "governance.p7s", "permissions.p7s")
_HOW = "make it by `ros2 security generate_artifacts` as docs/security.md says"


class KeystoreError(ValueError):
    """There is no keystore, or it lacks an enclave; the message says what to do."""


def enclave(node: str) -> str:
    """Return the enclave of a node, as in ``config/sros2/policies.xml``."""
    return f"/emotion_recognition/{node}"


def secure_environment(keystore: str, nodes: Iterable[str]) -> dict[str, str]:
    """Return the variables with which ``nodes`` start secured or not at all.

    Raises:
        KeystoreError: The keystore is not named, absent, or not made for one of the nodes.
    """
    if not keystore:
        raise KeystoreError(f"no keystore: give keystore:=FOLDER, or set {VARIABLE}; {_HOW}")
    folder = Path(keystore).expanduser().resolve()
    if not (folder / "enclaves").is_dir():
        raise KeystoreError(f"{folder} is no keystore: it has no folder 'enclaves'; {_HOW}")
    for node in nodes:
        own = folder / "enclaves" / enclave(node).strip("/")
        missing = [name for name in _FILES if not (own / name).is_file()]
        if missing:
            raise KeystoreError(f"{own} lacks {', '.join(missing)}: {node} cannot start; {_HOW}")
    return {
        VARIABLE: str(folder),
        "ROS_SECURITY_ENABLE": "true",
        "ROS_SECURITY_STRATEGY": "Enforce",
    }
