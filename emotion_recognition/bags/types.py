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

"""Message definitions that recordings are read and written by.

A recording that carries its own definitions is read by those. The ones here serve older recordings
that carry none (sqlite3 before Iron), and writing. Two packages bear the name ``audio_common_msgs``
with different messages of the same names, so a type store knows one of the two.
"""

import logging
from collections.abc import Iterable
from enum import Enum
from functools import cache

from rosbags.interfaces import (
    Connection,
    ConnectionExtRosbag1,
    MessageDefinitionFormat,
    Nodetype,
)
from rosbags.interfaces.typing import Typesdict
from rosbags.typesys import Stores, get_types_from_idl, get_types_from_msg, get_typestore
from rosbags.typesys.store import Typestore

log = logging.getLogger(__name__)

HEADER = "std_msgs/msg/Header"
STRING = "std_msgs/msg/String"
IMAGE = "sensor_msgs/msg/Image"
COMPRESSED_IMAGE = "sensor_msgs/msg/CompressedImage"
AUDIO_DATA = "audio_common_msgs/msg/AudioData"
AUDIO_DATA_STAMPED = "audio_common_msgs/msg/AudioDataStamped"
AUDIO_STAMPED = "audio_common_msgs/msg/AudioStamped"
AUDIO_INFO = "audio_common_msgs/msg/AudioInfo"
EMOTION_STATE = "emotion_recognition/msg/EmotionState"


class AudioDialect(Enum):
    """Which of the two packages named ``audio_common_msgs``."""

    RELEASED = "released"  # in the Humble, Jazzy and Kilted distributions
    SOURCE = "source"  # github.com/mgonzs13/audio_common, built from source


_AUDIO_DEFINITIONS = {
    AudioDialect.RELEASED: {
        AUDIO_DATA: "uint8[] data",
        AUDIO_DATA_STAMPED: "std_msgs/Header header\naudio_common_msgs/AudioData audio",
        AUDIO_INFO: (
            "uint8 channels\nuint32 sample_rate\nstring sample_format\n"
            "uint32 bitrate\nstring coding_format"
        ),
    },
    AudioDialect.SOURCE: {
        AUDIO_DATA: (
            "float32[] float32_data\nint32[] int32_data\nint16[] int16_data\n"
            "int8[] int8_data\nuint8[] uint8_data"
        ),
        AUDIO_INFO: "int32 format\nint32 channels\nint32 rate\nint32 chunk",
        "audio_common_msgs/msg/Audio": (
            "audio_common_msgs/AudioData audio_data\naudio_common_msgs/AudioInfo info"
        ),
        AUDIO_STAMPED: "std_msgs/Header header\naudio_common_msgs/Audio audio",
    },
}

# The fields and constants of msg/EmotionState.msg, which a wheel does not carry; a test compares.
_EMOTION_STATE = """
uint8 NO_FACE=1
uint8 NO_SPEECH=2
uint8 AUDIO_STALE=4
uint8 VIDEO_STALE=8
uint8 PARTIAL_WINDOW=16
uint8 WITHHELD=32
std_msgs/Header header
builtin_interfaces/Duration window
string subject
sensor_msgs/RegionOfInterest face
string[] labels
float32[] probabilities
string emotion
float32 confidence
float32 valence
float32 arousal
float32 intensity
float32 audio_weight
float32 video_weight
uint8 flags
builtin_interfaces/Duration latency
string model
"""

_NEEDED = (
    HEADER,
    STRING,
    "sensor_msgs/msg/RegionOfInterest",
    IMAGE,
    COMPRESSED_IMAGE,
)


@cache
def typestore(dialect: AudioDialect = AudioDialect.RELEASED) -> Typestore:
    """Types of images, sound in the given dialect, and ``EmotionState``, as of ROS 2 Jazzy."""
    jazzy = get_typestore(Stores.ROS2_JAZZY)
    definitions = {name: jazzy.fielddefs[name] for name in _NEEDED}
    for name, text in _AUDIO_DEFINITIONS[dialect].items():
        definitions.update(get_types_from_msg(text, name))
    definitions.update(get_types_from_msg(_EMOTION_STATE, EMOTION_STATE))
    store = get_typestore(Stores.EMPTY)
    store.register(definitions)
    return store


def typestore_of(connections: Iterable[Connection]) -> Typestore:
    """Types of a recording's connections: its own definitions, and for those without, ours.

    A definition that cannot be parsed is left out, and the log says so. Messages of ROS 1 are read
    as those of ROS 2, whose headers have no ``seq``.
    """
    connections = list(connections)
    source = any(connection.msgtype == AUDIO_STAMPED for connection in connections)
    ours = typestore(AudioDialect.SOURCE if source else AudioDialect.RELEASED)
    own: Typesdict = {}
    for connection in connections:
        if connection.msgdef.format == MessageDefinitionFormat.NONE:
            continue
        try:
            own.update(_parsed(connection))
        except Exception as error:  # what the parser raises depends on the text
            log.warning(
                "%s: the definition of %s cannot be parsed: %s",
                *(connection.topic, connection.msgtype, error),
            )
            continue
        if isinstance(connection.ext, ConnectionExtRosbag1):
            own[HEADER] = ours.fielddefs[HEADER]
    if not own:
        return ours
    store = get_typestore(Stores.EMPTY)
    store.register({**ours.fielddefs, **own, **store.fielddefs})  # of time and duration is one only
    return store


def lacks_fields(store: Typestore, msgtype: str) -> bool:
    """Whether a recording defines a type that is decoded here without the fields that it must have.

    Other types, and ``EmotionState``, of which there are several versions, lack nothing.
    """
    variants = [typestore(dialect) for dialect in AudioDialect]
    known = [each for each in variants if msgtype in each.fielddefs and msgtype != EMOTION_STATE]
    return bool(known) and not any(_covers(store, each, msgtype) for each in known)


def _covers(store: Typestore, known: Typestore, msgtype: str) -> bool:
    if msgtype not in store.fielddefs:
        return False
    fields = store.fielddefs[msgtype][1]
    return all(
        field in fields and (field[1][0] != Nodetype.NAME or _covers(store, known, field[1][1]))
        for field in known.fielddefs[msgtype][1]
    )


def _parsed(connection: Connection) -> Typesdict:
    text = connection.msgdef.data
    if connection.msgdef.format == MessageDefinitionFormat.MSG:
        return get_types_from_msg(text, connection.msgtype)
    types: Typesdict = {}
    for part in text.split("=" * 80 + "\n"):
        # Definitions joined by rosbag2 each begin with a line that names them.
        idl = part.split("\n", 1)[1] if part.startswith("IDL: ") else part
        if idl.strip():
            types.update(get_types_from_idl(idl))
    return types
