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

"""The random faults: which begins when, on what, and for how long. The same seed, the same faults.

Time is counted in ticks of a tenth of a second of stream time.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np

from .orders import ENCODINGS, SAMPLE_FORMATS

TICKS_PER_S = 10
CAMERA, MICROPHONE, GRAPH = "camera", "microphone", "graph"
TARGETS = (CAMERA, MICROPHONE, GRAPH)
SETTLE_S = 10.0
"""Nothing goes wrong before."""

PAUSE = "pause"
KILL = "kill and restart"
BURST = "burst"
FORMAT = "format change"
DUPLICATES = "duplicates"
LATE = "late stamps"
DAMAGED = "damaged messages"
FORWARD = "clock forward"
BACK = "clock back"
SILENCE = "both silent"
RESET = "reset"
DISABLE = "disable and enable"
DEACTIVATE = "deactivate and activate"

_STREAM_KINDS: Mapping[str, tuple[float, float]] = MappingProxyType(
    {  # shortest and longest time, s
        PAUSE: (0.3, 20.0),
        KILL: (0.1, 10.0),
        BURST: (0.3, 2.0),
        FORMAT: (2.0, 20.0),
        DUPLICATES: (0.5, 5.0),
        LATE: (0.5, 5.0),
        DAMAGED: (0.2, 3.0),
    }
)
_GRAPH_KINDS: Mapping[str, tuple[float, float]] = MappingProxyType(
    {FORWARD: (0.1, 0.1), BACK: (0.1, 0.1), SILENCE: (1.0, 60.0)}
)
SERVICE_KINDS: Mapping[str, tuple[float, float]] = MappingProxyType(
    {RESET: (0.1, 0.1), DISABLE: (0.5, 10.0), DEACTIVATE: (0.5, 10.0)}
)
"""Only where the node offers the service."""

_JUMP_S = (2.0, 90.0)
_SIZES = ((320, 240), (640, 360), (800, 600))
_SOUND_RATES = (8_000, 22_050, 44_100, 48_000)


@dataclass(frozen=True)
class Fault:
    """From tick ``begin`` up to, not including, tick ``end``.

    ``jump_s`` is that of a clock, ``change`` the fields of the orders while a format is changed.
    """

    kind: str
    target: str
    begin: int
    end: int
    jump_s: float = 0.0
    change: Mapping[str, object] = field(default_factory=dict)


def plan(seed: int, target: str, mean_s: float, services: Sequence[str] = ()) -> Iterator[Fault]:
    """Yield the faults of a target one after the other, without end.

    Args:
        seed: That of the whole run.
        target: One of ``TARGETS``.
        mean_s: Mean of the (exponential) time between the end of a fault and the next one.
        services: Those of ``SERVICE_KINDS`` that the node offers.
    """
    rng = np.random.default_rng((seed, TARGETS.index(target)))
    kinds = dict(_STREAM_KINDS)
    if target == GRAPH:
        kinds = {**_GRAPH_KINDS, **{kind: SERVICE_KINDS[kind] for kind in services}}
    tick = round(SETTLE_S * TICKS_PER_S)
    while True:
        begin = tick + 1 + round(rng.exponential(mean_s) * TICKS_PER_S)
        kind = str(rng.choice(list(kinds)))
        shortest, longest = kinds[kind]
        # Short ones as often as long ones, by magnitude.
        length_s = float(np.exp(rng.uniform(np.log(shortest), np.log(longest))))
        tick = begin + max(1, round(length_s * TICKS_PER_S))
        jump_s = 0.0
        if kind in (FORWARD, BACK):
            jump_s = float(rng.uniform(*_JUMP_S)) * (1 if kind == FORWARD else -1)
        change = _change(target, rng) if kind == FORMAT else {}
        yield Fault(kind, target, begin, tick, jump_s, change)


def _change(target: str, rng: np.random.Generator) -> dict[str, object]:
    if target == CAMERA:
        width, height = _SIZES[rng.integers(len(_SIZES))]
        return {"width": width, "height": height, "encoding": str(rng.choice(ENCODINGS))}
    return {
        "rate": int(rng.choice(_SOUND_RATES)),
        "channels": int(rng.integers(1, 3)),
        "sample_format": str(rng.choice(SAMPLE_FORMATS)),
    }


class Weather:
    """What goes wrong at each tick, of the plans of all targets."""

    def __init__(self, seed: int, mean_s: float, services: Sequence[str] = ()) -> None:
        self._plans = {target: plan(seed, target, mean_s, services) for target in TARGETS}
        self._next = {target: next(faults) for target, faults in self._plans.items()}

    def at(self, tick: int) -> dict[str, Fault]:
        """Return the faults that hold at a tick, by target. Ticks are asked for in order."""
        found = {}
        for target, faults in self._plans.items():
            if tick >= self._next[target].end:
                self._next[target] = next(faults)
            if tick >= self._next[target].begin:
                found[target] = self._next[target]
        return found
