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

"""The page in a real browser, against a real dashboard that analyses real clips."""

import csv
import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from page_browser import CHROMIUM, DESKTOP, browser, dashboard, face_clip, picture, until, visitor
from ros_support import random_domain_id

pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: scripts/setup_page.sh installs it"),
]
SERIOUS = {"serious", "critical"}
NONE = "\N{EN DASH}"
PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with dashboard(random_domain_id()) as running:
        yield running


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with browser(tmp_path_factory.mktemp("downloads")) as running:
        yield running


@pytest.fixture
def page(chromium: Any, address: str) -> Iterator[Any]:
    """A page on which nothing has been analysed."""
    with visitor(chromium, address, "analyse") as (opened, errors):
        yield opened
    assert not errors


@pytest.fixture(scope="module")
def analysed(chromium: Any, address: str, talking_face: Path) -> Iterator[tuple[Any, str]]:
    """A page on which one clip has been analysed, and its id."""
    with visitor(chromium, address, "analyse") as (opened, errors):
        (key,) = analyse(opened, face_clip(talking_face))
        yield opened, key
    assert not errors


def answer(address: str, path: str) -> Any:
    with urllib.request.urlopen(address + path, timeout=10) as response:
        return json.load(response)


def analyse(page: Any, *clips: Path) -> list[str]:
    """Upload clips, wait for their ends, return their ids."""
    ids: list[str] = []
    before = page.get_by_text("Done", exact=True).count()
    for number, clip in enumerate(clips, start=before):
        with page.expect_response(lambda got: got.url.endswith("/api/analyses")) as posted:
            page.locator("input[type=file]").set_input_files(clip)
        ids.append(posted.value.json()["id"])
        page.get_by_text("Done", exact=True).nth(number).wait_for(timeout=120_000)
    return ids


def accessible(page: Any, repository: Path) -> None:
    """Fail on findings of axe that hinder somebody seriously (WCAG 2.1 A and AA)."""
    script = repository / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
    if not script.is_file():
        pytest.skip("axe is not installed: scripts/setup_page.sh does it")
    page.evaluate(script.read_text(encoding="utf-8"))  # not as a tag: the page allows none
    found = page.evaluate("axe.run().then((result) => result.violations)")
    serious = [
        (each["id"], each["nodes"][0]["html"], each["nodes"][0]["failureSummary"])
        for each in found
        if each["impact"] in SERIOUS
    ]
    assert not serious


def test_estimates_and_summary_are_those_of_the_api(
    analysed: tuple[Any, str], address: str
) -> None:
    page, key = analysed
    analysis = answer(address, f"/api/analyses/{key}")
    assert analysis["state"] == "done" and analysis["estimates"]
    page.get_by_role("button", name="Table", exact=True).click()
    rows = page.locator(".timeline tbody tr").all_inner_texts()
    shown = [row.split("\t")[1].split(" ")[-1] for row in rows]
    assert shown == [each["emotion"] or NONE for each in analysis["estimates"]]
    page.get_by_role("button", name="Probabilities", exact=True).click()
    shares = page.locator(".shares li").all_inner_texts()
    assert [text[1:].split() for text in shares] == [  # behind its shape
        [emotion, str(round(100 * share)), "%"]
        for emotion, share in sorted(
            analysis["summary"]["shares"].items(), key=lambda item: -item[1]
        )
        if share > 0
    ]


def test_click_on_a_moment_moves_the_player(analysed: tuple[Any, str]) -> None:
    page, _ = analysed
    moved_to = "document.querySelector('video').currentTime"
    page.locator(".moments button").first.click()
    until(page, f"{moved_to} > 0.5")
    strip = page.get_by_role("slider", name="Position in the recording")
    strip.press("Home")
    until(page, f"{moved_to} < 0.1")
    strip.click(position={"x": strip.bounding_box()["width"] / 2, "y": 5})
    half = page.evaluate("document.querySelector('video').duration") / 2
    until(page, f"Math.abs({moved_to} - {half}) < 0.5")
    assert page.locator(".walk h2").first.inner_text() != NONE  # what was estimated then
    assert page.locator(".player .overlay rect").count() == 1  # around the face
    picture(page, "analyse")


