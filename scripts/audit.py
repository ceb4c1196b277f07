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

"""Look the pinned packages up among the known vulnerabilities, by pip-audit.

Run by ``make audit`` and by a workflow. Without a network nothing can be looked up: that is said,
and is no failure. Exit code 1: a vulnerability that requirements/audit-ignore.txt does not name, or
pip-audit failed.
"""

import json
import re
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
import venv
from collections.abc import Iterable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
REQUIREMENTS = ROOT / "requirements"
ENVIRONMENT = ROOT / "build" / "audit"
SERVICE = "https://pypi.org/simple/pip/"
NOTHING = "nothing was audited"


def main() -> int:
    """Audit every lock; return the exit code."""
    if not reachable(SERVICE):
        print(f"audit: no network ({SERVICE} does not answer): {NOTHING}")
        return 0
    tool = ENVIRONMENT / "bin" / "pip-audit"
    if not tool.is_file() and not installed():
        print(f"audit: pip-audit cannot be installed: {NOTHING}")
        return 0
    found: list[dict[str, Any]] = []
    for lock in sorted((REQUIREMENTS / "lock").glob("*.txt")):
        listed = audited(tool, lock)
        if listed is None:
            return 1
        found += listed
    text, code = report(found, ignored((REQUIREMENTS / "audit-ignore.txt").read_text()))
    print(text)
    return code


def reachable(url: str, timeout_s: float = 10.0) -> bool:
    """Whether a server answers there, whatever it says."""
    try:
        urllib.request.urlopen(url, timeout=timeout_s).close()
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


def installed() -> bool:
    """Install pip-audit into an environment of its own; return whether that went well."""
    venv.create(ENVIRONMENT, with_pip=True, clear=True)
    pip = [ENVIRONMENT / "bin" / "python", "-m", "pip", "-q", "install"]
    return subprocess.run([*pip, "-r", REQUIREMENTS / "audit.txt"]).returncode == 0


def audited(tool: Path, lock: Path) -> list[dict[str, Any]] | None:
    """Return what pip-audit says of each package of a lock; None, with its words, if it fails."""
    setup = (ROOT / "scripts" / "setup.sh").read_text()
    torch = re.search(r"^TORCH_VERSION=(.+)$", setup, re.M)
    assert torch  # a test holds this against requirements/runtime.txt
    with tempfile.TemporaryDirectory() as folder:
        listed = Path(folder) / lock.name
        listed.write_text(f"{lock.read_text()}torch=={torch[1]}\n")
        command = [tool, "-r", listed, "--no-deps", "--disable-pip", "--format", "json"]
        done = subprocess.run(
            [*command, "--progress-spinner", "off"],
            capture_output=True,
            text=True,
        )
    try:
        return list(json.loads(done.stdout)["dependencies"])
    except (ValueError, KeyError):
        print(f"audit: pip-audit failed on {lock.name}:\n{done.stderr}", file=sys.stderr)
        return None


def ignored(text: str) -> set[str]:
    """Return the ids that a list of accepted vulnerabilities names.

    Raises:
        ValueError: A line gives no reason.
    """
    ids = set()
    for line in text.splitlines():
        name, _, reason = (part.strip() for part in line.partition("#"))
        if name and not reason:
            raise ValueError(f"requirements/audit-ignore.txt: {name!r} needs a reason: ID  # why")
        ids |= {name} - {""}
    return ids


def report(found: Iterable[dict[str, Any]], accepted: set[str]) -> tuple[str, int]:
    """Return what to print of pip-audit's dependencies, and the exit code."""
    packages: dict[tuple[str, str], list[str]] = {}
    unknown = set()
    for each in found:
        if "skip_reason" in each:
            unknown.add(each["name"])
            continue
        ids = [
            vulnerability["id"]
            for vulnerability in each["vulns"]
            if not accepted & {vulnerability["id"], *vulnerability.get("aliases", ())}
        ]
        packages[each["name"], each["version"]] = ids
    bad = {key: ids for key, ids in packages.items() if ids}
    lines = [f"{name} {version}: {', '.join(ids)}" for (name, version), ids in sorted(bad.items())]
    if not packages:
        return f"audit: the service knows none of {len(unknown)} packages: {NOTHING}", 0
    lines.append(
        f"audit: {len(packages)} packages, {sum(map(len, bad.values()))} known vulnerabilities, "
        f"{len(unknown)} packages that the service does not know"
    )
    return "\n".join(lines), int(bool(bad))


if __name__ == "__main__":
    sys.exit(main())
