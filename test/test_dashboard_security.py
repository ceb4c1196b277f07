"""What the dashboard's server does with bad input, hostile callers and slow ones."""

import io
import json
import socket
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

pytest.importorskip("fastapi", reason="extra 'dashboard' is not installed")

from dashboard_support import TOKEN, Running, until

from emotion_recognition.dashboard import connection, upload
from emotion_recognition.dashboard.config import DashboardConfig

FLAC = b"fLaC" + b"estimates" + b" " * 100
PROBLEM = {"type", "title", "status", "detail", "instance"}


@pytest.fixture
def running(fake) -> Iterator[Running]:
    with fake(max_upload_mb=1) as running:
        yield running


def problem(answer: httpx.Response, status: int) -> dict:
    """Check that an answer is a problem as RFC 9457 has it, without a stack trace."""
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert set(told) == PROBLEM
    assert told["status"] == status
    assert "Traceback" not in answer.text
    assert "/tmp" not in answer.text
    return told


def raw(port: int, data: bytes, timeout_s: float = 10.0) -> socket.socket:
    connected = socket.create_connection(("127.0.0.1", port), timeout_s)
    connected.sendall(data)
    return connected


def head(length: int, boundary: str = "b") -> bytes:
    return (
        "POST /api/analyses HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Content-Type: multipart/form-data; boundary={boundary}\r\n"
        f"Content-Length: {length}\r\n\r\n"
    ).encode()


PART = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.flac"\r\n\r\n'


# ---- uploads


def test_a_stated_length_beyond_the_limit_is_refused_before_the_body(running: Running):
    with raw(running.port, head(2_000_000)) as connected:
        answer = connected.recv(4096)
    assert b"413" in answer.split(b"\r\n")[0]


def test_bytes_are_counted_whatever_was_stated(running: Running):
    def chunks() -> Iterator[bytes]:
        yield PART + FLAC
        for _ in range(20):
            yield b"x" * 100_000
        yield b"\r\n--b--\r\n"

    answer = running.client.post(
        "/api/analyses",
        content=chunks(),
        headers={"Content-Type": "multipart/form-data; boundary=b"},
    )
    told = problem(answer, 413)
    assert "1 MB" in told["detail"]
    assert running.files() == []


def zipped(name: str, size: int) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, b"\0" * size)
    return packed.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        zipped("bag/bag_0.mcap", 50_000_000),
        b"#EXTM3U\n#EXT-X-TARGETDURATION:10\n/etc/passwd\n" + b" " * 64,
        b"ffconcat version 1.0\nfile /etc/passwd\n" + b" " * 64,
        b"<html><script>alert(1)</script></html>" + b" " * 64,
        b"\x1f\x8b\x08" + b"\0" * 100,
        b"\x28\xb5\x2f\xfd" + b"\0" * 100,
        b"MZ" + b"\0" * 100,
        b"",
        b"x",
    ],
    ids=["zip-bomb", "playlist", "concat", "html", "gzip", "zstd", "exe", "empty", "byte"],
)
def test_the_kind_of_a_file_is_told_by_its_content(running: Running, content: bytes):
    told = problem(running.upload(content, "innocent.mp4"), 415)
    assert ".mp4" in told["detail"]
    assert running.files() == []


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("../../../etc/passwd", "passwd"),
        ("C:\\Windows\\system32\\evil.mp4", "evil.mp4"),
        ("/etc/cron.d/job", "job"),
        ("..", "recording"),
        ("clip\r\nSet-Cookie: a=b.mp4", "clipSet-Cookie: a=b.mp4"),
        ("a" * 500 + ".mp4", "a" * 120),
        ("<img src=x onerror=alert(1)>.mp4", "<img src=x onerror=alert(1)>.mp4"),
        ("日本語.mp4", "日本語.mp4"),
    ],
)
def test_names_are_for_display_only(sent: str, shown: str):
    assert upload.display_name(sent) == shown


