"""The page in a real browser, against a real dashboard that analyses real clips."""

import csv
import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from page_browser import CHROMIUM, browser, dashboard

pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: scripts/setup_page.sh installs it"),
]
SERIOUS = {"serious", "critical"}
DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with dashboard(environment={"ROS_DOMAIN_ID": "87"}) as running:
        yield running


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with browser(tmp_path_factory.mktemp("downloads")) as running:
        yield running


@pytest.fixture
def page(chromium: Any, address: str) -> Iterator[Any]:
    """A page of a visitor who has agreed to the notice; it must log no error."""
    context = chromium.new_context(viewport=DESKTOP, accept_downloads=True)
    context.add_init_script("localStorage.setItem('emotion-recognition-notice', 'read')")
    opened = context.new_page()
    errors: list[str] = []
    opened.on("pageerror", lambda error: errors.append(str(error)))
    opened.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    opened.goto(f"{address}/#analyse")
    yield opened
    context.close()
    assert not errors


def answer(address: str, path: str) -> Any:
    with urllib.request.urlopen(address + path, timeout=10) as response:
        return json.load(response)


def analyse(page: Any, *clips: Path) -> list[str]:
    """Upload clips, wait for their ends, return their ids."""
    ids: list[str] = []
    for number, clip in enumerate(clips, start=1):
        with page.expect_response(lambda got: got.url.endswith("/api/analyses")) as posted:
            page.locator("input[type=file]").set_input_files(clip)
        ids.append(posted.value.json()["id"])
        page.get_by_text("Done", exact=True).nth(number - 1).wait_for(timeout=120_000)
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


def fits(page: Any) -> bool:
    """Whether nothing hangs over the right edge."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def test_clip_is_analysed_and_shown_as_the_api_tells_it(
    page: Any, address: str, talking_face: Path
) -> None:
    (key,) = analyse(page, talking_face)
    analysis = answer(address, f"/api/analyses/{key}")
    assert analysis["state"] == "done" and analysis["estimates"]
    # every estimate stands in the table of the timeline
    page.get_by_role("button", name="Table", exact=True).click()
    rows = page.locator(".timeline tbody tr")
    assert rows.count() == len(analysis["estimates"])
    shown = [row.split("\t")[1] for row in rows.all_inner_texts()]
    assert [text.split(" ")[-1] for text in shown] == [
        each["emotion"] or "–" for each in analysis["estimates"]
    ]
    # the summary gives the shares of time
    for emotion, share in analysis["summary"]["shares"].items():
        item = page.locator(".shares li", has_text=emotion)
        assert item.count() == (share > 0)
        if share > 0:
            assert f"{round(100 * share)} %" in item.inner_text()


def test_click_on_a_moment_moves_the_player(page: Any, talking_face: Path) -> None:
    analyse(page, talking_face)
    moved_to = "document.querySelector('video').currentTime"
    page.locator(".moments button").first.click()
    page.wait_for_function(f"{moved_to} > 0.5")
    strip = page.get_by_role("slider", name="Position in the recording")
    strip.press("Home")
    page.wait_for_function(f"{moved_to} < 0.1")
    box = strip.bounding_box()
    strip.click(position={"x": box["width"] / 2, "y": 5})
    half = page.evaluate("document.querySelector('video').duration") / 2
    page.wait_for_function(f"Math.abs({moved_to} - {half}) < 0.5")
    assert page.locator(".walk h2").first.inner_text() != "–"  # what was felt then


def test_timeline_is_zoomed_and_shown_whole_again(page: Any, talking_face: Path) -> None:
    analyse(page, talking_face)
    whole = page.get_by_role("button", name="Show all")
    assert whole.is_disabled()
    chart = page.locator(".u-over")
    chart.scroll_into_view_if_needed()
    over = chart.bounding_box()
    page.mouse.move(over["x"] + 0.3 * over["width"], over["y"] + 40)
    page.mouse.down()
    page.mouse.move(over["x"] + 0.6 * over["width"], over["y"] + 40, steps=5)
    page.mouse.up()
    assert whole.is_enabled()
    whole.click()
    assert whole.is_disabled()


@pytest.mark.parametrize("kind", ["HTML", "CSV", "JSON"])
def test_results_are_downloaded(
    page: Any, address: str, talking_face: Path, tmp_path: Path, kind: str
) -> None:
    (key,) = analyse(page, talking_face)
    with page.expect_download() as begun:
        page.get_by_role("link", name=kind).click()
    saved = tmp_path / "saved"
    begun.value.save_as(saved)
    text = saved.read_text(encoding="utf-8")
    expected = answer(address, f"/api/analyses/{key}")["estimates"]
    if kind == "HTML":
        assert text.startswith("<!doctype html") or text.startswith("<!DOCTYPE html")
    elif kind == "CSV":
        assert len(list(csv.DictReader(text.splitlines()))) == len(expected)
    else:
        assert len(json.loads(text)["estimates"]) == len(expected)


def test_two_clips_are_compared(page: Any, talking_face: Path, tmp_path: Path) -> None:
    second = tmp_path / "second.mp4"
    second.write_bytes(talking_face.read_bytes())
    analyse(page, talking_face, second)
    page.get_by_role("link", name="Compare").click()
    table = page.locator(".compare table")
    assert "second.mp4" in table.inner_text()
    # the same clip twice: no difference
    assert set(table.locator("td").all_inner_texts()) <= {"+0.00", "–"}


def test_file_of_another_kind_is_refused_in_words(page: Any, tmp_path: Path) -> None:
    wrong = tmp_path / "notes.mp4"
    wrong.write_text("these are notes and no video")
    page.locator("input[type=file]").set_input_files(wrong)
    alert = page.get_by_role("alert")
    alert.wait_for()
    assert len(alert.inner_text()) > 20


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


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_hinders_access(
    page: Any, repository: Path, talking_face: Path, scheme: str
) -> None:
    page.get_by_label("Colours").select_option(scheme)
    analyse(page, talking_face)
    accessible(page, repository)
    for name in ("Live", "Compare", "Session"):
        page.get_by_role("link", name=name, exact=True).click()
        accessible(page, repository)


def test_page_fits_a_phone(page: Any, talking_face: Path) -> None:
    page.set_viewport_size(PHONE)
    analyse(page, talking_face)
    assert fits(page)
    for name in ("Live", "Compare", "Session"):
        page.get_by_role("link", name=name, exact=True).click()
        assert fits(page)
