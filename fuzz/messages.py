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

"""Messages as bytes: CDR as it comes live, through rclpy, and as it is recorded, by rosbags."""

from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from rclpy.serialization import deserialize_message

from emotion_recognition.bags.bag import Bag, RecordedMessage
from emotion_recognition.bags.types import AudioDialect, typestore

Fields = dict[str, Any]


class MiddlewareRefusalError(Exception):
    """rclpy cannot deserialize the bytes: no callback would see them."""


def live(data: bytes, kind: type) -> Any:
    """Deserialize as a subscription does.

    Raises:
        MiddlewareRefusalError: the bytes are no such message.
    """
    try:
        return deserialize_message(data, kind)
    except RuntimeError as error:
        raise MiddlewareRefusalError from error


def recorded(data: bytes, msgtype: str, dialect: AudioDialect = AudioDialect.RELEASED) -> Any:
    """Deserialize as a recording is read.

    Raises:
        RecordingError: the bytes are no such message.
    """
    bag = Bag(Path("fuzz.mcap"))
    bag.typestore = typestore(dialect)
    return bag.decode(RecordedMessage("/topic", msgtype, 0, data))


def cdr(msgtype: str, fields: Fields, dialect: AudioDialect = AudioDialect.RELEASED) -> bytes:
    """Serialize a message with a header whose stamp and frame are usual, unless given."""
    store = typestore(dialect)

    def made(name: str, values: Fields) -> Any:
        return store.types[name](**values)

    def stamped(values: Fields) -> Fields:
        stamp = made("builtin_interfaces/msg/Time", values.pop("stamp", {"sec": 12, "nanosec": 5}))
        frame = values.pop("frame_id", "camera")
        return {"header": made("std_msgs/msg/Header", {"stamp": stamp, "frame_id": frame})} | values

    def nested(name: str, values: Fields) -> Any:
        definition = dict(store.fielddefs[name][1])
        if "header" in definition:
            values = stamped(dict(values))
        parts = {
            key: nested(str(definition[key][1]), value) if isinstance(value, dict) else value
            for key, value in values.items()
        }
        return made(name, parts)

    return bytes(store.serialize_cdr(nested(msgtype, fields), msgtype))


def octets(data: bytes) -> np.ndarray:
    """Bytes as a message of rosbags carries them."""
    return np.frombuffer(data, np.uint8)


def stamp(rng: Random) -> Fields:
    """A time, mostly a usual one."""
    if rng.random() < 0.8:
        return {"sec": rng.randrange(10, 2**31), "nanosec": rng.randrange(10**9)}
    return {
        "sec": rng.choice((0, 1, -1, -(2**31), 2**31 - 1)),
        "nanosec": rng.choice((0, 2**32 - 1)),
    }
