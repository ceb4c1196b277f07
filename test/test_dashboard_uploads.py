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

"""What the dashboard's server does with uploads that are wrong, hostile, slow or too many."""

import io
import socket
import time
import zipfile
from collections.abc import Iterator

import pytest

pytest.importorskip("fastapi", reason="extra 'dashboard' is not installed")

from dashboard_support import FLAC, Running, problem, raw, until

from emotion_recognition.dashboard import connection, upload


@pytest.fixture
def running(fake) -> Iterator[Running]:
    with fake(max_upload_mb=1) as running:
        yield running


def head(length: int, boundary: str = "b") -> bytes:
    return (
        "POST /api/analyses HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Content-Type: multipart/form-data; boundary={boundary}\r\n"
        f"Content-Length: {length}\r\n\r\n"
    ).encode()


PART = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.flac"\r\n\r\n'


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
