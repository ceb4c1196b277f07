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

"""Plays the stream tick by tick with its faults, no faster than the node gives its estimates."""

import math
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from .faults import (
    BURST,
    CAMERA,
    DAMAGED,
    DUPLICATES,
    FORMAT,
    GRAPH,
    KILL,
    LATE,
    MICROPHONE,
    PAUSE,
    SERVICE_KINDS,
    SILENCE,
    TICKS_PER_S,
    Fault,
    Weather,
)
from .orders import SOUND_RATE, ImageOrder, SoundOrder
from .process import Device
from .tally import Tally

TICK_S = 1 / TICKS_PER_S
LEAD_S = 0.7
FIRST_LEAD_S = 0.5
"""How far the stream may run ahead of the newest estimate, and of the time from which estimates are
owed: two of them are due by then, so that a node which is kept waiting for the processor, and then
judges the newer window alone, leaves no gap."""
PATIENCE_S = 10.0
"""Wall time after which the stream goes on, by ``LEAD_S``, without an estimate that is owed."""
_LEARNING = 0.05  # share of each tick in the mean of their wall times
_LATE_TICKS = 6  # a late copy is so old; more than a second would be a clock that was set back
_BETWEEN_NS = 50_000_000  # a damaged message has a stamp between those of two good ones

Order = ImageOrder | SoundOrder


@dataclass(frozen=True)
class Latency:
    """Of an estimate: by the steady clock since its last data were published, and as it says."""

    stream_s: float
    wall_s: float
    sensor_s: float


class Stream:
    """The orders to one device: what is held back, what was sent, in which format."""

    def __init__(self, device: Device) -> None:
        self.device = device
        self._sent: deque[Order] = deque(maxlen=_LATE_TICKS)
        self._held: list[Order] = []
        self._change: Mapping[str, object] = {}

    def forget(self) -> None:
        """The clock was set: what is older is not sent any more."""
        self._sent.clear()
        self._held.clear()

    def tick(self, order: Order, fault: Fault | None) -> bool:
        """Send what is due under a fault; return whether the stream goes on as it should."""
        kind = "" if fault is None else fault.kind
        if not self.device.is_heard or kind in (PAUSE, SILENCE, KILL):
            self.forget()
            return False
        change = fault.change if fault is not None and kind == FORMAT else {}
        order = replace(order, **change)  # type: ignore[arg-type]
        if kind == BURST:
            self._held.append(order)
            return False
        steady = not self._held and (change == self._change or isinstance(order, ImageOrder))
        self._change = change
        for each in [*self._held, order]:
            self.device.publish(each)
        self._held.clear()
        if kind == DUPLICATES:
            self.device.publish(order)
        if kind == LATE and len(self._sent) == _LATE_TICKS:
            self.device.publish(self._sent[0])
        if kind == DAMAGED:
            stamp_ns = order.stamp_ns + _BETWEEN_NS
            self.device.publish(replace(order, stamp_ns=stamp_ns, damaged=True))
        self._sent.append(order)
        return steady


