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

"""Reports are one file: nothing outside of it, nobody in it unless asked for, and readable."""

import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest

pytest.importorskip("pandas")
pytest.importorskip("jinja2")

from estimate_frames import frame_of

from emotion_recognition.evaluation.report import Table
from emotion_recognition.studies.labels import Label
from emotion_recognition.studies.report import (
    Report,
    Section,
    latex,
    write_report,
    write_tables,
)
from emotion_recognition.studies.timeline import Picture, clock

ROWS = [(0.0, "happy", 0.9), (0.5, "happy", 0.8), (1.0, "sad", 0.3, "WITHHELD"), (1.5, "", 0.0)]
OPEN_ENDED = {"meta", "link", "img", "br", "hr"}


class Nesting(HTMLParser):
    """Checks that every element is closed in its turn."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag, attrs):
        if tag not in OPEN_ENDED:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.fixture
def page(tmp_path: Path) -> str:
    labels = [Label(0, 2_000_000_000, "happy", valence=0.5)]
    write_report(tmp_path / "new" / "report.html", frame_of(ROWS), "visit <1>", labels=labels)
    return (tmp_path / "new" / "report.html").read_text(encoding="utf-8")


def test_the_page_is_well_formed(page: str):
    parser = Nesting()
    parser.feed(page)
    assert parser.open == []
    for picture in re.findall(r"<svg.*?</svg>", page, re.DOTALL):
        ElementTree.fromstring(picture)


def test_the_page_needs_and_loads_nothing_else(page: str):
    addresses = re.findall(r'(?:href|src)\s*=\s*"([^"]*)"|url\(([^)]*)\)|@import', page)
    assert addresses == []
    assert "<script" not in page
    assert "http" not in page.replace("http://www.w3.org/2000/svg", "")


def test_names_cannot_break_the_page(page: str):
    assert "<title>visit &lt;1&gt;</title>" in page
    assert "visit <1>" not in page


def test_the_timeline_shows_labels_estimates_and_what_is_withheld(page: str):
    assert "0 s to 2 s: label: happy" in page
    assert "0 s to 1 s: happy, mean confidence 0.85" in page
    assert "sad, mean confidence 0.30, withheld" in page
    assert "voice 0.25, face 0.75" in page


def test_it_is_dark_where_the_reader_likes_it_dark(page: str):
    assert "prefers-color-scheme: dark" in page


def test_pictures_appear_only_where_they_are_given(tmp_path: Path, page: str):
    assert "data:image" not in page
    picture = Picture(500_000_000, b"\xff\xd8\xff", 64, 48, "happy")
    write_report(tmp_path / "report.html", frame_of(ROWS), "a", pictures=[picture])
    assert "data:image/jpeg;base64,/9j/" in (tmp_path / "report.html").read_text()


def test_without_estimates_there_is_no_report(tmp_path: Path):
    with pytest.raises(ValueError, match="empty: no estimates"):
        write_report(tmp_path / "report.html", frame_of(ROWS).iloc[:0], "empty")
    assert not (tmp_path / "report.html").exists()


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0, "0 s"), (4.51, "4.5 s"), (125, "2:05"), (3725, "1:02:05")]
)
def test_times_are_written_as_people_read_them(seconds: float, shown: str):
    assert clock(seconds) == shown


def test_the_template_is_installed_with_the_package(repository: Path):
    assert '"studies/*.html"' in (repository / "setup.py").read_text(encoding="utf-8")
    assert list((repository / "emotion_recognition" / "studies").glob("*.html"))


def test_tables_are_written_for_markdown_and_latex(tmp_path: Path):
    table = Table("By file & more", ["file", "accuracy"], [["a_b", "50.0 %"]], "A note.")
    report = Report("t", "about", (), (Section("s", (), (table,)),), ())
    write_tables(report, tmp_path)
    assert (tmp_path / "by-file-more.md").read_text() == (
        "## By file & more\n\nA note.\n\n| file | accuracy |\n| :-- | --: |\n| a_b | 50.0 % |\n"
    )
    tex = (tmp_path / "by-file-more.tex").read_text()
    assert tex == latex(table)
    assert r"\caption{By file \& more}" in tex
    assert r"a\_b & 50.0 \% \\" in tex
    assert r"\begin{tabular}{lr}" in tex
