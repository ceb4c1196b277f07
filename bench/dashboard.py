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

"""``python -m bench.dashboard``: what the dashboard adds to the model, and what viewers cost.

An upload of a 3 s clip over HTTP until its ``end`` event, against the same analysis in this
process; the first estimate of a longer clip; a live graph with eight viewers: lag behind
publication and CPU time of the bridge. Prints a table and writes ``build/bench-dashboard.json``.
"""

import argparse
import array
import contextlib
import gzip
import itertools
import json
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import av
import httpx
import numpy as np
import rclpy
import torch
from audio_common_msgs.msg import AudioDataStamped
from emotion_recognition.msg import EmotionState
from rclpy.node import Node
from rich.console import Console
from rich.table import Table
from sensor_msgs.msg import Image
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from emotion_recognition.bags.read import read_events
from emotion_recognition.dashboard.app import Dashboard
from emotion_recognition.dashboard.config import DashboardConfig
from emotion_recognition.dashboard.page import STATIC
from emotion_recognition.dashboard.server import DashboardServer
from emotion_recognition.evaluation.offline import estimates_of
from emotion_recognition.model.emotion_model import load_model
from emotion_recognition.nodes.ros.convert import time_message
from emotion_recognition.nodes.ros.dds import keep_to_this_machine, use_profile
from emotion_recognition.nodes.ros.qos import ESTIMATES, sensor_qos
from emotion_recognition.recognizer import Recognizer, RecognizerConfig
from emotion_recognition.vision.stream import VisionConfig

from .measure import percentiles
from .process import cpu_seconds, machine
from .stream_clip import FRAME_RATE, SAMPLE_RATE, SECOND, Material, events, load_material

OUT = Path("build/bench-dashboard.json")
VIEWERS = 8
CLIP_S, LONG_S = 3.0, 15.0
MEANING = {
    "model_ms": "the model's own time for the 3 s clip, ms (median)",
    "complete_ms": "upload of the 3 s clip until its result is complete, ms (median)",
    "beyond_model_ms": "the difference, ms",
    "first_estimate_share": "first estimate of a 15 s clip, as a share of the time of its analysis",
    "bridge_idle": "share of a core that the bridge takes, nobody looking on",
    "bridge_one_viewer": "the same with one viewer, for whom images are prepared",
    "bridge_all_viewers": "the same with eight viewers",
    "viewers_cost": "what eight viewers add to nobody looking on, share of a core",
    "live_lag_ms": "publication of an estimate until a viewer has it, with eight of them, ms",
    "page_kb": "scripts and styles of the page, gzip, kB",
}


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7, help="uploads of the clip (default: 7)")
    parser.add_argument("--seconds", type=int, default=20, help="live, a phase (default: 20)")
    options = parser.parse_args()
    torch.set_num_threads(1)
    material = load_material()
    result: dict[str, object] = {"machine": machine()}
    with tempfile.TemporaryDirectory() as folder:
        clip, longer = Path(folder, "clip.mkv"), Path(folder, "longer.mkv")
        write_clip(material, CLIP_S, clip)
        write_clip(material, LONG_S, longer)
        result |= measure_uploads(clip, longer, options.rounds)
    result |= measure_live(material, options.seconds)
    result["page_kb"] = page_kb()
    table = Table("figure", "value", "meaning", title=str(result["machine"]))
    for key, meaning in MEANING.items():
        table.add_row(key, _text(result[key]), meaning)
    Console().print(table)
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(f"written: {OUT}")


def write_clip(material: Material, seconds: float, path: Path) -> None:
    """Write the material, looped, as a video with sound."""
    with av.open(str(path), "w") as container:
        video = container.add_stream("mpeg4", rate=FRAME_RATE, bit_rate=2_000_000)
        video.height, video.width = material.frames[0].shape[:2]
        video.pix_fmt = "yuv420p"
        sound = container.add_stream("pcm_s16le", rate=SAMPLE_RATE, layout="mono")
        for index in range(int(seconds * FRAME_RATE)):
            pixels = material.frames[index % len(material.frames)]
            frame = av.VideoFrame.from_ndarray(pixels, format="bgr24")
            frame.pts = index
            container.mux(video.encode(frame))
        samples = np.resize(material.sound, round(seconds * SAMPLE_RATE))
        pcm = (np.clip(samples, -1, 1) * 32767).astype(np.int16)[None]
        heard = av.AudioFrame.from_ndarray(pcm, format="s16", layout="mono")
        heard.sample_rate, heard.pts = SAMPLE_RATE, 0
        container.mux(sound.encode(heard))
        container.mux([*video.encode(None), *sound.encode(None)])


def measure_uploads(clip: Path, longer: Path, rounds: int) -> dict[str, object]:
    """Uploads against the model alone, in turns."""
    config = RecognizerConfig(vision=VisionConfig(landmarks=True))  # as the server has it
    model = load_model(device="cpu")
    own_s, complete_s = [], []
    server = DashboardServer(Dashboard(DashboardConfig(port=0, device="cpu")))
    server.start()
    with httpx.Client(base_url=server.url, timeout=600) as client:
        client.get("/api/model").raise_for_status()
        upload(client, clip)
        for _ in range(rounds):
            complete_s.append(upload(client, clip)[1])
            recognizer = Recognizer(config, model)
            began_s = time.monotonic()
            list(estimates_of(read_events(clip), recognizer))
            own_s.append(time.monotonic() - began_s)
        first_s, all_s = upload(client, longer)
    server.stop()
    model_ms, complete_ms = 1e3 * float(np.median(own_s)), 1e3 * float(np.median(complete_s))
    return {
        "model_ms": model_ms,
        "complete_ms": complete_ms,
        "beyond_model_ms": complete_ms - model_ms,
        "first_estimate_share": first_s / all_s,
    }