def test_timeline_is_zoomed_and_shown_whole_again(analysed: tuple[Any, str]) -> None:
    page, _ = analysed
    whole = page.get_by_role("button", name="Show all")
    assert whole.is_disabled()
    chart = page.locator(".u-over")
    chart.scroll_into_view_if_needed()
    over = chart.bounding_box()
    page.mouse.move(over["x"] + 0.3 * over["width"], over["y"] + 40)
    page.mouse.down()
    page.mouse.move(over["x"] + 0.6 * over["width"], over["y"] + 40, steps=5)
    page.mouse.up()
    whole.click()  # only now it can be
    assert whole.is_disabled()


def test_results_are_downloaded(analysed: tuple[Any, str], address: str, tmp_path: Path) -> None:
    page, key = analysed
    saved = {kind: tmp_path / kind for kind in ("HTML", "CSV", "JSON")}
    for kind, path in saved.items():
        with page.expect_download() as begun:
            page.get_by_role("link", name=kind).click()
        begun.value.save_as(path)
    expected = answer(address, f"/api/analyses/{key}")["estimates"]
    texts = {kind: path.read_text(encoding="utf-8") for kind, path in saved.items()}
    assert texts["HTML"].lower().startswith("<!doctype html")
    assert len(list(csv.DictReader(texts["CSV"].splitlines()))) == len(expected)
    assert json.loads(texts["JSON"])["estimates"] == expected


def test_nothing_hinders_access(analysed: tuple[Any, str], repository: Path) -> None:
    page, _ = analysed
    for scheme in ("dark", "light"):
        page.get_by_label("Colours").select_option(scheme)
        for name in ("Live", "Compare", "Session", "Analyse"):
            page.get_by_role("link", name=name, exact=True).click()
            accessible(page, repository)


def test_page_fits_a_phone(analysed: tuple[Any, str]) -> None:
    page, _ = analysed
    page.set_viewport_size(PHONE)
    for name in ("Live", "Compare", "Session", "Analyse"):
        page.get_by_role("link", name=name, exact=True).click()
        page.wait_for_timeout(200)  # the chart is drawn anew
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    picture(page, "phone")
    page.set_viewport_size(DESKTOP)


def test_two_clips_are_compared(
    analysed: tuple[Any, str], talking_face: Path, tmp_path: Path
) -> None:
    page, _ = analysed
    second = tmp_path / "second.mp4"
    second.write_bytes(face_clip(talking_face).read_bytes())
    analyse(page, second)
    page.get_by_role("link", name="Compare").click()
    table = page.locator(".compare table")
    assert "second.mp4" in table.inner_text()
    # the same clip twice: no difference
    assert set(table.locator("td").all_inner_texts()) <= {"+0.00", NONE}
    picture(page, "compare")


def test_file_of_another_kind_is_refused_in_words(
    chromium: Any, address: str, tmp_path: Path
) -> None:
    wrong = tmp_path / "notes.mp4"
    wrong.write_text("these are notes and no video")
    with visitor(chromium, address, "analyse") as (page, errors):
        page.locator("input[type=file]").set_input_files(wrong)
        alert = page.get_by_role("alert")
        alert.wait_for()
        assert len(alert.inner_text()) > 20
    assert len(errors) == 1 and "415" in errors[0]  # the browser's own words on the refusal


def test_notice_comes_first_and_once(chromium: Any, address: str) -> None:
    context = chromium.new_context()
    page = context.new_page()
    page.goto(address)
    page.get_by_role("dialog").wait_for()
    page.keyboard.press("Escape")  # it asks for an answer
    page.get_by_role("button", name="I have read this").click()
    page.reload()
    page.get_by_role("heading", name="Emotion recognition").wait_for()
    assert page.get_by_role("dialog").count() == 0
    context.close()


def test_page_can_be_walked_by_keyboard(page: Any) -> None:
    reached = []
    for _ in range(8):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.textContent.trim()"))
    for name in ("Skip to the content", "Live", "Analyse", "Compare", "Session", "Choose a file"):
        assert name in reached
