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

"""The dashboard's API with real recordings: upload, progress, result, reports, end."""

import csv
import io
import json
from pathlib import Path

import httpx
import numpy as np
import pytest
import soundfile

pytest.importorskip("fastapi", reason="extra 'dashboard' is not installed")

from dashboard_support import Running, until

from emotion_recognition.dashboard.schemas import Analysis, Faces
from emotion_recognition.estimate import Flags
from emotion_recognition.recognizer import RecognizerConfig


def events(text: str) -> list[tuple[str, dict]]:
    blocks = [block for block in text.split("\n\n") if block and not block.startswith(":")]
    parsed = []
    for block in blocks:
        fields = dict(line.split(": ", 1) for line in block.splitlines())
        parsed.append((fields["event"], json.loads(fields["data"])))
    return parsed


@pytest.fixture(scope="module")
def analysed(dashboard: Running, talking_face: Path) -> tuple[str, list[tuple[str, dict]], dict]:
    """A clip's id, its events as they came, and its result."""
    answer = dashboard.upload(talking_face, name="../../etc/a clip.mp4")
    assert answer.status_code == 202
    id = answer.json()["id"]
    assert answer.headers["location"] == f"/api/analyses/{id}"
    with dashboard.client.stream("GET", f"/api/analyses/{id}/events") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        told = events("".join(stream.iter_text()))
    return id, told, dashboard.state(id)


def test_a_result_keeps_the_contract(analysed):
    id, _, result = analysed
    assert Analysis.model_validate(result).id == id
    assert (result["state"], result["progress"], result["error"]) == ("done", 1.0, None)
    assert result["name"] == "a clip.mp4"
    assert result["media_type"] == "video/mp4"
    assert set(result["image"]) == {"width", "height"}
    first = result["estimates"][0]
    assert {"time", "emotion", "probabilities", "valence", "arousal"} <= set(first)


def test_the_estimates_are_those_of_an_offline_run(analysed, talking_face: Path):
    from emotion_recognition.bags.clip import CLIP_EPOCH_NS
    from emotion_recognition.evaluation.offline import recognize

    _, _, result = analysed
    expected = list(recognize(talking_face, RecognizerConfig()))
    assert len(result["estimates"]) == len(expected) > 3
    for got, wanted in zip(result["estimates"], expected, strict=True):
        assert got["time"] == pytest.approx((wanted.stamp_ns - CLIP_EPOCH_NS) / 1e9)
        assert (got["emotion"] or "") == wanted.emotion
        probabilities = list(got["probabilities"].values())
        assert probabilities == pytest.approx(list(wanted.probabilities), abs=1e-6)
        assert got["flags"] == [flag.name for flag in Flags if flag in wanted.flags]


def test_estimates_and_progress_come_before_the_end(analysed):
    _, told, result = analysed
    kinds = [kind for kind, _ in told]
    assert kinds[0] == "state"
    assert kinds.index("estimate") < kinds.index("end") == len(kinds) - 1
    assert [data for kind, data in told if kind == "estimate"] == result["estimates"]
    progress = [data["progress"] for kind, data in told if kind == "progress"]
    assert progress == sorted(progress)
    assert told[-1][1] == {
        "state": "done",
        "progress": 1.0,
        "summary": result["summary"],
        "error": None,
    }


def test_a_reconnected_reader_goes_on_where_it_was(dashboard: Running, analysed):
    id, _, result = analysed
    answer = dashboard.client.get(
        f"/api/analyses/{id}/events", headers={"Last-Event-ID": str(len(result["estimates"]) - 2)}
    )
    kinds = [kind for kind, _ in events(answer.text)]
    assert kinds == ["state", "estimate", "end"]


def test_the_summary_is_that_of_the_estimates(analysed):
    _, _, result = analysed
    summary = result["summary"]
    assert summary["estimates"] == len(result["estimates"])
    assert sum(summary["shares"].values()) == pytest.approx(1)
    confidences = [each["confidence"] for each in result["estimates"]]
    assert min(confidences) <= summary["mean_confidence"] <= max(confidences)
    assert max(moment["confidence"] for moment in summary["strongest"]) == max(confidences)


