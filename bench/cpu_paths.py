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

"""Ways to run the networks on a CPU, on one thread: ``python -m bench.cpu_paths``.

The ways take turns call by call. Ratios are to what is shipped; differences are of the vectors of
faces, or of the probabilities, to the plain network's. Rows of ONNX Runtime appear where
``onnxruntime`` and ``onnx`` are installed.
"""

import argparse
import tempfile
import time
import warnings
from collections.abc import Callable
from copy import deepcopy
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from emotion_recognition.model.backbones.frames import FaceVectors
from emotion_recognition.model.calibrated import CalibratedNetwork
from emotion_recognition.model.checkpoint import load_checkpoint
from emotion_recognition.model.emotion_model import AUDIO_STEPS, VIDEO_STEPS
from emotion_recognition.model.fold import folded
from emotion_recognition.model.frame_encoder import (
    KIND,
    SHIPPED_WEIGHTS,
    FrameEncoder,
    load_frame_encoder,
)
from emotion_recognition.model.network import load_network
from emotion_recognition.model.network_file import WEIGHTS

Way = Callable[..., Tensor]
SHIPPED = "as shipped"


def main() -> int:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=200, help="calls a figure (default: 200)")
    options = parser.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")  # exporters announce their successors
    rng = np.random.default_rng(0)
    print("| network | batch | way | CPU ms | ratio | difference |")
    print("| --- | --- | --- | --- | --- | --- |")
    with torch.inference_mode():
        for count in (1, 4):
            faces = torch.from_numpy(rng.integers(0, 256, (count, 48, 48), dtype=np.uint8))
            _print("faces", face_ways(), (faces,), options.repeats)
            _print("windows", window_ways(), _windows(rng, count), options.repeats)
    return 0


def face_ways() -> dict[str, Way]:
    """Ways to encode faces (N, 48, 48) uint8; the first one is plain, and sets the truth."""
    shipped = FaceVectors(load_frame_encoder(SHIPPED_WEIGHTS)[0]).eval()
    plain = FrameEncoder(shipped.encoder.config)
    plain.load_state_dict(load_checkpoint(SHIPPED_WEIGHTS, KIND)[0])
    unpacked = FaceVectors(deepcopy(plain).eval().fold()).eval()
    example = torch.zeros(1, 48, 48, dtype=torch.uint8)
    frozen = torch.jit.freeze(torch.jit.trace(shipped, example))
    ways: dict[str, Way] = {
        "plain": FaceVectors(plain).eval(),
        "batch normalisation folded": unpacked,
        SHIPPED: shipped,
        "torch.jit.freeze": frozen,
        "optimize_for_inference": torch.jit.optimize_for_inference(frozen),
        "bfloat16": deepcopy(shipped).bfloat16(),
    }
    return ways | _onnx_ways(unpacked, example)


def window_ways() -> dict[str, Way]:
    """Ways to judge windows."""
    plain, shipped = (
        CalibratedNetwork(
            load_network(WEIGHTS / "emotion_network.safetensors")[0],
            {"audio": 1.0, "video": 1.0, "both": 1.0},
        ).eval()
        for _ in range(2)
    )
    folded(shipped)
    frozen = torch.jit.freeze(
        torch.jit.trace(shipped, _windows(np.random.default_rng(0), 1), check_trace=False)
    )
    linear = {
        name
        for name, module in shipped.named_modules()
        if isinstance(module, nn.Linear) and ".heads." not in name  # which look at their weights
    }
    dynamic = torch.ao.quantization.quantize_dynamic(shipped, linear, dtype=torch.qint8)
    return {
        "plain": plain,
        SHIPPED: shipped,
        "torch.jit.freeze": frozen,
        "int8 linear layers (dynamic)": dynamic,
        "bfloat16": deepcopy(shipped).bfloat16(),
    }


def _windows(rng: np.random.Generator, count: int) -> tuple[Tensor, ...]:
    return (
        torch.from_numpy(rng.normal(-60, 20, (count, AUDIO_STEPS, 64)).astype(np.float32)),
        torch.ones(count, AUDIO_STEPS, dtype=torch.bool),
        torch.from_numpy(rng.normal(0, 1, (count, VIDEO_STEPS, 128)).astype(np.float32)),
        torch.ones(count, VIDEO_STEPS, dtype=torch.bool),
    )


def _onnx_ways(module: nn.Module, example: Tensor) -> dict[str, Way]:
    """ONNX Runtime in float32, and with weights and activations in int8."""
    try:
        import onnx  # noqa: F401  # the exporter needs it
        import onnxruntime
        from onnxruntime.quantization import quantize_static
    except ImportError:
        return {}
    ways: dict[str, Way] = {}
    with tempfile.TemporaryDirectory() as folder:
        exact, int8 = Path(folder) / "exact.onnx", Path(folder) / "int8.onnx"
        torch.onnx.export(
            module,
            (example,),
            str(exact),
            input_names=["faces"],
            dynamic_axes={"faces": {0: "n"}},
            dynamo=False,
        )
        quantize_static(exact, int8, _Patterns(), per_channel=True)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        for way, path in (("ONNX Runtime", exact), ("ONNX Runtime, int8", int8)):
            session = onnxruntime.InferenceSession(
                str(path), options, providers=["CPUExecutionProvider"]
            )
            ways[way] = partial(_run, session)
    return ways


def _run(session: Any, faces: Tensor) -> Tensor:
    return torch.from_numpy(session.run(None, {"faces": faces.numpy()})[0])


class _Patterns:
    """Faces of coarse patches, by which ranges of activations are found."""

    def __init__(self) -> None:
        rng = np.random.default_rng(1)
        coarse = rng.integers(0, 256, (32, 1, 8, 8), np.uint8)
        self._faces = iter(coarse.repeat(6, axis=2).repeat(6, axis=3))

    def get_next(self) -> dict[str, Any] | None:
        """Return the next face, None after the last."""
        face = next(self._faces, None)
        return None if face is None else {"faces": face}


def _print(name: str, ways: dict[str, Way], inputs: tuple[Tensor, ...], repeats: int) -> None:
    spent: dict[str, list[float]] = {way: [] for way in ways}
    for turn in range(repeats + 3):
        for way, run in ways.items():
            start = time.process_time()
            run(*inputs)
            if turn >= 3:
                spent[way].append(time.process_time() - start)
    truth = next(iter(ways.values()))(*inputs)
    shipped_s = float(np.median(spent[SHIPPED]))
    for way, times in spent.items():
        difference = float((ways[way](*inputs) - truth).abs().max())
        median_s = float(np.median(times))
        print(
            f"| {name} | {len(inputs[0])} | {way} | {1e3 * median_s:.2f} | "
            f"{median_s / shipped_s:.2f} | {difference:.0e} |"
        )


if __name__ == "__main__":
    raise SystemExit(main())
