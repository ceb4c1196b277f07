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

"""Target of estimates: ``EmotionState``, as the live page and the terminal show it."""

import io
import math
from random import Random

import numpy as np
from emotion_recognition.msg import EmotionState
from rich.console import Console

from emotion_recognition.bags.types import EMOTION_STATE
from emotion_recognition.emotions import EMOTIONS
from emotion_recognition.nodes.live.messages import live_estimate
from emotion_recognition.nodes.live.terminal import LiveView, line
from emotion_recognition.nodes.ros.convert import StateError, check_state

from .messages import Fields, MiddlewareRefusalError, cdr, live, stamp
from .target import Target


def take_emotion_state(data: bytes) -> None:
    """All that shows an estimate that came by a topic: the live page and the terminal."""
    message = live(data, EmotionState)
    check_state(message)
    live_estimate(message, 1.7e9).model_dump_json()
    assert line(message, 1.0)
    view = LiveView("fuzz")
    view.note(message)
    Console(file=io.StringIO(), width=80).print(view)


def state_fields(rng: Random) -> Fields:
    """An estimate, mostly within the message's contract."""
    odd = rng.random() < 0.4
    labels = list(EMOTIONS) if rng.random() < 0.8 else []
    count = len(labels) if rng.random() < 0.9 else rng.randrange(12)
    numbers = (-math.inf, math.inf, math.nan, 3e38, -1e-40, 2.0, -1.0)

    def number(low: float, high: float) -> float:
        return rng.choice(numbers) if odd and rng.random() < 0.3 else rng.uniform(low, high)

    return {
        "stamp": stamp(rng),
        "window": stamp(rng),
        "subject": rng.choice(("", "3", "[b]", "\u202eé\n")),
        "face": {
            "x_offset": rng.choice((0, 10, 2**32 - 1)),
            "y_offset": rng.choice((0, 10, 2**32 - 1)),
            "height": rng.choice((0, 10, 2**32 - 1)),
            "width": rng.choice((0, 10, 2**32 - 1)),
            "do_rectify": False,
        },
        "labels": labels,
        "probabilities": np.array([number(0, 1) for _ in range(count)], np.float32),
        "emotion": rng.choice((*EMOTIONS, "", "[red]", "?")),
        "confidence": number(0, 1),
        **{name: number(-1, 1) for name in ("valence", "arousal")},
        **{name: number(0, 1) for name in ("intensity", "audio_weight", "video_weight")},
        "flags": rng.randrange(256),
        "latency": stamp(rng),
        "model": rng.choice(("fusion", "", "[/]")),
    }


def state_seeds() -> list[bytes]:
    """Estimates, some of them odd."""
    return [cdr(EMOTION_STATE, state_fields(Random(number))) for number in range(12)]


def invent_state(rng: Random) -> bytes:
    """An estimate with random fields."""
    return cdr(EMOTION_STATE, state_fields(rng))


TARGETS = (
    Target(
        "emotion_state",
        100,
        take_emotion_state,
        (StateError, MiddlewareRefusalError),
        state_seeds,
        invent_state,
    ),
)
"""Of 1000 inputs it gets 100."""
