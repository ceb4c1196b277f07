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

"""``make audit``: what it says of the pinned packages, and that it needs no network to pass."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).resolve().parents[1] / "scripts" / "audit.py"
NOWHERE = "http://127.0.0.1:9"  # the discard port: nobody listens


@pytest.fixture(scope="module")
def audit() -> ModuleType:
    spec = importlib.util.spec_from_file_location("audit", SCRIPT)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def package(name: str, *ids: str, aliases: tuple[str, ...] = ()) -> dict:
    vulnerabilities = [{"id": each, "aliases": list(aliases)} for each in ids]
    return {"name": name, "version": "1.0", "vulns": vulnerabilities}


def skipped(name: str) -> dict:
    return {"name": name, "skip_reason": "Dependency not found"}


def test_packages_without_a_vulnerability_pass(audit):
    found = [package("a"), package("b"), package("a"), skipped("c")]  # "a" of two locks
    assert audit.report(found, set()) == (
        "audit: 2 packages, 0 known vulnerabilities, 1 packages that the service does not know",
        0,
    )


def test_a_vulnerability_is_named_and_fails(audit):
    text, code = audit.report([package("a"), package("b", "PYSEC-1", "PYSEC-2")], set())
    assert code == 1
    assert text.splitlines()[0] == "b 1.0: PYSEC-1, PYSEC-2"
    assert "2 known vulnerabilities" in text


def test_one_that_was_accepted_passes_by_its_id_or_its_other_name(audit):
    found = [package("b", "PYSEC-1", aliases=("CVE-2026-1",))]
    assert audit.report(found, {"PYSEC-1"})[1] == 0
    assert audit.report(found, {"CVE-2026-1"})[1] == 0


def test_accepting_needs_a_reason(audit):
    assert audit.ignored("# a comment\nPYSEC-1  # not reachable: no server\n") == {"PYSEC-1"}
    with pytest.raises(ValueError, match="'PYSEC-2' needs a reason"):
        audit.ignored("PYSEC-2\n")


def test_where_the_service_knows_nothing_nothing_is_claimed(audit):
    text, code = audit.report([skipped("a"), skipped("b")], set())
    assert (text, code) == ("audit: the service knows none of 2 packages: nothing was audited", 0)


def test_without_a_network_it_says_so_and_does_not_fail():
    environment = {**os.environ, "https_proxy": NOWHERE, "HTTPS_PROXY": NOWHERE, "no_proxy": ""}
    done = subprocess.run(
        [sys.executable, SCRIPT], env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert "no network" in done.stdout
    assert "nothing was audited" in done.stdout
