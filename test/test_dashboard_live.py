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

"""The live view: hub, viewers that do not read, session, sound meter, preview."""

import asyncio
import contextlib
import csv
import io
import json
import socket
import time
from collections.abc import Iterator

import cv2
import httpx
import numpy as np
import pytest

pytest.importorskip("fastapi", reason="extra 'dashboard' is not installed")

from dashboard_support import TOKEN, Running, until
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from emotion_recognition.audio.chunk import AudioChunk
from emotion_recognition.dashboard import connection
from emotion_recognition.dashboard.fair_queue import FairQueue
from emotion_recognition.dashboard.live import LiveHub, Viewer
from emotion_recognition.dashboard.live_session import SessionLog, session_view
from emotion_recognition.dashboard.preview import Preview
from emotion_recognition.dashboard.schemas import FrameHeader, LiveEstimate, LiveRestart
from emotion_recognition.dashboard.sound_meter import SPECTROGRAM, SoundMeter
from emotion_recognition.estimate import Box


def estimate(time_s: float, subject: str = "1", emotion: str = "happy") -> LiveEstimate:
    other = "sad" if emotion == "happy" else "happy"
    return LiveEstimate(
        time=time_s,
        subject=subject,
        emotion=emotion,
        confidence=0.75,
        probabilities=dict(sorted({emotion: 0.75, other: 0.25}.items())),
        valence=0.5,
        arousal=None,
        intensity=None,
        audio_weight=0.25,
        video_weight=0.75,
        flags=[],
        face=None,
        model="m",
        window=3.6,
        latency=0.05,
        received=time_s,
    )


@pytest.fixture
def running(fake) -> Iterator[Running]:
    hub = LiveHub()
    hub.attached = True
    with fake(hub=hub, max_viewers=9) as running:
        until(lambda: running.client.get("/healthz").status_code == 200)
        yield running


def address(running: Running) -> str:
    return running.url.replace("http", "ws") + "/api/live"


def test_viewers_get_the_history_and_then_what_comes(running: Running):
    hub = running.dashboard.hub
    hub.send(estimate(1.0))
    with connect(address(running)) as viewer:
        hello = json.loads(viewer.recv(5))
        assert hello["type"] == "hello"
        assert hello["live"]
        assert hello["spectrogram"]["bands"] == 64
        assert [each["time"] for each in hello["history"]] == [1.0]
        hub.send(estimate(1.25))
        told = json.loads(viewer.recv(5))
        assert LiveEstimate.model_validate(told) == estimate(1.25)
        hub.send_frame(b"\0\0\0\2{}jpeg")
        assert viewer.recv(5) == b"\0\0\0\2{}jpeg"


def test_every_viewer_gets_the_same_and_none_waits_for_another(running: Running):
    hub = running.dashboard.hub
    with contextlib.ExitStack() as stack:
        viewers = [stack.enter_context(connect(address(running))) for _ in range(8)]
        for viewer in viewers:
            viewer.recv(5)
        hub.send(estimate(2.0))
        told = {viewer.recv(5) for viewer in viewers}
        assert len(told) == 1
        assert running.client.get("/healthz").json()["viewers"] == 8
    until(lambda: hub.viewers == 0)


def test_one_viewer_too_many_is_sent_away(running: Running):
    with contextlib.ExitStack() as stack:
        for _ in range(9):
            stack.enter_context(connect(address(running))).recv(5)
        late = stack.enter_context(connect(address(running)))
        with pytest.raises(ConnectionClosed) as closed:
            late.recv(5)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1013


def test_what_a_viewer_says_is_not_listened_to_and_too_much_ends_it(running: Running):
    with connect(address(running)) as viewer:
        viewer.recv(5)
        viewer.send("hello?")
        running.dashboard.hub.send(estimate(3.0))
        assert json.loads(viewer.recv(5))["type"] == "estimate"
        viewer.send("x" * 100_000)
        with pytest.raises(ConnectionClosed):
            viewer.recv(5)