def upload(client: httpx.Client, clip: Path) -> tuple[float, float]:
    """Upload a clip; return the seconds until its first estimate and until its end."""
    content = clip.read_bytes()
    began_s = time.monotonic()
    id = client.post("/api/analyses", files={"file": (clip.name, content)}).json()["id"]
    first_s = 0.0
    with client.stream("GET", f"/api/analyses/{id}/events") as stream:
        for line in stream.iter_lines():
            if line == "event: estimate" and not first_s:
                first_s = time.monotonic() - began_s
    end_s = time.monotonic() - began_s
    state = client.get(f"/api/analyses/{id}").json()
    if state["state"] != "done":
        raise RuntimeError(f"the analysis of {clip.name} {state['state']}: {state['error']}")
    return first_s, end_s


def measure_live(material: Material, seconds: int) -> dict[str, object]:
    """CPU time of the bridge with none, one and eight viewers, and the viewers' lag."""
    keep_to_this_machine()
    use_profile()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "emotion_recognition.nodes.dashboard_bridge", "--ros-args"]
    process = subprocess.Popen([*command, "-p", f"port:={port}"], stderr=subprocess.DEVNULL)
    rclpy.init(args=[])
    stop = threading.Event()
    robot = Robot(material)
    playing = threading.Thread(target=robot.play, args=(stop,), daemon=True)
    playing.start()
    try:
        _wait_for(port, process)
        shares = []
        for count in (0, 1, VIEWERS):
            with viewers(port, count) as lags:
                time.sleep(3.0)
                lags.clear()
                before_s, began_s = cpu_seconds(process.pid), time.monotonic()
                time.sleep(seconds)
                used_s = cpu_seconds(process.pid) - before_s
                shares.append(used_s / (time.monotonic() - began_s))
                measured = list(lags)
    finally:
        stop.set()
        playing.join()
        process.terminate()
        process.wait(timeout=20)
        rclpy.try_shutdown()
    return {
        "bridge_idle": shares[0],
        "bridge_one_viewer": shares[1],
        "bridge_all_viewers": shares[2],
        "viewers_cost": shares[2] - shares[0],
        "live_lag_ms": percentiles([1e3 * lag for lag in measured]),
    }


class Robot(Node):
    """Publishes VGA at 30 Hz, sound, and four estimates a second that bear their own time."""

    def __init__(self, material: Material) -> None:
        super().__init__("robot")
        self._material = material
        self._pixels = [array.array("B", frame.tobytes()) for frame in material.frames]
        self._images = self.create_publisher(Image, "image", sensor_qos(5))
        self._sound = self.create_publisher(AudioDataStamped, "audio", 10)
        self._emotions = self.create_publisher(EmotionState, "emotion", ESTIMATES)

    def play(self, stop: threading.Event) -> None:
        """Publish in real time until told to stop."""
        start_ns = time.time_ns()
        images = itertools.cycle(self._pixels)
        count = 0
        for stamp_ns, kind, data in events(self._material, start_ns):
            if stop.wait(max(0.0, (stamp_ns - time.time_ns()) / SECOND)):
                return
            if kind == "audio":
                sound = AudioDataStamped()
                sound.header.stamp = time_message(stamp_ns)
                pcm = (np.clip(data, -1, 1) * 32767).astype("<i2")
                sound.audio.data = array.array("B", pcm.tobytes())
                self._sound.publish(sound)
                continue
            height, width = data.shape[:2]
            image = Image(height=height, width=width, encoding="bgr8", step=3 * width)
            image.data = next(images)
            image.header.stamp = time_message(stamp_ns)
            self._images.publish(image)
            count += 1
            if count % 8 == 0:  # about four a second
                state = EmotionState(labels=["happy", "sad"], probabilities=[0.75, 0.25])
                state.emotion, state.confidence, state.subject = "happy", 0.75, "1"
                state.face.x_offset, state.face.y_offset = width // 4, height // 8
                state.face.width, state.face.height = width // 2, 3 * height // 4
                state.header.stamp = time_message(time.time_ns())
                self._emotions.publish(state)


@contextlib.contextmanager
def viewers(port: int, count: int) -> Iterator[list[float]]:
    """Let viewers look on; yield the list that fills with the lag of each estimate at each."""
    lags: list[float] = []
    with contextlib.ExitStack() as stack:
        for _ in range(count):
            socket_ = stack.enter_context(
                connect(f"ws://127.0.0.1:{port}/api/live", max_size=None, compression=None)
            )
            threading.Thread(target=_look, args=(socket_, lags), daemon=True).start()
        yield lags


def _look(viewer, lags: list[float]) -> None:  # type: ignore[no-untyped-def]
    with contextlib.suppress(ConnectionClosed):
        for message in viewer:
            if isinstance(message, str) and '"type":"estimate"' in message:
                now_s = time.time()
                told = json.loads(message)
                if told["type"] == "estimate":
                    lags.append(now_s - told["time"])


def page_kb() -> float:
    """Size of the page's scripts and styles as they travel, kB."""
    files = [*STATIC.glob("assets/*.js"), *STATIC.glob("assets/*.css")]
    return sum(len(gzip.compress(file.read_bytes(), 5)) for file in files) / 1e3


def _wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    until_s = time.monotonic() + 120
    while True:
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(f"http://127.0.0.1:{port}/healthz").json()["status"] == "ok":
                time.sleep(5.0)  # the landmark network loads
                return
        if process.poll() is not None or time.monotonic() > until_s:
            raise RuntimeError("dashboard_bridge did not come up")
        time.sleep(0.2)


def _text(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {number:.1f}" for key, number in value.items())
    return f"{value:.3g}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    main()
