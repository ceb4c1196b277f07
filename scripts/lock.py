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

"""Write requirements/lock/: every package that the set-up installs, by exact version.

Run by ``make lock`` after a change of the other files in requirements/, with the interpreters
python3.10 to python3.13 on the PATH. PyTorch itself is pinned in scripts/setup.sh, since its build
(CPU or CUDA) is the user's choice; what it needs is in the lock.
"""

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

REQUIREMENTS = Path(__file__).resolve().parent.parent / "requirements"
EXTRAS = (
    "backbones.txt",
    "cluster.txt",
    "dashboard.txt",
    "docs.txt",
    "landmarks.txt",
    "microphone.txt",
    "studies.txt",
    "training.txt",
)
SHARED = ("runtime.txt", *EXTRAS, "test.txt")
TORCH_NEEDS = ("filelock", "fsspec", "jinja2", "networkx", "setuptools<80", "sympy",
               "typing-extensions")  # fmt: skip
# They need PyTorch, whose CUDA packages would come with it: locked without what they need, which is
# named here or in the files.
TORCH_USERS = ("pytorch-lightning", "torchmetrics")
TORCH_USERS_NEED = ("lightning-utilities", "packaging", "pyyaml", "tqdm")
PIP = "pip==26.3"
# The C extensions of an installed ROS 2 (Ubuntu 22.04 and 24.04) are built for NumPy 1.
INSTALLED_ROS = ("numpy<2",)


def pins(python: str, files: tuple[str, ...], extra: tuple[str, ...]) -> list[str]:
    """Resolve the requirement files for one interpreter to lines ``name==version``.

    What only some machines need is pinned for all, with the condition of its requirement.
    """
    lines = [line for name in files for line in (REQUIREMENTS / name).read_text().splitlines()]
    lines = [line for line in lines if line and not line.startswith(("#", "torch>"))]
    requirements = [line.partition(";") for line in lines]
    conditions = {re.split("[<>=~!]", name)[0]: colon + rest for name, colon, rest in requirements}
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([python, "-m", "venv", f"{folder}/venv"], check=True)
        pip = [f"{folder}/venv/bin/python", "-m", "pip", "-q", "install"]
        subprocess.run([*pip, PIP], check=True)
        names = [line[0] for line in requirements]
        others = [name for name in names if not name.startswith(TORCH_USERS)]
        users = [next((n for n in names if n.startswith(user)), user) for user in TORCH_USERS]
        found = resolve(pip, [*others, *TORCH_NEEDS, *TORCH_USERS_NEED, *extra], [])
        found += resolve(pip, users, ["--no-deps"])
    versions = {meta["name"].lower().replace("_", "-"): meta["version"] for meta in found}
    return sorted(
        f"{name}=={version}{conditions.get(name, '')}" for name, version in versions.items()
    )


def resolve(pip: list[str], wanted: list[str], options: list[str]) -> list[dict[str, str]]:
    """Return the metadata of what pip would install."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        arguments = ["--dry-run", "--ignore-installed", "--report", str(report), *options, *wanted]
        sources = ["--only-binary", ":all:", "--no-binary", "empy"]
        subprocess.run([*pip, *arguments, *sources], check=True)
        return [entry["metadata"] for entry in json.loads(report.read_text())["install"]]


def write(name: str, lines: list[str]) -> None:
    """Write one lock file."""
    header = "# Written by scripts/lock.py (make lock): do not edit."
    (REQUIREMENTS / "lock" / name).write_text("\n".join([header, *lines]) + "\n")
    print(f"{name}: {len(lines)} packages")


def main(versions: list[str]) -> None:
    """Lock for the given Python versions, or for all that are supported."""
    for version in versions or ["3.10", "3.11", "3.12", "3.13"]:
        python = f"python{version}"
        write(f"wheels-{version}.txt", pins(python, (*SHARED, "ros-jazzy.txt"), ()))
        if version in ("3.10", "3.12"):  # the Pythons of Ubuntu 22.04 and 24.04
            write(f"installed-ros-{version}.txt", pins(python, SHARED, INSTALLED_ROS))


if __name__ == "__main__":
    main(sys.argv[1:])