def test_a_viewer_that_reads_nothing_is_dropped_and_the_others_go_on(
    running: Running, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(connection, "TAKE_S", 0.5)
    hub = running.dashboard.hub
    deaf = socket.socket()
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    deaf.connect(("127.0.0.1", running.port))
    deaf.sendall(
        b"GET /api/live HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
        b"Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        b"Sec-WebSocket-Version: 13\r\n\r\n"
    )
    until(lambda: hub.viewers == 1)
    with connect(address(running), max_size=None) as viewer:
        viewer.recv(5)
        frame = bytes(200_000)
        for number in range(200):
            hub.send(estimate(10.0 + number))
            hub.send_frame(frame)
            while True:  # frames may be left out, estimates never
                told = viewer.recv(5)
                if isinstance(told, str):
                    assert json.loads(told)["time"] == 10.0 + number
                    break
            if hub.viewers == 1:
                break
            time.sleep(0.01)
        until(lambda: hub.viewers == 1, 10)
    deaf.close()


def test_a_queue_is_bounded_and_only_the_newest_frame_waits():
    async def story() -> None:
        viewer = Viewer()
        for number in range(50):
            viewer.offer_frame(bytes([number]))
        viewer.offer("text")
        assert await viewer.next() == "text"
        assert await viewer.next() == bytes([49])
        for _ in range(1000):
            viewer.offer("more")
        assert viewer.too_slow
        assert await viewer.next() is None

    asyncio.run(story())


def test_a_viewer_needs_the_token_and_an_own_origin(fake):
    with fake(token=TOKEN) as running:
        with pytest.raises(InvalidStatus) as refused:
            connect(address(running))
        assert refused.value.response.status_code == 403
        with pytest.raises(InvalidStatus):
            connect(
                address(running),
                origin="http://evil.example",
                additional_headers={"Authorization": f"Bearer {TOKEN}"},
            )
        client = httpx.Client(base_url=running.url)
        cookie = client.post("/api/login", json={"token": TOKEN}).headers["set-cookie"]
        with connect(
            address(running), additional_headers={"Cookie": cookie.partition(";")[0]}
        ) as viewer:
            assert json.loads(viewer.recv(5))["type"] == "hello"


def test_the_session_is_summarised_exported_and_begun_anew(running: Running):
    hub = running.dashboard.hub
    for number in range(8):
        hub.send(estimate(100 + number / 4, emotion="happy" if number < 6 else "sad"))
    until(lambda: len(hub.session.newest()) == 8)
    session = running.client.get("/api/live/session").json()
    assert session["subjects"] == ["1"]
    assert session["summary"]["shares"] == pytest.approx({"happy": 0.75, "sad": 0.25})
    assert session["summary"]["transitions"] == [{"before": "happy", "after": "sad", "count": 1}]
    assert session["by_subject"]["1"] == session["summary"]
    table = io.StringIO(running.client.get("/api/live/session.csv").text)
    rows = list(csv.DictReader(table))
    assert len(rows) == 8
    first = rows[0]
    assert (float(first["time"]), first["emotion"], first["arousal"]) == (100, "happy", "")
    assert running.client.get("/api/live/session.json").json() == session
    with connect(address(running)) as viewer:
        viewer.recv(5)
        assert running.client.delete("/api/live/session").status_code == 204
        LiveRestart.model_validate(json.loads(viewer.recv(5)))
    assert running.client.get("/api/live/session").json()["estimates"] == []


def test_a_session_keeps_an_hour_and_forgets_where_a_clock_was_set_back():
    log = SessionLog()
    for time_s in range(0, 4000, 100):
        log.add(estimate(float(time_s)))
    kept = [each.time for each in log.newest()]
    assert (kept[0], kept[-1]) == (300.0, 3900.0)
    assert [each.time for each in log.newest(300)] == [3600.0, 3700.0, 3800.0, 3900.0]
    log.add(estimate(5.0))
    assert [each.time for each in log.newest()] == [5.0]


def test_several_people_are_summarised_apart():
    view = session_view(0.0, [estimate(1.0, "1"), estimate(1.0, "2", "sad")])
    assert view.by_subject["1"].emotion == "happy"
    assert view.by_subject["2"].emotion == "sad"
    assert view.summary.estimates == 2


# ---- fairness


def test_callers_are_served_in_turn():
    queue: FairQueue[str] = FairQueue()
    for item in ("a1", "a2", "a3", "b1", "c1", "c2"):
        queue.put(item[0], item)
    order = list(queue)
    assert [queue.take() for _ in range(6)] == order == ["a1", "b1", "c1", "a2", "c2", "a3"]
    assert queue.take() is None


def test_an_item_is_taken_out_of_a_queue():
    queue: FairQueue[str] = FairQueue()
    queue.put("a", "a1")
    queue.put("b", "b1")
    assert queue.remove("a1")
    assert not queue.remove("a1")
    assert len(queue) == 1
    assert queue.take() == "b1"


# ---- sound and picture


def tone(amplitude: float, hertz: float, seconds: float, rate: int) -> np.ndarray:
    return amplitude * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)