class Conductor:
    """Advances the stream.

    Attributes:
        injected: faults that began, by kind and target.
        faults: all of them.
        latencies: of each estimate.
        stalls: played times at which an owed estimate did not come within ``PATIENCE_S``.
    """

    def __init__(
        self,
        tally: Tally,
        devices: Mapping[str, Device],
        weather: Weather,
        set_clock: Callable[[int], None],
        ask: Callable[[str, bool], Callable[[], bool]],
        speed: float,
    ) -> None:
        self.injected: Counter[str] = Counter()
        self.faults: list[Fault] = []
        self.latencies: list[Latency] = []
        self.stalls: list[float] = []
        self._tally = tally
        self._streams = {name: Stream(device) for name, device in devices.items()}
        self._weather = weather
        self._set_clock = set_clock
        self._ask = ask
        self._unanswered: list[Callable[[], bool]] = []  # calls of services
        self._least_tick_s = TICK_S / speed
        self._tick_s = TICK_S  # wall time of a tick that the node keeps up with: at first real time
        self._came = threading.Condition()  # an estimate; guards the tally
        self._excused_s = -LEAD_S  # played time of the newest wait in vain
        self._holding: dict[str, Fault] = {}
        self._played_at_s: list[float] = []  # wall time of each tick

    def estimate(self, stamp_ns: int, sensor_s: float, at_s: float) -> None:
        """Take note of an estimate that arrived; called in another thread."""
        with self._came:
            played_s = self._tally.estimate(stamp_ns)
            if played_s is not None:
                tick = min(math.ceil(played_s * TICKS_PER_S - 1e-6), len(self._played_at_s) - 1)
                wall_s = at_s - self._played_at_s[tick]
                self.latencies.append(Latency(played_s, wall_s, sensor_s))
            self._came.notify()

    def gaps(self) -> list[tuple[float, float]]:
        """Begin and end of the gaps so far, in played time."""
        with self._came:
            return self._tally.gaps()

    def play(self, tick: int) -> None:
        """Play a tick; they are played in order, from 0 on."""
        now_s = tick * TICK_S
        self._wait(now_s)
        faults = self._weather.at(tick)
        self._turn(faults, now_s)
        with self._came:
            stamp_ns = self._tally.stamp_ns(now_s)
            self._played_at_s.append(time.monotonic())
            self._tally.now_s = now_s
        self._set_clock(stamp_ns)
        begin = round((now_s - TICK_S) * SOUND_RATE)
        orders: dict[str, Order] = {
            CAMERA: ImageOrder(stamp_ns, tick),
            MICROPHONE: SoundOrder(stamp_ns - round(TICK_S * 1e9), begin, TICK_S),
        }
        everywhere = faults.get(GRAPH)
        delivering = [
            name
            for name, stream in self._streams.items()
            if stream.tick(orders[name], _worse(faults.get(name), everywhere))
        ]
        self._unanswered = [is_done for is_done in self._unanswered if not is_done()]
        asked = everywhere is not None and everywhere.kind in SERVICE_KINDS
        with self._came:
            self._tally.tick(now_s, [] if asked or self._unanswered else delivering)

    def _turn(self, faults: Mapping[str, Fault], now_s: float) -> None:
        """Do what is to be done where a fault begins or ends."""
        for target, fault in self._holding.items():
            if faults.get(target) == fault:
                continue
            if fault.kind == KILL and not self._streams[target].device.runs:
                self._streams[target].device.start()
            if fault.kind in SERVICE_KINDS:
                self._unanswered.append(self._ask(fault.kind, False))
        for target, fault in faults.items():
            if self._holding.get(target) == fault:
                continue
            self.faults.append(fault)
            self.injected[f"{fault.kind}, {target}"] += 1
            # One that is making its shared memory when it is killed may block Fast DDS for ever.
            if fault.kind == KILL and self._streams[target].device.is_heard:
                self._streams[target].device.kill()
            if fault.kind in SERVICE_KINDS:
                self._unanswered.append(self._ask(fault.kind, True))
            if fault.jump_s:
                with self._came:
                    self._tally.jump(now_s, fault.jump_s)
                for stream in self._streams.values():
                    stream.forget()
        self._holding = dict(faults)

    def _wait(self, now_s: float) -> None:
        """Wait for the tick's time, and for the node where it owes an estimate."""
        if not self._played_at_s:
            return
        before_s = self._played_at_s[-1]
        owing = self._tally.healthy_from_s is not None
        # The node cannot tell how it keeps up while it owes nothing: then it goes on as before.
        tick_s = self._least_tick_s if owing else self._tick_s
        time.sleep(max(0.0, before_s + tick_s - time.monotonic()))
        with self._came:
            if not self._came.wait_for(partial(self._may_go_on, now_s), PATIENCE_S):
                self.stalls.append(now_s)
                self._excused_s = now_s
            elif owing:
                self._tick_s += _LEARNING * (time.monotonic() - before_s - self._tick_s)

    def _may_go_on(self, now_s: float) -> bool:
        owed_from_s = self._tally.healthy_from_s
        if owed_from_s is None:
            return True
        newest_s = self._tally.estimates[-1] if self._tally.estimates else 0.0
        until_s = max(max(newest_s, self._excused_s) + LEAD_S, owed_from_s + FIRST_LEAD_S)
        return now_s <= until_s + 1e-6


def _worse(own: Fault | None, everywhere: Fault | None) -> Fault | None:
    """The fault that concerns a stream: silence of the whole graph comes before its own."""
    if everywhere is not None and everywhere.kind == SILENCE:
        return everywhere
    return own
