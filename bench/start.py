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

"""CPU time from the start of a process to a node that listens: ``python -m bench.start``.

Fresh processes take turns: as shipped, with the garbage collector at work during the imports,
without byte code on disk, and with two parts of PyTorch that inference does not need put off. So
whatever else the machine does falls on all.
"""

import argparse
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
import types
from contextlib import nullcontext
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from statistics import median
from typing import Any

from emotion_recognition.imports import without_collection

VARIANTS = ("as shipped", "collecting garbage", "no byte code", "PyTorch lean")
PUT_OFF = ("torch._meta_registrations", "torch.export")


def main() -> int:
    """Measure and print a table of the medians in ms."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=7, help="processes a variant (default: 7)")
    parser.add_argument("--child", choices=VARIANTS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(steps(options.child)), flush=True)
        os._exit(0)
    print(table(measure(options.repeats)))
    return 0


def measure(repeats: int) -> dict[str, dict[str, float]]:
    """Return the median CPU ms of each step, by variant."""
    found: dict[str, list[dict[str, float]]] = {variant: [] for variant in VARIANTS}
    with tempfile.TemporaryDirectory() as cache:
        for turn in range(repeats + 1):  # the first one writes the byte code
            for variant in VARIANTS:
                numbers = _start(variant, cache)
                if turn:
                    found[variant].append(numbers)
    return {
        variant: {step: 1e3 * median(numbers[step] for numbers in rows) for step in rows[0]}
        for variant, rows in found.items()
    }


def steps(variant: str) -> dict[str, float]:
    """Start a node in this process; return CPU seconds by step."""
    found = {"Python itself": time.process_time()}

    def done(step: str) -> None:
        found[step] = time.process_time() - sum(found.values())

    if variant == "PyTorch lean":
        sys.meta_path.insert(0, PutOff())
    with nullcontext() if variant == "collecting garbage" else without_collection():
        importlib.import_module("numpy")
        done("NumPy")
        importlib.import_module("rclpy.node")
        done("rclpy")
        importlib.import_module("cv2")
        done("OpenCV")
        importlib.import_module("torch")
        done("PyTorch")
        node = importlib.import_module("emotion_recognition.nodes.emotion_node")
        done("the package")
    spin = importlib.import_module("emotion_recognition.nodes.ros.spin")
    importlib.import_module("emotion_recognition.nodes.ros.dds").keep_to_this_machine()
    spin.start_ros([])
    node.EmotionNode()
    done("the node: models, detector, topics")
    return found | {"in all": sum(found.values())}


class PutOff:
    """Finds ``PUT_OFF`` as modules that run when a name of theirs is first asked for."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """Return the module's own spec with a loader that puts it off."""
        spec = PathFinder.find_spec(name, path) if name in PUT_OFF else None
        if spec is not None:
            spec.loader = _Later(spec.loader)  # type: ignore[arg-type]
        return spec


class _Later:
    def __init__(self, loader: Any) -> None:
        self.loader = loader

    def create_module(self, spec: ModuleSpec) -> types.ModuleType:
        return _LateModule(spec.name)

    def exec_module(self, module: types.ModuleType) -> None:
        """Nothing, yet."""


class _LateModule(types.ModuleType):
    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        self.__class__ = types.ModuleType  # type: ignore[assignment]
        self.__spec__.loader.loader.exec_module(self)  # type: ignore[union-attr]
        return getattr(self, name)


def _start(variant: str, cache: str) -> dict[str, float]:
    """Run a fresh process; its byte code lies in ``cache`` or, for none, nowhere."""
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": cache}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    if variant == "no byte code":
        environment |= {"PYTHONPYCACHEPREFIX": f"{cache}/none", "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "bench.start", "--child", variant]
    process = subprocess.run(
        command, env=environment, cwd=Path(__file__).parents[1], capture_output=True, text=True
    )
    if process.returncode:
        raise RuntimeError(f"a node did not start:\n{process.stderr}")
    numbers: dict[str, float] = json.loads(process.stdout.splitlines()[-1])
    return numbers


def table(medians: dict[str, dict[str, float]]) -> str:
    """Return a Markdown table, a row a step and a column a variant."""
    lines = [
        f"| step, CPU ms | {' | '.join(medians)} |",
        f"| --- |{' --- |' * len(medians)}",
    ]
    for step in medians[VARIANTS[0]]:
        values = " | ".join(f"{numbers[step]:.0f}" for numbers in medians.values())
        lines.append(f"| {step} | {values} |")
    return "\n".join(lines)


if __name__ == "__main__":
    raise SystemExit(main())
