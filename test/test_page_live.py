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

"""The live page in a real browser, on a running graph that plays a real face and voice."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="extra 'dashboard' is not installed")

from page_browser import CHROMIUM, browser, dashboard, face_clip, picture, until, visitor
from ros_support import Process, command_line, random_domain_id, running

from emotion_recognition.bags.write import COMPRESSED_TOPIC, make_bag

pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: scripts/setup_page.sh installs it"),
]
WAIT_MS = 90_000


@pytest.fixture(scope="module")
def live(
    tmp_path_factory: pytest.TempPathFactory, talking_face: Path
) -> Iterator[tuple[Any, Process]]:
    """The live page, and the player that feeds the graph which it shows."""
    folder = tmp_path_factory.mktemp("live")
    bag = folder / "bag"
    make_bag(face_clip(talking_face), bag, compressed=True)
    domain = random_domain_id()
    jpeg = ("--ros-args", "-p", "image_transport:=compressed")
    play = command_line("play", str(bag), "--loop", "--stamps", "now", "--wait", "60")
    with (
        running(command_line("run", "--image", COMPRESSED_TOPIC, *jpeg), domain),
        dashboard(domain) as address,
        running(play, domain) as player,
        browser(folder) as chromium,
        visitor(chromium, address, "live") as (page, errors),
    ):
        page.locator(".bars li").first.wait_for(timeout=WAIT_MS)
        yield page, player
    assert not errors


def test_camera_face_and_estimate_are_shown(live: tuple[Any, Process]) -> None:
    page, _ = live
    page.locator(".camera canvas").wait_for()
    page.locator(".camera .overlay rect").first.wait_for(timeout=WAIT_MS)
    page.locator(".camera .overlay circle").nth(67).wait_for(timeout=WAIT_MS)
    painted = page.evaluate(
        """() => {
            const canvas = document.querySelector(".camera canvas");
            const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
            return new Set(data).size;
        }"""
    )
    assert painted > 50  # a picture, and no blank canvas
    leading = page.locator(".bars .first")
    leading.wait_for(timeout=WAIT_MS)
    name = leading.locator(".name").inner_text()
    until(page, "document.querySelector('.headline').textContent.trim().length > 2")
    assert name[1:].strip() in page.locator(".bars").inner_text()


def test_voice_and_health_are_shown(live: tuple[Any, Process]) -> None:
    page, _ = live
    meter = page.get_by_role("meter")
    until(page, "document.querySelector('[role=meter]').ariaValueText.includes('dB')")
    assert -60 <= int(meter.get_attribute("aria-valuenow")) <= 0
    names = page.locator(".health summary b")
    names.first.wait_for(timeout=WAIT_MS)
    told = " ".join(names.all_inner_texts())
    assert all(stream in told for stream in ("image", "audio", "estimates"))


def test_timeline_grows_and_can_be_paused(live: tuple[Any, Process]) -> None:
    page, _ = live
    page.get_by_role("button", name="Table", exact=True).click()
    rows = page.locator(".timeline tbody tr")
    before = rows.count()
    until(page, f"document.querySelectorAll('.timeline tbody tr').length > {before}")
    page.get_by_role("button", name="Pause").click()
    stopped = rows.all_inner_texts()
    page.wait_for_timeout(1500)  # six estimates
    assert rows.all_inner_texts() == stopped
    page.get_by_role("button", name="Resume").click()
    until(page, f"document.querySelectorAll('.timeline tbody tr').length > {len(stopped)}")
    page.get_by_role("button", name="Probabilities", exact=True).click()
    page.wait_for_timeout(8000)  # a line to be seen
    picture(page, "live")


def test_session_is_summed_up_and_exported_with_a_note(
    live: tuple[Any, Process], tmp_path: Path
) -> None:
    page, _ = live
    page.get_by_role("link", name="Session").click()
    page.locator(".shares li").first.wait_for(timeout=WAIT_MS)
    page.get_by_label("Note").fill("in the lab")
    with page.expect_download() as begun:
        page.get_by_role("button", name="Export (JSON)").click()
    begun.value.save_as(tmp_path / "session.json")
    session = json.loads((tmp_path / "session.json").read_text(encoding="utf-8"))
    picture(page, "session")
    assert session["note"] == "in the lab"
    assert session["estimates"] and session["summary"]["estimates"] >= len(session["estimates"])
    page.get_by_role("link", name="Live", exact=True).click()


def test_page_says_when_the_robot_falls_silent(live: tuple[Any, Process]) -> None:
    page, player = live
    player.stop()
    page.locator(".status .bad").first.wait_for(timeout=WAIT_MS)
    page.get_by_text("No image arrives.").wait_for(timeout=WAIT_MS)
