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

"""``make bench``: speed, latency, loss and memory, as tables, ``build/bench.json`` and a picture.

``BENCH=quick`` measures for a shorter time. Figures are ratios and percentiles of one run; the
machine is named with them. What is CPU time is compared in turns, so that it means something on a
machine that is busy with other things; what goes by the clock does not.
"""

import argparse
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import torch
from rich.console import Console
from tqdm import tqdm

from emotion_recognition.model.emotion_model import load_model

from .components import measure_components
from .growth import measure_growth
from .live_graph import measure_live_graph
from .memory import measure_memory
from .offline import measure_offline
from .plot import plot
from .process import machine
from .stream_clip import HD, load_material
from .table import tables
from .update_cost import measure_update_cost

OUT = Path("build")


@dataclass(frozen=True)
class Effort:
    """How long each part measures: seconds of stream, calls, minutes of stream."""

    update_s: int = 20
    component_calls: int = 200
    live_s: int = 60
    memory_minutes: tuple[float, ...] = (1, 10, 60)
    offline_s: int = 30
    growth_s: int = 10


QUICK = Effort(5, 40, 15, (0.5, 1, 2), 5, 3)


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    effort = QUICK if os.environ.get("BENCH") == "quick" else Effort()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    material, model = load_material(), load_model()
    model.warm_up()
    parts: dict[str, Callable[[], dict[str, object]]] = {
        "update": lambda: measure_update_cost(material, model, effort.update_s),
        "components": lambda: measure_components(material, model, effort.component_calls),
        "growth": lambda: measure_growth(load_material(seconds=1.0), model, effort.growth_s),
        "offline": lambda: measure_offline(material, model, effort.offline_s),
        "memory": lambda: measure_memory(effort.memory_minutes),
        "live": lambda: measure_live_graph(material, effort.live_s),
        "hd": lambda: {"hd": measure_live_graph(load_material(HD), effort.live_s)},
    }
    parser.add_argument("parts", nargs="*", help=f"only some of: {', '.join(parts)}")
    asked = parser.parse_args().parts or list(parts)
    if unknown := set(asked) - set(parts):
        parser.error(f"unknown: {', '.join(unknown)}; expected some of {', '.join(parts)}")
    result: dict[str, object] = {"machine": machine()}
    for name in tqdm(asked, desc="bench", disable=None):
        result |= parts[name]()
    for table in tables(result):
        Console().print(table)
    if asked == list(parts):
        OUT.mkdir(parents=True, exist_ok=True)
        (OUT / "bench.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
        plot(result, OUT / "bench.png")
        print(f"written: {OUT / 'bench.json'} and {OUT / 'bench.png'}")


if __name__ == "__main__":
    main()
