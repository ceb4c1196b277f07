"""Targets of live messages: CDR bytes, through rclpy and rosbags, into our decoders."""

import io
import math
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import cv2
import numpy as np
from audio_common_msgs.msg import AudioData, AudioDataStamped, AudioInfo
from emotion_recognition.msg import EmotionState
from rclpy.serialization import deserialize_message
from rich.console import Console
from sensor_msgs.msg import CompressedImage, Image

from emotion_recognition.audio.decode import AudioFormatError, sanitize
from emotion_recognition.audio.messages import AudioFormat, audio_chunk, audio_format
from emotion_recognition.bags.bag import Bag, RecordedMessage
from emotion_recognition.bags.events import RecordingError
from emotion_recognition.bags.types import (
    AUDIO_DATA,
    AUDIO_DATA_STAMPED,
    AUDIO_INFO,
    AUDIO_STAMPED,
    COMPRESSED_IMAGE,
    EMOTION_STATE,
    IMAGE,
    AudioDialect,
    typestore,
)
from emotion_recognition.emotions import EMOTIONS
from emotion_recognition.nodes.convert import StateError, check_state
from emotion_recognition.nodes.live_messages import live_estimate
from emotion_recognition.nodes.live_view import LiveView, line
from emotion_recognition.vision.messages import ENCODINGS, ImageFormatError, decode_image

from .mutate import EDGES
from .target import Target

Fields = dict[str, Any]

SAMPLE_FORMATS = ("S16LE", "U8", "S8", "S24LE", "S24_32LE", "S32BE", "F32LE", "F64BE", "U18BE")
CODINGS = ("wave", "WAV", "", "pcm", "raw", "mp3")
FALLBACKS = (
    AudioFormat(16_000, 1, "S16LE"),
    AudioFormat(48_000, 2, "S24LE"),
    AudioFormat(8000, 64, "F64BE"),
)
_RECEIVED_NS = 1_700_000_000_000_000_000
_SOURCE_FIELDS = {
    1: ("float32_data", np.float32),
    2: ("int32_data", np.int32),
    8: ("int16_data", np.int16),
    16: ("int8_data", np.int8),
    32: ("uint8_data", np.uint8),
}


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


# --- images ---------------------------------------------------------------------------------------


def _check_picture(picture: np.ndarray) -> None:
    assert picture.dtype == np.uint8 and picture.ndim == 3 and picture.shape[2] == 3
    assert picture.flags.c_contiguous and picture.size


def take_image(data: bytes) -> None:
    """The live node and the reader of recordings: both decode, or refuse; the pixels are equal."""
    message = live(data, Image)
    picture = decode_image(message)
    _check_picture(picture)
    assert picture.shape[:2] == (message.height, message.width)
    from_recording = decode_image(recorded(data, IMAGE))
    assert np.array_equal(picture, from_recording)


def take_compressed_image(data: bytes) -> None:
    """As for ``take_image``."""
    picture = decode_image(live(data, CompressedImage))
    _check_picture(picture)
    assert np.array_equal(picture, decode_image(recorded(data, COMPRESSED_IMAGE)))