def test_faces_have_boxes_and_landmarks_in_the_image(dashboard: Running, analysed):
    id, _, result = analysed
    faces = Faces.model_validate(dashboard.client.get(f"/api/analyses/{id}/faces").json())
    assert faces.image is not None
    assert faces.image.width == result["image"]["width"]
    shown = [face for frame in faces.frames for face in frame.faces]
    assert len(shown) > 0.5 * len(faces.frames) > 5
    points = np.array([face.landmarks for face in shown if face.landmarks])
    assert points.shape[1:] == (68, 2)
    assert 0 <= np.median(points[..., 0]) <= faces.image.width
    for face in shown:
        assert face.box.width > 20
    times = [frame.time for frame in faces.frames]
    assert np.median(np.diff(times)) == pytest.approx(0.1, abs=0.02)


def test_reports_are_downloads(dashboard: Running, analysed):
    id, _, result = analysed

    def report(suffix: str) -> httpx.Response:
        answer = dashboard.client.get(f"/api/analyses/{id}/report.{suffix}")
        assert answer.status_code == 200
        assert f'filename="a_clip.emotions.{suffix}"' in answer.headers["content-disposition"]
        return answer

    rows = list(csv.DictReader(io.StringIO(report("csv").text)))
    assert [float(row["time"]) for row in rows] == [e["time"] for e in result["estimates"]]
    assert [row["emotion"] for row in rows] == [e["emotion"] for e in result["estimates"]]
    assert report("json").json() == result
    page = report("html")
    assert "a clip" in page.text
    assert "<script" not in page.text
    assert "sandbox" in page.headers["content-security-policy"]


def test_the_upload_is_deleted_once_it_is_analysed(dashboard: Running, analysed):
    assert dashboard.files() == []


def test_a_sound_file_gives_estimates_without_a_face(dashboard: Running, shared_data: Path):
    clip = next(iter(sorted((shared_data / "ravdess_speech" / "Actor_01").glob("*.flac"))))
    result = dashboard.finished(dashboard.upload(clip, "voice.flac").json()["id"])
    assert result["state"] == "done"
    assert (result["media_type"], result["image"]) == ("audio/flac", None)
    judged = [each for each in result["estimates"] if each["emotion"]]
    assert judged
    assert all(each["audio_weight"] == 1 for each in judged)


def test_a_bag_is_analysed_in_its_own_time(dashboard: Running, talking_face: Path, tmp_path: Path):
    from emotion_recognition.bags.write import make_bag

    make_bag(talking_face, tmp_path / "bag", compressed=True)
    [file] = [*(tmp_path / "bag").glob("*.mcap"), *(tmp_path / "bag").glob("*.db3")]
    result = dashboard.finished(dashboard.upload(file, file.name).json()["id"])
    assert result["error"] is None
    assert 0 < result["estimates"][0]["time"] < 3  # and not since 1970


def test_silence_without_a_face_is_done_and_has_no_report(dashboard: Running, tmp_path: Path):
    soundfile.write(tmp_path / "silence.wav", np.zeros(48000), 16000)
    id = dashboard.upload(tmp_path / "silence.wav").json()["id"]
    result = dashboard.finished(id)
    assert result["state"] == "done"
    assert [each["emotion"] for each in result["estimates"] if each["emotion"]] == []
    assert result["summary"]["emotion"] is None
    assert dashboard.client.get(f"/api/analyses/{id}/report.html").status_code == 409


def test_a_damaged_recording_fails_in_words(dashboard: Running, talking_face: Path):
    result = dashboard.finished(dashboard.upload(talking_face.read_bytes()[:3000]).json()["id"])
    assert result["state"] == "failed"
    assert result["error"]
    assert "/" not in result["error"].replace("video/", "")  # no path of the server
    assert dashboard.files() == []


