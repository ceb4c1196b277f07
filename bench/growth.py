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

"""How the cost of an update grows: with faces, window length, publish rate and streams."""

import functools
from collections.abc import Mapping
from dataclasses import replace

from emotion_recognition.model.emotion_model import EmotionModel
from emotion_recognition.recognizer import Recognizer, RecognizerConfig

from .measure import cpu_ms, progress
from .stream_clip import Material, tiled
from .streaming import Streaming

FACES = (1, 2, 4, 8)
WINDOWS_S = (0.9, 1.8, 3.6)
PUBLISH_RATES = (1.0, 2.0, 4.0, 8.0)
STREAMS = (1, 2, 4)


def measure_growth(material: Material, model: EmotionModel, seconds: int) -> dict[str, object]:
    """Return lists of a quantity and ``update_ms``; the cases of a list take turns.

    ``faces`` has the cost of a window with an estimate for each of ``n`` people before one camera;
    ``streams`` that of one estimate where ``n`` recognisers share a model in one process.
    """
    config = RecognizerConfig()

    def one(config: RecognizerConfig, material: Material = material) -> list[Streaming]:
        return [Streaming(material, Recognizer(config, model))]

    faces: dict[float, list[Streaming]] = {
        n: one(replace(config, vision=replace(config.vision, max_faces=n)), tiled(material, n))
        for n in FACES
    }
    windows = {
        length: one(replace(config, window_s=length, min_window_s=0.5)) for length in WINDOWS_S
    }
    rates = {rate: one(replace(config, publish_rate=rate)) for rate in PUBLISH_RATES}
    streams: dict[float, list[Streaming]] = {
        n: [each for _ in range(n) for each in one(config)] for n in STREAMS
    }
    return {
        "faces": _costs("n", faces, seconds),
        "windows": _costs("window_s", windows, seconds),
        "publish_rates": _costs("publish_rate", rates, seconds),
        "streams": _costs("n", streams, seconds),
    }


def _costs(
    quantity: str,
    cases: Mapping[float, list[Streaming]],
    seconds: int,
) -> list[dict[str, float]]:
    """CPU milliseconds of an update for each case; the cases take turns second by second."""
    spent, updates = dict.fromkeys(cases, 0.0), dict.fromkeys(cases, 0)

    def feed(case: float) -> None:
        updates[case] += sum(streaming.feed(1.0) for streaming in cases[case])

    for _ in progress(range(seconds), f"growth with {quantity}"):
        for case in cases:
            spent[case] += cpu_ms(functools.partial(feed, case))
    return [{quantity: case, "update_ms": spent[case] / updates[case]} for case in cases]
