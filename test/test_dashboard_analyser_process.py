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

"""What becomes of analyses whose process dies, hangs or talks nonsense."""

import pytest

pytest.importorskip("fastapi", reason="extra 'dashboard' is not installed")

from dashboard_support import problem, until


def test_a_process_that_dies_fails_one_analysis_and_is_replaced(fake):
    with fake() as running:
        result = running.finished(running.order("die"))
        assert result["state"] == "failed"
        assert "damaged" in result["error"]
        assert running.finished(running.order("estimates"))["state"] == "done"
        assert running.client.get("/healthz").json()["status"] == "ok"


def test_a_process_that_talks_nonsense_is_replaced(fake):
    with fake() as running:
        assert running.finished(running.order("nonsense"))["state"] == "failed"
        assert running.finished(running.order("estimates"))["state"] == "done"


def test_an_analysis_that_does_not_end_is_ended(fake):
    with fake(analysis_timeout_s=1.0) as running:
        result = running.finished(running.order("hang"))
        assert result["state"] == "failed"
        assert "longer than 1 s" in result["error"]
        assert running.finished(running.order("estimates"))["state"] == "done"


def test_a_decoder_that_does_not_listen_is_killed_when_cancelled(fake):
    with fake() as running:
        id = running.order("hang")
        until(lambda: running.state(id)["state"] == "running")
        running.client.delete(f"/api/analyses/{id}")
        assert running.finished(id)["state"] == "cancelled"
        assert running.finished(running.order("estimates"))["state"] == "done"


def test_a_queued_analysis_is_cancelled_without_being_run(fake):
    with fake() as running:
        first, second = running.order("wait"), running.order("estimates")
        assert running.state(second)["position"] == 1
        running.client.delete(f"/api/analyses/{second}")
        assert running.state(second)["state"] == "cancelled"
        assert running.state(first)["state"] == "running"
        assert len(running.files()) == 1
        running.client.delete(f"/api/analyses/{first}")
        assert running.finished(first)["state"] == "cancelled"


def test_a_process_that_cannot_start_is_told(fake, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("FAKE_ANALYSER", "broken")
    with fake() as running:
        problem(running.client.get("/api/model"), 503)
        health = running.client.get("/healthz")
        assert (health.status_code, health.json()["status"]) == (503, "failed")
        assert running.finished(running.order("estimates"))["state"] == "failed"
