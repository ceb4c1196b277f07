"""``make bench``: speed, latency, loss and memory, as a table and ``build/bench.json``.

``BENCH=quick`` measures for a shorter time. Figures are ratios and percentiles of one run; the
machine is named with them.
"""

import json
import os
import platform
from pathlib import Path

import cv2
import torch
from rich.console import Console
from rich.table import Table

from emotion_recognition.bags.sample import fetch_sample
from emotion_recognition.model.emotion_model import load_model

from .live_graph import measure_live_graph
from .stream_clip import load_material
from .update_cost import measure_landmarks, measure_update_cost

OUT = Path("build/bench.json")
MEANING = {
    "cpu_ms_per_second": "CPU ms for a second of VGA at 30 Hz and sound, no ROS",
    "update_ms": "CPU ms an estimate, streaming",
    "whole_window_ms": "CPU ms an estimate, encoding the whole window anew",
    "update_vs_whole_window": "times cheaper by streaming",
    "landmarks_ms": "CPU ms to find the landmarks of a face",
    "overlay_ms": "CPU ms to draw an overlay and encode it, VGA",
    "latency_ms": "newest sensor stamp to publication over DDS, ms",
    "estimates_per_s": "estimates a second",
    "received_share": "share of the published frames that the node received",
    "cpu_share_of_core": "share of one core that the node takes",
    "rss_mb": "peak memory of the node, MB",
    "start_to_ready_s": "start of the process until it listens, s",
    "first_estimate_s": "start of the process until the first estimate, s",
}


def main() -> None:
    """Measure, print and write."""
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    quick = os.environ.get("BENCH") == "quick"
    material = load_material(fetch_sample("wolfgang"), fetch_sample("speech"))
    result: dict[str, object] = {"machine": _machine()}
    result |= measure_update_cost(material, load_model(), seconds=5 if quick else 20)
    result |= measure_landmarks(material, faces=50 if quick else 200)
    result |= measure_live_graph(material, seconds=15 if quick else 60)
    table = Table("figure", "value", "meaning", title=str(result["machine"]))
    for key, meaning in MEANING.items():
        table.add_row(key, _text(result[key]), meaning)
    Console().print(table)
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(f"written: {OUT}")


def _machine() -> str:
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.is_file():
        names = [line for line in info.read_text().splitlines() if line.startswith("model name")]
        model = names[0].partition(":")[2].strip() if names else model
    return f"{model}, {os.cpu_count()} cores, Python {platform.python_version()}"


def _text(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {number:.1f}" for key, number in value.items())
    return f"{value:.3g}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    main()