@pytest.mark.parametrize("rate", [16_000, 48_000])
def test_a_tone_has_its_level_and_its_place_in_the_spectrogram(rate: int):
    meter = SoundMeter()
    sound = tone(0.1, 1000, 2.0, rate).astype(np.float32)
    size = rate // 50
    told = []
    for index in range(100):
        stamp_ns = 1_000_000_000 + index * 20_000_000
        chunk = AudioChunk(stamp_ns, rate, sound[index * size : (index + 1) * size])
        message = meter.add(chunk)
        if message is not None:
            told.append(message)
    assert 15 <= len(told) <= 20  # ten a second
    assert told[-1].level_dbfs == pytest.approx(-20 - 3.01, abs=0.2)
    assert told[-1].peak_dbfs == pytest.approx(-20, abs=0.3)
    columns = np.array([column for message in told for column in message.columns])
    assert columns.shape[1] == SPECTROGRAM.bands
    assert len(columns) == pytest.approx(2.0 / SPECTROGRAM.column_s, abs=4)
    loudest = columns[5:].mean(axis=0).argmax()
    assert loudest == pytest.approx(64 * 15 / 45.2, abs=2)  # 1 kHz is 15 Slaney mels of 45.2
    assert columns[5:, loudest].mean() == pytest.approx(255 * (1 - 20 / 80), abs=6)


def test_silence_is_the_floor():
    message = SoundMeter().add(AudioChunk(1, 16_000, np.zeros(3200)))
    assert message is not None
    assert message.level_dbfs == message.peak_dbfs == -100
    assert np.max(message.columns) == 0


def test_a_meter_goes_on_after_a_gap_and_another_rate():
    meter = SoundMeter()
    meter.add(AudioChunk(1, 16_000, np.zeros(800)))
    assert meter.add(AudioChunk(10_000_000_000, 48_000, np.zeros((2400, 2)))) is None
    assert meter.add(AudioChunk(10_050_000_000, 48_000, np.zeros((9600, 2)))) is not None


def test_a_preview_is_small_and_names_faces_in_the_full_image(face_image: np.ndarray):
    from emotion_recognition.vision.stream import FaceStream, VisionConfig

    found = FaceStream(VisionConfig(landmarks=True)).add(1, face_image)
    assert found is not None
    message = Preview(width=180).message(5_000_000_000, face_image, {"1": found.box})
    length = int.from_bytes(message[:4], "big")
    header = FrameHeader.model_validate_json(message[4 : 4 + length])
    jpeg = cv2.imdecode(np.frombuffer(message[4 + length :], np.uint8), cv2.IMREAD_COLOR)
    height, width = face_image.shape[:2]
    assert header.time == 5.0
    assert (header.width, header.height) == (jpeg.shape[1], jpeg.shape[0])
    assert header.width == min(180, width)
    assert (header.image.width, header.image.height) == (width, height)
    [face] = header.faces
    assert found.landmarks is not None
    apart = np.linalg.norm(np.array(face.landmarks) - found.landmarks.points, axis=1)
    assert apart.mean() < 0.04 * found.box.width


def test_a_box_without_a_face_has_no_landmarks():
    grey = np.full((200, 300, 3), 128, np.uint8)
    message = Preview(480).message(1, grey, {"1": Box(50, 50, 80, 80), "2": Box(290, 190, 50, 50)})
    header = FrameHeader.model_validate_json(message[4 : 4 + int.from_bytes(message[:4], "big")])
    assert [face.landmarks for face in header.faces] == [None, None]
