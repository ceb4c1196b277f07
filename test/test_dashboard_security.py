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

"""Who may call the dashboard's server, and what it tells."""

import json
from collections.abc import Iterator

import pytest

pytest.importorskip("fastapi", reason="extra 'dashboard' is not installed")

from dashboard_support import FLAC, TOKEN, Running, problem, raw

from emotion_recognition.dashboard.config import DashboardConfig


@pytest.fixture
def running(fake) -> Iterator[Running]:
    with fake(max_upload_mb=1) as running:
        yield running


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "", "localhost.evil.example:8090"]
)
def test_other_names_of_the_host_are_refused(running: Running, host: str):
    problem(running.client.get("/api/server", headers={"Host": host}), 421)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:8090", "[::1]:8090", "LOCALHOST:1"])
def test_names_of_loopback_are_taken(running: Running, host: str):
    assert running.client.get("/api/server", headers={"Host": host}).status_code == 200


def test_pages_of_other_sites_are_refused(running: Running):
    for origin in ("http://evil.example", "null", f"https://127.0.0.1:{running.port + 1}"):
        headers = {"Origin": origin}
        problem(running.client.post("/api/analyses", headers=headers), 403)
        problem(running.client.delete("/api/live/session", headers=headers), 403)
    assert running.client.get("/api/server", headers={"Origin": running.url}).status_code == 200


def test_an_origin_that_was_allowed_gets_cors_headers(fake):
    allowed = "http://localhost:5173"
    with fake(allowed_origins=(allowed,)) as running:
        answer = running.client.get("/api/server", headers={"Origin": allowed})
        assert answer.headers["access-control-allow-origin"] == allowed
        asked = running.client.options(
            "/api/analyses",
            headers={"Origin": allowed, "Access-Control-Request-Method": "POST"},
        )
        assert asked.status_code == 200
        problem(running.client.get("/api/server", headers={"Origin": "http://evil.example"}), 403)


def test_without_the_token_nothing_is_told(fake):
    with fake(token=TOKEN) as running:
        client = running.client
        for path in ("/api/model", "/api/live/session", "/api/analyses/x", "/api/none"):
            answer = client.get(path)
            problem(answer, 401)
            assert answer.headers["www-authenticate"] == "Bearer"
        problem(running.upload(FLAC), 401)
        assert client.get("/api/server").json()["token_required"]
        assert client.get("/healthz").status_code == 200
        wrong = {"Authorization": "Bearer " + TOKEN[:-1] + "x"}
        problem(client.get("/api/model", headers=wrong), 401)
        problem(client.get("/api/model", headers={"Authorization": f"Basic {TOKEN}"}), 401)
        problem(client.get("/api/model", headers={"Cookie": f"emotion_dashboard={TOKEN}"}), 401)
        right = {"Authorization": f"Bearer {TOKEN}"}
        assert client.get("/api/model", headers=right).status_code == 200


def test_the_page_changes_the_token_for_a_cookie(fake):
    with fake(token=TOKEN) as running:
        problem(running.client.post("/api/login", json={"token": "wrong"}), 401)
        problem(running.client.post("/api/login", json={"token": "ä" * 20}), 401)
        answer = running.client.post("/api/login", json={"token": TOKEN})
        assert answer.status_code == 204
        cookie = answer.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "samesite=strict" in cookie.lower()
        assert TOKEN not in cookie
        assert running.client.get("/api/model").status_code == 200  # the client keeps the cookie


def test_the_token_stands_in_the_fragment_of_the_address(fake):
    with fake(token=TOKEN):
        pass
    from emotion_recognition.dashboard.app import Dashboard
    from emotion_recognition.dashboard.server import DashboardServer

    server = DashboardServer(Dashboard(DashboardConfig(port=0, token=TOKEN)))
    assert server.url.endswith(f"/#token={TOKEN}")
    server._socket.close()


@pytest.mark.parametrize("path", ["/", "/api/server", "/api/none", "/api", "/none.js", "/healthz"])
def test_every_answer_is_locked_down(running: Running, path: str):
    headers = running.client.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert "server" not in headers


@pytest.mark.parametrize(
    "path", ["/../pyproject.toml", "/%2e%2e/%2e%2e/setup.py", "/assets/..%2f..%2fapp.py", "//etc/x"]
)
def test_paths_lead_nowhere_outside_of_the_bundle(running: Running, path: str):
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
    with raw(running.port, request.encode()) as connected:
        answer = b"".join(iter(lambda: connected.recv(1 << 16), b""))
    assert b"import" not in answer
    assert b" 404 " in answer.split(b"\r\n")[0] or b"not built" in answer or b'id="root"' in answer


def test_an_unexpected_error_tells_no_more_than_that(
    running: Running, monkeypatch: pytest.MonkeyPatch
):
    def broken(*_: object) -> None:
        raise RuntimeError("a secret of the inside")

    monkeypatch.setattr(running.dashboard.analyses, "get", broken)
    answer = running.client.get("/api/analyses/x")
    problem(answer, 500)
    assert "secret" not in answer.text
    assert "content-security-policy" in answer.headers


def test_wrong_methods_and_ids_are_problems(running: Running):
    problem(running.client.put("/api/analyses"), 405)
    problem(running.client.get("/api/analyses/none"), 404)
    problem(running.client.get("/api/analyses/none/events"), 404)
    problem(running.client.get("/api/analyses/none/report.csv"), 404)
    problem(running.client.post("/api/login", content=b"["), 422)
    id = running.order("wait")
    problem(running.client.get(f"/api/analyses/{id}/report.csv"), 409)
    running.client.delete(f"/api/analyses/{id}")


def test_problems_are_json(running: Running):
    told = json.loads(running.client.get("/api/none").content)
    assert told["type"] == "urn:emotion-recognition:problem:not-found"
    assert told["instance"] == "/api/none"
