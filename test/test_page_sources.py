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

"""The page's sources: their own checks and tests pass, and the bundle is what they build to."""

import gzip
import subprocess
from pathlib import Path

import pytest

from emotion_recognition import dashboard

BUNDLE = Path(dashboard.__file__).parent / "static"
LARGEST_BYTES = 300_000  # compressed, all that a browser fetches


def npm(frontend: Path, *arguments: str) -> None:
    done = subprocess.run(
        ["npm", "run", "--silent", *arguments], cwd=frontend, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def frontend(repository: Path) -> Path:
    folder = repository / "frontend"
    if not (folder / "node_modules" / ".done").is_file():
        pytest.skip("the page's npm packages are not installed: scripts/setup_page.sh does it")
    return folder


@pytest.mark.timeout(180)
def test_page_is_formatted_and_typed(frontend: Path) -> None:
    npm(frontend, "check")


@pytest.mark.timeout(180)
def test_components_of_the_page(frontend: Path) -> None:
    npm(frontend, "test")


@pytest.mark.timeout(180)
def test_bundle_is_built_from_these_sources(frontend: Path, tmp_path: Path) -> None:
    npm(frontend, "build", "--", "--outDir", str(tmp_path), "--logLevel", "error")
    assert contents(tmp_path) == contents(BUNDLE), "run `make page` and commit the bundle"


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_bundle_is_small_and_fetches_nothing_from_elsewhere() -> None:
    files = contents(BUNDLE)
    assert sum(len(gzip.compress(data)) for data in files.values()) < LARGEST_BYTES
    page = files["index.html"].decode()
    assert '<div id="root">' in page
    assert "http://" not in page and "https://" not in page
