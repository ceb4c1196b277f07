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

"""``make soak``: hours of stream time through the real node, with random faults.

Frames and sound of real clips go over DDS to ``emotion_node``, in a process of its own and on
simulated time; camera and microphone are processes too, and are killed and restarted. The stream
runs as fast as the node gives the estimates that it owes, and no faster than SPEED: endurance is
tested, not overload. Ends with a table, ``build/soak.json``, ``build/soak.png`` and a line; exit
code 1 where something is wrong.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from tqdm import tqdm

from emotion_recognition.bags.events import RecordingError
from emotion_recognition.bags.sample import SampleError
from emotion_recognition.nodes.ros.dds import keep_to_this_machine
from emotion_recognition.nodes.ros.spin import StopSignals, stop_signals
from emotion_recognition.recognizer import RecognizerConfig

from .conductor import Conductor
from .faults import CAMERA, MICROPHONE, TICKS_PER_S, Weather
from .graph import Graph, graph
from .material import find_clips, write_material
from .process import Device, emotion_node
from .report import drift, last_line, plot, problems, table
from .tally import SECOND_NS, Tally
from .vitals import Vitals, look, rss_slope, warm

READY_S = 120.0
SERVICES_S = 5.0
LAST_WORDS_S = 2.0
_LOOK_EVERY_S = 2.0
_FIRST_STAMP_NS = 1_700_000_000 * SECOND_NS  # jumps back must not reach 0


def main() -> int:
    """Run, print and write; return the exit code."""
    options = _options()
    options.out.mkdir(parents=True, exist_ok=True)
    keep_to_this_machine()
    with tempfile.TemporaryDirectory(prefix="emotion_soak_") as name, stop_signals() as signals:
        folder = Path(name)
        try:
            clips = find_clips(options.clips, np.random.default_rng(options.seed), most=12)
            write_material(clips, folder, options.material_s)
        except (OSError, ValueError, SampleError, RecordingError) as error:
            print(f"soak: {error}", file=sys.stderr)
            return 1
        result, vitals, conductor = _soak(options, folder, signals)
    (options.out / "soak.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    plot(vitals, conductor.latencies, options.out / "soak.png")
    Console().print(table(result))
    for problem in problems(result):
        print(f"soak: {problem} (words of the node: {options.out / 'soak_node.log'})")
    print(last_line(result))
    return 1 if problems(result) else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0, help="of stream time")
    parser.add_argument("--speed", type=float, default=10.0, help="times real time, at most")
    parser.add_argument("--seed", type=int, default=0, help="of the faults")
    parser.add_argument("--clips", default="", help="folder of videos; empty: the demo's sample")
    parser.add_argument("--mean", type=float, default=15.0, help="seconds between faults, mean")
    parser.add_argument("--material-s", type=float, default=30.0, help="of clips that are played")
    parser.add_argument("--out", type=Path, default=Path("build"), help="folder of the results")
    options = parser.parse_args()
    for name in ("minutes", "speed", "mean", "material_s"):
        if not getattr(options, name) > 0:
            parser.error(f"{name} is {getattr(options, name)}: expected more than 0")
    return options


def _soak(
    options: argparse.Namespace, folder: Path, signals: StopSignals
) -> tuple[dict[str, Any], list[Vitals], Conductor]:
    tally = Tally(1 / RecognizerConfig().publish_rate, _FIRST_STAMP_NS)
    log = options.out / "soak_node.log"
    devices = {
        name: Device(name, folder, options.out / "soak_players.log")
        for name in (CAMERA, MICROPHONE)
    }
    try:
        with (
            emotion_node(log) as process,
            graph() as heard,
        ):
            _start(devices, process, heard)
            weather = Weather(options.seed, options.mean, heard.services(SERVICES_S))
            conductor = Conductor(
                tally, devices, weather, heard.set_clock, heard.ask, options.speed
            )
            heard.on_estimate = conductor.estimate
            started_s = time.monotonic()
            vitals, died = _play(conductor, process, options.minutes, signals)
            wall_s = time.monotonic() - started_s
            time.sleep(LAST_WORDS_S)
    finally:
        for device in devices.values():
            device.kill()
    return (
        _result(options, tally, conductor, heard, vitals, wall_s)
        | {"died": died, "restarts": sum(device.starts - 1 for device in devices.values())},
        vitals,
        conductor,
    )


def _start(devices: Mapping[str, Device], process: "subprocess.Popen[bytes]", heard: Graph) -> None:
    until_s = time.monotonic() + READY_S
    for device in devices.values():
        device.start()
    while not all(device.is_heard for device in devices.values()):
        if process.poll() is not None or time.monotonic() > until_s:
            raise RuntimeError("emotion_node does not listen: its words are in soak_node.log")
        heard.set_clock(_FIRST_STAMP_NS)
        time.sleep(0.05)


def _play(
    conductor: Conductor,
    process: "subprocess.Popen[bytes]",
    minutes: float,
    signals: StopSignals,
) -> tuple[list[Vitals], str]:
    """Play until the end, a signal or the node's death; return its vitals, and how it died."""
    vitals: list[Vitals] = []
    told = 0  # gaps
    look_at_s = time.monotonic()
    ticks = round(60 * minutes * TICKS_PER_S)
    with tqdm(total=ticks // TICKS_PER_S, desc="soak", unit="s") as progress:
        for tick in range(ticks):
            if signals.requested:
                break
            if process.poll() is not None:
                return vitals, f"exit code {process.returncode} at {tick / TICKS_PER_S:.1f} s"
            conductor.play(tick)
            if time.monotonic() >= look_at_s:
                vitals.append(look(process.pid, tick / TICKS_PER_S))
                look_at_s += _LOOK_EVERY_S
                for begin_s, end_s in conductor.gaps()[told:]:
                    told += 1
                    tqdm.write(f"gap: {begin_s:.1f} to {end_s:.1f} s")
            if (tick + 1) % TICKS_PER_S == 0:
                progress.update()
    return vitals, ""


def _result(
    options: argparse.Namespace,
    tally: Tally,
    conductor: Conductor,
    heard: Graph,
    vitals: list[Vitals],
    wall_s: float,
) -> dict[str, Any]:
    used = warm(vitals)
    stretches = tally.stretches()
    latencies = conductor.latencies
    return {
        "seed": options.seed,
        "stream_s": tally.now_s,
        "speed": tally.now_s / wall_s,
        "estimates": len(tally.estimates),
        "expected": tally.expected(),
        "healthy_s": sum(end - begin for begin, end in stretches),
        "gaps": tally.gaps(),
        "stale": tally.stale,
        "notes": heard.notes,
        "refused": heard.refused,
        "stalls": conductor.stalls,
        "rss_slope": rss_slope(vitals),
        "rss_mb": (used[0].rss_mb, used[-1].rss_mb),
        "file_descriptors": (used[0].file_descriptors, used[-1].file_descriptors),
        "threads": (used[0].threads, used[-1].threads),
        "wall_latency_ms": drift([1e3 * each.wall_s for each in latencies]),
        "longest_latency_ms": max((1e3 * each.wall_s for each in latencies), default=0.0),
        "sensor_latency_ms": drift([1e3 * each.sensor_s for each in latencies]),
        "injected": dict(conductor.injected),
        "node": {" ".join(name): count.total for name, count in heard.counted.items()},
        "vitals": [asdict(each) for each in vitals],
        "faults": [{**asdict(fault), "change": dict(fault.change)} for fault in conductor.faults],
    }


if __name__ == "__main__":
    sys.exit(main())