def test_a_name_with_a_path_writes_nowhere_else(running: Running):
    id = running.order("wait")
    evil = running.upload(FLAC, "../../../tmp/evil.flac").json()["id"]
    assert all(file.parent == running.dashboard.analyses.folder for file in running.files())
    assert all("evil" not in file.name for file in running.files())
    assert all(file.stat().st_mode & 0o077 == 0 for file in running.files())
    assert running.dashboard.analyses.folder.stat().st_mode & 0o077 == 0
    assert running.state(evil)["name"] == "evil.flac"
    running.client.delete(f"/api/analyses/{id}")


def test_a_name_cannot_break_out_of_a_report(running: Running):
    name = 'x"\r\nX-Evil: 1\r\n\r\n<script>.flac'
    id = running.upload(FLAC, name).json()["id"]
    running.finished(id)
    for suffix in ("csv", "json", "html"):
        report = running.client.get(f"/api/analyses/{id}/report.{suffix}")
        assert "x-evil" not in report.headers
        assert report.headers["content-disposition"].startswith("attachment; ")
    assert "<script>" not in report.text


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        ("application/json", b"{}", 415),
        ("multipart/form-data", b"x", 415),
        ("multipart/form-data; boundary=" + "b" * 500, b"x", 400),
        ("multipart/form-data; boundary=b", b"no boundary here", 400),
        ("multipart/form-data; boundary=b", PART + FLAC, 400),
        ("multipart/form-data; boundary=b", b"--b--\r\n", 422),
        (
            "multipart/form-data; boundary=b",
            PART.replace(b'name="file"', b'name="other"') + FLAC + b"\r\n--b--\r\n",
            422,
        ),
        (
            "multipart/form-data; boundary=b",
            PART + FLAC + b"\r\n" + PART + FLAC + b"\r\n--b--\r\n",
            400,
        ),
        (
            "multipart/form-data; boundary=b",
            b"--b\r\nContent-Disposition: " + b"x" * 20_000 + b"\r\n\r\n\r\n--b--\r\n",
            400,
        ),
    ],
    ids=[
        *("json", "no-boundary", "long-boundary", "no-part", "broken-off", "nothing"),
        *("other-field", "two-files", "long-header"),
    ],
)
def test_broken_forms_are_refused(running: Running, content_type: str, body: bytes, status: int):
    answer = running.client.post(
        "/api/analyses", content=body, headers={"Content-Type": content_type}
    )
    problem(answer, status)
    assert running.files() == []


def test_a_compressed_request_is_refused(running: Running):
    answer = running.client.post(
        "/api/analyses",
        content=PART,
        headers={
            "Content-Type": "multipart/form-data; boundary=b",
            "Content-Encoding": "gzip",
        },
    )
    problem(answer, 415)


def test_too_many_uploads_at_once_are_refused(fake):
    with fake(max_uploads=2) as running:
        held = [raw(running.port, head(5000) + PART + FLAC) for _ in range(2)]
        until(lambda: running.dashboard.analyses._uploads == 2)
        answer = running.upload(FLAC)
        problem(answer, 429)
        assert int(answer.headers["retry-after"]) > 0
        for connected in held:
            connected.close()
        until(lambda: running.dashboard.analyses._uploads == 0)
        assert running.upload(FLAC).status_code == 202


def test_a_full_queue_takes_no_more(fake):
    with fake(max_waiting=2) as running:
        ids = [running.order("wait"), running.order("wait")]
        problem(running.upload(FLAC), 429)
        for id in ids:
            running.client.delete(f"/api/analyses/{id}")


def test_a_disconnect_in_the_middle_leaves_nothing(running: Running):
    connected = raw(running.port, head(900_000) + PART + FLAC + b"x" * 10_000)
    until(running.files)
    connected.close()
    until(lambda: not running.files())
    assert running.dashboard.analyses.waiting == 0


