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

"""The real analysis process: its limits, and what hostile media do to it."""

from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

pytest.importorskip("fastapi", reason="extra 'dashboard' is not installed")

from dashboard_support import Running, serving


@pytest.fixture(scope="module")
def tight() -> Iterator[Running]:
    """A server that allows little."""
    with serving(analysis_memory_mb=256, max_duration_s=3.0) as running:
        yield running


def test_a_picture_that_needs_too_much_memory_fails_and_the_server_goes_on(
    tight: Running, tmp_path: Path
):
    path = tmp_path / "huge.avi"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mjpeg", rate=10)
        stream.width = stream.height = 9_000  # 243 MB of pixels in a file of a few
        stream.pix_fmt = "yuvj420p"
        frame = av.VideoFrame(stream.width, stream.height, "yuvj420p")
        for plane in frame.planes:
            plane.update(bytes(plane.buffer_size))
        for packet in (*stream.encode(frame), *stream.encode(None)):
            container.mux(packet)
    assert path.stat().st_size < 10_000_000
    result = tight.finished(tight.upload(path).json()["id"])
    assert result["state"] == "failed"
    assert "memory" in result["error"] or "damaged" in result["error"]
    assert tight.files() == []
    assert tight.client.get("/api/server").status_code == 200


def test_a_recording_that_is_too_long_is_refused(tight: Running, tmp_path: Path):
    soundfile.write(tmp_path / "long.wav", np.zeros(16_000 * 4), 16_000)
    result = tight.finished(tight.upload(tmp_path / "long.wav").json()["id"])
    assert result["state"] == "failed"
    assert "longer than 3 s" in result["error"]


def test_a_length_that_lies_is_found_out(tight: Running, tmp_path: Path):
    path = tmp_path / "lying.flac"
    soundfile.write(path, np.zeros(16_000 * 6), 16_000)
    data = bytearray(path.read_bytes())
    data[21] &= 0xF0  # STREAMINFO: 36 bits of the number of samples, here 16000
    data[22:26] = (16_000).to_bytes(4, "big")
    result = tight.finished(tight.upload(bytes(data), "lying.flac").json()["id"])
    assert result["state"] == "failed"
    assert "longer than 3 s" in result["error"]
