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

"""The documentation as a site: no warning, every page in the navigation, no dead link."""

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlsplit

import pytest
from test_architecture import LEVELS

pytest.importorskip("sphinx", reason="Sphinx is not installed: requirements/docs.txt")

DOCS = Path(__file__).parents[1] / "docs"
PARTS = ["Getting started", "Using", "Models", "Evaluation", "Operating", "Developing", "Reference"]


class Page(HTMLParser):
    """The ids of a page, what it links to and shows, and the part of it that is the navigation."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.captions: list[str] = []
        self.navigation: list[str] = []
        self._in_navigation = self._in_caption = False
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.ids.add(given.get("id", ""))
        target = given.get("href", given.get("src", ""))
        if tag in ("a", "img", "link", "script") and target:
            self.links.append(target)
        self._in_navigation |= "sidebar-tree" in given.get("class", "")
        self._in_navigation &= tag not in ("article", "main")
        self._in_caption = given.get("class", "") == "caption-text"
        if tag == "a" and self._in_navigation:
            self.navigation.append(target)

    def handle_data(self, data: str) -> None:
        if self._in_caption:
            self.captions.append(data)
            self._in_caption = False


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    arguments = ["-q", "-W", "--keep-going", "-d", str(folder / "doctrees"), str(DOCS)]
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", *arguments, str(folder / "html")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder / "html"


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Page]:
    return {path: Page(path) for path in site.rglob("*.html")}


@pytest.mark.timeout(300)
def test_every_page_stands_in_the_navigation_of_the_start_page(site: Path, pages):
    start = pages[site / "index.html"]
    assert [caption for caption in start.captions if caption in PARTS] == PARTS
    expected = {
        path.relative_to(DOCS).with_suffix(".html").as_posix() for path in DOCS.rglob("*.md")
    }
    assert expected - set(start.navigation) == set()
    assert len(expected) > 30


def test_no_link_is_dead(site: Path, pages):
    dead = []
    for path, page in pages.items():
        for link in page.links:
            target, anchor = urldefrag(link)
            target = target.partition("?")[0]  # a style sheet's version
            if ":" in target or target.startswith("//"):
                continue
            found = Path(os.path.normpath(path.parent / unquote(target))) if target else path
            if not found.exists():
                dead.append(f"{path.relative_to(site)}: {link}")
            elif anchor and found in pages and unquote(anchor) not in pages[found].ids:
                dead.append(f"{path.relative_to(site)}: {link}, no such heading")
    assert not dead


def test_pages_that_lie_elsewhere_are_read_from_there(site: Path):
    card = (site / "beside" / "model-card.html").read_text(encoding="utf-8")
    assert "Model card" in card
    overview = (site / "beside" / "readme.html").read_text(encoding="utf-8")
    assert 'href="../install.html"' in overview
    assert 'href="model-card.html"' in overview


def test_the_reference_documents_the_recogniser_and_the_node_without_ros(site: Path):
    text = (site / "reference" / "recognizer.html").read_text(encoding="utf-8")
    assert 'id="emotion_recognition.recognizer.stream.Recognizer.add_audio"' in text
    text = (site / "reference" / "nodes.html").read_text(encoding="utf-8")
    assert 'id="emotion_recognition.nodes.emotion_node.EmotionNode"' in text


def test_the_architecture_page_has_the_rooms_at_their_levels():
    text = (DOCS / "architecture.md").read_text(encoding="utf-8")
    table = text.partition("| level | room |")[2].partition("\n\n")[0]
    rows = re.findall(r"^\| (\d?) *\| `(\w+)(?:/|\.py)` \|", table, re.M)
    levels: list[set[str]] = []
    for number, room in rows:
        if number:
            levels.append(set())
        levels[-1].add(room)
    assert levels == [set(rooms) for rooms in LEVELS]


def test_nothing_is_loaded_from_elsewhere(pages):
    """A site that is read on a robot's network needs no other."""
    remote = {
        link
        for page in pages.values()
        for link in page.links
        if "://" in link and urlsplit(link).path.endswith((".js", ".css", ".png", ".svg"))
    }
    assert not remote