def test_a_sender_that_stalls_is_answered_and_forgotten(
    running: Running, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(upload, "STALL_S", 0.2)
    with raw(running.port, head(5000) + PART + FLAC) as connected:
        answer = connected.recv(4096)
    assert b" 408 " in answer.split(b"\r\n")[0]
    until(lambda: not running.files())


def test_a_sender_that_trickles_is_cut_off(running: Running, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(upload, "STALL_S", 0.3)
    with raw(running.port, head(500_000) + PART + FLAC) as connected:
        connected.settimeout(0.05)
        answer = b""
        for _ in range(100):
            connected.sendall(b"x")
            try:
                answer = connected.recv(4096)
                break
            except TimeoutError:
                continue
    assert b" 408 " in answer.split(b"\r\n")[0]


def test_a_head_that_never_ends_is_cut_off(running: Running, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(connection, "HEAD_S", 0.3)
    with raw(running.port, b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n") as connected:
        began = time.monotonic()
        with pytest.raises(ConnectionError):
            if connected.recv(100) == b"":
                raise ConnectionError
        assert time.monotonic() - began < 8


def test_a_reader_that_takes_nothing_is_cut_off(running: Running, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(connection, "TAKE_S", 0.3)
    id = running.order("estimates")
    running.finished(id)
    record = running.dashboard.analyses.get(id)
    record.faces = ["1" * 100_000] * 200  # more than the sockets hold
    request = f"GET /api/analyses/{id}/faces HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    connected = socket.socket()
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connected.connect(("127.0.0.1", running.port))
    connected.sendall(request.encode())
    time.sleep(1.5)
    received = 0
    connected.settimeout(5)
    try:
        while data := connected.recv(1 << 20):
            received += len(data)
    except ConnectionError:
        pass
    connected.close()
    assert received < 20_000_000


# ---- hostile media


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


# ---- who may call


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
    with raw(running.port, f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()) as connected:
        answer = connected.recv(1 << 16)
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


# ---- settings


def test_other_addresses_than_loopback_need_a_token():
    with pytest.raises(ValueError, match="needs a token"):
        DashboardConfig(host="0.0.0.0")
    with pytest.raises(ValueError, match="too weak"):
        DashboardConfig(host="0.0.0.0", token="short")
    config = DashboardConfig(host="0.0.0.0", token=TOKEN, allowed_hosts=("robot.lab",))
    assert config.knows_host("192.168.1.7")
    assert config.knows_host("robot.lab")
    assert not config.knows_host("evil.example")  # a name that was rebound to our address


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
def test_loopback_needs_no_token(host: str):
    assert DashboardConfig(host=host).loopback


@pytest.mark.parametrize(
    ("setting", "value"),
    [("port", 70000), ("max_upload_mb", 0), ("preview_rate", 99.0), ("max_viewers", 0)],
)
def test_a_setting_out_of_its_range_is_named(setting: str, value: float):
    with pytest.raises(ValueError, match=f"{setting} is {value}; allowed"):
        DashboardConfig(**{setting: value})


def test_a_token_comes_from_a_file_or_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    from emotion_recognition.dashboard.config import TOKEN_VARIABLE, token_for

    monkeypatch.delenv(TOKEN_VARIABLE, raising=False)
    assert token_for(None, "127.0.0.1") == ""
    assert len(token_for(None, "0.0.0.0")) >= 32
    assert token_for(None, "0.0.0.0") != token_for(None, "0.0.0.0")
    (tmp_path / "token").write_text(TOKEN + "\n")
    assert token_for(tmp_path / "token", "0.0.0.0") == TOKEN
    monkeypatch.setenv(TOKEN_VARIABLE, TOKEN)
    assert token_for(None, "127.0.0.1") == TOKEN


def test_problems_are_json(running: Running):
    told = json.loads(running.client.get("/api/none").content)
    assert told["type"] == "urn:emotion-recognition:problem:not-found"
    assert told["instance"] == "/api/none"