def image_fields(encoding: str, width: int, height: int, rng: Random) -> Fields:
    """A valid image of random pixels, its rows padded by up to 3 bytes."""
    step = width * 4 + rng.randrange(4)
    data = octets(rng.randbytes(step * (height + (height + 1) // 2)))
    return {
        "height": height,
        "width": width,
        "encoding": encoding,
        "is_bigendian": rng.randrange(2),
        "step": step,
        "data": data,
    }


def image_seeds() -> list[bytes]:
    """An image of each encoding."""
    rng = Random(1)
    return [cdr(IMAGE, image_fields(name, 16, 12, rng)) for name in ENCODINGS]


def invent_image(rng: Random) -> bytes:
    """An image whose fields are usual, at an edge, or do not fit each other."""
    width, height = rng.randrange(1, 40), rng.randrange(1, 30)
    fields = image_fields(rng.choice((*ENCODINGS, "32FC1", "", "BGR8")), width, height, rng)
    for name in ("width", "height", "step"):
        if rng.random() < 0.15:
            fields[name] = rng.choice(EDGES) % 2**32
        elif rng.random() < 0.1:
            fields[name] = max(0, fields[name] + rng.choice((-1, 1)))
    if rng.random() < 0.15:
        fields["data"] = fields["data"][: rng.randrange(fields["data"].size + 1)]
    return cdr(IMAGE, fields)


def pictures(rng: Random, width: int, height: int) -> list[bytes]:
    """A picture as JPEG and PNG, with the options that cameras and tools use."""
    noise = np.frombuffer(rng.randbytes(width * height * 3), np.uint8).reshape(height, width, 3)
    smooth = cv2.GaussianBlur(noise, (7, 7), 3)
    deep = smooth[..., 0].astype(np.uint16) * 257
    kinds: Iterable[tuple[str, np.ndarray, list[int]]] = (
        (".jpg", smooth, []),
        (".jpg", smooth, [cv2.IMWRITE_JPEG_PROGRESSIVE, 1]),
        (".jpg", smooth, [cv2.IMWRITE_JPEG_RST_INTERVAL, 1]),
        (".jpg", smooth[..., 0], [cv2.IMWRITE_JPEG_OPTIMIZE, 1]),
        (".png", smooth, []),
        (".png", deep, []),
        (".png", smooth[..., 0], [cv2.IMWRITE_PNG_BILEVEL, 1]),
        (".png", np.dstack([smooth, smooth[..., :1]]), []),
    )
    return [cv2.imencode(end, each, options)[1].tobytes() for end, each, options in kinds]


def compressed_seeds() -> list[bytes]:
    """Small pictures as JPEG and PNG."""
    return [
        cdr(COMPRESSED_IMAGE, {"format": "bgr8; jpeg compressed bgr8", "data": octets(data)})
        for data in pictures(Random(2), 32, 24)
    ]


# --- sound ----------------------------------------------------------------------------------------


def _check_chunk(message: Any, fallback: AudioFormat) -> None:
    chunk = audio_chunk(message, fallback, _RECEIVED_NS)
    samples, bad = sanitize(chunk.samples)
    assert samples.dtype == np.float32 and samples.ndim == 2 and len(samples)
    assert np.isfinite(samples).all() and 0 <= bad <= samples.size
    assert chunk.end_ns > chunk.stamp_ns


def take_audio_data(data: bytes, kind: type, msgtype: str) -> None:
    """Sound of the released package, in each of several formats."""
    message, from_recording = live(data, kind), recorded(data, msgtype)
    refused = 0
    for fallback in FALLBACKS:
        try:
            _check_chunk(message, fallback)
            _check_chunk(from_recording, fallback)
        except AudioFormatError as error:
            refused += 1
            last = error
    if refused == len(FALLBACKS):
        raise last


def take_audio_stamped(data: bytes) -> None:
    """Sound of the package built from source, which brings its format."""
    _check_chunk(recorded(data, AUDIO_STAMPED, AudioDialect.SOURCE), FALLBACKS[0])


def take_audio_info(data: bytes) -> None:
    """The released package's description of the sound."""
    told = audio_format(live(data, AudioInfo))
    assert told == audio_format(recorded(data, AUDIO_INFO))


def take_source_info(data: bytes) -> None:
    """The description of the package built from source."""
    audio_format(recorded(data, AUDIO_INFO, AudioDialect.SOURCE))


def invent_sound(rng: Random) -> bytes:
    """PCM of any length; now and then with the head of a coded file."""
    head = rng.choice((b"", b"", b"", b"RIFF", b"OggS", b"ID3", b"\xff\xfb\x90\x64"))
    return head + rng.randbytes(rng.choice((0, 1, 64 * 8 * 3, 6 * rng.randrange(300))))


def audio_fields(rng: Random) -> Fields:
    """``AudioDataStamped``; the stamp may be at an edge."""
    return {"stamp": _stamp(rng), "audio": {"data": octets(invent_sound(rng))}}


def bare_fields(rng: Random) -> Fields:
    """``AudioData``."""
    return {"data": octets(invent_sound(rng))}


def source_fields(rng: Random) -> Fields:
    """``AudioStamped``: mostly a format and samples that fit each other."""
    code = rng.choice((*_SOURCE_FIELDS, *_SOURCE_FIELDS, 4, -1))
    channels = rng.choice((*(1, 1, 2, 6, 64) * 3, 0, -3, 65))
    samples: Fields = {name: np.zeros(0, kind) for name, kind in _SOURCE_FIELDS.values()}
    name, kind = _SOURCE_FIELDS.get(code if rng.random() < 0.9 else 8, ("int16_data", np.int16))
    count = max(1, abs(channels)) * rng.randrange(50) + rng.choice((0, 0, 0, 1))
    samples[name] = np.frombuffer(rng.randbytes(count * np.dtype(kind).itemsize), kind)
    return {
        "stamp": _stamp(rng),
        "audio": {"audio_data": samples, "info": source_info_fields(rng, code, channels)},
    }


def source_info_fields(rng: Random, code: int, channels: int) -> Fields:
    """``AudioInfo`` of the package built from source."""
    rate = rng.choice((*(16_000, 44_100, 48_000) * 5, 3999, 384_001, -1, 0))
    return {"format": code, "channels": channels, "rate": rate, "chunk": rng.choice((0, 512, -1))}


def bare_source_info_fields(rng: Random) -> Fields:
    """The same with any format and channels."""
    return source_info_fields(rng, rng.choice((1, 2, 8, 16, 32, 0)), rng.choice((1, 2, 0, 65)))


def info_fields(rng: Random) -> Fields:
    """``AudioInfo`` of the released package."""
    return {
        "channels": rng.choice((1, 2, 64, 1, 2, 6, 0, 255)),
        "sample_rate": rng.choice((*(16_000, 4000, 384_000) * 5, *EDGES)) % 2**32,
        "sample_format": rng.choice((*SAMPLE_FORMATS * 2, "", "mulaw", "s16le ", "S24_32")),
        "bitrate": rng.choice(EDGES) % 2**32,
        "coding_format": rng.choice(CODINGS),
    }


def _stamp(rng: Random) -> Fields:
    if rng.random() < 0.8:
        return {"sec": rng.randrange(10, 2**31), "nanosec": rng.randrange(10**9)}
    return {
        "sec": rng.choice((0, 1, -1, -(2**31), 2**31 - 1)),
        "nanosec": rng.choice((0, 2**32 - 1)),
    }


def _several(
    msgtype: str, fields: Callable[[Random], Fields], dialect: AudioDialect
) -> list[bytes]:
    return [cdr(msgtype, fields(Random(number)), dialect) for number in range(12)]


def _invented(
    msgtype: str, fields: Callable[[Random], Fields], dialect: AudioDialect, rng: Random
) -> bytes:
    return cdr(msgtype, fields(rng), dialect)


def _sound_target(
    name: str,
    share: int,
    take: Callable[[bytes], None],
    msgtype: str,
    fields: Callable[[Random], Fields],
    dialect: AudioDialect = AudioDialect.RELEASED,
) -> Target:
    return Target(
        name,
        share,
        take,
        (AudioFormatError, MiddlewareRefusalError, RecordingError),
        partial(_several, msgtype, fields, dialect),
        partial(_invented, msgtype, fields, dialect),
        words=(b"S24_32LE", b"F64BE", b"mp3", b"\xff\xfb\x90\x64", b"RIFF", b"\xf0\x9f"),
    )


# --- EmotionState ---------------------------------------------------------------------------------


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
        "stamp": _stamp(rng),
        "window": _stamp(rng),
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
        "latency": _stamp(rng),
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
        "image",
        240,
        take_image,
        (ImageFormatError, MiddlewareRefusalError, RecordingError),
        image_seeds,
        invent_image,
        words=[name.encode() for name in ENCODINGS],
    ),
    Target(
        "compressed_image",
        240,
        take_compressed_image,
        (ImageFormatError, MiddlewareRefusalError, RecordingError),
        compressed_seeds,
        words=(b"\xff\xd8", b"\xff\xd9", b"\xff\xda", b"\xff\xc0", b"\xff\xdd", b"IHDR", b"IEND"),
    ),
    _sound_target(
        "audio_data_stamped",
        120,
        partial(take_audio_data, kind=AudioDataStamped, msgtype=AUDIO_DATA_STAMPED),
        AUDIO_DATA_STAMPED,
        audio_fields,
    ),
    _sound_target(
        "audio_data",
        40,
        partial(take_audio_data, kind=AudioData, msgtype=AUDIO_DATA),
        AUDIO_DATA,
        bare_fields,
    ),
    _sound_target("audio_info", 50, take_audio_info, AUDIO_INFO, info_fields),
    _sound_target(
        "audio_stamped",
        120,
        take_audio_stamped,
        AUDIO_STAMPED,
        source_fields,
        AudioDialect.SOURCE,
    ),
    _sound_target(
        "audio_info_of_source",
        20,
        take_source_info,
        AUDIO_INFO,
        bare_source_info_fields,
        AudioDialect.SOURCE,
    ),
    Target(
        "emotion_state",
        100,
        take_emotion_state,
        (StateError, MiddlewareRefusalError),
        state_seeds,
        invent_state,
    ),
)
"""Those of live messages; of 1000 inputs they get 930."""
