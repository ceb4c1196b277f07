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

"""Time of the networks on a device beside the floor by the roofline: ``python -m bench.cuda``.

The floor (Williams, Waterman and Patterson, "Roofline", CACM 2009) is the larger of operations over
the device's rate and bytes over its bandwidth; both rates are measured here, by a large product of
matrices and a large copy. Bytes are those that must move: weights, inputs and results, each once.
"""

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from emotion_recognition.model.backbones.frames import FaceVectors
from emotion_recognition.model.batches import SIZES
from emotion_recognition.model.calibrated import CalibratedNetwork
from emotion_recognition.model.emotion_model import EmotionModel, load_model
from emotion_recognition.model.frame_encoder import SHIPPED_WEIGHTS, load_frame_encoder
from emotion_recognition.model.network import load_network
from emotion_recognition.model.network_file import WEIGHTS
from emotion_recognition.model.precision import worst_difference

ROOT = Path(__file__).parents[1]
Arrays = tuple[np.ndarray[Any, Any], ...]


@dataclass(frozen=True)
class Peaks:
    """What the device reaches: operations and bytes a second."""

    operations: float
    bytes: float


@dataclass(frozen=True)
class Row:
    """One network on one batch size; times in microseconds a batch, from host to host.

    ``measured_us`` is the model's own call; ``plain_us`` the float32 module called kernel by kernel
    from pageable memory.
    """

    network: str
    batch: int
    operations: int
    bytes: int
    floor_us: float
    bound: str
    measured_us: float
    plain_us: float


def main() -> int:
    """Measure, print a table, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cuda", help="cuda, cuda:N or cpu (default: cuda)")
    parser.add_argument("--repeats", type=int, default=300, help="calls a figure (default: 300)")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "cuda.json")
    options = parser.parse_args()
    if options.device != "cpu" and not torch.cuda.is_available():
        parser.error("PyTorch finds no CUDA device here; --device cpu tries the script itself")
    torch.set_num_threads(1)
    report = measure(options.device, options.repeats)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(report, indent=2) + "\n")
    print(table(report))
    return 0


def measure(device: str, repeats: int) -> dict[str, Any]:
    """Return device, precision, peaks and the rows of the table."""
    model = load_model(device=device)
    model.warm_up()
    precise = load_model(device="cpu")
    half = getattr(torch, model.precision)
    peaks = measure_peaks(model.device, half)
    rows = [
        _row(model, peaks, name, module, arrays, call, repeats)
        for count in SIZES
        for name, module, arrays, call in _work(model, count)
    ]
    on_cuda = model.device != "cpu"
    return {
        "device": torch.cuda.get_device_name(model.device) if on_cuda else "CPU, one thread",
        "torch": torch.__version__,
        "precision": model.precision,
        "worst_difference": worst_difference(model, precise),
        "tera_operations_per_s": peaks.operations / 1e12,
        "giga_bytes_per_s": peaks.bytes / 1e9,
        "rows": [asdict(row) for row in rows],
    }


def measure_peaks(device: str, dtype: torch.dtype) -> Peaks:
    """Measure the rates of a large product of matrices in ``dtype`` and of a large copy."""
    side, floats = (512, 1 << 22) if device == "cpu" else (8192, 1 << 28)
    left = torch.ones(side, side, dtype=dtype, device=device)
    source = torch.ones(floats, device=device)
    target = torch.empty_like(source)
    product_s = _times_s(lambda: left @ left, 20, device).min()
    copy_s = _times_s(lambda: target.copy_(source), 20, device).min()
    return Peaks(float(2 * side**3 / product_s), float(2 * 4 * floats / copy_s))


def _work(
    model: EmotionModel, count: int
) -> list[tuple[str, nn.Module, Arrays, Callable[[], object]]]:
    """Both networks: name, float32 module on the CPU, inputs, and the model's own call."""
    rng = np.random.default_rng(0)
    faces = rng.integers(0, 256, (count, *model.face.face_shape), dtype=np.uint8)
    audio = rng.normal(-60, 20, (count, *model.audio_shape)).astype(np.float32)
    video = rng.normal(0, 1, (count, *model.video_shape)).astype(np.float32)
    windows = (audio, np.ones(audio.shape[:2], bool), video, np.ones(video.shape[:2], bool))
    network, _ = load_network(WEIGHTS / "emotion_network.safetensors")
    judge = CalibratedNetwork(network, {"audio": 1.0, "video": 1.0, "both": 1.0})
    encoder = FaceVectors(load_frame_encoder(SHIPPED_WEIGHTS)[0])
    return [
        ("faces", encoder, (faces,), lambda: model.encode_faces(faces)),
        ("windows", judge, windows, lambda: model.predict_batch(*windows)),
    ]


@torch.inference_mode()
def _row(
    model: EmotionModel,
    peaks: Peaks,
    name: str,
    module: nn.Module,
    arrays: Arrays,
    call: Callable[[], object],
    repeats: int,
) -> Row:
    module.eval().to(model.device)

    def plain() -> object:
        return module(*(torch.from_numpy(array).to(model.device) for array in arrays)).cpu()

    with FlopCounterMode(display=False) as counter:
        result = module(*(torch.from_numpy(array).to(model.device) for array in arrays))
    operations = counter.get_total_flops()
    width = 2 if model.precision == "float16" else 4
    weights = sum(each.numel() for each in module.parameters()) * width
    moved = weights + sum(array.nbytes for array in arrays) + result.numel() * 4
    by_rate, by_bytes = operations / peaks.operations, moved / peaks.bytes
    return Row(
        network=name,
        batch=len(arrays[0]),
        operations=operations,
        bytes=moved,
        floor_us=1e6 * max(by_rate, by_bytes),
        bound="operations" if by_rate > by_bytes else "bytes",
        measured_us=1e6 * float(np.median(_times_s(call, repeats, model.device))),
        plain_us=1e6 * float(np.median(_times_s(plain, repeats, model.device))),
    )


def _times_s(work: Callable[[], object], repeats: int, device: str) -> np.ndarray[Any, Any]:
    """Wall times of ``work``, which is done when the device has done it."""

    def once() -> float:
        start = time.perf_counter()
        work()
        if device != "cpu":
            torch.cuda.synchronize(device)
        return time.perf_counter() - start

    for _ in range(3):
        once()
    return np.array([once() for _ in range(repeats)])


def table(report: dict[str, Any]) -> str:
    """Return the report as a Markdown table under a line about the device."""
    lines = [
        f"{report['device']}, PyTorch {report['torch']}, {report['precision']}: "
        f"{report['tera_operations_per_s']:.3g} Tera-operations/s and "
        f"{report['giga_bytes_per_s']:.3g} GB/s measured; probabilities within "
        f"{report['worst_difference']:.1e} of float32 on the CPU",
        "",
        "| network | batch | MFLOP | MB | floor, us | bound by | measured, us | plain, us |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row in report["rows"]:
        lines.append(
            f"| {row['network']} | {row['batch']} | {row['operations'] / 1e6:.1f} | "
            f"{row['bytes'] / 1e6:.2f} | {row['floor_us']:.1f} | {row['bound']} | "
            f"{row['measured_us']:.1f} | {row['plain_us']:.1f} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    raise SystemExit(main())