def test_a_finished_analysis_can_be_forgotten(dashboard: Running, talking_face: Path):
    id = dashboard.upload(talking_face.read_bytes()[:3000]).json()["id"]
    dashboard.finished(id)
    assert dashboard.client.delete(f"/api/analyses/{id}").status_code == 204
    assert dashboard.client.get(f"/api/analyses/{id}").status_code == 404
    assert dashboard.client.delete(f"/api/analyses/{id}").status_code == 404


def test_cancelling_stops_the_real_work_and_the_next_one_is_done(
    dashboard: Running, talking_face: Path
):
    id = dashboard.upload(talking_face).json()["id"]
    until(lambda: dashboard.state(id)["estimates"])
    before = dashboard.dashboard.analyses.process._running
    assert dashboard.client.delete(f"/api/analyses/{id}").status_code == 204
    result = dashboard.finished(id)
    assert result["state"] == "cancelled"
    assert result["progress"] < 1
    assert dashboard.dashboard.analyses.process._running is before  # kindly, without a kill


def test_the_model_at_work_is_told(dashboard: Running):
    model = dashboard.client.get("/api/model").json()
    assert len(model["labels"]) == 8
    assert model["device"] == "cpu"
    assert model["publish_rate"] == 4


def test_health_and_limits_are_told(dashboard: Running):
    assert dashboard.client.get("/healthz").json()["status"] == "ok"
    server = dashboard.client.get("/api/server").json()
    assert server["max_upload_bytes"] == 200_000_000
    assert ".mp4" in server["accepted"]
    assert not server["live"]


def test_the_api_is_described_for_programs_and_for_people(dashboard: Running):
    described = dashboard.client.get("/openapi.json").json()
    assert "/api/analyses/{id}/events" in described["paths"]
    upload = described["paths"]["/api/analyses"]["post"]
    assert "413" in upload["responses"]
    assert described["components"]["schemas"]["Analysis"]["examples"]
    [example] = Analysis.model_config["json_schema_extra"]["examples"]
    Analysis.model_validate(example)
    page = dashboard.client.get("/api")
    assert "<script" not in page.text
    assert "/api/analyses/{id}/report.csv" in page.text


def test_a_server_ends_its_process_and_deletes_its_folder(fake):
    with fake() as running:
        running.finished(running.order("estimates"))
        process = running.dashboard.analyses.process._running.process
        folder = running.dashboard.analyses.folder
        assert folder.is_dir()
    assert not folder.exists()
    assert process.returncode is not None


def test_results_are_kept_on_disk_only_where_the_operator_says(fake, tmp_path: Path):
    with fake(keep=tmp_path / "kept") as running:
        id = running.order("estimates")
        result = running.finished(id)
        until(lambda: (tmp_path / "kept" / f"{id}.json").is_file())
    kept = json.loads((tmp_path / "kept" / f"{id}.json").read_text())
    assert kept == result


def test_results_are_forgotten_after_their_lifetime(fake, monkeypatch: pytest.MonkeyPatch):
    from emotion_recognition.dashboard.config import SETTINGS, Setting

    monkeypatch.setitem(SETTINGS, "result_lifetime_s", Setting(0, 10, ""))
    with fake(result_lifetime_s=0.5) as running:
        id = running.order("estimates")
        until(lambda: running.client.get(f"/api/analyses/{id}").status_code == 404)


def test_the_bundle_is_served_and_hashed_files_are_cached(fake, tmp_path: Path):
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text('<div id="root"></div>')
    (tmp_path / "assets" / "index-abc123.js").write_text("'use strict'")
    with fake(static=tmp_path) as running:
        page = running.client.get("/analyse")
        assert '<div id="root">' in page.text
        assert page.headers["cache-control"] == "no-cache"
        assert "script-src 'self'" in page.headers["content-security-policy"]
        assert "unsafe" not in page.headers["content-security-policy"]
        script = running.client.get("/assets/index-abc123.js")
        assert "immutable" in script.headers["cache-control"]
        assert running.client.get("/assets/none.js").status_code == 404
        assert running.client.get("/api/none").status_code == 404


def test_without_a_bundle_a_plain_page_says_so(fake, tmp_path: Path):
    with fake(static=tmp_path) as running:
        assert "not built" in running.client.get("/").text
